"""The study: factors, cell types, shares of target labels, networks, protocols and folds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

import pandas as pd

from cislearn.data.marker import MARKER
from cislearn.data.prepare import prepare
from cislearn.data.readers import read_examples
from cislearn.experiment.completion import Experiment
from cislearn.experiment.reading import make_config
from cislearn.sequence.tokens import decode
from cislearn.studies.criteria import with_criteria
from cislearn.studies.dann_tf.page import dann_tf_page, dann_tf_pictures
from cislearn.studies.dann_tf.pairs import Found, Pair, find_pairs
from cislearn.studies.settings import PUBLISHED_DANN_TF
from cislearn.studies.study import Size, Study, Trial

FOLDS = 10
BLOCK = 100_000
"""In bp: all negatives of some pairs lie within 3 Mb of chr1, which greater blocks could not be dealt to ten folds."""
SHARES = ("0", "10", "20", "50", "100")
"""Per cent of the target's training labels that are seen: 0 is *cross-cell-type*, 100 *data augmentation*."""
FOCAL = (("GABP", "K562"), ("JunD", "GM12878"))
"""Pairs that the desk size takes through all shares."""
SMOKE = 400
"""Windows of a cell type and class in the smoke size."""

PUBLISHED: dict[str, Any] = {
    "split": {"by": "random", "deal": "target", "leaks": "keep"}, "selection": "oracle", "schedule": "ganin",
}  # fmt: skip
PROTOCOLS: dict[str, dict[str, Any]] = {
    "honest": {"split": {"by": "block", "block": BLOCK}, "selection": "source_validation", "schedule": "ganin"},
    "published": PUBLISHED,
    "constant-lambda": PUBLISHED | {"schedule": {"name": "constant", "value": 0.001}},
    "sawtooth": PUBLISHED | {"schedule": "sawtooth"},
    "labels-seen": PUBLISHED,
    "repeated-folds": PUBLISHED,
}
"""Ours, the paper's, and the paper's with one of the bugs of the code that made its numbers or the review's.

``constant-lambda``: the authors' code, .001, as good as no adversary. ``sawtooth``: the review's, from 0 to 1 anew in
each epoch. ``labels-seen``: a mode that was read as text, so that at 0 % all target labels were in the loss.
``repeated-folds``: a precedence of operators by which six of ten folds were the last one.
"""
BUGS = ("constant-lambda", "sawtooth", "labels-seen", "repeated-folds")

NETWORKS: dict[str, dict[str, Any]] = {
    "motif_cnn": {"model": {"encoder": "motif_cnn"}, "training": {"epochs": 8}},
    "dann_tf": PUBLISHED_DANN_TF,
}
SEEDS = {"motif_cnn": 3, "dann_tf": 1}
"""In the desk size."""


def repeated_fold(fold: int) -> int:
    """Return the fold that the published loop took for `fold`.

    ``if (i != 9 & i != 0)`` reads as ``i != (9 & i) and (9 & i) != 0``, which holds for 3, 5 and 7 alone; 0 has a
    branch of its own, and all others took the last fold.
    """
    return fold if fold == 0 or (fold != (9 & fold) and (9 & fold) != 0) else FOLDS - 1


class DannTf(Study):
    """Cross-cell-type binding with none, some and all of the target's labels."""

    name = "dann_tf"
    title = "DANN_TF: binding in a cell type with none, some or all of its labels"
    axes = ("protocol", "network", "factor", "cell", "labels", "fold")
    introduction = resources("cislearn.studies.dann_tf").joinpath("introduction.md").read_text(encoding="utf-8")

    def __init__(self) -> None:
        self._left_out: dict[str, str] = {}

    def trials(self, size: Size, files: Path, work: Path) -> Sequence[Trial]:
        """See `Study.trials`; `files` holds ``dann_tf/CELL/FACTOR.fasta.gz`` or the like."""
        folder = files / "dann_tf" if (files / "dann_tf").is_dir() else files
        found = find_pairs(folder)
        self._left_out = found.left_out
        data = _Datasets(
            found, work / ("data-smoke" if size == "smoke" else "data"), SMOKE if size == "smoke" else None
        )
        plans = {"smoke": _smoke, "desk": _desk, "paper": _paper}[size](found)
        return [_trial(plan, data, work / size, size) for plan in plans]

    def scores(self, trial: Trial, experiment: Experiment) -> pd.DataFrame:
        """Return the scores on the target, and what each criterion says of each method."""
        return with_criteria(super().scores(trial, experiment), experiment)

    def page(self, trials: Sequence[Trial], scores: pd.DataFrame, progress: pd.DataFrame) -> list[str]:
        """See `Study.page`."""
        return dann_tf_page(trials, scores, progress, self._left_out)

    def pictures(self, trials: Sequence[Trial], scores: pd.DataFrame) -> dict[str, str]:
        """See `Study.pictures`."""
        return dann_tf_pictures(scores)


Plan = tuple[str, str, str, str, str, int]
"""Protocol, network, factor, cell, share in per cent, fold."""


