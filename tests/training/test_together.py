"""Several processes, really started: what one process learns, averages in between, and processes that die or hang."""

from __future__ import annotations

import copy
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from cislearn.engine.processes import Processes, meeting_point
from cislearn.errors import UserError
from cislearn.training.judge import Reached, read_reached
from cislearn.training.optimisers import build_optimiser, learning_rate
from cislearn.training.pieces import piece_of
from cislearn.training.sharing import Sharing, check_divisible
from tests.training.conftest import SMALL, prepare
from tests.training.test_pieces import batch_of
from tests.training.together import SETTINGS, Case, problem_of, train_together

ROOT = Path(__file__).resolve().parents[2]
APART = {"sync_every": 4, "sync_warmup": 2}
ALIKE = {
    "adversarial": Case(batch_size=17),
    "absent": Case("supervised", absent=0.4, plan={"patience": 1, "patience_of": "loss"}),
    "moments": Case("moments", batch_size=16, plan={"accumulate": 2, "gradient_clip": 0.1, "weight_average": 0.9}),
    "ladder": Case("ladder", "normed", batch_size=18),
}
"""Taken together. 17 rows do not divide by 3; neither do the rows with a label."""
AVERAGED = {"local": Case("supervised", batch_size=17, plan=APART), "own": Case(plan=APART | {"sync_optimiser": False})}


@pytest.fixture(autouse=True)
def usual_numbers():
    """A case sets float64 for all of its process."""
    yield
    torch.set_default_dtype(torch.float32)


@contextmanager
def started(folder: Path, cases: dict[str, Case], n: int, by: str = "torchrun", **variables: str):
    """Start `n` processes on a free port, placed as by torchrun or srun; none is left."""
    arguments = [str(folder), json.dumps({name: asdict(case) for name, case in cases.items()})]
    shared = os.environ | ({"WORLD_SIZE": str(n)} if by == "torchrun" else {}) | variables
    numbered = ["RANK"] if by == "torchrun" else ["SLURM_PROCID", "SLURM_LOCALID"]
    for name in cases:
        (folder / name).mkdir(exist_ok=True)
    with meeting_point() as meeting:
        processes = [
            subprocess.Popen(
                [sys.executable, "-m", "tests.training.together", *arguments], text=True, cwd=ROOT,
                env=shared | meeting | dict.fromkeys(numbered, str(rank)),
                stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            )
            for rank in range(n)
        ]  # fmt: skip
        try:
            yield processes
        finally:
            for process in processes:
                process.kill()
                process.communicate()


def ended(processes) -> list[tuple[int, str]]:
    """Wait for all; return status and what each said to its errors."""
    said = [process.communicate(timeout=120)[1] for process in processes]
    return list(zip([process.returncode for process in processes], said, strict=True))


def found(folder: Path, name: str, n: int) -> list[dict[str, np.ndarray]]:
    return [dict(np.load(folder / name / f"rank-{rank}.npz")) for rank in range(n)]


@pytest.fixture(scope="module")
def of_three(tmp_path_factory) -> Path:
    """All cases, each in three processes."""
    folder = tmp_path_factory.mktemp("three")
    with started(folder, ALIKE | AVERAGED, 3) as processes:
        for status, said in ended(processes):
            assert status == 0, said
    return folder


# --- Together ---


@pytest.mark.parametrize("name", ["adversarial", "absent", "moments"])
def test_three_processes_learn_what_one_does(of_three, tmp_path, name):
    """The same losses, weights and end, also where rows and labels do not divide: only the order of sums differs."""
    one, three = train_together(tmp_path, ALIKE[name]), found(of_three, name, 3)
    for column in ("step", "train_loss", "valid_loss", "valid_score"):
        np.testing.assert_allclose(three[0][column], one[column], rtol=0, atol=1e-6)
    for process in three:
        np.testing.assert_allclose(process["weights"], one["weights"], rtol=0, atol=1e-9)
    assert np.abs(np.diff(one["weights"], axis=0)).max() > 1e-3  # they learned something


def test_the_first_process_alone_writes(of_three):
    for name in ALIKE:
        written = {path.name for path in (of_three / name).iterdir()}
        assert written == {"run.ckpt", "rank-0.npz", "rank-1.npz", "rank-2.npz"}
        assert "train_loss" in found(of_three, name, 3)[0] and list(found(of_three, name, 3)[1]) == ["weights"]


def test_a_ladder_has_the_statistics_of_its_own_rows_and_equal_weights(of_three, tmp_path):
    """Batch norm sees a third of the rows: another training than that of one process, but one and the same in all."""
    one, three = train_together(tmp_path, ALIKE["ladder"]), found(of_three, "ladder", 3)
    for process in three[1:]:
        np.testing.assert_allclose(process["weights"], three[0]["weights"], rtol=0, atol=1e-9)
    assert np.abs(three[0]["weights"] - one["weights"]).max() > 1e-6


@given(st.integers(1, 6), st.integers(0, 7), st.integers(1, 5))
def test_shares_hold_each_row_once(source, unlabelled, world):
    batch = batch_of(source, 0, unlabelled)
    pieces = [piece_of(batch, k, world)[0] for k in range(world)]
    assert sorted(torch.cat([piece.row for piece in pieces]).tolist()) == list(range(len(batch)))
    for k, piece in enumerate(pieces):
        if "source" in piece.parts:
            rows = piece.row[piece.parts["source"]].tolist()
            assert rows == sorted(rows) and set(rows) <= set(range(source))
            assert len(rows) == len(range(k, source, world))


def test_a_batch_too_small_for_all_processes_is_refused(problem):
    batches = prepare(problem, "adversarial", batch_size=4)[2]
    check_divisible(batches, 4)
    with pytest.raises(UserError, match=r"training\.processes: a batch has 4 rows of part source, too few for 5 proc"):
        check_divisible(batches, 5)


# --- Apart ---


def test_processes_differ_between_averages_and_are_equal_after(of_three):
    """After two steps together and every four steps from there; after step 5 a validation makes all equal."""
    for name in AVERAGED:
        first, *others = (each["weights"] for each in found(of_three, name, 3))
        apart = [max(np.abs(other[step] - first[step]).max() for other in others) for step in range(10)]
        assert [distance < 1e-12 for distance in apart] == [step + 1 in (1, 2, 6, 10) for step in range(10)]
        assert min(distance for distance in apart if distance > 1e-12) > 1e-5


def test_averages_are_those_of_a_loop_over_three_networks(of_three):
    """The oracle: three networks side by side, weights and Adam's moments averaged by hand."""
    case = AVERAGED["local"]
    torch.set_default_dtype(torch.float64)
    network, objective, batches, views = prepare(problem_of(case), case.method, SMALL, case.batch_size)
    networks = [copy.deepcopy(network) for _ in range(3)]
    optimisers = [build_optimiser(SETTINGS["optimiser"], each.parameters()) for each in networks]
    for step in range(case.steps):
        view = views(batches[step], "train", step)
        pieces = [piece_of(view, rank, 3) for rank in range(3)]
        for each, (piece, _), optimiser in zip(networks, pieces, optimisers, strict=True):
            optimiser.zero_grad()
            objective.losses(each, piece, step / case.steps)["task"].backward()
            optimiser.param_groups[0]["lr"] = learning_rate(SETTINGS["optimiser"], (step + 0.5) / case.steps)
        if step < 2:
            for mine in zip(*(each.parameters() for each in networks), strict=True):
                mean = sum(share * p.grad for p, (_, share) in zip(mine, pieces, strict=True))
                for parameter in mine:
                    parameter.grad = mean.clone()
        for optimiser in optimisers:
            optimiser.step()
        trained = [np.concatenate([p.detach().numpy().ravel() for p in each.parameters()]) for each in networks]
        if step + 1 not in (6, 10):
            for each, mine in zip(found(of_three, "local", 3), trained, strict=True):
                np.testing.assert_allclose(each["weights"][step], mine, rtol=0, atol=1e-9)
        if step + 1 in (5, 6, 10):
            moments = [[v for s in o.state.values() for v in s.values() if v.dim()] for o in optimisers]
            mine = [[*each.parameters(), *those] for each, those in zip(networks, moments, strict=True)]
            with torch.no_grad():
                for same in zip(*mine, strict=True):
                    mean = torch.stack(same).mean(0)
                    for value in same:
                        value.copy_(mean)
    last = np.concatenate([p.detach().numpy().ravel() for p in networks[0].parameters()])
    np.testing.assert_allclose(found(of_three, "local", 3)[0]["weights"][-1], last, rtol=0, atol=1e-9)


