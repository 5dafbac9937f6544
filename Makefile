# Everything a reader or a contributor does. `make help` explains; `make book` and `make test` are each enough alone.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 2
# One thread per process: two workers with two threads each make the same work four times slower.
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1
export MKL_NUM_THREADS := 1
# Tests and tools see the checkout, notebooks never do.
unexport PYTHONPATH

.DEFAULT_GOAL := help
.PHONY: help book test serve pair lint format unit site bench lock clean

help: ## explain the targets
	@echo "make TARGET, where TARGET is one of"
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "  %-10s %s\n", $$1, $$2 }'

$(VENV)/.ready: constraints.txt pyproject.toml
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'Python 3.11 or later is needed; this is ' + sys.version + '. Name another: make PYTHON=python3.12 ...')"
	@echo "environment: $(VENV), as constraints.txt says (torch first, then everything else; minutes the first time)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt uv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt torch
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode -c constraints.txt -r pyproject.toml --extra dev
	@touch $@

book: $(VENV)/.ready ## run what is stale and build the HTML book; prints the page to open
	@$(BIN)/python -m tools.build --workers $(WORKERS)

test: lint unit ## prove everything: lint, unit tests, peers, notebooks, book, rendered site
	@$(MAKE) --no-print-directory book
	@$(MAKE) --no-print-directory site

unit: $(VENV)/.ready ## unit tests, house rules and doctests
	@$(BIN)/python -m pytest --quiet -n $(WORKERS) --dist=worksteal --ignore=tests/site tests nndl_support

site: $(VENV)/.ready ## the tests of the rendered site in a browser (after make book)
	@$(BIN)/python -m pytest --quiet tests/site

lint: $(VENV)/.ready ## ruff, mypy, codespell and the pairing of notebooks
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/codespell
	@$(BIN)/python -m tools.pair --check

format: $(VENV)/.ready ## mend what ruff can mend
	@$(BIN)/ruff check --quiet --fix .
	@$(BIN)/ruff format --quiet .

pair: $(VENV)/.ready ## write each section's notebook from its percent script
	@$(BIN)/python -m tools.pair

serve: book ## build the book and serve it on http://localhost:8000
	@$(BIN)/python -m http.server 8000 --bind 127.0.0.1 --directory build/_build/html

bench: $(VENV)/.ready ## measure against the peers and write the records; ONLY=<file or test> chooses
	@$(BIN)/python -m pytest -s $(if $(wildcard $(firstword $(subst ::, ,$(ONLY)))),$(ONLY),benchmarks $(if $(ONLY),-k $(ONLY)))

lock: $(VENV)/.ready ## write constraints.txt anew from pyproject.toml
	@bash tools/lock.sh

clean: ## remove what was built; the environment in .venv stays
	rm -rf build dist .pytest_cache .ruff_cache .mypy_cache .hypothesis .benchmarks
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
