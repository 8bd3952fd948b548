from __future__ import annotations

import numpy as np
import pytest
import torch

from cislearn.models.network import build_network
from cislearn.models.strands import BothStrands
from cislearn.prediction.mutagenesis import saturation_mutagenesis
from cislearn.schema import DataSpec, InputSpec, TaskSpec

TASKS = (TaskSpec("bound"), TaskSpec("state", "multiclass", 3))
SMALL = {"motifs": 4, "pairs": 4, "features": 4}


@pytest.mark.parametrize("kmers", [None, {"k": [3], "dim": 4, "frozen": False}])
@pytest.mark.parametrize("n_tracks", [0, 2])
def test_effects_are_those_of_one_prediction_after_the_other(rng, kmers, n_tracks):
    inputs = (InputSpec("signal", "track", n_tracks, "flip"),) if n_tracks else ()
    spec = DataSpec(TASKS, ("a",), length=21, inputs=inputs)
    model = BothStrands(build_network("motif_cnn", spec, SMALL, kmers=kmers).eval())
    tokens = rng.integers(5, size=(2, 21)).astype(np.uint8)
    tracks = rng.random((2, n_tracks, 21)).astype(np.float32) if n_tracks else None

    def logit(window, row):
        signals = None if tracks is None else torch.from_numpy(tracks[row : row + 1])
        with torch.no_grad():
            return model(model.embed(torch.from_numpy(window[None]), signals))[0, 2].item()  # bound, then the classes

    found = saturation_mutagenesis(model, tokens, "state", 1, tracks=tracks)
    assert found.shape == (2, 4, 21)
    for row, base, place in [(0, 0, 0), (0, 3, 20), (1, 2, 10), (1, 1, 7)]:
        changed = tokens[row].copy()
        changed[place] = base
        expected = logit(changed, row) - logit(tokens[row], row)
        np.testing.assert_allclose(found[row, base, place], expected, atol=1e-5)
    for row in range(2):
        known = np.flatnonzero(tokens[row] < 4)
        np.testing.assert_allclose(found[row, tokens[row, known], known], 0, atol=1e-6)
