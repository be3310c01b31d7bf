# Every target sets up what it needs: a clean clone and `make demo` are enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
BENCHMARKS := same_work step_overhead step_options sweep stacked_runs roofline growth checkpoint_cost watch_cost

.PHONY: demo test check format setup explain bench bench-setup validate verdict-pages clean

demo: setup  ## train five adversarial objectives on real digits and open the comparison
	$(BIN)/ganscope compare --out runs/demo --overwrite

test: setup  ## the whole test suite, one worker per core
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2 --dist worksteal

check: setup  ## lint, types, floors
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/house/test_floors.py

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

setup: $(READY)

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check torch==2.13.0
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $(READY)

explain: setup  ## questions about GAN losses, answered by measurement; writes docs/explain/
	$(BIN)/ganscope explain --out docs/explain --overwrite

bench: bench-setup  ## speed as ratios, measured side by side, into benchmarks/README.md; under 15 minutes
	start=$$(date +%s); \
	for name in $(BENCHMARKS); do \
		echo "== $$name"; \
		$(BIN)/python -m benchmarks.$$name --json benchmarks/results/$$name.json || exit 1; \
	done; \
	echo "== all took $$(($$(date +%s) - start)) s"
	$(BIN)/python -m benchmarks.tables

bench-setup: setup  ## what ganscope is measured against: torchgan, torch-mimicry and JAX, in benchmarks/.envs
	$(BIN)/python -m benchmarks.environments

validate: setup  ## long validation; writes docs/validation/
	$(BIN)/python -m validation.kills --kills 200
	OMP_NUM_THREADS=1 $(BIN)/python -m validation.time_to_quality
	$(BIN)/python -m validation.diagnosis --ablate
	OMP_NUM_THREADS=1 $(BIN)/python -m validation.remedies
	OMP_NUM_THREADS=1 $(BIN)/python -m validation.doctors
	OMP_NUM_THREADS=1 $(BIN)/python -m validation.bfloat16
	$(BIN)/python -m validation.memory
	OMP_NUM_THREADS=1 $(BIN)/python -m validation.pages

verdict-pages: setup  ## put what was measured into docs/verdicts; trains the runs of a page that has none yet
	OMP_NUM_THREADS=1 $(BIN)/python -m validation.pages

clean:
	rm -rf $(VENV) benchmarks/.envs build dist .mypy_cache .ruff_cache .pytest_cache
