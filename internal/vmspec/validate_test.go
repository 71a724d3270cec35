package vmspec

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kv-shepherd/shepherd-go/domain"
)

func good() domain.VMSpec {
	return domain.VMSpec{Name: "vm-1", RunStrategy: domain.RunStrategyAlways, MemoryBytes: 1 << 30}
}

func TestValidate(t *testing.T) {
	cases := map[string]struct {
		why    string
		change func(*domain.VMSpec)
		want   []string // field:reason
	}{
		"good":                  {"nothing is wrong", func(*domain.VMSpec) {}, nil},
		"empty":                 {"every field that is missing is listed, not only the first", func(s *domain.VMSpec) { *s = domain.VMSpec{} }, []string{"name:required", "runStrategy:required", "memoryBytes:required"}},
		"name with dots":        {"a VM that is made has a label as its name", func(s *domain.VMSpec) { s.Name = "a.b" }, []string{"name:invalid"}},
		"name of 64":            {"63 at most", func(s *domain.VMSpec) { s.Name = strings.Repeat("a", 64) }, []string{"name:too_long"}},
		"label syntax":          {"as Kubernetes has it", func(s *domain.VMSpec) { s.Labels = map[string]string{"a": "b c"} }, []string{`labels["a"]:invalid`}},
		"guest label syntax":    {"as Kubernetes has it", func(s *domain.VMSpec) { s.GuestLabels = map[string]string{"": "b"} }, []string{`guestLabels[""]:invalid`}},
		"annotations too large": {"256 KiB altogether", func(s *domain.VMSpec) { s.Annotations = map[string]string{"a": strings.Repeat("x", 256<<10)} }, []string{"annotations:too_long"}},
		"identity is a label":   {"an identity that fits no label cannot be stored", func(s *domain.VMSpec) { s.Identity.System = "a b" }, []string{"identity.system:invalid"}},
		"identity contradicted": {"one key, one value", func(s *domain.VMSpec) {
			s.Identity.System = "a"
			s.Labels = map[string]string{"kubevirt-shepherd.io/system": "b"}
		}, []string{`labels["kubevirt-shepherd.io/system"]:contradicts`}},
		"managed by another":    {"what is made here is ours", func(s *domain.VMSpec) { s.Identity.ManagedBy = "other" }, []string{"identity.managedBy:contradicts"}},
		"unknown run strategy":  {"the server would refuse it", func(s *domain.VMSpec) { s.RunStrategy = "Sometimes" }, []string{"runStrategy:not_supported"}},
		"no memory":             {"KubeVirt refuses a VM without memory", func(s *domain.VMSpec) { s.MemoryBytes = 0 }, []string{"memoryBytes:required"}},
		"negative memory":       {"", func(s *domain.VMSpec) { s.MemoryBytes = -1 }, []string{"memoryBytes:out_of_range"}},
		"negative cpu":          {"", func(s *domain.VMSpec) { s.CPU = domain.CPU{Milli: -1, Cores: -1} }, []string{"cpu.milli:out_of_range", "cpu.cores:out_of_range"}},
		"too many processors":   {"the product must not overflow", func(s *domain.VMSpec) { s.CPU = domain.CPU{Sockets: math.MaxInt32, Cores: 2} }, []string{"cpu:out_of_range"}},
		"cpu and instance type": {"one of the two gives the numbers; each wrong field is named", func(s *domain.VMSpec) { s.InstanceType = &domain.Matcher{Name: "m"}; s.CPU.Cores = 1 }, []string{"cpu:contradicts", "memoryBytes:contradicts"}},
		"instance type alone": {"then neither is required; a Source left from a read is no CPU", func(s *domain.VMSpec) {
			s.InstanceType = &domain.Matcher{Name: "m"}
			s.MemoryBytes = 0
			s.CPU.Source = domain.SourceSpec
		}, nil},
		"unnamed instance type": {"", func(s *domain.VMSpec) { s.InstanceType = &domain.Matcher{}; s.MemoryBytes = 0 }, []string{"instanceType.name:required"}},
		"disk needs": {"each kind has what it cannot do without", func(s *domain.VMSpec) {
			s.Disks = []domain.Disk{{Name: "a", Kind: domain.DiskImage}, {Name: "b", Kind: domain.DiskClaim}, {Name: "c", Kind: domain.DiskDataVolume}, {Name: "d", Kind: domain.DiskBlank}, {Name: "e", Kind: domain.DiskClone}, {Name: "f"}, {Name: "g", Kind: domain.DiskOther}, {Name: "h", Kind: "FLOPPY"}}
		}, []string{"disks[0].image:required", "disks[1].claim:required", "disks[2].claim:required", "disks[3].bytes:required", "disks[4].sourceClaim:required", "disks[5].kind:required", "disks[6].kind:not_supported", "disks[7].kind:not_supported"}},
		"disk numbers": {"", func(s *domain.VMSpec) {
			s.Disks = []domain.Disk{{Name: "a", Kind: domain.DiskBlank, Bytes: -1, BootOrder: -1}}
		}, []string{"disks[0].bytes:out_of_range", "disks[0].bootOrder:out_of_range"}},
		"disk names": {"unique, and names of containers", func(s *domain.VMSpec) {
			s.Disks = []domain.Disk{{Name: "a", Kind: domain.DiskClaim, Claim: "x"}, {Name: "a", Kind: domain.DiskClaim, Claim: "y"}, {Name: "A", Kind: domain.DiskClaim, Claim: "y"}, {Kind: domain.DiskClaim, Claim: "y"}}
		}, []string{"disks[1].name:duplicate", "disks[2].name:invalid", "disks[3].name:required"}},
		"cloudinit name taken": {"CloudInit adds a disk of that name", func(s *domain.VMSpec) {
			s.CloudInit = &domain.CloudInit{UserDataSecret: "s"}
			s.Disks = []domain.Disk{{Name: "cloudinit", Kind: domain.DiskClaim, Claim: "x"}}
		}, []string{"disks[0].name:duplicate"}},
		"same claim made twice": {"VMNAME-DISKNAME is as good as a given name", func(s *domain.VMSpec) {
			s.Disks = []domain.Disk{{Name: "a", Kind: domain.DiskBlank, Bytes: 1}, {Name: "b", Kind: domain.DiskBlank, Bytes: 1, Claim: "vm-1-a"}}
		}, []string{"disks[1].claim:duplicate"}},
		"boot order twice": {"KubeVirt refuses it", func(s *domain.VMSpec) {
			s.Disks = []domain.Disk{{Name: "a", Kind: domain.DiskClaim, Claim: "x", BootOrder: 1}, {Name: "b", Kind: domain.DiskClaim, Claim: "y", BootOrder: 1}}
		}, []string{"disks[1].bootOrder:duplicate"}},
		"disk devices": {"what KubeVirt refuses of buses", func(s *domain.VMSpec) {
			s.Disks = []domain.Disk{{Name: "a", Kind: domain.DiskClaim, Claim: "x", Bus: "ide"}, {Name: "b", Kind: domain.DiskClaim, Claim: "x", Bus: "virtio", CDROM: true}, {Name: "c", Kind: domain.DiskClaim, Claim: "x", Bus: "sata", ReadOnly: true}, {Name: "d", Kind: domain.DiskImage, Image: "x y", Hotpluggable: true}}
		}, []string{"disks[0].bus:not_supported", "disks[1].bus:contradicts", "disks[2].readOnly:contradicts", "disks[3].image:invalid", "disks[3].hotpluggable:not_supported"}},
		"clone fields": {"", func(s *domain.VMSpec) {
			s.Disks = []domain.Disk{{Name: "a", Kind: domain.DiskClone, SourceClaim: "x", SourceNamespace: "A", StorageClass: "B", Claim: "C"}}
		}, []string{"disks[0].claim:invalid", "disks[0].storageClass:invalid", "disks[0].sourceNamespace:invalid"}},
		"networks": {"one pod network, names, bindings, models and addresses as KubeVirt takes them", func(s *domain.VMSpec) {
			s.Networks = []domain.Network{{Name: "a"}, {Name: "b"}, {Name: "a", Attachment: "x"}, {Name: "c.d", Attachment: "x/y/z"}, {Name: "e", Attachment: "x", Binding: "masquerade", Model: "ne3k", MAC: "02:00"}, {Attachment: "x"}}
		}, []string{"networks[1].attachment:duplicate", "networks[2].name:duplicate", "networks[3].name:invalid", "networks[3].attachment:invalid", "networks[4].binding:contradicts", "networks[4].model:not_supported", "networks[4].mac:invalid", "networks[5].name:required"}},
		"sriov on the pod": {"", func(s *domain.VMSpec) { s.Networks = []domain.Network{{Name: "a", Binding: "sriov"}} }, []string{"networks[0].binding:contradicts"}},
		"cloud-init empty": {"KubeVirt refuses it", func(s *domain.VMSpec) { s.CloudInit = &domain.CloudInit{} }, []string{"cloudInit:required"}},
		"cloud-init twice": {"a document or a reference", func(s *domain.VMSpec) {
			s.CloudInit = &domain.CloudInit{UserData: domain.NewSecret("x"), UserDataSecret: "s"}
		}, []string{"cloudInit.userDataSecret:contradicts"}},
		"cloud-init too long": {"2048 bytes", func(s *domain.VMSpec) {
			s.CloudInit = &domain.CloudInit{NetworkData: domain.NewSecret(strings.Repeat("x", 2049))}
		}, []string{"cloudInit.networkData:too_long"}},
		"node selector": {"label syntax", func(s *domain.VMSpec) { s.NodeSelector = map[string]string{"a b": ""} }, []string{`nodeSelector["a b"]:invalid`}},
		"tolerations": {"as of pods", func(s *domain.VMSpec) {
			s.Tolerations = []domain.Toleration{{}, {Operator: "Exists"}, {Key: "a", Operator: "In"}, {Key: "a", Operator: "Exists", Value: "x"}, {Key: "a", Effect: "Never"}, {Key: "a", Seconds: new(int64(1))}}
		}, []string{"tolerations[0].operator:invalid", "tolerations[2].operator:not_supported", "tolerations[3].value:contradicts", "tolerations[4].effect:not_supported", "tolerations[5].seconds:contradicts"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			spec := good()
			c.change(&spec)
			if diff := cmp.Diff(c.want, brief(Validate(spec))); diff != "" {
				t.Errorf("%s\nValidate() (-want +got):\n%s", c.why, diff)
			}
		})
	}
}

