package mapper_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/mapper"
)

func TestBuildOverManifest(t *testing.T) {
	cases := map[string]struct {
		why      string
		spec     domain.VMSpec
		manifest string
		want     string // what the body has under these keys, as YAML; other keys are not looked at
	}{
		"unknown fields travel": {
			why:      "a newer KubeVirt has fields that this version does not know",
			spec:     domain.VMSpec{MemoryBytes: 1 << 30},
			manifest: `{spec: {newer: {a: [1, 2.5, x, null, true]}, template: {spec: {evictionStrategy: LiveMigrate}}}}`,
			want:     `{newer: {a: [1, 2.5, x, null, true]}, template: {spec: {evictionStrategy: LiveMigrate, domain: {memory: {guest: 1Gi}}}}}`,
		},
		"typed field wins": {
			why:      "where both speak",
			spec:     domain.VMSpec{MemoryBytes: 2 << 30, CPU: domain.CPU{Sockets: 2}, InstanceType: nil},
			manifest: `{spec: {template: {spec: {domain: {cpu: {cores: 4, model: host-passthrough}, memory: {guest: 1Gi, hugepages: {pageSize: 2Mi}}}}}}}`,
			want:     `{template: {spec: {domain: {cpu: {sockets: 2, model: host-passthrough}, memory: {guest: 2Gi, hugepages: {pageSize: 2Mi}}}}}}`,
		},
		"legacy running": {
			why:      "the one run field of a body is runStrategy",
			spec:     domain.VMSpec{MemoryBytes: 1 << 30},
			manifest: `{spec: {running: true, runStrategy: null}}`,
			want:     `{runStrategy: Always}`,
		},
		"volume of the same name": {
			why:      "a volume has one source: the other goes; of the disk only what the spec says changes",
			spec:     domain.VMSpec{MemoryBytes: 1 << 30, Disks: []domain.Disk{{Name: "root", Kind: domain.DiskClaim, Claim: "data"}}},
			manifest: `{spec: {template: {spec: {volumes: [{name: root, containerDisk: {image: x}}, {name: keys, secret: {secretName: k}}], domain: {devices: {disks: [{name: root, serial: S1, cache: none, disk: {bus: scsi, pciAddress: "1"}}]}}}}}}`,
			want:     `{template: {spec: {volumes: [{name: root, persistentVolumeClaim: {claimName: data}}, {name: keys, secret: {secretName: k}}], domain: {devices: {disks: [{name: root, serial: S1, cache: none, disk: {bus: scsi, pciAddress: "1"}}]}}}}}`,
		},
		"same source keeps its fields": {
			why:      "a pull secret that the spec has no field for",
			spec:     domain.VMSpec{MemoryBytes: 1 << 30, Disks: []domain.Disk{{Name: "root", Kind: domain.DiskImage, Image: "new", Bus: "sata", BootOrder: 1}}},
			manifest: `{spec: {template: {spec: {volumes: [{name: root, containerDisk: {image: old, imagePullSecret: s}}], domain: {devices: {disks: [{name: root, lun: {reservation: true}}]}}}}}}`,
			want:     `{template: {spec: {volumes: [{name: root, containerDisk: {image: new, imagePullSecret: s}}], domain: {devices: {disks: [{name: root, bootOrder: 1, lun: {bus: sata, reservation: true}}]}}}}}`,
		},
		"drive": {
			why:      "typed as a drive: the disk of the manifest becomes one",
			spec:     domain.VMSpec{MemoryBytes: 1 << 30, Disks: []domain.Disk{{Name: "iso", Kind: domain.DiskClaim, Claim: "iso", CDROM: true}}},
			manifest: `{spec: {template: {spec: {domain: {devices: {disks: [{name: iso, disk: {bus: virtio}}]}}}}}}`,
			want:     `{template: {spec: {domain: {devices: {disks: [{name: iso, cdrom: {}}]}}}}}`,
		},
		"template of the same name": {
			why:      "the source is the spec's, access modes are the manifest's",
			spec:     domain.VMSpec{MemoryBytes: 1 << 30, Disks: []domain.Disk{{Name: "d", Kind: domain.DiskBlank, Bytes: 5, Claim: "dv"}}},
			manifest: `{spec: {dataVolumeTemplates: [{metadata: {name: dv, labels: {a: b}}, spec: {sourceRef: {kind: DataSource, name: x}, pvc: {accessModes: [ReadWriteMany], resources: {requests: {storage: 1Gi}}}}}]}}`,
			want:     `{dataVolumeTemplates: [{metadata: {name: dv, labels: {a: b}}, spec: {source: {blank: {}}, pvc: {accessModes: [ReadWriteMany], resources: {requests: {storage: "5"}}}}}]}`,
		},
		"manifest alone decides about networks": {
			why:      "a nil list says nothing",
			spec:     domain.VMSpec{MemoryBytes: 1 << 30},
			manifest: `{spec: {template: {spec: {networks: [{name: nic, pod: {}}], domain: {devices: {interfaces: [{name: nic, bridge: {}}]}}}}}}`,
			want:     `{template: {spec: {networks: [{name: nic, pod: {}}], domain: {devices: {interfaces: [{name: nic, bridge: {}}]}}}}}`,
		},
		"interface of the same name": {
			why:      "an interface has one binding; its ports stay",
			spec:     domain.VMSpec{MemoryBytes: 1 << 30, Networks: []domain.Network{{Name: "nic", Binding: "passt"}, {Name: "m", Attachment: "lan"}}},
			manifest: `{spec: {template: {spec: {networks: [{name: nic, multus: {networkName: x}}], domain: {devices: {interfaces: [{name: nic, bridge: {}, ports: [{port: 22}]}]}}}}}}`,
			want:     `{template: {spec: {networks: [{name: nic, pod: {}}, {name: m, multus: {networkName: lan}}], domain: {devices: {interfaces: [{name: nic, binding: {name: passt}, ports: [{port: 22}]}, {name: m, bridge: {}}]}}}}}`,
		},
		"cloud-init": {
			why:      "one source of each document",
			spec:     domain.VMSpec{MemoryBytes: 1 << 30, CloudInit: &domain.CloudInit{ConfigDrive: true, UserDataSecret: "s", NetworkData: domain.NewSecret("net")}},
			manifest: `{spec: {template: {spec: {volumes: [{name: cloudinit, cloudInitNoCloud: {userData: old}}], domain: {devices: {disks: [{name: cloudinit, cdrom: {bus: sata}}]}}}}}}`,
			want:     `{template: {spec: {volumes: [{name: cloudinit, cloudInitConfigDrive: {secretRef: {name: s}, networkData: net}}], domain: {devices: {disks: [{name: cloudinit, cdrom: {bus: sata}}]}}}}}`,
		},
		"selectors by key, tolerations added": {
			why:      "as far as they have names",
			spec:     domain.VMSpec{MemoryBytes: 1 << 30, NodeSelector: map[string]string{"a": "typed"}, Tolerations: []domain.Toleration{{Operator: "Exists"}}},
			manifest: `{spec: {template: {spec: {nodeSelector: {a: manifest, b: kept}, tolerations: [{key: k}]}}}}`,
			want:     `{template: {spec: {nodeSelector: {a: typed, b: kept}, tolerations: [{key: k}, {operator: Exists}]}}}`,
		},
		"instance type": {
			why:      "a reference is one thing, revision and inference of the manifest go",
			spec:     domain.VMSpec{InstanceType: &domain.Matcher{Name: "new", Namespaced: true}},
			manifest: `{spec: {instancetype: {name: old, revisionName: r}, preference: {name: p}}}`,
			want:     `{instancetype: {name: new, kind: VirtualMachineInstancetype}, preference: {name: p}}`,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			c.spec.Name, c.spec.Manifest = "vm-1", toJSON(t, c.manifest)
			if name != "legacy running" {
				c.spec.RunStrategy = domain.RunStrategyHalted
			}
			body, err := mapper.New(mapper.Options{}).BuildVM("team-a", c.spec)
			if err != nil {
				t.Fatalf("%s\nBuildVM: %v", c.why, err)
			}
			var want map[string]any
			decodeNumbers(t, toJSON(t, c.want), &want)
			var got map[string]any
			raw, _ := json.Marshal(body["spec"])
			decodeNumbers(t, raw, &got)
			if diff := cmp.Diff(want, only(want, got)); diff != "" {
				t.Errorf("%s\nspec (-want +got):\n%s", c.why, diff)
			}
			if _, legacy := got["running"]; legacy || got["runStrategy"] == nil {
				t.Error("a body has spec.runStrategy and not spec.running")
			}
		})
	}
}

