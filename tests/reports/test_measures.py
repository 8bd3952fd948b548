"""Names of metrics, and what the page knows of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cislearn.evaluation.profiles.bounds import SMALLER_IS_BETTER
from cislearn.evaluation.profiles.names import LOSSES
from cislearn.reports.measures import in_order, key_of, kind_of, measure, primary
from tests.reports.scores import BINARY, PROFILE


@pytest.mark.parametrize(
    ("key", "names"),
    [
        ("auroc", ("AUROC", "auroc")),
        ("log_loss", ("log loss", "Log loss", "log_loss")),
        ("recall_at_5_fdr", ("recall at 5% FDR", "recall at 5 % FDR", "Recall at 5\N{NO-BREAK SPACE}% FDR")),
        ("recall_at_10_fdr", ("recall at 10% FDR",)),
        ("f1_at_0_5", ("F1 at .5", "F1 at 0.5", "f1_at_.5")),
        ("calibration_error", ("calibration error",)),
    ],
)
def test_one_metric_has_one_key_however_it_is_written(key, names):
    assert {key_of(name) for name in names} == {key}


@given(st.text(st.characters(codec="ascii"), min_size=1))
def test_keys_are_words_and_stay_as_they_are(name):
    key = key_of(name)
    assert key.replace("_", "a").isalnum() or key == ""
    assert key_of(key) == key


def test_each_metric_that_is_scored_is_known_and_explained():
    known = [measure(key_of(name)) for name in (*BINARY, "accuracy", "log loss", "Pearson", "R2", "MSE", *PROFILE)]
    assert all(each.meaning for each in known)
    assert [each.label for each in known if not each.larger_is_better] == [
        "calibration error", "log loss", "mean squared error", "JSD", "profile NLL", "counts MSE",
    ]  # fmt: skip
    keys = [key_of(name) for name in BINARY]
    assert in_order(reversed(keys)) == keys
    assert kind_of(keys) == "binary"
    profile = [key_of(name) for name in PROFILE]
    assert kind_of(profile) == "profile"
    assert kind_of(["pearson", "r2"]) == "regression"
    assert primary(profile) == in_order(profile)[0] == "jsd"
    assert [key for key in in_order(profile) if not measure(key).is_further][1:3] == [
        "profile_pearson_at_1_bp", "profile_nll",
    ]  # fmt: skip
    worse_when_larger = {key for key in profile if not measure(key).larger_is_better}
    assert worse_when_larger == {key_of(name) for name in (*SMALLER_IS_BETTER, *LOSSES.values())}


def test_an_unknown_metric_keeps_its_name():
    assert measure(key_of("top-5 hits")).label == "top 5 hits"
