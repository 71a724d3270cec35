package capability

import (
	_ "embed" // gates.csv
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// GateState is how far a feature gate is in one minor version.
type GateState string

// The states. An unregistered gate that its code reads counts as alpha, one that its code calls deprecated because it is
// always on as GA.
const (
	GateAbsent       GateState = "absent"
	GateAlpha        GateState = "Alpha"
	GateBeta         GateState = "Beta"
	GateGA           GateState = "GA"
	GateDeprecated   GateState = "Deprecated"
	GateDiscontinued GateState = "Discontinued"
)

// Gate is what one minor version makes of a feature gate.
type Gate struct {
	Name    string
	Version Version
	State   GateState
	// Default says whether it is in effect without being named anywhere.
	Default bool
	// Listing says whether it is in effect once it is named in featureGates.
	Listing bool
	// Disabling says whether naming it in disabledFeatureGates, and not in featureGates, takes it out of effect.
	Disabling bool
	// Note tells what else decides: a field of the configuration, a reader that is gone.
	Note string
	// Evidence is the place in KubeVirt's source, as file:line@tag.
	Evidence string
}

//go:embed gates.csv
var gatesCSV string

// table is gates.csv, read once.
var table = sync.OnceValue(func() map[Version][]Gate {
	rows, err := csv.NewReader(strings.NewReader(gatesCSV)).ReadAll()
	if err != nil {
		panic(fmt.Sprintf("gates.csv: %v", err)) // it is compiled in, and tested
	}
	gates := map[Version][]Gate{}
	for _, row := range rows[1:] {
		g := gateOf(row)
		gates[g.Version] = append(gates[g.Version], g)
	}
	return gates
})

// gateOf reads a row: gate, minor, state, default_enabled, listed_effect, state_basis, first_patch, note, evidence.
func gateOf(row []string) Gate {
	v, err := ParseVersion(row[1])
	if err != nil {
		panic(fmt.Sprintf("gates.csv: %v", err))
	}
	g := Gate{Name: row[0], Version: v, State: GateState(row[2]), Default: row[3] == "true", Note: row[7], Evidence: row[8]}
	g.Listing = g.Default || row[4] == "on"
	// disabledFeatureGates exists since 1.8 and is read since 1.9, where it can only turn a Beta gate off
	// (featuregate/feature-gates.go:91@v1.9.0).
	g.Disabling = g.State == GateBeta && !v.Before(Version{1, 9})
	return g
}

// Gates returns a copy of the table's rows for one version, by name; none for a version that it does not know.
func Gates(v Version) []Gate { return slices.Clone(table()[v]) }

// FeatureGates returns the gates that are in effect, by name, for a version and the two lists of its configuration
// (spec.configuration.developerConfiguration.featureGates and .disabledFeatureGates of the KubeVirt object). Names that
// the version does not know have no effect, as on a cluster. A version that the table does not know has no answer: nil
// and false.
//
// A gate in both lists is on, as KubeVirt has it. What a field of the configuration decides besides, [Gate.Note] tells.
func FeatureGates(v Version, listed, disabled []string) (names []string, known bool) {
	gates, known := table()[v]
	names = []string{}
	for _, g := range gates {
		on := g.Default
		switch {
		case slices.Contains(listed, g.Name):
			on = g.Listing
		case slices.Contains(disabled, g.Name):
			on = g.Default && !g.Disabling
		}
		if on {
			names = append(names, g.Name)
		}
	}
	if !known {
		return nil, false
	}
	return names, true
}
