"""A share of the only labels that there are: the rest is unlabelled, and nothing but the split and the draw knew it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

import cislearn as cl
from cislearn.data.dataset import read_dataset
from cislearn.errors import UserError
from cislearn.experiment.claim import run_identity, split_identity
from cislearn.experiment.execute import run_experiment
from cislearn.experiment.materials import gather_materials
from cislearn.experiment.reading import make_config
from cislearn.experiment.underway import settle
from cislearn.models.encoders.motif_cnn import MotifCNN
from cislearn.objectives.supervised import Supervised
from cislearn.schema import TaskSpec
from tests.conftest import TINY


class Unlabelled(Supervised):
    """Supervised; asks for windows without labels too."""

    draws = {"source": 1.0, "unlabelled": 2.0}  # noqa: RUF012


@pytest.fixture
def one_cell(tiny_data):
    """The labelled cell alone: there is no target."""
    return read_dataset(tiny_data)


def config_of(path, *arguments, target=None, method="supervised", out=None):
    values = {
        "data": {"path": str(path), "target": target, "sources": ["ery"]},
        "methods": [method],
        "out": None if out is None else str(out),
    }
    return make_config(values, [*(f"{key}={value}" for key, value in TINY.items()), "training.seeds=[0]", *arguments])


def settled(path, dataset, *arguments, **options):
    setting, (method,), _, _ = settle(config_of(path, *arguments, **options), dataset)
    return setting, method


def test_labels_that_may_not_be_seen_are_not_there(tiny_data, one_cell):
    setting, _ = settled(tiny_data, one_cell, "data.labels.sources=0.2")
    whole, _ = settled(tiny_data, one_cell)
    roles = setting.roles
    np.testing.assert_array_equal(roles.split.part, whole.roles.split.part)
    assert np.isnan(roles.dataset.labels_float(roles.hidden)).all()
    for part in ("train", "valid"):
        seen, all_of_them = roles.seen_rows("sources", part), whole.roles.seen_rows("sources", part)
        assert len(seen) == pytest.approx(0.2 * len(all_of_them), abs=2)
        assert set(seen) <= set(all_of_them)
        assert set(seen) | (set(roles.hidden) & set(roles.rows("sources", part))) == set(all_of_them)
        labels = one_cell.labels_float(seen)[:, 0]
        assert labels.mean() == pytest.approx(one_cell.labels_float(all_of_them)[:, 0].mean(), abs=0.05)
    test = roles.rows("sources", "test")
    np.testing.assert_array_equal(roles.dataset.labels_float(test), one_cell.labels_float(test))


def test_fewer_labels_are_some_of_the_more(tiny_data, one_cell):
    seen = []
    for share in (0.1, 0.3, 1):
        setting, _ = settled(tiny_data, one_cell, f"data.labels.sources={share}")
        seen.append(set(setting.roles.seen_rows("sources", "train")))
    assert seen[0] < seen[1] < seen[2]


@pytest.mark.parametrize("target", [None, "hep"])
def test_rows_without_labels_stand_behind_those_with_and_the_training_is_as_long(tiny_data, one_cell, target):
    """Of the target where there is one, else of the same domain: all of its rows, their label seen or not."""
    lengths = []
    for share in (0.1, 1):
        arguments = [f"data.labels.sources={share}", "training.epochs=3"]
        setting, method = settled(tiny_data, one_cell, *arguments, target=target)
        method = replace(method, objective=Unlabelled)
        made, roles = gather_materials(setting, method, 0), setting.roles
        batch = made.batches[1]
        n = min(60, len(roles.seen_rows("sources", "train")))
        assert batch.parts == {"source": slice(0, n), "unlabelled": slice(n, 3 * n)}
        assert batch.labelled == slice(0, n) and batch.unlabelled == slice(n, 3 * n)
        assert not batch.labels[:n].isnan().any() and batch.labels[n:].isnan().all()
        drawn = np.concatenate([made.batches[k].row[n:].numpy() for k in range(20)])
        rows = roles.rows("sources" if target is None else "target", "train")
        assert set(drawn) <= set(rows) and len(set(drawn)) > 0.9 * len(rows)
        lengths.append((made.plan.steps, made.plan.validate_every))
    assert lengths[0] == lengths[1]


def test_beside_a_share_of_the_target_unlabelled_rows_come_last(tiny_data, one_cell):
    setting, method = settled(tiny_data, one_cell, "data.labels.target=0.5", target="hep")
    batch = gather_materials(setting, replace(method, objective=Unlabelled), 0).batches[0]
    n = batch.parts["source"].stop
    assert batch.labelled == slice(0, n + round(n / 2)) and batch.parts["target"] == batch.parts["target_labelled"]
    assert batch.parts["unlabelled"] == batch.unlabelled and len(batch) == n + round(n / 2) + 2 * n


def test_hidden_labels_change_no_loss_and_no_weight(tiny_data, one_cell):
    """trap 18: labels turned round after the draw, in the rows that are not of it."""
    setting, method = settled(tiny_data, one_cell, "data.labels.sources=0.2")
    other = np.array(setting.roles.dataset.labels)
    other[setting.roles.hidden] = 1 - np.array(one_cell.labels)[setting.roles.hidden]
    found = []
    for labels in (np.array(setting.roles.dataset.labels), other):
        assert setting.roles.hidden.size
        seen = setting.roles.seen_rows("sources", "train")
        roles = replace(setting.roles, dataset=replace(setting.roles.dataset, labels=labels))
        hidden = replace(roles, dataset=roles.dataset.with_labels_hidden(roles.hidden))
        made = gather_materials(replace(setting, roles=hidden), method, 0)
        assert set(made.batches[0].row.tolist()) <= set(seen)
        losses = made.objective.losses(made.network, made.views(made.batches[0], "train", 0), 0.5)
        sum(losses.values()).backward()
        found.append([parameter.grad for parameter in made.network.parameters()])
    assert all(torch.equal(one, two) for one, two in zip(*found, strict=True))


def test_an_experiment_says_how_many_labels_it_saw_wherever_it_says_a_number(tiny_data, one_cell, tmp_path):
    found = run_experiment(config_of(tiny_data, "data.labels.sources=0.25", "battery=true", out=tmp_path / "few"))
    protocols = found.summary.set_index("method")["protocol"]
    assert set(protocols["supervised"]) == {"honest: no target label seen, 25 % of the source labels seen"}
    table = pd.read_csv(tmp_path / "few/labelled.tsv", sep="\t")
    label = next(name for name in table if name.startswith("label_"))
    np.testing.assert_array_equal(table[label], one_cell.labels_float(table["row"].to_numpy())[:, 0])
    setting, _ = settled(tiny_data, one_cell, "data.labels.sources=0.25")
    seen = np.concatenate([setting.roles.seen_rows("sources", part) for part in ("train", "valid")])
    np.testing.assert_array_equal(table["row"], np.sort(seen))
    assert "25 % of the source labels seen" in (tmp_path / "few/report.html").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("target", [None, "hep"])
def test_a_ladder_learns_from_the_windows_whose_labels_are_hidden(tiny_data, tmp_path, target):
    """With a target it learns from that one's windows; supervised at the same labels stands beside it."""
    arguments = ["data.labels.sources=0.25", "methods=[supervised, ladder]", "training.accumulate=2"]
    run_experiment(config_of(tiny_data, *arguments, target=target, out=tmp_path / "few"))
    runs = {name: tmp_path / "few" / name / "seed-0" for name in ("supervised", "ladder")}
    history = {name: pd.read_csv(run / "history.tsv", sep="\t") for name, run in runs.items()}
    assert history["ladder"]["train_reconstruction"].notna().all()
    assert "train_reconstruction" not in history["supervised"]
    assert history["ladder"]["step"].max() == history["supervised"]["step"].max() > 1
    assert "Reconstruction, input" in (tmp_path / "few/report.html").read_text()
    seen = [np.load(run / "seen.npy") for run in runs.values()]
    np.testing.assert_array_equal(*seen)