func TestValidateManifest(t *testing.T) {
	cases := map[string]struct {
		why      string
		manifest string
		want     []string
	}{
		"empty object":         {"says nothing", `{}`, nil},
		"null":                 {"is none", `null`, nil},
		"not JSON":             {"", `{`, []string{"manifest:invalid"}},
		"a list":               {"a manifest is one object", `[]`, []string{"manifest:invalid"}},
		"two values":           {"a manifest is one object", `{}{}`, []string{"manifest:invalid"}},
		"too deep":             {"a bounded walk", strings.Repeat(`{"a":`, 100) + `1` + strings.Repeat(`}`, 100), []string{"manifest:invalid"}},
		"too large":            {"a bounded size", `{"a":"` + strings.Repeat("x", MaxManifest) + `"}`, []string{"manifest:too_long"}},
		"a key twice":          {"readers differ on which counts", `{"spec":{"running":true,"running":false}}`, []string{"manifest.spec.running:duplicate", "manifest.spec.running:contradicts"}},
		"another kind":         {"", `{"kind":"Pod","apiVersion":"v1"}`, []string{"manifest.apiVersion:not_supported", "manifest.kind:not_supported"}},
		"another name":         {"refused, not decided", `{"metadata":{"name":"x"}}`, []string{"manifest.metadata.name:contradicts"}},
		"another namespace":    {"refused, not decided", `{"metadata":{"namespace":"x"}}`, []string{"manifest.metadata.namespace:contradicts"}},
		"same name":            {"", `{"metadata":{"name":"vm-1","namespace":"team-a"}}`, nil},
		"running":              {"beside a typed run strategy", `{"spec":{"running":true}}`, []string{"manifest.spec.running:contradicts"}},
		"other strategy":       {"", `{"spec":{"runStrategy":"Halted"}}`, []string{"manifest.spec.runStrategy:contradicts"}},
		"same strategy":        {"", `{"spec":{"runStrategy":"Always"}}`, nil},
		"strategy is a number": {"", `{"spec":{"runStrategy":1}}`, []string{"manifest.spec.runStrategy:invalid"}},
		"running is a word":    {"", `{"spec":{"running":"yes"}}`, []string{"manifest.spec.running:invalid"}},
		"nulls":                {"printers write null for not set", `{"metadata":null,"spec":{"running":null,"runStrategy":null,"template":{"metadata":{"labels":null},"spec":{"volumes":null,"domain":{"cpu":null}}}}}`, nil},
		"template is a list":   {"typed fields are merged into it", `{"spec":{"template":[]}}`, []string{"manifest.spec.template:invalid"}},
		"volumes is an object": {"typed fields are merged into it", `{"spec":{"template":{"spec":{"volumes":{}}}}}`, []string{"manifest.spec.template.spec.volumes:invalid"}},
		"elements":             {"merged by name", `{"spec":{"template":{"spec":{"volumes":[1,{},{"name":"a"},{"name":"a"}]}}}}`, []string{"manifest.spec.template.spec.volumes[0]:invalid", "manifest.spec.template.spec.volumes[1].name:required", "manifest.spec.template.spec.volumes[3].name:duplicate"}},
		"templates":            {"merged by metadata.name", `{"spec":{"dataVolumeTemplates":[{}]}}`, []string{"manifest.spec.dataVolumeTemplates[0].metadata.name:required"}},
		"labels":               {"", `{"metadata":{"labels":{"a":1,"b":"c d"}}}`, []string{`manifest.metadata.labels["a"]:invalid`, `manifest.metadata.labels["b"]:invalid`}},
		"instance type":        {"typed memory beside it", `{"spec":{"instancetype":{"name":"x"}}}`, []string{"memoryBytes:contradicts"}},
		"unknown fields":       {"are of a newer KubeVirt", `{"spec":{"new":{"a":[1]}},"newer":1}`, nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			spec := good()
			spec.Manifest = json.RawMessage(c.manifest)
			if diff := cmp.Diff(c.want, brief(ValidateFor(Options{Namespace: "team-a"}, spec))); diff != "" {
				t.Errorf("%s\nValidateFor() (-want +got):\n%s", c.why, diff)
			}
		})
	}
}

