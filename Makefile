# Thin: each target sets up what it needs and calls one documented command.
PYTHON ?= python3
BIN := .venv/bin
WITH := PATH="$(CURDIR)/$(BIN):$$PATH"

.PHONY: demo lab test test-slow check wire docs bench clean

demo:    ## run the suites against two models deployed on this machine
	@$(PYTHON) .ci/setup.py demo
	@$(BIN)/jupyter deployfeedback demo

lab:     ## the same in JupyterLab, with the panel
	@$(PYTHON) .ci/setup.py lab
	@$(BIN)/jupyter deployfeedback demo --lab

test:    ## what shows each behaviour: Python, panel, browser
	@$(PYTHON) .ci/setup.py test
	@$(WITH) $(BIN)/python -m pytest -n 2 --dist loadgroup -m "not slow"
	@cd labextension && $(CURDIR)/.ci/with-venv jlpm test
	@cd labextension/ui-tests && $(CURDIR)/.ci/with-venv jlpm test

test-slow: ## what shows it once more in every way, and the properties (DEPLOYFEEDBACK_PROPERTY_CASES=10000: in so many cases)
	@$(PYTHON) .ci/setup.py test
	@$(WITH) $(BIN)/python -m pytest -n 2 --dist loadgroup -m "slow or property"

check:   ## everything that reads the code without running it
	@$(PYTHON) .ci/setup.py test
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@cd labextension && $(CURDIR)/.ci/with-venv jlpm lint

wire:    ## the panel's types, after a change of a route or of a noun on the wire
	@$(PYTHON) .ci/setup.py test
	@$(BIN)/python -m jupyter_deployfeedback.server.openapi > labextension/openapi.json
	@cd labextension && $(CURDIR)/.ci/with-venv jlpm generate

docs:    ## the documentation as HTML, in docs/_build
	@$(PYTHON) .ci/setup.py docs
	@$(BIN)/sphinx-build --quiet --fail-on-warning -b html docs docs/_build

bench:   ## what is claimed of speed and judgement, beside the peers
	@$(PYTHON) .ci/setup.py bench
	@for claim in execution judging kill_cycles; do $(BIN)/python benchmarks/$$claim.py --check || exit 1; done

clean:   ## forget everything that was set up or built
	rm -rf .venv .stamps labextension/node_modules labextension/lib labextension/ui-tests/node_modules jupyter_deployfeedback/labextension deployfeedback-demo
