package main

import (
	"context"
	"sync/atomic"
)

// contender keeps the VMs of one cluster.
type contender interface {
	// follow begins to follow the cluster at an address, and tells of every change by told; it returns once the whole
	// set is there and was told. What it started ends with ctx.
	follow(ctx context.Context, host string, told *tally) error
	// gets are what reads one VM out of the cache: as a value that the caller owns, and as the cache has it. Nil where
	// nobody asks.
	gets() (vm, shared func(namespace, name string) error)
}

// tally counts what the callback of a contender was told.
type tally struct{ calls, modified atomic.Int64 }

// variant is one way to follow a cluster.
type variant struct {
	name string // as the figures call it
	what string // as the table does
	ours bool
	make func() contender
	// environment of its process.
	environment []string
}

// watchListOn is client-go's own switch for the initial set as a stream, which it has off by default in this version.
const watchListOn = "KUBE_FEATURE_WatchListClient=true"

func variants() []variant {
	return []variant{
		{name: "shepherd", what: "shepherd-go", ours: true, make: func() contender { return &fleet{} }},
		{name: "informers", what: "informers", make: func() contender { return &informers{} }},
		{name: "informers_stripped", what: "informers, managedFields stripped", make: func() contender { return &informers{strip: true} }},
		{
			name: "informers_stripped_watchlist", what: "informers, stripped, watch-list",
			make: func() contender { return &informers{strip: true} }, environment: []string{watchListOn},
		},
		{name: "runtime", what: "controller-runtime", make: func() contender { return &runtimeCache{} }},
		{name: "runtime_stripped", what: "controller-runtime, stripped", make: func() contender { return &runtimeCache{strip: true} }},
	}
}
