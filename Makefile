# All targets work in a fresh clone with Go and git alone. Tools build on first use (a few minutes, once) and come from Go's build cache after that.
.DEFAULT_GOAL := help
.PHONY: help replay run-local assets test lint generate verify bench bench-replay bench-operator attack fuzz image push observer-image e2e-images e2e e2e-up e2e-down demo demo-preflight demo-recover demo-recorded demo-casts demo-down \
	race coverage fuzz-all pgo api-diff vulncheck release-check release e2e-release

CAPTURE  ?= examples/captures/hidden-throttling.ndjson
LOCAL    ?= examples/captures/mixed.ndjson
FUZZTIME ?= 30s
RECORDS  ?= 1000000
IMAGE    ?= localhost/kernel-gossip-operator:dev
OBSERVER ?= localhost/kernel-gossip-observer
TAG      ?= dev
# Of a commit without changes the same version gives the same bytes.
VERSION  := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
REVISION := $(shell git rev-parse HEAD 2>/dev/null || echo unknown)
LABELS   := --build-arg VERSION=$(VERSION) --build-arg REVISION=$(REVISION)
STATIC   := CGO_ENABLED=0 GOOS=linux go build -buildvcs=auto -trimpath -ldflags='-s -w'

help: ## print this list
	@awk -F ':.*## ' '/^##@ / { print "\n" substr($$0, 5) } /^[a-z0-9-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@printf '\nWithout a time: seconds, or as long as its text says. The first run also builds, tools too, which can take ten minutes on two cores.\n'

##@ Try it

replay: ## show what the kernel says in a recorded capture (CAPTURE=FILE for another)
	@echo "building bin/gossip-replay (half a minute, the first time)" >&2
	@go build -o bin/ ./replay/gossip-replay
	@bin/gossip-replay $(CAPTURE) $(addprefix --pods ,$(wildcard $(CAPTURE:.ndjson=.pods.yaml))) || [ $$? -eq 1 ] # 1: it found something

run-local: ## try the operator without a cluster: an API server, the pods of a capture, and the lines to post it (LOCAL=FILE) [seconds]
	@echo "kube-apiserver, etcd and kubectl: from KUBEBUILDER_ASSETS=FOLDER where that is set, else found, downloaded or built" >&2
	@assets=$$(go run ./hack/assets) && echo "building the operator: a minute or two the first time" >&2 && \
		go build -o bin/ ./hack/run-local && KUBEBUILDER_ASSETS=$$assets bin/run-local --capture $(LOCAL)

assets: ## get kube-apiserver, etcd and kubectl for the tests: found, downloaded or built [3 minutes at most to download, else 10 to build; once]
	@go run ./hack/assets

##@ Work on it

test: ## run all tests [minutes]
	assets=$$(go run ./hack/assets) && export KUBEBUILDER_ASSETS=$$assets && exec go test ./... # exec: a signal to make reaches it

lint: ## report what golangci-lint and kube-api-linter find, change nothing [minutes]
	go run ./hack/style
	go tool -modfile=hack/golangci-lint.mod golangci-lint run
	go tool -modfile=hack/kube-api-linter.mod golangci-lint-kube-api-linter run --config hack/kube-api-linter.golangci.yaml ./crd/v1alpha1/...

generate: ## rewrite the generated files [a minute]
	go generate ./...

verify: ## generate, format, lint and check everything that a review should not have to [minutes]
	hack/verify.sh

##@ Measure it

bench: bench-replay bench-operator ## run all benchmarks: gossip-replay beside others, the operator under load (two minutes), and the functions
	go test -run '^$$' -bench . -benchmem ./...

bench-replay: ## measure gossip-replay on a million records of each shape, beside DuckDB and jq where they are installed (RECORDS=N)
	go build -o bin/ ./replay/gossip-replay
	go run ./hack/bench/replay -records $(RECORDS) -shape rotation
	go run ./hack/bench/replay -records $(RECORDS) -shape random

pgo: ## record the profile that gossip-replay is optimized by: go build takes it from default.pgo [a minute]
	go test -trimpath -run '^$$' -bench '^BenchmarkRun$$' -benchtime 8s -cpuprofile replay/gossip-replay/default.pgo -o bin/ ./replay

