# Akira: every task sets itself up first (uv when present, else python3 -m venv and pip) from requirements.lock.
.DEFAULT_GOAL := help
.PHONY: help setup demo test check lint truth bench lock docs clean

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
WORKERS ?= 2
CODE   := akira pipeline detectors connectors tests benchmarks
BUILD  := --no-deps --no-build-isolation --editable .

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */\t/' | expand -t 10

$(READY): requirements.lock pyproject.toml
	@if command -v uv >/dev/null 2>&1; then \
	  uv venv --quiet --allow-existing --python '>=3.11' $(VENV) && \
	  VIRTUAL_ENV=$(VENV) uv pip install --quiet --require-hashes --requirement requirements.lock && \
	  VIRTUAL_ENV=$(VENV) uv pip install --quiet $(BUILD); \
	else \
	  $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "akira needs Python 3.11 or newer")' && \
	  $(PYTHON) -m venv $(VENV) && \
	  $(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.lock && \
	  $(BIN)/python -m pip install --quiet $(BUILD); \
	fi
	@touch $@

setup: $(READY) ## make .venv from the lock

demo: $(READY) ## a simulated day with faults, its tickets and an HTML report
	@$(BIN)/akira demo

test: $(READY) ## the whole test suite, WORKERS files at a time
	@$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadgroup $(PYTEST_ARGS)

lint: $(READY) ## ruff, mypy and the import contracts
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint test ## lint, then test

truth: $(READY) ## labelled carriers: recall, precision, cause, severity, delay
	@$(BIN)/python -m benchmarks.truth --write docs/accuracy.md --results benchmarks/results.json

bench: $(READY) ## benchmarks that need no data set, each against a named rival in the same run
	@for each in $(filter-out benchmarks/truth% benchmarks/nab% benchmarks/robustspot.py,$(wildcard benchmarks/*.py)); do echo "== $$each"; $(BIN)/python -m "benchmarks.$$(basename "$$each" .py)" || exit 1; done

lock: ## resolve requirements.lock anew (needs uv); pins that still fit are kept
	uv pip compile --quiet --universal --python-version 3.11 --all-extras --group dev --generate-hashes \
	  --custom-compile-command 'make lock' --output-file requirements.lock pyproject.toml
	uv pip compile --quiet --universal --python-version 3.11 --extra postgres --extra oidc --group build --generate-hashes \
	  --constraint requirements.lock --no-annotate --custom-compile-command 'make lock' \
	  --output-file deploy/requirements.lock pyproject.toml

docs: $(READY) ## write the reference pages from the program
	$(BIN)/python -m akira.settings_reference docs/settings.md
	$(BIN)/python -m akira.cli_reference docs/cli.md
	$(BIN)/python -m akira.metrics_reference > docs/metrics.md

clean: ## delete the environment and what tests and tools left
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis build dist
