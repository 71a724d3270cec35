package controlplane

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"kubevirt.io/kubevirt/pkg/virt-operator/resource/generate/components"
)

// serving returns when the aggregated API is available and the webhooks let a
// machine pass, which is the last thing to work after a start or a restart.
func (c *ControlPlane) serving(ctx context.Context) error {
	if err := c.apiServer.until(ctx, "the aggregated API is available", c.aggregated); err != nil {
		return err
	}
	return c.apiServer.until(ctx, "the webhooks accept a machine", c.acceptsMachine)
}

func (c *ControlPlane) aggregated(ctx context.Context) error {
	install, err := c.newInstaller()
	if err != nil {
		return err
	}
	for _, service := range components.NewVirtAPIAPIServices(Namespace) {
		live, err := install.resource(service.GroupVersionKind(), "").Get(ctx, service.Name, metav1.GetOptions{})
		if err != nil {
			return fmt.Errorf("read the API service: %w", err)
		}
		if !hasCondition(*live, "Available") {
			return errors.Join(fmt.Errorf("%s is not available", service.Name), install.recheck(ctx))
		}
	}
	path := "/apis/" + kubevirtv1.SubresourceGroupVersions[0].String() + "/version"
	text, err := install.get(ctx, path)
	if err != nil {
		return fmt.Errorf("ask virt-api for its version: %w", err)
	}
	var version struct{ GitVersion string }
	if err := json.Unmarshal(text, &version); err != nil {
		return fmt.Errorf("decode virt-api's version: %w", err)
	}
	if version.GitVersion != KubeVirtVersion {
		return fmt.Errorf("virt-api says it is %q, not %q", version.GitVersion, KubeVirtVersion)
	}
	return nil
}

// acceptsMachine creates a machine without storing it. It goes through both
// kinds of webhooks.
func (c *ControlPlane) acceptsMachine(ctx context.Context) error {
	install, err := c.newInstaller()
	if err != nil {
		return err
	}
	machine := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": kubevirtv1.GroupVersion.String(),
		"kind":       "VirtualMachine",
		"metadata":   map[string]any{"name": "probe", "namespace": "default"},
		"spec": map[string]any{
			"runStrategy": "Halted",
			"template": map[string]any{"spec": map[string]any{"domain": map[string]any{
				"devices": map[string]any{},
				"memory":  map[string]any{"guest": "64Mi"},
			}}},
		},
	}}
	_, err = install.resource(machine.GroupVersionKind(), "default").Create(ctx, machine, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	return err
}
