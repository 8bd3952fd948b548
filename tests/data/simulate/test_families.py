"""Each family shifts what its name says, and nothing else."""

from __future__ import annotations

from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cislearn.data.simulate.cells import CELLS, recipe
from cislearn.data.simulate.families import FAMILIES, domain_recipes
from cislearn.errors import UserError

GATA1, HNF4A, EBF1 = (CELLS[cell].cofactor for cell in ("ery", "hep", "bcell"))


def changed(family, severity=1.0):
    source, target = domain_recipes(family, severity, ["ery"], "hep").values()
    before, after = asdict(source), asdict(target)
    return {field for field in before if before[field] != after[field]}


@pytest.mark.parametrize(
    ("family", "fields"),
    [
        ("composition", {"gc", "delta"}),
        ("cofactor", {"cofactors"}),
        ("mixed", {"gc", "delta", "cofactors"}),
        ("label", {"prevalence"}),
        ("none", set()),
        ("conditional", {"prevalence", "cofactors"}),
    ],
)
def test_a_family_changes_only_what_its_name_says(family, fields):
    assert changed(family) == fields
    assert changed(family, 0.3) == fields
    assert changed(family, 0.0) == set()


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("severity", [0.0, 0.4, 1.0])
def test_the_first_source_stays_itself(family, severity):
    recipes = domain_recipes(family, severity, ["ery", "bcell"], "hep", prevalence=0.3)
    assert list(recipes) == ["ery", "bcell", "hep"]
    assert recipes["ery"] == recipe("ery", 0.3)
    if severity == 0 or family in ("label", "conditional", "none"):
        assert recipes["bcell"] == recipes["ery"]


def test_mixed_at_full_severity_is_the_cells_as_they_are():
    for cell, shifted in domain_recipes("mixed", 1.0, ["ery", "bcell", "epi"], "hep").items():
        assert shifted == recipe(cell)


def test_recipes_by_hand():
    """The figures of the recipe: compositions, cofactors, prevalences at the ends and half way."""
    half = domain_recipes("mixed", 0.5, ["ery"], "hep")["hep"]
    assert (half.gc, half.delta) == pytest.approx((0.46, 0.04))
    assert half.cofactors[GATA1] == pytest.approx((0.425, 0.075))
    assert half.cofactors[HNF4A] == pytest.approx((0.425, 0.075))
    assert half.cofactors[EBF1] == pytest.approx((0.05, 0.05))
    assert domain_recipes("label", 1.0, ["ery"], "hep")["hep"].prevalence == pytest.approx(0.15)
    full = domain_recipes("conditional", 1.0, ["ery"], "hep")["hep"]
    assert full.prevalence == pytest.approx(0.2)
    assert full.cofactors[GATA1] == pytest.approx((0.1, (0.45 - 0.02) / 0.8))


@given(st.floats(0, 1), st.floats(0.01, 0.8), st.sampled_from(sorted(CELLS)), st.sampled_from(sorted(FAMILIES)))
def test_all_are_probabilities_and_conditional_keeps_the_cofactor_as_frequent(severity, prevalence, source, family):
    target = next(cell for cell in CELLS if cell != source)
    first, shifted = domain_recipes(family, severity, [source], target, prevalence).values()
    pairs = shifted.cofactors.values()
    assert all(-1e-12 <= chance <= 1 + 1e-12 for pair in pairs for chance in pair)
    if family == "conditional":
        own = CELLS[source].cofactor
        assert frequency(shifted, own) == pytest.approx(frequency(first, own))


def frequency(recipe, cofactor):
    in_positives, in_negatives = recipe.cofactors[cofactor]
    return recipe.prevalence * in_positives + (1 - recipe.prevalence) * in_negatives


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("mixd", 1.0, ["ery"], "hep"), "did you mean mixed"),
        (("mixed", 1.0, ["ery"], "hepp"), "did you mean hep"),
        (("mixed", 1.0, ["eri"], "hep"), "did you mean ery"),
        (("mixed", 1.0, ["ery", "bcel"], "hep"), "did you mean bcell"),
        (("mixed", 1.0, ["ery"], "ery"), "another target"),
        (("mixed", 1.0, ["ery", "ery"], "hep"), "another target"),
        (("mixed", 1.0, [], "hep"), r"sources \(none\)"),
        (("mixed", 1.5, ["ery"], "hep"), "severity 1.5"),
        (("mixed", -0.1, ["ery"], "hep"), "severity -0.1"),
        (("mixed", 1.0, ["ery"], "hep", 0.0), "prevalence 0"),
        (("mixed", 1.0, ["ery"], "hep", 0.9), "prevalence 0.9"),
    ],
)
def test_what_cannot_be_is_told(arguments, words):
    with pytest.raises(UserError, match=words):
        domain_recipes(*arguments)
