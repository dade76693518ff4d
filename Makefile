SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:

PYTHON ?= python3
CASES ?= core
JOBS ?= 2
TIME ?= 60

# Where the suite is, or is put.
export AUTOBAHN_SUITE ?= $(CURDIR)/.tools/autobahn
export CARGO_TARGET_DIR ?= $(CURDIR)/target

cargo := $(strip cargo $(if $(CI),--locked))
no_std := core/tests/no_std/Cargo.toml
outside := $(no_std) $(wildcard core/benches/Cargo.toml core/tokio/benches/Cargo.toml fuzz/Cargo.toml)

# The C examples, under the names of the core's.
c_examples := "$$CARGO_TARGET_DIR/c/peers"
c_peers := WSPAIR_EXAMPLES=$(c_examples) NODE_PACKAGES=$(CURDIR)/.tools/node .tools/python/bin/python -m pytest

# That of the tokio crate, under such a name.
tokio_peers := "$$CARGO_TARGET_DIR/tokio/peers"

# The Python package's own environment, and how it is built for its tests.
python_bin := $(CURDIR)/.tools/python-dev/bin
PROFILE ?= fast

# The cross compilers, which only make dist needs.
dist_bin := .tools/dist/bin

# For what a sanitizer is put into: build scripts are not for that target.
host = $(shell rustc -vV | sed -n 's/^host: //p')

# A stamp's name holds what it was made from, so a changed pin makes a new one.
key = $(firstword $(shell cat $(1) | cksum))
python := .tools/python-$(call key,.ci/requirements.txt).stamp
python_dev := .tools/python-dev/$(call key,bindings-python/requirements-dev.txt).stamp
node := .tools/node-$(call key,.ci/package.json .ci/package-lock.json).stamp
binding := .tools/bindings-node-$(call key,bindings-node/package-lock.json).stamp
nodes := $(CURDIR)/.tools/durable/node_modules
dist := .tools/dist/$(call key,packaging/requirements.txt).stamp
durable := .tools/durable-$(call key,bindings-node/conformance/durable/package-lock.json).stamp
frameworks := .tools/frameworks-$(call key,bindings-node/frameworks/package-lock.json).stamp
mutants := .tools/mutants-$(call key,.ci/mutants.txt).stamp

##@ Use

help: ## Show this
	@awk -F ' *:.*## *' '/^##@/ { printf "\n%s\n", substr($$0, 5) } /^[a-z0-9-]+:.*## / { printf "  %-17s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(binding) $(node) ## A Worker on plain Node: an echo, and chat rooms that are Durable Objects, on one page
	cd bindings-node && npm run --silent build
	NODE_PACKAGES=$(CURDIR)/.tools/node node bindings-node/examples/chat/demo.mjs

demo-rust: $(python) ## A pair of ends, one of them on the network, and a client that talks to it
	$(cargo) build --release --all-features --example pair_server
	.tools/python/bin/python core/examples/demo.py "$$CARGO_TARGET_DIR/release/examples/pair_server"

##@ Test

suites := test-rust test-version test-no-std test-peers test-tokio test-node test-durable pair test-python test-c test-hosts

test: ## All of the tests below, and a list of what they skipped (LIMIT=1200 seconds for each)
	@.ci/suites $(suites)

test-version: $(python) ## The version stands in one place, and one command changes it
	.tools/python/bin/python -m pytest -q packaging/tests

test-rust: ## Unit, property and documentation tests
	$(cargo) test --workspace --all-features
	.ci/rows

test-no-std: ## The engine without std: checked, and linked into something that has none
	$(cargo) check -p wspair --no-default-features
	$(cargo) check -p wspair --no-default-features --features alloc
	$(cargo) build --release --manifest-path $(no_std) --target-dir "$$CARGO_TARGET_DIR/no_std"
	$(or $(CC),cc) -Wall -Wextra -Werror -o "$$CARGO_TARGET_DIR/no_std/main" core/tests/no_std/main.c \
		"$$CARGO_TARGET_DIR/no_std/release/libwspair_no_std.a"
	"$$CARGO_TARGET_DIR/no_std/main"