@pytest.mark.parametrize("identity", ["run", "simple"])
def test_the_share_is_part_of_what_a_run_is_and_all_labels_are_as_before(tiny_data, one_cell, identity):
    def identity_of(*arguments):
        config = config_of(tiny_data, *arguments)
        _, method = settled(tiny_data, one_cell, *arguments)
        is_run = identity == "run"
        return run_identity(config, method, MotifCNN, "x") if is_run else split_identity(config, "x")

    assert identity_of() == identity_of("data.labels.sources=1") == identity_of("data.labels.seed=4")
    assert len({identity_of(f"data.labels.sources={share}") for share in (0.1, 0.2, 1)}) == 3
    assert identity_of("data.labels.sources=0.1", "data.labels.seed=4") != identity_of("data.labels.sources=0.1")


def test_simple_models_are_others_where_labels_of_the_target_may_be_seen(tiny_data):
    """At 0 their identity is that of before they saw any."""

    def identity_of(*arguments):
        return split_identity(config_of(tiny_data, *arguments), "x")

    assert identity_of() == identity_of("data.labels.target=0") == identity_of("data.labels.seed=4")
    assert len({identity_of(f"data.labels.target={share}") for share in (0, 0.1, 0.2)}) == 3
    assert identity_of("data.labels.target=0.1", "data.labels.seed=4") != identity_of("data.labels.target=0.1")


