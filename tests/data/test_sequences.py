from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from cislearn.data.sequences import GenomeSequences, TableSequences, deduplicate, map_windows
from cislearn.genome.token_genome import open_genome
from cislearn.sequence.strand import reverse_complement
from cislearn.sequence.tokens import N

from .examples import random_sequence, write_fasta

windows = arrays.arrays(np.uint8, st.tuples(st.integers(1, 30), st.integers(1, 4)), elements=st.integers(0, 4))


@given(windows)
def test_deduplicate_gives_back_every_window_and_keeps_each_once_in_first_seen_order(tokens):
    unique, index = deduplicate(tokens)
    np.testing.assert_array_equal(unique[index], tokens)
    assert len({row.tobytes() for row in unique}) == len(unique)
    assert list(dict.fromkeys(index.tolist())) == list(range(len(unique)))


def test_windows_of_one_hash_are_told_apart(monkeypatch, rng):
    tokens = rng.integers(0, 5, (40, 3)).astype(np.uint8)
    expected = deduplicate(tokens)
    monkeypatch.setattr("cislearn.data.sequences.forward_hash", lambda rows: rows[:, 0].astype(np.uint64))
    for found, wanted in zip(deduplicate(tokens), expected, strict=True):
        np.testing.assert_array_equal(found, wanted)


@given(windows, st.integers(-6, 6))
def test_a_shifted_table_window_has_n_where_it_has_nothing(tokens, shift):
    table = TableSequences.of(tokens)
    moved = table.gather(np.arange(len(tokens)), shift)
    width = tokens.shape[1]
    for row, original in zip(moved, tokens, strict=True):
        expected = [original[k + shift] if 0 <= k + shift < width else N for k in range(width)]
        assert row.tolist() == expected


@pytest.fixture
def genome_rows(tmp_path, rng):
    """Rows of two genomes, on both strands, and the same windows as a table."""
    texts = {name: [random_sequence(rng, 300), random_sequence(rng, 200)] for name in ("one", "two")}
    genomes = {n: open_genome(write_fasta(tmp_path / f"{n}.fa", t, ["chr1", "chr2"])) for n, t in texts.items()}
    loci = pd.DataFrame(
        {
            "genome": ["one", "two", "two", "one"],
            "chrom": ["chr2", "chr1", "chr2", "chr1"],
            "start": [20, 50, 60, 100],
            "strand": ["+", "-", ".", "-"],
        }
    )
    return loci, genomes, texts


def test_genome_rows_read_their_own_genome_and_strand(genome_rows):
    loci, genomes, texts = genome_rows
    found = GenomeSequences.at(loci, genomes, length=10, margin=3).gather(np.arange(4))
    for row, locus in zip(found, loci.itertuples(), strict=True):
        text = texts[locus.genome][int(locus.chrom[-1]) - 1][locus.start - 3 : locus.start + 13]
        tokens = np.array(["ACGT".index(base) for base in text], dtype=np.uint8)
        expected = reverse_complement(tokens) if locus.strand == "-" else tokens
        np.testing.assert_array_equal(row, expected)


@pytest.mark.parametrize("shift", [0, 2, -3, np.array([1, -2, 3, 0])])
@pytest.mark.parametrize("reverse", [None, np.array([True, False, True, True])])
def test_a_genome_and_its_table_agree_in_the_window_under_shift_and_strand(genome_rows, shift, reverse):
    """A shift goes along the row's own reading direction in both stores, so both show the same window."""
    loci, genomes, _ = genome_rows
    genome = GenomeSequences.at(loci, genomes, length=10, margin=3)
    table = TableSequences.of(genome.gather(np.arange(4)))
    rows = np.arange(4)
    inner = slice(3, 13)
    expected = genome.gather(rows, shift, reverse)[:, inner]
    np.testing.assert_array_equal(table.gather(rows, shift, reverse)[:, inner], expected)


def test_reverse_twice_is_the_window_itself(genome_rows):
    loci, genomes, _ = genome_rows
    sequences = GenomeSequences.at(loci, genomes, length=10, margin=0)
    rows = np.array([3, 0, 0, 1])
    flipped = sequences.gather(rows, reverse=np.ones(4, dtype=bool))
    np.testing.assert_array_equal(reverse_complement(flipped), sequences.gather(rows))


def test_take_keeps_the_chosen_rows_only(genome_rows):
    loci, genomes, _ = genome_rows
    genome = GenomeSequences.at(loci, genomes, length=10, margin=0)
    table = TableSequences.of(genome.gather(np.array([0, 1, 1, 2])))
    chosen = np.array([2, 1])
    for sequences in (genome, table):
        np.testing.assert_array_equal(sequences.take(chosen).gather(np.arange(2)), sequences.gather(chosen))
    assert len(table.take(chosen).tokens) == 1


def test_map_windows_is_the_same_for_repeated_and_distinct_windows(rng):
    tokens = rng.integers(0, 5, (50, 9)).astype(np.uint8)[rng.integers(0, 50, 300)]
    table = TableSequences.of(tokens)
    found = map_windows(table, lambda w: w.sum(axis=1), margin=2)
    np.testing.assert_array_equal(found, tokens[:, 2:7].sum(axis=1))


def test_genome_sequences_travel_to_other_processes(genome_rows):
    loci, genomes, _ = genome_rows
    sequences = GenomeSequences.at(loci, genomes, length=10, margin=0)
    again = pickle.loads(pickle.dumps(sequences))
    np.testing.assert_array_equal(again.gather(np.arange(4)), sequences.gather(np.arange(4)))