test-peers: $(python) $(node) ## The examples against clients and servers from elsewhere
	$(cargo) build --all-features --examples
	WSPAIR_EXAMPLES="$${WSPAIR_EXAMPLES:-$$CARGO_TARGET_DIR/debug/examples}" NODE_PACKAGES=$(CURDIR)/.tools/node \
		.tools/python/bin/python -m pytest core/tests/peers

test-tokio: $(python) $(node) ## The crate for tokio: its tests, its echo server against clients from elsewhere
	$(cargo) test -p wspair-tokio --all-features
	$(cargo) test -p wspair-tokio --no-default-features --test no_codec
	mkdir -p $(tokio_peers) && ln -sf ../../debug/examples/echo $(tokio_peers)/echo_server
	WSPAIR_EXAMPLES=$(tokio_peers) NODE_PACKAGES=$(CURDIR)/.tools/node .tools/python/bin/python -m pytest \
		core/tests/peers/test_hosts.py core/tests/peers/test_echo_server.py core/tests/peers/test_deflate.py \
		-k "not pair_server and not Client and not test_client"
	.tools/python/bin/python -m pytest core/conformance/http2 -m "not slow" --hosts rust

test-node: $(binding) ## The npm package: unit tests, real peers, Workers from npm
	cd bindings-node && WSPAIR_PROFILE=fast npm run --silent build && npm test --silent

test-wasm: $(binding) ## The npm package's tests on its fallback, WebAssembly (or says that Rust lacks it)
	@cd bindings-node && WSPAIR_PROFILE=fast node scripts/build-wasm.mjs || { [ $$? = 3 ] && exit 0; exit 1; }; \
	npm run --silent build:shell && WSPAIR_WASM=1 node --expose-gc --test test/*.test.js test/*.test.mjs

test-installed: $(binding) $(python_dev) ## The npm package and the wheel as they are published for this machine, installed elsewhere: their tests
	$(python_bin)/python packaging/dist.py --native --only npm,wheels --wheels abi3 --out "$$CARGO_TARGET_DIR/installed"
	$(python_bin)/python packaging/installed.py "$$CARGO_TARGET_DIR/installed"

test-durable: $(binding) $(durable) ## Durable Objects on this Node: rows recorded from the real runtime, on real files
	cd bindings-node && WSPAIR_PROFILE=fast npm run --silent build
	cd bindings-node && NODE_PATH=$(CURDIR)/.tools/durable/node_modules node conformance/durable/check.mjs
	cd bindings-node && NODE_PATH=$(CURDIR)/.tools/durable/node_modules node --test test/durable-*.test.mjs

durable: test-durable ## The same on Node 22 and 24 too, and 200 kills
	cd bindings-node && for node in $(CURDIR)/.tools/durable/node_modules/node-*/bin/node; do \
		$$node conformance/durable/check.mjs && $$node --test test/durable-*.test.mjs || exit 1; done
	cd bindings-node && for node in node $(CURDIR)/.tools/durable/node_modules/node-24/bin/node; do \
		KILLS=200 NODE_PATH=$(CURDIR)/.tools/durable/node_modules $$node --test test/durable-kill.test.mjs || exit 1; done

frameworks: $(binding) $(frameworks) $(durable) ## The npm package inside Jest and Vitest, agents and tldraw on its objects, its README on Node 20, 22, 24
	cd bindings-node && WSPAIR_PROFILE=fast npm run --silent build
	cd bindings-node/frameworks && npm test --silent
	cd bindings-node/frameworks && $(nodes)/node-24/bin/node --test objects.test.mjs
	cd bindings-node/frameworks && NODES=$$(command -v node):$(nodes)/node-22/bin/node:$(nodes)/node-24/bin/node node --test readme.test.mjs

pair: $(binding) ## The pair's scenarios, recorded from the real runtime
	cd bindings-node && WSPAIR_PROFILE=fast npm run --silent build && npm run --silent pair

