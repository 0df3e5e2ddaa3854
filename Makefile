# make help lists the targets. You need only Go; a target installs everything else into .tools and .venv in the checkout.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# The versions of all tools are pinned here and nowhere else. To upgrade, change the number: it is part of the installed file's name.
GOTESTSUM     := v1.13.0
GOFUMPT       := v0.12.0
GOLANGCI_LINT := v2.15.0
STATICCHECK   := v0.8.2
GOVULNCHECK   := v1.9.0
GORELEASER    := v2.16.0
CYCLONEDX     := v1.10.0
MAVEN_COPY    := 3.8.1
MOTO          := 5.2.1
PYTEST        := 9.2.0
FREEZEGUN     := 1.5.5
AWSCLI        := 1.45.11
BOTOCORE      := 1.43.11
SAMCLI        := 1.170.0
SAMTRANSLATOR := 1.115.0
CFNLINT       := 1.58.0
CDK           := 2.1148.1
CDKLIB        := 2.276.0
CONSTRUCTS    := 10.8.1
AWSIOTSDK     := 1.31.0
IOTPYTHONSDK  := 1.6.2
MQTTJS        := 5.16.0
NRFCLOUDUTILS := 3.3.1

TOOLS         ?= $(CURDIR)/.tools
VENV          := .venv/moto
SAM           := .venv/sam
MOTOTESTS     := .venv/moto-tests
MQTT          := .venv/mqtt
PRODUCERS     := .venv/producers
FUZZTIME      ?= 60s
ROW           ?= .
PACKAGES      ?= ./...
TEST_TIMEOUT  ?= 30m

gotestsum     := $(TOOLS)/gotestsum-$(GOTESTSUM)
gofumpt       := $(TOOLS)/gofumpt-$(GOFUMPT)
golangci-lint := $(TOOLS)/golangci-lint-$(GOLANGCI_LINT)
staticcheck   := $(TOOLS)/staticcheck-$(STATICCHECK)
govulncheck   := $(TOOLS)/govulncheck-$(GOVULNCHECK)
goreleaser    := $(TOOLS)/goreleaser-$(GORELEASER)
cyclonedx     := $(TOOLS)/cyclonedx-gomod-$(CYCLONEDX)

# A test fails if something that THINGPRESS_REQUIRE names is missing: data, moto, moto-tests, awscli, sam, elasticmq, dynamodb-local,
# vulndb, chromium, cdk, terraform, awsiotsdk, awsiotpythonsdk, mqttjs, mosquitto, and of the producers 7zz, tar, gzip, openssl, python3,
# nrfcloud-utils and soffice.
comma    := ,
required := $(subst $(comma), ,$(THINGPRESS_REQUIRE))

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

# The first command of the README. go run is silent while it compiles.
.PHONY: try
try: ## import an example manifest into the embedded sandbox
	@echo 'compiling thingpress: about two minutes the first time, seconds after that'
	go run ./cmd/thingpress import --sandbox --policy sensors --thing-type sensor --attribute mac={mac} examples/espressif.csv

.PHONY: build
build: ## build bin/thingpress
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o bin/thingpress ./cmd/thingpress

# gotestsum prints a line as each package ends, and at the end every skip with its reason, every failure again, and
# "DONE n tests, n skipped, n failures". If it cannot be installed, plain go test runs the tests and does not list the skips.
define run-tests
	@$(MAKE) --silent --no-print-directory $(gotestsum) || echo 'gotestsum could not be installed: skips are not listed' >&2
	@if [ -x $(gotestsum) ]; then \
		$(1) $(gotestsum) --format pkgname-and-test-fails --format-hide-empty-pkg -- -timeout $(TEST_TIMEOUT) $(2); \
	else \
		$(1) go test -timeout $(TEST_TIMEOUT) $(2); \
	fi
endef

.PHONY: test
test: ## run the tests that need only Go, in three minutes on two cores
	@echo 'testing: three minutes on two cores, plus four minutes of compiling the first time'
	$(call run-tests,,$(PACKAGES))

# Slow tests with a single goroutine skip here (require.Race).
.PHONY: test-race
test-race: ## run the same tests with the race detector, which needs a C compiler
	@echo 'testing with the race detector: ten minutes on two cores, plus five minutes of compiling the first time'
	$(call run-tests,CGO_ENABLED=1,-race $(PACKAGES))

