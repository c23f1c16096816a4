# make demo and make test do all the set-up they need; the second time they start at once.

VENV := .venv
BIN := $(VENV)/bin
SECONDS ?= 60
# The seed of `make fuzz`; a random one if it is empty.
SEED ?=
# nproc would obey the variable.
CORES := $(shell env -u OMP_NUM_THREADS nproc 2>/dev/null || echo 1)
# `make bench` writes to a folder of this name.
MACHINE ?= $(shell uname -m)-$(CORES)-cores

# python3 if it is of a version that every dependency has wheels for, else the first one that is.
PYTHON ?= $(shell for p in python3 python3.12 python3.11 python3.10; do \
	command -v $$p >/dev/null 2>&1 || continue; \
	$$p -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 12))' && echo $$p && break; done)

# A process more than there are cores, because tests also wait; each file in one process, in the
# order of tests/longest.txt.
PYTEST = OMP_NUM_THREADS=1 $(BIN)/python -m pytest --dist loadfile --no-loadscope-reorder --durations 10
# The files of tests marked alone: to collect all files would take 10 s.
ALONE = $(shell grep -rl 'mark\.alone' tests --include=test_*.py)

.PHONY: setup dev demo bench test test-slow soak fuzz release audit docs lint type format clean

setup: $(VENV)/.base  ## .venv with the runtime, its dashboard and its bench, without torch
dev: $(VENV)/.dev  ## ... with torch, training, export and test tools

demo: $(VENV)/.base  ## one minute on a local page, no hardware (make demo SECONDS=30)
	$(BIN)/cdat-edge demo --dashboard --seconds $(SECONDS)

bench: $(VENV)/.base  ## 15 minutes on a quiet machine (make bench SECONDS=10 MACHINE=jetson-orin)
	$(BIN)/cdat-edge bench --seconds $(SECONDS) --against sequential --load $$((2 * $(CORES))) \
		--durations 2,4,8 --offline --dropped vision,audio \
		--out docs/benchmarks/$$(date +%Y-%m-%d)-$(MACHINE)

test: $(VENV)/.dev  ## everything but the tests marked slow or soak
	$(PYTEST) -m "not slow and not soak and not alone" -n $$(($(CORES) + 1))
	$(PYTEST) -m "alone and not slow and not soak" $(ALONE)

fuzz: $(VENV)/.dev  ## damaged inputs of every kind, and the property tests (make fuzz SECONDS=600 SEED=1)
	OMP_NUM_THREADS=1 $(BIN)/python tests/fuzz.py $(SECONDS) $(SEED)

test-slow: $(VENV)/.dev  ## the tests that take seconds to a minute each
	$(PYTEST) -m "slow and not alone" -n $(CORES) --timeout 1200
	$(PYTEST) -m "slow and alone" $(ALONE) --timeout 1200

soak: $(VENV)/.dev  ## minutes each: nothing wears out; on a quiet machine
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m soak -s --timeout 3600

release: $(VENV)/.release  ## dist/: wheel and sdist, version and metadata checked; publishes nothing
	@$(BIN)/python .ci/release.py
	rm -rf dist
	$(BIN)/python -m hatchling build -d dist
	$(BIN)/twine check --strict dist/*

audit: $(VENV)/.audit  ## sbom.json, and known advisories of what is installed; needs the internet
	@$(BIN)/python .ci/audit.py $(BIN) sbom.json

docs: $(VENV)/.dev  ## build/site: the documents as a site, every link checked
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python .ci/site.py build/site

lint: $(VENV)/.dev  ## style, and who may import whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

type: $(VENV)/.dev
	$(BIN)/mypy

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV)

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.10, 3.11 or 3.12 is needed: apt install python3 python3-venv, or make PYTHON=/path/to/python3.11"; exit 1; }
	@PYTHON="$(PYTHON)" .ci/system-libraries venv
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "The virtual environment could not be made: apt install python3-venv"; exit 1; }

$(VENV)/.base: pyproject.toml .ci/system-libraries | $(VENV)/bin/python
	@PYTHON=$(BIN)/python .ci/system-libraries
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dashboard,bench]'
	@touch $@

$(VENV)/.dev: pyproject.toml .ci/system-libraries | $(VENV)/bin/python
	@PYTHON=$(BIN)/python .ci/system-libraries dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $(VENV)/.base $@

$(VENV)/.release: $(VENV)/.dev
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[release]'
	@touch $@

$(VENV)/.audit: $(VENV)/.dev
	@$(BIN)/python -m pip install -qqq --disable-pip-version-check -e '.[audit]' \
		|| { echo "audit: its tools could not be installed: it needs the internet, or a mirror of packages"; exit 1; }
	@touch $@
