"""Labels that a training begins with: their windows are no test of it, and its protocol says whose they were."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import cislearn as cl
from cislearn.data.split import TEST
from cislearn.errors import UserError
from cislearn.experiment.composition import compose_methods
from cislearn.experiment.learned_before import leave_out_learned
from cislearn.experiment.reading import make_config
from cislearn.experiment.roles import assign_roles
from cislearn.experiment.underway import run_identities, settle
from cislearn.runs import RunFolder
from tests.conftest import TINY

BY_ROW = TINY | {"data.split": {"by": "random", "seed": 0}}


@pytest.fixture(scope="module")
def knowing(tiny_data, tmp_path_factory):
    """A run that learned from the target's labels."""
    path = tmp_path_factory.mktemp("knowing") / "e"
    cl.train(tiny_data, target="hep", methods=["target_labels"], seeds=1, out=path, settings=BY_ROW)
    return RunFolder(path / "target_labels" / "seed-0")


def begun(tiny_data, run, out, **split):
    settings = BY_ROW | {"training.init_from": str(run), "data.split": {"by": "random", "seed": 5} | split}
    return cl.train(tiny_data, target="hep", methods=["source_only"], seeds=1, out=out, settings=settings)


def test_windows_learned_from_before_are_not_tested(knowing, tiny_data, tmp_path):
    """trap 17: another split of the same windows makes training rows of the first run test rows of the second."""
    found = begun(tiny_data, knowing.path, tmp_path / "e")
    run = RunFolder(found.path / "source_only" / "seed-0")
    before, after = (np.load(each.path / "seen.npy") for each in (knowing, run))
    data = cl.read_dataset(tiny_data)
    predictions = pd.read_parquet(run.path / "predictions.parquet")
    tested = predictions.loc[predictions["part"] == "test", "row"].to_numpy()
    assert len(tested) and not np.isin(data.window_hashes[tested], before).any()
    assert np.isin(before, after).all() and len(after) > len(before)
    (note,) = [n for n in json.loads((found.path / "data.json").read_text())["split"]["notes"] if "begins at" in n]
    assert "test rows were learned from by the run that training begins at, and are left out" in note
    assert run.info["protocol"] == "honest: target labels seen by the run that it begins at"
    assert knowing.info["labels_of"] == ["hep"] and run.info["labels_of"] == ["ery", "hep"]
    assert "never labelled in training" not in found.report.read_text()


def test_where_leaks_are_kept_they_are_counted(knowing, tiny_data, tmp_path):
    notes = json.loads((begun(tiny_data, knowing.path, tmp_path / "e", leaks="keep").path / "data.json").read_text())
    assert any("leaks are kept" in n and "begins at" in n for n in notes["split"]["notes"])


def test_pretraining_without_labels_takes_no_window_away(tiny_data, tmp_path):
    cl.train(tiny_data, target="hep", methods=["masked"], seeds=1, out=tmp_path / "before", settings=BY_ROW)
    run = RunFolder(tmp_path / "before" / "masked" / "seed-0")
    assert run.info["labels_of"] == [] and len(np.load(run.path / "seen.npy")) == 0
    setting, (method,), _, _ = settle(config_of(tiny_data, run.path, tmp_path), cl.read_dataset(tiny_data))
    assert not any("begins at" in note for note in setting.roles.split.notes)
    assert method.protocol("source_validation") == "honest: no target label seen"


def test_a_test_part_that_was_learned_from_is_refused(knowing, tiny_data, tmp_path):
    all_of_them = tmp_path / "all"
    shutil.copytree(knowing.path, all_of_them)
    np.save(all_of_them / "seen.npy", np.unique(cl.read_dataset(tiny_data).window_hashes))
    with pytest.raises(UserError, match="for test were learned from by the run that training begins at"):
        settle(config_of(tiny_data, all_of_them, tmp_path), cl.read_dataset(tiny_data))


def test_test_windows_that_only_overlap_learned_ones_are_left_out_too(knowing, tiny_data, tmp_path):
    """trap 17: no window is equal, but those of one place were seen moved by all but three bases."""
    run = tmp_path / "moved"
    shutil.copytree(knowing.path, run)
    np.save(run / "seen.npy", np.array([1], dtype=np.uint64))
    data = cl.read_dataset(tiny_data)
    start = 60 * np.random.default_rng(0).permutation(len(data))
    data = replace(data, loci=data.loci.assign(chrom="chr1", start=start, end=start + data.spec.length))
    config = config_of(tiny_data, run, tmp_path)
    roles = assign_roles(data, config.data)
    is_test = roles.split.part == TEST
    low = int(data.loci.loc[is_test, "end"].iloc[0]) - 3
    seen = {"genome": data.loci["genome"].iloc[0], "chrom": "chr1", "start": [low], "end": [low + 101]}
    pd.DataFrame(seen).to_parquet(run / "seen.parquet")
    overlaps = (data.loci["start"] < low + 101) & (data.loci["end"] > low)
    left = leave_out_learned(roles, config).split.part
    assert 0 < (is_test & overlaps).sum() < 5
    assert np.flatnonzero(is_test & (left != TEST)).tolist() == np.flatnonzero(is_test & overlaps).tolist()


def test_the_labels_that_chose_the_weights_were_seen(tiny_data, tmp_path):
    settings = TINY | {"selection": "oracle"}
    cl.train(tiny_data, target="hep", methods=["source_only"], seeds=1, out=tmp_path / "e", settings=settings)
    run = RunFolder(tmp_path / "e" / "source_only" / "seed-0")
    data, predictions = cl.read_dataset(tiny_data), pd.read_parquet(run.path / "predictions.parquet")
    judged = predictions[(predictions["part"] == "valid") & (predictions["domain"] == "hep")]["row"].to_numpy()
    assert len(judged) and np.isin(data.window_hashes[judged], np.load(run.path / "seen.npy")).all()
    assert run.info["labels_of"] == ["ery", "hep"]


def config_of(tiny_data, run, out):
    values = {"data": {"path": str(tiny_data), "target": "hep"}, "out": str(out / "e"), "methods": ["source_only"]}
    settings = [f"{key}={json.dumps(value)}" for key, value in BY_ROW.items()]
    return make_config(values, [*settings, f"training.init_from={run}"])


def test_a_run_is_known_by_the_weights_that_it_begins_at(knowing, tiny_data, tmp_path):
    """Wherever they lie: another place is no other run, and other weights are, though the folder is the same."""

    def identity(path):
        config = config_of(tiny_data, path, tmp_path)
        return run_identities(config, compose_methods(config), "data")

    moved = tmp_path / "moved" / "seed-0"
    shutil.copytree(knowing.path, moved)
    assert identity(moved) == identity(knowing.path)
    weights = moved / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    assert identity(moved) != identity(knowing.path)
