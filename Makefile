# Every target does its own set-up; the first one on a bare machine takes minutes, later ones none.
# Nothing here is needed without make: each line can be run by hand.

.POSIX:
STACK = dev
AINP = .venv/bin/ainp
TOOLCHAIN = .venv/bin/python -m toolchain

.PHONY: help up down status verify doctor test unit lint fmt prove bench bootstrap ensure clean-tests clean-cache

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1	/p' Makefile | expand -t 14

bootstrap:
	@sh toolchain/bootstrap.sh

ensure: bootstrap
	@$(TOOLCHAIN) ensure

up: ensure ## bring up a stack (STACK=dev)
	@$(AINP) up --stack $(STACK)

down: bootstrap ## take a stack down; its data stays
	@$(AINP) down --stack $(STACK)

status: bootstrap ## services, endpoints, health
	@$(AINP) status --stack $(STACK)

verify: ensure ## run the checks against a running stack
	@$(AINP) verify --stack $(STACK)

doctor: bootstrap ## each tool: where, which version, what to do
	@$(AINP) doctor

test: ensure ## format, lint, types, layers, unit and end-to-end tests
	@sh toolchain/checks.sh static unit e2e

unit: bootstrap ## the same without containers
	@sh toolchain/checks.sh static unit

lint: bootstrap ## the static checks alone
	@sh toolchain/checks.sh static

fmt: bootstrap ## format, and repair what lint can
	@.venv/bin/ruff check --quiet --fix . || true
	@.venv/bin/ruff format .

prove: ensure ## everything at length; writes evidence/
	@$(AINP) prove

bench: ensure ## measure; writes JSON and a table
	@.venv/bin/python -m tests.bench.lifecycle

clean-tests: ## remove what test stacks (t-*) left in Docker
	@sh toolchain/clean-test-stacks.sh

clean-cache: ## delete the cache of tools; the next run fetches or builds them again
	@sh toolchain/clean-cache.sh
