# Every target sets up .venv by itself: nothing but Python 3.11 or later is needed.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Tests are handed out to as many workers as there are cores; WORKERS= runs them in one process, as the lab's always are.
WORKERS := -n auto --dist worksteal
PEER := .venv-peer

.PHONY: demo test check docs lab peer bench clean

demo: $(STAMP)
	$(RUN)/ndrfix demo --apply

test: $(STAMP)
	$(RUN)/python -m pytest -q $(WORKERS)

# What CI runs first: style, types, all tests, generated pages current (a test compares them). The campaigns of faults take
# their time, and twice that when coverage is counted.
CAMPAIGNS := tests/campaign tests/engine/test_queue_campaign.py tests/engine/test_queue_other_volume.py
check: $(STAMP)
	$(RUN)/ruff format --check .
	$(RUN)/ruff check .
	$(RUN)/mypy
	$(RUN)/python -m pytest -q $(WORKERS) $(CAMPAIGNS:%=--ignore=%) --cov --cov-report=term --cov-fail-under=95
	$(RUN)/python -m pytest -q $(WORKERS) $(CAMPAIGNS)

# Everything that is generated: the steps' page, the schemas, the golden reports. Read the diff before you commit it.
docs: $(STAMP)
	$(RUN)/python -m ndrfix.steps.pages
	$(RUN)/python -m ndrfix.config.page
	$(RUN)/python -m ndrfix.lint.pages
	$(RUN)/python -m ndrfix.lint.schemas
	NDRFIX_UPDATE_SCHEMAS=1 NDRFIX_UPDATE_GOLDEN=1 $(RUN)/python -m pytest -q tests/report

# The lab: a host with real PowerShell under Wine; NDRFIX_LAB names its folder. A lab test that is skipped here is a failure.
lab: $(STAMP)
	@test -n "$(NDRFIX_LAB)" || { echo "set NDRFIX_LAB to the folder of the lab (see docs/contributing.md)"; exit 1; }
	@command -v wine64 >/dev/null || test -x /usr/lib/wine/wine64 || { apt-get update -q && apt-get install -y --no-install-recommends wine64 xz-utils openssl; }
	NDRFIX_LAB_REQUIRED=1 $(RUN)/python -m pytest -q -m lab

# Inventories beside Ansible's own reading of them, in an environment of its own.
peer: $(STAMP) $(PEER)/.installed
	NDRFIX_PEER=$(PEER) $(RUN)/python -m pytest -q -m peer tests/peer

$(PEER)/.installed: tests/peer/requirements.txt
	$(PYTHON) -m venv $(PEER)
	$(PEER)/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

# What a host costs, beside bare pypsrp, and beside Ansible where NDRFIX_LAB is set; writes docs/benchmarks.md.
bench: $(STAMP)
	$(RUN)/python -m bench

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(RUN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]' --constraint constraints.txt
	@touch $@

clean:
	rm -rf $(VENV) $(PEER) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage
