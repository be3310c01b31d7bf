# Every target sets up what it needs: a clean clone and `make demo` are enough. `make demo` needs what a run needs,
# `make test` and the others the developers' tools beside it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
READY_DEV := $(VENV)/.ready-dev
BENCHMARKS := same_work step_overhead step_options sweep stacked_runs roofline growth checkpoint_cost watch_cost

# uv installs where it is there, pip otherwise; `make UV= demo` takes pip in any case. For a run, neither compiles what it
# installs, half of pip's time: Python compiles the fifth of it that a run imports when it first does, and keeps it.
unexport PYTHONDONTWRITEBYTECODE
UV ?= $(shell command -v uv || true)
ifeq ($(UV),)
ENVIRONMENT := $(PYTHON) -m venv $(VENV)
INSTALL := $(BIN)/python -m pip install -qq --disable-pip-version-check --no-compile
else
ENVIRONMENT := $(UV) venv -q --allow-existing --python $(PYTHON) $(VENV)
INSTALL := $(UV) pip install -q --python $(BIN)/python
# Left alone, uv takes the CUDA build of torch, several gigabytes, whatever the machine. So it picks the build by the
# machine, or takes the one in the folder that pip has been told of, which uv does not look at by itself.
ifdef PIP_FIND_LINKS
export UV_FIND_LINKS ?= $(PIP_FIND_LINKS)
else
INSTALL += --torch-backend=auto
endif
endif

# $(call step,words,command): say what is done, do it, say how long it took
step = @printf '  %-60s' '$(1)'; start=$$(date +%s); $(2) && printf '%4s s\n' $$(($$(date +%s) - start))

.PHONY: demo test check package format setup explain bench bench-setup validate verdict-pages clean

demo: $(READY)  ## train five adversarial objectives on real digits and open the comparison
	$(BIN)/ganscope compare --steps 1600 --out runs/demo --overwrite

test: setup  ## the whole test suite, one worker per core
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2 --dist worksteal

check: setup  ## lint, types, floors
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/house/test_floors.py

package: setup  ## build the wheel, install it into an environment of its own, and ask it for its version and a plan
	rm -rf build dist
	$(BIN)/python -c 'import setuptools.build_meta as backend; backend.build_wheel("dist")' >/dev/null
	$(PYTHON) -m venv build/venv
	build/venv/bin/python -m pip install -qq --disable-pip-version-check --no-deps dist/*.whl
	$(BIN)/python -c 'import site; print(site.getsitepackages()[0])' > \
		"$$(build/venv/bin/python -c 'import site; print(site.getsitepackages()[0])')/libraries-of-the-other.pth"
	cd build && venv/bin/ganscope --version && venv/bin/ganscope compare digits r1 --dry-run >/dev/null
	rm -rf build/lib build/bdist.*

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

setup: $(READY_DEV)  ## everything for development

$(READY): pyproject.toml constraints.txt
	@echo 'Setting up in $(VENV) with $(if $(UV),uv,pip), once:'
	$(call step,a Python environment,$(ENVIRONMENT))
	$(call step,PyTorch,$(INSTALL) -c constraints.txt torch setuptools)
	$(call step,ganscope and the other libraries a run needs,$(INSTALL) --no-build-isolation -c constraints.txt -e .)
	@touch $(READY)

$(READY_DEV): $(READY)
	@echo 'Setting up for development, once:'
	$(call step,the test runner and the linters,$(INSTALL) --no-build-isolation -c constraints.txt -e '.[dev]')
	@touch $(READY_DEV)

explain: $(READY)  ## questions about GAN losses, answered by measurement; writes docs/explain/
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
	OMP_NUM_THREADS=1 $(BIN)/python -m validation.damage
	OMP_NUM_THREADS=1 $(BIN)/python -m validation.time_to_quality
	$(BIN)/python -m validation.diagnosis --ablate
	OMP_NUM_THREADS=1 $(BIN)/python -m validation.crossed --run
	OMP_NUM_THREADS=1 $(BIN)/python -m validation.remedies
	OMP_NUM_THREADS=1 $(BIN)/python -m validation.doctors
	OMP_NUM_THREADS=1 $(BIN)/python -m validation.bfloat16
	OMP_NUM_THREADS=1 $(BIN)/python -m validation.tables
	$(BIN)/python -m validation.memory
	OMP_NUM_THREADS=1 $(BIN)/python -m validation.pages

verdict-pages: setup  ## put what was measured into docs/verdicts; trains the runs of a page that has none yet
	OMP_NUM_THREADS=1 $(BIN)/python -m validation.pages

clean:
	rm -rf $(VENV) benchmarks/.envs build dist .mypy_cache .ruff_cache .pytest_cache
