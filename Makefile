# ARGS goes to the program: make test ARGS='-k upload', make serve ARGS='--port 8000'.
ARGS ?=
WORKERS ?= 2
PY := .venv/bin/python
READY := .venv/.ready
CLIENTS := tests/clients/node_modules/.ready
SOURCES := src tests bench demo sdk/python

.DEFAULT_GOAL := help
.PHONY: help setup check test demo serve bench lock clean

help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY) ## Make .venv with all that is needed (quick when nothing changed)

$(READY): requirements.lock pyproject.toml sdk/python/pyproject.toml scripts/setup scripts/python
	scripts/setup
	@touch $@

check: $(READY) ## Look at the code: format, lint, types, layers, spelling, dependencies
	.venv/bin/ruff format --check $(SOURCES)
	.venv/bin/ruff check $(SOURCES)
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/codespell
	.venv/bin/deptry src

$(CLIENTS): tests/clients/package.json tests/clients/package-lock.json
	cd tests/clients && npm ci --no-audit --no-fund
	@touch $@

test: $(READY) $(CLIENTS) ## Run the tests; without ARGS also hold the coverage to its floor
	@$(PY) -m coverage erase
	$(PY) -m coverage run -m pytest -n $(WORKERS) --dist loadgroup $(ARGS)
	@$(PY) -m coverage combine --quiet
	$(PY) -m coverage report $(if $(strip $(ARGS)),--fail-under=0)

demo: $(READY) ## Serve a filled environment
	$(PY) -m demo $(ARGS)

serve: $(READY) ## Serve ./mien-data
	.venv/bin/mien serve $(ARGS)

bench: $(READY) ## Measure Mien against its floor
	$(PY) -m bench $(ARGS)

lock: ## Write requirements.lock anew with the newest versions
	scripts/lock

clean: ## Remove all that was made here, but no data of a server
	rm -rf .venv tests/clients/node_modules build dist sdk/python/dist
	rm -rf .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache .coverage .coverage.*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
