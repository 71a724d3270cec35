package provider

import (
	"context"
	"slices"
)

// reads are the methods that change nothing on a cluster.
var reads = []Op{
	OpGetVM, OpListVMs, OpWatchVMs, OpValidateVM, OpGetMigration, OpListMigrations,
	OpGetInstanceType, OpListInstanceTypes, OpGetPreference, OpListPreferences,
}

// IsRead says whether a method changes nothing on a cluster. A method that this version does not know is not a read.
func IsRead(op Op) bool { return slices.Contains(reads, op) }

type pastGateKey struct{}

// PastGate returns a context whose writes pass a write gate that is closed: an operator who knows what a cluster looks
// like acts on it although its watcher does not. It does not open a gate that is closed because another cluster answers.
func PastGate(ctx context.Context) context.Context {
	return context.WithValue(ctx, pastGateKey{}, true)
}

// IsPastGate says whether a context is one of [PastGate].
func IsPastGate(ctx context.Context) bool {
	past, _ := ctx.Value(pastGateKey{}).(bool)
	return past
}
