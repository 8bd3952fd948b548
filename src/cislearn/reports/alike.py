"""What experiments have in common that differ only in the labels whose share a curve is drawn by, methods and seeds."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import yaml

from cislearn.errors import UserError
from cislearn.reports.files import UNFINISHED
from cislearn.runs import IDLE, IDLE_IN_TRAINING


def likeness(config: Path, dataset_hash: str) -> str:
    """Return a hash of data, split, target, model and training; scores of equal ones lie on one curve of labels.

    That curve is by the share of the target's labels, so with a target the sources' labels are part of the hash.

    Parameters
    ----------
    config : Path
        ``config.yaml`` of an experiment.
    dataset_hash : str
        Of the data that it was trained on, which tells them apart where paths do not.

    Raises
    ------
    UserError
        Where the file is damaged.
    """
    try:
        values = yaml.safe_load(config.read_text(encoding="utf-8"))
        data, training = dict(values["data"]), dict(values.get("training") or {})
        labels = data.pop("labels", None) or {}
        seen_of_sources = float(labels.get("sources", 1)) if data.get("target") else None
    except (OSError, UnicodeDecodeError, yaml.YAMLError, TypeError, KeyError, ValueError, AttributeError) as error:
        raise UserError("is damaged or cut short", where=config, fix=UNFINISHED) from error
    data.pop("path", None)
    for name in IDLE_IN_TRAINING:
        training.pop(name, None)
    others = {name: value for name, value in values.items() if name not in IDLE}
    kept = others | {"data": data, "training": training, "dataset": dataset_hash, "seen_of_sources": seen_of_sources}
    return hashlib.blake2b(json.dumps(kept, sort_keys=True, default=str).encode(), digest_size=16).hexdigest()
