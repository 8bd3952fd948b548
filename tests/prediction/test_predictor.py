from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from cislearn.data.sequences import TableSequences
from cislearn.models.network import Network, build_network
from cislearn.models.strands import BothStrands, Ensemble
from cislearn.prediction.predictor import NetworkPredictor, Predictor, predict_rows
from cislearn.schema import DataSpec, TaskSpec

SPEC = DataSpec((TaskSpec("a"), TaskSpec("b")), (), 30, margin=4)


@pytest.fixture
def network() -> Network:
    torch.manual_seed(0)
    return build_network("motif_cnn", SPEC, {"motifs": 4, "pairs": 4, "features": 5})


def tokens_of(n, length=30) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 5, (n, length)).astype(np.uint8)


def logits_of(model, tokens) -> np.ndarray:
    with torch.no_grad():
        return model.eval()(model.embed(torch.from_numpy(tokens))).numpy()


@pytest.mark.parametrize("batch_size", [1, 3, 7, 100])
def test_the_batch_size_changes_no_number(network, batch_size):
    tokens = tokens_of(20)
    found = NetworkPredictor(network, batch_size=batch_size).predict(tokens)
    assert found.dtype == np.float32
    assert found.shape == (20, 2)
    np.testing.assert_allclose(found, logits_of(network, tokens), rtol=1e-5, atol=1e-6)


def test_features_are_those_of_the_forward_strand(network):
    tokens = tokens_of(6)
    found = NetworkPredictor(network, batch_size=4).features(tokens)
    with torch.no_grad():
        expected = network.eval().features(network.embed(torch.from_numpy(tokens))).numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_strand_averages_and_ensembles_predict_alike(network):
    tokens = tokens_of(6)
    average = BothStrands(network)
    for model in (average, Ensemble([average, BothStrands(network)])):
        np.testing.assert_allclose(
            NetworkPredictor(model).predict(tokens), logits_of(average, tokens), rtol=1e-5, atol=1e-6
        )


def test_a_model_in_training_is_judged_as_it_will_predict_and_trains_on(network):
    """Dropout and batch norm work as in prediction meanwhile, and no statistic moves."""
    model = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(120), nn.Dropout(0.5), nn.Linear(120, 1))
    model.embed = network.embed
    state = {name: value.clone() for name, value in model.state_dict().items()}
    predictor = NetworkPredictor(model.train())
    first, second = (predictor.predict(tokens_of(9)) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert all(module.training for module in model.modules())
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    predictor.predict(tokens_of(9))
    model(torch.zeros(2, 4, 30)).sum().backward()


def test_the_mode_comes_back_after_an_error_too(network):
    network.train()
    with pytest.raises(RuntimeError):
        NetworkPredictor(network).predict(tokens_of(3, length=2))
    assert network.training


@pytest.mark.parametrize("kind", ["read-only", "reversed", "every second"])
def test_any_array_will_do(network, kind):
    tokens = tokens_of(8)
    given = {"read-only": tokens.copy(), "reversed": tokens[::-1], "every second": tokens[::2]}[kind]
    given.flags.writeable = kind != "read-only"
    found = NetworkPredictor(network).predict(given)
    np.testing.assert_allclose(found, logits_of(network, given.copy()), rtol=1e-5, atol=1e-6)


def test_no_window_at_all_is_an_error(network):
    with pytest.raises(ValueError, match="no windows"):
        NetworkPredictor(network).predict(tokens_of(0))


@pytest.mark.parametrize("chunk", [1, 4, 1000])
def test_rows_of_a_dataset_are_read_without_their_margin_in_their_order(network, chunk):
    sequences = TableSequences.of(tokens_of(12, length=38))
    rows = np.array([3, 3, 11, 0, 7])
    predictor = NetworkPredictor(network)
    found = predict_rows(predictor.predict, sequences, rows, margin=4, chunk=chunk)
    windows = sequences.gather(rows)[:, 4:34]
    np.testing.assert_allclose(found, logits_of(network, np.ascontiguousarray(windows)), rtol=1e-5, atol=1e-6)


def test_what_predicts_is_a_predictor(network):
    assert isinstance(NetworkPredictor(network), Predictor)
    assert not isinstance(network, Predictor)
