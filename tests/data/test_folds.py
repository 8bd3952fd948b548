from __future__ import annotations

import json

import pandas as pd
import pytest

from cislearn.data.folds import read_folds
from cislearn.data.split import TEST, TRAIN, VALID, split_rows
from cislearn.errors import UserError
from cislearn.experiment.config import SplitConfig

from .examples import places, small_dataset

FOLDS = {"train": ["chr1", "chr2"], "valid": ["chr3"], "test": ["chr4"]}


def four_chromosomes(folder, names=("chr1", "chr2", "chr3", "chr4")):
    chrom = [name for name in names for _ in range(6)]
    return small_dataset(folder, places(chrom, list(range(0, 6000 * len(names), 1000))), [1, 0] * (3 * len(names)))


def test_folds_are_read_and_the_split_is_exactly_these(tmp_path):
    path = tmp_path / "fold_0.json"
    path.write_text(json.dumps(FOLDS))
    assert read_folds(path) == FOLDS
    config = SplitConfig(folds=path)
    assert config.folds is not None and config.folds.model_dump() == FOLDS
    dataset = four_chromosomes(tmp_path / "d")
    result = split_rows(dataset, folds=config.folds.model_dump())
    assert result.how == "chromosome"
    assert result.part.tolist() == [TRAIN] * 12 + [VALID] * 6 + [TEST] * 6
    assert result.notes == ["train: chr1, chr2", "valid: chr3", "test: chr4"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{train: [chr1]}", "is not JSON"),
        ('["chr1"]', "holds list, no parts"),
        ('{"train": ["chr1"], "val": ["chr2"], "test": ["chr3"]}', "part 'val' is not known; did you mean valid?"),
        ('{"train": ["chr1"], "test": ["chr3"]}', "part 'valid' is missing"),
        ('{"train": ["chr1"], "valid": "chr2", "test": ["chr3"]}', "valid is 'chr2', no list of names"),
        ('{"train": ["chr1"], "valid": [2], "test": ["chr3"]}', r"valid is \[2\], no list of names"),
        ('{"train": ["chr1"], "valid": [], "test": ["chr3"]}', "valid has no chromosome"),
        ('{"train": ["chr1"], "valid": ["chr2"], "test": ["chr1"]}', "chromosome 'chr1' is in train and in test"),
        ('{"train": ["chr1", "chr1"], "valid": ["chr2"], "test": ["chr3"]}', "chromosome 'chr1' is twice in train"),
    ],
)
def test_a_fold_file_that_says_something_else_is_refused_by_name(tmp_path, content, message):
    path = tmp_path / "folds.json"
    path.write_text(content)
    with pytest.raises(UserError, match=message) as error:
        read_folds(path)
    assert error.value.where == path and error.value.fix


def test_folds_in_the_configuration_itself_are_checked_alike():
    assert SplitConfig(folds=FOLDS).folds == SplitConfig(folds=SplitConfig(folds=FOLDS).folds).folds
    for folds, message in (
        ({**FOLDS, "valid": ["chr1"]}, "data.split.folds: chromosome 'chr1' is in train and in valid"),
        ({"train": ["chr1"], "validation": ["chr2"]}, "part 'validation' is not known; did you mean valid?"),
        (["chr1"], "holds list, no parts"),
    ):
        with pytest.raises(UserError, match=message):
            SplitConfig(folds=folds)


def test_a_fold_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"absent\.json: no such file"):
        read_folds(tmp_path / "absent.json")
    with pytest.raises(UserError, match="cannot be read"):
        read_folds(tmp_path)


def test_chromosomes_that_no_part_names_are_refused_with_their_rows(tmp_path):
    dataset = four_chromosomes(tmp_path / "d", ("chr1", "chr2", "chr3", "chr4", "chr5", "chrX"))
    with pytest.raises(UserError, match=r"12 rows lie on chromosomes that are in no part: chr5 \(6\), chrX \(6\)"):
        split_rows(dataset, folds=FOLDS)


def test_chromosomes_without_windows_are_noted_and_a_part_without_any_is_refused(tmp_path):
    dataset = four_chromosomes(tmp_path / "d")
    result = split_rows(dataset, folds={**FOLDS, "test": ["chr4", "chr9", "chrY"]})
    assert result.notes[-1] == "no window lies on chr9, chrY of the folds"
    with pytest.raises(UserError, match="no window lies on a chromosome of valid: chr33; did you mean chr3"):
        split_rows(dataset, folds={"train": ["chr1", "chr2", "chr3"], "valid": ["chr33"], "test": ["chr4"]})


def test_rows_without_coordinates_have_no_part_in_folds(tmp_path):
    loci = pd.concat([places(["chr1", "chr3", "chr4"], [0, 0, 0]), pd.DataFrame({"chrom": [""]})]).fillna(-1)
    loci = loci.astype({"start": int, "end": int}).reset_index(drop=True)
    with pytest.raises(UserError, match="1 of 4 rows have no coordinates"):
        split_rows(small_dataset(tmp_path / "d", loci, [1, 0, 1, 0]), folds=FOLDS)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"by": "random"}, "folds name chromosomes, and the split is by random"),
        ({"by": "block"}, "the split is by block"),
        ({"test": ["chr4"]}, "chromosomes are named by folds and by valid or test"),
        ({"valid": ["chr3"], "by": "chromosome"}, "chromosomes are named by folds and by valid or test"),
    ],
)
def test_folds_go_with_no_other_way(tmp_path, options, message):
    with pytest.raises(UserError, match=message) as error:
        split_rows(four_chromosomes(tmp_path / "d"), folds=FOLDS, **options)
    assert error.value.where == "data.split.folds"


def test_folds_that_leave_a_class_out_of_a_part_are_refused(tmp_path):
    loci = places(["chr1"] * 4 + ["chr3"] * 4 + ["chr4"] * 4, list(range(0, 12000, 1000)))
    dataset = small_dataset(tmp_path / "d", loci, [1, 0, 1, 0, 1, 0, 1, 0, 1, 1, 1, 1])
    with pytest.raises(UserError, match="no negative rows of domain 'a' for test"):
        split_rows(dataset, folds=FOLDS)
