# All of it happens in an environment of its own, $(VENV), which the first call makes with $(PYTHON).
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
PIP = $(BIN)/pip install --quiet -c constraints.txt

# Which tests `make test` runs: all but the slow ones. `make test MARKS=` runs all.
MARKS ?= not slow
# Processes that share the tests, each with one thread; those of a file stay together, and what they share is made once.
JOBS ?= 2

.DEFAULT_GOAL = help
.PHONY: help quickstart test test-slow lint format docs site wheel bench

help:  ## what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-12s %s\n", $$1, $$2}' Makefile

quickstart: $(VENV)/installed  ## from nothing to a report on simulated data
	$(BIN)/cislearn quickstart

test: lint  ## linter, types, layers, and the tests that are not slow
	OMP_NUM_THREADS=1 $(BIN)/pytest -n $(JOBS) --dist loadfile -m "$(MARKS)"

test-slow: $(VENV)/installed-dev  ## the slow tests alone
	OMP_NUM_THREADS=1 $(BIN)/pytest -n $(JOBS) --dist loadfile -m slow

lint: $(VENV)/installed-dev  ## linter, format, types and layers alone
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/installed-dev  ## put the code into the common format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/installed-dev  ## write the pages that are made from the code
	$(BIN)/python -m tools.write_docs

bench: $(VENV)/installed-dev  ## every benchmark that needs neither a GPU nor a peer; an hour, on a quiet machine
	for name in loader training_step pair prediction growth gkm compendium equivariant kmers; do $(BIN)/python -m benchmarks.$$name || exit 1; done

site: $(VENV)/installed-dev  ## build the documentation as a site, site/index.html
	PYTHONPATH=. $(BIN)/mkdocs build --strict --quiet

wheel: $(VENV)/installed-dev  ## build the wheel and try it in a bare environment
	rm -rf dist
	$(BIN)/python -m build --outdir dist . > /dev/null
	PYTHON=$(PYTHON) tools/try_wheel dist/*.whl

# torch comes first and by itself: left to the requirement in pyproject.toml, pip may fetch a build for GPUs, gigabytes
# of it, where one for CPUs is offered.
$(VENV)/installed: pyproject.toml constraints.txt
	@echo "installing into $(VENV); the first time this takes some minutes"
	$(PYTHON) -m venv $(VENV)
	$(PIP) torch
	$(PIP) -e .
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(PIP) -e '.[dev]'
	@touch $@
