"""Each labelled domain left out in turn."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import cislearn as cl
from cislearn.cli.show_experiment import show_experiment
from cislearn.data.dataset import ABSENT
from cislearn.data.simulate import simulate, write_simulated
from cislearn.errors import UserError
from cislearn.evaluation.metrics import auroc, auroc_many
from cislearn.experiment.claim import folder_names
from cislearn.experiment.completion import Experiment
from cislearn.experiment.mean import mean_over, mean_rows
from cislearn.schema import TaskSpec
from tests.conftest import TINY

pytestmark = pytest.mark.slow  # its experiments take a minute

METHODS = ["source_only", "adversarial"]


@pytest.fixture(scope="module")
def simulated():
    return simulate("mixed", sources=("ery", "epi"), target="hep", n_train=400, n_test=200, seed=0)


@pytest.fixture(scope="module")
def unlabelled(simulated, tmp_path_factory):
    """A dataset whose target has no label at all."""
    labels = np.array(simulated.labels)
    labels[simulated.loci["domain"] == "hep"] = ABSENT
    path = tmp_path_factory.mktemp("unlabelled") / "sim"
    write_simulated(path, replace(simulated, labels=labels))
    return path


@pytest.fixture(scope="module")
def each(simulated, tmp_path_factory):
    folder = tmp_path_factory.mktemp("each")
    write_simulated(folder / "sim", simulated)
    cl.train(folder / "sim", target="each", methods=METHODS, seeds=2, out=folder / "run", settings=TINY)
    return folder / "run"


@pytest.fixture(scope="module")
def estimated(unlabelled, tmp_path_factory):
    out = tmp_path_factory.mktemp("estimated") / "run"
    return cl.train(unlabelled, target="hep", methods=METHODS, seeds=2, out=out, settings=TINY)


def test_names_of_domains_become_names_of_folders():
    names = folder_names(["K562", "H1-hESC", "T cell/CD4+", "T cell:CD4+", ".."])
    assert names == ["K562", "H1-hESC", "T_cell_CD4+", "T_cell_CD4+_3", "domain"]


def test_the_mean_over_groups_is_the_mean_of_their_metrics(rng):
    labels, scores, groups = rng.integers(0, 2, 90), rng.normal(size=90), np.repeat([0, 1, 2], 30)
    weights = rng.integers(0, 3, (4, 90)).astype(float)
    mean = mean_over(groups, auroc_many)(labels, scores, weights)
    for i, row in enumerate(weights):
        each = [auroc(labels[groups == g], scores[groups == g], row[groups == g]) for g in range(3)]
        assert mean[i] == pytest.approx(np.mean(each))


class OfTasks:
    """Test predictions of one experiment: `labels` by task, the same logits of two seeds for each method."""

    def __init__(self, labels):
        tasks = tuple(TaskSpec(name) for name in labels)
        self.roles = SimpleNamespace(dataset=SimpleNamespace(spec=SimpleNamespace(tasks=tasks)))
        self.labels = {name: np.array(values, dtype=float) for name, values in labels.items()}

    def inputs(self, title, side, task):
        labels = self.labels[task.name]
        logits = np.random.default_rng(len(title)).normal(size=(2, len(labels)))
        return {"labels": labels, "logits": logits, "clusters": np.arange(len(labels))}


def test_the_mean_of_a_task_is_over_the_domains_that_have_labels_of_it(rng):
    answers, absent = rng.integers(0, 2, 40), np.full(40, np.nan)
    scores = [
        OfTasks({"a": answers, "b": absent, "c": absent}),
        OfTasks({"a": answers, "b": answers, "c": absent}),
    ]
    rows = mean_rows(scores, ["first", "second"], "first").set_index(["task", "method", "metric"])
    assert rows.loc["a", "domain"].unique().tolist() == ["mean over 2 domains"]
    assert rows.loc["b", "domain"].unique().tolist() == ["mean over 1 domain"]
    alone = auroc(answers, scores[1].inputs("second", "target", TaskSpec("b"))["logits"][0])
    other = auroc(answers, scores[1].inputs("second", "target", TaskSpec("b"))["logits"][1])
    assert rows.loc[("b", "second", "AUROC"), "estimate"] == pytest.approx((alone + other) / 2)
    assert "c" not in rows.index.get_level_values("task")


def test_each_labelled_domain_is_the_target_once(each):
    record = json.loads((each / "each.json").read_text())
    assert record["domains"] == ["ery", "epi", "hep"]
    for domain in record["domains"]:
        info = json.loads((each / domain / "experiment.json").read_text())
        assert info["target"] == domain
        assert (each / domain / "report.html").is_file()
    assert record["split"] in (each / "report.html").read_text()


def test_the_table_holds_every_domain_and_the_mean(each):
    table = pd.read_csv(each / "leave_one_out.tsv", sep="\t")
    rows = table[(table["method"] == "adversarial") & (table["metric"] == "AUROC")].set_index("domain")
    assert list(rows.index) == ["ery", "epi", "hep", "mean over 3 domains"]
    assert rows.loc["mean over 3 domains", "estimate"] == pytest.approx(rows["estimate"][:3].mean(), abs=1e-5)
    assert rows.loc["mean over 3 domains", "difference"] == pytest.approx(rows["difference"][:3].mean(), abs=1e-5)
    assert (rows["low"] <= rows["estimate"]).all() and (rows["estimate"] <= rows["high"]).all()
    spread = (rows["high"] - rows["low"]).to_numpy()
    assert spread[3] < spread[:3].max()
    baseline = table[(table["method"] == "source_only") & (table["metric"] == "AUROC")]
    assert baseline["difference"].isna().all()


def test_each_goes_on_where_it_was_broken_off(each, monkeypatch):
    (each / "leave_one_out.tsv").unlink()
    values = json.loads((each / "each.json").read_text())
    monkeypatch.setattr("cislearn.experiment.underway.train_run", lambda *a: pytest.fail("it was trained again"))
    data = pd.Series(values["domains"])
    cl.train(each.parent / "sim", target="each", methods=METHODS, seeds=2, out=each, settings=TINY)
    assert set(pd.read_csv(each / "leave_one_out.tsv", sep="\t")["domain"]) > set(data)


def test_a_target_without_labels_gets_the_estimate_of_its_sources(estimated):
    assert set(estimated.left_out["domain"]) == {"ery", "epi", "mean over 2 domains"}
    assert set(estimated.summary["part"]) == {"source test"}
    page = estimated.report.read_text()
    assert "leave-one-source-out" in page.lower()


def test_the_terminal_says_of_which_domains_the_interval_of_the_mean_is(estimated, each, capsys):
    """It is no interval for the next domain, which the estimate is made for."""
    show_experiment(estimated)
    of_two = capsys.readouterr().out
    assert "intervals of the mean: over loci and seeds of these 2 domains, not over domains" in " ".join(of_two.split())
    table = pd.read_csv(each / "leave_one_out.tsv", sep="\t")
    show_experiment(Experiment(each, table, None, each / "report.html", table))
    of_three = " ".join(capsys.readouterr().out.split())
    assert "of these 3 domains" in of_three and "protocol: honest, selection: source validation" in of_three


def test_the_rounds_never_see_the_target_that_has_no_label(estimated):
    for domain in ("ery", "epi"):
        data = json.loads((estimated.path / "leave_one_out" / domain / "data.json").read_text())
        roles = {each["name"]: each["role"] for each in data["domains"]}
        assert roles["hep"] == "other"
        assert sorted(roles.values()) == ["other", "source", "target"]


def test_it_can_be_left_out_and_needs_two_labelled_domains(unlabelled, tmp_path):
    settings = TINY | {"leave_one_out": False}
    done = cl.train(unlabelled, target="hep", methods=["source_only"], seeds=1, out=tmp_path / "a", settings=settings)
    assert done.left_out is None and not (done.path / "leave_one_out").exists()
    settings = TINY | {"data.sources": ["ery"]}
    done = cl.train(unlabelled, target="hep", methods=["source_only"], seeds=1, out=tmp_path / "b", settings=settings)
    assert done.left_out is None
    with pytest.raises(UserError, match="1 of the domains has labels; to leave one out there must be 2 or more"):
        cl.train(unlabelled, target="each", seeds=1, out=tmp_path / "c", settings=settings)


def test_a_source_that_is_not_there_is_no_round_left_out_silently(simulated, tmp_path):
    settings = TINY | {"data.sources": ["ery", "epi", "hpe"]}
    write_simulated(tmp_path / "sim", simulated)
    with pytest.raises(UserError, match="domain 'hpe' is not in the dataset; did you mean hep"):
        cl.train(tmp_path / "sim", target="each", seeds=1, out=tmp_path / "run", settings=settings)
    assert not (tmp_path / "run").exists()


def test_the_oracle_is_refused_before_anything_is_fitted_where_the_target_has_no_label(unlabelled, tmp_path):
    settings = TINY | {"selection": "oracle"}
    with pytest.raises(UserError, match="oracle chooses by the target's validation labels, and hep has none"):
        cl.train(unlabelled, target="hep", methods=["source_only"], seeds=1, out=tmp_path / "run", settings=settings)
    assert not (tmp_path / "run").exists()


def test_a_folder_with_something_else_is_not_taken(each, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "thesis.tex").write_text("")
    with pytest.raises(UserError, match=r"holds 'thesis\.tex', which this experiment does not make"):
        cl.train(each.parent / "sim", target="each", seeds=1, out=tmp_path / "run", settings=TINY)


def test_a_domain_called_each_is_not_every_domain(simulated, tmp_path):
    spec = replace(simulated.spec, domains=tuple("each" if name == "ery" else name for name in simulated.spec.domains))
    loci = simulated.loci.assign(domain=simulated.loci["domain"].replace("ery", "each"))
    path = tmp_path / "d"
    write_simulated(path, replace(simulated, spec=spec, loci=loci))
    with pytest.raises(UserError, match=r"data.target: 'each' is the name of a domain"):
        cl.train(path, target="each", out=tmp_path / "e", settings=TINY)
    assert not (tmp_path / "e").exists()
