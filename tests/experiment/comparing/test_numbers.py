"""Comparing runs: the experiment's own numbers, seeds, terms, simple models."""

from __future__ import annotations

import json
import shutil

import pandas as pd
import pytest
import yaml
from sklearn.metrics import roc_auc_score

import cislearn as cl
from tests.experiment.comparing.editing import on_target, rows_of, words


def test_two_methods_of_one_experiment_give_its_own_numbers(tiny_experiment):
    found = cl.compare(f"{tiny_experiment}:source_only", tiny_experiment)
    summary = pd.read_csv(tiny_experiment / "summary.tsv", sep="\t")
    expected = summary[(summary["part"] == "target test") & (summary["method"] != "target_labels")]
    columns = ["method", "metric", "estimate", "low", "high", "seeds_sd", "n_seeds", "n", "prevalence", "protocol"]
    pd.testing.assert_frame_equal(
        found.table[columns], expected[columns].reset_index(drop=True), check_dtype=False, atol=1e-5
    )
    own = pd.read_csv(tiny_experiment / "comparison.tsv", sep="\t")
    own = own[own["method"] == "adversarial"].set_index("metric")
    mine = found.table[found.table["run"] == str(tiny_experiment)].set_index("metric")
    for column, its in (("difference", "difference"), ("difference_low", "low"), ("difference_high", "high")):
        pd.testing.assert_series_equal(mine[column], own[its], check_names=False, atol=1e-5)
    assert found.differences == []
    assert (found.table[["not_alike", "unequal_terms", "also_differ"]] == "").all().all()


def test_the_other_way_round_is_the_negative(tiny_experiment):
    first, second = f"{tiny_experiment}:source_only", tiny_experiment / "adversarial"
    one, other = rows_of(cl.compare(first, second), second), rows_of(cl.compare(second, first), first)
    assert one["difference"] == pytest.approx(-other["difference"], abs=1e-12)
    assert (one["difference_low"], one["difference_high"]) == pytest.approx(
        (-other["difference_high"], -other["difference_low"]), abs=1e-9
    )


def test_seeds_are_paired_by_their_number(tiny_experiment, other_terms):
    found = cl.compare(tiny_experiment, other_terms)
    aurocs = []
    for experiment in (tiny_experiment, other_terms):
        table = pd.read_parquet(experiment / "adversarial" / "seed-1" / "predictions.parquet")
        table = table[on_target(table)]
        aurocs.append(roc_auc_score(table["label_GABPA"], table["logit_GABPA"]))
    row = rows_of(found, other_terms)
    assert row["estimate"] == pytest.approx(aurocs[1], abs=1e-9)
    assert row["difference"] == pytest.approx(aurocs[1] - aurocs[0], abs=1e-9)
    assert any("paired by seed: 1 (of 0, 1 | 1, 2)" in note for note in found.notes)


def test_unequal_terms_are_named_and_compared(tiny_experiment, other_terms):
    found = cl.compare(tiny_experiment, other_terms)
    assert words(found, "terms") == [
        "labelled windows seen: 400 | 440",
        "steps: 6 (epochs: 1) | 12 (epochs: 2)",
        "selection: source_validation | oracle",
    ]
    assert words(found, "also") == [
        "reverse complement.train: augment | forward",
        "reverse complement.predict: average | forward",
    ]
    assert words(found, "question") == []
    assert "oracle" in rows_of(found, other_terms)["unequal_terms"]
    assert rows_of(found, other_terms)["protocol"].startswith("oracle")


def test_an_upper_bound_is_named(tiny_experiment):
    found = cl.compare(f"{tiny_experiment}:source_only", f"{tiny_experiment}:target_labels")
    assert "labels seen: the sources' | the target's (upper bound)" in words(found, "terms")


def test_options_of_the_methods_are_what_is_compared(tiny_experiment, copy):
    for path in copy.glob("adversarial/seed-*/config.yaml"):
        config = yaml.safe_load(path.read_text())
        config["methods"][0]["weight"] = 0.5
        path.write_text(yaml.safe_dump(config))
    found = cl.compare(tiny_experiment, copy)
    assert [each.weight for each in found.differences] == ["options"]
    assert words(found, "options") == ['options of the methods: {} | {"weight": 0.5}']


def test_a_simple_model_is_the_same_for_every_seed(tiny_experiment, copy):
    simple = copy / "battery" / "GC_content"
    simple.mkdir(parents=True)
    run = copy / "source_only" / "seed-0"
    for name in ("predictions.parquet", "seen.npy", "seen.parquet"):
        shutil.copy(run / name, simple)
    info = json.loads((run / "run.json").read_text())
    kept = {key: info[key] for key in ("format", "identity", "target", "protocol", "thresholds")}
    (simple / "run.json").write_text(json.dumps(kept | {"method": "GC_content"}))
    found = cl.compare(f"{copy}:GC_content", f"{copy}:adversarial")
    assert list(found.table["n_seeds"].unique()) == [1, 2]
    row = rows_of(found, f"{copy}:adversarial")
    assert row["difference"] == pytest.approx(
        row["estimate"] - rows_of(found, f"{copy}:GC_content")["estimate"], abs=1e-9
    )
    assert found.differences == []
    alone = cl.compare(f"{copy}:GC_content", f"{tiny_experiment}:source_only")
    assert rows_of(alone, f"{tiny_experiment}:source_only")["n_seeds"] == 2
