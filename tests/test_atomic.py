from __future__ import annotations

import json
import subprocess
import sys

import pytest

from cislearn.atomic import (
    disk_refusal,
    file_written_whole,
    folder_written_whole,
    refuse_taken,
    refuse_taken_file,
    remove_left_behind,
    the_only_one_in,
    write_json,
)
from cislearn.errors import UserError


def test_a_file_appears_when_it_is_whole_with_the_folders_it_needs(tmp_path):
    path = tmp_path / "a" / "b" / "table.tsv"
    with file_written_whole(path) as partial:
        partial.write_text("half")
        assert not path.exists()
        partial.write_text("whole")
    assert path.read_text() == "whole"
    assert [p.name for p in path.parent.iterdir()] == ["table.tsv"]


def test_an_error_leaves_the_former_file_and_nothing_else(tmp_path):
    path = tmp_path / "table.tsv"
    path.write_text("former")
    with pytest.raises(ZeroDivisionError), file_written_whole(path) as partial:
        partial.write_text("half")
        raise ZeroDivisionError
    assert path.read_text() == "former"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_told_as_such(tmp_path):
    with (
        pytest.raises(UserError, match="cannot be written: No space left") as caught,
        file_written_whole(tmp_path / "a"),
    ):
        raise OSError(28, "No space left on device")
    assert caught.value.where == tmp_path / "a"
    assert not list(tmp_path.iterdir())


def test_a_place_that_is_no_folder_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="cannot be written"):
        write_json(tmp_path / "file" / "run.json", {})


def test_json_keeps_letters_and_ends_with_a_line(tmp_path):
    write_json(tmp_path / "run.json", {"gene": "β-actin", "n": [1, 2.5, None]})
    text = (tmp_path / "run.json").read_text(encoding="utf-8")
    assert json.loads(text) == {"gene": "β-actin", "n": [1, 2.5, None]}
    assert "β" in text
    assert text.endswith("}\n")


def test_an_error_without_a_system_message_still_says_something(tmp_path):
    assert "cannot be written: odd" in str(disk_refusal(tmp_path, OSError("odd")))


def write_folder(path, text, **options):
    with folder_written_whole(path, marker="set.json", **options) as partial:
        (partial / "set.json").write_text(text)
        (partial / f"{text}.npy").touch()


def test_a_folder_appears_when_it_is_whole(tmp_path):
    path = tmp_path / "a" / "set"
    with folder_written_whole(path, marker="set.json") as partial:
        (partial / "set.json").touch()
        assert not path.exists()
    assert [p.name for p in path.iterdir()] == ["set.json"]
    assert [p.name for p in path.parent.iterdir()] == ["set"]


def test_a_folder_is_replaced_only_by_a_whole_one_and_where_told(tmp_path):
    path = tmp_path / "set"
    write_folder(path, "first")
    with pytest.raises(UserError, match="exists already"):
        write_folder(path, "second")
    with pytest.raises(ZeroDivisionError), folder_written_whole(path, marker="set.json", overwrite=True):
        raise ZeroDivisionError
    assert (path / "set.json").read_text() == "first"
    write_folder(path, "second", overwrite=True)
    assert sorted(p.name for p in path.iterdir()) == ["second.npy", "set.json"]
    assert [p.name for p in tmp_path.iterdir()] == ["set"]


def test_what_is_not_ours_is_never_overwritten(tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").touch()
    (tmp_path / "file").touch()
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"holds other files \(and no set\.json\)"):
        write_folder(tmp_path / "thesis", "first", overwrite=True)
    with pytest.raises(UserError, match="is a file, not a folder"):
        write_folder(tmp_path / "file", "first", overwrite=True)
    write_folder(tmp_path / "empty", "first")
    assert (tmp_path / "empty" / "set.json").is_file()
    assert (tmp_path / "thesis" / "chapter.txt").is_file()


def test_a_file_is_refused_where_one_is_there_unless_told_and_a_folder_always(tmp_path):
    refuse_taken_file(tmp_path / "new.pt2")
    (tmp_path / "old.pt2").touch()
    with pytest.raises(UserError, match="exists already"):
        refuse_taken_file(tmp_path / "old.pt2")
    refuse_taken_file(tmp_path / "old.pt2", overwrite=True)
    with pytest.raises(UserError, match="is a folder, not a file"):
        refuse_taken_file(tmp_path, overwrite=True)


def test_a_place_that_cannot_be_written_is_refused_before_anything_is_computed(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    for refuse in (lambda path: refuse_taken(path, marker="set.json"), refuse_taken_file):
        refuse(tmp_path / "deep" / "down" / "new")
        with pytest.raises(UserError, match="cannot be written: Not a directory"):
            refuse(tmp_path / "file" / "deep" / "new")
        with monkeypatch.context() as closed:  # who runs as root may write anywhere
            closed.setattr("os.access", lambda folder, mode: folder != tmp_path)
            with pytest.raises(UserError, match="cannot be written: Permission denied"):
                refuse(tmp_path / "new")


def test_a_folder_on_a_disk_that_refuses_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="cannot be written"):
        write_folder(tmp_path / "file" / "set", "first")


def test_what_a_killed_process_left_half_written_is_removed_and_what_is_written_now_is_not(tmp_path):
    begin = (
        "import os, signal, sys; from pathlib import Path; from cislearn.atomic import file_written_whole\n"
        "with file_written_whole(Path(sys.argv[1])) as partial:\n"
        "    partial.touch(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    for name in ("[1].tsv", "1.tsv"):
        subprocess.run([sys.executable, "-c", begin, str(tmp_path / name)], check=False)
    (dead,) = tmp_path.glob(".1.tsv.partial-*")
    folder = tmp_path / f"{dead.name}.scratch"
    folder.mkdir()
    (folder / "reads").touch()
    (tmp_path / ".1.tsv.partial-mine").touch()
    with file_written_whole(tmp_path / "[1].tsv") as mine:
        mine.touch()
        remove_left_behind(tmp_path, "[1].tsv")
        assert {path.name for path in tmp_path.iterdir()} == {mine.name, dead.name, folder.name, ".1.tsv.partial-mine"}
        remove_left_behind(tmp_path)
        assert {path.name for path in tmp_path.iterdir()} == {mine.name, ".1.tsv.partial-mine"}
    remove_left_behind(tmp_path / "not there")


def test_of_two_processes_one_works_in_a_folder_until_it_ends_or_is_killed(tmp_path):
    folder = tmp_path / "runs" / "gabp"
    other = subprocess.Popen(
        [
            *(sys.executable, "-c"),
            "import sys, time; from pathlib import Path; from cislearn.atomic import the_only_one_in\n"
            "with the_only_one_in(Path(sys.argv[1])): print('in', flush=True); time.sleep(60)",
            str(folder),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert other.stdout.readline() == "in\n"
    with pytest.raises(UserError, match="another process is at work in this folder"), the_only_one_in(folder):
        pass
    other.kill()
    other.communicate()
    with the_only_one_in(folder):
        (folder / "run.json").touch()
    assert [path.name for path in folder.iterdir()] == ["run.json"]


def test_a_folder_in_which_nothing_was_done_is_not_left_behind_and_one_that_was_there_is(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "file").touch()
    for name in ("mine", "new"):
        with the_only_one_in(tmp_path / name):
            pass
    with pytest.raises(UserError, match="is a file, not a folder"), the_only_one_in(tmp_path / "file"):
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "mine"]
