"""Files in, files out: rows in their places, and what other tools read."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pybigtools
import pytest

from cislearn.api import attribute
from cislearn.data.dataset import read_dataset
from cislearn.data.prepare import prepare
from cislearn.errors import UserError
from cislearn.explain.attribute import Attributor
from cislearn.explain.file_attributions import ITS_REFERENCE, attribute_source
from cislearn.explain.methods import Settings
from cislearn.explain.sources import _on_genome, windows_of_dataset, windows_of_file
from cislearn.explain.write import write_attributions
from cislearn.prediction.files import ONLY_N
from cislearn.prediction.loading import load_members
from cislearn.runs import runs_under
from cislearn.sequence.strand import reverse_complement
from cislearn.sequence.tokens import decode, encode
from tests.explain.conftest import LENGTH, network_of, spec_of


@pytest.fixture
def genome(tmp_path):
    chr1 = decode(np.random.default_rng(1).integers(0, 4, 1000).astype(np.uint8))
    path = tmp_path / "genome.fa"
    path.write_text(f">chr1\n{chr1}\n>chr2\n{'N' * 200}{'A' * 300}\n")
    return path, chr1


@pytest.fixture
def regions(tmp_path):
    rows = [
        ("chr1", 100, 201, "plain", 0, "+"),
        ("chr1", 0, 4, "edge", 0, "+"),
        ("chr9", 5, 25, "nowhere", 0, "+"),
        ("chr1", 300, 401, "minus", 0, "-"),
        ("chr2", 20, 121, "unknown", 0, "+"),
        ("chr2", 250, 351, "alike", 0, "+"),
        ("chr1", 550, 651, "apart", 0, "+"),
    ]
    path = tmp_path / "regions.bed"
    path.write_text("".join("\t".join(map(str, row)) + "\n" for row in rows))
    return path


def models():
    return [network_of("motif_cnn", spec_of(), seed) for seed in range(2)]


@pytest.fixture
def written(genome, regions, tmp_path):
    attributor = Attributor(models(), "bound", settings=Settings("integrated_gradients", "shuffled", 1, 64))
    source = windows_of_file(regions, attributor.spec, genome=genome[0])
    found = attribute_source(attributor, source)
    about = {"method": "integrated_gradients"}
    write_attributions(tmp_path / "out", found, about, looked_at="", chromosomes=source.chromosomes)
    return tmp_path / "out", found


def test_a_row_for_each_row_of_the_file_zero_where_there_is_nothing(written, genome):
    """traps 13 and 14: (N, 4, L), as many rows as the BED, in its order."""
    out, found = written
    arrays = {name: np.load(out / f"{name}.npz")["arr_0"] for name in ("ohe", "hypothetical", "attributions")}
    assert all(array.shape == (7, 4, LENGTH) for array in arrays.values())
    assert np.load(out / "spread.npz")["arr_0"].shape == (7, LENGTH)
    table = pd.read_csv(out / "rows.tsv", sep="\t", keep_default_na=False)
    assert list(table["name"]) == ["plain", "edge", "nowhere", "minus", "unknown", "alike", "apart"]
    there = [True, False, False, True, False, False, True]
    assert list(table["not_attributed"] == "") == there
    assert table["not_attributed"][4] == ONLY_N and table["not_attributed"][5] == ITS_REFERENCE
    for array in arrays.values():
        assert list(array.any(axis=(1, 2))) == there
    window = reverse_complement(encode(genome[1][300:401]))
    np.testing.assert_array_equal(arrays["ohe"][3].argmax(0), window)
    np.testing.assert_allclose(arrays["attributions"], arrays["ohe"] * arrays["hypothetical"])
    np.testing.assert_allclose(found.rows["sum"][0], found.projected[0].sum(), rtol=1e-5)
    assert json.loads((out / "attributions.json").read_text())["format"] == 1


def test_the_track_lies_on_the_genome_whatever_strand_was_read(written):
    out, found = written
    with pybigtools.open(str(out / "attributions.bw")) as track:
        plain = track.values("chr1", 100, 201, fillna=None)
        minus = track.values("chr1", 300, 401, fillna=None)
        between = track.values("chr1", 201, 300, fillna=None)
    np.testing.assert_allclose(plain, found.projected[0].sum(0), rtol=1e-5)
    np.testing.assert_allclose(minus, found.projected[3].sum(0)[::-1], rtol=1e-5)
    assert np.isnan(between).all()


def test_modisco_reads_what_is_written(written):
    """trap 13: its command line transposes (N, 4, L), and multiplies hypothetical ones by the one-hot."""
    pytest.importorskip("modiscolite")
    out, found = written
    one_hot, hypothetical = (np.load(out / f"{name}.npz")["arr_0"] for name in ("ohe", "hypothetical"))
    sequences, attributions = (array.transpose(0, 2, 1) for array in (one_hot, hypothetical))
    np.testing.assert_allclose((sequences * attributions).sum(2), found.projected.sum(1), atol=1e-6)


def test_nothing_to_attribute_is_refused_and_nothing_written(genome, tmp_path):
    (tmp_path / "none.bed").write_text("chr9\t5\t106\nchr2\t0\t101\n")
    attributor = Attributor(models(), "bound")
    source = windows_of_file(tmp_path / "none.bed", attributor.spec, genome=genome[0])
    with pytest.raises(UserError, match="no row could be attributed; the first: "):
        write_attributions(tmp_path / "none", attribute_source(attributor, source), {}, looked_at="none.bed")
    assert not (tmp_path / "none").exists()


def test_rows_of_a_part_are_those_that_the_run_tested(tiny_data, tiny_experiment):
    dataset, run = read_dataset(tiny_data), runs_under(tiny_experiment)[0]
    spec = load_members(tiny_experiment)[0].spec
    source = windows_of_dataset(dataset, run, spec, domain="hep")
    predicted = pd.read_parquet(run.path / "predictions.parquet")
    mine = predicted[(predicted["part"] == "test") & (predicted["domain"] == "hep")]
    assert sorted(mine["row"]) == list(source.told["row"]) and set(source.told["domain"]) == {"hep"}
    found = attribute_source(Attributor(load_members(run.path), "GABPA"), source)
    logits = mine.sort_values("row")["logit_GABPA"].to_numpy()
    np.testing.assert_allclose(found.rows["output"], logits, atol=1e-4)
    few = windows_of_dataset(dataset, run, spec, most=5)
    assert len(few) == 5 and few.told["row"].is_monotonic_increasing
    with pytest.raises(UserError, match="domain 'heb' has no row of part test; did you mean hep"):
        windows_of_dataset(dataset, run, spec, domain="heb")
    with pytest.raises(UserError, match="part 'train' is not known"):
        windows_of_dataset(dataset, run, spec, part="train")


def test_rows_of_a_genome_keep_their_places(genome, tmp_path):
    """Attributions of a dataset lie on the genome where those of the same regions as a file do."""
    path, chr1 = genome
    (tmp_path / "pos.bed").write_text("".join(f"chr1\t{k}\t{k + 40}\tp\t0\t-\n" for k in (100, 300, 500)))
    (tmp_path / "neg.bed").write_text("".join(f"chr1\t{k}\t{k + 40}\tn\t0\t+\n" for k in (200, 400)))
    files = {"positives": {"a": tmp_path / "pos.bed"}, "negatives": {"a": tmp_path / "neg.bed"}}
    dataset = prepare(tmp_path / "data", **files, genome=path, length=40, margin=3)
    rows = np.array([2, 4])
    places, chromosomes = _on_genome(dataset, rows)
    assert dict(chromosomes) == {"chr1": 1000, "chr2": 500}
    windows = dataset.sequences.gather(rows)[:, 3:-3]
    for (chrom, start, strand), window in zip(places.itertuples(index=False), windows, strict=True):
        there = chr1[start : start + 40]
        assert chrom == "chr1" and decode(window) == (reverse_complement_of(there) if strand == "-" else there)
    assert set(places["strand"]) == {"+", "-"}


def reverse_complement_of(text):
    return decode(reverse_complement(encode(text)[None])[0])


def test_another_dataset_is_refused(tiny_experiment, tmp_path):
    from cislearn.data.simulate import simulate, write_simulated

    write_simulated(tmp_path / "other", simulate("mixed", n_train=60, n_test=30, seed=5))
    with pytest.raises(UserError, match="not the dataset that the run was trained on"):
        attribute(tiny_experiment, "GABPA", data=tmp_path / "other")


def test_the_python_interface_writes_what_it_returns(tiny_data, tiny_experiment, tmp_path):
    out = tmp_path / "out"
    found = attribute(tiny_experiment, "GABPA", data=tiny_data, most=6, by="saliency", out=out, logos=2)
    np.testing.assert_array_equal(np.load(out / "attributions.npz")["arr_0"], found.projected)
    assert not (out / "attributions.bw").exists()
    page = (out / "attributions.html").read_text()
    assert page.count('class="plot"') == 2 and "http" not in page.replace("http://www.w3.org", "")
    assert "no sign" in page
    assert found.spread is not None and found.spread.shape == (6, LENGTH)
    with pytest.raises(UserError, match="holds attributions already"):
        attribute(tiny_experiment, "GABPA", data=tiny_data, most=6, out=out)
    attribute(tiny_experiment, "GABPA", data=tiny_data, most=6, by="occlusion", out=out, overwrite=True)
    assert not (out / "hypothetical.npz").exists()
