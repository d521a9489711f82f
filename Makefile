# make demo   the main job on an embedded default: do true gaps help?
# make test   the whole test suite
# make shapes some of the tests once more, with every shape in a signature checked as it runs
# make lint   ruff and pyright
# make speed  what everything costs, beside other libraries, into experiments/speed (35 minutes)
# Both make their own environment in .venv; name another interpreter with PYTHON=python3.13.

PYTHON ?= python3
# One of the libraries that `make speed` compares with needs it.
PYTHON312 ?= python3.12
VENV   ?= .venv
# Two processes: each compiles what its files need, and takes about 1.5 GB.
WORKERS ?= 2
BIN    := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

.PHONY: demo test test-fast shapes lint speed format clean

demo: $(VENV)/.installed
	$(BIN)/ct-s5 compare --out out/demo

# The laws of the layers are tested on what XLA makes for users; all else, whose networks are tiny, on
# what it makes in half the time (tests/conftest.py).
test: $(VENV)/.installed
	$(PYTEST) tests/ssm
	CT_S5_COMPILE=quickly $(PYTEST) --ignore tests/ssm

test-fast: $(VENV)/.installed
	CT_S5_COMPILE=quickly $(PYTEST) -m "not slow"

shapes: $(VENV)/.installed
	CT_S5_COMPILE=quickly $(PYTEST) -m "not slow" tests/nn tests/batch tests/frames \
		--ignore tests/nn/test_block.py --ignore tests/nn/test_streaming.py --ignore tests/nn/test_packed.py \
		--jaxtyping-packages=ct_s5,beartype.beartype

lint: $(VENV)/.linters
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright --pythonpath $(BIN)/python

# Other libraries get environments of their own: what cannot be installed is left out of the table,
# which says so.
speed: $(VENV)/.installed
	-test -d .venv-peers-torch || { $(PYTHON) -m venv .venv-peers-torch && .venv-peers-torch/bin/pip install --quiet torch==2.13.0 s5-pytorch==0.2.1; }
	-test -d .venv-peers-discretax || { $(PYTHON312) -m venv .venv-peers-discretax && .venv-peers-discretax/bin/pip install --quiet discretax==0.3.0 jax==0.12.0.1; }
	find experiments/speed/results -name "*.json" ! -name gpu.json -delete
	-$(BIN)/python -m experiments.speed.packing
	for part in run stream queries long_series model kept_memory accuracy scan table; do $(BIN)/python -m experiments.speed.$$part || exit 1; done

format: $(VENV)/.installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) out build dist .pytest_cache .ruff_cache .hypothesis

# pip rather than a faster installer: it is what every Python ships. The stamps are the last thing
# written, so an interrupted install is done again.
$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
		{ echo "ct_s5 needs Python 3.11, 3.12 or 3.13; $(PYTHON) is $$($(PYTHON) -V). Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]' -c constraints.txt
	@touch $@

$(VENV)/.linters: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[lint]' -c constraints.txt
	@touch $@
