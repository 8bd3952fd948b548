"""``cislearn promoters``, as a user calls it."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from tests.experiment.expression_runs import write_data, write_run

MEME = (
    """MEME version 4

ALPHABET= ACGT

MOTIF M1 one
letter-probability matrix: alength= 4 w= 5 nsites= 20 E= 0
"""
    + "1 0 0 0\n"
    + "0 0 1 0\n" * 4
)


@pytest.fixture
def folder(tmp_path):
    write_run(write_data(tmp_path), tmp_path / "run", network="tensor_product")
    (tmp_path / "fungi.meme").write_text(MEME)
    return tmp_path


def array(path):
    with np.load(path) as file:
        return file["arr_0"]


def test_the_folder(folder, cislearn):
    done = cislearn(
        "promoters", "run", "--data", "data", "--out", "out", "--by", "deep_lift", "--n-references", "2",
        "--condition", "heat 5 min", "--against", "fungi.meme",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = pd.read_csv(folder / "out" / "rows.tsv", sep="\t")
    worth, hypothetical = (array(folder / "out" / f"{name}.npz") for name in ("attributions", "hypothetical"))
    assert list(rows["name"]) == [f"g{k}" for k in range(11)] and worth.shape == hypothetical.shape == (11, 4, 60)
    np.testing.assert_allclose(worth.sum((1, 2)), rows["difference"], atol=1e-4)
    positions = pd.read_csv(folder / "out" / "positions.tsv", sep="\t")
    assert list(positions["position"]) == list(range(-60, 0))
    np.testing.assert_allclose(positions["mean"], worth.sum(1).mean(0), atol=1e-6)
    left = array(folder / "out" / "without_position.npz")
    np.testing.assert_allclose(left, worth.sum(1) - worth.sum(1).mean(0), atol=1e-6)
    assert json.loads((folder / "out" / "attributions.json").read_text())["conditions"] == "heat 5 min"
    assert "Along the promoter" in (folder / "out" / "promoters.html").read_text()
    assert {"motifs.meme", "motifs.tsv", "matches.tsv", "motifs.html"} <= {
        path.name for path in (folder / "out" / "motifs").iterdir()
    }
    again = cislearn(
        "promoters", "run", "--data", "data", "--out", "out", "--gene", "g3", "--gene", "g0", "--overwrite"
    )
    assert again.returncode == 0, again.stderr
    assert list(pd.read_csv(folder / "out" / "rows.tsv", sep="\t")["name"]) == ["g3", "g0"]
    assert not (folder / "out" / "motifs").exists(), "of the folder that was replaced nothing is left"


def test_what_does_not_go(folder, refused):
    write_run(folder / "data", folder / "words", network="factors")
    ask = ["promoters", "run", "--data", "data", "--out", "out"]
    for options, said in [
        ([*ask, "--condition", "heat 5 mins"], "did you mean heat 5 min"),
        ([*ask, "--gene", "g77"], "--gene: 'g77' is not known"),
        ([*ask, "--by", "deeplift"], "is no way of attributing"),
        ([*ask, "--against", "none.meme"], "none.meme"),
        (["promoters", "words", "--data", "data", "--out", "out"], "counts words in promoters"),
    ]:
        assert said in refused(*options), options
    assert not (folder / "out").exists()
