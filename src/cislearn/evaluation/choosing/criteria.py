"""The criteria by name, and which way each of them points."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Criterion:
    """A number of a trained model that needs no label of the target.

    Parameters
    ----------
    name : str
        Its column in ``criteria.tsv``.
    heading : str
        Its name for people.
    larger_is_better : bool
        Which model it chooses.
    """

    name: str
    heading: str
    larger_is_better: bool


CRITERIA = (
    Criterion("source_risk", "Source risk", larger_is_better=False),
    Criterion("dev", "DEV", larger_is_better=False),
    Criterion("entropy", "Entropy", larger_is_better=False),
    Criterion("infomax", "Mutual information", larger_is_better=True),
    Criterion("snd", "Neighbourhood density", larger_is_better=True),
    Criterion("agreement", "Agreement of seeds", larger_is_better=True),
)
