"""Which rows make up batch k: a pure function of the seed and k, so that a resumed run goes on exactly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float32, Int

from cislearn.data.batch import TARGET_LABELLED, Batch
from cislearn.data.dataset import Dataset
from cislearn.data.profiles import Profiles
from cislearn.data.sequences import Sequences
from cislearn.data.tracks import Tracks
from cislearn.errors import UserError

Balance = Literal["none", "domain", "class", "domain_and_class"]


@dataclass(frozen=True)
class TrainingRows:
    """The rows of one part of the training data and the labels that it may see.

    Parameters
    ----------
    rows : ndarray, shape (n,), int64
        Rows of the dataset.
    labels : ndarray or LabelsOf, shape (n, T), float32
        NaN where absent; of an unlabelled part all are, so that nothing downstream can read what it may not.
    domain : ndarray, shape (n,), int64
        Domain codes.
    """

    rows: Int[np.ndarray, " n"]
    labels: np.ndarray | LabelsOf
    domain: Int[np.ndarray, " n"]


class LabelsOf:
    """Labels of rows of a dataset, read when a batch asks for them: there may be more than fit into memory.

    Parameters
    ----------
    dataset : Dataset
        Whose.
    rows : ndarray, shape (n,), int64
        Of which rows.
    labelled : bool
        Whether they may be seen; else all are NaN.
    """

    def __init__(self, dataset: Dataset, rows: Int[np.ndarray, " n"], *, labelled: bool) -> None:
        self._dataset, self._rows, self._labelled = dataset, rows, labelled
        self.shape = len(rows), len(dataset.spec.tasks)

    def __getitem__(self, places: Int[np.ndarray, " m"] | slice) -> Float32[np.ndarray, "m t"]:
        """Return the labels at `places` among the rows."""
        rows = self._rows[places]
        if self._labelled:
            return self._dataset.labels_float(rows)
        return np.full((len(rows), self.shape[1]), np.nan, dtype=np.float32)


def training_rows(dataset: Dataset, rows: Int[np.ndarray, " n"], *, labelled: bool) -> TrainingRows:
    """Take `rows` of a dataset for training, with their labels or with none."""
    rows = np.asarray(rows, dtype=np.int64)
    return TrainingRows(rows, LabelsOf(dataset, rows, labelled=labelled), dataset.domain_codes[rows])


class Stream:
    """An endless sequence over `size` items: one seeded permutation after another.

    Parameters
    ----------
    size : int
        Number of items, at least one.
    seed : tuple of int
        Fixes all permutations.
    """

    def __init__(self, size: int, seed: tuple[int, ...]) -> None:
        self.size, self.seed = size, seed
        self._kept: dict[int, np.ndarray] = {}

    def take(self, places: Int[np.ndarray, " n"]) -> Int[np.ndarray, " n"]:
        """Return the items at `places` of the sequence."""
        rounds, offsets = np.divmod(places, self.size)
        items = np.empty(len(places), dtype=np.int64)
        for number in np.unique(rounds):
            mine = rounds == number
            items[mine] = self._permutation(int(number))[offsets[mine]]
        return items

    def _permutation(self, number: int) -> np.ndarray:
        if number not in self._kept:
            if len(self._kept) > 1:
                del self._kept[min(self._kept)]
            self._kept[number] = np.random.default_rng([*self.seed, number]).permutation(self.size)
        return self._kept[number]


class Mixer:
    """Draws rows of one part in turn from groups (domains, classes), each group in its own random order.

    Slot i of the endless sequence goes to group ``i mod G``: every group has the same share of each batch, whatever its
    size, and small groups come round more often. With one group all rows come once in each pass.
    """

    def __init__(self, groups: list[Int[np.ndarray, " _"]], seed: tuple[int, ...]) -> None:
        self.groups = groups
        self.streams = [Stream(len(group), (*seed, g)) for g, group in enumerate(groups)]

    def take(self, first: int, n: int) -> Int[np.ndarray, " n"]:
        """Return the places within the part of slots ``first ... first + n``."""
        n_groups = len(self.groups)
        turn = np.arange(first, first + n) // n_groups
        taken = np.empty(n, dtype=np.int64)
        for g, (members, stream) in enumerate(zip(self.groups, self.streams, strict=True)):
            mine = slice((g - first) % n_groups, None, n_groups)
            taken[mine] = members[stream.take(turn[mine])]
        return taken


def balance_groups(part: TrainingRows, balance: Balance) -> list[Int[np.ndarray, " _"]]:
    """Split the rows of a part into the groups that are drawn equally often.

    Raises
    ------
    UserError
        For balance by class with several tasks, where it has no meaning.
    """
    keys: list[np.ndarray] = []
    if balance in ("domain", "domain_and_class"):
        keys.append(part.domain)
    if balance in ("class", "domain_and_class") and not np.isnan(labels := part.labels[:]).all():
        if labels.shape[1] != 1:
            raise UserError(f"training.balance {balance} needs a single task; this dataset has {labels.shape[1]}")
        keys.append(labels[:, 0])
    group = np.zeros(len(part.rows), dtype=np.int64)
    for key in keys:  # one key at a time: over rows of keys, np.unique holds each NaN to be another one
        values, code = np.unique(key, return_inverse=True)
        group = group * len(values) + code
    return [np.flatnonzero(group == g) for g in np.unique(group)]


class Batches:
    """All batches of a training, by number.

    Parameters
    ----------
    sequences : Sequences
        Where windows come from.
    parts : dict of str to TrainingRows
        ``source`` (labelled), ``target_labelled``, ``target`` (unlabelled), ``unlabelled``.
    draws : dict of str to float
        Rows of each part for each row of the source, in the order in which they stand in a batch. None of a part whose
        share is 0.
    batch_size : int
        Rows of the source in a batch.
    seed : int
        With the number of a batch it fixes its rows.
    balance : {"none", "domain", "class", "domain_and_class"}
        What each batch holds equal shares of, within each part.
    tracks : Tracks, optional
        Signals along the windows, for the batches to carry.
    profiles : Profiles, optional
        Counts to be predicted, of rows whose label may be seen.
    """

    def __init__(
        self,
        sequences: Sequences,
        parts: Mapping[str, TrainingRows],
        draws: Mapping[str, float],
        *,
        batch_size: int,
        seed: int,
        balance: Balance = "none",
        tracks: Tracks | None = None,
        profiles: Profiles | None = None,
    ) -> None:
        draws = {name: share for name, share in draws.items() if share > 0}
        empty = [name for name in draws if len(parts[name].rows) == 0]
        if empty:
            raise UserError(f"there are no training rows of part {empty[0]!r}")
        self.sequences, self.tracks, self.profiles = sequences, tracks, profiles
        self.whole, self.parts = dict(parts), {name: parts[name] for name in draws}
        self.sizes = {name: max(1, round(batch_size * share)) for name, share in draws.items()}
        self.mixers = {
            name: Mixer(balance_groups(part, balance), (seed, p)) for p, (name, part) in enumerate(self.parts.items())
        }
        self.steps_per_epoch = -(-len(parts["source"].rows) // self.sizes["source"])

    def __getitem__(self, k: int) -> Batch:
        """Return batch `k`, on the CPU."""
        places = {n: self.mixers[n].take(k * size, size) for n, size in self.sizes.items()}
        rows = np.concatenate([self.parts[n].rows[p] for n, p in places.items()])
        labels = np.concatenate([self.parts[n].labels[p] for n, p in places.items()])
        domain = np.concatenate([self.parts[n].domain[p] for n, p in places.items()])
        ends = accumulate(len(p) for p in places.values())
        slices = {n: slice(end - len(p), end) for (n, p), end in zip(places.items(), ends, strict=True)}
        return self._batch(rows, labels, domain, _with_whole_target(slices), k)

    def once(self, part: str, size: int = 512) -> Iterator[Batch]:
        """Yield each row of a part once, in order, in batches of `size` that hold no other part; on the CPU."""
        whole = self.whole[part]
        for start in range(0, len(whole.rows), size):
            taken = slice(start, start + size)
            rows = whole.rows[taken]
            yield self._batch(rows, whole.labels[taken], whole.domain[taken], {part: slice(0, len(rows))})

    def _batch(
        self,
        rows: Int[np.ndarray, " n"],
        labels: Float32[np.ndarray, "n t"],
        domain: Int[np.ndarray, " n"],
        parts: dict[str, slice],
        step: int = 0,
    ) -> Batch:
        return Batch(
            tokens=torch.from_numpy(self.sequences.gather(rows)),
            labels=torch.from_numpy(labels),
            domain=torch.from_numpy(domain),
            row=torch.from_numpy(rows),
            parts=parts,
            step=step,
            tracks=None if self.tracks is None else torch.from_numpy(self.tracks.gather(rows)),
            profiles=None if self.profiles is None else torch.from_numpy(self.profiles.gather(rows, labels)),
        )


def _with_whole_target(slices: dict[str, slice]) -> dict[str, slice]:
    """Let ``target`` be all of the target's rows, the labelled ones first."""
    labelled = slices.get(TARGET_LABELLED)
    if labelled is None:
        return slices
    return slices | {"target": slice(labelled.start, slices.get("target", labelled).stop)}


class Loader:
    """Batches ``start ... stop`` in order, each made when it is asked for.

    That takes a tenth of a millisecond. Neither making the next one in a thread nor pinned memory was faster beside a
    GPU: steps of small networks wait for Python there, and a thread takes its time from the step.
    """

    def __init__(self, batches: Batches, start: int, stop: int) -> None:
        self.batches, self.start, self.stop = batches, start, stop

    def __iter__(self) -> Iterator[Batch]:
        """Yield the batches."""
        for k in range(self.start, self.stop):
            yield self.batches[k]
