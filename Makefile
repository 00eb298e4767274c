# Two commands: `make demo` and `make test`. Each sets everything up first, on a machine with Python 3.11+, make and git.
# Paths may contain spaces: recipes only ever use relative ones.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help demo test test-unit test-deep check dev serve bench bench-media bench-long bench-scale bench-peers schemas vectors docs lock clean fuzz mutants simulate

help: ## this list
	@grep -hE '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 12

demo: .venv/.run ## set up, then run the main job on real files into demo-home/
	@$(BIN)/countersign demo --home demo-home $(if $(MEDIA),--media "$(MEDIA)")

test: .venv/.dev ## set up, then lint, types, imports and every test
	@sh ops/setup/chromium.sh
	@sh ops/setup/oracles.sh
	@sh ops/setup/postgres.sh install
	@sh ops/setup/softhsm.sh
	@sh ops/setup/strace.sh
	@sh ops/setup/chromaprint.sh
	@$(MAKE) --no-print-directory check
	@$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder

test-unit: .venv/.dev ## the unit tests only: seconds
	@PYTHONDONTWRITEBYTECODE= $(BIN)/pytest tests/unit -n 2 --durations=10

test-deep: .venv/.dev ## laws, crashes and fuzzing DEPTH (10) times as often as `make test` tries them
	@DEPTH=$(or $(DEPTH),10) FAULT_POINTS=$(FAULT_POINTS) $(BIN)/pytest tests/property tests/fault tests/fuzz -n 2 --dist loadfile --timeout 0

check: .venv/.dev ## ruff, mypy strict, import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

dev: .venv/.dev ## the development environment in .venv

serve: .venv/.run ## the web page and API on http://127.0.0.1:8400/ for demo-home/
	@$(BIN)/countersign serve --home demo-home

simulate: .venv/.dev ## seeded stories with failures, SEEDS (20) of each kind from SEED on; each prints its seed
	@SIM_SEEDS=$(or $(SEEDS),20) $(if $(SEED),SIM_SEED=$(SEED)) $(BIN)/pytest tests/simulation -n 2 --timeout 0 $(if $(SEED),-s -n 0)

fuzz: .venv/.dev ## coverage-guided fuzzing of every parser, SECONDS (60) each; found inputs stay in .fuzz/
	@$(BIN)/python -m tests.fuzz.run --seconds $(or $(SECONDS),60) --corpus .fuzz $(TARGET)

mutants: .venv/.dev ## COUNT (5000) changed files through verification, FILES besides ours: no crash, no time-out, no allow
	@$(BIN)/python -m ops.bench.mutants --count $(or $(COUNT),5000) --seed $(or $(SEED),1) $(FILES)

bench: .venv/.dev ## measure, each figure against a bare baseline of the same run
	@PYTHONPATH=.peers $(BIN)/python -m ops.bench.run $(PARTS)

bench-long: .venv/.dev ## the same with a log of a million entries
	@PYTHONPATH=.peers $(BIN)/python -m ops.bench.run --large 1000000 $(PARTS)

bench-scale: .venv/.dev ## a million consents and files, 10,000 due at once, 100,000 descendants of one: an hour or more
	@$(BIN)/python -m ops.bench.run --consents 1000000 consents

bench-media: .venv/.dev ## how well copies are found, per edit, and what examining costs; MEDIA=folder adds real media; an hour
	@PYTHONPATH=.peers nice $(BIN)/python -m ops.bench.media.run $(if $(MEDIA),--corpus "$(MEDIA)") $(PARTS)

bench-peers: .venv/.dev ## the other libraries that bench compares with, into .peers
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --upgrade --target .peers -r ops/lock/bench.txt
	@sh ops/setup/vpdq.sh

schemas: .venv/.dev ## write schemas/generated from the classes
	@$(BIN)/python -m ops.schemas
	@$(BIN)/python -m ops.openapi

vectors: .venv/.dev ## add golden vectors for new statements; a published one never changes
	@$(BIN)/python -m ops.schemas --vectors

docs: .venv/.dev ## the README's picture of the page, from the demo's home
	@$(BIN)/python -m ops.picture

lock: ## resolve the lock files anew (needs uv)
	uv pip compile -q pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --upgrade --overrides ops/lock/overrides.txt --extra dev -o ops/lock/dev.txt
	uv pip compile -q pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --upgrade --overrides ops/lock/overrides.txt --extra build --extra demo --extra openai --extra vision --extra pdf -c ops/lock/dev.txt -o ops/lock/run.txt
	printf 'pymerkle>=7\npsycopg-pool>=3.2\nusearch>=2.26\nimagededup>=0.3.3\nthreatexchange>=1.2.17\n' | uv pip compile -q - --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --upgrade --overrides ops/lock/bench-overrides.txt $$(sed -nE 's/^([a-z0-9-]+)==.*/--no-emit-package \1/p' ops/lock/dev.txt | grep -v cachetools) -o ops/lock/bench.txt
	echo 'vpdq>=0.2.5' | uv pip compile -q - --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --no-deps --upgrade -o ops/lock/vpdq.txt

clean: ## forget the environment and the demo's home
	rm -rf .venv .peers demo-home

.venv/.run: ops/lock/run.txt pyproject.toml ops/setup/venv.sh
	@PYTHON="$(PYTHON)" sh ops/setup/venv.sh run

.venv/.dev: ops/lock/dev.txt pyproject.toml ops/setup/venv.sh
	@PYTHON="$(PYTHON)" sh ops/setup/venv.sh dev
