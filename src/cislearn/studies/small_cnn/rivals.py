"""What the networks have to beat: a string search, a motif scan, and the default of this program."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float, Int64

from cislearn.baselines.motifs import BestMotif
from cislearn.baselines.windows import Windows as SimpleWindows
from cislearn.data.prepare import prepare
from cislearn.experiment.execute import run_experiment
from cislearn.experiment.reading import make_config
from cislearn.runs import runs_under
from cislearn.sequence.tokens import decode
from cislearn.studies.small_cnn.training import TASK
from cislearn.studies.small_cnn.windows import Windows
from cislearn.tables import write_table

WORD = 12
"""Bases of the word that is searched for, as many as the filters of the networks have."""


class Rival(NamedTuple):
    """A model beside the networks."""

    name: str
    detail: str
    scores: Float[np.ndarray, "seeds c"]
    """Of the test windows, in the order of `Windows.test`."""
    calls_above: float = 0.0
    """A window is called bound where its score is this much or more."""


def telling_word(texts: list[str], labels: Int64[np.ndarray, " n"]) -> str:
    """Return the word that more of the bound windows have than of the others, by the greatest margin."""
    margin: Counter[str] = Counter()
    for text, label in zip(texts, labels, strict=True):
        for word in {text[i : i + WORD] for i in range(len(text) - WORD + 1)}:
            margin[word] += 1 if label else -1
    return max(sorted(margin), key=margin.__getitem__)


def string_search(windows: Windows) -> Rival:
    """Look for one word, learned from the windows that are not for testing; the forward strand alone."""
    texts, seen = [decode(row) for row in windows.tokens], _seen(windows)
    word = telling_word([texts[row] for row in seen], windows.labels[seen])
    found = np.array([[float(word in texts[row]) for row in windows.test]])
    return Rival("string search", f"`{word}`", found, 1.0)


def motif_scan(windows: Windows) -> Rival:
    """Take the best match of the one JASPAR motif that ranks the windows for training best, on either strand."""
    seen, model = _seen(windows), BestMotif()
    model.fit(SimpleWindows(windows.tokens[seen]), windows.labels[seen])
    return Rival("motif scan", model.detail, model.predict(SimpleWindows(windows.tokens[windows.test]))[None])


def our_default(windows: Windows, out: Path, seeds: list[int]) -> Rival:
    """Train `motif_cnn` as this program does unless it is told otherwise, on the same parts."""
    part = np.empty(len(windows.labels), dtype=object)
    for name in ("train", "valid", "test"):
        part[getattr(windows, name)] = name
    table = out / "windows.tsv"
    table.parent.mkdir(parents=True, exist_ok=True)
    write_table(
        table, pd.DataFrame({"sequence": [decode(row) for row in windows.tokens], TASK: windows.labels, "part": part})
    )
    prepare(out / "dataset", tables=[table], label_columns=[TASK], overwrite=True)
    config = make_config(
        {
            "data": {"path": str(out / "dataset"), "split": {"by": "given"}},
            "methods": ["supervised"],
            "training": {"seeds": seeds, "device": "cpu"},
            "battery": False,
            "out": str(out / "default"),
        }
    )
    run_experiment(config, overwrite=True)
    logits = [_in_order(run.path, windows) for run in runs_under(out / "default", "supervised")]
    return Rival("our default", "`motif_cnn`, 20 epochs", np.stack(logits))


def _seen(windows: Windows) -> Int64[np.ndarray, " k"]:
    return np.concatenate([windows.train, windows.valid])


def _in_order(run: Path, windows: Windows) -> Float[np.ndarray, " c"]:
    """Return the test logits of a run in the order of `Windows.test`; rows of the dataset are those of the table."""
    table = pd.read_parquet(run / "predictions.parquet").set_index("row")
    mine = table.loc[windows.test]
    if not (mine["part"] == "test").all() or not (mine[f"label_{TASK}"] == windows.labels[windows.test]).all():
        raise ValueError(f"{run}: its rows are not those of the windows")
    return mine[f"logit_{TASK}"].to_numpy(np.float64)
