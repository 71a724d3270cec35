package controlplane

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	extv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"kubevirt.io/kubevirt/pkg/virt-operator/resource/generate/components"
	"kubevirt.io/kubevirt/pkg/virt-operator/resource/generate/rbac"
)

// Namespace is where KubeVirt is installed. virt-api and virt-controller fall
// back to this name outside a pod, so it cannot be chosen.
const Namespace = "kubevirt"

// installer does what virt-operator does at the installation of KubeVirt, as
// far as it needs no node, from the same generators.
type installer struct {
	client dynamic.Interface
	raw    rest.Interface
	plane  *ControlPlane
}

// crdResource is the resource of custom resource definitions.
var crdResource = extv1.SchemeGroupVersion.WithResource("customresourcedefinitions")

// definitions creates KubeVirt's CRDs and waits until all are served.
func (i installer) definitions(ctx context.Context) error {
	all, err := definitions()
	if err != nil {
		return err
	}
	for _, definition := range all {
		if err := i.create(ctx, definition); err != nil {
			return err
		}
	}
	return i.plane.apiServer.until(ctx, "KubeVirt's resources are served", func(ctx context.Context) error {
		list, err := i.client.Resource(crdResource).List(ctx, metav1.ListOptions{})
		if err != nil {
			return fmt.Errorf("list definitions: %w", err)
		}
		for _, item := range list.Items {
			if !hasCondition(item, "Established") {
				return fmt.Errorf("%s is not established", item.GetName())
			}
		}
		return nil
	})
}

// definitions are all custom resources of KubeVirt.
func definitions() ([]*extv1.CustomResourceDefinition, error) {
	generators := []func() (*extv1.CustomResourceDefinition, error){
		components.NewVirtualMachineInstanceCrd, components.NewVirtualMachineCrd, components.NewPresetCrd,
		components.NewReplicaSetCrd, components.NewVirtualMachineInstanceMigrationCrd, components.NewKubeVirtCrd,
		components.NewVirtualMachinePoolCrd, components.NewVirtualMachineSnapshotCrd,
		components.NewVirtualMachineSnapshotContentCrd, components.NewVirtualMachineRestoreCrd,
		components.NewVirtualMachineExportCrd, components.NewVirtualMachineBackupCrd,
		components.NewVirtualMachineBackupTrackerCrd, components.NewVirtualMachineInstancetypeCrd,
		components.NewVirtualMachineClusterInstancetypeCrd, components.NewVirtualMachinePreferenceCrd,
		components.NewVirtualMachineClusterPreferenceCrd, components.NewMigrationPolicyCrd,
		components.NewVirtualMachineCloneCrd, components.NewPluginCrd,
	}
	all := make([]*extv1.CustomResourceDefinition, 0, len(generators))
	for _, generate := range generators {
		definition, err := generate()
		if err != nil {
			return nil, fmt.Errorf("generate a definition: %w", err)
		}
		all = append(all, definition)
	}
	return all, nil
}

// accounts creates the namespace, the roles of KubeVirt's own accounts, and
// the roles for users that virt-operator adds to admin, edit and view.
func (i installer) accounts(ctx context.Context) error {
	objects := []runtime.Object{&corev1.Namespace{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"},
		ObjectMeta: metav1.ObjectMeta{Name: Namespace},
	}}
	objects = append(objects, rbac.GetAllCluster()...)
	objects = append(objects, rbac.GetAllApiServer(Namespace)...)
	objects = append(objects, rbac.GetAllController(Namespace, false)...)
	objects = append(objects, components.NewKubeVirtPriorityClassCR())
	for _, object := range objects {
		if err := i.create(ctx, object); err != nil {
			return err
		}
	}
	return nil
}

// trust publishes the authority under the names KubeVirt looks for.
func (i installer) trust(ctx context.Context) error {
	for _, configMap := range components.NewCAConfigMaps(Namespace) {
		configMap.Data = map[string]string{components.CABundleKey: string(i.plane.ca.pem)}
		if err := i.create(ctx, configMap); err != nil {
			return err
		}
	}
	return nil
}

// create makes an object, or accepts the one that is there. An API server that
// has just started answers 404 or 403 for some kinds until it has caught up
// with itself, hence the patience.
func (i installer) create(ctx context.Context, object runtime.Object) error {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		return fmt.Errorf("convert %T: %w", object, err)
	}
	item := &unstructured.Unstructured{Object: content}
	resource := i.resource(item.GroupVersionKind(), item.GetNamespace())
	what := fmt.Sprintf("%s %s exists", item.GetKind(), item.GetName())
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	return i.plane.apiServer.until(ctx, what, func(ctx context.Context) error {
		_, err := resource.Create(ctx, item, metav1.CreateOptions{FieldManager: "virt-operator"})
		if apierrors.IsAlreadyExists(err) {
			return nil
		}
		return err
	})
}

func (i installer) resource(kind schema.GroupVersionKind, namespace string) dynamic.ResourceInterface {
	resource, _ := meta.UnsafeGuessKindToResource(kind)
	if namespace == "" {
		return i.client.Resource(resource)
	}
	return i.client.Resource(resource).Namespace(namespace)
}

// get reads a path that is no resource.
func (i installer) get(ctx context.Context, path string) ([]byte, error) {
	return i.raw.Get().AbsPath(path).Do(ctx).Raw()
}

// hasCondition reports whether status.conditions says True for the type.
func hasCondition(item unstructured.Unstructured, conditionType string) bool {
	conditions, _, _ := unstructured.NestedSlice(item.Object, "status", "conditions")
	for _, entry := range conditions {
		if condition, ok := entry.(map[string]any); ok && condition["type"] == conditionType {
			return condition["status"] == "True"
		}
	}
	return false
}
