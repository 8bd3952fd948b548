from __future__ import annotations

import json
import subprocess

import pytest

from cislearn.engine import environment
from cislearn.engine.devices import choose_device
from cislearn.engine.environment import cpu_has_bf16, cpu_name, describe_environment, git_commit, package_version


def test_the_record_is_json_and_complete():
    record = describe_environment(choose_device("cpu"))
    assert json.loads(json.dumps(record)) == record
    assert all(value is not None for name, value in record.items() if name != "git")
    assert all(isinstance(version, str) for version in record["packages"].values())
    assert {"torch", "lightning", "numpy", "pandas"} <= set(record["packages"])
    assert record["device"].startswith("cpu (")
    assert record["threads"] >= 1
    assert record["cores"] >= 1
    assert record["python"].count(".") == 2


def test_a_package_that_is_not_installed_has_no_version():
    assert package_version("no-such-package-at-all") is None
    assert package_version("torch") is not None


@pytest.mark.parametrize(
    ("lines", "name", "bf16"),
    [
        (
            ["processor\t: 0", "model name\t: Xeon: the fast one", "flags\t\t: fpu avx512_bf16"],
            "Xeon: the fast one",
            True,
        ),
        (["model name : Ryzen", "flags : fpu avx2"], "Ryzen", False),
        (["model name : Xeon", "flags : amx_bf16 amx_tile"], "Xeon", True),
    ],
)
def test_the_processor_by_what_the_system_lists(monkeypatch, lines, name, bf16):
    monkeypatch.setattr(environment, "_cpu_lines", lambda: lines)
    assert cpu_name() == name
    assert cpu_has_bf16() is bf16


def test_without_a_list_the_processor_still_has_a_name(monkeypatch):
    monkeypatch.setattr(environment, "_cpu_lines", list)
    assert cpu_name()
    assert cpu_has_bf16() is False


def test_the_commit_of_the_working_folder_and_whether_it_was_changed(tmp_path, monkeypatch):
    def git(*arguments):
        settings = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
        done = subprocess.run(["git", *settings, *arguments], cwd=tmp_path, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert git_commit() is None
    git("init", "-q")
    assert git_commit() is None
    (tmp_path / "config.yaml").write_text("a: 1\n")
    git("add", ".")
    git("commit", "-q", "-m", "one")
    commit = git("rev-parse", "--short", "HEAD")
    assert git_commit() == commit
    (tmp_path / "untracked").touch()
    assert git_commit() == commit
    (tmp_path / "config.yaml").write_text("a: 2\n")
    assert git_commit() == commit + "+"


def test_without_git_there_is_no_commit(monkeypatch):
    def absent(*arguments):
        raise FileNotFoundError("git")

    monkeypatch.setattr(environment, "_git", absent)
    assert git_commit() is None
