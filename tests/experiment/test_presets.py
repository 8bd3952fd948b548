from __future__ import annotations

import re

import pytest

from cislearn.data.dataset import read_dataset
from cislearn.experiment.presets import tell_costs
from cislearn.experiment.reading import make_config
from cislearn.experiment.reporter import Reporter
from cislearn.experiment.underway import settle


class Notes(Reporter):
    def __init__(self):
        self.notes = []

    def note(self, text):
        self.notes.append(text)


def told(data, *settings):
    heard = Notes()
    config = make_config({"data": {"path": str(data), "target": "hep"}}, [*settings])
    setting, methods, _, _ = settle(config, read_dataset(data), reporter=heard)
    tell_costs(setting, methods)
    return heard.notes


@pytest.mark.slow
def test_either_preset_says_what_the_other_would_take(tiny_data):
    (small,) = told(tiny_data, "training.batch_size=16")
    assert re.fullmatch(
        r"about \d+ \w+ a run; wide, the model to keep, about \d+ \w+ \(--set model.encoder=wide\)", small
    )
    (large,) = told(tiny_data, "training.batch_size=16", "model.encoder=wide")
    assert "motif_cnn, the one for first looks" in large and "--set model.encoder=motif_cnn" in large


@pytest.mark.slow
def test_a_preset_that_does_not_go_with_the_rest_is_no_alternative(tiny_data):
    """`wide` begins with known motifs and refuses words of bases: a training on words was refused for its sake."""
    (own,) = told(tiny_data, "training.batch_size=16", "model.input={name: kmers, k: 3}")
    assert re.fullmatch(r"about \d+ \w+ a run", own)


def test_nothing_is_said_of_other_encoders(tiny_data):
    assert told(tiny_data, "model.encoder=dann_tf") == []