test-c: $(python) $(node) ## The C library: its interface, its installation, its examples
	$(MAKE) -C bindings-c test
	$(c_peers) core/tests/peers/test_echo_server.py core/tests/peers/test_echo_client.py
	$(c_peers) core/tests/peers/test_hosts.py -k "not pair_server"
	$(c_peers) bindings-c/tests/peers
	.tools/python/bin/python -m pytest core/conformance/http2 -m "not slow" --hosts c

header: ## The C header, written anew
	$(MAKE) -C bindings-c header

test-python: build-python ## The Python package: its tests, stubs, types and style
	cd bindings-python && $(python_bin)/python -m pytest
	$(python_bin)/python -m pytest core/conformance/http2 -m "not slow" --hosts python
	cd bindings-python && $(python_bin)/python -m mypy.stubtest wspair
	cd bindings-python && $(python_bin)/python -m mypy python tests examples bench
	cd bindings-python && $(python_bin)/python -m ruff check . && $(python_bin)/python -m ruff format --check .

wheel: $(python_dev) ## The Python package as wheel and source distribution, each tried in fresh environments (WHEEL=--only-build)
	cd bindings-python && $(python_bin)/python wheel.py $(WHEEL)

leaks-python: build-python ## A million messages and 100,000 connections leave memory flat
	cd bindings-python && $(python_bin)/python -m pytest -m slow --timeout 1800

build-python: $(python_dev) ## The Python package in an environment of its own (PROFILE=fast)
	cd bindings-python && VIRTUAL_ENV=$(CURDIR)/.tools/python-dev PATH="$(python_bin):$$PATH" \
		$(python_bin)/maturin develop --quiet --profile $(PROFILE) $(if $(CI),--locked)

##@ Packages, and what is public

packages: ## Every crate packed; the published ones unpacked elsewhere and checked there (TESTS=1 runs their tests)
	.ci/packages $(if $(TESTS),--test)

targets: ## The core for targets without std, and the oldest Rust that is promised
	.ci/targets

docs: $(binding) build-python ## The reference of every package in one folder, target/docs, with an index page
	cd bindings-node && WSPAIR_PROFILE=fast npm run --silent build
	.ci/docs "$$CARGO_TARGET_DIR/docs"

public-api: ## The public API against the text that is checked in (WRITE=1 writes it; needs nightly and cargo-public-api)
	.ci/public-api $(if $(WRITE),--write)

semver: ## The published crates against a revision of git (BASE=main; needs cargo-semver-checks)
	@cargo semver-checks --version >/dev/null 2>&1 || { echo "make semver: there is no cargo-semver-checks" >&2; exit 1; }
	$(cargo) semver-checks -p wspair -p wspair-tokio --baseline-rev $(or $(BASE),main)

##@ Style

lint: ## Format, clippy and rustdoc, warnings denied
	cargo fmt --all --check
	.ci/readmes
	.ci/sleeps
	$(foreach crate,$(outside),cargo fmt --manifest-path $(crate) --check;)
	$(cargo) clippy --workspace --all-targets --all-features -- -D warnings
	$(cargo) clippy -p wspair --no-default-features -- -D warnings
	$(cargo) clippy -p wspair --no-default-features --features alloc -- -D warnings
	$(cargo) clippy --manifest-path $(no_std) --target-dir "$$CARGO_TARGET_DIR/no_std" -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(cargo) doc --workspace --no-deps --all-features

##@ Conformance

autobahn: autobahn-rust autobahn-node autobahn-python autobahn-c ## The Autobahn suite in both roles (CASES=core, or full; JOBS=2)

autobahn-suite:
	@core/conformance/autobahn/setup.sh "$$AUTOBAHN_SUITE" || { \
		echo "make autobahn: THE SUITE COULD NOT BE INSTALLED, NOTHING WAS TESTED" >&2; exit 1; }

