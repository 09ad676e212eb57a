# make check is what every change passes; the rest takes longer or measures.
GO     ?= go
TESTS  ?= ./...
# Such as -p 1: a package at a time, for what measures time or starts programs.
TESTFLAGS ?=
# The packages of Debian that the tests drive: verifiers, clients, a scanner and
# a mail server that nobody here wrote.
TOOLS  := xmllint:libxml2-utils xmlsec1:xmlsec1 openssl:openssl swaks:swaks clamd:clamav-daemon python3:python3 postfix:postfix chromium:chromium ldapsearch:ldap-utils \
	/usr/lib/python3/dist-packages/ldap3/__init__.py:python3-ldap3 /usr/share/fonts/truetype/dejavu/DejaVuSerif.ttf:fonts-dejavu-core \
	softhsm2-util:softhsm2 pkcs11-tool:opensc script:bsdutils thunderbird:thunderbird certutil:libnss3-tools mbsync:isync offlineimap:offlineimap3 curl:curl neomutt:neomutt pdftotext:poppler-utils zbarimg:zbar-tools unzip:unzip node:nodejs /usr/lib/python3/dist-packages/zeep/__init__.py:python3-zeep

.PHONY: cross check tools format vet staticcheck test requirements generated build race fuzz conformance survival bench profile upgrade

check: tools format vet staticcheck test generated

# A missing tool makes a test fail, so that it is installed here when it can be.
tools:
	@scripts/install-tools $(TOOLS)

format:
	@out=$$(gofmt -l $$(git ls-files '*.go')); test -z "$$out" || { echo "gofmt these files:"; echo "$$out"; exit 1; }

vet:
	$(GO) vet ./...

staticcheck:
	$(GO) tool staticcheck ./...

test:
	$(GO) test -timeout 60m $(TESTFLAGS) $(TESTS)

# Joins docs/requirements with code and tests, both ways.
requirements:
	$(GO) test -run 'TestRequirements' -v .

# Generated files are fresh.
generated:
	$(GO) generate ./...
	@git diff --exit-code --stat -- docs || { echo "generated files are stale: commit what go generate wrote"; exit 1; }

build:
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/ ./cmd/...

# The signer's program for the computers that people have.
SYSTEMS := linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64
cross:
	@for s in $(SYSTEMS); do \
		os=$${s%/*}; arch=$${s#*/}; out=bin/cross/remsign-$$os-$$arch; test $$os != windows || out=$$out.exe; \
		CGO_ENABLED=0 GOOS=$$os GOARCH=$$arch $(GO) build -trimpath -o $$out ./cmd/remsign && echo $$out || exit 1; \
	done

race:
	$(GO) test -race -timeout 40m $(TESTS)

# One short turn of every fuzz target. FUZZTIME=10m for a campaign.
FUZZTIME ?= 10s
fuzz:
	@scripts/fuzz $(FUZZTIME)

# Whole scenarios with the real binaries, and the long forms of the samples.
conformance:
	REM_LONG=1 $(GO) test -timeout 60m -count=1 ./conformance/...

# Every write, sign, stamp and dial fails once, in both ways; and SIGKILL.
survival:
	REM_LONG=1 $(GO) test -timeout 60m -count=1 -run 'Survival' -v ./conformance/...

bench:
	$(GO) test -run '^$$' -bench . -benchmem ./...

# What the compiler knows of a provider under load (docs/decisions/0012). Take it
# on a quiet machine.
profile:
	@work=$$(mktemp -d) && $(GO) build -trimpath -pgo=off -o $$work/remload ./cmd/remload && mkdir $$work/exchange $$work/submit && \
	$$work/remload exchange --sessions 64 --rounds 1 --alone --profile $$work/exchange && \
	$$work/remload submit --hold --rounds 1 --alone --profile $$work/submit && \
	$(GO) tool pprof -proto $$work/exchange/*.pprof $$work/submit/*.pprof > $$work/all && \
	gunzip -c $$work/all | perl -pe 's{\Q'$$work'\E/remload}{"-" x length $$&}ge' | gzip -9n > cmd/remd/default.pgo && rm -r $$work

# Opens the data of every release.
upgrade:
	$(GO) test -run 'Frozen' ./...
