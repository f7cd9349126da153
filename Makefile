# Everything runs in .venv, which scripts/setup.sh makes on the first call.
.DEFAULT_GOAL := help
SHELL := /bin/bash
BIN := .venv/bin
SUITES ?= workbench compose calls several adapters twx twx-text babyai scienceworld $(if $(SKILLWEAVE_DATA),bfcl tools scan) $(if $(SKILLWEAVE_TOOLS),imports)

.PHONY: help setup chat test test-unit test-older check format bench figures evals clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

setup: ## make .venv, or bring it up to date
	@scripts/setup.sh

chat: ## talk to the agent (MODEL=... names another model than the embedded one)
	@scripts/setup.sh --quiet
	@$(BIN)/skillweave chat $(if $(MODEL),--model '$(MODEL)')

test: test-unit ## every test, those with the real model server too
	$(BIN)/pytest tests/integration $(ARGS)

test-unit: ## the tests that start no server, on all cores
	@scripts/setup.sh --quiet
	$(BIN)/pytest tests/unit -n auto $(ARGS)

test-older: ## the plugin's tests with the oldest vLLM it knows, laid over .venv (0.6 GB)
	@scripts/setup.sh --quiet
	$(BIN)/python scripts/older_vllm.py $(ARGS)

check: ## style, types, import layers, packaging, public surface
	@scripts/setup.sh --quiet
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/mypy scripts/setup_env.py scripts/older_vllm.py
	$(BIN)/pytest -q tests/unit/test_layers.py tests/unit/test_packaging.py tests/unit/test_public_surface.py tests/integration/test_wheel.py

format: ## rewrite the sources in the project's style
	@scripts/setup.sh --quiet
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: ## measure this machine: tasks, latency, merges, many adapters in a batch (to runs/)
	@scripts/setup.sh --quiet
	$(BIN)/skillweave eval tasks --out runs/bench/workbench.json
	$(BIN)/skillweave eval figures --out runs/bench/latency.json
	$(BIN)/skillweave eval merges --out runs/bench/merges.json
	$(BIN)/skillweave eval serving --out runs/bench/serving.json

figures: ## measure again and overwrite the committed figures
	@scripts/setup.sh --quiet
	@mkdir -p evals/figures
	$(BIN)/skillweave nano score --out evals/figures/nano.json
	$(BIN)/skillweave eval tasks --out evals/figures/workbench.json
	$(BIN)/skillweave eval figures --out evals/figures/latency.json
	$(BIN)/skillweave eval thresholds --out evals/figures/thresholds.json
	$(BIN)/skillweave eval merges --out evals/figures/merges.json
	$(BIN)/skillweave eval serving --out evals/figures/serving.json

evals: ## what skills add: every suite, or SUITES=..., with controls, to runs/evals (goes on where it stopped)
	@scripts/setup.sh --quiet
	$(BIN)/skillweave eval twx || true  # without Java it says so, and the run leaves the games out
	$(BIN)/skillweave eval run $(SUITES) --resume --out runs/evals
	$(BIN)/skillweave eval report runs/evals

clean: ## remove caches and build products, keep .venv
	rm -rf build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis setup.log
	find agent evals skills store tests -name __pycache__ -type d -prune -exec rm -rf {} +
