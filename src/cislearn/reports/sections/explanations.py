"""What explains the models of an experiment, drawn from the folders beside them: motifs, attributions, features."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from cislearn.reports.blocks import Block, Section, Text
from cislearn.reports.explained import Explained
from cislearn.reports.numbers import listed
from cislearn.reports.palette import label_of
from cislearn.reports.sections import attributions, features
from cislearn.reports.sections.motifs import motif_blocks

MOST_MOTIFS, MOST_WINDOWS = 20, 4
"""Of each folder, so that the report stays one that opens; their own pages show more."""
OTHER_WEIGHTS = (
    "What lies in {folder} is not of the weights that stand here now, or does not say of which it is, and is not shown."
    " Make it again (--overwrite)."
)


def explanation_sections(explained: Sequence[Explained]) -> list[Section]:
    """Show the beginning of each folder of explanations, and lead to its page."""
    return [_section(each, f"explained-{number}") for number, each in enumerate(explained)]


def _section(each: Explained, anchor: str) -> Section:
    name, about = each.folder.name, each.about
    page = f"{name}/{each.kind}.html"
    if not each.methods:
        return Section(anchor, f"Not shown: {name}", (Text(OTHER_WEIGHTS.format(folder=name), is_warning=True),))
    whose = listed([label_of(method) for method in each.methods])
    if each.kind == "motifs":
        told = f"Motifs of {whose}: {about['looked_at']}, held against {about['against']}."
        title, blocks = "Motifs", motif_blocks(each.folder, MOST_MOTIFS, anchor)
    elif each.kind == "attributions":
        what = f"{about['of']} of {about['task']}" if about["of"] else str(about["task"])
        by = str(about["method"])
        told = f"What each base is worth to {whose} for {what}, by {by.replace('_', ' ')}: {about['windows']}."
        told = f"{told} {attributions.CAVEATS[by]}"
        drawings = attributions.attribution_drawings(each.folder, MOST_WINDOWS, anchor)
        title, blocks = f"What windows rest on: {what}", (drawings,)
    else:
        told = f"Windows by what {about['stage']} of {whose}, seed {about['run_seed']}, makes of them."
        told = f"{told} {features.CAVEATS[about['layout']]}"
        title, blocks = "Windows by their features", features.features_blocks(each.folder, anchor)
    lead: Block = Text(told, link=quote(page), link_text=page)
    return Section(anchor, title, (lead, *blocks))
