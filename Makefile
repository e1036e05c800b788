# Everything that is done here with a command. Needs Go; `make help` lists the targets.

.DEFAULT_GOAL := help
.PHONY: help build test tools lint unit script race fuzz emulate bench gobench goldens run clean

CHECK  := go run ./internal/scripts/check
PYTHON ?= python3.11
# Working trees without a readable repository around them cannot be stamped with its state.
BUILD  := go build -buildvcs=false

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build bin/glulam
	$(BUILD) -o bin/ ./cmd/glulam

test: ## run all checks and tests; the one command that says whether all is well
	@$(CHECK)

lint: ## gofmt, go vet, staticcheck
	@$(CHECK) lint

unit: ## tests of all packages but those that run the whole program
	@$(CHECK) unit

script: ## tests that run the command, the examples and the documentation
	@$(CHECK) script

race: ## tests of the packages with goroutines, under the race detector
	@$(CHECK) race

fuzz: ## every fuzz target that links neither Beam nor gRPC, for some seconds; make fuzz TIME=1h: all, for longer
	@$(CHECK) $(if $(TIME),-fuzztime $(TIME)) fuzz

emulate: ## tests of the engines on CPUs that are emulated: AVX-512 with and without VBMI, no AVX at all, arm64
	GLULAM_EMULATE=1 go test -count=1 ./internal/scripts/emulate/...
	for cpu in avx512 skylake sse arm64; do go run ./internal/scripts/emulate -cpu $$cpu -data testdata/flights ./model/engine -- -test.short || exit 1; done

bench: ## measure glulam beside others, into docs/benchmarks*.md: half an hour, and Python 3.11; make bench SHORT=1: seconds
ifdef SHORT
	go run ./bench/engine --short
	go run ./bench/jobs --short
	go run ./bench/growth --short
else
	go run ./bench/engine --output docs/benchmarks-engine.md
	go run ./bench/jobs --rounds 2 --output docs/benchmarks.md
	go run ./bench/growth --output docs/benchmarks-growth.md
endif

gobench: ## run all Go benchmarks
	go test -run '^$$' -bench . -benchmem ./...

goldens: ## make testdata again with the training libraries; needs Python 3.11
	$(PYTHON) -m venv .cache/gen && .cache/gen/bin/pip install --quiet -r testdata/gen/requirements.txt
	.cache/gen/bin/python testdata/gen/flights.py
	$(PYTHON) -m venv .cache/gen-v3 && .cache/gen-v3/bin/pip install --quiet -r testdata/gen/requirements-v3.txt
	.cache/gen-v3/bin/python testdata/gen/flights_v3.py

run: ## score the flights of testdata, as the README does
	go run ./cmd/glulam batch --model testdata/flights/lightgbm.txt --input testdata/flights/rows.csv --output predictions/ --overwrite

clean: ## remove what the targets above left, but for Go's own cache
	rm -rf bin predictions .cache
