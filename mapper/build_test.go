package mapper_test

import (
	"encoding/json"
	"maps"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	kubevirtv1 "kubevirt.io/api/core/v1"
	kjson "sigs.k8s.io/json"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/vmspec"
	"github.com/kv-shepherd/shepherd-go/mapper"
)

// build makes the body of a spec and the typed VM that a server would store of it.
func build(t *testing.T, spec domain.VMSpec) *kubevirtv1.VirtualMachine {
	t.Helper()
	body, err := mapper.New(mapper.Options{}).BuildVM("team-a", spec)
	if err != nil {
		t.Fatalf("BuildVM: %v", err)
	}
	raw, err := json.Marshal(body)
	if err != nil {
		t.Fatalf("body is no JSON: %v", err)
	}
	vm := &kubevirtv1.VirtualMachine{}
	strict, err := kjson.UnmarshalStrict(raw, vm)
	if err != nil {
		t.Fatalf("body is no VirtualMachine: %v\n%s", err, raw)
	}
	if len(strict) > 0 {
		t.Fatalf("body has fields that the API does not know: %v\n%s", strict, raw)
	}
	return vm
}

func TestRoundTrip(t *testing.T) {
	base := func(change func(*domain.VMSpec)) domain.VMSpec {
		spec := domain.VMSpec{Name: "vm-1", RunStrategy: domain.RunStrategyHalted, MemoryBytes: 1 << 30}
		change(&spec)
		return spec
	}
	cases := map[string]struct {
		why  string
		spec domain.VMSpec
	}{
		"smallest": {
			why:  "what is not set stays with the cluster, but for the default network",
			spec: base(func(*domain.VMSpec) {}),
		},
		"largest memory": {
			why:  "any int64 of bytes survives; a quantity of 2^63-1 has no suffix",
			spec: base(func(s *domain.VMSpec) { s.MemoryBytes = math.MaxInt64 }),
		},
		"odd memory": {
			why:  "bytes that no binary suffix divides are written out",
			spec: base(func(s *domain.VMSpec) { s.MemoryBytes = 1<<30 + 1 }),
		},
		"cpu topology": {
			why:  "sockets, cores and threads are three numbers, not a product",
			spec: base(func(s *domain.VMSpec) { s.CPU = domain.CPU{Sockets: 2, Cores: 3, Threads: 1} }),
		},
		"cpu overcommit": {
			why:  "the promise may be smaller than the topology",
			spec: base(func(s *domain.VMSpec) { s.CPU = domain.CPU{Milli: 250, Sockets: 4} }),
		},
		"cpu milli alone": {
			why:  "without a topology the request is the CPU",
			spec: base(func(s *domain.VMSpec) { s.CPU = domain.CPU{Milli: 1500} }),
		},
		"metadata": {
			why: "labels, annotations and guest labels are three different things",
			spec: base(func(s *domain.VMSpec) {
				s.Labels = map[string]string{"tier": "web"}
				s.Annotations = map[string]string{"note": "line 1\nline 2", "empty": ""}
				s.GuestLabels = map[string]string{"app": "shop"}
				s.Identity = domain.Identity{System: "shop", Service: "web", Instance: "web-1", Installation: "i1"}
			}),
		},
		"all disks": {
			why: "every kind a spec takes comes back as itself",
			spec: base(func(s *domain.VMSpec) {
				s.Disks = []domain.Disk{
					{Name: "image", Kind: domain.DiskImage, Image: "quay.io/containerdisks/fedora:41", BootOrder: 1},
					{Name: "dv", Kind: domain.DiskDataVolume, Claim: "golden", Hotpluggable: true, Bus: "scsi"},
					{Name: "pvc", Kind: domain.DiskClaim, Claim: "data.claim", ReadOnly: true},
					{Name: "blank", Kind: domain.DiskBlank, Bytes: 10<<30 + 7, StorageClass: "fast"},
					{Name: "clone", Kind: domain.DiskClone, SourceNamespace: "images", SourceClaim: "fedora", Claim: "my-root"},
					{Name: "own-clone", Kind: domain.DiskClone, SourceClaim: "fedora", Bytes: 1 << 40},
					{Name: "iso", Kind: domain.DiskClaim, Claim: "installer", CDROM: true},
				}
			}),
		},
		"cloud-init": {
			why: "the disk is seen, its content is not",
			spec: base(func(s *domain.VMSpec) {
				s.CloudInit = &domain.CloudInit{UserData: domain.NewSecret("#cloud-config"), NetworkDataSecret: "net"}
			}),
		},
		"no network": {
			why:  "an empty list is no network at all, nil is the default one",
			spec: base(func(s *domain.VMSpec) { s.Networks = []domain.Network{} }),
		},
		"networks": {
			why: "bindings: built in and by plugin, attachment in another namespace",
			spec: base(func(s *domain.VMSpec) {
				s.Networks = []domain.Network{
					{Name: "default"},
					{Name: "lan", Attachment: "infra/lan", MAC: "02:00:00:00:00:01", Model: "e1000e"},
					{Name: "fast", Attachment: "sriov-net", Binding: "sriov"},
					{Name: "plug", Attachment: "l2", Binding: "l2bridge"},
				}
			}),
		},
		"instance type": {
			why: "CPU and memory are then unknown, not zero",
			spec: base(func(s *domain.VMSpec) {
				s.MemoryBytes = 0
				s.InstanceType = &domain.Matcher{Name: "u1.medium"}
				s.Preference = &domain.Matcher{Name: "fedora", Namespaced: true}
			}),
		},
		"placement": {
			why: "node selectors and tolerations",
			spec: base(func(s *domain.VMSpec) {
				s.NodeSelector = map[string]string{"zone": "a"}
				s.Tolerations = []domain.Toleration{
					{Key: "gpu", Operator: "Exists", Effect: "NoSchedule"},
					{Key: "slow", Value: "yes", Effect: "NoExecute", Seconds: new(int64(60))},
				}
			}),
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := mapper.New(mapper.Options{}).MapVM(build(t, c.spec), nil)
			if err != nil {
				t.Fatalf("%s\nMapVM: %v", c.why, err)
			}
			if diff := cmp.Diff(expected(c.spec), got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s\nBuildVM then MapVM (-want +got):\n%s", c.why, diff)
			}
		})
	}
}

