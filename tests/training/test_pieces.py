"""Batches in pieces: the same composition, the same step, and what is told where memory is short."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from cislearn.data.batch import TARGET_LABELLED, Batch
from cislearn.errors import UserError
from cislearn.objectives.adversarial import Adversarial
from cislearn.training.pieces import pieces_of
from tests.training.conftest import train, weights


def batch_of(source: int, labelled: int, unlabelled: int) -> Batch:
    n = source + labelled + unlabelled
    parts = {"source": slice(0, source)}
    if labelled:
        parts[TARGET_LABELLED] = slice(source, source + labelled)
    if labelled or unlabelled:
        parts["target"] = slice(source, n)
    labels = torch.arange(n, dtype=torch.float32)[:, None]
    labels[source + labelled :] = torch.nan
    domain = (torch.arange(n) >= source).long()
    profiles = labels[:, :, None].expand(n, 2, 5)
    return Batch(torch.zeros(n, 8, dtype=torch.uint8), labels, domain, torch.arange(n), parts, profiles=profiles)


@pytest.mark.parametrize("sizes", [(8, 0, 0), (8, 0, 8), (8, 4, 4), (8, 8, 0), (9, 3, 5), (3, 1, 1)])
@pytest.mark.parametrize("n", [2, 3, 4])
def test_pieces_hold_every_row_once_in_the_composition_of_the_batch(sizes, n):
    batch = batch_of(*sizes)
    pieces = pieces_of(batch, n)
    rows = torch.cat([piece.row for piece, _ in pieces])
    assert sorted(rows.tolist()) == list(range(len(batch)))
    assert sum(share for _, share in pieces) == pytest.approx(1)
    for piece, share in pieces:
        assert share == pytest.approx(len(piece) / len(batch))
        assert not piece.labels[piece.labelled].isnan().any()
        assert piece.labels[piece.labelled.stop :].isnan().all()
        torch.testing.assert_close(piece.profiles[:, 0, 0], piece.labels[:, 0], equal_nan=True)
        assert (piece.domain[piece.parts["source"]] == 0).all()
        if "target" in piece.parts:
            assert (piece.domain[piece.parts["target"]] == 1).all()
        for size, whole in zip((piece.parts["source"].stop, len(piece)), (sizes[0], sum(sizes)), strict=True):
            assert abs(size - whole / len(pieces)) <= 3


@pytest.mark.parametrize("domains", [1, 2, 3])
@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("n", [2, 3, 4, 8])
def test_pieces_hold_as_much_of_each_group_that_batches_draw_in_turn(domains, classes, n):
    """Every n-th row would be all of one class: batch norm would take the class away that is to be told apart."""
    batch, turn = batch_of(96, 0, 0), torch.arange(96)
    batch = replace(batch, domain=turn % domains, labels=(turn // domains % classes).float()[:, None])
    group = batch.domain * classes + batch.labels[:, 0].long()
    pieces = [group[piece.row] for piece, _ in pieces_of(batch, n)]
    assert [len(piece) for piece in pieces] == [96 // n] * n
    counts = torch.stack([torch.bincount(piece, minlength=domains * classes) for piece in pieces])
    assert (counts - torch.bincount(group) / n).abs().max() <= 1


def test_each_view_of_a_batch_is_cut_in_the_same_way():
    batch = batch_of(8, 0, 4)
    views = {name: replace(batch, row=batch.row + 100 * k) for k, name in ((1, "plain"), (2, "second"))}
    for piece, _ in pieces_of(replace(batch, **views), 2):
        assert piece.plain.row.tolist() == (piece.row + 100).tolist()
        assert piece.second.row.tolist() == (piece.row + 200).tolist()


@pytest.mark.parametrize("labelled", [0, 6])
def test_rows_without_labels_are_dealt_as_well_and_are_no_part_of_the_target(labelled):
    batch = batch_of(9, labelled, 0)
    n = len(batch)
    more = batch_of(0, 0, 12)
    row, parts = torch.arange(n + 12), batch.parts | {"unlabelled": slice(n, n + 12)}
    labels, domain = (torch.cat([getattr(b, name) for b in (batch, more)]) for name in ("labels", "domain"))
    joined = Batch(torch.zeros(n + 12, 8, dtype=torch.uint8), labels, domain, row, parts)
    for piece, _ in pieces_of(joined, 3):
        assert (piece.labelled.stop, len(piece)) == (3 + labelled // 3, 7 + labelled // 3)
        assert piece.parts["unlabelled"] == piece.unlabelled and piece.labels[piece.unlabelled].isnan().all()
        assert ("target" in piece.parts) == (labelled > 0)
        if labelled:
            assert piece.parts["target"] == piece.parts[TARGET_LABELLED] == slice(3, 5)


@pytest.mark.parametrize("method", ["supervised", "adversarial"])
def test_a_training_in_pieces_ends_at_the_same_weights(problem, tmp_path, method):
    """The network has no batch normalisation, so the only difference is the order of sums."""
    plan = {"method": method, "steps": 10, "keep": "last", "gradient_clip": 1.0, "weight_average": 0.9}
    whole, fitted = train(problem, tmp_path / "whole.ckpt", **plan)
    pieces, in_pieces = train(problem, tmp_path / "pieces.ckpt", accumulate=4, **plan)
    torch.testing.assert_close(weights(whole), weights(pieces), rtol=1e-4, atol=1e-5)
    for one, other in zip(fitted.history, in_pieces.history, strict=True):
        assert other["train_loss"] == pytest.approx(one["train_loss"], rel=1e-5)
    untouched, _ = train(problem, tmp_path / "other.ckpt", **plan | {"steps": 5})
    assert not torch.allclose(weights(whole), weights(untouched), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("bears", "fits"), [(20, 2), (9, 4), (1, None)])
def test_where_memory_is_short_the_batch_that_fits_is_named(problem, tmp_path, monkeypatch, bears, fits):
    losses = Adversarial.losses

    def short(self, model, batch, progress):
        if len(batch) > bears:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return losses(self, model, batch, progress)

    monkeypatch.setattr(Adversarial, "losses", short)
    with pytest.raises(UserError, match="no memory for a batch of 16 labelled windows") as told:
        train(problem, tmp_path / "run.ckpt")
    if fits is None:
        assert "smaller network" in str(told.value)
    else:
        assert f"training.accumulate: {fits}" in str(told.value) and f"training.batch_size: {16 // fits}" in str(
            told.value
        )
        network, _ = train(problem, tmp_path / "again.ckpt", accumulate=fits, steps=5)
        assert torch.isfinite(weights(network)).all()


def test_another_runtime_error_is_not_taken_for_want_of_memory(problem, tmp_path, monkeypatch):
    def broken(self, model, batch, progress):
        raise RuntimeError("shapes do not agree")

    monkeypatch.setattr(Adversarial, "losses", broken)
    with pytest.raises(RuntimeError, match="shapes do not agree"):
        train(problem, tmp_path / "run.ckpt")
