"""Windows to attributions: each seed's model by itself, then their mean and how far they are apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, cast

import numpy as np
import torch
from jaxtyping import Bool, Float32, Float64, UInt8
from torch import Tensor, nn

from cislearn.errors import UserError
from cislearn.explain.inputs import Contributions, Inputs, inputs_of, projected
from cislearn.explain.methods import Settings
from cislearn.explain.readout import Readout, read_out
from cislearn.explain.references import equal_the_window, one_hot_references, shuffled, uniform
from cislearn.prediction.predictor import Signals, windows_at_once
from cislearn.schema import DataSpec

ONE_BY_ONE = 512
"""Windows that a method is handed which asks for predictions alone: it takes them one by one."""


class Attributions(NamedTuple):
    """What is said of `n` windows, the mean over the members."""

    projected: Float32[np.ndarray, "n 4 length"]
    """What each base that is there is worth, in units of the output; 0 for the others and at N."""
    hypothetical: Float32[np.ndarray, "n 4 length"] | None
    """What each base would be worth in its place; None of a method that does not say."""
    outputs: Float64[np.ndarray, " n"]
    """The number that is attributed."""
    spread: Float32[np.ndarray, "n length"] | None = None
    """Standard deviation over the members of what each base is worth; None of one member."""
    differences: Float64[np.ndarray, " n"] | None = None
    """Of a method whose sums are promised: the mean difference to the references, which they make up."""
    missed: Float64[np.ndarray, " n"] | None = None
    """By how much they miss it, the mean over references, and the worst member's."""
    is_its_reference: Bool[np.ndarray, " n"] | None = None
    """Which windows every reference equals: nothing is attributed to them."""


class Attributor:
    """Models of one spec, the number of them that is attributed, and the method.

    Parameters
    ----------
    members : list of nn.Module
        One a seed, as `load_members` gives them; they stay as they are, faster copies compute.
    task : str
        Which task.
    of : str, optional
        What of it; see `read_out`.
    settings : Settings
        Method and references.
    device, batch_size
        Where, and how many windows at once (by default what suits the device).

    Raises
    ------
    UserError
        Where the models have no such number, or cannot be attributed by such a method.
    """

    def __init__(
        self,
        members: Sequence[nn.Module],
        task: str,
        of: str | None = None,
        settings: Settings | None = None,
        *,
        device: torch.device | str = "cpu",
        batch_size: int | None = None,
    ) -> None:
        self.settings = settings or Settings()
        self.device, self.batch_size = torch.device(device), batch_size
        self.spec = cast(DataSpec, members[0].spec)
        method = self.settings.known
        chosen = [read_out(member, task, of, by_gradient=method.by_gradient) for member in members]
        self.readouts: list[Readout] = [cast(Readout, method.faster(each)).to(self.device) for each in chosen]

    def __call__(
        self,
        tokens: UInt8[np.ndarray, "n length"],
        tracks: Signals = None,
        *,
        references: UInt8[np.ndarray, "n r length"] | None = None,
        number: int = 0,
    ) -> Attributions:
        """Return the attributions of windows.

        Parameters
        ----------
        tokens : UInt8 array, shape (n, length)
            A0 C1 G2 T3 N4.
        tracks : Float32 array, shape (n, k, length), optional
            Signals, where the models read some; they are held fixed.
        references : UInt8 array, shape (n, r, length), optional
            In the place of those of the settings.
        number : int
            Of the piece of a file that these are, so that each draws shuffles of its own.
        """
        given = self._references(tokens, references, number)
        same = None if given is None else equal_the_window(inputs_of(torch.from_numpy(tokens)).x, given)
        if references is not None and same is not None and same.all():
            raise UserError("each reference is the window itself: there is no difference to be attributed")
        at_once = windows_at_once(tokens.shape[1], self.device) if self.settings.known.by_gradient else ONE_BY_ONE
        size = self.batch_size or at_once
        parts = [slice(first, first + size) for first in range(0, len(tokens), size)]
        found = one_after_the_other([self._part(tokens, tracks, given, part) for part in parts])
        return found._replace(is_its_reference=same)

    def _references(
        self, tokens: np.ndarray, given: np.ndarray | None, number: int
    ) -> Float32[Tensor, "n r 4 length"] | None:
        kind = self.settings.kind
        if given is not None:
            if kind is None:
                raise UserError(f"{self.settings.method} holds a window against nothing: leave references out")
            return one_hot_references(given)
        if kind is None:
            return None
        if kind == "uniform":
            return uniform(tokens)
        return shuffled(tokens, self.settings.shuffles, np.random.default_rng([self.settings.seed, number]))

    def _part(self, tokens: np.ndarray, tracks: Signals, references: Tensor | None, rows: slice) -> Attributions:
        inputs = inputs_of(
            torch.from_numpy(tokens[rows]).to(self.device),
            tracks=None if tracks is None else torch.from_numpy(tracks[rows]).to(self.device),
            references=None if references is None else references[rows].to(self.device),
        )
        said = [self.settings.explain(readout, inputs) for readout in self.readouts]
        with torch.inference_mode():
            numbers = [
                readout(inputs.x, inputs.tracks)[:, 0] if each.outputs is None else each.outputs
                for readout, each in zip(self.readouts, said, strict=True)
            ]
        outputs = torch.stack(numbers)
        return _mean(inputs, said, outputs, self.settings.known.is_hypothetical)


def _mean(inputs: Inputs, said: list[Contributions], outputs: Tensor, is_hypothetical: bool) -> Attributions:
    """Mean over members, the spread of what is there, and by how much sums miss."""
    hypothetical = torch.stack([each.hypothetical for each in said])
    worth = torch.stack([projected(inputs, each) for each in hypothetical])
    deltas = [each.deltas.abs().mean(1) for each in said if each.deltas is not None]
    differences = [each.differences.mean(1) for each in said if each.differences is not None]
    return Attributions(
        _single(worth.mean(0)),
        _single(hypothetical.mean(0)) if is_hypothetical else None,
        _double(outputs.double().mean(0)),
        _single(worth.sum(2).std(0)) if len(said) > 1 else None,
        _double(torch.stack(differences).mean(0)) if differences else None,
        _double(torch.stack(deltas).amax(0)) if deltas else None,
    )


def _single(values: Tensor) -> np.ndarray:
    return values.detach().float().cpu().numpy()


def _double(values: Tensor) -> np.ndarray:
    return values.detach().double().cpu().numpy()


def one_after_the_other(parts: Sequence[Attributions]) -> Attributions:
    """Return the attributions of several sets of windows as those of one."""
    return Attributions(
        *(None if fields[0] is None else np.concatenate(fields) for fields in zip(*parts, strict=True))  # type: ignore[arg-type]
    )
