"""Both strands at prediction: the logits of a window and of its reverse complement, and what is made of the two."""

from __future__ import annotations

from collections.abc import Sequence
from math import log
from typing import Literal, get_args

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from cislearn.errors import UserError
from cislearn.models.kmer_input import MUTATE, NO_GRADIENT, KmerInput
from cislearn.schema import DataSpec, ReverseRule, StrandReading, TaskKind, TaskSpec

COMPLEMENT = {"A": "T", "C": "G", "G": "C", "T": "A"}
NOT_ATTRIBUTABLE = {
    "maximum": "takes the greater logit of the two strands: only one of them would be attributed",
    "average_probabilities": "averages the probabilities of the two strands: contributions to its logit do not add up",
}
"""Readings of which no attribution is the mean of the two strands', with the reason."""


def other_strand(x: Float[Tensor, "n channels length"], spec: DataSpec) -> Float[Tensor, "n channels length"]:
    """Return the inputs of a network on the other strand: bases complemented, each track turned by its rule.

    In the order ACGT the complement is the order reversed. A track that is moved as it is turned has lost the one value
    that lies beyond the window; it counts as 0.
    """
    bases, *tracks = torch.split(x, [4, *(track.channels for track in spec.tracks)], dim=1)
    turned = [_turned(track, item.rc) for track, item in zip(tracks, spec.tracks, strict=True)]
    return torch.cat([bases.flip(1, 2), *turned], dim=1) if turned else bases.flip(1, 2)


def _turned(track: Float[Tensor, "n c length"], rule: ReverseRule) -> Float[Tensor, "n c length"]:
    if rule == "none":
        return track
    if rule == "flip_and_permute":
        return track.flip(1, 2)
    flipped = track.flip(2)
    return F.pad(flipped, (1, -1)) if rule == "flip_and_shift" else flipped


def turned_back(logits: Float[Tensor, "n t"], spec: DataSpec) -> Float[Tensor, "n t"]:
    """Return logits of reverse-complemented windows as those of the windows: profiles are turned by their rule.

    A profile that is moved as it is turned has lost its first position, which lies beyond the other strand's window; it
    takes the logit of its neighbour.
    """
    if all(task.kind != "profile" for task in spec.tasks):
        return logits
    pieces = torch.split(logits, [task.n_logits for task in spec.tasks], dim=1)
    return torch.cat([_profile_back(p, t) for p, t in zip(pieces, spec.tasks, strict=True)], dim=1)


def _profile_back(logits: Float[Tensor, "n t"], task: TaskSpec) -> Float[Tensor, "n t"]:
    if task.kind != "profile":
        return logits
    shape, counts = logits[:, : -task.channels], logits[:, -task.channels :]
    shape = _turned(shape.reshape(-1, task.channels, task.profile_length), task.rc)
    if task.rc == "flip_and_shift":  # no logit is neutral: 0 would speak for or against the lost position
        shape = torch.cat([shape[:, :, 1:2], shape[:, :, 1:]], dim=2)
    return torch.cat([shape.flatten(1), counts.flip(1) if task.rc == "flip_and_permute" else counts], dim=1)


def refuse_rna(spec: DataSpec, asked: str) -> None:
    """Refuse what reads a second strand, `asked`, where windows have none.

    Raises
    ------
    UserError
        For single-stranded windows.
    """
    if spec.single_stranded:
        raise UserError(
            f"{asked} reads the second strand, and RNA (prepare --rna) has none",
            fix="Take model.reverse_complement: none in training, forward at prediction.",
        )


def strand_reading(name: str) -> StrandReading:
    """Return the reading of that name.

    Raises
    ------
    UserError
        Where there is none.
    """
    readings = get_args(StrandReading)
    if name not in readings:
        fix = f"Take one of {', '.join(readings)}."
        raise UserError(f"{name!r} is no way to read the two strands", where="reverse complement", fix=fix)
    return name  # type: ignore[return-value]


def joined(
    one: Float[Tensor, "n t"], other: Float[Tensor, "n t"], reading: StrandReading, tasks: Sequence[TaskSpec]
) -> Float[Tensor, "n t"]:
    """Return the logits of a window from those of its two strands; but for ``forward`` their order does not matter.

    Parameters
    ----------
    one, other : Tensor, shape (n, t)
        Logits of the strand given and, turned back, of the other.
    reading : StrandReading
        The mean of the logits is that of Zhou et al. 2022, the maximum that of DeepBind (Alipanahi et al. 2015). The
        mean of the probabilities goes by task: of a binary one as its log odds, of classes as their logarithms; values
        and profiles, which have none, take the mean.
    tasks : sequence of TaskSpec
        Whose columns these are, in order.
    """
    if reading == "forward":
        return one
    if reading == "maximum":
        return torch.maximum(one, other)
    if reading == "average":
        return (one + other) / 2
    widths = [task.n_logits for task in tasks]
    pieces = zip(torch.split(one, widths, dim=1), torch.split(other, widths, dim=1), tasks, strict=True)
    return torch.cat([_mean_probability(a, b, task.kind) for a, b, task in pieces], dim=1)


def _mean_probability(one: Float[Tensor, "n c"], other: Float[Tensor, "n c"], kind: TaskKind) -> Float[Tensor, "n c"]:
    """Logits of the mean of two probabilities, in logarithms throughout: exact also where a probability rounds to 1."""
    if kind == "binary":
        positive, negative = (
            torch.logaddexp(F.logsigmoid(sign * one), F.logsigmoid(sign * other)) for sign in (1.0, -1.0)
        )
        return positive - negative
    if kind == "multiclass":
        return torch.logaddexp(one.log_softmax(1), other.log_softmax(1)) - log(2)
    return (one + other) / 2


