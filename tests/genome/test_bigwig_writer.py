"""bigWig files that are written: what another library reads in them, and what is refused."""

from __future__ import annotations

import numpy as np
import pyBigWig
import pytest

from cislearn.errors import UserError
from cislearn.genome import bigwig_writer
from cislearn.genome.bigwig import BigWig
from cislearn.genome.bigwig_writer import n_covered, write_bigwig

CHROMOSOMES = {"chr2": 9000, "chr10": 4000, "chr1": 20_000, "chrUn": 50}
LENGTH = 100


@pytest.fixture
def windows(rng):
    """Windows in no order, many of which overlap, one twice, at both ends of chromosomes, with a value of 0."""
    chrom = rng.choice(["chr1", "chr2", "chr10"], 90, p=[0.6, 0.3, 0.1]).astype(object)
    start = np.array([rng.integers(0, CHROMOSOMES[name] - LENGTH) for name in chrom])
    start[chrom == "chr1"] //= 8
    chrom[:4], start[:4] = ["chr2", "chr2", "chr1", "chr1"], [0, 0, 0, 20_000 - LENGTH]
    values = rng.gamma(1, 1, (90, LENGTH)).astype(np.float32)
    values[5, :20] = 0
    return chrom, start, values


def slow_mean(chrom, start, values):
    """Base by base: the mean of the windows over each; NaN where there is none."""
    total = {name: np.zeros(length) for name, length in CHROMOSOMES.items()}
    times = {name: np.zeros(length) for name, length in CHROMOSOMES.items()}
    for name, first, row in zip(chrom, start, values, strict=True):
        total[name][first : first + LENGTH] += row
        times[name][first : first + LENGTH] += 1
    return {name: np.where(times[name] > 0, total[name] / np.maximum(times[name], 1), np.nan) for name in CHROMOSOMES}


@pytest.mark.parametrize("at_a_time", [1, 7, 1000])
def test_another_library_reads_the_mean_of_the_windows(tmp_path, windows, monkeypatch, at_a_time):
    """trap 15: uncovered bases have no value, which is not 0; a window of zeros has them spelled out."""
    monkeypatch.setattr(bigwig_writer, "WINDOWS", at_a_time)
    path = tmp_path / "reads.bw"
    write_bigwig(path, CHROMOSOMES, *windows)
    expected = slow_mean(*windows)
    assert any((np.nan_to_num(each) > 0).sum() < np.isfinite(each).sum() for each in expected.values())
    with pyBigWig.open(str(path)) as file:
        with_windows = {name: CHROMOSOMES[name] for name in sorted(set(windows[0]))}
        assert file.chroms() == with_windows
        assert file.header()["nBasesCovered"] == sum(np.isfinite(each).sum() for each in expected.values())
        for name, length in with_windows.items():
            found = file.values(name, 0, length, numpy=True)
            np.testing.assert_allclose(found, expected[name], rtol=1e-6)
    assert [each.name for each in tmp_path.iterdir()] == ["reads.bw"]


def test_rows_are_in_order_and_none_overlaps(tmp_path, windows):
    path = tmp_path / "reads.bigWig"
    write_bigwig(path, CHROMOSOMES, *windows)
    with pyBigWig.open(str(path)) as file:
        starts, ends, _ = np.array(file.intervals("chr1")).T
    assert (starts[1:] >= ends[:-1]).all() and (ends > starts).all()


def test_zoomed_out_the_peak_is_still_seen(tmp_path):
    """A file with no level of zoom looks flat in a browser: the summaries it draws from are not there."""
    values = np.ones((60, LENGTH), np.float32)
    values[33, 40] = 500.0
    chrom, start = np.array(["chr1"] * 60, object), np.arange(60) * 300
    write_bigwig(tmp_path / "reads.bw", CHROMOSOMES, chrom, start, values)
    with pyBigWig.open(str(tmp_path / "reads.bw")) as file:
        assert file.header()["nLevels"] >= 1
        assert file.stats("chr1", 0, 20_000, type="max") == [500]
        zoomed, exact = (file.stats("chr1", 0, 20_000, type="max", nBins=4, exact=exact) for exact in (False, True))
    assert zoomed == exact == [1, 500, 1, 1]


def test_what_is_written_can_be_read_as_a_track(tmp_path, windows):
    path = tmp_path / "reads.bw"
    write_bigwig(path, CHROMOSOMES, *windows)
    chrom, start, _ = windows
    expected = np.nan_to_num(slow_mean(*windows)["chr2"])
    found = BigWig(path).gather(chrom[:1], start[:1], LENGTH)
    np.testing.assert_allclose(found[0], expected[:LENGTH], rtol=1e-6)


