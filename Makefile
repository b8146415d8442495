# One command a job; each sets up what it needs. `make setup PYTHON=/path/to/python3.12` chooses the interpreter.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup demo test test-slow lint notebooks docs browser sample clean

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
OUT ?= demo_output
PYTEST_ARGS ?=

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1 — \2/p' Makefile

# Asked by name for another interpreter, setup makes .venv anew.
ifneq ($(and $(PYTHON),$(filter setup,$(MAKECMDGOALS))),)
.PHONY: $(READY)
endif

setup: $(READY) ## a virtual environment in .venv with the tested versions

# A pyenv shim may stand on the path and still fail, so each candidate has to run and tell its version.
# A .venv that works is kept and brought up to date, unless PYTHON asks for another interpreter.
FIT_TO_USE := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 12))

$(READY): pyproject.toml constraints.txt
	@rm -f $(READY); chosen=""; \
	usable() { [ -n "$$1" ] && "$$1" -c '$(FIT_TO_USE)' >/dev/null 2>&1; }; \
	if [ -n "$(PYTHON)" ]; then \
	  usable "$(PYTHON)" || { echo "PYTHON=$(PYTHON) does not run, is older than 3.12 or lacks venv: name another one." >&2; exit 1; }; \
	  chosen="$(PYTHON)"; \
	elif ! usable $(BIN)/python; then \
	  for candidate in python3.13 python3.12 python3 ~/.pyenv/versions/3.1[23]*/bin/python; do \
	    if usable "$$candidate"; then chosen="$$candidate"; break; fi; \
	  done; \
	  if [ -z "$$chosen" ]; then \
	    echo "No Python 3.12 or newer (with venv) was found. Install one, for instance with 'pyenv install 3.13'," >&2; \
	    echo "or name it: make setup PYTHON=/path/to/python3.13" >&2; exit 1; \
	  fi; \
	fi; \
	if [ -n "$$chosen" ]; then \
	  echo "Setting up $(VENV) with $$("$$chosen" --version) ($$chosen)"; "$$chosen" -m venv --clear $(VENV); \
	fi
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test]'
	@touch $(READY)

demo: $(READY) ## the whole road on the bundled fictional survey; tables and maps in demo_output
	$(BIN)/nsum demo --out $(OUT)

lint: $(READY) ## style, formatting, types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Two processes, a file in one of them: fixtures of a file are made once.
test: lint ## lint, then the tests that take seconds
	$(BIN)/python -m pytest -n 2 --dist loadfile $(PYTEST_ARGS)

test-slow: $(READY) ## the tests that take minutes
	$(BIN)/python -m pytest -m slow $(PYTEST_ARGS)

# NSUM_FEW_DRAWS=1 asks the notebooks for short chains: that they run, not what they find.
notebooks: $(READY) ## every notebook from top to bottom, the files left as they are
	@for notebook in notebooks/*.ipynb; do \
	  [ -e "$$notebook" ] || { echo "No notebooks."; break; }; \
	  echo "$$notebook"; $(BIN)/jupyter-execute --timeout=1800 "$$notebook"; \
	done

docs: $(READY) ## the documentation as a site, in site/
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[docs]'
	$(BIN)/python docs/assemble.py build/docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

# Without it, tests of the pages are skipped, but in CI. Debian and Ubuntu, as root or with sudo.
browser: ## Chromium and its driver, for the tests of the pages
	@if ! command -v chromium >/dev/null || ! command -v chromedriver >/dev/null; then \
	  SUDO=$$([ "$$(id -u)" = 0 ] || echo sudo); \
	  $$SUDO apt-get update -qq && $$SUDO env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium chromium-driver; \
	fi

sample: $(READY) ## write data_samples/ anew: the same seed, the same files
	$(BIN)/nsum simulate --out data_samples

clean: ## everything that was made, but not .venv
	rm -rf $(OUT) build dist site .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -path ./$(VENV) -prune -o -name __pycache__ -type d -exec rm -rf {} +
