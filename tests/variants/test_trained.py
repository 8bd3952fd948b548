"""Effects of a network that has learned, on variants whose effect is known: those of a motif that was planted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from cislearn.data.simulate import simulate, write_simulated
from cislearn.data.simulate.cells import FOCAL, HELPER
from cislearn.motifs.jaspar import jaspar
from cislearn.prediction.loading import load_members
from cislearn.sequence.tokens import decode
from cislearn.variants.saturation import Region, saturate
from cislearn.variants.score import VariantScorer
from cislearn.variants.vcf import read_records

PAD = 60
"""Bases about each window, so that every position of it has a window of its own."""
SITES = 40
CORE = 5


@pytest.fixture(scope="module")
def learned(tmp_path_factory):
    """A trained run; a genome with a chromosome for each test window; the windows and what was planted in them."""
    from cislearn.api import train

    folder = tmp_path_factory.mktemp("trained")
    simulated = simulate("none", n_train=16000, n_test=600, seed=3)
    write_simulated(folder / "data", simulated)
    settings = {"training.epochs": 12, "training.device": "cpu", "battery": False}
    train(folder / "data", target="hep", methods=["source_only"], seeds=1, out=folder / "run", settings=settings)
    rng = np.random.default_rng(0)
    rows = simulated.loci.query("domain == 'hep' and part == 'test'")
    with (folder / "genome.fa").open("w") as fasta:
        for row in rows.index:
            pad = [decode(rng.integers(0, 4, PAD).astype(np.uint8)) for _ in range(2)]
            fasta.write(f">{row}\n{pad[0]}{decode(simulated.tokens[row])}{pad[1]}\n")
    return VariantScorer(load_members(folder / "run"), folder / "genome.fa"), simulated, rows


def focal_sites(simulated, rows) -> pd.DataFrame:
    """The planted focal motifs of the windows in which it is bound, near its helper."""
    bound = rows.index[rows["state"] == "near"]
    truth = simulated.truth
    return truth[(truth["motif"] == jaspar(FOCAL).name) & truth["row"].isin(bound)].head(SITES)


def known_effects(site, table: pd.DataFrame) -> np.ndarray:
    """By how much each substitution changes the log likelihood of the planted motif, on the strand that it is on."""
    motif = jaspar(FOCAL)
    letters = np.log((motif if site.strand == "+" else motif.reverse_complement()).smoothed())
    place = table["pos"].to_numpy() - 1 - PAD - site.start
    ref, alt = (table[name].map("ACGT".index).to_numpy() for name in ("ref", "alt"))
    return letters[alt, place] - letters[ref, place]


@pytest.mark.slow
def test_a_trained_network_ranks_the_substitutions_of_a_planted_motif(learned):
    """trap 23: what the matrix forbids lowers the logit, and effects rise with those of the matrix."""
    scorer, simulated, rows = learned
    known, found = [], []
    for site in focal_sites(simulated, rows).itertuples():
        table = saturate(scorer, Region(str(site.row), PAD + site.start + 1, PAD + site.end))
        known.append(known_effects(site, table))
        found.append(table["logit_effect_GABPA"].to_numpy())
    known, found = np.concatenate(known), np.concatenate(found)
    rank = spearmanr(known, found).statistic
    breaking = found[known < -3]
    assert rank > 0.5
    assert (breaking < 0).mean() > 0.9 and len(breaking) > 100


@pytest.mark.slow
def test_a_motif_that_is_broken_lowers_the_logit_and_one_that_is_made_raises_it(learned, write_vcf):
    """The core of a planted motif gives way to its least likely bases; a consensus is put beside a lone helper."""
    scorer, simulated, rows = learned
    motif = jaspar(FOCAL)
    broken = [exchange(site, simulated, motif) for site in focal_sites(simulated, rows).itertuples()]
    lone = simulated.truth[
        (simulated.truth["motif"] == jaspar(HELPER).name)
        & simulated.truth["row"].isin(rows.index[rows["state"] == "helper"])
    ]
    made = [place_beside(helper, simulated, motif) for helper in lone.head(SITES).itertuples()]
    path = write_vcf(*broken, *made)
    (piece,) = scorer.pieces(lambda: read_records(path, 1000), path, n_null=0)
    effects = piece.table["logit_effect_GABPA"].to_numpy()
    assert (piece.table["not_scored"] == "").all() and len(broken) > 20 and len(made) > 20
    assert (effects[: len(broken)] < 0).mean() > 0.9
    assert (effects[len(broken) :] > 0).mean() > 0.9


def exchange(site, simulated, motif) -> tuple[str, int, str, str]:
    """The five positions of a site that say most, with the least likely base at each."""
    letters = (motif if site.strand == "+" else motif.reverse_complement()).smoothed()
    bits = (letters * np.log2(4 * letters)).sum(axis=0)
    first = int(np.convolve(bits, np.ones(CORE), "valid").argmax())
    start = site.start + first
    ref = decode(simulated.tokens[site.row, start : start + CORE])
    alt = decode(letters[:, first : first + CORE].argmin(axis=0).astype(np.uint8))
    return str(site.row), PAD + start + 1, ref, alt


def place_beside(helper, simulated, motif) -> tuple[str, int, str, str]:
    """The consensus five bases behind a helper or, where that leaves the window, five before it."""
    width, length = motif.probabilities.shape[1], simulated.tokens.shape[1]
    behind = helper.end + 5
    start = behind if behind + width <= length else helper.start - 5 - width
    ref = decode(simulated.tokens[helper.row, start : start + width])
    return str(helper.row), PAD + start + 1, ref, decode(motif.probabilities.argmax(axis=0).astype(np.uint8))