autobahn-node: autobahn-suite $(binding) ## The same, the npm package only
	cd bindings-node && WSPAIR_PROFILE=fast npm run --silent build
	bindings-node/conformance/autobahn/check.sh $(CASES) $(JOBS) .tools/reports/node

autobahn-rust: autobahn-suite ## The same, the core's examples only
	$(cargo) build --release --all-features --example echo_server --example echo_client
	core/conformance/check.sh "$$CARGO_TARGET_DIR/release/examples" $(CASES) $(JOBS) .tools/reports

autobahn-c: autobahn-suite ## The same, the C examples only
	$(MAKE) -C bindings-c examples
	core/conformance/check.sh $(c_examples) $(CASES) $(JOBS) .tools/reports/c

autobahn-python: autobahn-suite build-python ## The same, the Python hosts only
	bindings-python/conformance.sh $(python_bin)/python $(CASES) $(JOBS) .tools/reports

hosts: hosts-build ## Every situation at every host, in under an hour (HOSTS='node-*' ROWS='E-*')
	$(MAKE) -C bindings-c writers
	core/conformance/hosts/run.py --again $(if $(HOSTS),--hosts '$(HOSTS)') $(if $(ROWS),--rows '$(ROWS)')

test-hosts: hosts-quick

hosts-quick: hosts-build ## A selection of them, in under two minutes: part of make test
	core/conformance/hosts/run.py --quick --again --jobs 4

hosts-mutate: hosts-build ## Mutated connections against every host (N=5000 SEED=0 HOSTS=)
	core/conformance/hosts/run.py --mutate $(or $(N),5000) $(if $(SEED),--seed $(SEED)) $(if $(HOSTS),--hosts '$(HOSTS)')

