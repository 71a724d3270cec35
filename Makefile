# Each target is what CI runs; each is ordinary go commands.
.PHONY: test race lint e2e bench generate fmt ci

test:
	go test ./...

race:
	go test -race ./...

lint:
	go tool -modfile=tools/go.mod golangci-lint run ./...
	cd bench && go tool -modfile=../tools/go.mod golangci-lint run ./...

e2e:
	cd e2e && go test -p 1 -timeout 20m ./...

bench:
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
