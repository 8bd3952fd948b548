"""Windows changed at random, from the configuration to the batches of a run."""

from __future__ import annotations

import pytest
import torch

from cislearn.data.augment import Augmentation
from cislearn.data.dataset import read_dataset
from cislearn.data.simulate import simulate, write_simulated
from cislearn.errors import UserError
from cislearn.experiment.claim import run_identity
from cislearn.experiment.materials import gather_materials
from cislearn.experiment.reading import make_config
from cislearn.experiment.underway import settle
from cislearn.models.encoders.motif_cnn import MotifCNN
from tests.conftest import TINY


def settled(path, *arguments):
    values = {"data": {"path": str(path), "sources": ["ery"]}, "methods": ["supervised"]}
    config = make_config(values, [*(f"{key}={value}" for key, value in TINY.items()), *arguments])
    setting, (method,), _, _ = settle(config, read_dataset(path))
    return setting, method


def test_a_run_is_changed_as_configured_and_ends_on_windows_as_they_are(tiny_data):
    arguments = ["training.augment={mutate: 0.1, delete: 9, most: 1, until: 0.5}", "training.epochs=4"]
    setting, method = settled(tiny_data, *arguments)
    made = gather_materials(setting, method, 0)
    assert made.views.augment == Augmentation(mutate=0.1, delete=9, most=1)
    assert made.views.augmented_steps == made.plan.steps // 2
    still = gather_materials(*settled(tiny_data, "training.epochs=4"), 0).views
    for step, is_changed in ((0, True), (made.plan.steps - 1, False)):
        one, other = (views(made.batches[step], "train", step).tokens for views in (made.views, still))
        assert torch.equal(one, other) == (not is_changed)


def test_without_changes_a_run_is_what_it_was_before_there_were_any(tiny_data):
    def identity_of(*arguments):
        setting, method = settled(tiny_data, *arguments)
        return run_identity(setting.config, method, MotifCNN, "x")

    assert identity_of() == identity_of("training.augment.mutate=0")
    assert (
        len({identity_of(*each) for each in ([], ["training.augment.mutate=0.1"], ["training.augment.insert=3"])}) == 3
    )


def test_stretches_of_more_than_half_a_window_are_refused(tiny_data):
    with pytest.raises(UserError, match="60 bp are more than half of windows of 101 bp") as caught:
        settled(tiny_data, "training.augment.delete=60")
    assert caught.value.where == "training.augment.delete" and "50" in caught.value.fix


@pytest.mark.parametrize("change", ["delete", "insert", "translocate", "invert"])
def test_bases_are_not_moved_away_from_their_tracks(tmp_path, change):
    """trap 3: what lies along the window would be off."""
    data = write_simulated(tmp_path / "opened", simulate("openness", n_train=200, n_test=100, seed=0))
    with pytest.raises(UserError, match=f"{change} moves bases along the window") as caught:
        settled(data.path, f"training.augment.{change}=5")
    assert "mutate alone" in caught.value.fix
    settled(data.path, "training.augment.mutate=0.1")