def test_averages_hand_over_less(of_three):
    handed = {name: found(of_three, name, 3)[0]["megabytes"].sum() for name in (*ALIKE, *AVERAGED)}
    assert 0 < handed["own"] < handed["adversarial"]


@pytest.mark.parametrize(("every", "warmup", "expected"), [(1, 0, []), (1, 3, []), (3, 0, [2, 5, 8]), (3, 2, [4, 7])])
def test_when_weights_are_averaged(every, warmup, expected):
    averaged, layer = [], torch.nn.Linear(1, 1)
    optimiser = torch.optim.SGD(layer.parameters())
    sharing = Sharing(Processes(0, 2), every, warmup)
    sharing.average_weights = lambda *_: averaged.append(step)
    for step in range(9):
        sharing.follow_step(layer, optimiser, step)
    assert averaged == expected
    assert [sharing.is_together(step) for step in range(9)] == [every == 1 or step < warmup for step in range(9)]


# --- What goes wrong ---


@pytest.mark.slow
def test_a_killed_process_ends_the_training_by_name_and_two_go_on(tmp_path):
    """SIGKILL of one of three in mid-epoch; the checkpoint goes on in two, to the losses of one never killed."""
    case = Case(batch_size=17, steps=10, seconds=0.2)
    with started(tmp_path, {"run": case}, 3) as processes:
        for line in processes[1].stdout:
            if line.split() == ["1", "7"]:
                processes[1].send_signal(signal.SIGKILL)
                killed = time.monotonic()
                break
        (first, said), (dead, _), (third, nothing) = ended(processes)
    assert time.monotonic() - killed < 30
    assert (first, dead, third) == (2, -signal.SIGKILL, 2)
    assert "process 1 of 3 (counted from 0) ended" in said and "goes on from the last checkpoint" in said
    assert "process 1" not in nothing  # one is enough to tell
    assert {path.name for path in (tmp_path / "run").iterdir()} == {"run.ckpt"}
    assert read_reached(tmp_path / "run" / "run.ckpt") == Reached(step=5, world=3)
    with started(tmp_path, {"run": Case(batch_size=17, steps=10)}, 2) as processes:
        assert [status for status, _ in ended(processes)] == [0, 0]
    (tmp_path / "one").mkdir()
    one = train_together(tmp_path / "one", Case(batch_size=17, steps=10))
    for resumed in found(tmp_path, "run", 2):
        np.testing.assert_allclose(resumed["weights"], one["weights"][5:], rtol=0, atol=1e-9)
    resumed = found(tmp_path, "run", 2)[0]
    assert resumed["step"].tolist() == [5, 10]
    np.testing.assert_allclose(resumed["train_loss"], one["train_loss"], rtol=0, atol=1e-6)


@pytest.mark.slow
def test_a_process_that_hangs_is_named_when_patience_ends(tmp_path):
    with started(tmp_path, {"run": Case(hangs=2)}, 3, CISLEARN_PATIENCE="8") as processes:
        said = [process.communicate(timeout=120)[1] for process in processes[:2]]
        assert [process.returncode for process in processes] == [2, 2, None]
    assert "process 2 of 3 (counted from 0) ended, or did not answer for 8 s" in said[0]


@pytest.mark.slow
def test_processes_of_srun_train_together(tmp_path):
    """Lightning knows SLURM's variables too, and refuses some that srun sets."""
    slurm = {"SLURM_JOB_ID": "7", "SLURM_JOB_NAME": "x", "SLURM_NTASKS": "2", "SLURM_STEP_NUM_TASKS": "2"}
    with started(tmp_path, {"run": Case("supervised", steps=5)}, 2, by="srun", **slurm) as processes:
        assert [status for status, _ in ended(processes)] == [0, 0]
    first, second = found(tmp_path, "run", 2)
    np.testing.assert_allclose(first["weights"], second["weights"], rtol=0, atol=1e-12)


def test_a_full_disk_is_told_once(tmp_path):
    with started(tmp_path, {"run": Case(full=True)}, 2) as processes:
        (first, said), (second, nothing) = ended(processes)
    assert (first, second) == (2, 2), nothing
    assert "run.ckpt: cannot be written" in said and "process 0" not in nothing
    assert list((tmp_path / "run").iterdir()) == []
