from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cislearn.errors import UserError
from cislearn.objectives.schedules import SCHEDULES, constant, ganin, late, ramp, sawtooth, schedule

PROGRESS = st.floats(0, 1)


@given(PROGRESS, st.floats(0.1, 20), st.floats(0.1, 5))
def test_ganin_against_the_closed_formula(p, gamma, maximum):
    """tanh(gamma p / 2) is another way to write it; ``2 / (1 + exp(-gamma p) - 1)``, as once printed, is not."""
    assert ganin(p, gamma=gamma, maximum=maximum) == pytest.approx(maximum * math.tanh(gamma * p / 2), abs=1e-12)


@pytest.mark.parametrize(
    ("function", "at_0", "at_1"),
    [
        (ganin, 0.0, 2 / (1 + math.exp(-10)) - 1),
        (constant, 1.0, 1.0),
        (late, 0.0, 3 * (2 / (1 + math.exp(-4)) - 1)),
        (sawtooth, 0.0, 0.0),
        (ramp, math.exp(-5), 1.0),
    ],
)
def test_values_at_both_ends(function, at_0, at_1):
    assert function(0.0) == pytest.approx(at_0, abs=1e-12)
    assert function(1.0) == pytest.approx(at_1)


def test_constant_has_the_value_of_dann_tf_when_told():
    assert [constant(p, value=1e-3) for p in (0.0, 0.3, 1.0)] == [1e-3] * 3


@given(PROGRESS, st.floats(0, 0.9))
def test_late_is_zero_until_its_start_and_grows_from_there(p, start):
    value = late(p, start=start)
    if p <= start:
        assert value == 0
    else:
        assert value == pytest.approx(3 * math.tanh(2.5 * (p - start)))


@given(PROGRESS, st.floats(0.1, 1))
def test_ramp_is_full_from_its_end_on(p, end):
    expected = 2.0 * math.exp(-5 * (1 - p / end) ** 2) if p < end else 2.0
    assert ramp(p, end=end, maximum=2.0) == pytest.approx(expected)


def test_sawtooth_restarts_with_every_epoch():
    """As the review of DANN_TF ran it: p within the epoch, so lambda begins at 0 in each, however p is rounded."""
    for steps_per_epoch, epochs in ((40, 25), (7, 22), (7, 49), (1094, 25), (125, 51)):
        for step in range(steps_per_epoch * epochs):
            within = (step % steps_per_epoch) / steps_per_epoch
            progress = step / (steps_per_epoch * epochs)
            assert sawtooth(progress, periods=epochs) == pytest.approx(ganin(within), abs=1e-9)


@pytest.mark.parametrize("name", sorted(SCHEDULES))
def test_schedules_keep_nothing_between_calls(name):
    """trap 16: a schedule that counts its own calls starts again when a run is resumed."""
    points = [i / 50 for i in range(51)]
    straight = {p: schedule(name)(p) for p in points}
    one = schedule(name)
    shuffled = random.Random(0).sample(points * 3, 153)
    assert all(one(p) == straight[p] for p in shuffled)


@pytest.mark.parametrize("name", ["ganin", "late", "constant", "ramp"])
def test_schedules_never_fall(name):
    values = [schedule(name)(i / 200) for i in range(201)]
    assert values == sorted(values)


def test_a_configuration_describes_a_schedule_by_name_or_with_options():
    assert schedule("ganin")(0.3) == ganin(0.3)
    described = {"name": "late", "start": 0.5, "maximum": 2.0}
    assert schedule(described)(0.75) == late(0.75, start=0.5, maximum=2.0)
    assert described == {"name": "late", "start": 0.5, "maximum": 2.0}


@pytest.mark.parametrize(
    ("description", "message"),
    [
        ("gannin", r"schedule 'gannin' is not known; did you mean ganin\?"),
        ({"name": "ganin", "gama": 1}, r"schedule ganin has no option 'gama'; did you mean gamma\?"),
        ({"name": "ganin", "progress": 1}, "has no option 'progress'"),
        ({"name": "ramp", "end": 0}, "end 0: expected a share of the training above 0"),
        ({"gamma": 1}, "schedule None is not known"),
    ],
)
def test_what_describes_no_schedule_is_refused(description, message):
    with pytest.raises(UserError, match=message):
        schedule(description)
