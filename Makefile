# Thin names for the scripts that do the work; `make` lists them.

.DEFAULT_GOAL := help
.PHONY: help demo up down test check ci fmt lint bench bench-webhooks chaos chaos-full fuzz sqlx openapi clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\): ## /\1\t/p' Makefile | expand -t 16

demo: ## start the whole system locally and play the demo
	@deploy/dev/stack demo

up: ## start the whole system locally
	@deploy/dev/stack up

down: ## stop it
	@deploy/dev/stack down

test: ## run all tests against real services (ARGS go to cargo test)
	@deploy/dev/test $(ARGS)

check: ## run what needs no database: format, lints, architecture, docs
	@.ci/run fmt clippy arch size deny docs rustdoc

ci: ## run everything a change has to pass
	@.ci/run

fmt: ## format the code
	@cargo fmt --all

lint: ## run clippy as strictly as CI does
	@.ci/run clippy

bench: ## measure the release builds and write docs/benchmarks.md (ARGS go to the program)
	@deploy/dev/bench $(ARGS)

bench-webhooks: ## measure webhooks and write their part of docs/benchmarks.md
	@deploy/dev/bench webhooks

chaos: ## break a system for a minute and prove that nothing was lost (ARGS go to chaos run)
	@deploy/dev/chaos $(ARGS)

chaos-full: ## the release gate: forty minutes of faults, figures into docs/reliability.md
	@deploy/dev/chaos full

fuzz: ## try every reader of foreign input on anything, FUZZ_SECONDS each (ARGS are targets)
	@deploy/dev/fuzz $(ARGS)

sqlx: ## regenerate the committed query metadata
	@deploy/dev/sqlx prepare

openapi: ## write docs/openapi.json and docs/errors.md anew from the code
	@SQLX_OFFLINE=true cargo test -q --locked -p api-server --test it -- --ignored document::write_it_down

clean: ## stop everything and delete local data and build output
	@deploy/dev/stack clean
	@cargo clean