# The packages whose tests run another program that package require finds.
peers = $$(grep -rlE -e 'require\.(Moto|MotoTests|AWSCLI|StartAWS|SAM|CDK|Terraform|ElasticMQ|DynamoDBLocal|Java|Chromium)\b' \
	-e 'require\.(MQTTClient|Producer)\b' \
	-e 'dynamodbtest\.|^package require$$' --include='*_test.go' cmd internal manifest stack | xargs -n 1 dirname | sort -u | sed 's|^|./|')

.PHONY: test-peers
test-peers: venv moto-tests sam cdk jars mqtt-clients producers ## install other programs, such as moto, and run the tests with them
	@echo 'testing with other programs: five minutes on two cores'
	$(call run-tests,THINGPRESS_PEERS=1,$(peers))

# Simulated time, at the default quotas: the registry is computed, and every answer takes 40 ms.
.PHONY: test-scale
test-scale: ## measure how long verify takes for a million devices in accounts of a million and of twenty million
	@echo 'verifying a million devices in simulated time: five minutes'
	THINGPRESS_SCALE=1000000 go test -count 1 -timeout 60m -v -run VerifyOfAMillion ./internal/engine

# Runs the built functions against local servers, with short deadlines, crashes and repeated messages. Without the variable these
# tests skip. Another THINGPRESS_TEST_SEED gives another sequence of events.
.PHONY: test-stack
test-stack: venv jars ## run the test of the whole stack, which needs the same programs
	@echo 'testing the whole stack: five minutes on two cores'
	$(call run-tests,THINGPRESS_PEERS=1 THINGPRESS_TEST_STACK=1,-count 1 ./internal/testkit/integration)

.PHONY: test-kills
test-kills: ## kill undo and replace at a hundred random moments each, and compare the registry
	THINGPRESS_TEST_KILLS=100 go test -count 1 -timeout 30m -run Killed -v ./internal/cli/after

.PHONY: cost
cost: venv jars ## print what an import through the stack costs, as docs/cost.md has it
	THINGPRESS_PEERS=1 THINGPRESS_TEST_STACK=1 go test -count 1 -v -run '^TestCost$$' ./internal/testkit/integration

# In simulated time, so that the figure does not depend on the machine.
.PHONY: rate
rate: ## print which part of a quota of 100 calls/s two importers of the stack use
	THINGPRESS_TEST_RATE=1 go test -count 1 -v -run '^TestTwoImportersUseTheQuota' ./internal/stack/bring | grep -v '^===\|^ok\|^PASS'

# Each check is a target of its own, so that make --keep-going shows the findings of all of them.
lints := lint-format lint-modules lint-golangci lint-staticcheck lint-systems lint-vulnerabilities
.PHONY: lint $(lints)
lint: $(lints) ## check format, style, modules and known vulnerabilities

lint-format: $(gofumpt)
	@unformatted=$$($(gofumpt) -l $$(git ls-files --cached --others --exclude-standard '*.go')) || exit 1; \
	if [ -n "$$unformatted" ]; then printf 'gofumpt would change:\n%s\n' "$$unformatted"; exit 1; fi

lint-modules:
	go mod tidy -diff

lint-golangci: $(golangci-lint)
	$(golangci-lint) run ./...

lint-staticcheck: $(staticcheck)
	$(staticcheck) ./...

# go vet type-checks everything with its tests for the systems that nothing else here builds for. Linking every test for them would take
# ten minutes, so only the programs and the tests of what depends on the system or on the size of int are linked. Where it works,
# the tests of the public packages run on 32 bits. Skipped are those of microchip and infineon, which verify and unpack for minutes
# there (their vectors run in manifest/vendors), and a budget of processor time that was measured on 64 bits.
systems := windows/amd64 darwin/arm64 linux/386 linux/arm
linked  := ./manifest/... ./policy/... ./internal/filelock ./internal/ledger/sqlite ./internal/newfile
run386  := ./manifest ./manifest/container ./manifest/csv ./manifest/espressif ./manifest/generated ./manifest/vendors \
	./manifest/internal/... ./manifest/infineon/internal/... ./policy/... ./internal/plain ./internal/spool ./internal/newfile
