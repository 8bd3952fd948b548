"""The verbs as functions: what they are given is what is carried out."""

from __future__ import annotations

import pytest

import cislearn as cl
from cislearn import api
from cislearn.errors import UserError


@pytest.fixture
def asked(monkeypatch):
    """The configuration that `train` makes of what it is given; nothing is trained."""
    monkeypatch.setattr(api, "run_experiment", lambda config, **_: config)
    return lambda **given: cl.train("data", target="hep", **given)


def test_nested_settings_leave_what_else_was_asked_for_alone(asked):
    settings = {
        "training": {"epochs": 1}, "model.encoder.motifs": 8, "data": {"labels": {"target": 0.1}}, "battery": False,
    }  # fmt: skip
    config = asked(seeds=2, settings=settings)
    assert config.training.seeds == [0, 1] and config.training.epochs == 1
    assert str(config.data.path) == "data" and config.data.target == "hep" and config.data.labels.target == 0.1
    assert config.model.encoder.options == {"motifs": 8}


def test_a_value_of_several_keys_replaces_the_one_before(asked):
    encoder = {"name": "dann_tf", "dropout": 0.1}
    config = asked(settings={"model": {"encoder": {"name": "motif_cnn", "motifs": 8}}, "model.encoder": encoder})
    assert config.model.encoder.name == "dann_tf" and config.model.encoder.options == {"dropout": 0.1}


@pytest.mark.parametrize("method", ["source_only", {"name": "source_only"}])
def test_one_method_needs_no_list(asked, method):
    assert [each.title for each in asked(methods=method).methods] == ["source_only"]


def test_a_nested_key_that_is_not_known_is_named(asked):
    with pytest.raises(UserError, match=r"training\.epoch is not known.*training\.epochs"):
        asked(settings={"training": {"epoch": 1}})


def test_a_small_number_is_a_number(asked):
    """5e-05 is a word in YAML, and an encoder's own options have no type that would say otherwise."""
    config = asked(settings={"model.encoder": {"name": "dann_tf", "sigma": 5e-05}, "training.patience": None})
    assert config.model.encoder.options == {"sigma": 5e-05} and config.training.patience is None
