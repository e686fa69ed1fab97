# Everything sets itself up: Go is all that must be there. Tools are pinned here
# and land in .cache/bin, which git ignores.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

GOLANGCI_VERSION := v2.15.0
GOFUMPT_VERSION  := v0.12.0
NFPM_VERSION     := v2.43.4

TOOLS    := $(CURDIR)/.cache/bin
GOLANGCI := $(TOOLS)/golangci-lint-$(GOLANGCI_VERSION)
GOFUMPT  := $(TOOLS)/gofumpt-$(GOFUMPT_VERSION)
NFPM     := $(TOOLS)/nfpm-$(NFPM_VERSION)
ROLLCALL := $(CURDIR)/bin/rollcall

# The race detector needs a C compiler. Without one the tests still run, and say so.
HAVE_CC := $(shell command -v $$(go env CC) 2>/dev/null)
RACE    := $(if $(HAVE_CC),-race,)

# service/ec2 takes 3.4 GB to compile with the race detector, so the number of
# packages that are worked on at once follows from memory as well as from CPUs.
CPUS   := $(shell nproc 2>/dev/null || sysctl -n hw.ncpu 2>/dev/null || echo 2)
MEM_GB := $(shell awk '/MemTotal/ {print int($$2/1048576)}' /proc/meminfo 2>/dev/null || echo 8)
PAR    := $(shell p=$$(( $(MEM_GB) / 4 )); [ $$p -lt 1 ] && p=1; [ $$p -gt $(CPUS) ] && p=$(CPUS); [ $$p -gt 8 ] && p=8; echo $$p)

# Every fuzz test, as folder:name.
FUZZ = $(shell grep -rHo '^func Fuzz[A-Za-z0-9_]*' --include='*_test.go' cmd dnsview providers ui userdata | sed 's|^\(.*\)/[^/]*:func |./\1:|')
# A number of runs, since Go 1.26 now and then fails a fuzz test whose time ends (go.dev/issue/75804).
FUZZTIME := 3000x
SOAKTIME := 1h
# fuzz tests for $(1), a time or a number of runs, each on one CPU; what one says is shown when it fails
fuzz = printf '%s\n' $(FUZZ) | xargs -P $(PAR) -n 1 bash -c ' \
	  out=$$(CGO_ENABLED=0 go test -trimpath -p 1 -parallel 1 -run "^$$" -fuzz "^$${0\#*:}$$" -fuzztime $(1) -fuzzminimizetime 20x "$${0%:*}" 2>&1) || { echo "$$out"; exit 255; }; \
	  echo "fuzz $${0\#*:}: $$(grep -o "execs: [0-9]*" <<<"$$out" | tail -1)"'

.PHONY: help build demo quick test soak lint fmt bench release clean go

help: ## what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

go:
	@command -v go >/dev/null || { echo "rollcall is built with Go 1.26 or newer, and there is no go in PATH; see https://go.dev/dl" >&2; exit 1; }
	@v=$$(go env GOVERSION) && case "$${v#go}" in 1.2[6-9]*|1.[3-9][0-9]*|[2-9]*|devel*) ;; \
	  *) echo "rollcall is built with Go 1.26 or newer, and this is $$v; see https://go.dev/dl" >&2; exit 1 ;; esac

build: go ## bin/rollcall
	@if [ "$$(go list -f '{{.Stale}}' github.com/aws/aws-sdk-go-v2/service/ec2 2>/dev/null)" != false ]; then \
	  echo "The first build compiles the AWS SDK: about two minutes on two cores. Later ones take seconds." >&2; fi
	@mkdir -p bin && go build -p $(PAR) -o $(ROLLCALL) ./cmd/rollcall

demo: build ## the console on the embedded clouds
	@$(ROLLCALL) --demo

# What takes longest is begun first. The boots of userdata mostly wait, so one package more than there are CPUs
# is tested at once: all that is large is compiled by then.
LONGEST := ./userdata ./cmd/rollcall/cli ./dnsview/apply

