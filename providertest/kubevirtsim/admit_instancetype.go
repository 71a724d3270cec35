package kubevirtsim

import (
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	instancetypev1 "kubevirt.io/api/instancetype/v1beta1"

	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim/internal/rest"
)

// validateInstancetype is the validating webhook for instance types of either scope (pkg/instancetype/webhooks/admitter.go
// of KubeVirt v1.9.0).
func (s *Server) validateInstancetype(w *rest.Write) error {
	webhook := strings.ToLower(w.Resource.Kind) + "-validator.instancetype.kubevirt.io"
	if err := checkCRD(w, instancetypev1.VirtualMachineInstancetype{}); err != nil {
		return err
	}
	kind, f := &instancetypev1.VirtualMachineInstancetype{}, &findings{}
	if err := into(w.Object, kind); err != nil {
		return failed(webhook, err)
	}
	at, memory := field.NewPath("spec", "memory", "overcommitPercent"), kind.Spec.Memory
	if memory.OvercommitPercent < 0 || memory.OvercommitPercent > 100 { // the CRD has the bounds as well, and comes first
		return apierrors.NewInvalid(schema.GroupKind{Group: w.Resource.Group, Kind: w.Resource.Kind}, w.Object.GetName(),
			field.ErrorList{field.Invalid(at, memory.OvercommitPercent, at.String()+" in body should be between 0 and 100")})
	}
	if memory.OvercommitPercent != 0 && memory.Hugepages != nil {
		f.invalid(at, "%s and %s should not be requested together.", at, field.NewPath("spec", "memory", "hugepages"))
	}
	if len(f.causes) == 0 && kind.Spec.LaunchSecurity != nil && s.version.since(9) {
		w.Warn("launchSecurity is deprecated and will be removed in a future release. Use preference instead.")
	}
	return f.refusal(webhook)
}

// The topologies that a preference may prefer; the deprecated ones come with the names that replaced them.
var (
	topologies = []instancetypev1.PreferredCPUTopology{instancetypev1.Sockets, instancetypev1.Cores, instancetypev1.Threads,
		instancetypev1.Spread, instancetypev1.Any}
	deprecatedTopologies = map[instancetypev1.PreferredCPUTopology]instancetypev1.PreferredCPUTopology{
		instancetypev1.DeprecatedPreferSockets: instancetypev1.Sockets,
		instancetypev1.DeprecatedPreferCores:   instancetypev1.Cores,
		instancetypev1.DeprecatedPreferThreads: instancetypev1.Threads,
		instancetypev1.DeprecatedPreferSpread:  instancetypev1.Spread,
		instancetypev1.DeprecatedPreferAny:     instancetypev1.Any,
	}
)

// validatePreference is the validating webhook for preferences of either scope (pkg/instancetype/preference/webhooks).
func (s *Server) validatePreference(w *rest.Write) error {
	webhook := strings.ToLower(w.Resource.Kind) + "-validator.instancetype.kubevirt.io"
	if err := checkCRD(w, instancetypev1.VirtualMachinePreference{}); err != nil {
		return err
	}
	preference, f := &instancetypev1.VirtualMachinePreference{}, &findings{}
	if err := into(w.Object, preference); err != nil {
		return failed(webhook, err)
	}
	cpu := preference.Spec.CPU
	if cpu == nil || cpu.PreferredCPUTopology == nil {
		return nil
	}
	topology, at := *cpu.PreferredCPUTopology, field.NewPath("spec", "cpu")
	instead, deprecated := deprecatedTopologies[topology]
	if !deprecated && !slices.Contains(topologies, topology) {
		f.invalid(at.Child("preferredCPUTopology"), "unknown preferredCPUTopology %s", topology)
	}
	if topology == instancetypev1.Spread || instead == instancetypev1.Spread {
		checkSpreadOptions(f, at.Child("spreadOptions"), &preference.Spec)
	}
	if len(f.causes) == 0 && deprecated {
		w.Warn("PreferredCPUTopology " + string(topology) + " is deprecated for removal in a future release, please use " + string(instead) + " instead")
	}
	return f.refusal(webhook)
}

func checkSpreadOptions(f *findings, at *field.Path, spec *instancetypev1.VirtualMachinePreferenceSpec) {
	ratio, across := spreadOf(spec)
	switch {
	case !slices.Contains([]instancetypev1.SpreadAcross{instancetypev1.SpreadAcrossCoresThreads, instancetypev1.SpreadAcrossSocketsCores,
		instancetypev1.SpreadAcrossSocketsCoresThreads}, across):
		f.invalid(at.Child("across"), "across %s is not supported", across)
	case across == instancetypev1.SpreadAcrossCoresThreads && ratio != 2:
		f.invalid(at.Child("ratio"), "only a ratio of 2 (1 core 2 threads) is allowed when spreading vCPUs over cores and threads")
	}
}
