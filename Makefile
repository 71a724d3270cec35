# Each target is ordinary go commands. What CI runs is .ci/run, by `make ci`.
.PHONY: test race lint e2e bench bench-million load soak microbench generate fmt ci

test:
	go test ./...

race:
	go test -race ./...

lint:
	go tool -modfile=tools/go.mod golangci-lint run ./...
	cd bench && go tool -modfile=../tools/go.mod golangci-lint run ./...

e2e:
	cd e2e && go test -p 1 -timeout 20m ./...

# The race against client-go's informers and controller-runtime's cache, for an otherwise idle machine: under 10 minutes.
bench:
	cd bench && go run ./race

# This library alone with a million VMs, into the figures of the last race.
bench-million:
	cd bench && go run ./race -million

# A fleet of 100 clusters with 1,000 VMs each under events: about 5 minutes.
load:
	cd bench && go run ./load

# Chaos over the wire, 5,000 rounds, and then an hour of events on 20 clusters with 1,000 VMs each.
SOAK ?= 60m
soak:
	go test ./provider/kubevirt -run 'TestChaos$$' -timeout 0 -args -rounds 5000
	cd bench && go run ./load -clusters 20 -sustained $(SOAK) -rate 1000 -burst 2500 -report ''

microbench:
	go test -run '^$$' -bench . -benchmem ./...

generate:
	go test ./domain -run 'TestPublished' -update
	go tool -modfile=tools/go.mod mockgen -typed -write_package_comment=false -package providermock \
		-destination provider/providermock/providermock.go github.com/kv-shepherd/shepherd-go/provider \
		VMReader,VMWatcher,VMWriter,Power,Rebooter,Migrator,InstanceTypes,VMFollower,PowerReader,Provider

fmt:
	gofmt -w .

ci:
	bash .ci/run
