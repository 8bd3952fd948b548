"""Expression, promoters and regulators to a dataset: nothing copied, nothing invented, nothing lost without a word."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cislearn.data.dataset import read_dataset
from cislearn.data.expression import prepare_expression, regulators_of
from cislearn.data.expression.groups import groups_of, split_remarks
from cislearn.errors import UserError
from cislearn.sequence.strand import reverse_complement
from cislearn.sequence.tokens import decode, encode
from tests.data.examples import places, random_sequence, small_dataset, write_fasta
from tests.data.expression.files import CONDITIONS, write_expression, write_matrix


@pytest.fixture
def files(tmp_path):
    return write_expression(tmp_path)


def reasons(data):
    return dict(zip(data.dropped["name"], data.dropped["reason"], strict=True))


def test_a_gene_is_a_row_and_a_condition_a_task(tmp_path, files):
    data = prepare_expression(tmp_path / "data", **files)
    table = pd.read_csv(files["expression"], sep="\t", index_col=0)
    assert list(data.loci["name"]) == [f"g{k}" for k in range(11)]
    assert [task.name for task in data.spec.tasks] == CONDITIONS
    assert {task.kind for task in data.spec.tasks} == {"regression"}
    np.testing.assert_array_equal(data.labels, table.iloc[:11].to_numpy(np.float32))
    assert np.isnan(data.labels[3, 1])
    text = dict(line.split("\t") for line in files["promoters"].read_text().split("\n") if line)
    assert [decode(tokens) for tokens in data.sequences.gather(np.arange(11))] == [text[n] for n in data.loci["name"]]


def test_promoters_and_values_are_written_once(tmp_path, files):
    """DeepREG's own files have each promoter 173 times."""
    data = prepare_expression(tmp_path / "data", **files)
    assert np.load(data.path / "labels.npy").nbytes == 11 * 3 * 4
    assert np.load(data.path / "sequences.npy").nbytes == 11 * 60


def test_regulators_are_rows_of_the_matrix_with_those_that_have_no_promoter(tmp_path, files):
    data = prepare_expression(tmp_path / "data", **files)
    found = regulators_of(read_dataset(data.path))
    table = pd.read_csv(files["expression"], sep="\t", index_col=0)
    assert found.names == ["g11", "g0", "g3"]
    np.testing.assert_array_equal(found.values, table.loc[found.names].fillna(0).to_numpy(np.float32))
    np.testing.assert_array_equal(found.is_missing, table.loc[found.names].isna())
    assert found.own.tolist() == [1, -1, -1, 2, *[-1] * 7]
    notes = " ".join(data.provenance["notes"])
    assert "11.11% of the regulators' values are absent (1 of 3 regulators, 1 of 3 conditions)" in notes
    assert "1 regulators have no promoter" in notes


def test_a_list_of_other_regulators_makes_another_dataset(tmp_path, files):
    first = prepare_expression(tmp_path / "data", **files)
    files["regulators"].write_text("g0\ng5\n")
    assert prepare_expression(tmp_path / "other", **files).hash != first.hash


def test_what_fits_together_nowhere_is_listed(tmp_path, files):
    """trap 14: rows that go say why, in dropped.tsv."""
    with files["promoters"].open("a") as out:
        out.write(f"stranger\t{'ACGT' * 15}\nshort\tACGT\n")
    with files["regulators"].open("a") as out:
        out.write("nobody\n")
    data = prepare_expression(tmp_path / "data", **files)
    assert reasons(data) == {
        "g11": "no promoter",
        "stranger": "no expression",
        "short": "a promoter of 4 bp, where most have 60 bp",
        "nobody": "regulator that the matrix does not hold",
    }
    lines = data.dropped.set_index("name")["line"]
    assert (lines["g11"], lines["stranger"], lines["nobody"]) == (13, 12, 4)
    assert regulators_of(data).names == ["g11", "g0", "g3"]


def test_lines_of_what_was_left_out_are_whole_numbers_where_every_regulator_is_known(tmp_path, files):
    with files["promoters"].open("a") as out:
        out.write(f"stranger\t{'ACGT' * 15}\n")
    data = prepare_expression(tmp_path / "data", **files)
    assert sorted(data.dropped["line"].astype(str)) == ["12", "13"]


