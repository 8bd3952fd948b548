"""Whose folder is it? A run is known by all that it depends on; a folder is never filled from two configurations."""

from __future__ import annotations

import hashlib
import inspect
import json
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from cislearn.atomic import file_written_whole
from cislearn.errors import UserError
from cislearn.experiment.config import ExperimentConfig
from cislearn.experiment.methods import Method
from cislearn.kmers.vectors import read_vectors
from cislearn.prediction.loading import weights_hash, weights_hashes
from cislearn.runs import (
    AVERAGED,
    EACH_RECORD,
    EXPERIMENT,
    IDLE,
    IDLE_IN_TRAINING,
    LABELLED,
    RUN,
    ExperimentFolder,
    RunFolder,
)

RESULTS = (
    "summary.tsv", AVERAGED, "comparison.tsv", "domain_distance.tsv", "class_distance.tsv", "label_shift.tsv",
    "criteria.tsv", "features.parquet", "over_simple.tsv", "strands.tsv", "leaked.tsv", LABELLED, "leave_one_out.tsv",
    "report.html",
)  # fmt: skip
"""What is made of the runs. It goes before they change, since not every experiment makes all of it anew."""

LATER = (
    "data.regions", "data.unlabelled", "data.split.k_fold", "training.augment", "model.reverse_complement.filters",
    "model.reverse_complement.merge", "model.reverse_complement.join", "training.accumulate", "training.patience_of",
    "training.train_only", "training.optimiser.alpha", "training.optimiser.max_weight_norm", "model.input",
    "training.processes", "training.sync_every", "training.sync_warmup", "training.sync_optimiser",
)  # fmt: skip
"""Keys that came when runs stood in ledgers already: at its default such a key is no part of a run's identity."""


def split_identity(config: ExperimentConfig, dataset_hash: str) -> str:
    """Hash of all that a simple model depends on: examples, domains and their parts, and which labels may be seen."""
    data = config.model_dump(mode="json", exclude={"data": {"tracks"}})["data"]  # of which simple models see none
    labels = data["labels"]
    if config.data.labels.target == 0:
        del labels["target"]
    if config.data.labels.sources == 1:
        del labels["sources"]
    if labels.keys() == {"seed"}:
        del data["labels"]
    if config.data.unlabelled is None:
        del data["unlabelled"]
    if config.data.regions == "all":
        del data["regions"]  # as before there were any
    begun = {"begins_from": before} if (before := _begins_from(config)) else {}  # what those learned is no test
    return _digest({"data": data | {"path": ""}, "dataset": dataset_hash, **begun})


def with_options(identity: str, options: Mapping[str, Any]) -> str:
    """Hash of what a model depends on, and of its own options."""
    return _digest({"identity": identity, **options}) if options else identity


def run_identity(config: ExperimentConfig, method: Method, encoder: type, dataset_hash: str) -> str:
    """Hash of all that a run of `method` depends on beside its seed: settings, data, the user's own code."""
    values = config.model_dump(mode="json", exclude=set(IDLE))
    if config.training.sync_every == 1:  # then several processes learn what one does, as one device what another does
        for name in ("processes", "sync_warmup", "sync_optimiser"):
            del values["training"][name]
    for key in LATER:
        _forget_default(values, config, key.split("."))
    if config.training.optimiser.name != "rmsprop":
        values["training"]["optimiser"].pop("alpha", None)
    del values["data"]["path"], values["model"]["kmer_counts"]
    if k := config.words_counted:
        values["model"]["kmer_counts"] = k
    for name in IDLE_IN_TRAINING:
        del values["training"][name]
    if not method.sees_share(config.selection):
        del values["data"]["labels"]["target"]
    if config.data.labels.sources == 1:
        del values["data"]["labels"]["sources"]
    if values["data"]["labels"].keys() == {"seed"}:
        del values["data"]["labels"]
    if config.data.tracks:
        del values["data"]["tracks"]  # the dataset's hash tells of them; runs from before there were any stay the same
    if config.model.input.vectors is not None:
        values["model"]["input"]["vectors"] = read_vectors(config.model.input.vectors).hash
    values |= {"method": method.config.model_dump(mode="json"), "dataset": dataset_hash}
    values["code"] = [_source_hash(part) for part in (method.objective, encoder)]
    if before := _begins_from(config):
        values["training"]["init_from"] = before
    bias = values["model"]["encoder"].get("bias")
    if isinstance(bias, str) and RunFolder(Path(bias)).is_finished:
        values["model"]["encoder"]["bias"] = weights_hash(Path(bias))
    return _digest(values)


def _begins_from(config: ExperimentConfig) -> list[str]:
    """Return what tells the runs that training begins at from all others, wherever they lie."""
    return weights_hashes(config.training.init_from) if config.training.init_from is not None else []


