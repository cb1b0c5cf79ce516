# `make` alone prints what there is to make. Needs Python 3.11 or later and nothing else.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo test lint chromium postgresql docs picture bench lock clean
unexport PYTHONDONTWRITEBYTECODE

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11 python; do \
    $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
    && echo $$python && break; done)
# nproc counts no more than OMP_NUM_THREADS, which is about the threads of one worker.
WORKERS ?= $(shell env -u OMP_NUM_THREADS nproc 2>/dev/null || sysctl -n hw.ncpu)

help:
	@echo 'make demo    audit a real model on real data, and say where the report is'
	@echo 'make test    install what the tests need, check the style and types, run every test'
	@echo 'make lint    the style, type and layering checks alone'
	@echo 'make docs    build the documentation into site/'
	@echo 'make bench   time everything next to its peers (benchmarks/); takes long'
	@echo 'make lock    resolve the dependencies anew into the two lock files (needs uv)'
	@echo 'make clean   remove what was built; the virtual environment .venv stays'

# --- what is installed ---------------------------------------------------------------------------

$(BIN)/python:
	@if [ -z "$(PYTHON)" ]; then \
	    echo 'alignlab needs Python 3.11 or later, and none is on the PATH. Install one, or name it: make PYTHON=/path/to/python3.11 demo' >&2; \
	    exit 2; \
	fi
	@$(PYTHON) -m venv $(VENV) \
	    || { rm -rf $(VENV); echo 'Python could not make a virtual environment; on Debian: apt-get install python3-venv' >&2; exit 2; }