def test_settings_of_other_optimisers_do_not_make_another_run(tiny_data, one_cell):
    def identity_of(*arguments):
        _, method = settled(tiny_data, one_cell)
        return run_identity(config_of(tiny_data, *arguments), method, MotifCNN, "x")

    rms = "training.optimiser.name=rmsprop"
    assert identity_of() == identity_of("training.optimiser.alpha=0.5")
    assert identity_of(rms) != identity_of(rms, "training.optimiser.alpha=0.5")
    assert identity_of() != identity_of("training.optimiser.max_weight_norm=3")


def test_a_share_that_leaves_a_class_out_is_refused(tiny_data, one_cell):
    """Each positive of the last task has a rarer answer to another, and of those only one in five is drawn."""
    train = settled(tiny_data, one_cell)[0].roles.seen_rows("sources", "train")
    rng, n_tasks = np.random.default_rng(0), 8
    labels = rng.integers(0, 2, (len(one_cell), 40)).astype(np.int8)
    labels[train, :n_tasks] = 0
    for task in range(n_tasks - 1):
        labels[train[5 * task : 5 * task + 5], task] = 1
        labels[train[5 * task], n_tasks - 1] = 1
    spec = replace(one_cell.spec, tasks=tuple(TaskSpec(f"t{t}") for t in range(40)))
    many, refused = replace(one_cell, spec=spec, labels=labels), 0
    for seed in range(12):
        try:
            settle(config_of(tiny_data, "data.labels.sources=0.2", f"data.labels.seed={seed}"), many)
        except UserError as error:
            refused += 1
            assert "of 20% of the training labels of 'ery' task 't7' has only label 0" in str(error)
            assert "data.labels.sources" in str(error) and "Take a larger share" in str(error)
    assert 0 < refused < 12


def test_values_are_drawn_by_their_share_too(tiny_data, one_cell):
    """Of a regression task each value is another: as classes all rows would be drawn."""
    rng = np.random.default_rng(0)
    spec = replace(one_cell.spec, tasks=(TaskSpec("level", "regression"),))
    values = replace(one_cell, spec=spec, labels=rng.normal(size=(len(one_cell), 1)).astype(np.float32))
    setting, _ = settled(tiny_data, values, "data.labels.sources=0.2")
    n_seen, n_hidden = len(setting.roles.seen_rows("sources", "train")), len(setting.roles.hidden)
    assert n_hidden > 3 * n_seen > 0


@pytest.mark.parametrize("share", [0, -1, 1.5])
def test_a_share_that_makes_no_sense_is_refused(tiny_data, share):
    with pytest.raises(UserError, match=r"data\.labels\.sources"):
        config_of(tiny_data, f"data.labels.sources={share}")


@pytest.mark.parametrize("balance", ["class", "domain_and_class"])
def test_alignment_with_shares_that_balance_makes_equal_is_refused(tiny_data, tmp_path, balance):
    settings = TINY | {"training.balance": balance, "methods": [{"name": "fixmatch", "align": True}]}
    with pytest.raises(UserError, match="aligns with the share of each class, and balance by class makes them equal"):
        cl.train(tiny_data, target="hep", seeds=1, out=tmp_path / "e", settings=settings)