// only keeps of got what want has keys for, down to the lists.
func only(want, got map[string]any) map[string]any {
	kept := map[string]any{}
	for key, w := range want {
		g, ok := got[key]
		if !ok {
			continue
		}
		wm, _ := w.(map[string]any)
		if gm, ok := g.(map[string]any); ok && len(wm) > 0 && key != "cpu" && key != "instancetype" {
			g = only(wm, gm)
		}
		kept[key] = g
	}
	return kept
}

func TestServerFieldsNeverTravel(t *testing.T) {
	spec := domain.VMSpec{Name: "vm-1", MemoryBytes: 1 << 30, RunStrategy: domain.RunStrategyHalted, Manifest: toJSON(t, `
apiVersion: kubevirt.io/v1
kind: VirtualMachine
metadata:
  name: vm-1
  namespace: team-a
  uid: u-1
  resourceVersion: "5"
  generation: 3
  creationTimestamp: "2026-01-01T00:00:00Z"
  managedFields: [{manager: kubectl}]
  finalizers: [kept]
  annotations: {kubectl.kubernetes.io/last-applied-configuration: "{}", kept: "yes"}
status: {printableStatus: Running}
`)}
	body, err := mapper.New(mapper.Options{}).BuildVM("team-a", spec)
	if err != nil {
		t.Fatal(err)
	}
	delete(body, "spec")
	want := map[string]any{
		"apiVersion": "kubevirt.io/v1", "kind": "VirtualMachine",
		"metadata": map[string]any{
			"name": "vm-1", "namespace": "team-a", "finalizers": []any{"kept"},
			"annotations": map[string]any{"kept": "yes"},
			"labels":      map[string]any{"kubevirt-shepherd.io/managed-by": "kubevirt-shepherd"},
		},
	}
	if diff := cmp.Diff(want, body); diff != "" {
		t.Errorf("a manifest read off a cluster must not bring preconditions along (-want +got):\n%s", diff)
	}
}

