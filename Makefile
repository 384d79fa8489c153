# Fairlead's commands. `make` alone prints them; CONTRIBUTING.md says when to use which.

SHELL       := bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS   += --no-builtin-rules --no-print-directory
.DEFAULT_GOAL := help
.NOTPARALLEL:

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
COMMIT  ?= $(shell git rev-parse --verify --quiet HEAD 2>/dev/null || echo unknown)

# The modules with Go code of ours, and those that only pin tools.
MODULES      := . test/controlplane
TOOL_MODULES := tools tools/helm

# A tool is built once for each set of pinned versions.
TOOLS := $(CURDIR)/bin/tools/$(shell { cat tools/go.mod tools/go.sum; go env GOVERSION; } | cksum | cut -d' ' -f1)

# Where the programs are that tests, demo and benchmarks run.
export KUBEBUILDER_ASSETS := $(CURDIR)/bin/k8s
export FAIRLEAD_K8S_BIN   := $(CURDIR)/bin/k8s
export FAIRLEAD_BIN       := $(CURDIR)/bin/fairlead
export HELM_BIN           := $(CURDIR)/bin/helm

# Not cached: a result depends on programs that `go test` does not know of.
# Two packages at a time: each may run a local Kubernetes.
GO_TEST := go test -count=1 -p 2 -timeout 40m

.PHONY: help
help: ## Print the targets (the default)
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build bin/fairlead, and bin/kubectl-fairlead, which makes it a kubectl plugin
	@go build -buildvcs=false -ldflags '-s -w -X main.version=$(VERSION) -X main.commit=$(COMMIT)' -o bin/fairlead ./cmd/fairlead
	@ln -sf fairlead bin/kubectl-fairlead

.PHONY: generate
INTO := $(CURDIR)
generate: $(TOOLS)/controller-gen $(TOOLS)/crd-ref-docs ## Write deepcopy, CRDs, RBAC and the API reference from the Go code
	@mkdir -p $(INTO)/api/v1alpha1 $(INTO)/deploy/crds $(INTO)/deploy/rbac $(INTO)/docs
	@$(TOOLS)/controller-gen object paths=./api/... output:object:dir=$(INTO)/api/v1alpha1
	@$(TOOLS)/controller-gen crd paths=./api/... output:crd:dir=$(INTO)/deploy/crds
	@$(TOOLS)/crd-ref-docs --log-level=ERROR --source-path=./api/v1alpha1 --config=tools/crd-ref-docs/config.yaml \
		--renderer=markdown --templates-dir=tools/crd-ref-docs --output-path=$(INTO)/docs/api.md
	@$(TOOLS)/controller-gen rbac:roleName=fairlead paths=./cmd/... paths=./pkg/... output:rbac:dir=$(INTO)/deploy/rbac
	@test -s $(INTO)/deploy/rbac/role.yaml || { echo "no rbac marker was read: put a blank line between markers and the func below" >&2; exit 1; }

.PHONY: fmt
fmt: $(TOOLS)/golangci-lint ## Format the Go code
	@for m in $(MODULES); do (cd $$m && $(TOOLS)/golangci-lint fmt); done

.PHONY: check
check: $(TOOLS)/golangci-lint ## Check formatting, modules, generated files, architecture, vet and lint
	@echo "== formatting"
	@unformatted=$$(gofmt -l .); test -z "$$unformatted" || { echo "run make fmt for:"; echo "$$unformatted"; exit 1; } >&2
	@echo "== go.mod and go.sum"
	@for m in $(MODULES) $(TOOL_MODULES); do (cd $$m && go mod tidy -diff) || { echo "run go mod tidy in $$m" >&2; exit 1; }; done
	@echo "== generated files"
	@fresh=$$(mktemp -d); trap 'rm -rf "$$fresh"' EXIT; $(MAKE) generate INTO="$$fresh"; stale=; \
	for f in api/v1alpha1/zz_generated.deepcopy.go deploy/crds deploy/rbac docs/api.md; do \
		diff -ruN "$$f" "$$fresh/$$f" || stale="$$stale $$f"; \
	done; \
	test -z "$$stale" || { echo "run make generate: not up to date:$$stale" >&2; exit 1; }
	@echo "== architecture"
	@go test -count=1 ./test/arch
	@echo "== go vet"
	@for m in $(MODULES); do (cd $$m && go vet ./...); done
	@echo "== golangci-lint"
	@for m in $(MODULES); do (cd $$m && $(TOOLS)/golangci-lint run --allow-parallel-runners --config $(CURDIR)/.golangci.yml); done

.PHONY: test
test: build controlplane helm ## Run all tests; RUN=TestName runs the one of that name, verbosely
	@tools/test.sh '$(RUN)' $(GO_TEST)

.PHONY: controlplane
controlplane: ## Build the local Kubernetes into bin/k8s
	@test/controlplane/build.sh bin/k8s

.PHONY: helm
helm: ## Build the stock Helm that tests and demo compare with into bin/helm
	@version=$$(go list -C tools/helm -m -f '{{.Version}}' helm.sh/helm/v3); go build -C tools/helm -buildvcs=false \
		-ldflags "-s -w -X helm.sh/helm/v3/internal/version.version=$$version" -o $(HELM_BIN) helm.sh/helm/v3/cmd/helm

.PHONY: demo
demo: build controlplane helm ## Play Fairlead's story on a local Kubernetes; KEEP=1 leaves it running
	@KEEP='$(KEEP)' hack/demo.sh

.PHONY: bench
bench: build controlplane helm ## Run the benchmarks; RUN=BenchmarkName runs the one of that name
	@$(GO_TEST) -run '^$$' -bench '$(or $(RUN),.)' -benchmem ./...

.PHONY: vuln
vuln: $(TOOLS)/govulncheck ## Look for known vulnerabilities in what the code uses; needs the network
	@$(TOOLS)/govulncheck ./...

.PHONY: clean
clean: ## Remove what was built
	@rm -rf bin

# `go tool` would build the same, and would check its whole module at every call.
$(TOOLS)/%:
	@echo "building $*"
	@go build -C tools -buildvcs=false -ldflags '-s -w' -o $(TOOLS)/ "$$(go list -C tools tool | grep '/$*$$')"
