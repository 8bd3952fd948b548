from __future__ import annotations

import json
import shutil

import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn.metrics import average_precision_score, roc_auc_score

import cislearn as cl
from cislearn.data.simulate import simulate, write_simulated
from cislearn.errors import UserError
from cislearn.experiment.evaluate import evaluate_on
from tests.conftest import TINY


def read(path):
    return pd.read_csv(path, sep="\t")


def test_an_experiment_holds_what_its_page_promises(tiny_experiment):
    names = {path.name for path in tiny_experiment.iterdir() if path.is_file()}
    assert names == {
        "config.yaml", "experiment.json", "environment.json", "data.json", "model_summary.json", "summary.tsv",
        "averaged.tsv", "comparison.tsv", "domain_distance.tsv", "class_distance.tsv", "features.parquet",
        "label_shift.tsv", "criteria.tsv", "strands.tsv", "report.html",
    }  # fmt: skip
    run = {path.name for path in (tiny_experiment / "adversarial" / "seed-1").iterdir()}
    assert run >= {
        "config.yaml", "run.json", "environment.json", "history.tsv", "health.tsv", "predictions.parquet", "seen.npy",
        "seen.parquet", "domain_distance.tsv", "class_distance.tsv", "features.parquet", "criteria.tsv", "strands.tsv",
        "model.safetensors", "model.json",
    }  # fmt: skip
    assert not any(path.suffix == ".ckpt" for path in tiny_experiment.rglob("*"))


def test_summary_is_scikit_learns_on_the_stored_predictions(tiny_experiment):
    summary = read(tiny_experiment / "summary.tsv")
    per_seed = []
    for seed in (0, 1):
        table = pd.read_parquet(tiny_experiment / "adversarial" / f"seed-{seed}" / "predictions.parquet")
        table = table[(table["part"] == "test") & (table["domain"] == "hep")]
        labels, logits = table["label_GABPA"], table["logit_GABPA"]
        per_seed.append((roc_auc_score(labels, logits), average_precision_score(labels, logits)))
    rows = summary[(summary["method"] == "adversarial") & (summary["part"] == "target test")].set_index("metric")
    assert rows.loc["AUROC", "estimate"] == pytest.approx(np.mean(per_seed, axis=0)[0], abs=1e-6)
    assert rows.loc["AUPRC", "estimate"] == pytest.approx(np.mean(per_seed, axis=0)[1], abs=1e-6)
    assert rows.loc["AUROC", "seeds_sd"] == pytest.approx(np.std(per_seed, axis=0, ddof=1)[0], abs=1e-5)
    assert (rows["low"] <= rows["estimate"]).all() and (rows["estimate"] <= rows["high"]).all()


def test_comparison_is_against_the_first_method_and_paired(tiny_experiment):
    summary, comparison = read(tiny_experiment / "summary.tsv"), read(tiny_experiment / "comparison.tsv")
    target = summary[summary["part"] == "target test"].set_index(["method", "metric"])["estimate"]
    row = comparison[(comparison["method"] == "adversarial") & (comparison["metric"] == "AUROC")].iloc[0]
    assert row["baseline"] == "source_only"
    expected = target["adversarial", "AUROC"] - target["source_only", "AUROC"]
    assert row["difference"] == pytest.approx(expected, abs=2e-6)


def test_every_number_says_its_protocol_and_selection(tiny_experiment):
    summary = read(tiny_experiment / "summary.tsv").set_index("method")
    assert set(summary.loc["adversarial", "protocol"]) == {"honest: no target label seen"}
    assert set(summary.loc["target_labels", "protocol"]) == {"upper bound: trained on target labels"}
    assert set(summary["selection"]) == {"source_validation"}


