# The commands of the house. What each needs is made by tools/setup.py, which does nothing twice.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help run setup dev check test demo bench soak lock

help:
	@echo "make run    set up, then serve on http://127.0.0.1:8787"
	@echo "make demo   the same against stand-ins of the services, in a throw-away folder"
	@echo "make setup  .venv from the locks, and the page's assets"
	@echo "make check  lint, types, import rules, unit tests"
	@echo "make test   every check"
	@echo "make bench  figures of speed"
	@echo "make soak   long runs"
	@echo "make lock   write the locks anew (needs uv and npm)"

setup:
	@$(PYTHON) tools/setup.py

dev:
	@$(PYTHON) tools/setup.py --dev

run: setup
	@exec $(BIN)/crosswatch serve

demo: setup
	@exec $(BIN)/crosswatch demo $(if $(PORT),--port $(PORT))

check: dev
	@$(BIN)/python tools/check.py

test: dev
	@$(BIN)/python tools/browser.py
	@$(BIN)/python tools/check.py --all

bench: dev
	@$(BIN)/python -m bench

soak: dev
	@CROSSWATCH_SOAK=1 $(BIN)/python -m pytest tests -m soak --timeout 3600

COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-emit-find-links --custom-compile-command "make lock" $(if $(UPGRADE),--upgrade)

# Keeps the versions that are locked; UPGRADE=1 takes newer ones.
lock:
	@$(COMPILE) pyproject.toml --group backend --output-file requirements.lock
	@$(COMPILE) pyproject.toml --group backend --group dev --constraints requirements.lock \
		--output-file requirements-dev.lock
	@$(COMPILE) --group pyproject.toml:build --output-file requirements-build.lock
	@npm install --package-lock-only
