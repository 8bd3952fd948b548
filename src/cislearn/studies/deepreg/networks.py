"""The networks of DeepREG and ours, beside the simple models on the same folds: ledgers that go on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

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
from cislearn.data.expression.splits import Fold
from cislearn.engine.devices import Device, choose_device
from cislearn.errors import UserError, nearest
from cislearn.experiment.expression import IDENTITY, Materials, Trained, fold_scores, log_ratios, train_on_fold
from cislearn.explain.expression.ranking import ranking
from cislearn.explain.expression.regulators import strongest, worth_of_regulators
from cislearn.explain.expression.rules import RULES
from cislearn.models.two_towers import DESIGNS
from cislearn.progress import Progress, silent
from cislearn.sequence.composition import count_words
from cislearn.studies.deepreg.carry_out import yeast_dataset
from cislearn.studies.deepreg.networks_page import write_networks_page
from cislearn.studies.deepreg.pictures import BOTH, OURS, PUBLISHED, SHOWN
from cislearn.studies.ledger import Table
from cislearn.studies.study import SIZES, Size
from cislearn.training.two_towers import DivergedError
from cislearn.training.two_towers.plan import block_recipe

NAME, SCORES = "deepreg_networks", "scores"
KEYS = ("size", "split", "method", "seed")
FURTHER = {
    "curves": ("epoch",),
    "pairs": ("number",),
    "ranking": ("regulator",),
    "influences": ("regulator", "gene"),
}
"""Tables beside the scores, of which pictures are drawn, and what tells the rows of a trial apart."""
STRONGEST = 300
"""Pairs of regulator and gene that are kept of a trial."""
RULE = "reveal_cancel"
SIMPLE: dict[str, type[Completion]] = {
    "pair": LowRank,
    "condition": RegulatorRidge,
    "series": RegulatorRidge,
    "gene": PromoterRidge,
    "both": TwoSteps,
}
"""The best simple model of each split."""
LONG = ("lstm", "gru_15", "lstm_outer")
"""Recurrent networks of 65 steps: hours an epoch, even of a tenth of the genes; for size paper alone."""
FEW = 4
"""Epochs of the tensor product on all genes in size desk: 20 minutes on a core."""


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
            found.append(NetworkTrial(split, PUBLISHED, seed, PUBLISHED, epochs=FEW if size == "desk" else None))
        if not seed:
            found += list(_once(size))
    return found


def _once(size: Size) -> Iterator[NetworkTrial]:
    for split in SIMPLE:
        for ablation in (*ABLATIONS, IDENTITY):
            yield NetworkTrial(split, f"{OURS}, {ablation}", 0, OURS, ablation)
    share = 0.1 if size == "desk" else 1.0
    suffix = " (a tenth of the genes)" if share < 1 else ""
    yield NetworkTrial("pair", f"{LowRank.name}{suffix}", 0, share=share)
    for name in DESIGNS:
        if name != OURS and (size == "paper" or name not in LONG):
            yield NetworkTrial("pair", f"{name}{suffix}", 0, name, share=share)
    yield NetworkTrial("pair", f"concatenation, calls{suffix}", 0, "concatenation", share=share, classes=True)


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
    ledgers = networks_ledgers(results)
    whole = Materials.of(yeast_dataset(files / "yeast", out, progress))
    for trial in wanted:
        done = ledgers[SCORES].read()
        place = dict(zip(KEYS, _place(size, trial), strict=True))
        if len(done) and (done[list(KEYS)] == list(place.values())).all(axis=1).any():
            continue
        progress(f"{trial.split}, {trial.method}, seed {trial.seed}")
        materials = whole if trial.share == 1 else whole.some_genes(trial.share)
        try:
            tables_of_it = _tables(trial, materials, device, progress)
        except DivergedError as error:  # a result like any other, and no reason to stop before the next network
            progress(error.problem)
            tables_of_it = {SCORES: _diverged(error.epoch, device)}
        for name, rows in tables_of_it.items():
            ledgers[name].replace(place, rows.assign(**place))
    tables = {name: table.read() for name, table in ledgers.items()}
    return write_networks_page(results / f"{NAME}.md", tables, {size: _missing(size, tables[SCORES])})


def _missing(size: Size, scores: pd.DataFrame) -> list[str]:
    """Say how many trainings of each method the ledger of a size lacks."""
    done = set(scores[list(KEYS)].itertuples(index=False, name=None))
    trials = network_trials(size)
    all_of = Counter(trial.method for trial in trials)
    lacking = Counter(trial.method for trial in trials if tuple(_place(size, trial)) not in done)
    return [f"{method} ({n} of {all_of[method]})" for method, n in lacking.items()]


def networks_ledgers(results: Path) -> dict[str, Table]:
    """Return the tables of the study by name; that of the scores tells what is done."""
    further = {name: Table(results / f"{NAME}.{name}.tsv", (*KEYS, *keys)) for name, keys in FURTHER.items()}
    return {SCORES: Table(results / f"{NAME}.tsv", (*KEYS, "metric"), ("device",))} | further


def _tables(trial: NetworkTrial, materials: Materials, device: Device, progress: Progress) -> dict[str, pd.DataFrame]:
    """Return what is written of a trial, the scores last: what is broken off before them is done again."""
    fold = materials.folds(trial.split)[trial.seed]
    if trial.network is None:
        words = count_words(materials.block.tokens.numpy(), WORD)
        model = SIMPLE[trial.split]()
        values = predict_fold(model, materials.labels, fold, Inputs(words, materials.regulators)).values
        scores = pd.DataFrame(list(fold_scores(materials, fold, trial.split, values.astype(np.float32)[:, :, None])))
        return {SCORES: scores.assign(device="cpu")}
    plan = replace(block_recipe(trial.network), seed=trial.seed)
    plan = plan if trial.epochs is None else replace(plan, epochs=trial.epochs)
    trained = train_on_fold(
        materials, fold, trial.network, plan, device.torch,
        ablation=trial.ablation, classes=trial.classes, progress=progress,
    )  # fmt: skip
    history = pd.DataFrame(trained.fitted.history)
    found = {"curves": history[["epoch", *(name for name in ("train_loss", "valid_loss") if name in history)]]}
    if trial.seed == 0 and trial.method in BOTH:
        found["pairs"] = _some_pairs(materials, fold, trained)
        if trial.split == "pair":
            found |= _worth(materials, trained, device, progress)
    scores = pd.DataFrame(list(fold_scores(materials, fold, trial.split, trained.predicted)))
    seconds = history["seconds"].sum()
    return found | {SCORES: scores.assign(epoch=trained.fitted.epoch, seconds=seconds, device=str(device))}


def _diverged(epoch: int, device: Device) -> pd.DataFrame:
    """Return what the ledger says of a training whose loss became no number in an epoch."""
    return pd.DataFrame({"metric": ["MSE"], "estimate": [np.nan], "epoch": [epoch], "device": [str(device)]})


def _some_pairs(materials: Materials, fold: Fold, trained: Trained) -> pd.DataFrame:
    tested = np.flatnonzero(fold.test & ~np.isnan(materials.labels))
    some = np.sort(np.random.default_rng(0).permutation(tested)[:SHOWN])
    observed, predicted = (values.ravel()[some] for values in (materials.labels, log_ratios(trained.predicted)))
    return pd.DataFrame({"number": some, "observed": observed, "predicted": predicted})


def _worth(materials: Materials, trained: Trained, device: Device, progress: Progress) -> dict[str, pd.DataFrame]:
    progress("what its regulators are worth")
    worth = worth_of_regulators(trained.network, materials.block, RULES[RULE], device.torch)
    names = materials.regulators.names
    ranked = ranking(worth.size.mean(dim=0).numpy()[None], names).drop(columns=["best_rank", "worst_rank", "sd"])
    pairs = strongest(worth, materials.dataset.loci["name"].tolist(), names, STRONGEST)
    return {"ranking": ranked, "influences": pairs.rename(columns={"size": "contribution"})}


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