# These try a great many moments, orders and faults, with the race detector few of them: providers/providertest/part.go
# says how many each run takes. They are compiled as the release is.
MANY      := ./dnsview/apply ./dnsview/plan
MANY_CLI  := ^Test(NobodyIsLostWhenProcesses|WhatRollcallItselfHolds|NothingIsDeregisteredWhile|DriftOnTheWire|ASourceThatCannotBeSetUp|WhatIsNamedAndNotFound|NothingToDoIsUnknown|NothingIsWrittenToAPending|ANodeThatItsCloudWillNotTerminate|ACloudThatIsCommentedOut|TwoCloudsOfTheConfig|AMachineWhoseClock|AnInternationalizedZone|ANodeIsQuiesced|TheLastReleaseAndThisOneUndo|AHostJoinsMoves)

# What also runs with the journal of a team.
MANY_TEAM := ^Test(Incident|AProcessThatIsKilled|TwoRollcallsAnd)

# What also runs with a zone on BIND.
MANY_BIND := ^Test(Incident|AProcessThatIsKilledAtAny)

MANY_DATA := ^Test(RunsAndEscapesAreFound|AShapeIsLeftOut)

# Vet and lint read the types that the race build leaves in the cache, so
# nothing is compiled twice. The tests come last, and so do their lines. At its end a program would sleep for a
# second, so that the race detector can report what other threads find.
test soak: export GORACE := atexit_sleep_ms=50
test: go $(GOLANGCI) ## build, vet, lint and all tests with the race detector
	@if [ -z "$(RACE)" ]; then echo "no C compiler: the tests run without the race detector" >&2; [ "$${CI:-}" != true ]; fi
	@if [ "$$(go list $(RACE) -f '{{.Stale}}' github.com/aws/aws-sdk-go-v2/service/ec2 2>/dev/null)" != false ]; then \
	  echo "The first test run compiles the AWS SDK: two to four minutes on two cores. Later ones are quick." >&2; fi
	go build -p $(PAR) $(RACE) ./...
	go vet -p $(PAR) $(RACE) ./...
	GOFLAGS=$(RACE) $(GOLANGCI) run -j $(PAR) ./...
	@$(call fuzz,$(FUZZTIME))
	export CGO_ENABLED=0; ROLLCALL_SOME=1 go test -p 1 -trimpath -vet=off -timeout 20m -run '$(MANY_CLI)' ./cmd/rollcall/cli & commands=$$!; \
	  ROLLCALL_SOME=1 go test -p 1 -trimpath -vet=off -timeout 20m $(MANY); \
	  ROLLCALL_TEAM=1 ROLLCALL_SOME=1 go test -p 1 -trimpath -vet=off -timeout 20m -run '$(MANY_TEAM)' ./dnsview/apply; \
	  ROLLCALL_BIND=1 ROLLCALL_SOME=1 go test -p 1 -trimpath -vet=off -timeout 20m -run '$(MANY_BIND)' ./dnsview/apply; \
	  go test -trimpath -vet=off -run '$(MANY_DATA)' ./userdata; wait $$commands
	go test -p $$(($(PAR) + 1)) $(RACE) -vet=off -timeout 60m $(LONGEST) ./...
	@go test $(RACE) -vet=off -count=1 -v -run '^TestBootIsPossibleHere$$' ./userdata | sed -n 's/^ .*_test.go:[0-9]*: \(.*\)/skipped: the tests that boot nodes: \1/p' >&2

quick: go ## build, vet and the quick tests: no race detector, no boot, no foreign program
	go build -p $(PAR) ./...
	go vet -p $(PAR) ./...
	go test -p $$(($(PAR) + 1)) -short -timeout 10m ./ui ./providers/... ./...

soak: go ## an hour of each fuzz test, and what is too long for make test: hours
	@$(call fuzz,$(SOAKTIME))
	ROLLCALL_SOAK=1 go test -p $(PAR) $(RACE) -count=1 -timeout 12h ./dnsview/apply ./providers/s3

lint: go $(GOLANGCI) ## the linters, with the walls between the packages
	$(GOLANGCI) run -j $(PAR) ./...

