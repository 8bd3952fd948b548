"""Basset's HDF5, made here as its ``seq_hdf5.py`` writes it."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from cislearn.data import basset_hdf5
from cislearn.data.basset_hdf5 import prepare_hdf5
from cislearn.data.split import split_rows
from cislearn.errors import UserError

SIZES = {"train": 40, "valid": 10, "test": 12}
TASKS = ["8988T", "AoSMC", "Chorion"]


@pytest.fixture
def h5py():
    return pytest.importorskip("h5py", reason="the extra hdf5 is not installed")


@pytest.fixture
def content(rng):
    """Names and arrays of a file; the second window of train begins with an unknown base, the third is all unknown."""
    found = {"target_labels": np.array(TASKS, dtype="S")}
    for part, n in SIZES.items():
        tokens = rng.integers(0, 4, (n, 30))
        found[f"{part}_in"] = np.eye(4, dtype=np.uint8)[tokens].transpose(0, 2, 1)[:, :, None]
        found[f"{part}_out"] = rng.integers(0, 2, (n, 3)).astype(np.uint8)
    found["train_in"][1, :, 0, 0] = 0
    found["train_in"][2] = 0
    return found


@pytest.fixture
def write(h5py, tmp_path):
    def call(content, **options):
        path = tmp_path / "basset.h5"
        with h5py.File(path, "w") as file:
            for name, values in content.items():
                file.create_dataset(name, data=values, **(options if name != "target_labels" else {}))
        return path

    return call


@pytest.mark.parametrize("options", [{}, {"chunks": True, "compression": "gzip"}])
@pytest.mark.parametrize("dtype", [np.uint8, np.float16, bool])
def test_windows_labels_and_parts(tmp_path, write, content, options, dtype, monkeypatch):
    """Against `argmax` of the arrays; also read a few windows at a time."""
    monkeypatch.setattr(basset_hdf5, "_AT_ONCE", 4 * 30 * 7)
    cast = {name: values if name == "target_labels" else values.astype(dtype) for name, values in content.items()}
    dataset = prepare_hdf5(tmp_path / "out", path=write(cast, **options))
    one_hot = np.concatenate([content[f"{part}_in"] for part in SIZES])[:, :, 0]
    labels = np.concatenate([content[f"{part}_out"] for part in SIZES])
    kept = one_hot.any(axis=(1, 2))
    expected = np.where(one_hot.any(axis=1), one_hot.argmax(axis=1), 4)[kept]
    assert np.array_equal(dataset.sequences.gather(np.arange(len(dataset))), expected)
    assert np.array_equal(dataset.labels, labels[kept]) and dataset.labels.dtype == np.int8
    assert [task.name for task in dataset.spec.tasks] == TASKS
    assert dataset.loci["part"].value_counts().to_dict() == SIZES | {"train": SIZES["train"] - 1}
    assert dataset.loci["line"].tolist()[:3] == [1, 2, 4]
    assert dataset.dropped[["line", "name", "reason"]].to_numpy().tolist() == [
        [3, "train", "no base is known: the window is N only"]
    ]
    assert (tmp_path / "out" / "prevalence.tsv").is_file()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_it_is_split_as_given(tmp_path, write, content):
    dataset = prepare_hdf5(tmp_path / "out", path=write(content))
    result = split_rows(dataset)
    assert result.how == "given"
    assert np.bincount(result.part).tolist() == [39, 10, 12]


def test_channels_are_acgt_and_another_order_cannot_be_seen(tmp_path, write, content):
    """trap 1: a file in A, T, C, G reads without a word; what the order is taken for stands in the dataset's notes."""
    swapped = content | {f"{part}_in": content[f"{part}_in"][:, [0, 3, 1, 2]] for part in SIZES}
    dataset = prepare_hdf5(tmp_path / "out", path=write(swapped))
    first = content["train_in"][0, :, 0].argmax(axis=0)
    assert np.array_equal(dataset.sequences.gather(np.array([0]))[0], np.array([0, 2, 3, 1])[first])
    assert any("A, C, G, T" in note for note in dataset.provenance["notes"])


def without(name):
    return lambda content: content.pop(name)


def put(name, place, value):
    return lambda content: content[name].__setitem__(place, value)


def replaced(name, change):
    return lambda content: content.update({name: change(content[name])})


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (without("train_out"), "has no train_out; it holds target_labels, test_in"),
        (without("valid_in"), "has no valid_in"),
        (without("target_labels"), "has no target_labels"),
        (lambda content: content.clear(), "has no target_labels; it holds nothing"),
        (put("train_in", (7, slice(None), 0, 3), 1), r"train_in\[7\] is not a one-hot window"),
        (put("test_out", (11, 2), 3), r"test_out\[11\] is not a row of labels"),
        (replaced("valid_in", lambda x: x * 0.25), r"valid_in\[0\] is not a one-hot window"),
        (replaced("train_out", lambda x: np.where(x == 1, np.nan, 0.0)), r"train_out\[\d+\] is not a row of labels"),
        (replaced("train_in", lambda x: x[:, :, 0]), r"train_in has shape \(40, 4, 30\)"),
        (replaced("train_in", lambda x: x.transpose(0, 3, 2, 1)), r"train_in has shape \(40, 30, 1, 4\)"),
        (replaced("test_in", lambda x: x[..., :20]), r"test_in has shape \(12, 4, 1, 20\).*\(12, 4, 1, 30\)"),
        (replaced("valid_out", lambda x: x[:4]), r"valid_out has shape \(4, 3\)"),
        (replaced("valid_out", lambda x: x[:, :2]), r"valid_out has shape \(10, 2\)"),
        (replaced("train_in", lambda x: np.array(b"ACGT")), "train_in has shape"),
        (replaced("train_out", lambda x: x.astype("S1")), "type |S1"),
        (replaced("target_labels", lambda x: x[[0, 0, 1]]), "names '8988T' twice"),
    ],
)
def test_a_file_that_is_another(tmp_path, write, content, spoil, said):
    spoil(content)
    with pytest.raises(UserError, match=said) as error:
        prepare_hdf5(tmp_path / "out", path=write(content))
    assert "basset.h5" in str(error.value)
    assert [path.name for path in tmp_path.iterdir()] == ["basset.h5"]


@pytest.mark.parametrize("share", [0.0, 0.1, 0.6, 0.99])
def test_truncated(tmp_path, write, content, share):
    path = write(content)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(UserError, match="cannot be read as HDF5"):
        prepare_hdf5(tmp_path / "out", path=path)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("where", ["windows", "everywhere"])
def test_bytes_that_are_spoiled_inside(tmp_path, h5py, write, content, where):
    """Of a chunk that has a checksum, and of all that the library keeps beside the windows."""
    path = write(content, chunks=True, compression="gzip", fletcher32=True)
    whole = bytearray(path.read_bytes())
    with h5py.File(path) as file:
        chunk = file["test_in"].id.get_chunk_info(0).byte_offset
    places = [chunk + 5] if where == "windows" else range(len(whole) // 2, len(whole) - 200, 50)
    for place in places:
        whole[place] ^= 0xFF
    path.write_bytes(bytes(whole))
    with pytest.raises(UserError, match=r"basset\.h5: cannot be read as HDF5"):
        prepare_hdf5(tmp_path / "out", path=path)
    assert [path.name for path in tmp_path.iterdir()] == ["basset.h5"]


def test_without_h5py_it_is_said_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    (tmp_path / "x.h5").write_bytes(b"")
    with pytest.raises(UserError, match=r"cislearn\[hdf5\]"):
        prepare_hdf5(tmp_path / "out", path=tmp_path / "x.h5")
