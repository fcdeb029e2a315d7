# Every verb that a developer needs; `make help` lists them. Needs Python 3.11 with venv, Rust 1.85 or later, gcc.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3.11
PY := .venv/bin/python
RUST := $(shell find crates -name '*.rs' -o -name 'Cargo.toml') Cargo.toml Cargo.lock
PROFILE := --release
# What `build_info()` says; outside of a work tree nobody knows.
COMMIT = $(shell git rev-parse --short HEAD 2>/dev/null || echo unknown)

help: ## show the verbs
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-11s %s\n", $$1, $$2}'

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/.demo: requirements/demo.txt | .venv/bin/python
	$(PY) -m pip install --quiet --require-hashes -r requirements/demo.txt
	@touch $@

.venv/.test: requirements/ci.txt | .venv/bin/python
	$(PY) -m pip install --quiet --require-hashes -r requirements/ci.txt
	@touch $@ .venv/.demo

.venv/.bench: requirements/bench.txt | .venv/.test
	$(PY) -m pip install --quiet --require-hashes -r requirements/bench.txt
	@touch $@

.venv/.native: $(RUST) pyproject.toml | .venv/.demo
	SEAL53_COMMIT=$(COMMIT) .venv/bin/maturin develop $(PROFILE) --locked
	@touch $@

setup: .venv/.test .venv/.native ## the environment for development and tests, the extension optimized

native-dev: | .venv/bin/python ## the extension without full optimization, for quick turns
	SEAL53_COMMIT=$(COMMIT) .venv/bin/maturin develop --skip-install

demo: .venv/.demo .venv/.native ## set everything up and tell the whole story on real sockets
	.venv/bin/seal53 demo

test: setup lint types rust python ## everything: lint, types, Rust, Python, end to end

lint: setup ## ruff, rustfmt, clippy, import contracts
	.venv/bin/ruff check src tests bench docs
	.venv/bin/ruff format --check src tests bench docs
	cargo fmt --all --check
	cargo clippy --quiet --release --locked --workspace --all-targets -- -D warnings
	.venv/bin/lint-imports --no-cache

types: setup ## mypy, and the stub against the binary
	.venv/bin/mypy
	$(PY) -m mypy.stubtest seal53.core._native

rust: ## the crates' own tests, without Python
	cargo test --quiet --release --locked --workspace --exclude seal53-py

python: setup ## unit, property, wire, interop and end-to-end tests
	$(PY) -m pytest

clients: setup ## the SDKs for JavaScript and Go and lego's provider against a service; needs Node.js and Go
	cd tests/clients/js && npm ci --silent --no-audit --no-fund
	cd tests/clients/go && go build -o bin/ ./...
	SEAL53_REQUIRE_CLIENTS=1 $(PY) -m pytest tests/e2e/test_clients_sdks.py

fmt: setup ## format everything
	.venv/bin/ruff format src tests bench docs
	.venv/bin/ruff check --fix src tests bench docs
	cargo fmt --all

docs: setup ## write the generated pages: settings, operations, RFCs
	$(PY) docs/tools/reference.py
	$(PY) docs/tools/rfc_index.py

bench: setup .venv/.bench ## name servers beside Knot, NSD, BIND and PowerDNS; the API beside moto
	$(PY) -m bench
	$(PY) -m bench --api

lock: ## renew the hashed requirements from the ranges in pyproject.toml
	$(PY) -m pip install --quiet pip-tools
	$(PY) -m piptools compile --quiet --generate-hashes --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
	  --strip-extras --allow-unsafe --extra demo --extra test -o requirements/ci.txt pyproject.toml requirements/build.in
	$(PY) -m piptools compile --quiet --generate-hashes --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
	  --strip-extras --allow-unsafe --extra demo -c requirements/ci.txt -o requirements/demo.txt pyproject.toml requirements/build.in
	$(PY) -m piptools compile --quiet --generate-hashes --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
	  --strip-extras --allow-unsafe --extra bench -c requirements/ci.txt -o requirements/bench.txt pyproject.toml

clean: ## remove what was built
	rm -rf .venv target dist bench/out
	find . -name __pycache__ -prune -exec rm -rf {} +

.PHONY: help setup native-dev demo test lint types rust python clients fmt docs bench lock clean
