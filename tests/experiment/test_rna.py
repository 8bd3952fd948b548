"""RNA from file to report: U is T, and nothing reads a second strand."""

from __future__ import annotations

import json

import numpy as np
import pytest

import cislearn as cl
from cislearn.data.dataset import content_hash
from cislearn.errors import UserError
from cislearn.experiment.evaluate import evaluate_on
from cislearn.schema import DataSpec, TaskSpec
from cislearn.sequence.tokens import decode
from tests.conftest import TINY

FORWARD = TINY | {"model.reverse_complement": "none"}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A pair of FASTA files and a table, in the letters of RNA."""
    folder, rng = tmp_path_factory.mktemp("rna"), np.random.default_rng(0)
    texts = ["".join(row) for row in rng.choice(list("ACGU"), (240, 40))]
    for name, part in (("pos", texts[:120]), ("neg", texts[120:])):
        (folder / f"{name}.fa").write_text("".join(f">{name}{n}\n{text}\n" for n, text in enumerate(part)))
    rows = "".join(f"{text.lower()}\t{n % 2}\n" for n, text in enumerate(texts))
    (folder / "table.tsv").write_text(f"sequence\tbound\n{rows}")
    return folder, texts


@pytest.fixture(scope="module")
def rna(files):
    folder, _ = files
    return cl.prepare(folder / "data", positives={"a": folder / "pos.fa"}, negatives={"a": folder / "neg.fa"}, rna=True)


@pytest.fixture(scope="module")
def trained(rna, files):
    return cl.train(rna, seeds=1, out=files[0] / "e", settings=FORWARD)


def test_uracil_is_read_as_thymine_and_said(files, rna, tmp_path):
    folder, texts = files
    assert [decode(row) for row in rna.sequences.gather(np.arange(240))] == [text.replace("U", "T") for text in texts]
    assert not any("U is read" in note for note in rna.provenance["notes"])
    plain = cl.prepare(tmp_path / "t", tables=[folder / "table.tsv"])
    assert any("table.tsv: U is read as T" in note and "--rna" in note for note in plain.provenance["notes"])
    assert not plain.spec.single_stranded and rna.spec.single_stranded


def test_datasets_of_dna_keep_their_hash():
    spec = DataSpec((TaskSpec("bound"),), ("a",), 40)
    assert "single_stranded" not in spec.to_dict() and DataSpec.from_dict(spec.to_dict()) == spec
    marked = DataSpec((TaskSpec("bound"),), ("a",), 40, single_stranded=True)
    assert DataSpec.from_dict(json.loads(json.dumps(marked.to_dict()))) == marked


def test_the_mark_counts_in_the_hash(rna):
    from dataclasses import replace

    other = replace(rna.spec, single_stranded=False)
    assert content_hash(other, rna.loci, rna.labels, rna.sequences) != rna.hash


@pytest.mark.parametrize(
    ("strands", "asked"),
    [
        (None, "train: augment"),
        ("conjoined", "train: conjoined"),
        ("post_hoc_unaugmented", "predict: average"),
        ({"train": "forward", "predict": "maximum"}, "predict: maximum"),
    ],
)
def test_training_on_the_second_strand_is_refused(rna, tmp_path, strands, asked):
    settings = TINY | ({} if strands is None else {"model.reverse_complement": strands})
    with pytest.raises(UserError, match=f"{asked} reads the second strand, and RNA") as caught:
        cl.train(rna, seeds=1, out=tmp_path / "e", settings=settings)
    assert "model.reverse_complement: none" in str(caught.value) and not (tmp_path / "e").exists()


def test_no_number_of_a_run_speaks_of_a_second_strand(trained):
    assert not (trained.path / "strands.tsv").exists()
    assert "The two strands" not in trained.report.read_text()
    with pytest.raises(UserError, match="reverse complement average reads the second strand"):
        cl.load_model(trained.path, reverse_complement="average")


def test_predictions_read_the_strand_given(trained, files):
    folder, _ = files
    table = trained.predict(folder / "pos.fa")
    assert table["logit_binding"].notna().all() and "strands_binding" not in table
    with pytest.raises(UserError, match="disagreement of the strands"):
        from cislearn.prediction.files import predict_file

        predict_file([cl.load_model(trained.path)], folder / "pos.fa", strands=True)


def test_a_model_of_both_strands_is_not_scored_on_rna(rna, tiny_experiment):
    with pytest.raises(UserError, match=r"this model \(reverse complement average\) reads the second strand"):
        evaluate_on(tiny_experiment, rna, method="source_only")
