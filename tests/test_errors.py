from __future__ import annotations

import pytest

from cislearn.errors import UserError, nearest


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({}, "it is empty"),
        ({"where": "a.bed"}, "a.bed: it is empty"),
        ({"where": "a.bed", "line": 1234}, "a.bed line 1,234: it is empty"),
        ({"fix": "Fill it."}, "it is empty\n       Fill it."),
        ({"where": "a.bed", "line": 2, "fix": "Fill it."}, "a.bed line 2: it is empty\n       Fill it."),
    ],
)
def test_the_message_says_where_what_and_what_to_do(told, message):
    error = UserError("it is empty", **told)
    assert str(error) == message
    assert (error.problem, error.where, error.line, error.fix) == (
        "it is empty",
        told.get("where"),
        told.get("line"),
        told.get("fix"),
    )


def test_nearest_suggests_or_lists():
    assert nearest("chomosome", ["block", "chromosome"]) == "; did you mean chromosome?"
    assert nearest("xyz", ["b", "a"]) == "; known: a, b"
    keys = ["training.weight_average", "training.optimiser.learning_rate"]
    assert nearest("training.learning_rate", keys) == "; did you mean training.optimiser.learning_rate?"
    assert nearest("xyz", []) == ""
