"""The methods by name, what each needs, and the settings that it takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from torch import nn

from cislearn.errors import UserError, nearest
from cislearn.explain.deep_lift import deep_lift
from cislearn.explain.gradients import STEPS, gradient_x_input, integrated_gradients, saliency
from cislearn.explain.inputs import Contributions, Inputs, projected
from cislearn.explain.mutagenesis import mutagenesis
from cislearn.explain.occlusion import occlusion
from cislearn.explain.readout import Readout
from cislearn.explain.references import KINDS, SHUFFLES, Kind
from cislearn.models.inference import for_gradients, for_inference


class Method(NamedTuple):
    """What is to be known of a method."""

    explain: Callable[..., Contributions]
    by_gradient: bool = True
    """Whether it goes through the model by its derivatives, or asks for predictions alone."""
    faster: Callable[[nn.Module], nn.Module] = for_gradients
    """What makes the copy of a model that it asks."""
    references: Kind | None = None
    """Against what, where nobody says; None where it holds a window against none."""
    takes_steps: bool = False
    is_hypothetical: bool = True
    """Whether it says what bases that are not there would be worth."""
    bound: float | None = None
    """Of methods whose sums are promised: the share of all that they hand out by which a sum may miss."""


METHODS = {
    "gradient_x_input": Method(gradient_x_input),
    "saliency": Method(saliency),
    "integrated_gradients": Method(integrated_gradients, references="uniform", takes_steps=True, bound=0.02),
    "deep_lift": Method(deep_lift, references="shuffled", bound=0.001),
    "occlusion": Method(occlusion, by_gradient=False, faster=for_inference, is_hypothetical=False),
    "mutagenesis": Method(mutagenesis, by_gradient=False),  # tangermeme knows what a change reaches of PyTorch's maxima
}
NEGLIGIBLE = 1e-4
"""A miss below this many units of the output is rounding, however little is handed out."""


@dataclass(frozen=True)
class Settings:
    """A method with its settings.

    Parameters
    ----------
    method : str
        One of `METHODS`.
    references : {"shuffled", "uniform"}, optional
        What windows are held against; by default what suits the method.
    n_references : int, optional
        Shuffles of a window, 20.
    steps : int, optional
        Places of the path of integrated gradients, 32.
    seed : int
        What references are drawn from.

    Raises
    ------
    UserError
        Where the method is not known, or one of these does not go with it.
    """

    method: str = "gradient_x_input"
    references: str | None = None
    n_references: int | None = None
    steps: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            known = f"Known: {', '.join(METHODS)}."
            problem = f"{self.method!r} is no way of attributing{nearest(self.method, METHODS)}"
            raise UserError(problem, where="--by", fix=known)
        if self.references is not None:
            self._refuse_unless(self.known.references is not None, "references", "holds a window against nothing")
            if self.references not in KINDS:
                fix = f"Known: {', '.join(KINDS)}."
                problem = f"{self.references!r} is not known{nearest(self.references, KINDS)}"
                raise UserError(problem, where="--references", fix=fix)
        if self.n_references is not None:
            self._refuse_unless(self.kind == "shuffled", "n_references", "draws no references")
        if self.steps is not None:
            self._refuse_unless(self.known.takes_steps, "steps", "takes no steps")
        for name in ("n_references", "steps"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise UserError(f"{value} is too few; take 1 or more", where=_option(name))

    def _refuse_unless(self, goes: bool, name: str, reason: str) -> None:
        if not goes:
            raise UserError(f"does not go with {self.method}, which {reason}", where=_option(name), fix="Leave it out.")

    @property
    def known(self) -> Method:
        """What is to be known of the method."""
        return METHODS[self.method]

    @property
    def kind(self) -> str | None:
        """What windows are held against, or None."""
        return self.references or self.known.references

    @property
    def shuffles(self) -> int:
        """References drawn for a window."""
        return self.n_references or SHUFFLES

    @property
    def places(self) -> int:
        """Places of the path of integrated gradients."""
        return self.steps or STEPS

    def explain(self, readout: Readout, inputs: Inputs) -> Contributions:
        """Return what the method says of some windows, where its sums hold.

        Raises
        ------
        UserError
            Where they miss more of the differences than the method's bound.
        """
        options = {"steps": self.places} if self.known.takes_steps else {}
        found = self.known.explain(readout, inputs, **options)
        self._check(inputs, found)
        return found

    def _check(self, inputs: Inputs, found: Contributions) -> None:
        """Refuse sums that do not hold: such attributions look like any others.

        The measure is what is handed out, contributions without their signs. The difference itself may be near zero by
        chance, where a window and its reference are worth the same.
        """
        bound = self.known.bound
        if bound is None or found.deltas is None:
            return
        missed = found.deltas.abs().double().mean(1).cpu().numpy()
        whole = projected(inputs, found.hypothetical).abs().double().sum((1, 2)).cpu().numpy()
        allowed = np.maximum(NEGLIGIBLE, bound * whole)
        bad = np.flatnonzero(~(missed <= allowed))
        if not len(bad):
            return
        worst = bad[np.argmax(np.nan_to_num(missed[bad] / allowed[bad], nan=np.inf))]
        raise UserError(
            f"{self.method} does not add up: in {len(bad):,} of {len(missed):,} windows the sum misses the difference"
            f" to the references by more than {bound:.1%} of all that is handed out, at worst by"
            f" {missed[worst]:.2g} of {whole[worst]:.2g}",
            fix=MISSES[self.method],
        )


MISSES = {
    "deep_lift": "Some operation of this model is no module that DeepLIFT has a rule for. Take integrated_gradients or"
    " mutagenesis.",
    "integrated_gradients": "Take more steps (--steps 128), or mutagenesis, which needs no path.",
}
"""What to do where sums do not hold."""


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"
