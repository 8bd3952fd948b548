from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
import torch

from cislearn.errors import UserError
from cislearn.models.network import build_network
from cislearn.models.saving import ModelCard, load_network, read_card, save_model
from tests.models.conftest import one_hot_windows


@pytest.fixture
def saved(mixed, tmp_path):
    """Card, network and folder of a saved model."""
    card = ModelCard("motif_cnn", mixed, {"motifs": 6}, predict="forward").with_extra(thresholds={"bound": 0.5})
    network = card.build().eval()
    folder = tmp_path / "run"
    save_model(folder, network, card)
    return card, network, folder


def test_a_saved_model_comes_back_as_it_was(saved):
    card, network, folder = saved
    assert read_card(folder) == card
    loaded = load_network(folder)
    assert not loaded.training
    assert loaded.spec == network.spec
    x = one_hot_windows(4, 48)
    torch.testing.assert_close(loaded(x), network(x), rtol=0, atol=0)
    assert sorted(p.name for p in folder.iterdir()) == ["model.json", "model.safetensors"]


def test_extras_add_up_and_leave_the_card_as_it_was(mixed):
    card = ModelCard("motif_cnn", mixed)
    assert card.with_extra(a=1).with_extra(b=2).extra == {"a": 1, "b": 2}
    assert card.extra == {}


def test_a_users_own_encoder_is_found_again(mixed, tmp_path):
    (tmp_path / "own.py").write_text(
        "from torch import nn\n"
        "class Own(nn.Module):\n"
        "    def __init__(self, length):\n        super().__init__()\n        self.d = nn.Linear(4 * length, 2)\n"
        "    def forward(self, x):\n        return self.d(x.flatten(1))\n"
    )
    card = ModelCard("own.py:Own", mixed, search=[str(tmp_path)])
    network = card.build().eval()
    save_model(tmp_path / "run", network, card)
    x = one_hot_windows(2, 48)
    torch.testing.assert_close(load_network(tmp_path / "run")(x), network(x), rtol=0, atol=0)
    (tmp_path / "own.py").unlink()
    with pytest.raises(UserError, match=r"no file own\.py"):
        load_network(tmp_path / "run")


def truncate(folder, mixed):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    return path


def not_weights(folder, mixed):
    path = folder / "model.safetensors"
    path.write_bytes(b"PK\x03\x04 a zip")
    return path


def foreign_shapes(folder, mixed):
    save_model(folder, build_network("motif_cnn", mixed, {"motifs": 7}), read_card(folder))
    return folder / "model.safetensors"


def foreign_names(folder, mixed):
    save_model(folder, build_network("dann_tf", mixed), read_card(folder))
    return folder / "model.safetensors"


def no_weights(folder, mixed):
    (folder / "model.safetensors").unlink()
    return folder


def no_card(folder, mixed):
    (folder / "model.json").unlink()
    return folder


def half_a_card(folder, mixed):
    path = folder / "model.json"
    path.write_text(path.read_text()[:100])
    return path


def other_format(folder, mixed):
    path = folder / "model.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 99}))
    return path


def no_object(folder, mixed):
    path = folder / "model.json"
    path.write_text("[1]")
    return path


def without_spec(folder, mixed):
    path = folder / "model.json"
    path.write_text(json.dumps({"format": 1, "cislearn": "0", "encoder": "motif_cnn"}))
    return path


def of_unknown_fields(folder, mixed):
    path = folder / "model.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"colour": "red"}))
    return path


DAMAGES = [
    (truncate, "not whole"),
    (not_weights, "not whole"),
    (foreign_shapes, r"does not fit its model\.json"),
    (foreign_names, r"does not fit its model\.json"),
    (no_weights, r"no model\.safetensors"),
    (no_card, r"no model\.json"),
    (half_a_card, "is not whole"),
    (other_format, "another format"),
    (no_object, "another format"),
    (without_spec, "not a model's description"),
    (of_unknown_fields, "not a model's description"),
]


@pytest.mark.parametrize(("damage", "message"), DAMAGES, ids=[damage.__name__ for damage, _ in DAMAGES])
def test_a_damaged_model_is_refused_by_the_name_of_its_file(saved, mixed, damage, message):
    _, _, folder = saved
    where = damage(folder, mixed)
    with pytest.raises(UserError, match=message) as caught:
        load_network(folder)
    assert caught.value.where == where


def test_a_disk_that_refuses_is_told_and_leaves_no_card(mixed, tmp_path):
    (tmp_path / "run").touch()
    with pytest.raises(UserError, match="cannot be written"):
        save_model(tmp_path / "run", build_network("motif_cnn", mixed), ModelCard("motif_cnn", mixed))


def test_a_model_loads_without_lightning_pickles_or_a_network(saved, tmp_path):
    _, network, folder = saved
    x = one_hot_windows(3, 48)
    np.save(tmp_path / "x.npy", x.numpy())
    script = f"""
import builtins, pickle, socket, sys
for name in ("lightning", "pytorch_lightning", "requests"):
    sys.modules[name] = None
import numpy as np, torch
from pathlib import Path
from cislearn.models.saving import load_network
def refuse(*_, **__): raise AssertionError("a pickle or a socket was opened")
pickle.load = pickle.loads = pickle.Unpickler = socket.socket.connect = torch.load = refuse
network = load_network(Path({str(folder)!r}))
with torch.no_grad():
    logits = network(torch.from_numpy(np.load({str(tmp_path / "x.npy")!r})))
np.save({str(tmp_path / "logits.npy")!r}, logits.numpy())
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
    with torch.no_grad():
        np.testing.assert_allclose(np.load(tmp_path / "logits.npy"), network(x).numpy(), rtol=1e-5, atol=1e-6)
