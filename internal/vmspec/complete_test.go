package vmspec

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kv-shepherd/shepherd-go/domain"
)

func full() domain.VMSpec {
	return domain.VMSpec{
		Name: "vm-1", RunStrategy: domain.RunStrategyAlways, MemoryBytes: 1 << 30,
		Labels: map[string]string{"a": "b"}, Annotations: map[string]string{"a": "b"}, GuestLabels: map[string]string{"a": "b"},
		InstanceType: &domain.Matcher{Name: "x", Revision: "old"}, Preference: &domain.Matcher{Name: "x"},
		Disks: []domain.Disk{
			{Name: "root", Kind: domain.DiskClone, SourceNamespace: "team-a", SourceClaim: "gold", Attached: domain.FactYes},
			{Name: "iso", Kind: domain.DiskClaim, Claim: "iso", CDROM: true},
		},
		Networks:     []domain.Network{{Name: "default"}, {Name: "lan", Attachment: "lan"}},
		CloudInit:    &domain.CloudInit{UserDataSecret: "s"},
		NodeSelector: map[string]string{"a": "b"},
		Tolerations:  []domain.Toleration{{Operator: "Exists", Seconds: new(int64(1))}},
		Manifest:     json.RawMessage(`{"kind":"VirtualMachine"}`),
	}
}

func TestComplete(t *testing.T) {
	spec := full()
	got := CompleteFor(Options{Namespace: "team-a"}, spec)
	want := full()
	want.Identity.ManagedBy = domain.ManagedBy
	want.InstanceType.Revision = ""
	want.Disks = []domain.Disk{
		{Name: "root", Kind: domain.DiskClone, SourceClaim: "gold", Claim: "vm-1-root", Bus: "virtio"},
		{Name: "iso", Kind: domain.DiskClaim, Claim: "iso", CDROM: true, ReadOnly: true, Bus: "sata"},
	}
	want.Networks = []domain.Network{{Name: "default", Binding: "masquerade"}, {Name: "lan", Attachment: "lan", Binding: "bridge"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("CompleteFor() (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(full(), spec); diff != "" {
		t.Errorf("the argument was changed (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(got, CompleteFor(Options{Namespace: "team-a"}, got)); diff != "" {
		t.Errorf("completing twice changes something (-once +twice):\n%s", diff)
	}
}

func TestCompleteSharesNothing(t *testing.T) {
	spec := full()
	got := Complete(spec)
	got.Labels["a"], got.Annotations["a"], got.GuestLabels["a"], got.NodeSelector["a"] = "x", "x", "x", "x"
	got.InstanceType.Name, got.Preference.Name, got.CloudInit.UserDataSecret = "x2", "x2", "x2"
	got.Disks[0].Name, got.Networks[0].Name, got.Tolerations[0].Key, *got.Tolerations[0].Seconds = "x", "x", "x", 9
	got.Manifest[0] = 'x'
	if diff := cmp.Diff(full(), spec); diff != "" {
		t.Errorf("a change of the copy reached the original (-want +got):\n%s", diff)
	}
}

func TestCompleteDefersToTheManifest(t *testing.T) {
	cases := map[string]struct {
		why      string
		networks []domain.Network
		manifest string
		want     []domain.Network
	}{
		"says nothing":        {"the default network", nil, `{}`, []domain.Network{{Name: "default", Binding: "masquerade"}}},
		"has networks":        {"the manifest decides", nil, `{"spec":{"template":{"spec":{"networks":[]}}}}`, nil},
		"wants none":          {"the manifest decides", nil, `{"spec":{"template":{"spec":{"domain":{"devices":{"autoattachPodInterface":false}}}}}}`, nil},
		"none at all":         {"an empty list is none, whatever the manifest says", []domain.Network{}, `{}`, []domain.Network{}},
		"has the interface":   {"its binding stands", []domain.Network{{Name: "n"}}, `{"spec":{"template":{"spec":{"domain":{"devices":{"interfaces":[{"name":"n","bridge":{}}]}}}}}}`, []domain.Network{{Name: "n"}}},
		"has another element": {"the default stands", []domain.Network{{Name: "n"}}, `{"spec":{"template":{"spec":{"domain":{"devices":{"interfaces":[{"name":"m","bridge":{}}]}}}}}}`, []domain.Network{{Name: "n", Binding: "masquerade"}}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			spec := good()
			spec.Networks, spec.Manifest = c.networks, json.RawMessage(c.manifest)
			if diff := cmp.Diff(c.want, Complete(spec).Networks); diff != "" {
				t.Errorf("%s\nnetworks (-want +got):\n%s", c.why, diff)
			}
		})
	}
}

func TestDisks(t *testing.T) {
	got := Disks(Complete(full()))
	if len(got) != 3 || got[2].Name != CloudInitDisk || got[2].Kind != domain.DiskCloudInit {
		t.Errorf("cloud-init is read back as a disk: %+v", got)
	}
}

func FuzzParseManifest(f *testing.F) {
	for _, seed := range []string{`{}`, `null`, `{"spec":{"running":true}}`, `{"a":[1,1.5,1e400,"x",null]}`, `{"a":{"a":1,"a":2}}`, "{\"\\ud800\":1}", `[`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		spec := good()
		spec.Manifest = raw
		errs := Validate(spec)
		Complete(spec)
		if m, own := ParseManifest(raw); len(own) == 0 && m != nil {
			if _, err := json.Marshal(m); err != nil {
				t.Errorf("an accepted manifest cannot be written: %v", err)
			}
		} else if len(own) > 0 && len(errs) == 0 {
			t.Errorf("ParseManifest refuses what Validate accepts: %v", own)
		}
	})
}
