# SPDX-License-Identifier: MIT
# The face of the build: short names for what CMake and the scripts do. `make help` lists them.

MINUTES ?= 2
PREFIX ?= /usr/local

.DEFAULT_GOAL := build
.PHONY: help build tour check test race race-corpus soak bench coverage docs fmt tidy install clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' Makefile

build: ## build the library and the examples, optimised, in build/release
	scripts/setup run
	cmake --preset release
	cmake --build --preset release

tour: build ## install what is missing, build, show what leat does
	examples/tour build/release

check: ## the quick tests: one debug build with every assertion on
	cmake --preset dev
	cmake --build --preset dev
	ctest --preset dev

test: ## every test there is, in every mode (about half an hour); installs what is missing
	scripts/setup test
	scripts/test-all

race: ## the tests under ThreadSanitizer
	scripts/test-all mode tsan

race-corpus: ## is each race of a corpus reported, and nothing else? gcc's and clang's verdicts
	scripts/test-all race-corpus

soak: ## stress the scheduler for MINUTES (2)
	scripts/test-all soak $(MINUTES)

bench: ## leat beside Go and others, into bench/RESULTS.md and bench/net/RESULTS.md
	scripts/setup bench
	cmake --preset release -DLEAT_BENCH=ON
	cmake --build --preset release
	bench/run build/release
	bench/net/run build/release

coverage: ## which lines of src/ the tests reach
	cmake --preset coverage
	cmake --build --preset coverage
	-ctest --preset coverage
	tools/coverage build/coverage

docs: ## man pages and docs/reference.md out of the public headers
	tools/mkdoc

fmt: ## lay all C out as .clang-format says
	tools/format

tidy: ## clang-tidy over the library
	tools/tidy

install: ## install below PREFIX (/usr/local)
	scripts/setup run
	cmake --preset release -DCMAKE_INSTALL_PREFIX=$(PREFIX)
	cmake --build --preset release
	cmake --install build/release --prefix $(PREFIX)

clean: ## remove everything that was built
	rm -rf build
