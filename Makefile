# Facturelay. "make" alone shows what there is.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help python venv venv-dev compile demo up test check ratios lock golden pictures chaos fuzz catalogs pot plugin sbom audit clean

VENV := .venv
BIN := $(VENV)/bin
TOOLS := build/tools
PLUGIN := wp-plugin/facturelay
POT ?= $(PLUGIN)/languages/facturelay.pot
# The first of these that runs and is Python 3.11 or later; PYTHON=… chooses another.
PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo "$$python" && break; done)
PIP := PYTHONUNBUFFERED=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 $(BIN)/python -m pip
# pip compiles nothing: of all these modules half are ever used, and what is used is compiled at its first use, which keeps it.
INSTALL := $(PIP) install --no-compile
unexport PYTHONDONTWRITEBYTECODE
# One dot for each package: pip says either nothing for a minute or far too much.
DOTS := awk '/^ *Collecting/ { printf "."; fflush() } END { print "" }'
# Extras stay in the pins: pip (seen with 23.2) takes `coverage[toml]`, which pytest-cov asks for, for another package than
# a pinned `coverage`, finds a newer release and then misses its hash.
UV := $(BIN)/python -m uv pip compile pyproject.toml --quiet --universal --python-version 3.11 \
	--generate-hashes --no-strip-extras --no-emit-index-url --no-header

help: ## Show this list
	@echo "Facturelay: from a WooCommerce order to the right document."
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: venv ## Show everything with a pretend shop: make demo ARGS="--once"
	@$(BIN)/facturelay demo $(ARGS)

up: venv ## Run the real thing on this machine: make up ARGS="…"
	@$(BIN)/facturelay up $(ARGS)

python: ## Say which Python is used
	@echo "$(PYTHON)"

venv: $(VENV)/runtime-is-installed ## Install what Facturelay needs to run into .venv

venv-dev: $(VENV)/dev-is-installed ## Install what its developers need as well

# Python would compile it all at each start of each process that may not write here.
compile: venv ## The same for a user who may run it and not write here
	@$(BIN)/python -m compileall -q worker bridge $(VENV)/lib

test: venv-dev ## Run every test this machine can run: make test ARGS="tests/domain -x"
	@$(BIN)/python tests/run.py $(ARGS)

check: venv-dev ## Check style, types, the arrows between the rooms, and PHP's syntax
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@if command -v php >/dev/null; then \
		find $(PLUGIN) tests/wordpress -name '*.php' -print0 | xargs -0 -n1 php -d display_errors=stderr -l >/dev/null && echo "PHP reads every file."; \
	else echo "PHP is not on this machine, so its files were not read."; fi

ratios: venv-dev ## Measure shortly, and compare with the ratios that are kept in benchmarks/
	@$(BIN)/python benchmarks/check.py $(ARGS)

golden: venv-dev ## Write the golden files anew; read the difference before keeping it
	@$(BIN)/python -m pytest tests -k golden --update-golden $(ARGS)

pictures: venv-dev ## Take the pictures of README and docs anew, from the demo (needs Chromium and pdftoppm)
	@$(BIN)/python docs/pictures/make.py
	@$(BIN)/python docs/pictures/directory.py

chaos: venv-dev ## Kill at random and look for losses: make chaos ORDERS=1000 SEED=7 FAULTS="worker killed,valkey" MEAN_S=0.5
	@CHAOS_ORDERS="$(ORDERS)" CHAOS_SEED="$(SEED)" CHAOS_FAULTS="$(FAULTS)" CHAOS_MEAN_S="$(MEAN_S)" $(BIN)/python -m pytest -m chaos -s $(ARGS)

fuzz: venv-dev ## Throw anything at doors and parsers at random: make fuzz SECONDS=600
	@FUZZ_SECONDS="$(or $(SECONDS),60)" $(BIN)/python -m pytest -q -n0 -p no:cacheprovider tests/hostile/test_fuzz.py $(ARGS)

lock: venv-dev ## Choose the newest allowed versions of all dependencies and pin them with hashes
	@$(PIP) install --quiet uv
	@$(UV) --upgrade --output-file requirements/runtime.txt
	@$(UV) --upgrade --group dev --constraint requirements/runtime.txt --output-file requirements/dev.txt
	@git --no-pager diff --stat -- requirements

catalogs: venv-dev ## Bring the translations of documents, mails and pages in step with the code
	@$(BIN)/python -m worker.i18n.extract
	@$(BIN)/python -m bridge.i18n.extract
	@$(BIN)/python -m worker.i18n.vat_cases

