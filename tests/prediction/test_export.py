"""Exported models: equal to the model whatever the encoder and strands, and readable where only torch is installed."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from cislearn.cli.main import app
from cislearn.errors import UserError
from cislearn.models.encoder import encoders
from cislearn.models.saving import ModelCard, save_model
from cislearn.models.strands import reading_of
from cislearn.prediction import export
from cislearn.prediction.export import METADATA, export_model, metadata, refuse_difference
from cislearn.prediction.loading import load_model
from cislearn.registry import options_of
from cislearn.schema import DataSpec, InputSpec, TaskSpec
from tests.models.conftest import one_hot_windows

SMALL = {
    "alexnet": {"hidden": (8, 8)},
    "basset": {"hidden": (8, 8)},
    "motif_cnn": {"motifs": 4, "pairs": 4, "features": 4},
    "wide": {"detectors": 8, "channels": 8, "known": 0},
    "bpnet": {"filters": 4, "motif_width": 5, "dilated": 2, "profile_width": 7},
}
LENGTHS = {"bpnet": 62, "basset": 200}
EQUIVARIANT_LENGTHS = {"alexnet": 200, "basset": 600, "zhou_binary": 200, "zhou_simulated": 200}
TASKS = (TaskSpec("bound"), TaskSpec("state", "multiclass", 3), TaskSpec("level", "regression"))
PROFILE = (TaskSpec("cuts", "profile", 2, 40, "flip_and_permute"),)
READINGS = ["forward", "average", "average_probabilities", "maximum"]
PLAIN = [  # each encoder as it reads by default, and one as it can be read at all; the rest take minutes
    pytest.param(name, reading, marks=() if reading == "average" or name == "motif_cnn" else pytest.mark.slow)
    for name in encoders.names()
    for reading in READINGS
]
EQUIVARIANT = [name for name in encoders.names() if "layers" in options_of(encoders.get(name)) and name != "inception"]


def card_of(name: str, reading: str = "average", *, is_equivariant: bool = False, inputs=()) -> ModelCard:
    lengths = LENGTHS | (EQUIVARIANT_LENGTHS if is_equivariant else {})
    spec = DataSpec(PROFILE if name == "bpnet" else TASKS, ("a",), lengths.get(name, 101), inputs=inputs)
    layers = {"layers": "equivariant"} if is_equivariant else {}
    return ModelCard(name, spec, SMALL.get(name, {}) | layers, predict=reading)


def write_run(folder: Path, card: ModelCard, seed: int = 0) -> Path:
    """The folder of a run, as far as prediction reads it; running statistics are not those of the first step."""
    torch.manual_seed(seed)
    network = card.build()
    for name, values in network.named_buffers():
        if name.endswith("running_mean"):
            values.normal_(0, 0.1)
        elif name.endswith("running_var"):
            values.uniform_(0.5, 2)
    save_model(folder, network, card)
    run = {"format": 1, "method": "supervised", "seed": seed, "protocol": "honest", "selection": "source_validation"}
    (folder / "run.json").write_text(json.dumps(run))
    return folder


def read(path: Path):
    """The model of a file, by the reader that its users have."""
    if path.suffix == ".pt2":
        return torch.export.load(path).module()
    from onnxruntime import InferenceSession

    session = InferenceSession(path, providers=["CPUExecutionProvider"])
    return lambda x: torch.from_numpy(session.run(None, {"windows": x.numpy()})[0])


def assert_equal_to_the_model(run: Path, out: Path) -> None:
    """Equal on windows, some of whose bases are unknown, that the export itself never saw; on any number of them."""
    export_model(run, out)
    model, exported = load_model(run), read(out)
    for n in (1, 5):
        x = one_hot_windows(n, model.spec.length, seed=n)
        if model.spec.tracks:
            x = torch.cat([x, torch.rand(n, model.spec.channels - 4, model.spec.length)], dim=1)
        with torch.no_grad():
            torch.testing.assert_close(exported(x), model(x), rtol=1e-5, atol=1e-5)
            if reading_of(model) != "forward" and not (model.spec.tracks or model.spec.profiles):
                torch.testing.assert_close(exported(x.flip(1, 2)), exported(x), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("name", "reading"), PLAIN)
def test_torch_says_what_the_model_says(name, reading, tmp_path):
    assert_equal_to_the_model(write_run(tmp_path / "run", card_of(name, reading)), tmp_path / "model.pt2")


@pytest.mark.parametrize("name", EQUIVARIANT)
def test_torch_says_what_an_equivariant_model_says(name, tmp_path):
    card = card_of(name, "forward", is_equivariant=True)
    assert_equal_to_the_model(write_run(tmp_path / "run", card), tmp_path / "model.pt2")


@pytest.mark.parametrize("reading", READINGS)
def test_onnx_says_what_the_model_says(reading, tmp_path):
    pytest.importorskip("onnxruntime")
    assert_equal_to_the_model(write_run(tmp_path / "run", card_of("motif_cnn", reading)), tmp_path / "model.onnx")


@pytest.mark.slow
@pytest.mark.parametrize("name", encoders.names())
def test_onnx_takes_every_encoder(name, tmp_path):
    pytest.importorskip("onnxruntime")
    assert_equal_to_the_model(write_run(tmp_path / "run", card_of(name)), tmp_path / "model.onnx")


@pytest.mark.slow
@pytest.mark.parametrize("name", EQUIVARIANT)
def test_onnx_takes_equivariant_layers(name, tmp_path):
    pytest.importorskip("onnxruntime")
    card = card_of(name, "forward", is_equivariant=True)
    assert_equal_to_the_model(write_run(tmp_path / "run", card), tmp_path / "model.onnx")


def test_words_in_the_place_of_bases(tmp_path):
    card = card_of("motif_cnn")
    card = ModelCard(card.encoder, card.spec, card.options, kmers={"k": [2, 3], "dim": 4, "frozen": False})
    assert_equal_to_the_model(write_run(tmp_path / "run", card), tmp_path / "model.pt2")


def test_tracks_are_turned_by_their_rule_within(tmp_path):
    """trap 3: a track of two strands swaps them, cuts move by one base."""
    inputs = (InputSpec("strands", "track", 2, "flip_and_permute"), InputSpec("cuts", "track", rc="flip_and_shift"))
    run = write_run(tmp_path / "run", card_of("motif_cnn", inputs=inputs))
    assert_equal_to_the_model(run, tmp_path / "model.pt2")
    assert metadata(run)["input"]["shape"] == ["n", 7, 101]


def test_a_users_own_encoder(tmp_path):
    (tmp_path / "own.py").write_text(
        "from torch import nn\n"
        "class Own(nn.Module):\n"
        "    def __init__(self, length):\n        super().__init__()\n        self.d = nn.Linear(4 * length, 2)\n"
        "    def forward(self, x):\n        return self.d(x.flatten(1))\n"
    )
    card = ModelCard("own.py:Own", DataSpec(TASKS, ("a",), 40), search=[str(tmp_path)])
    assert_equal_to_the_model(write_run(tmp_path / "run", card), tmp_path / "model.pt2")


def test_an_encoder_that_looks_at_its_values_is_refused_and_nothing_written(tmp_path):
    (tmp_path / "own.py").write_text(
        "from torch import nn\n"
        "class Own(nn.Module):\n"
        "    def __init__(self, length):\n        super().__init__()\n        self.d = nn.Linear(4, 2)\n"
        "    def forward(self, x):\n"
        "        return self.d(x.mean(2) if x.sum() > 3 else x.amax(2))\n"
    )
    card = ModelCard("own.py:Own", DataSpec(TASKS, ("a",), 40), search=[str(tmp_path)])
    run = write_run(tmp_path / "run", card)
    with pytest.raises(UserError, match="cannot be exported for torch"):
        export_model(run, tmp_path / "model.pt2")
    assert not (tmp_path / "model.pt2").exists()


def test_the_seeds_are_averaged_and_their_threshold_is_the_means(tiny_experiment, tmp_path):
    """The oracle averages by hand; the threshold is that of the mean, not of a seed (trap 12: of the task's own)."""
    out = tmp_path / "deep" / "model.pt2"
    export_model(tiny_experiment, out)
    x = one_hot_windows(6, 101, seed=7)
    with torch.no_grad():
        seeds = [load_model(tiny_experiment / "adversarial" / f"seed-{seed}")(x) for seed in (0, 1)]
        torch.testing.assert_close(read(out)(x), (seeds[0] + seeds[1]) / 2, rtol=1e-5, atol=1e-5)
    held = {METADATA: ""}
    torch.export.load(out, extra_files=held)
    about = json.loads(held[METADATA])
    chosen = json.loads((tiny_experiment / "experiment.json").read_text())["averaged"]["adversarial"]
    (task,) = about["tasks"]
    assert [task["threshold"]] == list(chosen["thresholds"].values())
    assert [task["temperature"]] == list(chosen["temperatures"].values())
    assert (about["method"], about["seeds"]) == ("adversarial", [0, 1])


def test_of_one_run_threshold_and_temperature_are_its_own(tiny_experiment):
    run = tiny_experiment / "source_only" / "seed-1"
    info = json.loads((run / "run.json").read_text())
    (task,) = metadata(run)["tasks"]
    assert [task["threshold"]] == list(info["thresholds"].values())
    assert [task["temperature"]] == list(info["temperatures"].values())


def test_a_file_loads_where_only_torch_is_installed(tmp_path):
    run = write_run(tmp_path / "run", card_of("motif_cnn"))
    export_model(run, tmp_path / "model.pt2")
    x = one_hot_windows(3, 101)
    torch.save(x, tmp_path / "x.pt")
    code = (
        "import sys\n"
        "for name in ('cislearn', 'lightning', 'pandas', 'safetensors', 'pydantic', 'jaxtyping'):\n"
        "    sys.modules[name] = None\n"
        "import torch\n"
        "logits = torch.export.load('model.pt2').module()(torch.load('x.pt'))\n"
        "torch.save(logits.detach(), 'logits.pt')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with torch.no_grad():
        expected = load_model(run)(x)
    torch.testing.assert_close(torch.load(tmp_path / "logits.pt"), expected, rtol=1e-5, atol=1e-5)


def test_onnx_holds_the_same_metadata(tmp_path):
    onnx = pytest.importorskip("onnx")
    run = write_run(tmp_path / "run", card_of("motif_cnn"))
    export_model(run, tmp_path / "model.onnx")
    (held,) = onnx.load(tmp_path / "model.onnx").metadata_props
    assert (held.key, json.loads(held.value)) == (METADATA, metadata(run))
    assert [task["columns"] for task in metadata(run)["tasks"]] == [[0, 1], [1, 4], [4, 5]]


@pytest.mark.parametrize("change", [lambda y: y + 3e-5, lambda y: y * np.nan, lambda y: y[:, ::-1]])
def test_a_file_that_says_otherwise_is_refused(change, tmp_path):
    model = load_model(write_run(tmp_path / "run", card_of("motif_cnn")))

    def said(x):
        with torch.no_grad():
            return model(torch.from_numpy(x)).numpy()

    refuse_difference(model, said, where=tmp_path)
    with pytest.raises(UserError, match="off the one that it was made of"):
        refuse_difference(model, lambda x: change(said(x)), where=tmp_path)


def test_what_was_written_is_read_again_before_it_gets_its_name(tmp_path, monkeypatch):
    run, other = (write_run(tmp_path / str(seed), card_of("motif_cnn"), seed) for seed in (0, 1))
    written = export._torch_bytes
    monkeypatch.setattr(export, "_torch_bytes", lambda model, about: written(load_model(other), about))
    with pytest.raises(UserError, match=r"model\.pt2: the exported model is"):
        export_model(run, tmp_path / "model.pt2")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0", "1"]


@pytest.mark.parametrize(
    ("out", "format", "problem"),
    [("model.bin", None, "ends in neither of .pt2, .onnx"), ("model.pt2", "onxn", "did you mean onnx")],
)
def test_a_format_that_there_is_not(out, format, problem, tmp_path):
    with pytest.raises(UserError, match=problem):
        export_model(tmp_path, tmp_path / out, format=format)


def test_onnx_without_its_packages_says_how_to_get_them(tmp_path, monkeypatch):
    monkeypatch.setattr(export, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"needs onnx, onnxscript, onnxruntime\n.*cislearn\[onnx\]"):
        export_model(tmp_path, tmp_path / "model.onnx")


def test_the_verb_writes_the_file(tmp_path, tiny_experiment):
    run = tiny_experiment / "source_only" / "seed-0"
    done = CliRunner().invoke(app, ["export", str(run), "--format", "torch", "--out", str(tmp_path / "m.bin")])
    assert done.exit_code == 0, done.output
    model = torch.export.load(io.BytesIO((tmp_path / "m.bin").read_bytes())).module()
    assert model(torch.zeros(1, 4, 101)).shape == (1, 1)
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".md"] == ["m.bin.md"]


def test_the_verb_replaces_a_file_or_its_card_only_where_told(tmp_path, tiny_experiment):
    out, card = tmp_path / "m.pt2", tmp_path / "m.pt2.md"
    call = ["export", str(tiny_experiment / "source_only" / "seed-0"), "--out", str(out)]
    for taken in (out, card):
        taken.write_text("another's")
        done = CliRunner().invoke(app, call)
        assert isinstance(done.exception, UserError) and f"{taken}: exists already" in str(done.exception)
        assert "--overwrite" in str(done.exception)
        assert [each.read_text() for each in tmp_path.iterdir()] == ["another's"]
        taken.unlink()
    out.write_text("another's")
    card.write_text("another's")
    done = CliRunner().invoke(app, [*call, "--overwrite"])
    assert done.exit_code == 0, done.output
    assert torch.export.load(out).module()(torch.zeros(1, 4, 101)).shape == (1, 1)
    assert card.read_text() != "another's"
