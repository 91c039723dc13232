# make run | test | demo | bench | helper | setup. Each installs what it needs; see docs/operations.md.
SHELL := /bin/bash
BIN := .venv/bin

.PHONY: setup run test check demo bench helper
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
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

bench: setup
	$(BIN)/python -m bench

# The helper as one file that needs no Python, in dist/; started and used once.
helper: setup
	$(BIN)/pyinstaller --noconfirm --log-level WARN token_provisioning/packaging/educa-token.spec
	$(BIN)/python -m tests.token_provisioning.packaged dist/educa-token