lint-systems:
	@for system in $(systems); do \
		echo "go vet, go build and go test -exec true for $$system"; \
		export CGO_ENABLED=0 GOOS=$${system%/*} GOARCH=$${system#*/}; \
		go vet ./... || failed=yes; \
		go build -o /dev/null ./cmd/thingpress && go build -o /dev/null ./cmd/thingpress-lambda || failed=yes; \
		go test -vet=off -exec true $(linked) >/dev/null || failed=yes; \
	done; \
	unset GOOS GOARCH; \
	if [ "$$(go env GOHOSTOS)/$$(go env GOHOSTARCH)" = linux/amd64 ]; then \
		echo 'go test for linux/386'; \
		GOARCH=386 go test -vet=off -skip '^FuzzProcessorTime$$' $(run386) || failed=yes; \
	fi; \
	[ -z "$${failed:-}" ]

# Exit code 3 means that govulncheck found a vulnerability. Without a network it cannot read its default database.
lint-vulnerabilities: $(govulncheck)
	@if [ -d ../shared/vulndb ]; then \
		$(govulncheck) -db "file://$$(cd ../shared/vulndb && pwd -P)" ./...; \
	else \
		status=0; $(govulncheck) ./... || status=$$?; \
		if [ $$status = 3 ]; then exit 3; fi; \
		if [ $$status != 0 ]; then \
			echo 'vulnerabilities were not checked: the database could not be read' >&2; \
			[ -z '$(filter vulndb,$(required))' ]; \
		fi; \
	fi

# Both ways to deploy use this zip, and the CLI embeds the expanded template. The architecture must match the template's.
.PHONY: lambda
lambda: sam lambda-zip ## build dist/thingpress-lambda.zip, and expand stack/template.yaml
	$(SAM)/bin/python stack/expand.py stack/template.yaml >dist/expanded.json && mv dist/expanded.json stack/expanded.json

.PHONY: lambda-zip
lambda-zip:
	CGO_ENABLED=0 GOOS=linux GOARCH=arm64 go build -trimpath -tags lambda.norpc -ldflags '$(lambda-ldflags)' \
		-o dist/bootstrap ./cmd/thingpress-lambda
	echo '$(VERSION)' >dist/VERSION
	cd dist && go run github.com/aws/aws-lambda-go/cmd/build-lambda-zip -o thingpress-lambda.zip bootstrap VERSION

# goreleaser names the version. The flags are those in .goreleaser.yaml, so that the image has the programs of the archives.
VERSION ?= devel
COMMIT  ?=
DATE    ?= 1970-01-01T00:00:00Z
version := github.com/thingpress/thingpress/internal/cli/version
lambda-ldflags = -s -w -X github.com/thingpress/thingpress/internal/stack/lambda.version=$(VERSION)
ldflags := -s -w -X $(version).released=$(VERSION) -X $(version).commit=$(COMMIT) -X $(version).date=$(DATE)

.PHONY: image
image: lambda-zip ## build dist/thingpress-image.tar, a container image in OCI layout
	for arch in amd64 arm64; do \
		CGO_ENABLED=0 GOOS=linux GOARCH=$$arch go build -trimpath -ldflags '$(ldflags)' -o dist/image-$$arch ./cmd/thingpress; \
	done
	go run ./internal/image -version '$(VERSION)' -commit '$(COMMIT)' -date '$(DATE)' -code dist/thingpress-lambda.zip \
		-out dist/thingpress-image.tar linux/amd64=dist/image-amd64 linux/arm64=dist/image-arm64

# What archives and packages contain besides the program.
.PHONY: package-files
package-files: image licences
	go run -ldflags '$(ldflags)' ./cmd/thingpress stack template >dist/thingpress-template.json
	rm -rf dist/manual
	go run ./internal/cli/manual -version '$(VERSION)' -date '$(DATE)' dist/manual

.PHONY: snapshot
snapshot: $(goreleaser) $(cyclonedx) ## build everything that a release has into dist/release, and publish nothing
	@echo 'building for six platforms: one minute on two cores, plus ten minutes of compiling the first time'
	$(call run-goreleaser,--snapshot)

.PHONY: release
release: $(goreleaser) $(cyclonedx) ## build the tagged commit and upload it as a draft, with GITHUB_TOKEN set
	$(call run-goreleaser,)

