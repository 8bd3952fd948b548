"""The yeast files: what was counted in them before, and promoters cut from the genome against those that were given."""

from __future__ import annotations

import numpy as np
import pytest

from cislearn.data.expression import prepare_expression, regulators_of
from cislearn.data.expression.clusters import promoter_clusters


@pytest.mark.slow
def test_promoters_cut_from_the_genome_are_those_given(shared_data, tmp_path):
    folder = shared_data / "yeast"
    files = {"expression": folder / "gasch2000.tsv.gz", "regulators": folder / "reg_names_R.txt"}
    given = prepare_expression(tmp_path / "given", promoters=folder / "promoters_1kb_sacCer3.tsv.gz", **files)
    genome, genes = folder / "sacCer3.fa.gz", folder / "genes_start_sacCer3.bed"
    cut = prepare_expression(tmp_path / "cut", genome=genome, genes=genes, **files)
    row_of = {name: row for row, name in enumerate(given.loci["name"])}
    rows = np.array([row_of[name] for name in cut.loci["name"]])
    assert len(cut) == 6000 and len(given) == 6007
    np.testing.assert_array_equal(cut.sequences.gather(np.arange(len(cut))), given.sequences.gather(rows))
    np.testing.assert_array_equal(cut.labels, given.labels[rows])
    absent = np.isnan(given.labels)
    assert absent.sum() == 30_437 and np.nan_to_num(given.labels).var(dtype=float) == pytest.approx(0.6416, abs=1e-4)
    regulators = regulators_of(given)
    assert len(regulators.names) == 472 and (regulators.own >= 0).sum() == 468
    assert regulators.is_missing.any(axis=1).sum() == 404 and regulators.is_missing.any(axis=0).sum() == 156
    sizes = np.bincount(promoter_clusters(given.sequences))
    assert len(sizes) == 3708 and sizes.max() == 108
