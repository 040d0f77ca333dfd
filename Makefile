# Two commands: `make demo` and `make test`. Both set up what is missing first (see scripts/setup); the second time
# that costs about a second.
#
#   make demo PYTHON=python3.12        another Python
#   make demo TORCH_INDEX=ADDRESS      an additional package index, e.g. PyTorch's own one for CPU builds of torch

PYTHON ?=
TORCH_INDEX ?=
MEDTUNE_BACKEND ?= cpu
BIN := .venv/bin
export PYTHON TORCH_INDEX MEDTUNE_BACKEND

.PHONY: help setup demo check test test-slow reference clean

help:
	@echo "make demo       set up what is missing, run recipes/quickstart.yaml, say where the report is"
	@echo "make test       set up what is missing, run every check and the default tests"
	@echo "make test-slow  the slow tests"
	@echo "make check      lint, format, types and walls only"
	@echo "make reference  write docs/reference/ anew from the code"
	@echo "make clean      remove the virtual environment and caches; runs/ stays"

setup:
	@scripts/setup

demo: setup
	$(BIN)/medtune run recipes/quickstart.yaml

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: check
	$(BIN)/pytest -m "not slow"

test-slow: setup
	$(BIN)/pytest -m slow

reference: setup
	$(BIN)/python scripts/reference.py

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis src/medtune.egg-info
