"""Families of shifts: in what, and by how much, domains differ from the first source.

Each family changes only what its name says. Severity 0 makes all domains alike; 1 is the full difference; between them
probabilities and compositions are interpolated linearly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from cislearn.data.simulate.cells import CELLS, IN_OWN_CELL, Recipe, recipe
from cislearn.data.simulate.footprints import PROFILES
from cislearn.data.simulate.openness import OPENNESS
from cislearn.errors import UserError, nearest

Shift = Callable[[Recipe, str, float], Recipe]
"""``shift(first source, cell type of the domain, severity)`` gives the domain's recipe."""


def composition(first: Recipe, cell: str, severity: float) -> Recipe:
    """G + C content, and its difference between positives and negatives."""
    own = recipe(cell)
    return replace(first, gc=_between(first.gc, own.gc, severity), delta=_between(first.delta, own.delta, severity))


def cofactor(first: Recipe, cell: str, severity: float) -> Recipe:
    """Cofactors exchanged: the source's shortcut fades while the domain's own appears."""
    own = recipe(cell).cofactors
    shifted = {
        name: (_between(there[0], own[name][0], severity), _between(there[1], own[name][1], severity))
        for name, there in first.cofactors.items()
    }
    return replace(first, cofactors=shifted)


def mixed(first: Recipe, cell: str, severity: float) -> Recipe:
    """Composition and cofactor together: at severity 1 the cell types as they are."""
    return cofactor(composition(first, cell, severity), cell, severity)


def none(first: Recipe, cell: str, severity: float) -> Recipe:
    """No difference: what a method must not spoil."""
    return first


def label(first: Recipe, cell: str, severity: float) -> Recipe:
    """Fewer positives, down to .3 of the source's prevalence (.5 to .15)."""
    return replace(first, prevalence=first.prevalence * (1 - 0.7 * severity))


def conditional(first: Recipe, cell: str, severity: float) -> Recipe:
    """Fewer positives, and the source's cofactor as frequent as before but with the opposite meaning.

    Aligning the distribution of features cannot see this shift, and is misled by it.
    """
    prevalence = first.prevalence * (1 - 0.6 * severity)
    in_positives, in_negatives = IN_OWN_CELL
    frequency = first.prevalence * in_positives + (1 - first.prevalence) * in_negatives
    in_positives -= 0.7 * severity
    # Rounded, so that severity 0 is the source to the last digit.
    in_negatives = round((frequency - prevalence * in_positives) / (1 - prevalence), 12)
    shortcut = next(name for name, there in first.cofactors.items() if there == IN_OWN_CELL)
    return replace(first, prevalence=prevalence, cofactors={**first.cofactors, shortcut: (in_positives, in_negatives)})


FAMILIES: Mapping[str, Shift] = {
    "composition": composition,
    "cofactor": cofactor,
    "mixed": mixed,
    "label": label,
    "none": none,
    "conditional": conditional,
}

OF_THE_TARGET = ("label", "conditional")
"""Families that set the target apart from all sources; in the others each cell type has its own difference."""


def domain_recipes(
    family: str, severity: float, sources: Sequence[str], target: str, prevalence: float = 0.5
) -> dict[str, Recipe]:
    """Recipe of each domain, sources first.

    Parameters
    ----------
    family : str
        A key of `FAMILIES`.
    severity : float
        Between 0 and 1.
    sources, target : sequence of str, str
        Different cell types. The first source is as its cell type is; the others and the target are shifted from there.
    prevalence : float
        Probability of a positive where the family does not shift it; at most .8.

    Raises
    ------
    UserError
        For an unknown family or cell type (with the nearest name), a cell type given twice, or a number out of range.
    """
    if family not in FAMILIES:
        raise UserError(f"there is no family {family!r} of shifts{nearest(family, [*FAMILIES, OPENNESS, PROFILES])}")
    domains = [*sources, target]
    if not sources or len(set(domains)) < len(domains):
        raise UserError(
            f"sources {', '.join(sources) or '(none)'} and target {target}: one source or more and another target",
            fix=f"Cell types: {', '.join(CELLS)}.",
        )
    if not 0 <= severity <= 1 or not 0 < prevalence <= 0.8:
        raise UserError(
            f"severity {severity:g} and prevalence {prevalence:g}; 0 to 1 and more than 0 up to .8 were expected"
        )
    first = recipe(sources[0], prevalence)
    recipes = {domain: FAMILIES[family](first, _known(domain), severity) for domain in domains}
    unshifted = sources if family in OF_THE_TARGET else sources[:1]
    return recipes | dict.fromkeys(unshifted, first)


def _known(cell: str) -> str:
    recipe(cell)
    return cell


def _between(first: float, last: float, severity: float) -> float:
    return (1 - severity) * first + severity * last
