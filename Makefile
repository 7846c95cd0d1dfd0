# Two commands: `make demo` and `make test`. Each makes its own virtual environment in .venv.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
BUILT_FROM := pyproject.toml hatch_build.py model/agentkit_model/native/kernels.c

.PHONY: demo test coverage docs model format clean

demo: .venv/engine
	$(BIN)/agentkit ask "Calculate 12 * 34"
	$(BIN)/agentkit ask "What is 15 + 27?"

test: .venv/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder

# Which branches the tests take. Apart from `test`, since pure Python code that is watched takes half as much time again.
coverage: .venv/dev
	rm -rf build/coverage
	OMP_NUM_THREADS=1 $(BIN)/coverage run -m pytest --numprocesses auto --dist loadfile tests/agentkit tests/model tests/tools
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

docs: .venv/dev
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --site-dir site

# The bundled model from nothing: hours on a CPU. Cut it and call it again to go on.
RUN ?= runs/bundled
BUNDLED := model/agentkit_model/bundled
RECIPE := $(BIN)/python -m agentkit_recipe
model: .venv/dev
	test -f $(RUN)/tokenizer.json || $(RECIPE) tokenizer --out $(RUN)
	$(RECIPE) train --out $(RUN) --tokenizer $(RUN)/tokenizer.json
	$(RECIPE) export --run $(RUN) --tokenizer $(RUN)/tokenizer.json --out $(BUNDLED)
	$(RECIPE) calibrate --model $(BUNDLED)
	$(RECIPE) evaluate --model $(BUNDLED) --json $(BUNDLED)/evaluation.json

format: .venv/dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/engine: .venv/bin/python $(BUILT_FROM)
	$(PIP) --editable '.[engine]'
	touch $@

.venv/dev: .venv/bin/python $(BUILT_FROM)
	$(PIP) --editable '.[dev]'
	touch $@ .venv/engine

clean:
	rm -rf .venv dist build site .mypy_cache .ruff_cache .pytest_cache model/agentkit_model/native/*.so
