"""How the strength of an objective grows: pure functions of the share of the training that is done, in [0, 1].

Nothing is kept between calls, so a resumed run goes on where it stood (a schedule that counts its own calls restarts).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from cislearn.errors import UserError, nearest
from cislearn.registry import check_options

Schedule = Callable[[float], float]


def ganin(progress: float, *, gamma: float = 10.0, maximum: float = 1.0) -> float:
    """``maximum (2 / (1 + exp(-gamma p)) - 1)``: from 0 to `maximum` (Ganin et al. 2016, section 5.2)."""
    return maximum * (2.0 / (1.0 + math.exp(-gamma * progress)) - 1.0)


def constant(progress: float, *, value: float = 1.0) -> float:
    """Return the same value always; DANN_TF's own code has 0.001, which is as good as no adversary."""
    return value


def sawtooth(progress: float, *, periods: int = 25, gamma: float = 10.0) -> float:
    """`ganin` restarted in each of `periods` equal parts, as the review of DANN_TF ran it: one period an epoch."""
    if periods < 1:
        raise ValueError(f"{periods} periods; 1 or more were expected")
    place = progress * periods
    # The first step of a period may come out just below it, where lambda would be at its greatest and not 0.
    return ganin(max(0.0, place - math.floor(place + 1e-9)), gamma=gamma)


def late(progress: float, *, start: float = 0.2, gamma: float = 5.0, maximum: float = 3.0) -> float:
    """Zero until `start`, then ``maximum (2 / (1 + exp(-gamma (p - start))) - 1)``: the features come first."""
    return ganin(max(0.0, progress - start), gamma=gamma, maximum=maximum)


def ramp(progress: float, *, end: float = 0.3, maximum: float = 1.0) -> float:
    """``maximum exp(-5 (1 - p / end)^2)`` up to `end`, then `maximum` (Laine and Aila 2017, section 2)."""
    if not 0.0 < end <= 1.0:
        raise ValueError(f"end {end}: expected a share of the training above 0")
    return maximum * math.exp(-5.0 * (1.0 - min(progress / end, 1.0)) ** 2)


SCHEDULES: dict[str, Callable[..., float]] = {
    "ganin": ganin,
    "constant": constant,
    "sawtooth": sawtooth,
    "late": late,
    "ramp": ramp,
}


def schedule(description: str | Mapping[str, Any]) -> Schedule:
    """Return the schedule that a configuration describes: a name, or ``{"name": ..., option: value}``.

    Raises
    ------
    UserError
        Where the name or an option is unknown, or an option is not a number that it can take.
    """
    options = {"name": description} if isinstance(description, str) else dict(description)
    name = options.pop("name", None)
    if name not in SCHEDULES:
        raise UserError(f"schedule {name!r} is not known{nearest(str(name), SCHEDULES)}")
    check_options(SCHEDULES[name], options, what=f"schedule {name}")
    made = partial(SCHEDULES[name], **options)
    try:
        made(0.0), made(1.0)
    except (TypeError, ValueError, OverflowError) as error:
        raise UserError(f"schedule {name} cannot take {options}: {error}") from error
    return made
