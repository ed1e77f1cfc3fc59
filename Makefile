# Each target does its own set-up: a machine needs git, make and Python >= 3.11, no more.
# Kept to GNU make 3.81 and a POSIX shell, which is what macOS has.

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# Stands while packages are being installed: what was interrupted is made anew, not trusted.
UNFINISHED := $(VENV)/.unfinished
EDITION := leaderboards/standard
# Its timings and formulas are those of the ledger.
BESIDE := --records $(EDITION) --beside leaderboards/records
TABLES := $(BESIDE) --out $(EDITION)/boards --readme README.md
QUICK := --records leaderboards/records --out leaderboards/boards --readme leaderboards/boards/README.md
CANDIDATES := $(PYTHON) python3.13 python3.12 python3.11 python3

.DEFAULT_GOAL := help
.PHONY: help setup run test check ui board site reference notebooks

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1=\2/p' Makefile | awk -F= '{ printf "make %-10s%s\n", $$1, $$2 }'

setup: $(READY) ## create .venv and install kansci into it, once

run: $(READY) ## run the quick suite (minutes) and show the boards; goes on where it stopped
	$(BIN)/kansci run --suite quick

test: $(READY) ## run the tests
	$(BIN)/python -m pytest -x -q -n 2

check: $(READY) ## style, types, layers, committed tables
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports --no-logo
	$(BIN)/kansci board --check
	$(BIN)/kansci board --check $(TABLES)
	@if find mlflow -name '*.py' | grep .; then \
	  echo 'mlflow/ must hold no Python: it would stand in the way of the library of that name' >&2; \
	  exit 1; \
	fi

ui: $(READY) ## browse the results in MLflow
	$(BIN)/kansci ui

board: $(READY) ## write the committed tables anew from the ledger
	$(BIN)/kansci board $(QUICK)
	$(BIN)/kansci board $(TABLES)

site: $(READY) ## write the ledger's pages into site/, the edition's into leaderboards/site/
	$(BIN)/kansci site --records leaderboards/records --out site
	$(BIN)/kansci site $(BESIDE) --link --out leaderboards/site

reference: $(READY) ## train the reference MLP on its ladder and freeze it anew
	$(BIN)/kansci run --suite reference
	$(BIN)/kansci board --records kansci-records/reference --freeze leaderboards/reference.json

notebooks: $(READY) ## execute the notebooks anew
	$(BIN)/jupyter-execute --inplace notebooks/*.ipynb

# Tried by running them: a name may be a stub, and Debian's Python comes without ensurepip.
$(READY): pyproject.toml constraints.txt
	@if test -e $(UNFINISHED); then rm -rf $(BIN); fi
	@if ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
	  python=; bare=; \
	  for name in $(CANDIDATES); do \
	    "$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
	    if "$$name" -c 'import ensurepip, venv' 2>/dev/null; then python=$$name; break; fi; \
	    bare=$${bare:-$$name}; \
	  done; \
	  if test -z "$$python" && test -n "$$bare"; then \
	    echo "$$bare has no venv; on Debian or Ubuntu: sudo apt install $$(basename $$bare)-venv" >&2; \
	    exit 1; \
	  elif test -z "$$python"; then \
	    echo 'want Python >= 3.11, found none: install one, or name it: make PYTHON=/path/to/python' >&2; \
	    exit 1; \
	  fi; \
	  echo "setting up $(VENV) with $$("$$python" --version), once"; \
	  "$$python" -m venv --clear $(VENV); \
	fi
	@touch $(UNFINISHED)
	@echo 'installing what pyproject.toml names; the first time it takes minutes'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	@rm -f $(UNFINISHED)
	@touch $@
