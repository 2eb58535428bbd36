# The front door. Every target sets up what it needs; the second time that takes no time.
#
#   make demo      a running Tailorbird with a year of real shop data (ONCE=1: load, show, stop)
#   make test      the whole test suite
#   make help      the rest

# The newest suitable interpreter on the path; `make PYTHON=/path/to/python3` overrides the choice.
SUITABLE := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3 python; do \
	if $$python -c '$(SUITABLE)' >/dev/null 2>&1; then echo $$python; break; fi; done)

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
LOCKER := .venv-lock
JOBS ?= 2
ARGS ?=

# Where this is set, nothing is byte-compiled and every start pays for it.
unexport PYTHONDONTWRITEBYTECODE
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.DEFAULT_GOAL := help
.PHONY: help demo console check-console screenshots test test-postgres check bench bench-peers format lock clean

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

demo: $(READY) console ## load a year of real shop data, show three decisions, keep serving (ONCE=1: exit after showing)
	@$(BIN)/tailorbird demo $(if $(filter-out 0,$(ONCE)),--once) $(ARGS)

console: $(READY) ## build the console (only what changed since; brings its own Node where there is none)
	@$(BIN)/python console/build.py

check-console: console ## formatting, lint, types and tests of the console
	@$(BIN)/python console/build.py check

screenshots: $(READY) console ## every page with demo data, light and dark, wide and narrow, into build/screenshots (ARGS=folder)
	@$(BIN)/python -m tests.console.screenshots $(ARGS)

test: $(READY) console ## run the test suite (ARGS='-k name' to choose, JOBS=4 for more processes)
	@sh .ci/chromium
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadfile $(ARGS)

test-postgres: $(READY) ## install each version from npm, run what needs PostgreSQL on it (VERSIONS='13 18', ARGS=-x)
	@$(BIN)/python -m tests.postgres_versions $(VERSIONS) -- $(ARGS)

check: $(READY) ## formatting, lint, types and import contracts
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(READY) ## measure everything and write bench/RESULTS.md (ARGS=--quick: under a minute, print only)
	@$(BIN)/python -m bench $(ARGS)

bench-peers: $(READY) ## install peers from npm and PyPI, measure beside them, write bench/PEERS.md (ARGS=--quick: print only)
	@$(BIN)/python -m bench.peers $(ARGS)

calibrate: $(READY) ## simulate campaigns with a known truth and write bench/CALIBRATION.md (ARGS=--quick: print only)
	@$(BIN)/python -m bench.calibration $(ARGS)

format: $(READY) ## format the code and apply the safe fixes
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

lock: $(LOCKER)/.ready ## resolve the newest allowed versions again and write requirements/*.txt
	$(LOCKER)/bin/uv pip compile --quiet --universal --python-version 3.11 --upgrade --generate-hashes --no-emit-index-url \
		--no-annotate --no-header pyproject.toml --output-file requirements/runtime.txt
	$(LOCKER)/bin/uv pip compile --quiet --universal --python-version 3.11 --upgrade --generate-hashes --no-emit-index-url \
		--no-annotate --no-header pyproject.toml --group dev --constraint requirements/runtime.txt --output-file requirements/dev.txt

clean: ## remove the environments, caches and builds (never data)
	rm -rf $(VENV) $(LOCKER) .venv-node console/node_modules src/tailorbird/web/console .bench-peers build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Everything installed has a hash in the lock, the build back end included; the index is the reader's own.
$(READY): requirements/dev.txt pyproject.toml
	@if [ -z "$(PYTHON)" ]; then \
		echo "Tailorbird needs Python 3.11 or newer with its venv module, and found none on the path." >&2; \
		echo "On Debian or Ubuntu: apt-get install python3 python3-venv. Or: make PYTHON=/path/to/python3" >&2; exit 1; fi
	@$(PYTHON) -c '$(SUITABLE)' || { \
		echo "$(PYTHON) is not Python 3.11 or newer with its venv module." >&2; exit 1; }
	@echo "Setting up $(VENV) with $$($(PYTHON) --version) (once; about a minute)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -qq --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install -qq --no-deps --no-build-isolation --no-index --editable .
	@touch $@

$(LOCKER)/.ready:
	@$(PYTHON) -m venv $(LOCKER)
	@$(LOCKER)/bin/python -m pip install -qq uv==0.13.9
	@touch $@