# The package itself is installed in place: an edit of the source needs no new install.
INSTALL = $(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check
EDITABLE = $(INSTALL) --no-deps --no-build-isolation --editable .

$(VENV)/.runtime: requirements.lock pyproject.toml | $(BIN)/python
	@echo 'Installing the locked dependencies into $(VENV) (once; a few minutes) ...'
	@$(INSTALL) -r requirements.lock
	@$(EDITABLE)
	@touch $@

$(VENV)/.test: requirements-test.lock pyproject.toml | $(BIN)/python
	@echo 'Installing what the tests need into $(VENV) (once; a few minutes) ...'
	@$(INSTALL) -r requirements-test.lock
	@$(EDITABLE)
	@touch $@ $(VENV)/.runtime

# The browser tests drive the system's Chromium; without one they skip and say so.
chromium:
	@if command -v chromium chromium-browser google-chrome >/dev/null; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo 'Installing Chromium for the browser tests ...'; \
	    { apt-get update -qq && apt-get install -qq -y --no-install-recommends chromium; } \
	        >/dev/null </dev/null \
	        || echo 'Chromium could not be installed: the browser tests will be skipped.'; \
	else \
	    echo 'There is no Chromium here: the browser tests will be skipped. Install the package chromium to run them.'; \
	fi

# The archive of reviews is tested on a server that the tests start by themselves, on loopback.
postgresql:
	@if command -v initdb >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo 'Installing PostgreSQL for the tests of the archive ...'; \
	    { apt-get update -qq && apt-get install -qq -y --no-install-recommends postgresql; } \
	        >/dev/null </dev/null \
	        || echo 'PostgreSQL could not be installed: its tests will be skipped.'; \
	else \
	    echo 'There is no PostgreSQL here: its tests will be skipped. Install the package postgresql to run them.'; \
	fi

# --- what is run ---------------------------------------------------------------------------------

demo: $(VENV)/.runtime
	@$(BIN)/python examples/mortgage.py

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache --no-logo

# pytest comes last, so that its closing line is the last one printed; it builds the docs too.
test: lint chromium postgresql
	$(BIN)/pytest -q -n $(WORKERS) --dist worksteal

docs: $(VENV)/.test
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

# The peers live in an environment of their own, so that neither side bends the other's versions.
PEERS := benchmarks/.venv
$(PEERS)/.peers: benchmarks/requirements-peers.txt | $(BIN)/python
	@$(BIN)/python -m venv $(PEERS)
	@$(PEERS)/bin/python -m pip install --quiet --quiet -r benchmarks/requirements-peers.txt
	@$(PEERS)/bin/python -m pip install --quiet --quiet --no-deps torchattacks==3.5.1
	@touch $@

# A second one: these peers ask for other versions.
DOUBTERS := benchmarks/.venv-uncertainty
$(DOUBTERS)/.peers: benchmarks/requirements-uncertainty.txt | $(BIN)/python
	@$(BIN)/python -m venv $(DOUBTERS)
	@$(DOUBTERS)/bin/python -m pip install --quiet --quiet torch==$(TORCH)
	@$(DOUBTERS)/bin/python -m pip install --quiet --quiet -r benchmarks/requirements-uncertainty.txt
	@$(DOUBTERS)/bin/python -m pip install --quiet --quiet --no-deps torch-uncertainty==0.13.0 baal==2.1.0
	@touch $@

# A third one, for what explains models.
EXPLAINERS := benchmarks/.venv-transparency
$(EXPLAINERS)/.peers: benchmarks/requirements-transparency.txt | $(BIN)/python
	@$(BIN)/python -m venv $(EXPLAINERS)
	@$(EXPLAINERS)/bin/python -m pip install --quiet --quiet torch==$(TORCH)
	@$(EXPLAINERS)/bin/python -m pip install --quiet --quiet -r benchmarks/requirements-transparency.txt
	@touch $@

# A fourth one, for a review site of others.
REVIEWERS := benchmarks/.venv-review
$(REVIEWERS)/.peers: benchmarks/requirements-review.txt | $(BIN)/python
	@$(BIN)/python -m venv $(REVIEWERS)
	@$(REVIEWERS)/bin/python -m pip install --quiet --quiet -r benchmarks/requirements-review.txt
	@touch $@

# The README's picture; taken anew by hand when the report's look changes.
picture: demo $(VENV)/.test
	@$(BIN)/python .ci/picture

bench: $(VENV)/.test $(PEERS)/.peers $(DOUBTERS)/.peers $(EXPLAINERS)/.peers $(REVIEWERS)/.peers
	$(BIN)/python benchmarks/audit.py
	$(BIN)/python benchmarks/verdicts.py
	$(BIN)/python benchmarks/importance.py
	$(BIN)/python benchmarks/values_planning.py
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/values_inverse.py
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/values_preferences.py
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/values_rewards.py
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/values_cartpole.py
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/robustness.py
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/efficient.py
	$(BIN)/python benchmarks/corruptions.py
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/fairness.py
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/uncertainty.py
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/transparency.py
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/review.py
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/agreement.py
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/teach_in_browser.py
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/study.py
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/study_coverage.py 2000

# --- the lock ------------------------------------------------------------------------------------

# One resolution for every platform and every Python from 3.11. PyTorch is kept out of it: what its
# wheel needs differs by build (CPU, CUDA, ROCm), and a lock of the CUDA build would put gigabytes
# on every laptop. Its version is pinned, its small common dependencies are locked, and pip takes
# the build that the machine offers. That also rules out hashes, which would name one build.
RESOLVE = uv pip compile --quiet --universal --python-version 3.11 --no-header --no-annotate \
    --no-emit-index-url --overrides build/no-torch.in pyproject.toml build/torch-needs.in
TORCH := 2.13.0
define LOCK_HEADER
# Made by `make lock`; edit pyproject.toml instead. Every platform, Python 3.11 and later.
# There are no hashes: the file of torch differs by build (CPU, CUDA), and pip takes the one that
# the machine offers. Everything else that any build of torch needs stands below.
torch==$(TORCH)
endef
export LOCK_HEADER

lock:
	@command -v uv >/dev/null || { echo 'make lock needs uv on the PATH.' >&2; exit 2; }
	@mkdir -p build
	@echo 'torch ; python_version < "3"' > build/no-torch.in
	@printf '%s\n' filelock fsspec jinja2 networkx setuptools sympy typing-extensions \
	    editables hatchling > build/torch-needs.in
	@$(RESOLVE) --upgrade --extra test --extra docs > build/test.lock
	@$(RESOLVE) --upgrade --extra web --extra study --constraint build/test.lock > build/runtime.lock
	@{ echo "$$LOCK_HEADER"; cat build/runtime.lock; } > requirements.lock
	@{ echo "$$LOCK_HEADER"; cat build/test.lock; } > requirements-test.lock

clean:
	rm -rf build dist site alignlab-report .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find src tests examples benchmarks docs -name __pycache__ -type d -prune -exec rm -rf {} +
