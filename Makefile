# Two commands on a fresh machine: `make run` and `make test`. Needs Python 3.11, 3.12 or 3.13 and a package registry.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run ui notebooks test test-slow test-gpu test-fault lint format lock wheel clean clean-cache help

help:  ## what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | sort

run: $(VENV)/.run  ## set up, then InceptionV3 in two phases and the baseline on the drawn faces, side by side
	$(BIN)/python -m emotion_tl -m experiment=quick_transfer,quick_baseline
	$(BIN)/python -m emotion_tl compare experiment_name=quick_start

ui: $(VENV)/.run  ## the MLflow UI on loopback
	$(BIN)/mlflow ui --backend-store-uri sqlite:///$(CURDIR)/mlflow.db --host 127.0.0.1 --port 5000

notebooks: $(VENV)/.run  ## the notebooks in JupyterLab, which is installed for them
	$(BIN)/pip install --quiet 'jupyterlab>=4.4,<5'
	PYTHONPATH=$(CURDIR) $(BIN)/jupyter lab --ServerApp.ip=127.0.0.1 notebooks

# The tests of a file share what they have trained, so they stay together.
AT_ONCE := -n auto --maxprocesses 4 --dist loadfile

test: $(VENV)/.test  ## the fast tests
	$(BIN)/python -m pytest $(AT_ONCE)

test-slow: $(VENV)/.test  ## tests that take minutes, and those on the real data and weights
	$(BIN)/python -m pytest -m slow $(AT_ONCE)

test-gpu: $(VENV)/.test  ## tests that need a GPU
	$(BIN)/python -m pytest -m gpu

test-fault: $(VENV)/.test  ## tests that kill processes and damage files
	$(BIN)/python -m pytest -m fault

lint: $(VENV)/.test  ## ruff and the type checker
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.test  ## put the code into the format ruff checks
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: $(VENV)/.test  ## pin all dependencies anew, for all platforms and Python versions
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate pyproject.toml \
	    --python-version 3.11 --output-file requirements.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate --extra dev \
	    --constraint requirements.lock pyproject.toml --python-version 3.11 --output-file requirements-dev.lock

wheel: $(VENV)/.test  ## the package as a wheel in dist/
	$(BIN)/python -m build --no-isolation --wheel

clean:  ## remove the virtual environment and what tests and builds leave; runs and caches stay
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache

clean-cache: $(VENV)/.run  ## remove the cached activations; packed images stay
	$(BIN)/python -m emotion_tl clean_cache

$(BIN)/pip:
	@$(PYTHON) -c 'import sys; (3, 11) <= sys.version_info < (3, 14) or sys.exit("Expected Python 3.11, 3.12 or 3.13, " \
	  f"as in PYTHON=python3.13 make run. Received: {sys.version}")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements.lock pyproject.toml | $(BIN)/pip
	$(BIN)/pip install --quiet --require-hashes -r requirements.lock
	@touch $@

$(VENV)/.test: requirements-dev.lock pyproject.toml | $(BIN)/pip
	$(BIN)/pip install --quiet --require-hashes -r requirements-dev.lock
	@touch $@ $(VENV)/.run
