# Two commands for a newcomer: make demo, make test. The rest is for contributors.
PYTHON ?= python3
VENV ?= .venv
COPIES ?= 3
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help demo test check live bench bench-smoke wheel picture clean

help: ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

demo: $(STAMP) ## install and open the embedded demo stack
	@$(BIN)/aurora-tui --demo

test: $(STAMP) ## install and run the tests (no cluster needed)
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal $(ARGS)

check: $(STAMP) ## ruff, mypy --strict, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PYTHONPATH=. $(BIN)/lint-imports

live: $(STAMP) ## run tests/live against real control planes, Prometheus and Alertmanager, started here: COPIES at once
	$(BIN)/python -m tests.live.stack run --copies $(COPIES) -- $(BIN)/python -m pytest tests/live --numprocesses $(COPIES) --dist loadfile --no-loadscope-reorder --max-worker-restart 0 --live-kubeconfig '{kubeconfig}' --live-context prod $(ARGS)

bench: $(STAMP) ## measure against kubectl and the budgets: in process, with 5,000 pods on the live stack, and with 20,000
	$(BIN)/python -m tests.bench.micro
	$(BIN)/python -m tests.bench.tail
	$(BIN)/python -m tests.live.stack run --pods 5000 --namespaces 10 -- $(BIN)/python -m tests.bench --kubeconfig '{kubeconfig}' --config '{config}' --context prod --growth 20000 $(ARGS)

bench-smoke: $(STAMP) ## the short form on the embedded demo, under a minute
	$(BIN)/python -m tests.bench.smoke

wheel: $(STAMP) ## build the wheel into dist/
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .

picture: $(STAMP) ## draw docs/overview.svg from the demo
	$(BIN)/aurora-tui --demo shot --out docs/overview.svg --size 160x48

clean: ## remove what was made
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis
