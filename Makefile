.DEFAULT_GOAL := help
PY := .venv/bin/python

help: ## show the verbs
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-12s %s\n", $$1, $$2}'

native-dev: ## build the extension without full optimization, into src/seal53/core
	.venv/bin/maturin develop --skip-install 2>&1 | tail -3