def test_target_labels_change_nothing_but_the_target_scores(tiny_data, tmp_path):
    """trap 18: an honest method is the same, to the last bit, when all target labels are turned round."""
    data = cl.read_dataset(tiny_data)
    labels = np.array(data.labels)
    target = (data.loci["domain"] == "hep").to_numpy()
    labels[target] = 1 - labels[target]
    poisoned = cl.write_dataset(
        tmp_path / "poisoned", spec=data.spec, loci=data.loci, labels=labels, sequences=data.sequences
    )
    weights = []
    for name, each in (("as_is", data), ("poisoned", poisoned)):
        cl.train(each, target="hep", methods=["adversarial"], seeds=1, out=tmp_path / f"run_{name}", settings=TINY)
        weights.append((tmp_path / f"run_{name}" / "adversarial" / "seed-0" / "model.safetensors").read_bytes())
    assert weights[0] == weights[1]


def test_a_finished_experiment_is_kept_and_another_seed_is_added(tiny_data, tmp_path):
    def train(seeds):
        return cl.train(
            tiny_data, target="hep", methods=["source_only"], seeds=seeds, out=tmp_path / "e", settings=TINY
        )

    train(1)
    run = tmp_path / "e" / "source_only" / "seed-0" / "run.json"
    before = run.stat().st_mtime_ns
    assert set(train(2).summary["n_seeds"]) == {2}
    assert run.stat().st_mtime_ns == before


def test_another_configuration_in_the_same_folder_is_refused(tiny_experiment, tiny_data):
    with pytest.raises(UserError, match=r"training.epochs: 1 there, 3 here") as error:
        cl.train(tiny_data, target="hep", seeds=2, out=tiny_experiment, settings=TINY | {"training.epochs": 3})
    assert "--out" in str(error.value.fix)


def test_a_folder_with_other_files_is_never_overwritten(tiny_data, tmp_path):
    (tmp_path / "precious.txt").write_text("mine")
    with pytest.raises(UserError, match="holds other files"):
        cl.train(tiny_data, target="hep", out=tmp_path, settings=TINY, overwrite=True)
    assert (tmp_path / "precious.txt").read_text() == "mine"


def test_a_project_with_a_config_of_its_own_is_never_overwritten(tiny_data, tmp_path):
    (tmp_path / "config.yaml").write_text("site: mine\n")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "precious.txt").write_text("mine")
    with pytest.raises(UserError, match="holds other files and no experiment"):
        cl.train(tiny_data, target="hep", out=tmp_path, settings=TINY, overwrite=True)
    assert (tmp_path / "config.yaml").read_text() == "site: mine\n"
    assert (tmp_path / "notes" / "precious.txt").read_text() == "mine"


def test_overwriting_leaves_what_the_user_put_there_and_no_result_of_before(tiny_experiment, tiny_data, tmp_path):
    out = shutil.copytree(tiny_experiment, tmp_path / "e")
    (out / "notes.txt").write_text("mine")
    before = (out / "source_only" / "seed-0" / "run.json").stat().st_mtime_ns
    cl.train(tiny_data, methods=["supervised"], seeds=1, out=out, settings=TINY, overwrite=True)
    assert (out / "notes.txt").read_text() == "mine"
    assert not (out / "source_only" / "seed-0").exists()
    assert (out / "supervised" / "seed-0" / "run.json").stat().st_mtime_ns > before
    assert not (out / "comparison.tsv").exists()  # one method is compared with nothing
    assert not (out / "domain_distance.tsv").exists()  # and without a target there is no distance