func TestBuildRefuses(t *testing.T) {
	spec := domain.VMSpec{Name: "vm-1", RunStrategy: domain.RunStrategyAlways,
		Disks:    []domain.Disk{{Name: "root", Kind: domain.DiskImage, Image: "x"}, {Name: "data", Kind: domain.DiskBlank}},
		Labels:   map[string]string{"example.com/system": "a"},
		Identity: domain.Identity{System: "b"},
		Manifest: toJSON(t, `{metadata: {name: vm-2, namespace: team-b}, spec: {running: false}}`),
	}
	_, err := mapper.New(mapper.Options{LabelPrefix: "example.com"}).BuildVM("Team-A", spec)
	if !errors.Is(err, domain.CodeInvalidSpec) {
		t.Fatalf("got %v, want INVALID_SPEC", err)
	}
	e, _ := errors.AsType[*domain.Error](err)
	var got []string
	for _, f := range e.Fields {
		got = append(got, f.Field+":"+f.Reason)
	}
	want := []string{
		"namespace:invalid", `labels["example.com/system"]:contradicts`, "manifest.spec.running:contradicts",
		"memoryBytes:required", "disks[1].bytes:required",
		"manifest.metadata.name:contradicts", "manifest.metadata.namespace:contradicts",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("every wrong field is listed, in the terms of the spec (-want +got):\n%s", diff)
	}
}

