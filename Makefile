# Every target sets up all that it needs, from a bare clone: `make test` is enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
WORKERS ?= auto

.PHONY: setup demo serve test test-all check format openapi words screens bench eval lock clean

setup: $(READY)  ## the virtual environment with everything pinned by hash

$(READY): requirements/dev.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

demo: $(READY)  ## the whole story with real purchases; leaves a server up
	$(BIN)/ccx-broker demo $(DEMO)

serve: $(READY)  ## the broker on this machine
	$(BIN)/ccx-broker serve

test: $(READY)  ## every test but the slow ones
	$(BIN)/python -m pytest -n $(WORKERS) -m "not slow" $(TESTS)

test-all: $(READY)  ## every test
	$(BIN)/python -m pytest -n $(WORKERS) $(TESTS)

check: $(READY)  ## format, lint, types, walls, migrations, OpenAPI
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python scripts/check_migrations.py
	$(BIN)/python scripts/check_openapi.py

format: $(READY)
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

openapi: $(READY)  ## write openapi/openapi.json anew
	$(BIN)/ccx-broker openapi

words: $(READY)  ## bring the translations' catalogues up to date; NEW=fr begins a language
	$(BIN)/python scripts/words.py $(NEW)

screens: $(READY)  ## pictures of the main pages, to docs/screens/
	$(BIN)/python -m tests.web.screens

bench: $(READY)  ## requests a second, and the ratios that matter
	$(BIN)/python -m bench
	$(BIN)/python -m bench.pages

eval: $(READY)  ## how good the defaults are on real purchases; EVAL="--fold other" takes the other households
	$(BIN)/python -m bench.evaluation $(EVAL)

# Wants uv on the path. `--universal`: one file for Linux and macOS, x86_64 and aarch64.
UV := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
  --no-emit-find-links --no-header --no-annotate
lock:  ## pin what pyproject.toml asks for; LOCK=--upgrade takes the newest of everything
	$(UV) pyproject.toml -o requirements/runtime.lock $(LOCK)
	$(UV) pyproject.toml --extra demo --extra dev -c requirements/runtime.lock -o requirements/dev.lock $(LOCK)
	sed -n 's/^requires = \["\(.*\)"\]/\1/p' pyproject.toml | $(UV) - -c requirements/dev.lock -o requirements/build.lock $(LOCK)

clean:
	rm -rf $(VENV) dist build
