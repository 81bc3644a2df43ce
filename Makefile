# All targets work in a fresh clone with Go and git alone. Tools build on first use (a few minutes, once) and come from Go's build cache after that.
.DEFAULT_GOAL := help
.PHONY: help replay test lint generate verify bench fuzz

CAPTURE  ?= examples/captures/hidden-throttling.ndjson
FUZZTIME ?= 30s

help: ## print this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

replay: ## show what the kernel says in a recorded capture (CAPTURE=FILE for another)
	@go build -o bin/ ./replay/gossip-replay
	@bin/gossip-replay $(CAPTURE) $(addprefix --pods ,$(wildcard $(CAPTURE:.ndjson=.pods.yaml))) || [ $$? -eq 1 ] # 1: it found something

test: ## run all tests
	go test ./...

lint: ## report what golangci-lint and kube-api-linter find, change nothing
	go tool -modfile=hack/golangci-lint.mod golangci-lint run
	go tool -modfile=hack/kube-api-linter.mod golangci-lint-kube-api-linter run --config hack/kube-api-linter.golangci.yaml ./crd/v1alpha1/...

generate: ## rewrite the generated files
	go generate ./...

verify: ## generate, format, lint and check everything that a review should not have to
	hack/verify.sh

bench: ## run all benchmarks
	go test -run '^$$' -bench . -benchmem ./...

fuzz: ## fuzz the decoder for FUZZTIME (30s)
	go test -run '^$$' -fuzz '^FuzzDecode$$' -fuzztime $(FUZZTIME) -fuzzminimizetime 20x ./pixie