func TestManifestFillsIn(t *testing.T) {
	cases := map[string]struct {
		why      string
		manifest string
		strategy domain.RunStrategy
		want     []string
	}{
		"legacy true":  {"is Always", `{"spec":{"running":true,"template":{"spec":{"domain":{"memory":{"guest":"1Gi"}}}}}}`, domain.RunStrategyAlways, nil},
		"legacy false": {"is Halted", `{"spec":{"running":false,"template":{"spec":{"domain":{"resources":{"requests":{"memory":"1Gi"}}}}}}}`, domain.RunStrategyHalted, nil},
		"run strategy": {"", `{"spec":{"runStrategy":"Manual","instancetype":{"name":"x"}}}`, domain.RunStrategyManual, nil},
		"unknown one":  {"is refused where it stands", `{"spec":{"runStrategy":"Never","instancetype":{"name":"x"}}}`, "Never", []string{"manifest.spec.runStrategy:not_supported"}},
		"both":         {"are refused", `{"spec":{"runStrategy":"Manual","running":true,"instancetype":{"name":"x"}}}`, domain.RunStrategyManual, []string{"manifest.spec.running:contradicts"}},
		"neither":      {"is refused", `{"spec":{"instancetype":{"name":"x"}}}`, "", []string{"runStrategy:required"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			spec := domain.VMSpec{Name: "vm-1", Manifest: json.RawMessage(c.manifest)}
			if got := RunStrategy(spec); got != c.strategy {
				t.Errorf("%s\nRunStrategy() = %q, want %q", c.why, got, c.strategy)
			}
			if diff := cmp.Diff(c.want, brief(Validate(spec))); diff != "" {
				t.Errorf("%s\nValidate() (-want +got):\n%s", c.why, diff)
			}
		})
	}
}

func TestInstanceTypeBesideManifest(t *testing.T) {
	spec := domain.VMSpec{Name: "vm-1", RunStrategy: domain.RunStrategyHalted, InstanceType: &domain.Matcher{Name: "x"},
		Manifest: json.RawMessage(`{"spec":{"template":{"spec":{"domain":{
			"cpu":{"cores":2,"model":"host-model"},"memory":{"guest":"1Gi"},"resources":{"limits":{"memory":"1Gi"}}}}}}}`)}
	const path = "manifest.spec.template.spec.domain."
	want := []string{path + "cpu.cores:contradicts", path + "memory.guest:contradicts", path + "resources.limits.memory:contradicts"}
	if diff := cmp.Diff(want, brief(Validate(spec))); diff != "" {
		t.Errorf("the manifest's numbers contradict a typed instance type, a CPU model does not (-want +got):\n%s", diff)
	}
}

// brief drops the details, which are for people.
func brief(errs []domain.FieldError) []string {
	var out []string
	for _, e := range errs {
		out = append(out, e.Field+":"+e.Reason)
	}
	return out
}
