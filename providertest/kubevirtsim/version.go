package kubevirtsim

import (
	"slices"

	"github.com/kv-shepherd/shepherd-go/capability"
	"github.com/kv-shepherd/shepherd-go/domain"
)

// version is what the server is, as far as its behaviour goes by it.
type version struct {
	text  string // as 1.9.0
	minor capability.Version
	gates []string
}

// oldest is the first minor whose behaviour is known well enough.
var oldest = capability.Version{Major: 1, Minor: 3}

func versionOf(opts Options) (version, error) {
	v := version{text: opts.Version}
	if v.text == "" {
		v.text = capability.Newest().String() + ".0"
	}
	var err error
	if v.minor, err = capability.ParseVersion(v.text); err != nil {
		return v, err
	}
	if v.minor.Before(oldest) || !v.minor.Known() {
		return v, &domain.Error{Code: domain.CodeInvalidOption, Params: domain.Params{domain.ParamField: "version"},
			Fields: []domain.FieldError{{Field: "version", Reason: domain.FieldNotSupported, Detail: "1.3 to 1.9 are"}}}
	}
	v.gates, _ = capability.FeatureGates(v.minor, opts.FeatureGates, opts.DisabledFeatureGates)
	return v, nil
}

// since says whether the version is 1.minor or later.
func (v version) since(minor int) bool {
	return !v.minor.Before(capability.Version{Major: 1, Minor: minor})
}

// gate says whether a feature gate is in effect.
func (v version) gate(name string) bool { return slices.Contains(v.gates, name) }

// liveUpdates says whether a running VM takes more memory and sockets: vmRolloutStrategy is Stage up to 1.5 and
// LiveUpdate from 1.6 where nothing is set (virt-config.go:93 of v1.5.3 and v1.6.6).
func (v version) liveUpdates() bool { return v.since(6) }
