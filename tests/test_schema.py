from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cislearn.schema import DataSpec, InputSpec, TaskSpec

RULES = st.sampled_from(["none", "flip", "flip_and_permute", "flip_and_shift"])
TASKS = st.builds(
    TaskSpec,
    name=st.text(min_size=1, max_size=8),
    kind=st.sampled_from(["binary", "multiclass", "regression"]),
    channels=st.integers(1, 9),
    rc=RULES,
) | st.builds(
    TaskSpec,
    name=st.text(min_size=1, max_size=8),
    kind=st.just("profile"),
    channels=st.integers(1, 9),
    out_length=st.integers(1, 1000),
    rc=RULES,
)
SPECS = st.builds(
    DataSpec,
    tasks=st.lists(TASKS, max_size=4, unique_by=lambda task: task.name).map(tuple),
    domains=st.lists(st.text(max_size=5), max_size=4).map(tuple),
    length=st.integers(1, 5000),
    margin=st.integers(0, 50),
    inputs=st.lists(
        st.builds(InputSpec, st.text(max_size=5), st.sampled_from(["track", "covariate"]), st.integers(1, 4), RULES)
    ).map(tuple),
    single_stranded=st.booleans(),
)


@given(SPECS)
def test_a_spec_survives_json(spec):
    assert DataSpec.from_dict(json.loads(json.dumps(spec.to_dict()))) == spec


@given(SPECS)
def test_the_columns_of_the_tasks_tile_the_logits_in_order(spec):
    columns = [list(range(spec.n_logits))[spec.columns(task.name)] for task in spec.tasks]
    assert [c for each in columns for c in each] == list(range(spec.n_logits))
    widths = {"multiclass": lambda t: t.channels, "profile": lambda t: t.channels * t.out_length + t.channels}
    assert [len(c) for c in columns] == [widths.get(task.kind, lambda t: 1)(task) for task in spec.tasks]


def test_an_unknown_task_is_named_with_those_that_there_are():
    spec = DataSpec((TaskSpec("bound"), TaskSpec("state", "multiclass", 3)), (), 10)
    with pytest.raises(KeyError, match=r"no task 'open'; tasks: bound, state"):
        spec.columns("open")