// expected is the VM that a spec is read back as.
func expected(spec domain.VMSpec) *domain.VM {
	spec = vmspec.CompleteFor(vmspec.Options{Namespace: "team-a"}, spec)
	vm := &domain.VM{
		Namespace: "team-a", Name: spec.Name,
		Labels: spec.Identity.Labels(""), Annotations: spec.Annotations, GuestLabels: spec.GuestLabels,
		Identity: spec.Identity, RunStrategy: spec.RunStrategy,
		InstanceType: spec.InstanceType, Preference: spec.Preference,
		CPU: spec.CPU, Memory: domain.Memory{Bytes: spec.MemoryBytes, Source: domain.SourceSpec},
		Disks: vmspec.Disks(spec), Networks: spec.Networks,
		NodeSelector: spec.NodeSelector, Tolerations: spec.Tolerations,
		Status: domain.StatusUnobserved, Instance: domain.InstanceNone, Read: domain.Read{From: domain.ReadLive},
	}
	maps.Copy(vm.Labels, spec.Labels)
	vm.CPU.Source = domain.SourceSpec
	if vm.CPU.Milli == 0 { // nothing said is the whole topology
		vm.CPU.Milli = 1000 * int64(max(vm.CPU.Sockets, 1)) * int64(max(vm.CPU.Cores, 1)) * int64(max(vm.CPU.Threads, 1))
	}
	if spec.InstanceType != nil {
		vm.CPU, vm.Memory = domain.CPU{}, domain.Memory{}
	}
	return vm
}
