from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd

from cislearn.data.leaks import drop_leaks, find_leaks, keep_leaks
from cislearn.data.parts import LEFT_OUT, TEST, TRAIN, VALID, SplitResult
from cislearn.sequence.strand import reverse_complement

from .examples import places, small_dataset


def leaky(folder, rng):
    """Rows 0-4 train, 5 valid, 6-8 test: 0 copies 6, 1 is the other strand of 7, 2 and 5 overlap 8, 3 touches 8."""
    tokens = rng.integers(0, 4, (9, 10)).astype(np.uint8)
    tokens[0] = tokens[6]
    tokens[1] = reverse_complement(tokens[7])
    start = [0, 1000, 3001, 3010, 5000, 2995, 9000, 9500, 3000]
    chrom = ["chr1"] * 9
    loci = places(chrom, start).assign(domain=["a"] * 6 + ["b"] * 3)
    dataset = small_dataset(folder, loci, [1, 0, 1, 0, 1, 0, 1, 0, 1], tokens)
    return dataset, np.array([TRAIN] * 5 + [VALID] + [TEST] * 3, dtype=np.int8)


def test_leaks_are_found_by_strand_and_by_overlap_and_counted_by_class(tmp_path, rng):
    dataset, part = leaky(tmp_path / "d", rng)
    report = find_leaks(dataset, part)
    assert np.flatnonzero(report.rows).tolist() == [0, 1, 2, 5]
    found = report.to_dict()
    assert json.loads(json.dumps(found)) == found
    assert found["train"] == {
        "rows": 6, "leaky": 4, "same sequence": 1, "reverse complement": 1, "overlap": 2, "near duplicate": 0,
        "leaky by answer": {"t0 positive": 2, "t0 negative": 2}, "leaky by domain": {"a": 4, "b": 0},
    }  # fmt: skip
    assert found["test"]["leaky"] == 3
    assert found["similarity"]["test_rows"] == [1] + [0] * 8 + [2]
    assert str(report) == (
        "4 training and validation windows share a sequence, a locus or 30% of their 20-mers with test windows"
        " (same sequence 1, reverse complement 1, overlap 2)"
        "; 1 of 1 validation windows share a sequence or a locus with training windows: epochs, thresholds and"
        " temperatures chosen on them may be too sure of themselves"
    )


def test_validation_that_shares_with_training_is_told_by_strand_and_by_locus(tmp_path, rng):
    """Of four validation rows one is the other strand of a training row, one overlaps one; test has its own."""
    tokens = rng.integers(0, 4, (7, 10)).astype(np.uint8)
    tokens[2] = reverse_complement(tokens[0])
    loci = places("chr1", [100, 200, 300, 205, 400, 500, 600])
    dataset = small_dataset(tmp_path / "d", loci, [1, 0] * 3 + [1], tokens)
    part = np.array([TRAIN, TRAIN, VALID, VALID, VALID, VALID, TEST], dtype=np.int8)
    (note,) = find_leaks(dataset, part).notes
    assert note.startswith("2 of 4 validation windows share")
    part[2:4] = LEFT_OUT
    assert find_leaks(dataset, part).notes == []


def test_the_same_place_in_another_genome_is_no_overlap(tmp_path, rng):
    loci = places("chr1", [0, 3]).assign(genome=["hg38", "mm10"])
    dataset = small_dataset(tmp_path / "d", loci, [1, 0])
    part = np.array([TRAIN, TEST], dtype=np.int8)
    assert not find_leaks(dataset, part).rows.any()


def test_dropped_leaks_leave_none_and_name_their_reasons(tmp_path, rng):
    dataset, part = leaky(tmp_path / "d", rng)
    before = SplitResult(part, "given", ["as given"], pd.DataFrame({"row": [4], "reason": ["too short"]}))
    after = drop_leaks(before, find_leaks(dataset, part))
    assert not find_leaks(dataset, after.part).rows.any()
    np.testing.assert_array_equal(after.part == TEST, part == TEST)
    assert np.flatnonzero(after.part == LEFT_OUT).tolist() == [0, 1, 2, 5]
    assert after.left_out["row"].tolist() == [4, 0, 1, 2, 5]
    assert (
        after.left_out["reason"].tolist()[1:]
        == ["same sequence as a test row", "reverse complement of a test row"]
        + ["overlaps the window of a test row"] * 2
    )
    assert after.notes[-1].startswith("4 training and validation rows")
    assert (part == before.part).all()


