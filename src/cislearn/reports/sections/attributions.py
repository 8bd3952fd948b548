"""Windows of the highest outputs of a folder of attributions, as logos."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Float32

from cislearn.errors import UserError
from cislearn.explain.write import ATTRIBUTIONS, TABLE
from cislearn.reports.blocks import Drawing, Drawings, Section
from cislearn.reports.figures.logo import logo
from cislearn.reports.files import read_tsv
from cislearn.reports.numbers import count, decimal

CAVEATS = {
    "gradient_x_input": "A gradient is what a small change would do: where several motifs saturate the model it is near"
    " zero under all of them.",
    "saliency": "Sizes of gradients have no sign: a base that speaks against looks like one that speaks for.",
    "integrated_gradients": "Heights say what a base is worth against the reference, and another reference gives other"
    " heights.",
    "deep_lift": "Heights say what a base is worth against the references, and other references give other heights.",
    "occlusion": "A window without a base was never seen in training, and of two motifs that do the same neither is"
    " missed.",
    "mutagenesis": "One base is changed at a time: of two motifs that do the same neither is missed.",
}


def attribution_drawings(folder: Path, most: int, prefix: str = "window") -> Drawings:
    """Draw the attributed windows of the highest outputs, in that order.

    Parameters
    ----------
    folder : Path
        As ``cislearn attribute`` wrote it.
    most : int
        Windows at most.
    prefix : str
        What the names within the logos begin with; no other drawing of the page has it.

    Raises
    ------
    UserError
        Where a file of the folder is absent or cut short.
    """
    text = ("name", "chrom", "strand", "note", "not_attributed")
    rows = read_tsv(
        folder / TABLE, text=text, also_text=("domain",), numbers=("output", "start", "end", "window_start")
    )
    is_attributed = (rows["not_attributed"] == "").to_numpy()
    outputs = rows["output"].where(is_attributed).to_numpy(float)
    chosen = np.argsort(-np.nan_to_num(outputs, nan=-np.inf), kind="stable")[: min(most, int(is_attributed.sum()))]
    worth = _read_array(folder / ATTRIBUTIONS)
    return Drawings(tuple(_drawing(rows.iloc[row], worth[row], f"{prefix}-{row}") for row in chosen), is_wide=True)


def highest_windows(folder: Path, most: int, what: str = "windows") -> Section | None:
    """Return the section of these drawings; None where no window was attributed."""
    drawings = attribution_drawings(folder, most)
    title = f"The {count(len(drawings.drawings))} {what} of the highest output"
    return Section("windows", title, (drawings,)) if drawings.drawings else None


def _read_array(path: Path) -> Float32[np.ndarray, "n 4 length"]:
    try:
        with np.load(path) as arrays:
            return arrays["arr_0"]
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise UserError("is not a whole file of attributions", where=path, fix="Make them again.") from error


def _drawing(told: pd.Series, worth: Float32[np.ndarray, "4 length"], key: str) -> Drawing:
    name = str(told["name"]) or f"row {told.name}"
    start = int(told["window_start"] if told["window_start"] >= 0 else told["start"])
    place = f", {told['chrom']}:{start:,} ({told['strand']})" if told["chrom"] and start >= 0 else ""
    note = f"; {told['note']}" if told["note"] else ""
    svg = logo(worth, name=f"Attributions of {name}", key=key, unit="output")
    return Drawing(svg, f"{name}{place}: {decimal(float(told['output']))}{note}")