define run-goreleaser
	@mkdir -p dist/tools && ln -sf '$(cyclonedx)' dist/tools/cyclonedx-gomod
	@export PATH="$(CURDIR)/dist/tools:$$PATH" COMMIT=$$(git rev-parse HEAD) EPOCH=$$(git log -1 --format=%ct); \
	export DATE=$$(TZ=UTC git log -1 --format=%cd --date=format-local:%Y-%m-%dT%H:%M:%SZ); \
	$(goreleaser) release --clean $(1)
endef

# Without the variable these tests skip. Installing the package for real needs root; without it, the test unpacks the package.
.PHONY: test-release
test-release: ## test what make snapshot built
	$(call run-tests,THINGPRESS_TEST_RELEASE=$(CURDIR)/dist/release,-count 1 ./internal/release)

.PHONY: licences
licences: ## write dist/LICENSES.txt, the licences of what is linked, for packages
	@mkdir -p dist
	go run ./internal/testkit/licences >dist/LICENSES.txt.new && mv dist/LICENSES.txt.new dist/LICENSES.txt

.PHONY: examples
examples: ## rewrite the manifests in examples/
	go test ./internal/material -run '^TestExamples' -update

.PHONY: bench
bench: ## measure imports against their limits; ROW=ceiling runs one row
	go run ./internal/testkit/bench -row '$(ROW)'

.PHONY: fuzz
fuzz: ## fuzz each decoder for FUZZTIME=60s
	@go test -list '^Fuzz' ./... | awk '/^Fuzz/ { names[++n] = $$1 } /^ok/ { for (i = 1; i <= n; i++) print $$2, names[i]; n = 0 }' | \
	while read -r package name; do \
		echo "$$package $$name"; \
		go test -run '^$$' -fuzz "^$$name$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x "$$package" </dev/null; \
	done

# Installs nothing if python3 already has the right moto and the aws command runs. If pip cannot install something, the tests that
# need it skip, or fail if THINGPRESS_REQUIRE names it.
.PHONY: venv
venv: ## install moto and the AWS CLI for test-peers, unless usable versions exist
	@set -f; moto='import moto.server, moto.iot.models, moto.cloudformation.parsing; raise SystemExit(moto.__version__ != "$(MOTO)")'; \
	want=; \
	if ! $(VENV)/bin/python -c "$$moto" 2>/dev/null && ! python3 -c "$$moto" 2>/dev/null; then want='moto[server,iot]==$(MOTO)'; fi; \
	if ! $(VENV)/bin/aws --version >/dev/null 2>&1 && ! aws --version >/dev/null 2>&1; then want="$$want awscli==$(AWSCLI)"; fi; \
	if [ -n "$$want" ]; then \
		echo "installing $$want into $(VENV): a minute or two, once"; \
		{ [ -x $(VENV)/bin/pip ] || python3 -m venv $(VENV); } && \
		$(VENV)/bin/pip install --quiet --retries 2 --disable-pip-version-check $$want || \
		echo "$$want could not be installed: tests that need it will skip or fail" >&2; \
	fi

# moto's own tests of AWS IoT come from its source distribution. The environment sees the packages of python3, so that pip installs
# only what is missing.
.PHONY: moto-tests
moto-tests: ## fetch moto's own tests for test-peers, unless they are present
	@want='moto[server,iot]==$(MOTO) pytest==$(PYTEST) freezegun==$(FREEZEGUN)'; \
	if [ "$$(cat $(MOTOTESTS)/installed 2>/dev/null)" != "$$want" ]; then \
		echo "installing the tests of moto $(MOTO) into $(MOTOTESTS): a minute, once"; \
		rm -rf $(MOTOTESTS) && python3 -m venv --system-site-packages $(MOTOTESTS) && \
		$(MOTOTESTS)/bin/pip install --quiet --retries 2 --disable-pip-version-check $$want && \
		$(MOTOTESTS)/bin/pip download --quiet --retries 2 --disable-pip-version-check --no-deps --no-binary moto \
			--dest $(MOTOTESTS)/source 'moto==$(MOTO)' && mkdir $(MOTOTESTS)/moto && \
		tar -xzf $(MOTOTESTS)/source/moto-$(MOTO).tar.gz -C $(MOTOTESTS)/moto --strip-components 1 \
			moto-$(MOTO)/tests/__init__.py moto-$(MOTO)/tests/conftest.py moto-$(MOTO)/tests/test_iot && \
		echo "$$want" >$(MOTOTESTS)/installed || \
		echo 'moto and its tests could not be installed: the test that runs them will skip or fail' >&2; \
	fi