def near_duplicates(folder, rng):
    """Rows 0-3 train, 4-6 test, no coordinates: 0 shares 45 of 81 words with 4, 1 shares 21 with 5, 2 equals 6."""
    tokens = rng.integers(0, 4, (7, 100)).astype(np.uint8)
    tokens[0, :64] = tokens[4, 36:]
    tokens[0] = reverse_complement(tokens[0])
    tokens[1, :40] = tokens[5, 60:]
    tokens[2] = tokens[6]
    dataset = small_dataset(folder, pd.DataFrame({"domain": ["a"] * 7}), [1, 0, 1, 0, 1, 0, 1], tokens, length=100)
    return dataset, np.array([TRAIN] * 4 + [TEST] * 3, dtype=np.int8)


def test_near_duplicates_are_told_apart_from_copies_and_dropped_with_their_reason(tmp_path, rng):
    dataset, part = near_duplicates(tmp_path / "d", rng)
    report = find_leaks(dataset, part)
    assert np.flatnonzero(report.kinds["near duplicate"]).tolist() == [0, 4]
    np.testing.assert_allclose(report.similarity, [45 / 81, 21 / 81, 1, 0, 45 / 81, 21 / 81, 1], rtol=1e-12)
    found = report.to_dict()
    assert found["train"]["near duplicate"] == found["test"]["near duplicate"] == 1
    assert found["similarity"]["edges"] == [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
    assert found["similarity"]["test_rows"] == [0, 0, 1, 0, 0, 1, 0, 0, 0, 1]
    left_out = drop_leaks(SplitResult(part, "given"), report).left_out
    assert left_out["row"].tolist() == [0, 2]
    assert left_out["reason"].tolist() == [
        "shares 30% or more of its 20-mers with a test row",
        "same sequence as a test row",
    ]


def test_rows_left_out_are_compared_with_nothing(tmp_path, rng):
    dataset, part = near_duplicates(tmp_path / "d", rng)
    part[[0, 6]] = LEFT_OUT
    assert find_leaks(dataset, part).similarity[[0, 2, 4, 6]].max() == 0


def test_leaks_that_are_kept_are_told(tmp_path, rng):
    dataset, part = near_duplicates(tmp_path / "d", rng)
    before = SplitResult(part, "given", ["as given"])
    after = keep_leaks(before, find_leaks(dataset, part))
    np.testing.assert_array_equal(after.part, part)
    assert after.notes == [
        "as given",
        "leaks are kept: 2 training and validation rows leak, and 2 of 3 test rows are leaked",
    ]


def test_counts_of_kinds_that_exceed_the_rows_are_explained(tmp_path, rng):
    dataset, part = leaky(tmp_path / "d", rng)
    report = find_leaks(dataset, part)
    both = dict(report.kinds, overlap=report.kinds["overlap"] | report.kinds["same sequence"])
    assert "overlap 3; some are of several kinds)" in str(replace(report, kinds=both))


def test_rows_that_are_left_out_are_no_leak(tmp_path, rng):
    dataset, part = leaky(tmp_path / "d", rng)
    part[[0, 1, 2, 5]] = LEFT_OUT
    assert not find_leaks(dataset, part).rows.any()


def test_margins_are_no_part_of_the_window(tmp_path, rng):
    tokens = rng.integers(0, 4, (2, 14)).astype(np.uint8)
    tokens[0, 2:12] = tokens[1, 2:12]
    dataset = small_dataset(tmp_path / "d", pd.DataFrame({"domain": ["a", "a"]}), [1, 0], tokens, margin=2)
    assert find_leaks(dataset, np.array([TRAIN, TEST], dtype=np.int8)).rows.tolist() == [True, False]


def test_a_hundred_thousand_rows_take_a_few_seconds(tmp_path, rng):
    n = 100_000
    loci = places("chr1", rng.integers(0, 10**9, n), length=101)
    tokens = rng.integers(0, 4, (n, 101), dtype=np.uint8)
    dataset = small_dataset(tmp_path / "d", loci, np.tile([1.0, 0.0], n // 2), tokens, length=101)
    part = rng.choice([TRAIN, VALID, TEST], n, p=[0.7, 0.1, 0.2]).astype(np.int8)
    report = find_leaks(dataset, part)
    assert 0 < report.kinds["overlap"].sum() < n
    assert not report.kinds["same sequence"].any() and not report.kinds["near duplicate"].any()
