# `make demo` runs the main job, `make many` one over two hosts, `make try` makes docs/try/, `make test` runs everything.
# All set up `.venv` first where needed, and work offline once they have run.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
PY := $(VENV)/bin/python
# Each starts a host and a browser of its own: 2 GB and a core.
WORKERS ?= 2
READY := $(VENV)/.ready

.PHONY: demo many try webui screenshots test lint bench clean

demo: $(READY)
	$(PY) -m demo

many: $(READY)
	$(PY) -m demo.many

try: $(READY)
	$(PY) -m demo.try_page

webui: $(READY)
	$(PY) -m tests.minihost --trained-model

screenshots: $(READY)
	$(PY) -m tests.browser.chromium
	$(PY) -m screenshots

test: $(READY) lint
	$(PY) -m tests.browser.chromium
	$(PY) -m pytest -n $(WORKERS) --dist loadgroup --no-loadscope-reorder

lint: $(READY)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff check --preview --select PLW1514 .  # files have one encoding, whatever the system's is
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/lint-imports
	$(VENV)/bin/mypy

bench: $(READY)
	$(PY) -m benchmarks

# All that a release needs, in a fresh clone; with QUICK=1 without the 40 minutes of `make demo` and `make test` there.
.PHONY: release-check
release-check: $(READY)
	$(PY) -m release check $(if $(QUICK),--quick)

$(READY): requirements-dev.txt
	$(PYTHON) -c 'import sys; assert sys.version_info[:2] == (3, 11), "Python 3.11 is needed, this is %d.%d: make PYTHON=/path/to/python3.11" % sys.version_info[:2]'
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	$(PY) -m pip install --quiet --disable-pip-version-check --no-deps open-clip-torch==2.20.0
	touch $(READY)

clean:
	rm -rf $(VENV) minihost-data demo-data .pytest_cache .ruff_cache .mypy_cache .hypothesis