# The SAM CLI, its translator and cfn-lint check and expand the template.
.PHONY: sam
sam: ## install the SAM CLI and cfn-lint, unless they are installed
	@want='aws-sam-cli==$(SAMCLI) aws-sam-translator==$(SAMTRANSLATOR) cfn-lint==$(CFNLINT)'; \
	if [ "$$(cat $(SAM)/installed 2>/dev/null)" != "$$want" ]; then \
		echo "installing $$want into $(SAM): a minute or two, once"; \
		{ [ -x $(SAM)/bin/pip ] || python3 -m venv $(SAM); } && \
		$(SAM)/bin/pip install --quiet --retries 2 --disable-pip-version-check $$want && echo "$$want" >$(SAM)/installed || \
		echo "$$want could not be installed: tests that need it will skip or fail" >&2; \
	fi

# The AWS CDK synthesizes examples/cdk. Without npm, the test that needs it skips, or fails if THINGPRESS_REQUIRE names it.
.PHONY: cdk
cdk: ## install the AWS CDK, unless it is installed
	@want='aws-cdk@$(CDK) aws-cdk-lib@$(CDKLIB) constructs@$(CONSTRUCTS)'; \
	if [ "$$(cat $(TOOLS)/cdk/installed 2>/dev/null)" != "$$want" ]; then \
		echo "installing $$want into $(TOOLS)/cdk: half a minute, once"; \
		mkdir -p $(TOOLS)/cdk && npm install --prefix $(TOOLS)/cdk --silent --no-audit --no-fund --no-save $$want && \
		echo "$$want" >$(TOOLS)/cdk/installed || \
		echo "$$want could not be installed: the test that needs it will skip or fail" >&2; \
	fi

# The clients that devices and operators use. mosquitto_pub and mosquitto_sub come from the system's packages, which only root can
# install, and in the system's version.
.PHONY: mqtt-clients
mqtt-clients: ## install the MQTT clients that the sandbox's broker is tested with, unless they are installed
	@want='awsiotsdk==$(AWSIOTSDK) AWSIoTPythonSDK==$(IOTPYTHONSDK)'; \
	if [ "$$(cat $(MQTT)/installed 2>/dev/null)" != "$$want" ]; then \
		echo "installing $$want into $(MQTT): half a minute, once"; \
		rm -rf $(MQTT) && python3 -m venv $(MQTT) && \
		$(MQTT)/bin/pip install --quiet --retries 2 --disable-pip-version-check $$want && echo "$$want" >$(MQTT)/installed || \
		echo "$$want could not be installed: the test that needs it will skip or fail" >&2; \
	fi; \
	want='mqtt@$(MQTTJS)'; \
	if [ "$$(cat $(TOOLS)/mqttjs/installed 2>/dev/null)" != "$$want" ]; then \
		echo "installing $$want into $(TOOLS)/mqttjs: some seconds, once"; \
		mkdir -p $(TOOLS)/mqttjs && npm install --prefix $(TOOLS)/mqttjs --silent --no-audit --no-fund --no-save $$want && \
		echo "$$want" >$(TOOLS)/mqttjs/installed || \
		echo "$$want could not be installed: the test that needs it will skip or fail" >&2; \
	fi; \
	if ! command -v mosquitto_pub >/dev/null && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo 'installing mosquitto-clients: some seconds, once'; \
		apt-get -qq update && apt-get -qq install --no-install-recommends -y mosquitto-clients >/dev/null || \
		echo 'mosquitto-clients could not be installed: the test that needs it will skip or fail' >&2; \
	fi

