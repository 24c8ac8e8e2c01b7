# Two commands do all the set-up on a machine with Python (3.10 to 3.13), git and make:
#
#   make demo      the whole story on a small project
#   make test      everything that has to hold: style, types, layers, tests; about five minutes on two cores
#
# For daily work:
#
#   make check     style, types, layers and the quick tests; about a minute
#   make nightly   kills, models and fuzzing at their full numbers; hours
#   make bench     the cost of a hook, beside no hook and other tools
#
# PYTHON chooses the interpreter: make test PYTHON=python3.12

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Modules are compiled once, not by each of the thousands of processes, whatever the environment says.
PYTEST := PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -q -n 4 --dist worksteal
QUICK := tests/core tests/house tests/git tests/store tests/report tests/api/test_parity.py tests/execution/test_scheduling.py

.PHONY: demo test check nightly prepared lint compile bench clean

demo: $(VENV)/.runtime
	$(BIN)/python -m batchhook demo

test: prepared
	$(PYTEST)

check: prepared
	$(PYTEST) $(QUICK)

nightly: prepared
	BATCHHOOK_TEST_UNFORKED=1 BATCHHOOK_TEST_KILLS=1000 BATCHHOOK_TEST_STEPS=10000 FUZZ_INPUTS=20000 $(PYTEST) --timeout 14400

lint: $(VENV)/.development
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# One process compiles the tests, before four would at the same time; mypy and this one have a core each.
compile: $(VENV)/.development
	$(BIN)/python -m compileall -q batchhook
	$(PYTEST) -n 0 --collect-only >$(VENV)/.collected || { cat $(VENV)/.collected; false; }

prepared: $(VENV)/.development
	$(MAKE) --jobs 2 lint compile

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