class BothStrands(nn.Module):
    """A network whose logits are made of those of both strands ("post-hoc conjoined", Zhou et al. 2022).

    The two strands go through the model in two calls: joined on the batch axis they would break DeepLIFT.

    Parameters
    ----------
    model : nn.Module
        Maps one-hot windows ``(n, 4, length)`` in the order ACGT, tracks below them, to logits.
    reading : StrandReading
        How the two are joined; see `joined`.
    """

    def __init__(self, model: nn.Module, reading: StrandReading = "average") -> None:
        super().__init__()
        self.model, self.reading = model, reading
        self.spec: DataSpec = model.spec  # type: ignore[assignment]
        self.training = model.training  # who gives a wrapped network its mode back must not change it

    def embed(self, tokens: Tensor, tracks: Tensor | None = None) -> Tensor:
        """Return the input of `forward` for tokens and their tracks."""
        return self.model.embed(tokens, tracks)  # type: ignore[operator]

    def one_strand(self, x: Float[Tensor, "n channels length"]) -> Float[Tensor, "n t"]:
        """Return the logits of the network within, which reads the strand given."""
        return self.model(x)

    def forward(self, x: Float[Tensor, "n channels length"]) -> Float[Tensor, "n t"]:
        """Return the joined logits of ``x`` and of its reverse complement."""
        one, other = strand_logits(self, x).unbind(1)
        return joined(one, other, self.reading, self.spec.tasks)


class PlainBothStrands(nn.Module):
    """Any module of sequence alone, its outputs made of those of both strands; see `both_strands`."""

    def __init__(self, model: nn.Module, reading: StrandReading, kind: TaskKind) -> None:
        super().__init__()
        self.model, self.reading, self.kind = model, reading, kind
        self.training = model.training

    def forward(self, x: Float[Tensor, "n 4 length"]) -> Float[Tensor, "n t"]:
        """Return the joined outputs for ``x`` and its reverse complement, computed in two calls."""
        one, other = self.model(x), self.model(x.flip(1, 2))
        columns = one.shape[1]
        is_one = self.kind == "multiclass"
        tasks = [TaskSpec("", self.kind, columns)] if is_one else [TaskSpec("", self.kind)] * columns
        return joined(one, other, self.reading, tasks)


def both_strands(
    model: nn.Module,
    reading: str = "average",
    *,
    kind: Literal["binary", "multiclass", "regression"] = "binary",
    bases: str = "ACGT",
) -> PlainBothStrands:
    """Return a module that reads both strands of what `model`, from wherever it comes, reads one of.

    Parameters
    ----------
    model : nn.Module
        Maps one-hot windows ``(N, 4, L)`` to ``(N, T)`` logits or values that have no strand of their own.
    reading : str
        A `StrandReading`: what is made of the two; see `joined`.
    kind : {"binary", "multiclass", "regression"}
        What the T outputs are: a logit each, the logits of one task's classes, or values. It only matters for
        ``average_probabilities``.
    bases : str
        The order of the bases in the windows. Complements have to be mirror images in it, as in ACGT or AGCT: only then
        is a flip of both axes the reverse complement.

    Returns
    -------
    nn.Module
        The same shapes in and out; its weights are those of `model`, not a copy.

    Raises
    ------
    UserError
        Where `reading` is not known, or a flip in the order of `bases` is no reverse complement.
    """
    if sorted(bases) != sorted(COMPLEMENT) or "".join(COMPLEMENT[base] for base in bases) != bases[::-1]:
        raise UserError(
            f"in the order {bases} a flip of both axes is no reverse complement: partners do not stand in each other's"
            " place from the other end",
            where="bases",
            fix="Wrap the module so that it takes windows in the order ACGT: module(x[:, order]).",
        )
    return PlainBothStrands(model, strand_reading(reading), kind)


def reading_of(model: nn.Module) -> StrandReading:
    """Return what a model makes of the two strands; one that does not say reads the strand given."""
    return getattr(model, "reading", "forward")


def strand_logits(model: nn.Module, x: Float[Tensor, "n channels length"]) -> Float[Tensor, "n 2 t"]:
    """Return the logits of ``x`` and of its reverse complement, of the network within where `model` joins the two."""
    read = getattr(model, "one_strand", model)
    other = read(other_strand(x, model.spec))  # type: ignore[arg-type]
    return torch.stack([read(x), turned_back(other, model.spec)], dim=1)  # type: ignore[arg-type]


def refuse_to_attribute(model: nn.Module) -> None:
    """Refuse a model whose logits are no mean of its strands' logits, or have no gradient at its bases.

    Attributions of the one would not be those of the two strands, those of the other would all be zero.

    Raises
    ------
    UserError
        With the reason.
    """
    for module in model.modules():
        if isinstance(module, KmerInput):
            raise UserError(NO_GRADIENT, fix=MUTATE)
        if (reading := reading_of(module)) in NOT_ATTRIBUTABLE:
            raise UserError(
                f"this model cannot be attributed: it {NOT_ATTRIBUTABLE[reading]}",
                fix='Load it as load_model(path, reverse_complement="average"), or "forward".',
            )


class Ensemble(nn.Module):
    """Mean of the logits of several models of one spec (Lakshminarayanan et al. 2017, in logits)."""

    def __init__(self, members: list[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        self.spec = members[0].spec

    def embed(self, tokens: Tensor, tracks: Tensor | None = None) -> Tensor:
        """Return the input of `forward` for tokens and their tracks."""
        return self.members[0].embed(tokens, tracks)  # type: ignore[operator]

    def forward(self, x: Float[Tensor, "n channels length"]) -> Float[Tensor, "n t"]:
        """Return the mean over the members."""
        total = self.members[0](x)
        for member in self.members[1:]:
            total = total + member(x)
        return total / len(self.members)
