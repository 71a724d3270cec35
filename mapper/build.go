package mapper

import (
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/jsontree"
	"github.com/kv-shepherd/shepherd-go/internal/names"
	"github.com/kv-shepherd/shepherd-go/internal/vmspec"
)

// BuildVM makes the body of a server-side apply for a spec: apiVersion, kind, metadata and spec of a VirtualMachine
// (kubevirt.io/v1), in the types that k8s.io/apimachinery knows of JSON (string, bool, int64, float64, []any,
// map[string]any). The caller owns it, and adds what is his: a resourceVersion, a uid, annotations of his own.
//
// It begins with spec.Manifest, without its status and what only the server writes in metadata. Typed fields are laid
// over it: labels, annotations and node selectors by key; disks, volumes, networks, interfaces and DataVolume templates
// by name, where fields of an element that the spec does not know stay as they are; tolerations are added. The run
// strategy is always written as runStrategy, also when the manifest has the legacy field running alone.
//
// A spec that is wrong is refused with INVALID_SPEC and every field that is wrong, in the terms of [domain.VMSpec]
// ("disks[1].bytes", "manifest.spec.running"), and a wrong namespace as the field "namespace".
func (m *Mapper) BuildVM(namespace string, spec domain.VMSpec) (map[string]any, error) {
	opts := vmspec.Options{Namespace: namespace, LabelPrefix: m.prefix}
	errs := vmspec.ValidateFor(opts, spec)
	if e := names.Namespace("namespace", namespace); e != nil {
		errs = append([]domain.FieldError{*e}, errs...)
	}
	if err := domain.Invalid(errs...); err != nil {
		return nil, err
	}
	spec = vmspec.CompleteFor(opts, spec)
	body, _ := vmspec.ParseManifest(spec.Manifest)
	if body == nil {
		body = object{}
	}
	m.stripForeignMarks(body, &spec)
	body["apiVersion"], body["kind"] = vmspec.ManifestAPIVersion, vmspec.ManifestKind
	m.buildMetadata(body, namespace, &spec)
	buildSpec(jsontree.Make(body, "spec"), namespace, &spec)
	return body, nil
}

// stripForeignMarks removes what a manifest that was read off another VM must not bring along: what only the server
// writes, the marks of that VM's create, and the installation it belongs to.
func (m *Mapper) stripForeignMarks(body object, spec *domain.VMSpec) {
	stripServerFields(body)
	metadata := jsontree.Make(body, "metadata")
	if annotations, ok := metadata["annotations"].(object); ok {
		for _, name := range vmspec.Bookkeeping {
			delete(annotations, domain.LabelKey(m.prefix, name))
		}
	}
	if labels, ok := metadata["labels"].(object); ok && spec.Identity.Installation == "" {
		delete(labels, domain.LabelKey(m.prefix, "installation"))
	}
}

// stripServerFields removes what only the server writes. A manifest that was read off a cluster has it, and in an apply
// it would be refused (managedFields) or mean a precondition (uid, resourceVersion).
func stripServerFields(body object) {
	delete(body, "status")
	metadata := jsontree.Make(body, "metadata")
	for _, key := range []string{"uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp",
		"deletionGracePeriodSeconds", "managedFields", "selfLink", "generateName"} {
		delete(metadata, key)
	}
	if annotations, ok := metadata["annotations"].(object); ok {
		delete(annotations, "kubectl.kubernetes.io/last-applied-configuration")
	}
}

func (m *Mapper) buildMetadata(body object, namespace string, spec *domain.VMSpec) {
	metadata := jsontree.Make(body, "metadata")
	metadata["name"], metadata["namespace"] = spec.Name, namespace
	setAll(metadata, "labels", spec.Labels)
	setAll(metadata, "labels", spec.Identity.Labels(m.prefix))
	setAll(metadata, "annotations", spec.Annotations)
}

func buildSpec(body object, namespace string, spec *domain.VMSpec) {
	delete(body, "running")
	body["runStrategy"] = string(spec.RunStrategy)
	if it := spec.InstanceType; it != nil {
		body["instancetype"] = matcherBody(it, "VirtualMachineInstancetype", "VirtualMachineClusterInstancetype")
	}
	if p := spec.Preference; p != nil {
		body["preference"] = matcherBody(p, "VirtualMachinePreference", "VirtualMachineClusterPreference")
	}
	template := jsontree.Make(body, "template")
	if len(spec.GuestLabels) > 0 {
		setAll(jsontree.Make(template, "metadata"), "labels", spec.GuestLabels)
	}
	guest := jsontree.Make(template, "spec")
	buildCompute(jsontree.Make(guest, "domain"), spec)
	buildDisks(body, guest, namespace, spec)
	buildNetworks(guest, spec.Networks)
	setAll(guest, "nodeSelector", spec.NodeSelector)
	buildTolerations(guest, spec.Tolerations)
}

func matcherBody(m *domain.Matcher, namespaced, cluster string) object {
	if m.Namespaced {
		return object{"name": m.Name, "kind": namespaced}
	}
	return object{"name": m.Name, "kind": cluster}
}

// buildCompute writes CPU and memory. A topology is one thing: where the spec has one, that of the manifest goes.
func buildCompute(guest object, spec *domain.VMSpec) {
	if c := spec.CPU; c.Sockets != 0 || c.Cores != 0 || c.Threads != 0 {
		cpu := jsontree.Make(guest, "cpu")
		setNumber(cpu, "sockets", c.Sockets)
		setNumber(cpu, "cores", c.Cores)
		setNumber(cpu, "threads", c.Threads)
	}
	if spec.CPU.Milli > 0 {
		jsontree.Make(guest, "resources", "requests")["cpu"] = resource.NewMilliQuantity(spec.CPU.Milli, resource.DecimalSI).String()
	}
	if spec.MemoryBytes > 0 {
		jsontree.Make(guest, "memory")["guest"] = bytesText(spec.MemoryBytes)
	}
	jsontree.Make(guest, "devices") // required by the schema
}

func setNumber(o object, key string, n int32) {
	if n == 0 {
		delete(o, key)
		return
	}
	o[key] = int64(n)
}

func buildTolerations(guest object, tolerations []domain.Toleration) {
	if len(tolerations) == 0 {
		return
	}
	list, _ := guest["tolerations"].([]any)
	for _, t := range tolerations {
		o := object{}
		setText(o, "key", t.Key)
		setText(o, "operator", t.Operator)
		setText(o, "value", t.Value)
		setText(o, "effect", t.Effect)
		if t.Seconds != nil {
			o["tolerationSeconds"] = *t.Seconds
		}
		list = append(list, o)
	}
	guest["tolerations"] = list
}

// bytesText is a number of bytes as a quantity, exactly: "1Gi", "1073741825".
func bytesText(n int64) string {
	return resource.NewQuantity(n, resource.BinarySI).String()
}