def test_the_stored_config_alone_gives_the_same_weights(tiny_experiment, tmp_path):
    from cislearn.experiment.execute import run_experiment
    from cislearn.experiment.reading import read_config

    run = tiny_experiment / "adversarial" / "seed-1"
    config = read_config(run / "config.yaml", [f"out={tmp_path / 'again'}"])
    run_experiment(config)
    again = tmp_path / "again" / "adversarial" / "seed-1" / "model.safetensors"
    assert again.read_bytes() == (run / "model.safetensors").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"target": "hepp"}, "domain 'hepp' is not in the dataset; did you mean hep"),
        ({"target": "hep", "methods": ["adverserial"]}, "method 'adverserial' is not known; did you mean adversarial"),
        (
            {"target": "hep", "methods": [{"name": "adversarial", "wieght": 1}]},
            "no option 'wieght'; did you mean weight",
        ),
        ({"target": "hep", "methods": [{"name": "adversarial", "schedule": "gannin"}]}, "did you mean ganin"),
        ({"target": "hep", "methods": [{"name": "adversarial", "discriminator": "x"}]}, "expected binary or domains"),
        ({"methods": ["adversarial"]}, "needs a target domain"),
        ({"target": "hep", "methods": ["source_only", "source_only"]}, "two methods are called 'source_only'"),
        ({"target": "hep", "settings": {"data.sources": ["hep"]}}, "both a source and the target"),
        ({"target": "hep", "settings": {"model.encoder": "motif_cn"}}, "did you mean motif_cnn"),
        ({"target": "hep", "settings": {"model.encoder": {"name": "motif_cnn", "motfs": 3}}}, "did you mean motifs"),
        ({"target": "hep", "settings": {"training.init_from": "/nowhere"}}, "holds no finished run"),
        ({"target": "hep", "settings": {"training.accumulate": 31}}, "leaves some a single row"),
        (
            {"settings": {"training.batch_size": 1, "model.encoder": "wide"}},
            "batch norm needs two rows or more, and a batch has one",
        ),
    ],
)
def test_what_cannot_be_is_refused_before_training(tiny_data, tmp_path, arguments, message):
    arguments = {"settings": {}, **arguments}
    arguments["settings"] = TINY | arguments["settings"]
    with pytest.raises(UserError, match=message):
        cl.train(tiny_data, out=tmp_path / "e", seeds=1, **arguments)


def test_one_domain_only(tiny_data, tmp_path):
    data = cl.read_dataset(tiny_data)
    rows = np.flatnonzero(data.loci["domain"] == "ery")
    from dataclasses import replace

    from cislearn.data.sequences import TableSequences

    alone = cl.write_dataset(
        tmp_path / "alone",
        spec=replace(data.spec, domains=("ery",)),
        loci=data.loci.iloc[rows].reset_index(drop=True),
        labels=data.labels[rows],
        sequences=TableSequences.of(data.sequences.gather(rows)),
    )
    with pytest.raises(UserError, match="the only domain, 'ery', is the target"):
        cl.train(alone, target="ery", out=tmp_path / "e", settings=TINY)
    found = cl.train(alone, seeds=1, out=tmp_path / "f", settings=TINY)
    assert set(found.summary["part"]) == {"source test"} and found.comparison is None


def test_an_unlabelled_target_gets_predictions_and_no_number(tiny_data, tmp_path):
    data = cl.read_dataset(tiny_data)
    labels = np.array(data.labels)
    labels[(data.loci["domain"] == "hep").to_numpy()] = -1
    bare = cl.write_dataset(tmp_path / "d", spec=data.spec, loci=data.loci, labels=labels, sequences=data.sequences)
    found = cl.train(bare, target="hep", seeds=1, out=tmp_path / "e", settings=TINY)
    assert set(found.summary["part"]) == {"source test"}
    assert "hep" in found.report.read_text()


def test_init_from_begins_at_the_weights_of_a_finished_run(tiny_experiment, tiny_data, tmp_path):
    start = tiny_experiment / "source_only" / "seed-0"
    settings = TINY | {"training.init_from": str(start), "training.optimiser.learning_rate": 1e-12}
    cl.train(tiny_data, target="hep", methods=["adversarial"], seeds=1, out=tmp_path / "e", settings=settings)
    from safetensors.numpy import load_file

    old, new = (load_file(run / "model.safetensors") for run in (start, tmp_path / "e" / "adversarial" / "seed-0"))
    assert all(np.allclose(old[name], new[name], atol=1e-6) for name in old)
    other = settings | {"model.encoder": {"name": "motif_cnn", "motifs": 5}}
    with pytest.raises(UserError, match="another encoder, input or window length"):
        cl.train(tiny_data, target="hep", methods=["source_only"], seeds=1, out=tmp_path / "f", settings=other)


def test_a_half_written_experiment_is_not_taken_for_whole(tiny_experiment, tmp_path):
    broken = tmp_path / "broken"
    shutil.copytree(tiny_experiment, broken)
    (broken / "experiment.json").unlink()
    with pytest.raises(UserError, match="holds no finished run or experiment"):
        cl.load_model(broken)
    shutil.copy(tiny_experiment / "experiment.json", broken)
    model = broken / "adversarial" / "seed-0" / "model.safetensors"
    model.write_bytes(model.read_bytes()[:-100])
    with pytest.raises(UserError, match="is not whole"):
        cl.load_model(broken, method="adversarial")


