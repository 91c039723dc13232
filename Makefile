# make run | test | demo | bench | setup. Each installs what it needs; see docs/operations.md.
SHELL := /bin/bash
BIN := .venv/bin

.PHONY: setup run test check demo bench
setup: .venv/.ready

.venv/.ready: requirements.lock pyproject.toml scripts/setup
	bash scripts/setup
	touch $@

run: setup
	bash scripts/run

demo: setup
	$(BIN)/python -m tests.road.demo var/demo

# Static checks first: they are fast and say what is wrong in one line.
check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: check
	$(BIN)/python -m pytest -n 2 --dist loadfile

bench: setup
	$(BIN)/python -m bench
