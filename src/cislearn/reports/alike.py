"""What experiments have in common that differ only in the labels they show, in their methods and in their seeds."""

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
    except (OSError, UnicodeDecodeError, yaml.YAMLError, TypeError, KeyError, ValueError, AttributeError) as error:
        raise UserError("is damaged or cut short", where=config, fix=UNFINISHED) from error
    for name in ("path", "labels"):
        data.pop(name, None)
    for name in IDLE_IN_TRAINING:
        training.pop(name, None)
    others = {name: value for name, value in values.items() if name not in IDLE}
    kept = others | {"data": data, "training": training, "dataset": dataset_hash}
    return hashlib.blake2b(json.dumps(kept, sort_keys=True, default=str).encode(), digest_size=16).hexdigest()
