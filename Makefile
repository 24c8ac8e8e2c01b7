# Two commands do all the set-up on a machine with Python (3.10 to 3.13), git and make:
#
#   make demo    the whole story on a small project
#   make test    everything that has to hold: style, types, layers, tests
#
# PYTHON chooses the interpreter: make test PYTHON=python3.12

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test lint bench clean

demo: $(VENV)/.runtime
	$(BIN)/python -m batchhook demo

test: lint
	$(BIN)/python -m pytest -q -n 3 --dist loadgroup

lint: $(VENV)/.development
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.development
	$(BIN)/python benchmarks/commit_cost.py

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: $(BIN)/python pyproject.toml requirements/runtime.txt
	$(BIN)/python -m pip install --quiet --requirement requirements/runtime.txt --editable .
	touch $@

$(VENV)/.development: $(VENV)/.runtime requirements/development.txt
	$(BIN)/python -m pip install --quiet --requirement requirements/development.txt
	touch $@

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
