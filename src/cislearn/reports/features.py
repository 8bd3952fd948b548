"""``features.html``: windows laid into a plane by their features, coloured by label, domain and GC."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cislearn.explain.features_folder import MARKER
from cislearn.reports.answer import Answer
from cislearn.reports.blocks import Section
from cislearn.reports.files import read_json
from cislearn.reports.numbers import count
from cislearn.reports.sections.features import CAVEATS, features_blocks, read_features_table
from cislearn.reports.write import render_page, write_page

PAGE = "features.html"


def write_features_page(folder: Path) -> Path:
    """Write ``features.html`` into a folder of features laid out; give back its path.

    Raises
    ------
    UserError
        Where the folder holds none, or the page cannot be written.
    """
    about = read_json(folder / MARKER)
    n = len(read_features_table(folder))
    method = f", {about['method']}" if about["method"] else ""
    sentence = f"{count(n)} windows by what {about['stage']} makes of them."
    page = render_page(
        f"Features of {about['run']}{method}",
        Answer(sentence, "not compared", (CAVEATS[about["layout"]],)),
        _facts(about),
        [Section("plane", "Windows in a plane", features_blocks(folder))],
    )
    return write_page(page, folder, PAGE)


def _facts(about: dict[str, Any]) -> list[tuple[str, str]]:
    told = {
        "Stage": f"{about['stage']} ({count(about['width'])} numbers)",
        "Pooled over positions": f"{about['pool']}, where the stage leaves any",
        "Strands": about["strands"],
        "Seed of the run": about["run_seed"],
        "Windows": about["looked_at"],
        "Layout": f"{'t-SNE' if about['layout'] == 'tsne' else 'principal components'}, seed {about['seed']}",
    }
    return [(name, str(value)) for name, value in told.items() if value is not None]
