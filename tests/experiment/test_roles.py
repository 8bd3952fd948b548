from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import cislearn as cl
from cislearn.data.parts import LEFT_OUT, TEST, TRAIN
from cislearn.errors import UserError
from cislearn.experiment.config import DataConfig
from cislearn.experiment.roles import assign_roles
from tests.conftest import TINY
from tests.data.examples import places, small_dataset


def same_places(folder: Path, shared: float = 0.5, **columns: list[str]):
    """Two cells with 200 windows each on five chromosomes; that share of the second's overlap the first's."""
    rng = np.random.default_rng(0)
    start, chrom = 1000 * np.arange(200), [f"chr{1 + k % 5}" for k in range(200)]
    moved = start + np.where(np.arange(200) < 200 * shared, 10, 500)
    loci = pd.concat([places(chrom, start, 60), places(chrom, moved, 60)], ignore_index=True)
    loci = loci.assign(domain=["a"] * 200 + ["b"] * 200, **columns)
    labels = np.concatenate([rng.permutation(np.repeat([1.0, 0.0], 100)) for _ in range(2)])
    return small_dataset(folder, loci, labels, length=60)


def test_leaks_are_dropped_or_kept_and_told(tmp_path):
    """trap 19: rows dealt singly leak; what trains on them says so."""
    dataset = same_places(tmp_path / "d")
    given = {"by": "random", "deal": "target"}
    found = {
        leaks: assign_roles(dataset, DataConfig(path=tmp_path / "d", target="b", split=given | {"leaks": leaks}))
        for leaks in ("drop", "keep")
    }
    kept, dropped = found["keep"].split, found["drop"].split
    n_leaky = (kept.part[200:300] == TEST).sum()  # of the target's test rows those at a place of the source's
    assert 15 < n_leaky < 25 and (kept.part == TEST).sum() == 40
    assert (kept.part[:200] == TRAIN).all() and (kept.part == LEFT_OUT).sum() == 0
    np.testing.assert_array_equal(np.flatnonzero(dropped.part == LEFT_OUT), np.flatnonzero(found["keep"].leaks.rows))
    np.testing.assert_array_equal(dropped.part == TEST, kept.part == TEST)
    assert kept.notes[-1] == (
        f"leaks are kept: {n_leaky} training and validation rows leak, and {n_leaky} of 40 test rows are leaked"
    )
    assert dropped.notes[-1].startswith(f"{n_leaky} training and validation rows")
    for split in (kept, dropped):
        assert any(note.startswith("only the rows of b are dealt") for note in split.notes)
        assert any(f"{n_leaky / 40:.1%} of its rows share a sequence or a locus" in note for note in split.notes)


def test_folds_of_the_configuration_are_the_parts(tmp_path):
    dataset = same_places(tmp_path / "d")
    folds = {"train": ["chr1", "chr4", "chr5"], "valid": ["chr2"], "test": ["chr3"]}
    roles = assign_roles(dataset, DataConfig(path=tmp_path / "d", target="b", split={"folds": folds}))
    for part, names in folds.items():
        for side in roles.sides:
            assert set(dataset.loci["chrom"].iloc[roles.rows(side, part)]) == set(names)


def test_a_class_that_leaks_away_is_refused(tmp_path):
    """All that the first cell has of train lies where the second is tested."""
    part = (["train"] * 160 + ["valid"] * 20 + ["test"] * 20) + (["test"] * 160 + ["valid"] * 20 + ["train"] * 20)
    dataset = same_places(tmp_path / "d", shared=1, part=part)
    config = DataConfig(path=tmp_path / "d", target="b")
    with pytest.raises(UserError, match=r"all 160 rows of domain 'a' for train leak") as error:
        assign_roles(dataset, config)
    assert "data.split.leaks: keep" in str(error.value)
    assign_roles(dataset, config.model_copy(update={"split": config.split.model_copy(update={"leaks": "keep"})}))


def test_to_deal_the_target_one_has_to_be_named(tmp_path):
    dataset = same_places(tmp_path / "d")
    with pytest.raises(UserError, match=r"data\.split\.deal: only the rows of the target are to be dealt"):
        assign_roles(dataset, DataConfig(path=tmp_path / "d", split={"deal": "target"}))


def test_a_source_that_is_the_target_under_another_name_is_refused(tmp_path):
    dataset = same_places(tmp_path / "d")
    rows = np.tile(np.arange(200), 2)
    loci = dataset.loci.iloc[rows].reset_index(drop=True).assign(domain=["a"] * 200 + ["b"] * 200)
    tokens = dataset.sequences.gather(rows)
    labels = np.array(dataset.labels)[rows]
    same = small_dataset(tmp_path / "same", loci, labels, tokens, length=60)
    with pytest.raises(UserError, match="'a' holds the same windows with the same labels as the target 'b'"):
        assign_roles(same, DataConfig(path=tmp_path / "same", target="b"))
    labels[-3] = 1 - labels[-3]  # the same windows with labels of their own are two cell types at the same loci
    other = small_dataset(tmp_path / "other", loci, labels, tokens, length=60)
    assert len(assign_roles(other, DataConfig(path=tmp_path / "other", target="b")).rows("target", "test"))


@pytest.mark.parametrize(
    ("settings", "methods", "message"),
    [
        ({"selection": "oracle"}, ["source_only"], "none of hep is negative"),
        ({}, ["target_labels"], "none of hep for train is negative"),
    ],
)
def test_labels_of_the_target_that_are_read_need_both_classes(tiny_data, tmp_path, settings, methods, message):
    data = cl.read_dataset(tiny_data)
    roles = assign_roles(data, DataConfig(path=tiny_data, target="hep"))
    labels = data.labels_float(np.arange(len(data)))
    labels[(data.domain_codes == data.spec.domains.index("hep")) & (roles.split.part != TEST)] = 1.0
    one = cl.write_dataset(tmp_path / "d", spec=data.spec, loci=data.loci, labels=labels, sequences=data.sequences)
    with pytest.raises(UserError, match=message):
        cl.train(one, target="hep", methods=methods, out=tmp_path / "e", settings=TINY | settings)
