package kubevirtsim

import (
	"encoding/json"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	kubevirtv1 "kubevirt.io/api/core/v1"

	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim/internal/rest"
)

// resolve finds what a VM names in the catalogues, and notes the revision that it will be made of, or why there can be no
// instance (pkg/instancetype/controller/vm and pkg/instancetype/revision of KubeVirt v1.9.0).
func (c *controller) resolve(g *guest, vm *kubevirtv1.VirtualMachine) {
	g.failure = condition{}
	if g.instanceType == nil {
		g.instanceType = vm.Status.InstancetypeRef
	}
	if g.preference == nil {
		g.preference = vm.Status.PreferenceRef
	}
	var err error
	if g.instanceType, err = c.revise(vm, matcherOf(vm.Spec.Instancetype), "InstancetypeMatcher", instancetypeResource, g.instanceType); err != nil {
		g.failure = condition{string(kubevirtv1.VirtualMachineFailure), "True", "FailedFindInstancetype", err.Error()}
		return
	}
	if g.preference, err = c.revise(vm, preferenceMatcherOf(vm.Spec.Preference), "PreferenceMatcher", preferenceResource, g.preference); err != nil {
		g.failure = condition{string(kubevirtv1.VirtualMachineFailure), "True", "FailedFindPreference", err.Error()}
	}
}

// revise keeps the reference that a VM has, whatever becomes of what it refers to, until the VM names something else.
func (c *controller) revise(vm *kubevirtv1.VirtualMachine, m *matcher, what string, resourceOf func(string) (schema.GroupResource, bool),
	before *kubevirtv1.InstancetypeStatusRef,
) (*kubevirtv1.InstancetypeStatusRef, error) {
	if m == nil || m.name == "" {
		return nil, nil //nolint:nilnil // it names nothing, and that is no error
	}
	if before != nil && before.Name == m.name && (m.kind == "" || before.Kind == m.kind) && before.ControllerRevisionRef != nil &&
		(m.revision == "" || before.ControllerRevisionRef.Name == m.revision) {
		return before, nil
	}
	resource, ok := resourceOf(singular(m.kind))
	if !ok {
		return before, fmt.Errorf("got unexpected kind in %s: %s", what, m.kind)
	}
	body := c.catalogued(resource, vm.Namespace, m.name)
	if body == nil {
		return before, fmt.Errorf("%s %q not found", resource, m.name)
	}
	found := metav1.PartialObjectMetadata{}
	if err := json.Unmarshal(body, &found); err != nil {
		return before, err
	}
	revision := m.revision
	if revision == "" {
		revision = fmt.Sprintf("%s-%s-v1beta1-%s-%d", vm.Name, m.name, found.UID, found.Generation)
	}
	return &kubevirtv1.InstancetypeStatusRef{Name: m.name, Kind: m.kind, ControllerRevisionRef: &kubevirtv1.ControllerRevisionRef{Name: revision}}, nil
}

// catalogueWritten has the VMs looked at that could not be resolved so far: what they name may be there now.
func (s *Server) catalogueWritten(w *rest.Write) {
	c := s.controller
	if w.Operation == rest.Delete { // an instance keeps what it was made of; but a namespace may be empty now
		c.nudge()
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for key, g := range c.guests {
		if g.failure.kind != "" {
			c.look(key)
		}
	}
	c.nudge()
}
