# Two commands: `make demo` and `make test`. Each makes its own virtual environment in .venv.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet

.PHONY: demo test format clean

demo: .venv/engine
	$(BIN)/agentkit ask "What is 12 times 34?"
	$(BIN)/agentkit ask "What time is it in Tokyo?"

test: .venv/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest

format: .venv/dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/engine: .venv/bin/python pyproject.toml
	$(PIP) --editable '.[engine]'
	touch $@

.venv/dev: .venv/bin/python pyproject.toml
	$(PIP) --editable '.[dev]'
	touch $@ .venv/engine

clean:
	rm -rf .venv dist build .mypy_cache .ruff_cache .pytest_cache