def test_genes_and_conditions_without_a_value_go_and_constant_genes_are_counted(tmp_path, files):
    rows = {"g0": [1, "", 2], "g1": ["", "", ""], "g2": [0.5, "NA", 0.5], "g3": [-1, "nan", 0]}
    write_matrix(files["expression"], rows)
    data = prepare_expression(tmp_path / "data", **files)
    assert list(data.loci["name"]) == ["g0", "g2", "g3"]
    assert [task.name for task in data.spec.tasks] == ["heat 5 min", "cold"]
    found = reasons(data)
    assert found["g1"] == "no value in any condition"
    assert found["heat 10 min"] == "condition without a value of any gene"
    assert "1 genes have the same value wherever they were measured" in data.provenance["notes"]


def test_promoters_are_cut_upstream_of_the_start_on_the_strand_of_the_gene(tmp_path, files):
    rng = np.random.default_rng(1)
    chromosome = random_sequence(rng, 400)
    write_fasta(tmp_path / "genome.fa", [chromosome], ["chr1"])
    (tmp_path / "genes.bed").write_text(
        "1\t100\t160\tg0\t0\t+\n1\t200\t260\tg1\t0\t-\n1\t300\t301\tg2\t0\t+\n1\t10\t11\tg4\t0\t+\n2\t9\t10\tg5\t0\t+\n"
    )
    del files["promoters"]
    data = prepare_expression(
        tmp_path / "data", genome=tmp_path / "genome.fa", genes=tmp_path / "genes.bed", upstream=50, **files
    )
    tokens = encode(chromosome)
    expected = [tokens[50:100], reverse_complement(tokens[None, 260:310])[0], tokens[250:300]]
    np.testing.assert_array_equal(data.sequences.gather(np.arange(3)), expected)
    assert data.loci[["chrom", "start", "end", "strand"]].to_numpy().tolist()[1] == ["chr1", 260, 310, "-"]
    assert not (data.path / "sequences.npy").exists()
    assert reasons(data)["g4"] == "window would leave the chromosome"
    assert reasons(data)["g5"] == "unknown chromosome 2"


def test_fasta_and_a_table_with_a_header_say_the_same(tmp_path, files):
    first = prepare_expression(tmp_path / "data", **files)
    rows = [line.split("\t") for line in files["promoters"].read_text().split("\n") if line]
    files["promoters"].write_text("UID\tsequence\n" + "".join(f"{name}\t{text.lower()}\n" for name, text in rows))
    assert prepare_expression(tmp_path / "table", **files).hash == first.hash
    files["promoters"] = write_fasta(tmp_path / "p.fa", [text for _, text in rows], [name for name, _ in rows])
    assert prepare_expression(tmp_path / "fasta", **files).hash == first.hash


MATRIX = "UID\ta\tb\ng0\t1\t-2\n"
BAD_MATRICES = {
    "UID\ta\ta\ng0\t1\t2\n": ("line 1: condition 'a' is there twice, first in line 1", "Keep one"),
    "UID\ta\tb\ng0\t1\t2\ng0\t1\t2\n": ("line 3: gene 'g0' is there twice, first in line 2", "Keep one"),
    "UID\ta\tb\ng0\t1\n": ("line 2: has 2 columns, the header has 3", "with tabs between"),
    "UID\ta\tb\ng0\t1\tx\n": ("line 2: 'x' under 'b' is not a number", "Write a log ratio"),
    "UID\ta\tb\ng0\t1\tinf\n": ("line 2: 'inf' under 'b' is not a number", "Write a log ratio"),
    "UID\ta\tb\n": ("holds no matrix", ""),
    "UID\ta\tb\ng0\t812\t3051\n": ("holds no log ratios: no value is negative and they reach 3,051", "Give log2"),
    "UID\ta\tb\nother\t1\t-2\n": ("no promoter is of a gene that", "Name genes in the same way"),
}


