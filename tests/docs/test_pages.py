"""What the documentation shows is right, as far as it is seen at once: worked examples, options, settings, links.

`test_pages_run` runs all commands.
"""

from __future__ import annotations

import importlib.util
import re
import shlex
import sys
from pathlib import Path

import pytest
import typer

from cislearn.baselines import BATTERY
from cislearn.cli.main import app
from cislearn.data.simulate import simulate, write_simulated
from cislearn.experiment.execute import run_experiment
from cislearn.experiment.reading import read_config
from tests.docs.pages import PAGES, ROOT, blocks_of, commands_of

WORKED_EXAMPLES = ["adding-an-encoder.md", "adding-an-objective.md"]
COMMANDS = [(page.name, line) for page in PAGES for line in commands_of(page) if line.startswith("cislearn ")]
LINKS = re.compile(r"\]\((?!https?:|#)([^)#]+)")


@pytest.fixture
def example(request, tmp_path, monkeypatch) -> Path:
    """A folder with the titled blocks of a page as files, and small simulated data."""
    for block in blocks_of(ROOT / "docs" / request.param):
        if block.title:
            (tmp_path / block.title).write_text(block.text)
    write_simulated(tmp_path / "data" / "simulated", simulate(n_train=200, n_test=60, seed=1))
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if getattr(sys.modules[name], "__file__", None) and str(tmp_path) in str(sys.modules[name].__file__):
            del sys.modules[name]


@pytest.mark.parametrize("example", WORKED_EXAMPLES, indirect=True)
def test_the_tests_of_a_worked_example_pass(example):
    for path in example.glob("test_*.py"):
        tests = {name: call for name, call in _module(path).items() if name.startswith("test_")}
        assert len(tests) >= 2
        for call in tests.values():
            call()


@pytest.mark.parametrize("example", WORKED_EXAMPLES, indirect=True)
def test_the_experiment_of_a_worked_example_runs(example):
    (path,) = example.glob("*.yaml")
    config = read_config(path)
    experiment = run_experiment(config, search=[example])
    trained = [method.title for method in config.methods]
    assert [name for name in experiment.summary["method"].unique() if name not in BATTERY] == trained
    assert experiment.report.is_file()


@pytest.mark.parametrize(("page", "line"), COMMANDS, ids=[f"{page}: {line[:40]}" for page, line in COMMANDS])
def test_a_command_of_the_documentation_is_one_that_there_is(page, line):
    verb, *arguments = shlex.split(line, comments=True)[1:]
    group = typer.main.get_command(app)
    if not verb.startswith("-"):
        group.commands[verb].make_context(verb, arguments)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_yaml_of_the_documentation_is_a_configuration(page, tmp_path):
    for number, block in enumerate(block for block in blocks_of(page) if block.language == "yaml"):
        path = tmp_path / f"{number}.yaml"
        path.write_text(block.text)
        read_config(path)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_says_its_language(page):
    """One that does not would be found by no test."""
    fences = [line.strip() for line in page.read_text(encoding="utf-8").splitlines() if line.strip().startswith("```")]
    assert set(fences[1::2]) <= {"```"} and "```" not in fences[::2]
    assert len(blocks_of(page)) == len(fences) / 2


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files_that_there_are(page):
    for target in LINKS.findall(page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def _module(path: Path) -> dict[str, object]:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return vars(module)
