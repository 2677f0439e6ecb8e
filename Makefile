# Thin names for the scripts that do the work; `make` lists them.

.DEFAULT_GOAL := help
.PHONY: help demo up down test check ci fmt lint bench sqlx clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\): ## /\1\t/p' Makefile | expand -t 10

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

sqlx: ## regenerate the committed query metadata
	@deploy/dev/sqlx prepare

clean: ## stop everything and delete local data and build output
	@deploy/dev/stack clean
	@cargo clean
