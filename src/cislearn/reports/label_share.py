"""How large a share of the labels a method has seen, as its protocol says it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

NO_LABEL = "pre-training: no label seen"
UPPER_BOUND, KNEW = "upper bound", "target labels seen by the run that it begins at"


def sees_target(protocol: str) -> bool:
    """Whether a method learned from more of the target's labels than a share that its protocol names."""
    return protocol.startswith(UPPER_BOUND) or KNEW in protocol


def share_said(protocol: str, whose: Literal["target", "source"]) -> float | None:
    """Return per cent of the labels of the target or of the sources, where a protocol says that a share was seen."""
    said = re.search(rf"([\d.e+-]+) % of the {whose} labels seen", protocol)
    return float(said[1]) if said else None


def share_seen(protocols: Iterable[str]) -> str:
    """Return how many of the target's labels were seen by the first protocol that says a share; empty for none."""
    found = (share_said(protocol, "target") for protocol in protocols)
    return next((f"{share:g} %" for share in found if share is not None), "")


def other_labels(protocol: str, *, has_target: bool) -> str:
    """Say which share of the sources' labels was seen beside those of the target, where that was not all; else nothing.

    Two runs whose words differ lie on no one curve by `label_share`.
    """
    said = share_said(protocol, "source") if has_target else None
    return f"{said:g} % of the source labels" if said is not None else ""


def label_share(protocol: str, *, has_target: bool) -> float:
    """Return per cent of the target's labels that training may see; of those of the sources where there is no target.

    Labels seen by the choice of the weights alone (``oracle``) are none that training saw.
    """
    if sees_target(protocol):
        return 100.0
    if protocol.startswith(NO_LABEL):
        return 0.0
    said = share_said(protocol, "target" if has_target else "source")
    return said if said is not None else 0.0 if has_target else 100.0
