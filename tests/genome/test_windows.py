"""Windows: always inside, always of the length, and every region accounted for."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cislearn.errors import UserError
from cislearn.genome.intervals import read_intervals
from cislearn.genome.windows import place_windows

CHROMOSOMES = {"chr1": 1000, "chr2": 60, "chr3": 5}
COLUMNS = ["chrom", "start", "end", "name", "score", "strand", "summit", "line"]


def regions(rows):
    return pd.DataFrame(
        [
            (chrom, start, end, f"r{line}", 1.0, ".", summit, line)
            for line, (chrom, start, end, summit) in enumerate(rows, 1)
        ],
        columns=COLUMNS,
    )


row = st.tuples(
    st.sampled_from(["chr1", "chr2", "chr3", "chrUn"]), st.integers(0, 1100), st.integers(1, 300), st.integers(-1, 300)
).map(lambda r: (r[0], r[1], r[1] + r[2], -1 if r[3] < 0 else r[1] + min(r[3], r[2])))


@given(st.lists(row, max_size=30), st.integers(1, 200))
def test_windows_are_inside_and_of_the_length_and_nothing_is_lost(rows, length):
    """trap 14: kept and dropped together are all regions, each with its line."""
    kept, dropped = place_windows(regions(rows), length=length, chromosomes=CHROMOSOMES, outside="drop")
    assert (kept["end"] - kept["start"] == length).all()
    assert (kept["start"] >= 0).all()
    assert all(end <= CHROMOSOMES[chrom] for chrom, end in zip(kept["chrom"], kept["end"], strict=True))
    assert sorted([*kept["line"], *dropped["line"]]) == list(range(1, len(rows) + 1))
    assert kept["line"].is_monotonic_increasing and dropped["line"].is_monotonic_increasing
    for line, start in zip(kept["line"], kept["start"], strict=True):
        _, region_start, region_end, summit = rows[line - 1]
        centre = summit if summit >= 0 else (region_start + region_end) // 2
        assert start == centre - length // 2
    assert all(reason for reason in dropped["reason"])


def test_101_bp_run_from_mid_minus_50_to_mid_plus_51():
    (kept, _) = place_windows(regions([("chr1", 200, 440, -1)]), length=101, chromosomes=CHROMOSOMES)
    assert kept[["start", "end"]].values.tolist() == [[270, 371]]


def test_summit_goes_before_the_centre_and_the_region_is_kept_on_record():
    (kept, _) = place_windows(
        regions([("chr1", 200, 1000, 250), ("chr1", 100, 200, -1)]), length=100, chromosomes=CHROMOSOMES
    )
    assert kept["start"].tolist() == [200, 100]
    assert kept[["region_start", "region_end"]].values.tolist() == [[200, 1000], [100, 200]]
    assert kept["note"].tolist() == ["resized from 800 bp", ""]
    assert list(kept.columns) == [*COLUMNS, "region_start", "region_end", "note"]


def test_reasons_are_told():
    rows = [
        ("chrUn", 10, 20, -1),
        ("chr1", 900, 1001, -1),
        ("chr1", 0, 20, -1),
        ("chr1", 990, 1000, -1),
        ("chr3", 0, 5, -1),
    ]
    kept, dropped = place_windows(regions(rows), length=50, chromosomes=CHROMOSOMES, outside="drop")
    assert len(kept) == 0
    leaves = "window would leave the chromosome"
    assert dropped["reason"].tolist() == [
        "unknown chromosome chrUn",
        "past the end of chr1 (1,000 bp)",
        leaves,
        leaves,
        leaves,
    ]
    assert list(dropped.columns) == [*COLUMNS, "reason"]


def test_regions_past_the_end_look_like_another_build():
    rows = [("chr1", 10, 100, -1), ("chr1", 900, 1500, -1), ("chr2", 50, 61, -1), ("chrUn", 0, 10**6, -1)]
    with pytest.raises(UserError) as error:
        place_windows(regions(rows), length=10, chromosomes=CHROMOSOMES, where="k.bed", genome="hg38.fa")
    assert str(error.value).startswith("k.bed line 2: end 1,500 is past the end of chr1 (1,000 bp in hg38.fa)\n")
    assert "the file looks like another build: 2 of 4 regions fall outside." in str(error.value)
    assert "--drop-outside" in str(error.value)


def test_most_regions_on_chromosomes_that_the_genome_lacks_look_like_another_build():
    rows = [("chr1", 10, 100, -1), ("2L", 900, 1500, -1), ("2R", 50, 61, -1), ("2L", 0, 9, -1)]
    with pytest.raises(UserError) as error:
        place_windows(regions(rows), length=10, chromosomes=CHROMOSOMES, where="k.bed")
    assert str(error.value).startswith("k.bed: 3 of 4 regions lie on chromosomes that the genome lacks: ")
    assert ": the file has 2L, 2R; the genome has chr1, chr2, chr3\n" in str(error.value)
    assert "--drop-outside" in str(error.value)
    kept, dropped = place_windows(regions(rows), length=10, chromosomes=CHROMOSOMES, outside="drop")
    assert (len(kept), len(dropped)) == (1, 3)
    kept, dropped = place_windows(regions([*rows[:3], *rows[:1]]), length=10, chromosomes=CHROMOSOMES)
    assert (len(kept), len(dropped)) == (2, 2)


def test_a_window_without_bases_is_a_programming_error():
    with pytest.raises(ValueError, match="one base or more"):
        place_windows(regions([]), length=0, chromosomes=CHROMOSOMES)


@pytest.mark.parametrize("name", ["GABP.bed.gz", "GABP_back.bed.gz"])
def test_real_101_bp_windows_are_placed_where_they_are(shared_data, name):
    loci = read_intervals(shared_data / "dann_tf" / "K562" / name)
    kept, dropped = place_windows(loci, length=101, chromosomes=hg19(shared_data))
    assert (len(kept), len(dropped)) == (len(loci), 0)
    pd.testing.assert_frame_equal(kept[COLUMNS], loci)
    assert (kept["note"] == "").all()


def test_real_peaks_on_another_build_are_refused(shared_data):
    peaks = read_intervals(shared_data / "dream_peaks" / "ChIPseq.K562.MAX.conservative.train.narrowPeak.gz")
    mm10_like = {chrom: length * 2 // 3 for chrom, length in hg19(shared_data).items()}
    with pytest.raises(UserError, match="the file looks like another build"):
        place_windows(peaks, length=101, chromosomes=mm10_like)
    assert len(place_windows(peaks, length=101, chromosomes=hg19(shared_data)).dropped) == 0


def hg19(shared_data):
    sizes = pd.read_csv(shared_data / "dream_peaks" / "hg19.autoX.chrom.sizes", sep="\t", header=None)
    return dict(zip(sizes[0], sizes[1], strict=True)) | {"chrY": 59_373_566}