hosts-soak: ## C servers that write asynchronously, under AddressSanitizer, every byte checked (MINUTES=10 each)
	$(MAKE) -C bindings-c writers
	core/conformance/hosts/soak.py $(or $(MINUTES),10) "$$CARGO_TARGET_DIR"/c/writers/*

soak: TIME = 600
soak: hosts-build ## A crowd at each of five hosts, one in four of it ill-behaved (TIME=600 seconds each, N=5000 peers)
	core/conformance/hosts/crowd.py $(TIME) $(or $(N),5000) node-serve py-asyncio py-uvicorn c-epoll tokio

hosts-build: $(binding) $(node) build-python
	$(cargo) build --all-features --examples
	$(cargo) build -p wspair-hosts
	cd bindings-node && WSPAIR_PROFILE=fast npm run --silent build
	$(MAKE) -C bindings-c examples

http2: http2-hosts ## WebSockets over HTTP/2 and HTTP/3: every host, browsers, proxies, attacks, what it costs
	$(python_bin)/python -m pytest core/conformance/http2
	cd bindings-node && NODE_NO_WARNINGS=1 NODE_TLS_REJECT_UNAUTHORIZED=0 OVER_HTTP2=1 npm run --silent pair -- --layer wire
	node core/conformance/http2/cost.mjs

http2-hosts: build-python $(binding)
	$(cargo) build -p wspair-tokio --all-features --example h2_server --example h2_client
	cd bindings-node && WSPAIR_PROFILE=fast npm run --silent build
	$(MAKE) -C bindings-c examples

autobahn-http2: autobahn-suite http2-hosts ## The Autobahn suite over streams of HTTP/2 (HOSTS='node rust python c')
	core/conformance/http2/check.sh $(python_bin)/python $(CASES) $(JOBS) .tools/reports/http2 $(HOSTS)

##@ Fuzz

fuzz: ## Each fuzz target in turn (TIME=60 seconds; needs nightly and cargo-fuzz)
	@cargo +nightly --version || { echo "make fuzz: there is no nightly toolchain" >&2; exit 1; }
	@cargo +nightly fuzz --version || { echo "make fuzz: there is no cargo-fuzz" >&2; exit 1; }
	@targets=$$(cargo +nightly fuzz list); \
	[ -n "$$targets" ] || { echo "make fuzz: there are no targets" >&2; exit 1; }; \
	diff <(sort <<<"$$targets") <(cd fuzz/fuzz_targets && ls | sed 's/\.rs$$//' | sort) && \
	diff <(sort <<<"$$targets") <(ls fuzz/seeds | sort) || { \
		echo "make fuzz: a target lacks its entry in fuzz/Cargo.toml, or its seeds" >&2; exit 1; }; \
	for target in $$targets; do \
		echo "fuzz: $$target, $(TIME) s"; \
		mkdir -p "fuzz/corpus/$$target"; \
		env -u CARGO_TARGET_DIR cargo +nightly fuzz run "$$target" \
			"fuzz/corpus/$$target" "fuzz/seeds/$$target" \
			-- -max_total_time=$(TIME) -dict=fuzz/websocket.dict; \
	done

fuzz-doors: $(binding) build-python ## Mutated connections at the hosts of Node and Python, in process (N=20000 SEED=)
	cd bindings-node && WSPAIR_PROFILE=fast npm run --silent build && N=$(or $(N),20000) node --test test/strangers.test.mjs
	cd bindings-python && N=$(or $(N),20000) $(python_bin)/python -m pytest --timeout 7200 -s tests/test_strangers.py

fuzz-c: ## Random calls through the C interface, under sanitizers (TIME=60 seconds; needs clang)
	$(MAKE) -C bindings-c fuzz TIME=$(TIME)

##@ Measure

bench: ## Benchmarks beside the peers
	cd core/benches && env -u CARGO_TARGET_DIR $(cargo) run --release

scale: ## What 1 to 100,000 connections in memory cost, and the curves for the documentation
	test -x .tools/plot/bin/python || { $(PYTHON) -m venv .tools/plot && \
		.tools/plot/bin/python -m pip install -q --disable-pip-version-check matplotlib==3.11.2; }
	cd core/benches && env -u CARGO_TARGET_DIR $(cargo) build --release --no-default-features --bin scale
	core/benches/target/release/scale csv | tee .tools/scale.csv
	.tools/plot/bin/python core/benches/scale.py .tools/scale.csv docs/scale.svg

bench-loopback: ## Echo servers of C, Node and Python over loopback, at 1 to 500 connections (those that are built)
	$(PYTHON) core/benches/loopback.py

bench-tokio: ## The crate for tokio beside its peers
	cd core/tokio/benches && env -u CARGO_TARGET_DIR $(cargo) run --release

instructions: ## Instructions a message against the figures that are checked in, and that work grows as the input does (needs valgrind, or says so)
	env -u CARGO_TARGET_DIR core/benches/linear.sh
	env -u CARGO_TARGET_DIR core/benches/instructions.sh

bench-node: $(binding) ## The npm package beside its peers
	cd bindings-node && npm run --silent build
	cd bindings-node/bench && npm ci --ignore-scripts --no-audit --no-fund --silent
	node --expose-gc bindings-node/bench/run.mjs

bench-wasm: $(binding) ## The npm package natively and as WebAssembly, beside ws
	cd bindings-node && npm run --silent build && npm run --silent build:wasm
	cd bindings-node/bench && npm ci --ignore-scripts --no-audit --no-fund --silent
	node bindings-node/bench/wasm.mjs

bench-durable: $(binding) $(durable) ## Durable Objects beside workerd, on Node 24
	cd bindings-node && npm run --silent build
	cd bindings-node && WORKERD=$(CURDIR)/.tools/durable/node_modules/.bin/workerd \
		$(CURDIR)/.tools/durable/node_modules/node-24/bin/node bench/durable.mjs

bench-c: ## The C library beside wslay
	$(MAKE) -C bindings-c bench

bench-python: PROFILE = release
bench-python: build-python ## The Python package beside its peers
	cd bindings-python && $(python_bin)/python -m bench

##@ What the tests miss

coverage: ## Lines of the core that its own tests run (needs nightly and its llvm-tools)
	@cargo +nightly --version >/dev/null || { echo "make coverage: there is no nightly toolchain" >&2; exit 1; }
	.ci/coverage.sh "$$CARGO_TARGET_DIR/coverage"

coverage-bindings: $(binding) $(python_dev) ## Lines of each binding's Rust that the tests of its language run (ONLY='c node python')
	@cargo +nightly --version >/dev/null || { echo "make coverage-bindings: there is no nightly toolchain" >&2; exit 1; }
	PYTHON_BIN=$(python_bin) .ci/coverage-bindings.sh "$$CARGO_TARGET_DIR/coverage-bindings" $(ONLY)

deny: ## Licences, duplicates and sources of what is linked in, and known advisories (needs cargo-deny, or says so)
	@cargo deny --version >/dev/null 2>&1 || { \
		echo "make deny: THERE IS NO cargo-deny, NOTHING WAS CHECKED" >&2; exit 0; }; \
	cargo deny --offline check licenses bans sources && { cargo deny check advisories || \
		{ cargo deny fetch >/dev/null 2>&1 && exit 1; } || \
		echo "make deny: THE ADVISORIES COULD NOT BE HAD, THEY WERE NOT CHECKED" >&2; }

mutants: $(mutants) ## Changes to the core's code that no test notices (FILE=frame.rs, or all that changed; needs cargo-mutants)
	.tools/mutants/bin/python .ci/mutants $(FILE)

fuzz-coverage: ## Lines of the core that the fuzz targets reach together, from seeds and kept inputs
	@cargo +nightly --version >/dev/null || { echo "make fuzz-coverage: there is no nightly toolchain" >&2; exit 1; }
	.ci/fuzz-coverage.sh "$$CARGO_TARGET_DIR/fuzz-coverage"

asan: ## The tests of the core and of the C library under AddressSanitizer, both instrumented (needs nightly and clang)
	@cargo +nightly --version >/dev/null 2>&1 || { echo "make asan: THERE IS NO NIGHTLY TOOLCHAIN, NOTHING WAS RUN" >&2; exit 1; }
	RUSTFLAGS=-Zsanitizer=address cargo +nightly test -p wspair --all-features --lib --tests \
		--target $(host) --target-dir "$$CARGO_TARGET_DIR/asan"
	$(MAKE) -C bindings-c asan

tsan: ## What threads share, under ThreadSanitizer (needs nightly with rust-src, and clang)
	@cargo +nightly --version >/dev/null 2>&1 || { echo "make tsan: THERE IS NO NIGHTLY TOOLCHAIN, NOTHING WAS RUN" >&2; exit 1; }
	RUSTFLAGS=-Zsanitizer=thread cargo +nightly test -Zbuild-std -p wspair --all-features --test threads \
		--target $(host) --target-dir "$$CARGO_TARGET_DIR/tsan"
	$(MAKE) -C bindings-c tsan

miri: ## The kernels, text, frames, output and pairs of the core, interpreted: some ten minutes (needs nightly with miri and rust-src)
	@cargo +nightly miri --version >/dev/null 2>&1 || { echo "make miri: there is no Miri" >&2; exit 1; }
	MIRIFLAGS=-Zmiri-disable-isolation timeout 1800 cargo +nightly miri test -p wspair --target-dir "$$CARGO_TARGET_DIR/miri" \
		--test masks --test text --test frames --test transmit --test pair -- a_copy masking one_odd character \
		a_failing_client a_part_of_a_header looking taken_out slices:: calls:: closing:: wire::
	RUSTFLAGS=-Ctarget-feature=+avx2 MIRIFLAGS=-Zmiri-disable-isolation timeout 1800 cargo +nightly miri test -p wspair \
		--target-dir "$$CARGO_TARGET_DIR/miri" --test text_kernels

##@ Release

version: ## The version, which all files agree on (NEXT=0.2.0 changes it everywhere)
	@packaging/version.py $(NEXT)

dist_options = $(if $(TARGETS),--targets $(TARGETS)) $(if $(ONLY),--only $(ONLY)) $(if $(WHEELS),--wheels $(WHEELS)) --tidy

dist: $(dist) ## All that is published, for every platform, into dist (TARGETS= ONLY=npm,wheels,archives,crates WHEELS= ADD=1)
	$(dist_bin)/python packaging/dist.py $(dist_options) $(if $(ADD),--add)

dist-repeat: $(dist) ## The commit built twice, in two folders, or once beside dist (BESIDE=1): the same bytes, or what differs (TARGETS= …)
	$(dist_bin)/python packaging/repeat.py $(if $(BESIDE),dist) $(dist_options)

dist-test: ## Runs what make dist built, where it can run here, looks at the rest, and lists which is which
	$(dist_bin)/python packaging/dist_test.py

dist-python: $(dist) ## A CPython for musl, which make dist-test runs wheels with if it is there: some five minutes, once
	$(dist_bin)/python packaging/python.py

##@ Tools

$(python):
	rm -rf .tools/python .tools/python-*.stamp
	$(PYTHON) -m venv .tools/python
	.tools/python/bin/python -m pip install -q --disable-pip-version-check --no-deps -r .ci/requirements.txt
	.tools/python/bin/python -m pip check
	touch $@

$(python_dev):
	rm -rf .tools/python-dev
	$(PYTHON) -m venv .tools/python-dev
	$(python_bin)/python -m pip install -q --disable-pip-version-check --no-deps -r bindings-python/requirements-dev.txt
	$(python_bin)/python -m pip check
	touch $@

$(mutants):
	rm -rf .tools/mutants .tools/mutants-*.stamp
	$(PYTHON) -m venv .tools/mutants
	.tools/mutants/bin/python -m pip install -q --disable-pip-version-check --no-deps -r .ci/mutants.txt
	touch $@

$(dist):
	rm -rf .tools/dist
	$(PYTHON) -m venv .tools/dist
	$(dist_bin)/python -m pip install -q --disable-pip-version-check --no-deps -r packaging/requirements.txt
	touch $@

$(node):
	rm -rf .tools/node .tools/node-*.stamp
	mkdir -p .tools/node
	cp .ci/package.json .ci/package-lock.json .tools/node
	cd .tools/node && npm ci --ignore-scripts --no-audit --no-fund
	touch $@

$(binding):
	rm -f .tools/bindings-node-*.stamp
	mkdir -p .tools
	cd bindings-node && npm ci --ignore-scripts --no-audit --no-fund
	touch $@

$(frameworks):
	rm -f .tools/frameworks-*.stamp
	mkdir -p .tools
	cd bindings-node/frameworks && npm ci --ignore-scripts --no-audit --no-fund
	touch $@

# Node 20 stores nothing on disk without better-sqlite3, which may have to be compiled.
$(durable):
	rm -rf .tools/durable .tools/durable-*.stamp
	mkdir -p .tools/durable
	cp bindings-node/conformance/durable/package*.json .tools/durable
	cd .tools/durable && npm ci --ignore-scripts --no-audit --no-fund
	cd .tools/durable && npm rebuild better-sqlite3 > build.log 2>&1 || \
		echo "make: better-sqlite3 could not be built (.tools/durable/build.log): Node 20 is tested in memory only" >&2
	touch $@

clean-tools: ## Remove what was installed for the checks
	rm -rf .tools

.PHONY: help demo demo-rust version dist dist-repeat dist-test dist-python test-wasm test-installed test test-version test-rust test-no-std test-peers test-tokio test-node test-durable durable frameworks pair test-python wheel leaks-python \
	build-python test-c header packages targets docs public-api semver lint autobahn autobahn-suite autobahn-rust autobahn-node autobahn-python \
	autobahn-c http2 http2-hosts autobahn-http2 test-hosts hosts hosts-quick hosts-mutate hosts-soak soak hosts-build fuzz fuzz-c fuzz-doors bench instructions scale bench-loopback bench-tokio bench-node bench-wasm bench-durable bench-python bench-c coverage coverage-bindings deny mutants fuzz-coverage asan tsan miri clean-tools
