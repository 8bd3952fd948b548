"""Modes by the share of the target's labels: who sees what, in training, in the choice of weights, in tables."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from cislearn.cli.show_experiment import show_experiment
from cislearn.data.dataset import read_dataset
from cislearn.errors import UserError
from cislearn.experiment.completion import Experiment
from cislearn.experiment.execute import run_experiment
from cislearn.experiment.materials import gather_materials
from cislearn.experiment.reading import make_config
from cislearn.experiment.underway import settle
from cislearn.models.saving import load_network
from tests.conftest import TINY

METHODS = ["source_only", "source_and_target", "adversarial", "target_only", "target_labels"]


def config_of(data: Path, *arguments: str, out: Path | None = None):
    values = {
        "data": {"path": str(data), "target": "hep"},
        "methods": METHODS,
        "out": None if out is None else str(out),
    }
    return make_config(values, [*(f"{key}={value}" for key, value in TINY.items()), "training.seeds=[0]", *arguments])


def made_of(data: Path, *arguments: str):
    setting, methods, _, _ = settle(config_of(data, *arguments), read_dataset(data))
    return setting, {method.title: gather_materials(setting, method, 0) for method in methods}


@pytest.mark.parametrize("share", [0.1, 0.2, 0.5, 1.0])
def test_a_batch_holds_the_labels_that_its_method_may_see(tiny_data, share):
    """traps 16 and 17: modes are named by their share, and an unlabelled row has no label to be read."""
    setting, made = made_of(tiny_data, f"data.labels.target={share}", "training.batch_size=64")
    dataset = setting.roles.dataset
    target = dataset.spec.domains.index("hep")
    shown = set(setting.roles.seen_rows("share", "train").tolist())
    n = round(64 * share)
    for title in METHODS[:3]:
        batch = made[title].batches[3]
        labels, is_target = batch.labels[:, 0], batch.domain == target
        has_label = ~labels.isnan()
        assert int((has_label & ~is_target).sum()) == 64
        assert int((has_label & is_target).sum()) == (0 if title == "source_only" else n)
        assert set(batch.row[has_label & is_target].tolist()) <= shown
        assert has_label[batch.labelled].all() and int(has_label.sum()) == batch.labelled.stop
        if title == "adversarial":
            assert int(is_target.sum()) == 64
            assert is_target[batch.parts["target"]].all()
        np.testing.assert_array_equal(labels[has_label], dataset.labels_float(batch.row[has_label].numpy())[:, 0])
    alone = made["target_only"].batches[0]
    assert set(alone.row.tolist()) <= shown and not alone.labels.isnan().any()


@pytest.mark.parametrize("title", METHODS[1:4])
def test_no_other_label_of_the_target_has_a_say(tiny_data, title):
    """traps 17 and 18: with all labels that are not shown turned round, gradients and validation rows are the same."""
    setting, methods, _, _ = settle(config_of(tiny_data, "data.labels.target=0.2"), read_dataset(tiny_data))
    method = next(method for method in methods if method.title == title)
    data = setting.roles.dataset
    hidden = (data.loci["domain"] == "hep").to_numpy() & ~setting.roles.shown
    labels = np.array(data.labels)
    labels[hidden] = 1 - labels[hidden]
    poisoned = replace(setting, roles=replace(setting.roles, dataset=replace(data, labels=labels)))
    gradients = []
    for each in (setting, poisoned):
        made = gather_materials(each, method, 0)
        for step in range(3):
            batch = made.views(made.batches[step], "train", step)
            sum(made.objective.losses(made.network, batch, 0.5).values()).backward()
        gradients.append([parameter.grad for parameter in made.network.parameters()])
        assert not hidden[each.judged_rows(method)].any()
    assert all(torch.equal(one, other) for one, other in zip(*gradients, strict=True))
    assert sum(float(gradient.abs().sum()) for gradient in gradients[0]) > 0


@pytest.fixture(scope="module")
def experiment(tiny_data, tmp_path_factory):
    out = tmp_path_factory.mktemp("budget") / "run"
    run_experiment(config_of(tiny_data, "data.labels.target=0.25", out=out))
    return out


def test_the_labelled_rows_are_on_record(experiment, tiny_data):
    table = pd.read_csv(experiment / "labelled.tsv", sep="\t")
    dataset = read_dataset(tiny_data)
    assert set(table["domain"]) == {"hep"} and set(table["part"]) == {"train", "valid"}
    label = next(name for name in table if name.startswith("label_"))
    np.testing.assert_array_equal(table[label], dataset.labels_float(table["row"].to_numpy())[:, 0])
    train = table[table["part"] == "train"]
    is_train = (dataset.loci["domain"] == "hep") & (dataset.loci["part"] == "train")
    assert len(train) == pytest.approx(0.25 * is_train.sum(), rel=0.2)


def test_every_number_says_which_share_was_seen(experiment):
    summary = (
        pd.read_csv(experiment / "summary.tsv", sep="\t").drop_duplicates("method").set_index("method")["protocol"]
    )
    assert summary["source_only"] == "honest: no target label seen"
    for method in ("source_and_target", "adversarial", "target_only"):
        assert summary[method] == "honest: 25 % of the target labels seen"
    assert summary["target_labels"] == "upper bound: trained on target labels"
    assert "25 % of the target labels seen" in (experiment / "report.html").read_text()


def test_a_run_that_sees_none_of_the_share_is_the_same_run_whatever_the_share(experiment, tiny_data, tmp_path):
    run_experiment(config_of(tiny_data, "methods=[source_only]", out=tmp_path / "none"))
    ours, theirs = (
        json.loads((path / "source_only/seed-0/run.json").read_text()) for path in (experiment, tmp_path / "none")
    )
    assert ours["identity"] == theirs["identity"]
    one, other = (load_network(path / "source_only/seed-0").state_dict() for path in (experiment, tmp_path / "none"))
    assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["methods=[source_and_target]"], "share of the target's labels, which is 0"),
        (["methods=[target_only]"], "share of the target's labels, which is 0"),
        (["selection=target_validation", "methods=[source_only]"], "target_validation chooses by the share"),
        (["data.labels.target=1.5"], "less than or equal to 1"),
        (["data.labels.target=0.1", "data.target=null", "methods=[supervised]"], "there is no target"),
    ],
)
def test_a_share_that_makes_no_sense_is_refused(tiny_data, arguments, message):
    with pytest.raises(UserError, match=message):
        settle(config_of(tiny_data, *arguments), read_dataset(tiny_data))


def test_a_share_of_a_target_without_labels_is_refused(tiny_data):
    dataset = read_dataset(tiny_data).without_labels("hep")
    with pytest.raises(UserError, match=r"10% of the training labels of 'hep' .* has none"):
        settle(config_of(tiny_data, "data.labels.target=0.1", "methods=[adversarial]"), dataset)


def test_weights_can_be_chosen_by_the_labelled_share(tiny_data):
    setting, methods, _, _ = settle(
        config_of(tiny_data, "data.labels.target=0.25", "selection=target_validation"), read_dataset(tiny_data)
    )
    for method in methods[:4]:
        np.testing.assert_array_equal(setting.judged_rows(method), setting.roles.seen_rows("share", "valid"))
        assert method.protocol("target_validation") == "honest: 25 % of the target labels seen"


def test_an_encoder_of_other_factors_and_cells_goes_on_to_a_new_one(tmp_path):
    """Trained on two factors in two cells, the encoder begins a training for a third in cells of other names."""
    from cislearn.data.dataset import write_dataset
    from cislearn.data.simulate import simulate, write_simulated
    from cislearn.schema import TaskSpec

    write_simulated(tmp_path / "one", simulate("none", n_train=400, n_test=200, seed=1))
    one = read_dataset(tmp_path / "one")
    both = np.concatenate([one.labels, 1 - one.labels], axis=1)
    spec = replace(one.spec, tasks=(TaskSpec("GABPA"), TaskSpec("YY1")))
    many = write_dataset(tmp_path / "many", spec=spec, loci=one.loci, labels=both, sequences=one.sequences)
    first = config_of(many.path, "methods=[supervised]", "data.target=null", out=tmp_path / "first")
    run_experiment(first)
    new = one.loci.assign(domain=one.loci["domain"].map({"ery": "A549", "hep": "liver"}))
    spec = replace(one.spec, tasks=(TaskSpec("MAX"),), domains=("A549", "liver"))
    other = write_dataset(tmp_path / "new", spec=spec, loci=new, labels=np.array(one.labels), sequences=one.sequences)
    arguments = ["methods=[adversarial]", "data.target=liver", f"training.init_from={tmp_path / 'first'}"]
    setting, (method,), _, _ = settle(config_of(other.path, *arguments), other)
    begun = gather_materials(setting, method, 0).network
    trained = load_network(tmp_path / "first/supervised/seed-0")
    assert torch.equal(
        begun.encoder.state_dict()["stages.0.linear.weight"], trained.encoder.state_dict()["stages.0.linear.weight"]
    )
    assert begun.head.state_dict().keys() == trained.head.state_dict().keys()
    assert begun.spec.tasks != trained.spec.tasks and begun.spec.n_logits == 1


def test_the_report_and_the_terminal_say_the_share_where_they_say_the_result(experiment, capsys):
    """trap 17: a number of a method that saw target labels must not stand as one of a target without."""
    page = (experiment / "report.html").read_text()
    assert "never labelled in training" not in page and "with 25 % of its labels seen in training" in page
    tables = [pd.read_csv(experiment / name, sep="\t") for name in ("summary.tsv", "comparison.tsv")]
    show_experiment(Experiment(experiment, *tables, experiment / "report.html"))
    shown = " ".join(capsys.readouterr().out.split())
    assert (
        "protocol: honest: no target label seen (source only); honest: 25 % of the target labels seen (source" in shown
    )
    assert "target only); upper bound (target labels), selection: " in shown
