"""The tables that an experiment's folder holds: which columns each has to have, and what stands where one is absent."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from cislearn.evaluation.choosing.criteria import CRITERIA
from cislearn.reports.files import read_tsv
from cislearn.reports.measures import key_of


@dataclass(frozen=True)
class Layout:
    """Columns of a table.

    Parameters
    ----------
    text, numbers : tuple of str
        Columns that have to be there.
    also_text : tuple of str
        Columns of text that may be there.
    later : tuple of str
        Columns of numbers that folders of earlier versions lack; NaN there.
    """

    text: tuple[str, ...]
    numbers: tuple[str, ...]
    also_text: tuple[str, ...] = ()
    later: tuple[str, ...] = ()

    def read(self, path: Path) -> pd.DataFrame:
        """Read a table of this layout, metrics called by their keys.

        Raises
        ------
        UserError
            If the file or a column is absent, a row is cut short, or a number is none.
        """
        table = read_tsv(path, text=self.text, numbers=self.numbers, also_text=self.also_text)
        table = table.assign(**{name: float("nan") for name in self.later if name not in table})
        return table.assign(metric=[key_of(name) for name in table["metric"]]) if "metric" in self.text else table

    def read_or_none(self, path: Path) -> pd.DataFrame:
        """Read a table that not every experiment has; one without rows where it is absent."""
        return self.read(path) if path.is_file() else self.without_rows()

    def without_rows(self) -> pd.DataFrame:
        """Give the columns alone."""
        return pd.DataFrame(columns=[*self.text, *self.numbers, *self.later])


SUMMARY = Layout(
    ("method", "part", "domain", "task", "metric", "protocol", "selection"),
    ("estimate", "low", "high", "seeds_sd", "n_seeds", "n", "n_positive", "prevalence"),
)
COMPARISON = Layout(("method", "baseline", "task", "metric"), ("difference", "low", "high", "n_seeds", "n"), ("part",))
DISTANCES = Layout(("method",), ("seed", "pad", "low", "high"), also_text=("note",))
CLASS_DISTANCES = Layout(("method", "task", "told_by", "class"), ("seed", "pad", "low", "high"), also_text=("note",))
LABEL_SHIFT = Layout(
    ("method", "task", "told_by"),
    ("source", "prevalence", "low", "high", "difference", "difference_low", "difference_high", "seen"),
)
CRITERIA_OF_RUNS = Layout(
    ("method", "task"), ("seed", *(criterion.name for criterion in CRITERIA), "target_auroc"), also_text=("note",)
)
STRANDS = Layout(
    ("method", "task", "part"),
    ("seed", "n", "disagreement", "flipped"),
    later=("disagreement_p95", "probability_disagreement", "probability_disagreement_p95", "spearman"),
)
LEAKED = Layout(
    ("method", "part", "task", "group", "note"), ("n", "n_positive", "AUROC", "low", "high"), also_text=("domain",)
)
PROFILE_BOUNDS = Layout(("part", "task", "reference", "bound", "metric"), ("estimate", "low", "high"))
LEAVE_ONE_OUT = Layout(
    ("method", "domain", "task", "metric", "protocol"),
    ("estimate", "low", "high", "n_seeds", "n", "difference", "difference_low", "difference_high"),
)