def _forget_default(values: dict[str, Any], section: BaseModel, path: Sequence[str]) -> None:
    *outer, name = path
    for key in outer:
        values, section = values[key], getattr(section, key)
    if getattr(section, name) == type(section).model_fields[name].get_default(call_default_factory=True):
        values.pop(name, None)


def _source_hash(part: type) -> str:
    """Hash of the file of a user's own class; of ours nothing, since the version says it."""
    if part.__module__.startswith("cislearn."):
        return ""
    return hashlib.blake2b(Path(inspect.getfile(part)).read_bytes(), digest_size=16).hexdigest()


def _digest(values: Mapping[str, Any]) -> str:
    return hashlib.blake2b(json.dumps(values, sort_keys=True).encode(), digest_size=16).hexdigest()


def claim_folder(
    folder: ExperimentFolder, config: ExperimentConfig, identities: Mapping[str, str], *, overwrite: bool
) -> None:
    """Make the folder this experiment's own: refuse one with other content or with runs of another configuration."""
    path = folder.path
    if path.exists() and not path.is_dir():
        raise UserError("is a file, not a folder", where=path, fix="Give another --out.")
    if path.is_dir() and any(path.iterdir()):
        if not _is_experiment(path):
            raise UserError("holds other files and no experiment", where=path, fix="Give another --out.")
        if overwrite:
            _remove_runs(path)
    for title, identity in identities.items():
        for seed in config.training.seeds:
            run = folder.run(title, seed)
            if run.is_finished and run.info["identity"] != identity:
                raise UserError(
                    f"was made from other data or another configuration{_difference(path, config)}",
                    where=run.path,
                    fix="Give another --out, or --overwrite to train again.",
                )
    for name in (EXPERIMENT, *RESULTS):
        (path / name).unlink(missing_ok=True)
    _write_config(path, config)


def claim_rounds(path: Path, config: ExperimentConfig, domains: Sequence[str]) -> None:
    """Make the folder one of rounds, each domain's experiment in a folder of its own below it.

    Raises
    ------
    UserError
        Where it holds something else, or rounds of other domains.
    """
    known = {"config.yaml", EACH_RECORD, "leave_one_out.tsv", "report.html", *folder_names(domains)}
    if path.exists() and not path.is_dir():
        raise UserError("is a file, not a folder", where=path, fix="Give another --out.")
    found = {item.name for item in path.iterdir() if not item.name.startswith(".")} if path.is_dir() else set()
    if found and (found - known or "config.yaml" not in found):
        other = sorted(found - known)[0] if found - known else "no config.yaml"
        raise UserError(f"holds {other!r}, which this experiment does not make", where=path, fix="Give another --out.")
    for name in (EACH_RECORD, "leave_one_out.tsv", "report.html"):
        (path / name).unlink(missing_ok=True)
    _write_config(path, config)


def folder_names(domains: Sequence[str]) -> list[str]:
    """Return a folder's name for each domain: letters, digits, dot and dash, numbered where two would be equal."""
    names: list[str] = []
    for domain in domains:
        name = re.sub(r"[^\w.+-]+", "_", domain).strip(".") or "domain"
        names.append(name if name not in names else f"{name}_{len(names)}")
    return names


def _write_config(path: Path, config: ExperimentConfig) -> None:
    with file_written_whole(path / "config.yaml") as partial:
        partial.write_text(yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False), encoding="utf-8")


def _is_experiment(path: Path) -> bool:
    """Whether a folder is an experiment's, begun at least: many a project has a config.yaml that is not ours."""
    visible = {item.name for item in path.iterdir() if not item.name.startswith(".")}
    is_begun = (
        visible <= {"config.yaml", "battery", "leave_one_out", LABELLED}
        or (path / EXPERIMENT).is_file()
        or bool(_run_folders(path))
    )
    return is_begun and "config.yaml" in visible


def _run_folders(path: Path) -> set[Path]:
    return {marker.parent for name in (RUN, "identity") for marker in path.glob(f"*/*/{name}")}


def _remove_runs(path: Path) -> None:
    """Remove the runs, finished or not, and nothing that the user may have put beside them."""
    for run in _run_folders(path):
        shutil.rmtree(run)


def _difference(path: Path, config: ExperimentConfig) -> str:
    """The first key that both runs depend on and in which the stored configuration differs, for people."""
    stored = _flat(yaml.safe_load((path / "config.yaml").read_text(encoding="utf-8")))
    wanted = _flat(config.model_dump(mode="json"))
    for key in sorted(stored.keys() | wanted.keys()):
        if key not in ("out", "methods", "training.seeds") and stored.get(key) != wanted.get(key):
            return f" ({key}: {stored.get(key)} there, {wanted.get(key)} here)"
    return " (its own options, or the content of the dataset)"


def _flat(values: Any, prefix: str = "") -> dict[str, Any]:
    if isinstance(values, dict):
        return {k: v for key, value in values.items() for k, v in _flat(value, f"{prefix}{key}.").items()}
    return {prefix.rstrip("."): values}
