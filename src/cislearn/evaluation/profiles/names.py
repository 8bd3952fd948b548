"""What a profile is scored by: the columns of ``predictions.parquet``, and the metrics that are made of them."""

from __future__ import annotations

BINS = (1, 5, 10)
"""Bases of the bins in which profiles are correlated."""
LOSSES = {"nll": "profile NLL", "counts_error": "counts MSE"}
"""Column to metric, its mean over rows; a number wherever there is a label."""
SHAPE = {
    "jsd": "JSD",
    **{f"pearson_{width}": f"profile Pearson at {width} bp" for width in BINS},
    **{f"spearman_{width}": f"profile Spearman at {width} bp" for width in BINS},
    "published_pearson": "published Pearson",
    "published_spearman": "published Spearman",
}
"""Column to metric, its mean over the rows where it is defined."""
MEANS = SHAPE | LOSSES
"""All means over rows, the one that stands for a profile first."""
COUNTS = ("counts Pearson", "counts Spearman")
"""Correlations over rows of log(1 + N), N the counts of all strands together."""
