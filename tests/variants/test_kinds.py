"""Tasks of other kinds, tracks and strands: against one prediction after the other."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.special import logit

from cislearn.data.tracks import normalise
from cislearn.errors import UserError
from cislearn.evaluation.profiles.divergence import jensen_shannon
from cislearn.models.network import build_network
from cislearn.models.strands import BothStrands
from cislearn.schema import DataSpec, InputSpec, TaskSpec
from cislearn.sequence.tokens import encode
from cislearn.variants.score import TRACKS_STAY
from tests.genome.tracks import write_bigwig
from tests.variants.test_score import other, score

SMALL = {"motifs": 4, "pairs": 4, "features": 4}


def say(model, sequence, tracks=None):
    with torch.no_grad():
        return model(model.embed(torch.from_numpy(encode(sequence))[None], tracks))[0].double().numpy()


def windows(chromosomes, position, length):
    one, first = chromosomes["chr1"], position - 1 - length // 2
    alt = other(one[position - 1])
    ref = one[first : first + length]
    return alt, ref, ref[: length // 2] + alt + ref[length // 2 + 1 :]


@pytest.mark.parametrize("both", [False, True])
def test_classes_and_values(chromosomes, genome, write_vcf, both):
    """Of a class the log odds against all others; a model that reads both strands is asked for both."""
    torch.manual_seed(0)
    spec = DataSpec((TaskSpec("state", "multiclass", 3), TaskSpec("level", "regression")), ("a",), 20)
    model = build_network("motif_cnn", spec, SMALL).eval()
    model = BothStrands(model) if both else model
    alt, *each = windows(chromosomes, 150, 20)
    table = score(write_vcf(("chr1", 150, chromosomes["chr1"][149], alt)), genome, model, temperatures=[{"state": 2.0}])
    ref_logits, alt_logits = (say(model, window) for window in each)
    assert table["value_effect_level"][0] == pytest.approx(alt_logits[3] - ref_logits[3], abs=1e-5)
    share = [np.exp(x[:3]) / np.exp(x[:3]).sum() for x in (ref_logits, alt_logits)]
    cold = [np.exp(x[:3] / 2) / np.exp(x[:3] / 2).sum() for x in (ref_logits, alt_logits)]
    for c in range(3):
        found = table[f"logit_effect_state_{c}"][0]
        assert found == pytest.approx(logit(share[1][c]) - logit(share[0][c]), abs=1e-5)
        assert table[f"probability_effect_state_{c}"][0] == pytest.approx(cold[1][c] - cold[0][c], abs=1e-5)


@pytest.mark.parametrize("kind", ["binary", "regression"])
def test_a_task_that_is_called_as_a_class_of_another_is_refused(genome, write_vcf, kind):
    """Their columns were those of one of them alone, of another kind p."""
    spec = DataSpec((TaskSpec("state", "multiclass", 3), TaskSpec("state_1", kind)), ("a",), 20)
    model = build_network("motif_cnn", spec, SMALL).eval()
    with pytest.raises(UserError, match="class 1 of task state and task state_1 come to the same columns"):
        score(write_vcf(("chr1", 150, "A", "C")), genome, model)


def test_profiles(chromosomes, genome, write_vcf):
    """Fold change of the reads of both strands together, and divergence of the shapes."""
    torch.manual_seed(0)
    spec = DataSpec((TaskSpec("tss", "profile", 2, 40, "flip_and_permute"),), ("a",), 62)
    model = build_network("bpnet", spec, {"filters": 4, "motif_width": 5, "dilated": 2, "profile_width": 7}).eval()
    alt, *each = windows(chromosomes, 150, 62)
    table = score(write_vcf(("chr1", 150, chromosomes["chr1"][149], alt)), genome, model, n_null=5)
    ref_logits, alt_logits = (say(model, window) for window in each)
    reads = [np.maximum(np.expm1(x[-2:]), 0).sum() for x in (ref_logits, alt_logits)]
    assert table["log2_counts_effect_tss"][0] == pytest.approx(np.log2((1 + reads[1]) / (1 + reads[0])), abs=1e-5)
    shapes = [np.exp(x[:-2]).reshape(2, 40) for x in (ref_logits, alt_logits)]
    assert table["jsd_tss"][0] == pytest.approx(jensen_shannon(*shapes).mean(), abs=1e-6)
    assert 0 < table["p_tss"][0] <= 1 and "probability_effect_tss" not in table


def test_tracks_are_the_same_for_both_alleles_and_stop_indels(chromosomes, genome, write_vcf, tmp_path):
    signal = np.random.default_rng(0).random(len(chromosomes["chr1"])).astype(np.float32)
    path = write_bigwig(tmp_path / "t.bw", {"chr1": signal, "chr2": np.ones(140, np.float32)})
    torch.manual_seed(0)
    spec = DataSpec((TaskSpec("bound"),), ("a",), 20, inputs=(InputSpec("open", "track", 1, "flip"),))
    model = build_network("motif_cnn", spec, SMALL).eval()
    alt, *each = windows(chromosomes, 150, 20)
    base = chromosomes["chr1"][149]
    rows = [("chr1", 150, base, alt), ("chr1", 150, base, base + "CC")]
    table = score(write_vcf(*rows), genome, model, tracks={"open": path}, n_null=10)
    assert list(table["not_scored"]) == ["", TRACKS_STAY]
    scaled = normalise(signal[139:159], float(np.concatenate([signal, np.ones(140)]).mean()))
    tracks = torch.from_numpy(scaled.astype(np.float16).astype(np.float32))[None, None]
    ref, changed = (say(model, window, tracks)[0] for window in each)
    assert table["logit_effect_bound"][0] == pytest.approx(changed - ref, abs=2e-3)
    assert table["logit_ref_bound"][0] == pytest.approx(ref, abs=2e-3)
    assert "p_bound" not in table
    there = chromosomes["chr2"][100]
    alone = write_bigwig(tmp_path / "alone.bw", {"chr1": signal})
    both = write_vcf(rows[0], ("2", 101, there, "ACGT"["ACGT".index(there) ^ 2]), name="both.vcf")
    table = score(both, genome, model, tracks={"open": alone}, n_null=0)
    assert list(table["not_scored"]) == ["", "alone.bw has no chromosome chr2"]
    assert list(table["ref_match"]) == [1, 1]
