# Everything here is also one plain command; `make help` lists the targets.

.PHONY: help demo test race vet cross fuzz bench interop databases python ci

help: ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

demo: ## a page to log in on, with a provider of each protocol
	go run ./registry/demo

test: ## all tests; needs nothing but Go
	go test ./...

race: ## all tests under the race detector; needs a C compiler
	go test -race ./...

vet: ## gofmt and go vet
	@test -z "$$(gofmt -l .)" || { gofmt -l .; exit 1; }
	go vet ./...

cross: ## build for every platform that is promised
	@for p in linux/amd64 windows/amd64 darwin/arm64 js/wasm wasip1/wasm; do \
		echo "build $$p"; GOOS=$${p%/*} GOARCH=$${p#*/} go build ./... || exit 1; done

# To make short what was found takes up to a minute each time unless it is limited.
FUZZTIME ?= 2m
fuzz: ## every fuzz target, FUZZTIME=2m each
	@for pkg in $$(go list ./...); do \
		for f in $$(go test -list '^Fuzz' $$pkg | grep '^Fuzz'); do \
			echo "$$pkg $$f"; go test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) \
				-fuzzminimizetime 1000x $$pkg || exit 1; done; done

bench: ## jose, oauth1, oauth2 and oidc beside other libraries, and their targets; needs the Go module proxy
	cd testdata/bench && go test -count=1 ./... && go run .

interop: databases python ## real providers, clients, SDKs and databases; needs Node.js, npm and the Go module proxy
	cd testdata/interop && npm ci --ignore-scripts && go test -count=1 -v ./...

databases: # installed as root of a Debian; the tests start their own servers, and skip what is missing
	@command -v mariadbd >/dev/null && command -v redis-server >/dev/null && \
		ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || \
		{ [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && \
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
		postgresql mariadb-server redis-server >/dev/null; } || \
		echo "SKIP databases: apt-get install -y --no-install-recommends postgresql mariadb-server redis-server"

python: # into a directory, for a Debian may not make virtual environments; the tests skip what is missing
	@cd testdata/interop && python3 -m pip install -q --upgrade --require-hashes \
		--target python_modules -r requirements.txt || \
		echo "SKIP Authlib: needs PyPI and pip: apt-get install -y python3-pip && make python"

ci: ## what has to pass before a change lands
	bash .ci/run