def test_a_memory_map_is_read_window_by_window(tmp_path, windows, monkeypatch):
    """Only as many windows as are said are in memory at a time, so a genome of predictions needs no more."""
    monkeypatch.setattr(bigwig_writer, "WINDOWS", 8)
    chrom, start, values = windows
    mapped = np.memmap(tmp_path / "values", np.float32, "w+", shape=values.shape)
    mapped[:] = values
    largest = []
    bincount = np.bincount
    monkeypatch.setattr(np, "bincount", lambda *args: largest.append(len(args[0])) or bincount(*args))
    write_bigwig(tmp_path / "mapped.bw", CHROMOSOMES, chrom, start, mapped)
    assert max(largest) <= 2 * 8 * LENGTH + LENGTH
    write_bigwig(tmp_path / "held.bw", CHROMOSOMES, chrom, start, values)
    assert (tmp_path / "mapped.bw").read_bytes() == (tmp_path / "held.bw").read_bytes()


def test_covered_bases_are_counted_once(windows):
    chrom, start, values = windows
    expected = sum(np.isfinite(each).sum() for each in slow_mean(chrom, start, values).values())
    assert n_covered(chrom, start, LENGTH) == expected
    assert n_covered(chrom[:0], start[:0], LENGTH) == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"chrom": ["1", "chr2"]}, r"1 is no chromosome of the genome, which has chr1(.|\n)*Name it chr1"),
        ({"chrom": ["chr9", "chr2"]}, r"chr9 is no chromosome .* chr2, chr10, chr1 \.\.\. \(4 in all\)"),
        ({"start": [19_901, 5]}, r"1 of 2 windows leave .* chr1:19901-20001 \(row 0.*chr1 has 20,000 bp"),
        ({"start": [5, -1]}, r"1 of 2 windows leave .* chr2:-1-99 \(row 1"),
        ({"value": np.nan}, r"chr2:5 \(row 1, counted from 0\) has values that are no numbers"),
        ({"value": np.inf}, r"row 1(.|\n)*Leave windows that were not scored out"),
        ({"path": "reads.bedgraph"}, r"reads\.bedgraph: is no name of a bigWig(.|\n)*reads\.bw"),
        ({"chrom": [], "start": [], "rows": 0}, "no window"),
    ],
)
def test_what_cannot_be_written_is_refused_and_leaves_nothing(tmp_path, change, words):
    chrom = np.array(change.get("chrom", ["chr1", "chr2"]), object)
    start = np.array(change.get("start", [5, 5]), np.int64)
    values = np.ones((change.get("rows", 2), LENGTH))
    values[1:, 3] = change.get("value", 1.0)
    with pytest.raises(UserError, match=words):
        write_bigwig(tmp_path / change.get("path", "reads.bw"), CHROMOSOMES, chrom, start, values)
    assert not list(tmp_path.iterdir())


def test_a_writer_that_fails_in_silence_is_found_out(tmp_path, windows, monkeypatch):
    """The library prints its errors and returns: a file cut short would stand there as if it were whole."""
    path = tmp_path / "reads.bw"
    write_bigwig(path, CHROMOSOMES, *windows)
    before = path.read_bytes()
    monkeypatch.setattr(bigwig_writer, "_base_by_base", lambda *args: iter([("chr1", 5, 6, 1.0), ("chr1", 2, 3, 1.0)]))
    with pytest.raises(UserError, match="could not be written whole"):
        write_bigwig(path, CHROMOSOMES, *windows)
    monkeypatch.setattr(bigwig_writer, "_base_by_base", lambda *args: iter([("chr1", 5, 6, 1.0)]))
    with pytest.raises(UserError, match="has 1 bases where"):
        write_bigwig(path, CHROMOSOMES, *windows)
    assert path.read_bytes() == before and [each.name for each in tmp_path.iterdir()] == ["reads.bw"]


def test_a_writer_that_panics_leaves_the_file_that_was_there(tmp_path, windows, monkeypatch):
    """As it does, depending on when the disk is full; a panic is no `Exception`, and went past all that catches one."""

    class PanicException(BaseException):
        """As `pyo3_runtime` names it, which cannot be imported."""

    class Writer:
        def __init__(self, error):
            self.error = error

        def write(self, chromosomes, intervals):
            raise self.error

    path = tmp_path / "reads.bw"
    write_bigwig(path, CHROMOSOMES, *windows)
    before = path.read_bytes()
    for error, told in ((PanicException(), UserError), (KeyboardInterrupt(), KeyboardInterrupt)):
        monkeypatch.setattr(bigwig_writer.pybigtools, "open", lambda *_, error=error: Writer(error))
        with pytest.raises(told):
            write_bigwig(path, CHROMOSOMES, *windows)
        assert path.read_bytes() == before and [each.name for each in tmp_path.iterdir()] == ["reads.bw"]


def test_a_folder_that_cannot_be_written_is_named(tmp_path, windows):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        write_bigwig(tmp_path / "file" / "reads.bw", CHROMOSOMES, *windows)