def _smoke(found: Found) -> list[Plan]:
    factor = "GABP" if "GABP" in found.factors else found.factors[0]
    cell = list(found.of(factor))[-1]
    return [(p, "motif_cnn", factor, cell, share, 0) for p in ("published", "honest") for share in ("0", "50")]


def _desk(found: Found) -> list[Plan]:
    """Order by what says most: focal pairs first, then all others at both ends, then the bugs."""
    pairs = [(factor, cell) for factor in found.factors for cell in found.of(factor)]
    focal = [pair for pair in FOCAL if pair in pairs]
    plans: list[Plan] = []
    for network in NETWORKS:
        for shares, chosen in ((("0", "100"), focal), (("10", "20", "50"), focal), (("0", "100"), pairs)):
            plans += [(p, network, *pair, s, 0) for pair in chosen for s in shares for p in ("honest", "published")]
    plans += [(bug, "dann_tf", *pair, "0", 0) for pair in focal[::-1] for bug in BUGS[:3]]
    return list(dict.fromkeys(plans))


def _paper(found: Found) -> list[Plan]:
    return [
        (protocol, network, factor, cell, share, fold)
        for network in NETWORKS
        for protocol in PROTOCOLS
        for fold in range(FOLDS)
        for factor in found.factors
        for cell in found.of(factor)
        for share in (SHARES if protocol not in BUGS else ("0",))
    ]


def _trial(plan: Plan, data: _Datasets, work: Path, size: Size) -> Trial:
    protocol, network, factor, cell, share, fold = plan
    rules, kind = PROTOCOLS[protocol], NETWORKS[network]
    seeds = {"smoke": 1, "desk": SEEDS[network], "paper": 5}[size]
    fewer = {"epochs": 1} if size == "smoke" else {}
    tested = repeated_fold(fold) if protocol == "repeated-folds" else fold
    labels = 1.0 if protocol == "labels-seen" else int(share) / 100
    config = make_config(
        {
            **kind,
            "data": {
                "path": str(data.folder(factor, as_published=protocol != "honest")),
                "target": cell,
                "labels": {"target": labels},
                "split": {**rules["split"], "k_fold": {"folds": FOLDS, "fold": tested}},
            },
            "methods": _methods(share, rules["schedule"]),
            "training": {**kind["training"], **fewer, "seeds": list(range(seeds))},
            "selection": rules["selection"],
            "battery": share == "0" and protocol not in BUGS,
            "out": str(work / "-".join([protocol, network, factor, cell, share, str(fold)])),
        }
    )
    keys = ("protocol", "network", "factor", "cell", "labels", "fold")
    return Trial(dict(zip(keys, (protocol, network, factor, cell, share, str(fold)), strict=True)), config)


def _methods(share: str, schedule: str | Mapping[str, Any]) -> list[Any]:
    """Baseline first: it sees the very labels that the adversarial network sees, as often."""
    adversarial = {"name": "adversarial", "schedule": schedule}
    return ["source_only", adversarial] if share == "0" else ["source_and_target", adversarial, "target_only"]


class _Datasets:
    """A dataset a factor, made where it is not there: as published, or without negatives that overlap a positive."""

    def __init__(self, found: Found, work: Path, most: int | None) -> None:
        self.found, self.work, self.most = found, work, most

    def folder(self, factor: str, *, as_published: bool) -> Path:
        """Return the folder of a dataset of all cells of a factor."""
        out = self.work / f"{factor}{'-published' if as_published else ''}"
        if not (out / MARKER).is_file():
            out.parent.mkdir(parents=True, exist_ok=True)
            pairs = self.found.of(factor)
            prepare(
                out,
                positives={cell: self._file(pair, positive=True) for cell, pair in pairs.items()},
                negatives={cell: self._file(pair, positive=False) for cell, pair in pairs.items()},
                genome=self.found.genome,
                task=factor,
                keep_overlapping=as_published,
            )
        return out

    def _file(self, pair: Pair, *, positive: bool) -> Path:
        path = pair.positives if positive else pair.negatives
        if self.most is None:
            return path
        out = self.work / "files" / pair.cell / f"{pair.factor}{'' if positive else '_back'}.fasta"
        if not out.is_file():
            out.parent.mkdir(parents=True, exist_ok=True)
            _write_some(path, out, self.most)
        return out


def _write_some(path: Path, out: Path, most: int) -> None:
    """Write up to `most` evenly spaced records of a FASTA file with coordinates."""
    entries = read_examples(path)
    assert entries.sequences is not None
    rows = entries.rows
    length = int((rows["end"] - rows["start"]).iloc[0])
    windows = entries.sequences.windows(length)
    step = max(1, -(-len(windows) // most))
    lines = [
        f">{row.chrom}:{row.start}-{row.end}\n{decode(window)}\n"
        for row, window in zip(rows[::step].itertuples(), windows[::step], strict=True)
    ]
    out.write_text("".join(lines))