bench-operator: ## measure the operator under load, beside a handler that does nothing
	go build -o bin/ ./operator/kernel-gossip-operator
	go run ./hack/bench/operator

##@ Look for more faults

ATTACK_TIME ?= 4m

attack: ## attack the operator under the memory limit of its manifest, on loopback (ATTACK_TIME=60s is a short form) [minutes]
	@assets=$$(go run ./hack/assets) && go build -o bin/ ./operator/kernel-gossip-operator ./hack/attack && \
		KUBEBUILDER_ASSETS=$$assets bin/attack -time $(ATTACK_TIME)

fuzz: ## fuzz the decoder and the PxL checker, each for FUZZTIME (30s); fuzz-all is everything
	for target in FuzzDecode FuzzPlain FuzzParallel FuzzAppend; do \
		go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 20x ./pixie || exit 1; done
	go test -run '^$$' -fuzz '^FuzzScript$$' -fuzztime $(FUZZTIME) -fuzzminimizetime 20x ./pxl/check

##@ Images

image: ## build the operator's image for this machine (IMAGE=NAME:TAG); no other image is needed [a minute]
	$(STATIC) -o bin/image/ ./operator/kernel-gossip-operator
	docker build --quiet --target prebuilt $(LABELS) --tag $(IMAGE) --file Dockerfile bin/image

push: ## build the operator's image for amd64 and arm64 and push it (IMAGE=REGISTRY/NAME:TAG): GCR, Artifact Registry, Docker Hub
	docker buildx build --platform linux/amd64,linux/arm64 $(LABELS) --tag $(IMAGE) --push .

observer-image: ## build the observer's two images (OBSERVER=NAME, TAG=TAG, BASE=an image with bpftrace)
	$(STATIC) -o bin/image/ ./operator/kernel-gossip-observer
	docker build --quiet --target counters --tag $(OBSERVER):$(TAG) --file operator/observer/Dockerfile bin/image
	docker build --quiet --target births $(addprefix --build-arg BASE=,$(BASE)) --tag $(OBSERVER)-births:$(TAG) --file operator/observer/Dockerfile bin/image

##@ On a cluster (Docker, or KUBECONFIG)

# An image with bpftrace, nginx, curl and iptables: built from Debian's, unless E2E_BASE names one.
E2E_REGISTRY ?= localhost
export E2E_BASE ?=
# E2E_OPERATOR=IMAGE and E2E_INSTALL=FILE: the operator and the install.yaml of a release instead of this tree's.
export E2E_INSTALL ?=
E2E_BASE_IMAGE := $(or $(E2E_BASE),$(E2E_REGISTRY)/kernel-gossip-e2e-base:e2e)

e2e-images: ## build the images of the end-to-end tests (E2E_REGISTRY=REGISTRY to push them from there)
	$(if $(E2E_BASE),,docker build --quiet --tag $(E2E_BASE_IMAGE) hack/e2e/base)
ifdef E2E_OPERATOR
	docker tag $(E2E_OPERATOR) $(E2E_REGISTRY)/kernel-gossip-operator:e2e
else
	$(MAKE) --no-print-directory image IMAGE=$(E2E_REGISTRY)/kernel-gossip-operator:e2e
endif
	$(MAKE) --no-print-directory observer-image OBSERVER=$(E2E_REGISTRY)/kernel-gossip-observer TAG=e2e BASE=$(E2E_BASE_IMAGE)
	$(STATIC) -o bin/image/ ./hack/record/burst ./hack/record/strain ./examples/demo/web
	docker build --quiet --tag $(E2E_REGISTRY)/kernel-gossip-burst:e2e --file hack/record/burst/Dockerfile bin/image
	docker build --quiet --tag $(E2E_REGISTRY)/kernel-gossip-strain:e2e --file hack/record/strain/Dockerfile bin/image
	docker build --quiet --tag $(E2E_REGISTRY)/kernel-gossip-web:e2e --file examples/demo/web/Dockerfile bin/image

