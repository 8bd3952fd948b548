"""Which explanations lie in the folder of an experiment or a run, and whether they are of the weights there now."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, NamedTuple

from cislearn.explain import features_folder, motif_folder
from cislearn.explain.write import RECORD
from cislearn.models.files import WEIGHTS
from cislearn.prediction.loading import weights_hash
from cislearn.reports.files import read_json

Kind = Literal["motifs", "attributions", "features"]
MARKERS: dict[Kind, str] = {"motifs": motif_folder.MARKER, "attributions": RECORD, "features": features_folder.MARKER}


class Explained(NamedTuple):
    """A folder of explanations."""

    kind: Kind
    folder: Path
    about: dict[str, Any]
    """Its record."""
    methods: tuple[str, ...]
    """Whose weights it was made of; none where not all of them stand here now, or it does not say of which it is."""


def find_explained(folder: Path) -> tuple[Explained, ...]:
    """Return what `cislearn motifs`, `attribute` and `features` wrote into a folder, kind by kind, by name.

    Raises
    ------
    UserError
        Where the record of one of them is cut short.
    """
    markers = [(kind, path) for kind, name in MARKERS.items() for path in sorted(folder.glob(f"[!.]*/{name}"))]
    if not markers:
        return ()
    models = [*folder.glob(WEIGHTS), *folder.glob(f"*/seed-*/{WEIGHTS}")]
    here = {weights_hash(model.parent): model.resolve().parent.parent.name for model in models}
    found = []
    for kind, path in markers:
        about = read_json(path)
        weights = about.get("weights") or []
        methods = dict.fromkeys(here[each] for each in weights) if here.keys() >= set(weights) else ()
        found.append(Explained(kind, path.parent, about, tuple(methods)))
    return tuple(found)