# The header's name and description are for translators too, and xgettext does not see them there. Without its own
# header, which is cut off here, it would lose what is no ASCII.
pot: ## Write the plugin's template for translators
	@cd $(PLUGIN) && { printf '%s\n' 'msgid ""' 'msgstr ""' '"Project-Id-Version: Facturelay\n"' '"MIME-Version: 1.0\n"' \
			'"Content-Type: text/plain; charset=UTF-8\n"' '"Content-Transfer-Encoding: 8bit\n"' '"X-Domain: facturelay\n"' ''; \
		{ echo '<?php'; sed -nE "s/^ \* (Plugin Name|Description): +(.*)/__( '\2' );/p" facturelay.php; } \
		| xgettext --language=PHP --from-code=UTF-8 --no-wrap --no-location --add-comments=translators \
			--keyword=__ --keyword=_e --keyword=esc_html__ --keyword=esc_html_e --keyword=esc_attr__ --keyword=esc_attr_e \
			--keyword=_x:1,2c --keyword=_ex:1,2c --keyword=esc_html_x:1,2c --keyword=esc_attr_x:1,2c \
			--keyword=_n:1,2 --keyword=_nx:1,2,4c --keyword=_n_noop:1,2 --keyword=_nx_noop:1,2,3c \
			--output=- - $$(find . -name '*.php' | LC_ALL=C sort) | sed '1,/^$$/d'; } > "$(abspath $(POT))"

plugin: ## Pack the WordPress plugin into dist, the same bytes every time, with SHA256SUMS
	@$(PYTHON) bridge/plugin/package.py dist

# Tools of a release, apart from what runs: exact versions, in an environment of their own.
sbom: $(TOOLS)/cyclonedx-bom-7.5.0 ## Write what Facturelay is made of into dist/facturelay.cdx.json (CycloneDX)
	@mkdir -p dist
	@$(TOOLS)/bin/python -W ignore -m cyclonedx_py requirements requirements/runtime.txt --pyproject pyproject.toml --mc-type application \
		--output-reproducible --of JSON -o dist/facturelay.cdx.json
	@$(TOOLS)/bin/python -c 'import json; found = json.load(open("dist/facturelay.cdx.json")); print(len(found["components"]), "components in dist/facturelay.cdx.json")'

# --strict: what could not be looked up is no clean bill of health.
audit: $(TOOLS)/pip-audit-2.10.1 ## Look the pinned dependencies up in PyPI's list of known holes (needs the internet)
	@told="$$($(TOOLS)/bin/pip-audit --strict --require-hashes --disable-pip -r requirements/runtime.txt 2>&1)" && { echo "$$told"; exit; }; \
	echo "$$told" >&2; case "$$told" in \
	(*"known vulnerabilit"*) echo "These holes are known: make lock chooses newer versions.";; \
	(*) echo "PyPI's list of known holes could not be asked, so nothing is known of them. It needs the internet; a mirror of packages has no such list.";; \
	esac >&2; exit 1

$(TOOLS)/%: | $(BIN)/python
	@test -x $(TOOLS)/bin/python || $(BIN)/python -m venv $(TOOLS)
	@$(TOOLS)/bin/python -m pip install --quiet --disable-pip-version-check "$$(echo '$*' | sed -E 's/-([0-9.]+)$$/==\1/')" || { \
		echo "$* could not be installed: it comes from a package registry, and none answered." >&2; exit 1; }
	@touch $@

clean: ## Remove .venv and everything the tools left behind
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage htmlcov
	find bridge worker tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/runtime-is-installed: requirements/runtime.txt pyproject.toml | $(BIN)/python
	@echo "Installing what Facturelay needs into $(VENV); this takes about a minute the first time ..." >&2
	@set -o pipefail; $(INSTALL) --require-hashes -r requirements/runtime.txt | $(DOTS) >&2
	@$(INSTALL) --quiet --no-deps --editable .
	@touch $@

# Everything in runtime.txt is in dev.txt with the same versions.
$(VENV)/dev-is-installed: requirements/dev.txt requirements/runtime.txt pyproject.toml | $(BIN)/python
	@echo "Installing what Facturelay and its tests need into $(VENV); this takes a minute or two the first time ..." >&2
	@set -o pipefail; $(INSTALL) --require-hashes -r requirements/dev.txt | $(DOTS) >&2
	@$(INSTALL) --quiet --no-deps --editable .
	@touch $(VENV)/runtime-is-installed $@

# Debian's python3 comes without the part that makes environments. An interrupted attempt leaves no python -m pip behind.
$(BIN)/python:
	@if [ -z "$(PYTHON)" ]; then echo "Facturelay needs Python 3.11 or later, and none was found; PYTHON=/path/to/python chooses one." >&2; exit 1; fi
	@if ! "$(PYTHON)" -c 'import ensurepip, venv' >/dev/null 2>&1; then \
		package="$$(case "$(PYTHON)" in (*3.1[1-9]) basename "$(PYTHON)";; (*) echo python3;; esac)-venv"; \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			echo "Installing $$package, which Debian keeps apart from Python ..." >&2; \
			export DEBIAN_FRONTEND=noninteractive; \
			apt-get -qq update && apt-get -qq -y --no-install-recommends -o Dpkg::Use-Pty=0 install "$$package" >/dev/null </dev/null; \
		else echo "Python's venv module is missing; install it (sudo apt-get install $$package) and try again." >&2; exit 1; fi; \
	fi
	@"$(PYTHON)" -m venv $(VENV) || { rm -rf $(VENV); exit 1; }