e2e: e2e-images ## prove the operator on a kind cluster of its own, or on KUBECONFIG's [tens of minutes]
	assets=$$(go run ./hack/assets) && KUBEBUILDER_ASSETS=$$assets \
		go test -tags e2e -count=1 -timeout 45m -parallel 4 $(if $(CI),,-v) ./hack/e2e

e2e-up: e2e-images ## start a kind cluster with operator and observer, and keep it
	@assets=$$(go run ./hack/assets) && KUBEBUILDER_ASSETS=$$assets go run ./hack/e2e/cluster up $(CURDIR)/bin/e2e.kubeconfig

e2e-down: ## delete that cluster
	@go run ./hack/e2e/cluster down $(CURDIR)/bin/e2e.kubeconfig

##@ Show it

# birth, throttle, memory, network or all; PAUSE=1 waits for a key after each step.
SCENARIO ?= all
# What is made ready before the talk is not made again on stage: without a network Go's cache has to do.
DEMO = assets=$$(go run ./hack/assets) && go build -o bin/ ./examples/demo/kernel-gossip-demo && KUBEBUILDER_ASSETS=$$assets bin/kernel-gossip-demo

demo: e2e-images ## show what the kernel knows, on a kind cluster or KUBECONFIG's (SCENARIO=birth|throttle|memory|network, PAUSE=1)
	@go build -o bin/ ./examples/demo/kernel-gossip-demo
	@assets=$$KUBEBUILDER_ASSETS; command -v kubectl >/dev/null || assets=$$(go run ./hack/assets) && \
		KUBEBUILDER_ASSETS=$$assets bin/kernel-gossip-demo $(if $(PAUSE),--pause) $(SCENARIO)

demo-preflight: ## check whether all is ready for the talk, with the remedies
	@$(DEMO) preflight

demo-recover: ## bring a half-broken demo back, whatever is broken, and check it
	@$(DEMO) recover

demo-recorded: ## show the demo from recordings: no observer, no Pixie, no network (SCENARIO=NAME, PAUSE=1)
	@$(DEMO) --from-recording $(if $(PAUSE),--pause) $(SCENARIO)

demo-casts: e2e-images ## record the scenarios with asciinema for the backup of the talk: examples/demo/casts
	@go build -o bin/ ./examples/demo/kernel-gossip-demo
	assets=$$(go run ./hack/assets) && KUBEBUILDER_ASSETS=$$assets examples/demo/record.sh

demo-down: ## delete the demo's kind cluster
	@go run ./examples/demo/kernel-gossip-demo --down

##@ More checks

race: ## run all tests with the race detector, which needs a C compiler [tens of minutes]
	assets=$$(go run ./hack/assets) && CGO_ENABLED=1 KUBEBUILDER_ASSETS=$$assets go test -race -short -count=1 ./...

coverage: ## hold the packages that need no cluster to their floor of coverage [minutes]
	hack/pure.sh floor

fuzz-all: ## fuzz everything that has a fuzzer, each for FUZZTIME (30s)
	hack/fuzz.sh $(FUZZTIME)

BASE ?= origin/main
api-diff: ## compare the exported names and the definitions with those of another commit (BASE=COMMIT) [minutes]
	@hack/api-diff.sh $(BASE)

vulncheck: ## look for known vulnerabilities that our code reaches [a minute]
	go tool -modfile=hack/govulncheck.mod govulncheck ./...

##@ Release

release-check: ## make a release of this commit twice, compare, verify, publish nothing (the tools build for ten minutes on first use)
	hack/release-check.sh

release: ## publish what is tagged; for the release workflow, which may sign
	go tool -modfile=hack/syft.mod syft version
	go tool -modfile=hack/goreleaser.mod goreleaser release --clean

# The image and the install.yaml of the last release-check.
SNAPSHOT = $(shell sed -nE 's|^ +image: (ghcr.io/kernel-gossip/.*)$$|\1|p' bin/release/install.yaml)-$(shell go env GOARCH)

e2e-release: ## prove what release-check made: its image and its install.yaml, on a kind cluster
	$(MAKE) --no-print-directory e2e E2E_OPERATOR=$(SNAPSHOT) E2E_INSTALL=$(CURDIR)/bin/release/install.yaml
