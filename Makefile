# Deskbell. `make help` lists what there is.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
NEED := installer/linux/need-packages
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes
CATALOGUES := $(patsubst %.po,%.mo,$(wildcard assets/locale/*/LC_MESSAGES/deskbell.po))
SOURCES := client server_stub assets tests installer

.DEFAULT_GOAL := help
.PHONY: help demo test faults mutants check bench bundle deb pictures measure-gnome words lock clean

help: ## this list
	@awk -F ':[^#]*## ' '/^[a-z-]+:.*## / {printf "make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/run.stamp $(CATALOGUES) ## a server, a client and a ticket in two clicks (KEEP=1 leaves both running)
	@$(NEED) qt
	@[ -n "$$DISPLAY$$WAYLAND_DISPLAY" ] || $(NEED) demo
	@KEEP="$(KEEP)" $(BIN)/python -m tests.demo

test: $(VENV)/dev.stamp $(CATALOGUES) ## every test (ARGS="-k tray" passes arguments on)
	@$(NEED) qt
	@$(NEED) demo tests faults bundle deb install || [ "$$CI" != true ]
	@$(BIN)/python -m pytest $(ARGS)

faults: $(VENV)/dev.stamp $(CATALOGUES) ## the campaigns of faults (FULL=1 in full, ARGS="kill --seed 7" one of them)
	@$(NEED) qt faults
	@$(BIN)/python -m tests.faults $(if $(FULL),--full) $(ARGS)

mutants: $(VENV)/dev.stamp $(CATALOGUES) ## defects made on purpose, each of which a campaign must find
	@$(NEED) qt faults
	@$(BIN)/python -m tests.faults.mutate $(ARGS)

check: $(VENV)/dev.stamp $(CATALOGUES) ## lint, types, layering, words, workflows
	@$(NEED) qt
	@$(BIN)/ruff check $(SOURCES)
	@$(BIN)/ruff format --check $(SOURCES)
	@$(BIN)/mypy
	@[ ! -x $(BIN)/actionlint ] || $(BIN)/actionlint .github/workflows/*.yml
	@$(BIN)/python -m pytest -q tests/test_layering.py tests/test_words.py

bench: $(VENV)/dev.stamp $(CATALOGUES) ## what it costs, as ratios; writes build/bench.json (ARGS=--quick for a glance)
	@$(NEED) qt
	@for group in demo tests bundle bench peers; do $(NEED) $$group || true; done # what cannot be measured says so
	@$(BIN)/python -m tests.bench $(ARGS)

bundle: dist/deskbell/deskbell ## the frozen client, in dist/deskbell

deb: dist/deskbell/deskbell ## a Debian package of it, in build/ (DESKBELL_MAINTAINER="IT <it@example.com>")
	@$(NEED) deb
	@SOURCE_DATE_EPOCH=$(EPOCH) $(BIN)/python -m installer.linux.deb

pictures: $(VENV)/dev.stamp $(CATALOGUES) ## docs/pictures/, made anew
	@$(NEED) qt demo tests
	@$(BIN)/python -m tests.pictures

measure-gnome: $(VENV)/dev.stamp ## how long GNOME's menu stays on the screen after a click
	@$(NEED) qt demo gnome
	@$(BIN)/python -m tests.rigs.measure_gnome

words: $(VENV)/dev.stamp ## collect the texts for translation, and compile the translations
	$(BIN)/pybabel --quiet extract -F babel.cfg -k N_ --no-wrap --sort-output --no-location --omit-header \
	  --add-comments=Translators: -o assets/locale/deskbell.pot .
	$(BIN)/pybabel --quiet update -D deskbell -i assets/locale/deskbell.pot -d assets/locale --no-wrap --no-fuzzy-matching --ignore-pot-creation-date
	@$(MAKE) --no-print-directory $(CATALOGUES)

lock: | build ## requirements*.lock from pyproject.toml
	$(PYTHON) -m venv build/uv && build/uv/bin/pip install --quiet --disable-pip-version-check uv
	build/uv/bin/uv pip compile $(LOCK) --group dev -o requirements-dev.lock pyproject.toml
	build/uv/bin/uv pip compile $(LOCK) -c requirements-dev.lock -o requirements.lock pyproject.toml
LOCK := --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --no-emit-index-url \
  --no-emit-find-links --upgrade --extra server --extra postgres

clean: ## what was made here, but for the lock files
	rm -rf build dist $(VENV) $(CATALOGUES) .pytest_cache .mypy_cache .ruff_cache .hypothesis .schemathesis
	find client server_stub assets tests installer -name __pycache__ -type d -prune -exec rm -rf {} +

build:
	@mkdir -p build

# The same commit gives the same bytes.
EPOCH = $(or $(SOURCE_DATE_EPOCH),$(shell git log -1 --format=%ct 2>/dev/null || date +%s))
FROZEN := build.spec requirements.lock $(wildcard installer/frozen/*.py) $(shell find client assets -name '*.py' -o -name '*.qss' -o -name '*.png')
PACKAGED := LICENSE CHANGELOG.md assets/icons/deskbell.svg $(shell find installer/linux -type f ! -name '*.pyc')

dist/deskbell/deskbell: $(FROZEN) $(CATALOGUES) | $(VENV)/dev.stamp
	@$(NEED) qt bundle
	@PYTHONHASHSEED=0 SOURCE_DATE_EPOCH=$(EPOCH) $(BIN)/pyinstaller --noconfirm --log-level ERROR --workpath build/frozen build.spec
	@touch $@

# For the test of the package: the same, packed in a hurry.
build/quick/deskbell.deb: dist/deskbell/deskbell $(PACKAGED)
	@$(NEED) deb
	@SOURCE_DATE_EPOCH=$(EPOCH) $(BIN)/python -m installer.linux.deb --quick >/dev/null

# Development's packages contain those of the program, so one environment serves both.
$(VENV)/dev.stamp: requirements-dev.lock | $(BIN)/python
	$(PIP) -r $<
	@touch $@ $(VENV)/run.stamp

$(VENV)/run.stamp: requirements.lock | $(BIN)/python
	$(PIP) -r $<
	@touch $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null || { \
	  echo "Deskbell needs Python 3.11, 3.12 or 3.13: make PYTHON=python3.12 …" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

%.mo: %.po | $(VENV)/run.stamp
	@$(BIN)/pybabel --quiet compile -i $< -o $@
