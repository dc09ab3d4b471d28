# One way to do each task. `make help` lists them.
# TARGET=aws runs a scenario on AWS; ARGS passes options on: make scenario-2 ARGS="--seed 7"

PYTHON ?= python3
TARGET ?= local
ARGS ?=
# In how many processes tests run: more than two cores have use for, as most tests wait for the provider. 0 is this one alone.
WORKERS ?= 4

# A module on the user's PYTHONPATH must not stand in for one of the lab's.
unexport PYTHONPATH PYTHONHOME

VENV := .venv
BIN := $(VENV)/bin
SECURITY := .venv-security
CLIENTS := build/clients
LAB := $(BIN)/async-lab
# Tests start the program hundreds of times: all of its modules would be compiled each time, where they may not be kept.
PYTEST = env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# Names that the shell and make leave in one piece; `async-lab scenarios` tells of others.
FOUND := $(shell ls terraform/scenarios | LC_ALL=C sed -nE 's/^([A-Za-z0-9][A-Za-z0-9._-]{0,99})\.tfvars$$/\1/p')
SCENARIOS := $(filter baseline,$(FOUND)) $(filter scenario-%,$(FOUND)) $(filter-out baseline scenario-%,$(FOUND))
# Bare like Terraform's own arguments: a scenario is found with or without the prefix.
scenario_of = $(if $(wildcard terraform/scenarios/scenario-$(1).tfvars),scenario-$(1),$(1))

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets
	@echo "make TARGET, where TARGET is one of"
	@for name in $(SCENARIOS); do \
	  title=$$(sed -n 's/^title *= *"\(.*\)"$$/\1/p' terraform/scenarios/$$name.tfvars); \
	  printf '  %-34s %s\n' "scenario-$${name#scenario-}" "$$title"; \
	done
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F '\t' '{printf "  %-34s %s\n", $$1, $$2}'
	@echo "TARGET=aws runs a scenario on AWS; ARGS passes options on: make scenario-2 ARGS=\"--seed 7\""

.PHONY: setup
setup: $(VENV)/.installed ## Make the virtual environment, with what the lab needs and no more

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("async-lab needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Name another: make setup PYTHON=python3.12")'
	@echo "Setting up $(VENV) (once)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.lock pyproject.toml | $(VENV)/bin/python
	@echo "Installing what requirements.lock names"
	@$(PIP_INSTALL) --require-hashes --requirement requirements.lock
	@$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.installed-dev: requirements-dev.lock | $(VENV)/.installed
	@echo "Installing what requirements-dev.lock names"
	@$(PIP_INSTALL) --require-hashes --requirement requirements-dev.lock
	@touch $@

# No prerequisite of these may be called .PHONY: a pattern rule would not be looked for.
scenario-%: $(VENV)/.installed
	@$(LAB) run $(call scenario_of,$*) --target $(TARGET) $(ARGS)

.PHONY: scenarios
scenarios: $(VENV)/.installed ## Run all scenarios on one stack, and sum them up in one table
	@$(LAB) run $(SCENARIOS) --target $(TARGET) $(ARGS)

.PHONY: package
package: $(VENV)/.installed ## Build build/function.zip from function_src/, the same bytes on any machine
	@$(LAB) package

.PHONY: destroy
destroy: $(VENV)/.installed ## Take down what a run left standing, and check that nothing is left
	@$(LAB) destroy --target $(TARGET) $(ARGS)

.PHONY: test
test: $(VENV)/.installed-dev ## Run the tests, the sample's scenarios through Terraform among them
	@$(PYTEST) -m "not e2e and not long" $(ARGS)

.PHONY: test-e2e
test-e2e: $(VENV)/.installed-dev ## Run the tests from end to end: commands, interruptions, modules, stacks
	@$(PYTEST) -m "e2e and not long" $(ARGS)

.PHONY: test-long
test-long: $(VENV)/.installed-dev ## Run what takes longest: all scenarios, programs and installers, before a release
	@$(PYTEST) -m long $(ARGS)

.PHONY: lint
lint: $(VENV)/.installed-dev ## Check style, spelling, types and who imports whom
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/codespell
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@terraform fmt -check -recursive terraform
	@terraform fmt -check -recursive examples

.PHONY: format
format: $(VENV)/.installed-dev ## Format the Python and the Terraform code
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@terraform fmt -recursive terraform
	@terraform fmt -recursive examples

.PHONY: mutants
mutants: $(VENV)/.installed-dev ## Break the models in every small way there is, and see their tests fail: takes an hour
	@$(BIN)/python -m tools.mutants $(ARGS)

.PHONY: security
security: $(SECURITY)/.installed ## Check the Terraform code with checkov, which has an environment of its own
	@$(SECURITY)/bin/checkov --directory terraform --framework terraform --compact --quiet --skip-download

$(SECURITY)/.installed: requirements-security.lock | $(VENV)/bin/python
	@echo "Setting up $(SECURITY) (once): checkov brings a hundred packages"
	@$(PYTHON) -m venv $(SECURITY)
	@$(SECURITY)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements-security.lock
	@touch $@

.PHONY: test-clients
test-clients: $(VENV)/.installed $(CLIENTS)/.installed ## Call the endpoint with the AWS CLI and, where Node.js is, the JavaScript SDK
	@$(BIN)/python -m tools.clients

$(CLIENTS)/.installed: requirements-clients.lock tools/clients/package.json | $(VENV)/bin/python
	@echo "Setting up $(CLIENTS) (once)"
	@$(PYTHON) -m venv $(CLIENTS)/cli
	@$(CLIENTS)/cli/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements-clients.lock
	@mkdir -p $(CLIENTS)/node && cp tools/clients/package.json $(CLIENTS)/node
	@if command -v npm > /dev/null; then npm install --prefix $(CLIENTS)/node --silent --no-package-lock --no-audit --no-fund; fi
	@touch $@

.PHONY: lock
lock: $(VENV)/bin/python ## Choose the newest allowed versions of all dependencies anew
	@$(PIP_INSTALL) uv
	@$(BIN)/uv pip compile pyproject.toml --group build --group dev $(LOCK_OPTIONS) --output-file requirements-dev.lock
	@$(BIN)/uv pip compile pyproject.toml --group build --constraint requirements-dev.lock $(LOCK_OPTIONS) --output-file requirements.lock
	@echo checkov | $(BIN)/uv pip compile - $(LOCK_OPTIONS) --output-file requirements-security.lock
	@echo awscli | $(BIN)/uv pip compile - $(LOCK_OPTIONS) --output-file requirements-clients.lock

LOCK_OPTIONS := --quiet --upgrade --universal --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --python-version 3.11

.PHONY: clean
clean: ## Remove the virtual environment, the package and all results
	@rm -rf $(VENV) $(SECURITY) build .lab .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