# The programs that write what the decoders read. GNU tar, gzip and OpenSSL are there, LibreOffice is used if it is installed, and 7-Zip
# comes from the system's packages, which only root can install, in the system's version.
.PHONY: producers
producers: ## install the programs that write manifests for test-peers, unless they are installed
	@want='nrfcloud-utils==$(NRFCLOUDUTILS)'; \
	if [ "$$(cat $(PRODUCERS)/installed 2>/dev/null)" != "$$want" ]; then \
		echo "installing $$want into $(PRODUCERS): half a minute, once"; \
		rm -rf $(PRODUCERS) && python3 -m venv $(PRODUCERS) && \
		$(PRODUCERS)/bin/pip install --quiet --retries 2 --disable-pip-version-check $$want && echo "$$want" >$(PRODUCERS)/installed || \
		echo "$$want could not be installed: the test that needs it will skip or fail" >&2; \
	fi; \
	if ! command -v 7zz >/dev/null && ! command -v 7z >/dev/null && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo 'installing 7zip: some seconds, once'; \
		apt-get -qq update && apt-get -qq install --no-install-recommends -y 7zip >/dev/null || \
		echo '7zip could not be installed: the test that needs it will skip or fail' >&2; \
	fi

# Each pom.xml names a Java program. SHA256SUMS next to it lists every file, and the tests verify the sums before they run the
# program. If Maven cannot fetch it, the tests that need it skip, or fail if THINGPRESS_REQUIRE names it.
.PHONY: jars
jars: ## fetch ElasticMQ and DynamoDB Local for test-peers, unless they are present
	@for pom in internal/testkit/require/jars/*/pom.xml; do \
		name=$$(basename "$$(dirname "$$pom")"); to=$(CURDIR)/.tools/jars/$$name; missing=; \
		while read -r sum file; do [ -f "$$to/$$file" ] || missing=yes; done < "$$(dirname "$$pom")/SHA256SUMS"; \
		[ -n "$$missing" ] || continue; \
		echo "fetching $$name into .tools/jars: a minute or two, once"; \
		mvn --batch-mode --quiet --file "$$pom" org.apache.maven.plugins:maven-dependency-plugin:$(MAVEN_COPY):copy-dependencies \
			-DoutputDirectory="$$to" -DoverWriteReleases=true || \
		echo "$$name could not be fetched: tests that need it will skip or fail" >&2; \
	done

.PHONY: tools
tools: $(gotestsum) $(gofumpt) $(golangci-lint) $(staticcheck) $(govulncheck) ## install the tools of test and lint into .tools

# Only releases need these two, which take minutes to compile.
$(goreleaser):
	$(call install,github.com/goreleaser/goreleaser/v2@$(GORELEASER),goreleaser)

$(cyclonedx):
	$(call install,github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@$(CYCLONEDX),cyclonedx-gomod)

define install
	@echo 'installing $(notdir $@): a minute or two, once'
	@mkdir -p $(TOOLS)/new
	@GOBIN=$(TOOLS)/new go install $(1) 2>$@.log || { cat $@.log >&2; exit 1; }
	@mv $(TOOLS)/new/$(2) $@ && rm $@.log
endef

$(gotestsum):
	$(call install,gotest.tools/gotestsum@$(GOTESTSUM),gotestsum)

$(gofumpt):
	$(call install,mvdan.cc/gofumpt@$(GOFUMPT),gofumpt)

$(golangci-lint):
	$(call install,github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT),golangci-lint)

$(staticcheck):
	$(call install,honnef.co/go/tools/cmd/staticcheck@$(STATICCHECK),staticcheck)

$(govulncheck):
	$(call install,golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK),govulncheck)

# The sandbox checks requests against the service model that AWS publishes in botocore. The compiled table is committed, so that a
# build does not need botocore.
.PHONY: model
model: ## compile AWS's service model into the table of the sandbox
	@dir=$(TOOLS)/botocore-$(BOTOCORE); \
	[ -d $$dir/botocore ] || { python3 -m pip download --quiet --disable-pip-version-check --no-deps --dest $$dir botocore==$(BOTOCORE) && \
		python3 -m zipfile -e $$dir/botocore-*.whl $$dir; } && \
	IOT_MODEL=$$dir/botocore/data/iot/2015-05-28/service-2.json.gz \
		IOT_DATA_MODEL=$$dir/botocore/data/iot-data/2015-05-28/service-2.json.gz BOTOCORE_VERSION=$(BOTOCORE) go generate ./internal/sandbox/model
