"""Numbers as they are printed: no leading zero, a true minus, an absent value as a dash."""

from __future__ import annotations

import math

DASH = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
NARROW = "\N{NARROW NO-BREAK SPACE}"
COUNT_WORDS = {1: "one", 2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight", 9: "nine"}


def decimal(number: float, digits: int = 3) -> str:
    """``.890``, ``1.000``, ``12.346``, ``231.8``, a true minus sign; a dash for NaN; never minus zero.

    From a hundred on one digit is enough: a likelihood in nats is no better known than that.
    """
    if math.isnan(number):
        return DASH
    digits = min(digits, 1) if abs(number) >= 100 else digits
    text = f"{abs(number):.{digits}f}"
    is_negative = number < 0 and float(text) != 0
    return (MINUS if is_negative else "") + (text[1:] if text.startswith("0.") else text)


def signed(number: float, digits: int = 3) -> str:
    """As `decimal`, with a plus before what is above zero."""
    return ("+" if number > 0 and float(f"{number:.{digits}f}") else "") + decimal(number, digits)


def interval(low: float, high: float, digits: int = 3) -> str:
    """``.870 - .900`` with an en dash, ``to`` where a minus sign would collide with it, nothing where there is none."""
    if math.isnan(low) or math.isnan(high):
        return ""
    between = " to " if low < 0 or high < 0 else f" {DASH} "
    return decimal(low, digits) + between + decimal(high, digits)


def count(number: float) -> str:
    """``20,114``; a dash for NaN."""
    return DASH if math.isnan(number) else f"{int(number):,}"


def in_words(number: int) -> str:
    """``three``, and digits from ten."""
    return COUNT_WORDS.get(number, f"{number:,}")


def listed(names: list[str]) -> str:
    """Write ``a``, ``a and b``, ``a, b and c``."""
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part) if names else ""


def duration(seconds: float) -> str:
    """``42 s``, ``3 min 20 s``, ``2 h 5 min``."""
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    if hours:
        return f"{hours:,} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
