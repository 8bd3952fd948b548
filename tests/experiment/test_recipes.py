from __future__ import annotations

import pytest

from cislearn.errors import UserError
from cislearn.experiment.reading import make_config
from cislearn.experiment.recipes import RECIPES

DATA = {"data": {"path": "x"}}


def test_an_encoder_brings_its_recipe_and_what_is_said_goes_before_it():
    plain, wide = make_config(DATA), make_config(DATA, ["model.encoder=wide"])
    recipe = RECIPES["wide"]
    assert wide.training.epochs == recipe["epochs"] != plain.training.epochs
    assert wide.training.optimiser.learning_rate == recipe["optimiser"]["learning_rate"]
    said = make_config(
        DATA | {"model": {"encoder": {"name": "wide"}}, "training": {"optimiser": {"learning_rate": 0.5}}},
        ["training.epochs=3"],
    )
    assert (said.training.epochs, said.training.optimiser.learning_rate) == (3, 0.5)
    assert said.training.optimiser.weight_decay == recipe["optimiser"]["weight_decay"]
    assert said.training.hidden_bases == recipe["hidden_bases"]


def test_the_recipe_of_basset_is_the_published_one():
    """Kelley et al. 2016 and its code: RMSprop .002 with .98, norms of 7, batches of 128, patience 10."""
    training = make_config(DATA, ["model.encoder=basset"]).training
    optimiser = training.optimiser
    assert (optimiser.name, optimiser.learning_rate, optimiser.alpha) == ("rmsprop", 0.002, 0.98)
    assert (optimiser.max_weight_norm, training.batch_size, training.patience) == (7, 128, 10)
    assert training.gradient_clip is None and training.weight_average == 0 and optimiser.decay == "constant"


def test_a_resolved_configuration_says_all_and_reads_back_as_it_is():
    wide = make_config(DATA, ["model.encoder=wide", "training.hidden_bases=0"])
    assert make_config(wide.model_dump(mode="json")) == wide
    assert wide.training.hidden_bases == 0


@pytest.mark.parametrize("values", [{"training": 3}, {"model": 3}, {"model": {"encoder": [1]}}, {"training": None}])
def test_what_is_of_another_form_is_refused_by_name(values):
    with pytest.raises(UserError, match=r"training|model"):
        make_config(DATA | {"model": {"encoder": "wide"}} | values)
