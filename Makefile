# Every verb may be repeated at will; what is up to date is not done again.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup run test unit integration e2e lint chaos fuzz bench docs clean \
  .consoles .console-unit .packaging
.SUFFIXES:
MAKEFLAGS += --no-print-directory --no-builtin-rules
export PATH := $(CURDIR)/.venv/bin:$(PATH)

ARGS ?=
NODE_FOLDERS := $(patsubst %/,%,$(dir $(wildcard console/package-lock.json tests/e2e/package-lock.json)))
PYTEST := python -m pytest
PARALLEL := -n 2 --dist worksteal
# Tests on a real server wait a third of their time: three of them keep two cores busy.
WAITING := -n 3 --dist worksteal
# Each writes files that are committed, and with --check fails if they are not what it would write.
GENERATORS := $(sort $(wildcard tools/generate_*.py))
E2E := $(if $(wildcard tests/e2e/package.json),npm --prefix tests/e2e test --silent --,$(PYTEST) tests/e2e)

help: ## Show the verbs (default)
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Make .venv from the locks and install the consoles' packages
	@scripts/setup
	@scripts/node-modules $(NODE_FOLDERS)

run: setup .consoles ## Start the demo city with its own PostgreSQL: make run ARGS="--port 9000 --data DIR"
	@exec dispatch demo $(ARGS)

test: setup lint unit integration .console-unit .packaging $(if $(wildcard tests/e2e),e2e) ## Everything that must pass
	@echo "All tests passed."

unit: setup ## Pure tests, in seconds: make unit ARGS="-k geo"
	$(PYTEST) tests/unit $(PARALLEL) $(ARGS)

integration: setup ## Tests on a real PostgreSQL (its own, or DATABASE_URL_TEST)
	$(PYTEST) tests/integration $(WAITING) $(ARGS)

e2e: setup .consoles ## The real server and a real browser
	$(E2E) $(ARGS)

lint: setup ## Style, types, import direction; of the consoles too
	ruff check .
	ruff format --check .
	mypy
	lint-imports --no-logo
	@set -e; for tool in $(GENERATORS); do python $$tool --check; done
	cd console && npm run check --silent

chaos: setup ## Every fault under load, then who lost what: make chaos ARGS="--only killed --seed 1"
	python -m tests.chaos $(ARGS)

fuzz: setup ## Property and schema tests with many more examples
	$(PYTEST) tests/unit tests/integration $(PARALLEL) -m hypothesis --hypothesis-profile=long $(ARGS)

bench: setup ## Speed and memory beside the floor, printed as ratios
	python -m tests.bench $(ARGS)

docs: setup ## Write the API descriptions and the generated types again
	@set -e; for tool in $(GENERATORS); do python $$tool; done

clean: ## Remove what was built and installed; data directories stay
	rm -rf .venv dist build src/dispatch/static console/node_modules tests/e2e/node_modules
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache test-results playwright-report
	find src tests migrations scripts -name __pycache__ -type d -prune -exec rm -rf {} +

.consoles: setup
	@scripts/consoles

.console-unit: setup
	cd console && npm test --silent

.packaging: setup .consoles
	$(PYTEST) tests/packaging $(ARGS)
