# All targets work in a fresh clone with Go and git alone. Tools build on first use (a few minutes, once) and come from Go's build cache after that.
.DEFAULT_GOAL := help
.PHONY: help replay run-local assets test lint generate verify bench bench-operator fuzz

CAPTURE  ?= examples/captures/hidden-throttling.ndjson
LOCAL    ?= examples/captures/mixed.ndjson
FUZZTIME ?= 30s

help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

replay: ## show what the kernel says in a recorded capture (CAPTURE=FILE for another)
	@go build -o bin/ ./replay/gossip-replay
	@bin/gossip-replay $(CAPTURE) $(addprefix --pods ,$(wildcard $(CAPTURE:.ndjson=.pods.yaml))) || [ $$? -eq 1 ] # 1: it found something

run-local: ## try the operator without a cluster: an API server, the pods of a capture, and the lines to post it (LOCAL=FILE)
	@go build -o bin/ ./operator/run-local
	@bin/run-local --capture $(LOCAL)

assets: ## get kube-apiserver, etcd and kubectl for the tests: found, downloaded or built
	@go run ./hack/assets

test: ## run all tests
	assets=$$(go run ./hack/assets) && KUBEBUILDER_ASSETS=$$assets go test ./...

lint: ## report what golangci-lint and kube-api-linter find, change nothing
	go tool -modfile=hack/golangci-lint.mod golangci-lint run
	go tool -modfile=hack/kube-api-linter.mod golangci-lint-kube-api-linter run --config hack/kube-api-linter.golangci.yaml ./crd/v1alpha1/...

generate: ## rewrite the generated files
	go generate ./...

verify: ## generate, format, lint and check everything that a review should not have to
	hack/verify.sh

bench: bench-operator ## run all benchmarks, then the operator under load (two minutes)
	go test -run '^$$' -bench . -benchmem ./...

bench-operator: ## measure the operator under load, beside a handler that does nothing
	go build -o bin/ ./operator/kernel-gossip-operator ./operator/bench
	bin/bench

fuzz: ## fuzz the decoder for FUZZTIME (30s)
	go test -run '^$$' -fuzz '^FuzzDecode$$' -fuzztime $(FUZZTIME) -fuzzminimizetime 20x ./pixie
