"""`reverse_complement: {train: equivariant}` from the configuration to the model that is loaded again."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

import cislearn as cl
from cislearn.errors import UserError
from cislearn.experiment.claim import run_identity
from cislearn.experiment.composition import compose_methods
from cislearn.experiment.reading import make_config
from cislearn.models.encoder import encoders
from cislearn.models.equivariant import EquivariantConv1d
from cislearn.models.saving import read_card, save_model
from cislearn.prediction.loading import load_model
from tests.conftest import TINY

WIDE = {"name": "wide", "detectors": 8, "known": 0.5, "channels": 4, "width": 3, "dilations": [1]}
DATA = {"data": {"path": "x"}}


@pytest.fixture(scope="module")
def trained(tiny_data, tmp_path_factory):
    settings = TINY | {"model.encoder": WIDE, "model.reverse_complement": "rcps", "training.precision": "32-true"}
    methods = ["source_only", "adversarial", "cdan", "adabn"]
    out = tmp_path_factory.mktemp("rcps") / "e"
    return cl.train(tiny_data, target="hep", methods=methods, seeds=1, out=out, settings=settings).path


@pytest.mark.parametrize("method", ["source_only", "adversarial", "cdan", "adabn"])
def test_each_method_ends_at_a_model_whose_strands_agree(trained, method):
    folder = trained / method / "seed-0"
    card = read_card(folder)
    assert card.predict == "forward" and card.is_equivariant
    assert card.options["layers"] == {"name": "equivariant", "filters": "pairs", "merge": "sum"}
    model = load_model(folder, check_strands=True)
    assert any(isinstance(part, EquivariantConv1d) for part in model.modules())
    strands = pd.read_csv(folder / "strands.tsv", sep="\t")
    assert strands["disagreement"].max() < 1e-4 and strands["flipped"].max() == 0


def test_adabn_adapts_the_statistics_of_pairs(trained):
    before, after = (load_file(trained / m / "seed-0" / "model.safetensors") for m in ("source_only", "adabn"))
    means = [name for name in before if name.endswith("running_mean")]
    assert before[means[0]].shape == (8,)
    assert all((before[name] != after[name]).any() for name in means)


PLACED = """
import torch
from torch import nn
from cislearn.models.encoder import Encoder
from cislearn.models.encoders.wide import Mean
from cislearn.models.layers import layers as layers_of
from cislearn.models.stages import Stage

class ByPlace(nn.Module):
    def __init__(self, length):
        super().__init__()
        self.slope = nn.Parameter(torch.zeros(()))
        self.register_buffer("place", torch.linspace(-1, 1, length))
    def forward(self, h):
        return h * (1 + self.slope * self.place)

class Placed(Encoder):
    def __init__(self, length, *, layers="plain"):
        super().__init__()
        make = layers_of(layers)
        conv = make.first(4, 4, 5)
        end = [Mean(), *make.merge(make.channels(4))[0]]
        self.stages = nn.Sequential(Stage(conv, None, make.activation(), nn.Sequential(ByPlace(length), *end)))
"""


def test_a_model_that_is_not_what_it_says_is_refused_on_demand(trained, tmp_path):
    """A broken one: weights by place begin at zero, so that the network is equivariant until it is trained."""
    (tmp_path / "placed.py").write_text(PLACED, encoding="utf-8")
    folder = tmp_path / "run"
    shutil.copytree(trained / "source_only" / "seed-0", folder)
    card = replace(read_card(folder), encoder=f"{tmp_path}/placed.py:Placed", options={"layers": "equivariant"})
    network = card.build().eval()
    save_model(folder, network, card)
    load_model(folder, check_strands=True)
    torch.nn.init.constant_(network.get_parameter("encoder.stages.0.pool.0.slope"), 1.0)
    save_model(folder, network, card)
    load_model(folder)
    with pytest.raises(UserError, match=r"differ by .* is to be equivariant"):
        load_model(folder, check_strands=True)


def test_it_can_begin_at_a_run_that_reads_one_strand(tiny_data, tmp_path):
    """With a rate of nothing it predicts what the mean over both strands of that run does."""
    shared = TINY | {"model.encoder": {"name": "zhou_simulated", "filters": 4, "width": 7, "pool": 5}}
    shared |= {"training.epochs": 1, "battery": False}
    settings = {"methods": ["supervised"], "seeds": 1}
    first = cl.train(tiny_data, out=tmp_path / "plain", settings=shared, **settings).path
    begin = shared | {"model.reverse_complement": "rcps", "training.init_from": str(first)}
    begin |= {"training.optimiser.learning_rate": 1e-12, "training.patience": None}
    second = cl.train(tiny_data, out=tmp_path / "rcps", settings=begin, **settings).path
    weights = [load_file(path / "supervised" / "seed-0" / "model.safetensors") for path in (first, second)]
    name = "encoder.stages.0.linear.weight"
    torch.testing.assert_close(weights[1][name], weights[0][name])
    torch.testing.assert_close(weights[1]["head.0.linear.weight"], weights[0]["head.0.linear.weight"] / 2)


# --- The configuration ---


def test_presets_and_what_follows_from_equivariant():
    rcps, half = (make_config(DATA, [f"model.reverse_complement={name}"]) for name in ("rcps", "rcps_half"))
    assert rcps.model.reverse_complement.layers == {
        "layers": {"name": "equivariant", "filters": "pairs", "merge": "sum"}
    }
    assert half.model.reverse_complement.layers["layers"]["filters"] == "half"
    said = make_config(DATA, ["model.reverse_complement.train=equivariant", "model.reverse_complement.merge=average"])
    strands = said.model.reverse_complement
    assert (strands.predict, strands.merge, strands.view) == ("forward", "average", "forward")
    assert make_config(said.model_dump(mode="json")) == said
    usual = make_config(DATA).model.reverse_complement
    assert (usual.predict, usual.layers, usual.view) == ("average", {}, "augment")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["model.reverse_complement.merge=average"], "filters and merge are of equivariant layers"),
        (["model.reverse_complement=rcps", "model.encoder={name: wide, layers: plain}"], "both say which layers"),
        (["model.reverse_complement=rpcs"], "no preset"),
    ],
)
def test_what_does_not_go_together_is_refused(settings, message):
    with pytest.raises(UserError, match=message):
        make_config(DATA, settings)


def test_runs_from_before_there_were_equivariant_layers_keep_their_identity():
    plain, rcps = make_config(DATA), make_config(DATA, ["model.reverse_complement=rcps"])
    half = make_config(DATA, ["model.reverse_complement=rcps_half"])
    (method,) = compose_methods(make_config(DATA | {"methods": ["supervised"]}))
    identities = [run_identity(config, method, encoders.get("motif_cnn"), "hash") for config in (plain, rcps, half)]
    assert len(set(identities)) == 3
    values = json.loads(plain.model_dump_json())
    assert values["model"]["reverse_complement"]["merge"] == "sum"


def test_the_published_image_is_refused_before_anything_is_trained(tiny_data, tmp_path):
    settings = TINY | {"model.encoder": "dann_tf", "model.reverse_complement": "rcps"}
    with pytest.raises(UserError, match=r"dann_tf has layers of its own.*\n.*post_hoc"):
        cl.train(tiny_data, methods=["supervised"], out=tmp_path / "e", settings=settings)