@pytest.mark.parametrize("text", BAD_MATRICES)
def test_bad_matrices(tmp_path, files, text):
    problem, fix = BAD_MATRICES[text]
    files["expression"].write_text(text)
    with pytest.raises(UserError) as caught:
        prepare_expression(tmp_path / "data", **files)
    assert problem in str(caught.value) and fix in str(caught.value)
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("regulators", "g0\ng3\ng0\n", "line 3: regulator 'g0' is there twice, first in line 1"),
        ("regulators", "# none\n", "names no regulator"),
        ("regulators", "x\ny\n", "line 1: no regulator is a gene of"),
        ("promoters", "g0\tACGT\ng0\tACGT\n", "line 2: promoter 'g0' is there twice"),
        ("promoters", "g0\tACGT\ng1\tAC-T\n", "line 2: '-' at position 3 is not a DNA base"),
        ("promoters", "g0\tACGT\ng1 ACGT\n", "line 2: has 1 columns, where a gene and its sequence"),
        ("promoters", "gene\tsequence\n", "holds no promoter"),
        ("promoters", ">g0\nACGT\n>g0\nACGT\n", "line 3: promoter 'g0' is there twice"),
    ],
)
def test_other_bad_files(tmp_path, files, file, text, said):
    files[file].write_text(text)
    with pytest.raises(UserError, match=said.replace("(", r"\(")):
        prepare_expression(tmp_path / "data", **files)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("chr1\t100\t101\tg0\t0\t.\n", "line 1: gene 'g0' has no strand"),
        ("chr1\t100\t101\tg0\t0\t+\nchr1\t200\t201\tg0\t0\t+\n", "line 2: gene 'g0' is there twice"),
        ("chr1\t100\t101\n", "line 1: a gene has no name"),
        ("chr1\t900\t901\tg0\t0\t+\n", "line 1: end 901 is past the end of chr1"),
    ],
)
def test_bad_genes(tmp_path, files, row, said):
    write_fasta(tmp_path / "genome.fa", ["ACGT" * 100], ["chr1"])
    (tmp_path / "genes.bed").write_text(row)
    del files["promoters"]
    with pytest.raises(UserError, match=said):
        prepare_expression(tmp_path / "data", genome=tmp_path / "genome.fa", genes=tmp_path / "genes.bed", **files)


@pytest.mark.parametrize("given", [{}, {"genome": "g.fa"}, {"genes": "g.bed"}, {"upstream": 9}])
def test_promoters_come_from_one_place(tmp_path, files, given):
    if not given:
        del files["promoters"]
    with pytest.raises(UserError, match="promoters come from one place"):
        prepare_expression(tmp_path / "data", **files, **given)


def test_positive_values_that_could_be_log_ratios_are_taken_with_a_note(tmp_path, files):
    write_matrix(files["expression"], {"g0": [1, 2, 3], "g3": [0, 1, 12]})
    data = prepare_expression(tmp_path / "data", **files)
    assert "no value is negative: are these log ratios?" in data.provenance["notes"]


def test_regulators_are_asked_of_a_dataset_of_expression(tmp_path):
    data = small_dataset(tmp_path / "other", places("chr1", [0, 50]), [1.0, 0.0])
    with pytest.raises(UserError, match="is no dataset of expression"):
        regulators_of(data)


def test_series_are_those_that_are_given_and_the_others_are_told(tmp_path, files):
    """trap 16: minutes of one time course are one series, whatever their names are."""
    given = tmp_path / "series.txt"
    given.write_text("condition\tseries\n# a comment\nheat 5 min\theat\nheat 10 min\theat\nelsewhere\tother\n")
    data = prepare_expression(tmp_path / "data", **files, series=given)
    groups = groups_of(read_dataset(data.path))
    assert groups.conditions.tolist() == [0, 0, 1]
    assert any("1 of 3 conditions are of no series, each its own: cold" in note for note in data.provenance["notes"])
    assert split_remarks("series", groups) == []
    alone = prepare_expression(tmp_path / "alone", **files)
    assert any("no condition is of a known series: give --series" in note for note in alone.provenance["notes"])
    assert alone.hash == data.hash
    (remark,) = split_remarks("both", groups_of(alone))
    assert "this split is one by conditions" in remark and split_remarks("gene", groups_of(alone)) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("heat 5 min\n", "line 1: is no condition and its series"),
        ("cold\ta\ncold\tb\n", "line 2: condition 'cold' is there twice, first in line 1"),
        ("Cold\ta\n", "names no condition of the matrix, which has heat 5 min, heat 10 min, cold"),
        ("", "the file is empty"),
    ],
)
def test_series_that_cannot_be_read_are_refused(tmp_path, files, text, message):
    given = tmp_path / "series.txt"
    given.write_text(text)
    with pytest.raises(UserError) as told:
        prepare_expression(tmp_path / "data", **files, series=given)
    assert message in str(told.value)
