"""The networks of DeepREG and ours, beside the simple models on the same folds: a ledger that goes on, and its page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib.resources import files as resources
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from cislearn.atomic import file_written_whole
from cislearn.baselines.expression import (
    Completion,
    Inputs,
    LowRank,
    PromoterRidge,
    RegulatorRidge,
    TwoSteps,
    predict_fold,
)
from cislearn.baselines.expression.promoter_ridge import WORD
from cislearn.data.expression.ablations import ABLATIONS
from cislearn.engine.devices import Device, choose_device
from cislearn.errors import UserError, nearest
from cislearn.experiment.expression import IDENTITY, Materials, fold_scores, train_on_fold
from cislearn.models.two_towers import DESIGNS
from cislearn.progress import Progress, silent
from cislearn.reports.numbers import decimal
from cislearn.sequence.composition import count_words
from cislearn.studies.deepreg.carry_out import yeast_dataset
from cislearn.studies.ledger import Table
from cislearn.studies.markdown import table
from cislearn.studies.study import SIZES, Size
from cislearn.training.two_towers.plan import block_recipe

NAME = "deepreg_networks"
TITLE = "DeepREG: networks of promoters and regulators"
KEYS = ("size", "split", "method", "seed")
METRICS = ("MSE", "Pearson", "Spearman", "R2", "accuracy")
SIMPLE: dict[str, type[Completion]] = {
    "pair": LowRank,
    "condition": RegulatorRidge,
    "series": RegulatorRidge,
    "gene": PromoterRidge,
    "both": TwoSteps,
}
"""The best simple model of each split."""
_BOTH = OURS, PUBLISHED = "factors", "tensor_product"
LONG = ("lstm", "gru_15", "lstm_outer")
"""Recurrent networks of 65 steps: hours an epoch, even of a tenth of the genes; for size paper alone."""


class NetworkTrial(NamedTuple):
    """One training, or one fit of a simple model.

    Parameters
    ----------
    split, method, seed
        Its place in the ledger. The seed is also the number of the fold.
    network, ablation
        Which; no network for the simple model.
    share : float
        Of the genes.
    epochs : int, optional
        At most; by default those of the network.
    classes : bool
        Whether calls are learned.
    """

    split: str
    method: str
    seed: int
    network: str | None = None
    ablation: str | None = None
    share: float = 1.0
    epochs: int | None = None
    classes: bool = False


def network_trials(size: Size) -> list[NetworkTrial]:
    """Return the trainings of a size, the first seeds of all first.

    Desk: ours and the tensor product on all splits from three seeds, ablations of ours from one, and the other
    published networks on a tenth of the genes, split by pair.
    """
    if size == "smoke":
        small = [NetworkTrial(split, SIMPLE[split].name, 0) for split in ("series", "gene")]
        nets = [
            NetworkTrial(split, name, 0, name, epochs=1) for split in ("series", "gene") for name in (OURS, PUBLISHED)
        ]
        return [*small, *nets, NetworkTrial("gene", f"{OURS}, {IDENTITY}", 0, OURS, IDENTITY, epochs=1)]
    found: list[NetworkTrial] = []
    for seed in range(3):
        for split, simple in SIMPLE.items():
            found.append(NetworkTrial(split, simple.name, seed))
            found.append(NetworkTrial(split, OURS, seed, OURS))
            found.append(NetworkTrial(split, PUBLISHED, seed, PUBLISHED, epochs=8 if size == "desk" else None))
        if not seed:
            found += list(_once(size))
    return found


def _once(size: Size) -> Iterator[NetworkTrial]:
    for split in SIMPLE:
        for ablation in (*ABLATIONS, IDENTITY):
            yield NetworkTrial(split, f"{OURS}, {ablation}", 0, OURS, ablation)
    share, epochs = (0.1, 8) if size == "desk" else (1.0, None)
    suffix = " (a tenth of the genes)" if share < 1 else ""
    yield NetworkTrial("pair", f"{LowRank.name}{suffix}", 0, share=share)
    for name in DESIGNS:
        if name != OURS and (size == "paper" or name not in LONG):
            yield NetworkTrial("pair", f"{name}{suffix}", 0, name, share=share, epochs=epochs)
    yield NetworkTrial("pair", f"concatenation, calls{suffix}", 0, "concatenation", None, share, epochs, classes=True)


def run_networks(
    files: Path,
    out: Path,
    results: Path,
    size: Size,
    only: Sequence[str] | None = None,
    device: Device | None = None,
    progress: Progress = silent,
) -> Path:
    """Carry out what the ledger ``deepreg_networks.tsv`` lacks, one training at a time; return the page.

    Parameters
    ----------
    files, out, results : Path
        Folder that holds ``yeast/``; where the dataset goes; where ledger and page go.
    size : {"smoke", "desk", "paper"}
        Which trainings.
    only : list of str, optional
        ``split=``, ``method=`` or ``seed=`` with values: only those.
    device : Device, optional
        Where to compute; by default the GPU, if there is one.
    progress : callable, optional
        Told of each epoch.

    Raises
    ------
    UserError
        Where files are absent, or `only` names what there is not.
    """
    if size not in SIZES:
        raise UserError(f"size {size!r} is not known{nearest(size, SIZES)}")
    device = device or choose_device("auto")
    wanted = _chosen(network_trials(size), only or [])
    ledger = Table(results / f"{NAME}.tsv", (*KEYS, "metric"), ("device",))
    whole = Materials.of(yeast_dataset(files / "yeast", out, progress))
    for trial in wanted:
        done = ledger.read()
        if len(done) and (done[list(KEYS)] == _place(size, trial)).all(axis=1).any():
            continue
        progress(f"{trial.split}, {trial.method}, seed {trial.seed}")
        materials = whole if trial.share == 1 else whole.some_genes(trial.share)
        rows = _scores(trial, materials, device, progress)
        ledger.add(rows.assign(**dict(zip(KEYS, _place(size, trial), strict=True)), device=str(device)))
    return write_networks_page(results / f"{NAME}.md", ledger.read())


def write_networks_page(path: Path, scores: pd.DataFrame) -> Path:
    """Write the page of a ledger: for each split and method the mean over its seeds."""
    parts = [f"# {TITLE}", (resources("cislearn.studies.deepreg") / "networks.md").read_text(encoding="utf-8").strip()]
    for (size, split), mine in scores.groupby(["size", "split"], sort=False):
        rows = []
        for method, its in mine.groupby("method", sort=False):
            means = its.groupby("metric")["estimate"].mean()
            rows.append(
                [str(method), str(its["seed"].nunique()), *(decimal(means.get(each, np.nan)) for each in METRICS)]
            )
        parts += [f"## By {split} (size {size})", table(["method", "seeds", *METRICS], rows)]
    with file_written_whole(path) as partial:
        partial.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    return path


def _scores(trial: NetworkTrial, materials: Materials, device: Device, progress: Progress) -> pd.DataFrame:
    fold = materials.folds(trial.split)[trial.seed]
    if trial.network is None:
        words = count_words(materials.block.tokens.numpy(), WORD)
        model = SIMPLE[trial.split]()
        values = predict_fold(model, materials.labels, fold, Inputs(words, materials.regulators)).values
        return pd.DataFrame(list(fold_scores(materials, fold, trial.split, values.astype(np.float32)[:, :, None])))
    plan = replace(block_recipe(trial.network), seed=trial.seed)
    plan = plan if trial.epochs is None else replace(plan, epochs=trial.epochs)
    trained = train_on_fold(
        materials, fold, trial.network, plan, device.torch,
        ablation=trial.ablation, classes=trial.classes, progress=progress,
    )  # fmt: skip
    return pd.DataFrame(list(fold_scores(materials, fold, trial.split, trained.predicted))).assign(
        epoch=trained.fitted.epoch, seconds=sum(row["seconds"] for row in trained.fitted.history)
    )


def _place(size: str, trial: NetworkTrial) -> list[str]:
    return [size, trial.split, trial.method, str(trial.seed)]


def _chosen(trials: Sequence[NetworkTrial], only: Sequence[str]) -> list[NetworkTrial]:
    chosen = list(trials)
    for setting in only:
        axis, _, text = setting.partition("=")
        if axis not in KEYS[1:]:
            raise UserError(f"axis {axis!r} is not known{nearest(axis, KEYS[1:])}", where="--only")
        known = {str(getattr(trial, axis)) for trial in trials}
        for value in text.split(","):
            if value not in known:
                raise UserError(f"{axis} {value!r} is not known{nearest(value, known)}", where="--only")
        chosen = [trial for trial in chosen if str(getattr(trial, axis)) in text.split(",")]
    return chosen
