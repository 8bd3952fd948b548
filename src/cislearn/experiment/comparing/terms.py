"""Like for like: in what two runs differ beside the method, and whether their numbers answer one question.

``question``: data, domains or split differ, so that each number answers a question of its own. ``terms``: the question
is one, but one side had more to go by: labels, rows, steps, the choice of its weights. ``also``: every other setting.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from cislearn.baselines import GappedKmerSVM
from cislearn.experiment.comparing.contenders import Contender

Weight = Literal["question", "terms", "also", "options"]

ON_TERMS = ("training.batch_size", "training.balance", "training.init_from", "training.train_only", "selection")
"""Keys of the configuration that say how much a run had to go by."""

NOT_COMPARED = ("out", "methods", "battery", "leave_one_out", "training.seeds", "training.device", "training.epochs")
"""Keys that change no run, or are told in other words."""

ALWAYS_THE_SPLIT = ("data.split.leaks", "data.split.deal")
"""Keys of the split that also say which rows are trained on, whatever is tested."""


@dataclass(frozen=True)
class Difference:
    """One thing that is not alike.

    Parameters
    ----------
    weight : {"question", "terms", "also", "options"}
        What it does to the comparison; ``options`` are the methods' own, which are what is compared.
    what : str
        For people.
    values : tuple of str
        One a contender, in order.
    """

    weight: Weight
    what: str
    values: tuple[str, ...]

    def __str__(self) -> str:
        """Return one line for people."""
        return f"{self.what}: {' | '.join(self.values)}"


def find_differences(contenders: Sequence[Contender], parts: Sequence[pd.DataFrame]) -> list[Difference]:
    """Return all in which the contenders differ beside their methods, the gravest first.

    Parameters
    ----------
    contenders : list of Contender
        Two or more.
    parts : list of DataFrame
        Of each the recorded validation and test rows: domain and part by row of its dataset.
    """
    configs = [_flat(contender.config.model_dump(mode="json")) for contender in contenders]
    one_dataset = len({contender.dataset_hash for contender in contenders}) == 1
    found = [
        _differing("question", "dataset", [f"{c.config.data.path} ({c.dataset_hash[:8]})" for c in contenders])
        if not one_dataset
        else None,
        _differing("question", "target", [c.target or "none" for c in contenders]),
        _differing("question", "sources", [", ".join(c.sources) for c in contenders]),
        *_split(configs, parts, _same_parts(parts) if one_dataset else None),
        _differing("terms", "labels seen", [_labels_seen(c) for c in contenders]),
        _differing("terms", "labelled windows seen", [f"{len(c.seen.hashes):,}" for c in contenders]),
        _differing("terms", "steps", [None if c.is_simple else _steps(c) for c in contenders]),
        *(_setting(contenders, configs, key) for key in _other_keys(configs)),
        *_options(contenders),
    ]
    order = ("question", "terms", "also", "options")
    return sorted((each for each in found if each is not None), key=lambda each: order.index(each.weight))


def _differing(weight: Weight, what: str, values: Sequence[str | None]) -> Difference | None:
    """A difference where two values differ; None stands for what a contender does not have."""
    if len(set(values) - {None}) < 2:
        return None
    return Difference(weight, what, tuple(value or "-" for value in values))


def _labels_seen(contender: Contender) -> str:
    return "the target's (upper bound)" if contender.protocol.startswith("upper bound") else "the sources'"


def _steps(contender: Contender) -> str:
    steps = [run.info["steps"] for run in contender.runs]
    said = f"{min(steps):,}" if min(steps) == max(steps) else f"{min(steps):,} to {max(steps):,}"
    return f"{said} (epochs: {contender.config.training.epochs})"


def _same_parts(parts: Sequence[pd.DataFrame]) -> bool:
    """Whether all recorded the same rows of the domains that they have in common, in the same parts."""
    shared = set.intersection(*(set(table["domain"]) for table in parts))
    first, *others = (table.loc[table["domain"].isin(shared), "part"].sort_index() for table in parts)
    return all(first.equals(other) for other in others)


def _split(
    configs: Sequence[Mapping[str, Any]], parts: Sequence[pd.DataFrame], same_parts: bool | None
) -> list[Difference | None]:
    """What the keys of the split say, unless the rows of one dataset (None: of several) fell into the same parts."""
    keys = [key for key in _keys(configs) if key.startswith("data.split.")]
    looked_at = [key for key in keys if not same_parts or key in ALWAYS_THE_SPLIT]
    found = [_differing("question", _name(key), [_text(config.get(key)) for config in configs]) for key in looked_at]
    if same_parts is False and not any(found):
        counts = [table["part"].value_counts() for table in parts]
        shown = tuple(f"{n.get('valid', 0):,} for validation, {n.get('test', 0):,} for test" for n in counts)
        return [Difference("question", "rows of the split, with equal keys", shown)]
    return found


def _other_keys(configs: Sequence[Mapping[str, Any]]) -> list[str]:
    dealt_with = ("data.path", "data.target", "data.sources", "data.split.", *NOT_COMPARED)
    return [key for key in _keys(configs) if not key.startswith(dealt_with)]


def _setting(contenders: Sequence[Contender], configs: Sequence[Mapping[str, Any]], key: str) -> Difference | None:
    """How one key differs among those that it has a meaning for."""
    values = [
        _text(config.get(key)) if _has_meaning(contender, key) else None
        for contender, config in zip(contenders, configs, strict=True)
    ]
    return _differing("terms" if key in ON_TERMS or key.startswith("data.") else "also", _name(key), values)


def _has_meaning(contender: Contender, key: str) -> bool:
    """Whether a contender depends on a key: a simple model is not trained and has no encoder."""
    if key.startswith("gkm_svm"):
        return contender.is_simple and contender.method == GappedKmerSVM.name
    return not contender.is_simple or key.startswith("data.")


def _options(contenders: Sequence[Contender]) -> list[Difference | None]:
    """The options of contenders that have the same method."""
    options = [None if c.is_simple else json.dumps(c.config.methods[0].options, sort_keys=True) for c in contenders]
    return [_differing("options", "options of the methods", options)]


def _keys(configs: Sequence[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(key for config in configs for key in config))


def _name(key: str) -> str:
    return key.removeprefix("data.").removeprefix("training.").removeprefix("model.").replace("_", " ")


def _text(value: Any) -> str:
    return "none" if value is None else str(value)


def _flat(values: Any, prefix: str = "") -> dict[str, Any]:
    """Nested values by dotted keys; lists stay whole."""
    if not isinstance(values, Mapping):
        return {prefix.rstrip("."): values}
    return {key: value for name, each in values.items() for key, value in _flat(each, f"{prefix}{name}.").items()}
