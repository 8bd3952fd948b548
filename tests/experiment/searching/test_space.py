"""What a search may try: read from YAML, refused where it is no range, and given to optuna."""

from __future__ import annotations

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from cislearn.errors import UserError
from cislearn.experiment.reading import make_config
from cislearn.experiment.searching.space import Range, distributions, read_space, settings_of

SPACE = """\
training.optimiser.learning_rate: {low: 0.0001, high: 0.01, log: true}
training.epochs: {low: 2, high: 8, step: 2}
model.encoder: [motif_cnn, {name: motif_cnn, motifs: 8}]
"""


def test_ranges_and_lists(tmp_path):
    (tmp_path / "space.yaml").write_text(SPACE)
    space = read_space(tmp_path / "space.yaml")
    assert space["training.optimiser.learning_rate"] == Range(0.0001, 0.01, log=True)
    assert distributions(space) == {
        "training.optimiser.learning_rate": FloatDistribution(0.0001, 0.01, log=True),
        "training.epochs": IntDistribution(2, 8, step=2),
        "model.encoder": CategoricalDistribution((0, 1)),
    }


def test_a_key_that_is_not_known_is_named_with_the_file_and_the_line(tmp_path):
    """It was called a fault of the configuration, which does not hold it."""
    path = tmp_path / "space.yaml"
    path.write_text("training.epochs: [1, 2]\ntraining.optimizer.learning_rate: [0.01]\n")
    with pytest.raises(UserError, match=r"training\.optimizer is not known.*training\.optimiser") as caught:
        read_space(path)
    assert str(caught.value).startswith(f"{path} line 2: ")
    path.write_text("model.encoder.motifs: [4, 8]\ndata.split.k_fold.fold: [0, 1]\nmethods: [[cdan], [adversarial]]\n")
    assert len(read_space(path)) == 3, "options are for the part that is named to check"


def test_values_are_set_as_the_command_line_sets_them():
    values = {"training.optimiser.learning_rate": 1e-05, "model.encoder": {"name": "motif_cnn", "motifs": 8}}
    config = make_config({"data": {"path": "x"}}, settings_of(values))
    assert config.training.optimiser.learning_rate == 1e-05
    assert config.model.encoder.name == "motif_cnn"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "names no key"),
        ("a: [", "is not YAML"),
        ("a: []", "a is no list of values"),
        ("a: {low: 1}", "a is no list of values and has no low and high"),
        ("a: {low: 1, high: 2, hihg: 3}", "a is no list of values"),
        ("a: {low: 1e-3, high: 2}", "low of a is no number: '1e-3'"),
        ("a: {low: 3, high: 2}", "low is above high"),
        ("a: {low: 0, high: 2, log: true}", "logarithm of 0"),
        ("a: {low: 1, high: 2, log: true, step: 1}", "both log and step"),
        ("a: {low: 1, high: 2, step: 0}", "a step of 0"),
        ("a: {low: 1, high: 2, step: 0.5}", "a step that is not whole"),
    ],
)
def test_what_is_no_space_is_refused_by_name(tmp_path, text, said):
    path = tmp_path / "space.yaml"
    path.write_text(text)
    with pytest.raises(UserError, match=said) as told:
        read_space(path)
    assert told.value.where == path
    with pytest.raises(UserError, match="no such file"):
        read_space(tmp_path / "other.yaml")