def test_the_default_model_is_of_the_last_method_that_saw_no_target_label(tiny_experiment):
    from cislearn.runs import default_method

    info = json.loads((tiny_experiment / "experiment.json").read_text())
    assert info["upper_bounds"] == ["target_labels"] and default_method(info) == "adversarial"
    with pytest.raises(UserError, match="holds no method 'x'"):
        cl.load_model(tiny_experiment, method="x")


def test_oracle_selection_is_stamped(tiny_data, tmp_path):
    found = cl.train(
        tiny_data,
        target="hep",
        methods=["source_only"],
        seeds=1,
        out=tmp_path / "e",
        settings=TINY | {"selection": "oracle"},
    )
    assert set(found.summary["selection"]) == {"oracle"}
    assert "oracle" in found.report.read_text()
    assert yaml.safe_load((tmp_path / "e" / "config.yaml").read_text())["selection"] == "oracle"
    other = write_simulated(tmp_path / "other", simulate("none", n_train=20, n_test=20, seed=5))
    scores = evaluate_on(tmp_path / "e", other)  # on other data it is as much an oracle's model
    assert set(scores["selection"]) == {"oracle"}
    assert all(protocol.startswith("oracle") for protocol in scores["protocol"])


def test_a_training_that_diverges_is_refused_with_a_cure(tiny_data, tmp_path):
    settings = TINY | {"training.optimiser": {"name": "sgd", "learning_rate": 1e30, "warmup": 0.0}}
    with pytest.raises(UserError, match=r"became (nan|inf)") as error:
        cl.train(tiny_data, target="hep", methods=["source_only"], seeds=1, out=tmp_path / "e", settings=settings)
    assert "learning_rate" in str(error.value.fix)
    assert not (tmp_path / "e" / "source_only" / "seed-0").exists()


def test_a_schedule_option_that_is_no_number_is_refused(tiny_data, tmp_path):
    methods = [{"name": "adversarial", "schedule": {"name": "ganin", "gamma": "ten"}}]
    with pytest.raises(UserError, match="schedule ganin cannot take"):
        cl.train(tiny_data, target="hep", methods=methods, seeds=1, out=tmp_path / "e", settings=TINY)


OWN = """
from cislearn.objectives.supervised import Supervised

class Mine(Supervised):
    factor = 1.0

    def losses(self, model, batch, progress):
        return {name: self.factor * loss for name, loss in super().losses(model, batch, progress).items()}
"""


def test_runs_of_edited_code_are_not_kept(tiny_data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(OWN)
    arguments = {"methods": ["mine.py:Mine"], "seeds": 1, "out": tmp_path / "e", "settings": TINY}
    cl.train(tiny_data, target="hep", **arguments)
    assert (tmp_path / "e" / "Mine" / "seed-0" / "run.json").is_file()
    cl.train(tiny_data, target="hep", **arguments)
    (tmp_path / "mine.py").write_text(OWN.replace("1.0", "2.0"))
    with pytest.raises(UserError, match="was made from other data or another configuration"):
        cl.train(tiny_data, target="hep", **arguments)


def test_a_sawtooth_begins_anew_in_each_epoch(tiny_data, tmp_path):
    methods = [{"name": "adversarial", "schedule": "sawtooth"}]
    settings = TINY | {"training.epochs": 3, "training.validate_every": 1}
    cl.train(tiny_data, target="hep", methods=methods, seeds=1, out=tmp_path / "e", settings=settings)
    run = tmp_path / "e" / "adversarial" / "seed-0"
    assert yaml.safe_load((run / "config.yaml").read_text())["methods"][0]["schedule"]["periods"] == 3
    strength = read(run / "health.tsv")["lambda"].to_numpy()
    assert len(strength) == 18 and list(np.flatnonzero(strength == 0)) == [0, 6, 12]
