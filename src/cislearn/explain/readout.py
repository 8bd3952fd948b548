"""The one number of a model that is attributed: a logit, the counts of a profile or its shape."""

from __future__ import annotations

from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from cislearn.errors import UserError
from cislearn.models.encoders.bpnet import without_bias
from cislearn.models.kmer_counts import without_counts
from cislearn.models.network import Output
from cislearn.models.strands import refuse_to_attribute
from cislearn.schema import DataSpec, TaskSpec

COUNTS, SHAPE = "counts", "shape"
"""What of a profile can be attributed; the two often rest on different motifs."""
ADVICE = "Take mutagenesis or occlusion, which ask for predictions alone."


class Readout(nn.Module):
    """One number of a model for each window.

    Parameters
    ----------
    model : nn.Module
        One number of it, ``(n, channels, length) -> (n, 1)``.
    spec : DataSpec
        Of that model.
    """

    def __init__(self, model: nn.Module, spec: DataSpec) -> None:
        super().__init__()
        self.model, self.spec = model, spec
        self.training = model.training

    def forward(
        self, x: Float[Tensor, "n 4 length"], tracks: Float[Tensor, "n k length"] | None = None
    ) -> Float[Tensor, "n 1"]:
        """Return the number for one-hot windows; tracks are held fixed by whoever attributes to the bases."""
        return self.model(x if tracks is None else torch.cat([x, tracks], dim=1))


class Counts(nn.Module):
    """Mean over strands of the log counts of a profile."""

    def __init__(self, model: nn.Module, task: TaskSpec) -> None:
        super().__init__()
        spec = cast(DataSpec, model.spec)
        self.model, self.training = model, model.training
        self.first, self.last = spec.columns(task.name).start + task.n_shape, spec.columns(task.name).stop

    def forward(self, x: Float[Tensor, "n channels length"]) -> Float[Tensor, "n 1"]:
        """Return the mean."""
        return self.model(x)[:, self.first : self.last].mean(1, keepdim=True)


class SoftmaxWeighted(nn.Module):
    """Logits of positions, each times its probability. One module, so that DeepLIFT takes it as one nonlinearity."""

    def forward(self, z: Float[Tensor, "n strands positions"]) -> Float[Tensor, "n strands positions"]:
        """Return the products."""
        return z * z.softmax(2)


class Shape(nn.Module):
    """The logits of a profile's shape, less their mean, weighted by the probabilities that they make and summed.

    It grows with what makes the profile peak, wherever that is (as BPNet and ChromBPNet attribute profiles: Avsec et
    al. 2021, Pampari et al. 2024), strand by strand.
    """

    def __init__(self, model: nn.Module, task: TaskSpec) -> None:
        super().__init__()
        self.model, self.training = model, model.training
        self.first, self.strands, self.positions = (
            cast(DataSpec, model.spec).columns(task.name).start,
            task.channels,
            task.profile_length,
        )
        self.weighted = SoftmaxWeighted()

    def forward(self, x: Float[Tensor, "n channels length"]) -> Float[Tensor, "n 1"]:
        """Return the sum over positions and strands."""
        size = self.strands * self.positions
        logits = self.model(x)[:, self.first : self.first + size].reshape(-1, self.strands, self.positions)
        return self.weighted(logits - logits.mean(2, keepdim=True)).sum((1, 2)).unsqueeze(1)


def read_out(model: nn.Module, task: str, of: str | None = None, *, by_gradient: bool = True) -> Readout:
    """Return the one number of a model that is attributed.

    A `bpnet` with a bias model is attributed without it: what it learned beside the bias is what is asked for. By
    gradients a model with counts of words beside the network is the network's share: words have none.

    Parameters
    ----------
    model : nn.Module
        As `load_model` gives it, with its `spec`.
    task : str
        The task; there is no default, since attributions of the wrong task look like any other.
    of : str, optional
        Of a multiclass task the number of the class, from 0; of a profile ``counts`` or ``shape``. Of other tasks there
        is one logit, and nothing to choose.
    by_gradient : bool
        Whether it is to have gradients at the bases.

    Raises
    ------
    UserError
        Where there is no such task, what of it is not said or not known, or the model has no such gradients.
    """
    spec = cast(DataSpec, model.spec)
    found = spec.named(task)
    if by_gradient:
        _refuse_gradients(model)
        model = without_counts(model)
    choices = choices_of(found)
    if of not in choices:
        raise _no_choice(found, of)
    if found.kind == "profile":
        part = Counts if of == COUNTS else Shape
        return Readout(part(without_bias(model), found), spec)
    return Readout(Output(model, task, int(of or 0)), spec)


def _refuse_gradients(model: nn.Module) -> None:
    try:
        refuse_to_attribute(model)
    except UserError as error:
        fix = f"{ADVICE} Or read the strands otherwise (--reverse-complement average)."
        raise UserError(error.problem, fix=fix if "strands" in error.problem else ADVICE) from error


def choices_of(task: TaskSpec) -> tuple[str | None, ...]:
    """Return what of a task can be attributed: classes, counts and shape, or its one logit (None)."""
    if task.kind == "multiclass":
        return tuple(str(number) for number in range(task.channels))
    return (COUNTS, SHAPE) if task.kind == "profile" else (None,)


def _no_choice(task: TaskSpec, of: str | None) -> UserError:
    choices = [choice for choice in choices_of(task) if choice is not None]
    if not choices:
        return UserError(f"task {task.name} ({task.kind}) has one logit, and no {of!r} of it", where="--of")
    given = f"no {of!r}" if of is not None else "more than one number"
    what = "classes" if task.kind == "multiclass" else "two sides, attributed apart"
    return UserError(
        f"task {task.name} ({task.kind}) has {given}; it has {what}: {', '.join(choices)}",
        where="--of",
        fix=f"For example --of {choices[0]}.",
    )