func TestBuildIsStableAndKeepsItsArgument(t *testing.T) {
	spec := domain.VMSpec{Name: "vm-1", RunStrategy: domain.RunStrategyAlways, MemoryBytes: 1 << 30,
		Labels: map[string]string{"a": "1", "b": "2", "c": "3"}, Disks: []domain.Disk{{Name: "d", Kind: domain.DiskBlank, Bytes: 1}},
		Manifest: toJSON(t, `{spec: {template: {metadata: {labels: {x: z}}}}}`)}
	before, _ := json.Marshal(spec)
	m := mapper.New(mapper.Options{})
	var first string
	for range 20 {
		body, err := m.BuildVM("team-a", spec)
		if err != nil {
			t.Fatal(err)
		}
		raw, _ := json.Marshal(body)
		if first == "" {
			first = string(raw)
		}
		if string(raw) != first {
			t.Fatalf("two bodies of one spec differ:\n%s\n%s", first, raw)
		}
		body["spec"].(map[string]any)["template"] = nil
		body["metadata"].(map[string]any)["labels"].(map[string]any)["a"] = "changed"
	}
	if after, _ := json.Marshal(spec); string(after) != string(before) {
		t.Errorf("the spec was changed:\n%s\n%s", before, after)
	}
}

func TestManifestFromYAML(t *testing.T) {
	cases := map[string]struct {
		why, yaml, want string
		bad             bool
	}{
		"plain":              {"", "kind: VirtualMachine\nspec: {running: true}\n", `{"kind":"VirtualMachine","spec":{"running":true}}`, false},
		"JSON":               {"JSON is YAML", `{"kind": "VirtualMachine"}`, `{"kind":"VirtualMachine"}`, false},
		"leading marker":     {"an empty document is none", "# a comment\n---\nkind: VirtualMachine\n", `{"kind":"VirtualMachine"}`, false},
		"end marker":         {"one document may be closed", "kind: VirtualMachine\n...\n", `{"kind":"VirtualMachine"}`, false},
		"large number":       {"integers stay exact", "kind: VirtualMachine\nx: 9223372036854775807\n", `{"kind":"VirtualMachine","x":9223372036854775807}`, false},
		"two documents":      {"which one?", "kind: VirtualMachine\n---\nkind: VirtualMachine\n", "", true},
		"behind end marker":  {"parsers stop there silently", "kind: VirtualMachine\n...\nkind: Pod\n", "", true},
		"a key twice":        {"which one?", "kind: VirtualMachine\nspec: {a: 1, a: 2}\n", "", true},
		"a key twice merged": {"", "kind: VirtualMachine\nkind: VirtualMachine\n", "", true},
		"another kind":       {"", "kind: Pod\n", "", true},
		"no kind":            {"", "spec: {}\n", "", true},
		"a list":             {"", "- kind: VirtualMachine\n", "", true},
		"not YAML":           {"", "kind: [", "", true},
		"empty":              {"", "", "", true},
		"aliases":            {"a small text must not become a large one", bomb(), "", true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := mapper.ManifestFromYAML([]byte(c.yaml))
			if c.bad != (err != nil) || c.bad && domain.CodeOf(err) != domain.CodeInvalidSpec {
				t.Fatalf("%s\ngot %s, %v", c.why, got, err)
			}
			if diff := cmp.Diff(c.want, string(got)); diff != "" {
				t.Errorf("%s\n(-want +got):\n%s", c.why, diff)
			}
		})
	}
	if _, err := mapper.ManifestFromYAML(make([]byte, 1<<20+1)); domain.CodeOf(err) != domain.CodeInvalidSpec {
		t.Errorf("more than 1 MiB: %v", err)
	}
}

// bomb is YAML that grows tenfold with every line.
func bomb() string {
	var s strings.Builder
	s.WriteString("kind: VirtualMachine\na0: &a0 [x,x,x,x,x,x,x,x,x,x]\n")
	for n := range 9 {
		a, b := string(rune('0'+n)), string(rune('1'+n))
		s.WriteString("a" + b + ": &a" + b + " [*a" + a + ",*a" + a + ",*a" + a + ",*a" + a + ",*a" + a + ",*a" + a + ",*a" + a + ",*a" + a + ",*a" + a + ",*a" + a + "]\n")
	}
	return s.String()
}

func toJSON(t *testing.T, text string) json.RawMessage {
	t.Helper()
	raw, err := yaml.YAMLToJSONStrict([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func decodeNumbers(t *testing.T, raw []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(raw, into); err != nil {
		t.Fatal(err)
	}
}
