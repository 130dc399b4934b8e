# ARGS goes to the program: make test ARGS='-k upload', make serve ARGS='--port 8000'.
ARGS ?=
# One more than the two cores that it takes: tests wait for disks, browsers and servers that start.
WORKERS ?= 3
PY := .venv/bin/python
READY := .venv/.ready
CLIENTS := tests/clients/node_modules/.ready
SDK := src/mien/http/sdk/static/mien.js
WEB := src/mien/web/static/manifest.json
SOURCES := src tests bench demo sdk/python

# The tests start many processes: each would compile all of the package anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup check test law demo serve screenshots bench lock clean

help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY) $(SDK) $(WEB) ## Make .venv with all that is needed (quick when nothing changed)

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

$(SDK): $(wildcard sdk/js/src/*.ts) sdk/js/build.mjs sdk/js/package-lock.json sdk/js/tsconfig.json scripts/sdk
	scripts/sdk

$(WEB): $(wildcard web/src/*) web/build.mjs web/icons.json web/package-lock.json scripts/web
	scripts/web

$(CLIENTS): tests/clients/package.json tests/clients/package-lock.json
	cd tests/clients && npm ci --no-audit --no-fund
	@touch $@

test: $(READY) $(CLIENTS) $(SDK) $(WEB) ## Run the tests; without ARGS also hold the coverage to its floor
	@scripts/chromium >/dev/null
	@$(PY) -m coverage erase
	$(PY) -m coverage run -m pytest -n $(WORKERS) --dist worksteal $(ARGS)
	@$(PY) -m coverage combine --quiet
	$(PY) -m coverage report $(if $(strip $(ARGS)),--fail-under=0)

law: $(READY) ## Compare segments in SQL with their meaning for long
	$(PY) -m pytest -n 0 --timeout 0 --hypothesis-profile long tests/analytics/test_agreement.py $(ARGS)

demo: $(READY) $(SDK) $(WEB) ## Serve a filled environment
	$(PY) -m demo $(ARGS)

serve: $(READY) $(SDK) $(WEB) ## Serve ./mien-data
	.venv/bin/mien serve $(ARGS)

screenshots: $(READY) $(SDK) $(WEB) ## Take every page of the dashboard, and the README's pictures
	@scripts/chromium >/dev/null
	$(PY) -m demo.screenshots $(ARGS)

bench: $(READY) ## Measure Mien against its floor
	$(PY) -m bench $(ARGS)

lock: ## Write requirements.lock anew with the newest versions
	scripts/lock

clean: ## Remove all that was made here, but no data of a server
	rm -rf .venv tests/clients/node_modules build dist sdk/python/dist sdk/js/dist sdk/js/node_modules web/node_modules $(dir $(SDK)) $(dir $(WEB))
	rm -rf .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache .coverage .coverage.*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