fmt: go $(GOFUMPT) ## format the code
	$(GOFUMPT) -w cmd dnsview providers ui userdata

bench: go ## the benchmarks, with memory
	go test -p 1 -run '^$$' -bench . -benchmem -timeout 30m ./...

RELEASE   := bin/release
PLATFORMS := linux/amd64 linux/arm64 darwin/amd64 darwin/arm64

# The man page and the completions are those of the program for this machine. Packages and archives have no time of
# their own: the same commit makes the same bytes.
release: go $(NFPM) ## static programs, archives, .deb, .rpm and checksums in bin/release
	@rm -rf $(RELEASE) && mkdir -p $(RELEASE)/share
	@for p in $(PLATFORMS); do echo "building for $$p" >&2; \
	  CGO_ENABLED=0 GOOS=$${p%/*} GOARCH=$${p#*/} go build -p $(PAR) -trimpath -buildvcs=$$(git rev-parse HEAD >/dev/null 2>&1 && echo true || echo false) -ldflags '-s -w' -o $(RELEASE)/$${p/\//-}/rollcall ./cmd/rollcall; done
	@large=$$(find $(RELEASE) -name rollcall -size +40000k); \
	  [ -z "$$large" ] || { echo "$$large is larger than 40 MB: has a package with text/template come in, so that the linker keeps every method?" >&2; exit 1; }
	@cd $(RELEASE) && own=$$(go env GOOS)-$$(go env GOARCH)/rollcall && $$own man | gzip -9n >share/rollcall.1.gz && \
	  $$own completion bash >share/rollcall.bash && $$own completion zsh >share/_rollcall && $$own completion fish >share/rollcall.fish && \
	  $$own watch --print-rules >share/rollcall-alerts.yaml && \
	  $$own watch --print-unit | sed 's|^ExecStart=[^ ]*|ExecStart=/usr/bin/rollcall|' >share/rollcall-watch.service
	@cd $(RELEASE) && export SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct 2>/dev/null || echo 0) OUT=$(RELEASE) VERSION=$$($$(go env GOOS)-$$(go env GOARCH)/rollcall --version | sed 's/^rollcall version v\{0,1\}//; s/(devel)/0.0.0/; s/-/~/; s/-/./g') && \
	  for p in $(PLATFORMS); do name=$${p/\//-}; \
	    tar --sort=name --mtime="@$$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner --transform "s|^|rollcall-$$VERSION/|" -cf - -C $$name rollcall -C ../share $$(ls share) -C ../../.. README.md | gzip -9n >rollcall-$$VERSION-$$name.tar.gz; \
	    if [ $${p%/*} = linux ]; then for kind in deb rpm; do (cd ../.. && ARCH=$${p#*/} $(NFPM) package -f .nfpm.yaml -p $$kind -t $(RELEASE) >/dev/null); done; fi; done
	@cd $(RELEASE) && rm -rf share && sha256sum -- *.tar.gz *.deb *.rpm >SHA256SUMS && cat SHA256SUMS

clean: ## remove what was built here
	rm -rf bin .cache

$(GOLANGCI):
	@echo "Installing golangci-lint $(GOLANGCI_VERSION) into .cache/bin: a few minutes, once." >&2
	@mkdir -p $(TOOLS) && GOFLAGS= GOBIN=$(TOOLS)/new go install -p $(PAR) github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)
	@mv $(TOOLS)/new/golangci-lint $@

$(GOFUMPT):
	@mkdir -p $(TOOLS) && GOFLAGS= GOBIN=$(TOOLS)/new go install mvdan.cc/gofumpt@$(GOFUMPT_VERSION)
	@mv $(TOOLS)/new/gofumpt $@

$(NFPM):
	@mkdir -p $(TOOLS) && GOFLAGS= GOBIN=$(TOOLS)/new go install -p $(PAR) github.com/goreleaser/nfpm/v2/cmd/nfpm@$(NFPM_VERSION)
	@mv $(TOOLS)/new/nfpm $@
