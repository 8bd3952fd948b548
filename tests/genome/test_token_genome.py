"""Gathering windows against slices of strings."""

from __future__ import annotations

import pickle
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cislearn.errors import UserError
from cislearn.genome import token_genome
from cislearn.genome.chromosomes import map_chromosomes
from cislearn.genome.intervals import read_intervals
from cislearn.genome.token_genome import open_genome
from cislearn.genome.windows import place_windows
from cislearn.sequence.strand import reverse_complement
from cislearn.sequence.tokens import decode, encode

SEQUENCES = {"chr1": "ACGTACCCGGTTNACGATTACA", "chr2": "GG", "chrM": "TTTTTACGCGCGCAAAATT"}


@pytest.fixture(scope="module")
def genome(tmp_path_factory):
    fasta = tmp_path_factory.mktemp("genome") / "small.fa"
    fasta.write_text("".join(f">{name} x\n{bases[:7].lower()}\n{bases[7:]}\n" for name, bases in SEQUENCES.items()))
    return open_genome(fasta)


def slice_with_padding(bases, start, length):
    return "".join(bases[i] if 0 <= i < len(bases) else "N" for i in range(start, start + length))


places = st.lists(st.tuples(st.integers(0, 2), st.integers(-40, 60), st.booleans()), max_size=20)


@given(places, st.integers(1, 50), st.integers(1, 200))
def test_gather_is_slicing_with_n_beyond_the_ends(genome, places, length, chunk):
    chrom, start, reverse = np.array(places, dtype=np.int64).reshape(-1, 3).T
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(token_genome, "_CHUNK", chunk)
        windows = genome.gather(chrom, start, length, reverse.astype(bool))
    assert windows.shape == (len(places), length)
    assert windows.dtype == np.uint8
    for window, (code, first, is_reverse) in zip(windows, places, strict=True):
        expected = encode(slice_with_padding(list(SEQUENCES.values())[code], first, length))
        assert decode(window) == decode(reverse_complement(expected) if is_reverse else expected)


def test_what_a_genome_says_of_itself(genome):
    assert genome.chromosomes == {name: len(bases) for name, bases in SEQUENCES.items()}
    assert list(genome.chromosomes) == list(SEQUENCES)
    assert genome.n_bases == 43
    assert (genome.n_unknown, genome.n_soft_masked) == (1, 16)
    assert genome.code("chrM") == 2
    assert repr(genome) == "Genome(small.fa: 3 chromosomes, 43 bp)"
    with pytest.raises(UserError, match=r"small\.fa: chromosome 'chr9' is not there; it has chr1, chr2, chrM"):
        genome.code("chr9")


@pytest.mark.parametrize("code", [-1, 3])
def test_a_code_of_no_chromosome_is_refused_not_wrapped(genome, code):
    with pytest.raises(ValueError, match="run from 0 to 2"):
        genome.gather(np.array([code]), np.array([0]), 5)


def test_a_window_without_bases_is_refused(genome):
    with pytest.raises(ValueError, match="one base or more"):
        genome.gather(np.array([0]), np.array([0]), 0)


def test_windows_are_the_callers_own_and_the_genome_is_not_written_to(genome):
    windows = genome.gather(np.array([0]), np.array([0]), 5)
    windows[:] = 4
    assert decode(genome.gather(np.array([0]), np.array([0]), 5)[0]) == "ACGTA"


def test_a_pickle_reopens_the_map(genome):
    pickled = pickle.dumps(genome)
    assert len(pickled) < 2000
    again = pickle.loads(pickled)
    assert (again.hash, again.path) == (genome.hash, genome.path)
    np.testing.assert_array_equal(
        again.gather(np.array([2]), np.array([-3]), 9), genome.gather(np.array([2]), np.array([-3]), 9)
    )


def test_a_chromosome_on_one_long_line_is_built_in_little_memory(tmp_path):
    fasta = tmp_path / "long.fa"
    fasta.write_bytes(b">chr1\n" + b"ACGTTGCAACGTTGCA" * (60 << 16))
    tracemalloc.start()
    genome = open_genome(fasta)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert genome.n_bases == 60 << 20
    assert peak < 30 << 20


def test_the_first_megabase_of_hg38(shared_data, tmp_path):
    genome = open_genome(shared_data / "hg38_1mb" / "hg38_1m.fa.gz", cache=tmp_path)
    assert genome.chromosomes == {"chr1": 1_000_000}
    assert genome.n_unknown == 160_000
    assert decode(genome.gather(np.array([0]), np.array([10_000]), 12)[0]) == "TAACCCTAACCC"


def test_yeast_genes_begin_with_atg_whatever_the_naming(shared_data, tmp_path):
    genome = open_genome(shared_data / "yeast" / "sacCer3.fa.gz", cache=tmp_path)
    genes = read_intervals(shared_data / "yeast" / "genes_start_sacCer3.bed")
    bare = genes.assign(chrom=genes["chrom"].str.removeprefix("chr"))
    mapping, note = map_chromosomes(bare["chrom"], genome.chromosomes, where="R64.bed")
    assert mapping["I"] == "chrI"
    assert note is not None
    assert "I -> chrI" in note
    named = bare.assign(chrom=bare["chrom"].map(mapping))
    kept, dropped = place_windows(named, length=5, chromosomes=genome.chromosomes)
    assert len(kept) + len(dropped) == len(genes)
    codes = kept["chrom"].map(genome.code).to_numpy()
    minus = (kept["strand"] == "-").to_numpy()
    windows = genome.gather(codes, kept["start"].to_numpy(), 5, minus)
    is_atg = (windows[:, 2:] == encode("ATG")).all(axis=1)
    assert is_atg.mean() > 0.98
