package capability

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kv-shepherd/shepherd-go/domain"
)

func TestTableIsWhole(t *testing.T) {
	const gates = 85
	for minor := Oldest().Minor; minor <= Newest().Minor; minor++ {
		rows := Gates(Version{1, minor})
		if len(rows) != gates {
			t.Errorf("1.%d has %d gates, want %d", minor, len(rows), gates)
		}
		for n, g := range rows {
			if n > 0 && rows[n-1].Name >= g.Name {
				t.Errorf("1.%d: %s after %s", minor, g.Name, rows[n-1].Name)
			}
			switch g.State {
			case GateAbsent:
				if g.Default || g.Listing || g.Disabling {
					t.Errorf("1.%d: %s does not exist and is on", minor, g.Name)
				}
			case GateAlpha, GateBeta, GateGA, GateDeprecated, GateDiscontinued:
				if g.Evidence == "" {
					t.Errorf("1.%d: %s has no evidence", minor, g.Name)
				}
			default:
				t.Errorf("1.%d: %s is %q", minor, g.Name, g.State)
			}
		}
	}
}

// TestGatesAreACopy: nobody may change the table.
func TestGatesAreACopy(t *testing.T) {
	Gates(Newest())[0].Name = "changed"
	if Gates(Newest())[0].Name == "changed" {
		t.Error("the table was changed from outside")
	}
}

func TestFeatureGates(t *testing.T) {
	for why, c := range map[string]struct {
		version          Version
		listed, disabled []string
		gate             string
		want             bool
	}{
		"GA is on":                                            {Version{1, 3}, nil, nil, "LiveMigration", true},
		"alpha is off":                                        {Version{1, 9}, nil, nil, "IncrementalBackup", false},
		"alpha is on when listed":                             {Version{1, 9}, []string{"IncrementalBackup"}, nil, "IncrementalBackup", true},
		"beta is off up to 1.8":                               {Version{1, 8}, nil, nil, "Snapshot", false},
		"beta is on from 1.9":                                 {Version{1, 9}, nil, nil, "Snapshot", true},
		"1.9 can disable a beta gate":                         {Version{1, 9}, nil, []string{"Snapshot"}, "Snapshot", false},
		"1.9 cannot disable a GA gate":                        {Version{1, 9}, nil, []string{"VMExport"}, "VMExport", true},
		"1.8 reads no disabled list":                          {Version{1, 8}, []string{"Snapshot"}, []string{"Snapshot"}, "Snapshot", true},
		"listed wins over disabled":                           {Version{1, 9}, []string{"Snapshot"}, []string{"Snapshot"}, "Snapshot", true},
		"deprecated is off unless listed":                     {Version{1, 9}, nil, nil, "HotplugVolumes", false},
		"deprecated is on when listed":                        {Version{1, 9}, []string{"HotplugVolumes"}, nil, "HotplugVolumes", true},
		"deprecated without a reader is always on":            {Version{1, 9}, nil, nil, "MultiArchitecture", true},
		"discontinued stays off though it is listed":          {Version{1, 5}, []string{"Macvtap"}, nil, "Macvtap", false},
		"GA that a configuration field decides":               {Version{1, 9}, []string{"ClusterProfiler"}, nil, "ClusterProfiler", false},
		"GA that must be listed all the same":                 {Version{1, 6}, []string{"ClusterProfiler"}, nil, "ClusterProfiler", true},
		"a gate of a later version":                           {Version{1, 6}, []string{"IncrementalBackup"}, nil, "IncrementalBackup", false},
		"a misspelt gate":                                     {Version{1, 9}, []string{"snapshot"}, nil, "snapshot", false},
		"beta that no code of its version reads is always on": {Version{1, 5}, nil, nil, "InstancetypeReferencePolicy", true},
	} {
		names, known := FeatureGates(c.version, c.listed, c.disabled)
		if got := slices.Contains(names, c.gate); got != c.want || !known {
			t.Errorf("%s: %s on %s is %t (known %t), want %t", why, c.gate, c.version, got, known, c.want)
		}
	}
	// The 16 of 1.9 as KubeVirt itself was seen to evaluate them.
	var beta []string
	for _, g := range Gates(Newest()) {
		if g.State == GateBeta {
			beta = append(beta, g.Name)
		}
	}
	with, _ := FeatureGates(Newest(), nil, nil)
	without, _ := FeatureGates(Newest(), nil, beta)
	if diff := cmp.Diff(16, len(with)-len(without)); diff != "" {
		t.Errorf("beta gates of 1.9 (-want +got):\n%s", diff)
	}
	if names, known := FeatureGates(Version{2, 0}, nil, nil); known || names != nil {
		t.Errorf("a version of the future: %v, %t", names, known)
	}
}

func TestParseVersion(t *testing.T) {
	for text, want := range map[string]Version{
		"1.9": {1, 9}, "1.9.0": {1, 9}, "v1.3.1": {1, 3}, "v1.10.0": {1, 10}, "v1.9.0-rc.1": {1, 9}, "v1.9-rc": {1, 9},
		"v1.9.0-1+0a1b2c-dirty": {1, 9},
	} {
		if got, err := ParseVersion(text); err != nil || got != want {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "latest", "v", "1", "v1", "1.", ".9", "v0.0.0-master+$Format:%h$", "1.x", "-1.9", "1.-9", "+1.9", "1.99999999"} {
		if got, err := ParseVersion(text); domain.CodeOf(err) != domain.CodeInvalidOption {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}

func FuzzParseVersion(f *testing.F) {
	f.Add("v1.9.0")
	f.Fuzz(func(t *testing.T, text string) {
		if v, err := ParseVersion(text); err == nil && (v.Major < 1 || v.Minor < 0) {
			t.Errorf("%q is %v", text, v)
		}
	})
}
