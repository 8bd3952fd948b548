from __future__ import annotations

import numpy as np
import pytest

from benchmarks.loader import OURS, check, prepare_dataset, rows_against, write_files
from cislearn.genome.token_genome import Genome


@pytest.fixture
def made(tmp_path):
    fasta, bed = write_files(tmp_path, chromosomes=2, size=20_000, regions=400)
    return prepare_dataset(tmp_path, fasta, bed), fasta, bed


def test_batches_are_what_is_cut_from_the_fasta_file(made):
    dataset, fasta, bed = made
    places = dataset.loci["chrom"] + "\t" + dataset.loci["start"].astype(str) + "\t" + dataset.loci["end"].astype(str)
    assert sorted(places) == sorted(bed.read_text().splitlines())
    check(dataset, fasta, k=3)


@pytest.mark.parametrize(
    "fault", [lambda windows: windows[:, ::-1].copy(), lambda windows: np.roll(windows, 20, axis=1)]
)
def test_a_batch_of_other_letters_is_found_out(made, monkeypatch, fault):
    dataset, fasta, _ = made
    gather = Genome.gather
    monkeypatch.setattr(Genome, "gather", lambda *arguments: fault(gather(*arguments)))
    with pytest.raises(AssertionError, match="does not hold its window"):
        check(dataset, fasta)


def test_ratios_are_ours_over_the_peers_within_a_round():
    ours, peer = rows_against({OURS: [20.0, 40.0, 60.0], "peer": [1.0, 2.0, 6.0]})
    assert (ours["windows/s"], ours["ratio"]) == (40.0, 1.0)
    assert (peer["windows/s"], peer["ratio"]) == (2.0, 20.0)
    assert 10 <= peer["low"] <= peer["ratio"] <= peer["high"] <= 20
