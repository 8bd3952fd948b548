"""From files of your own to a model for a cell type without labels, in Python.

The first function stands in for your files: it writes simulated windows of two cell types, `ery` with labels and `hep`
without, and a table of `hep` windows whose binding is measured later. All that follows is what you would do with yours.

    python examples/own_files.py example
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import cislearn as cl
from cislearn.experiment.evaluate import evaluate_on
from cislearn.sequence.tokens import decode


def write_files(folder: Path, n_windows: int) -> None:
    """Write ery_bound.fa, ery_unbound.fa, hep.fa and hep_measured.tsv."""
    folder.mkdir(parents=True, exist_ok=True)
    simulated = cl.simulate("mixed", sources=["ery"], target="hep", n_train=n_windows, n_test=n_windows // 4)
    loci, bound = simulated.loci, simulated.labels[:, 0] == 1
    in_ery, is_later = (loci["domain"] == "ery").to_numpy(), (loci["part"] == "test").to_numpy()
    texts = np.array([decode(tokens) for tokens in simulated.tokens], dtype=object)
    files = {"ery_bound": in_ery & bound, "ery_unbound": in_ery & ~bound, "hep": ~in_ery & ~is_later}
    for name, rows in files.items():
        records = [f">{title}\n{text}\n" for title, text in zip(loci["name"][rows], texts[rows], strict=True)]
        (folder / f"{name}.fa").write_text("".join(records))
    later = ~in_ery & is_later
    table = pd.DataFrame({"name": loci["name"][later], "sequence": texts[later], "binding": bound[later].astype(int)})
    table.to_csv(folder / "hep_measured.tsv", sep="\t", index=False)


def main(folder: Path, n_windows: int = 4000, settings: Mapping[str, Any] | None = None) -> pd.DataFrame:
    """Prepare, train, predict; then score on what was measured later. Returns the scores."""
    write_files(folder / "files", n_windows)
    files = folder / "files"

    # Files to a dataset: what is bound, what is not, and what nobody has looked at.
    data = cl.prepare(
        folder / "data",
        positives={"ery": files / "ery_bound.fa"},
        negatives={"ery": files / "ery_unbound.fa"},
        unlabelled={"hep": files / "hep.fa"},
    )
    print(f"{len(data):,} windows of {data.spec.length} bp; domains: {', '.join(data.spec.domains)}")

    # Two methods side by side. `hep` has no labels, so the numbers of this experiment are those of held-out `ery` loci.
    experiment = cl.train(data, target="hep", seeds=2, out=folder / "run", settings=settings)
    shown = ["method", "part", "metric", "estimate", "low", "high"]
    print(experiment.metrics[shown].to_string(index=False, float_format="{:.3f}".format))
    print(f"report: {experiment.report}")

    # Scores for `hep`: one row for each sequence of the file, in its order.
    predictions = experiment.predict(files / "hep.fa")
    print(predictions.sort_values("probability_binding", ascending=False).head(3).to_string(index=False))

    # The model is a plain torch module: one-hot windows (N, 4, L) in the order A, C, G, T to logits (N, 1).
    model = cl.load_model(folder / "run", method="adversarial")
    print(f"{sum(weights.numel() for weights in model.parameters()):,} weights in the models of two seeds")

    # Labels that came later: the honest number for `hep`, of each method.
    measured = cl.prepare(folder / "measured", tables={"hep": files / "hep_measured.tsv"})
    methods = ["source_only", "adversarial"]
    scores = pd.concat([evaluate_on(experiment.path, measured, method=method) for method in methods])
    shown = ["method", "domain", "metric", "estimate", "low", "high", "prevalence"]
    print(scores[shown].to_string(index=False, float_format="{:.3f}".format))
    return scores


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "runs/own_files"))
