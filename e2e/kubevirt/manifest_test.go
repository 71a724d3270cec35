package kubevirt_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/e2e/harness"
	"github.com/kv-shepherd/shepherd-go/e2e/kubevirt/setup"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// mapped is what a manifest is expected to be read back as, in short: "name KIND raw-kind bus" of a disk, "name binding
// attachment" of a network.
type mapped struct {
	Strategy domain.RunStrategy
	CPU      domain.CPU
	Bytes    int64
	Disks    []string
	Networks []string
}

// guest is a halted machine on the pod network with a processor that the manifest says nothing of.
func guest(bytes int64, disks ...string) mapped {
	return mapped{domain.RunStrategyHalted, domain.CPU{Milli: 1000, Source: domain.SourceSpec}, bytes, disks, []string{"default masquerade"}}
}

func (m mapped) cpu(milli int64, sockets, cores, threads int32) mapped {
	m.CPU = domain.CPU{Milli: milli, Sockets: sockets, Cores: cores, Threads: threads, Source: domain.SourceSpec}
	return m
}

func (m mapped) networks(networks ...string) mapped {
	m.Networks = networks
	return m
}

const (
	mi = 1 << 20
	gi = 1 << 30
	// image and cloudInit are the disks of most examples.
	image     = "containerdisk IMAGE virtio"
	cloudInit = "cloudinitdisk CLOUD_INIT virtio"
)

// manifests are machines as people write them, after the public examples of KubeVirt: all kinds of devices, volumes,
// networks and placements. Those that the server refuses with its default feature gates have the code and the field
// that it names; a dry run is refused alike. All others are created.
var manifests = map[string]struct {
	code  domain.Code
	field string
	want  mapped
}{
	"alpine":                 {want: guest(128*mi, image)},
	"cirros":                 {want: guest(128*mi, image, cloudInit)},
	"fedora-nocloud":         {want: guest(gi, image, cloudInit).cpu(2000, 0, 2, 0)},
	"fedora-configdrive":     {want: guest(gi, image, cloudInit)},
	"fedora-secretref":       {want: guest(gi, image, cloudInit)},
	"windows":                {want: guest(2*gi, "pvcdisk CLAIM sata").cpu(2000, 0, 2, 0)},
	"windows-persistent-tpm": {want: guest(2*gi, "pvcdisk CLAIM sata")},
	"multus":                 {want: guest(gi, image).networks("default masquerade", "ptp bridge ptp-conf", "vlan bridge infra/vlan-100")},
	"multus-default":         {want: guest(gi, image).networks("default bridge ptp-conf")},
	"sriov":                  {want: guest(gi, image).networks("default masquerade", "sriov-net sriov sriov/sriov-network")},
	"macvtap":                {want: guest(64*mi, image).networks("hostnet macvtap macvtapnetwork")},
	"binding-plugin":         {want: guest(64*mi, image).networks("default passt")},
	"masquerade-ports":       {want: guest(64*mi, image)},
	"hugepages":              {want: guest(64*mi, image)},
	"dedicated-cpu":          {want: guest(gi, image).cpu(4000, 1, 2, 2)},
	"gpu":                    {want: guest(gi, image)},
	"host-devices":           {code: domain.CodeInvalidSpec, field: "spec.template.spec.HostDevices"},   // gate HostDevices
	"host-disk":              {code: domain.CodeInvalidSpec, field: "spec.template.spec.volumes[0]"},    // gate HostDisk
	"paused-with-a-probe":    {code: domain.CodeInvalidSpec, field: "spec.template.spec.startStrategy"}, // a probe would fail it
	"datavolume-template":    {want: manual(guest(64*mi, "datavolumedisk1 DATA_VOLUME virtio"))},
	"datavolume-clone":       {want: guest(64*mi, "root CLONE virtio")},
	"pvc":                    {want: guest(64*mi, "pvcdisk CLAIM virtio")},
	"ephemeral":              {want: guest(64*mi, "eph OTHER ephemeral virtio", "empty OTHER emptyDisk virtio")},
	"lun-and-cdrom":          {want: guest(64*mi, "lun CLAIM scsi", "iso CLAIM sata")},
	"empty-cdrom":            {want: guest(64*mi, image, "tray OTHER empty sata")},
	"devices":                {want: guest(64*mi, image)},
	"scheduling":             {want: guest(64*mi, image)},
	"service-volumes": {want: guest(64*mi, image, "config OTHER configMap virtio", "secret OTHER secret virtio",
		"account OTHER serviceAccount virtio", "down OTHER downwardAPI virtio")},
	"legacy-running": {want: guest(64*mi, image)},
	// Only the instance will know how large it is, and which bus the preference chooses.
	"instancetype": {want: mapped{Strategy: domain.RunStrategyHalted, Disks: []string{"containerdisk IMAGE"}, Networks: []string{"default masquerade"}}},
}

func manual(m mapped) mapped {
	m.Strategy = domain.RunStrategyManual
	return m
}

func short(vm *domain.VM) mapped {
	m := mapped{Strategy: vm.RunStrategy, CPU: vm.CPU, Bytes: vm.Memory.Bytes}
	for _, d := range vm.Disks {
		m.Disks = append(m.Disks, strings.Join(strings.Fields(strings.Join([]string{d.Name, string(d.Kind), d.RawKind, d.Bus}, " ")), " "))
	}
	for _, n := range vm.Networks {
		m.Networks = append(m.Networks, strings.Join(strings.Fields(strings.Join([]string{n.Name, n.Binding, n.Attachment}, " ")), " "))
	}
	return m
}

// TestManifests creates them all, halted, so that what no simulated node has does not matter.
func TestManifests(t *testing.T) {
	t.Parallel()
	site := setup.New(t, harness.Namespace(t))
	setup.InstanceType(t, site.Namespace, "csmall", 1, 128<<20)
	setup.Preference(t, site.Namespace, "cirros")
	files, err := filepath.Glob("testdata/manifests/*.json")
	setup.Must(t, "find the manifests", err)
	var names []string
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		names = append(names, name)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, listed := manifests[name]
			if !listed {
				t.Error("not in the table")
			}
			manifest, err := os.ReadFile(file)
			setup.Must(t, "read the manifest", err)
			made, err := site.CreateVM(t.Context(), setup.Cluster, site.Namespace, domain.VMSpec{Name: name, Manifest: manifest}, provider.CreateOptions{})
			setup.Code(t, "create", c.code, err)
			if c.code != "" {
				verdict, err2 := site.ValidateVM(t.Context(), setup.Cluster, site.Namespace, domain.VMSpec{Name: name, Manifest: manifest}, provider.ValidateOptions{})
				setup.Must(t, "validate", err2)
				setup.Diff(t, "verdict", c.code, verdict.Code)
				if fields := setup.Error(err).Fields; len(fields) == 0 || fields[0].Field != c.field {
					t.Errorf("fields %+v; want %s", fields, c.field)
				}
				return
			}
			if err != nil {
				return
			}
			setup.Diff(t, "the VM", c.want, short(made))
			vm := &setup.VM{Site: site, Name: name, UID: made.UID}
			setup.Diff(t, "the VM, read again", c.want, short(vm.Get(t)))
			kept(t, manifest, vm.Raw(t))
			// An update keeps all of it, too.
			_, _, err = update(t, vm, label("a", "1"))
			setup.Must(t, "update", err)
			kept(t, manifest, vm.Raw(t))
		})
	}
	for name := range manifests {
		if !slices.Contains(names, name) {
			t.Errorf("%s has no manifest", name)
		}
	}
}

// kept says whether all that a manifest asks for is stored.
func kept(t *testing.T, manifest, stored []byte) {
	t.Helper()
	var want, got map[string]any
	setup.Must(t, "decode", json.Unmarshal(manifest, &want))
	setup.Must(t, "decode", json.Unmarshal(stored, &got))
	asked, _ := want["spec"].(map[string]any)
	if _, legacy := asked["running"]; legacy {
		delete(asked, "running") // runStrategy takes its place
	}
	setup.Diff(t, "what is stored of what was asked for", want["spec"], within(want["spec"], got["spec"]))
}

// within keeps of got what want has places for; the server adds defaults.
func within(want, got any) any {
	switch want := want.(type) {
	case map[string]any:
		got, ok := got.(map[string]any)
		if !ok {
			return got
		}
		part := map[string]any{}
		for key := range want {
			if value, there := got[key]; there {
				part[key] = within(want[key], value)
			}
		}
		return part
	case []any:
		got, ok := got.([]any)
		if !ok || len(got) != len(want) {
			return got
		}
		part := make([]any, len(got))
		for n := range want {
			part[n] = within(want[n], got[n])
		}
		return part
	default:
		return got
	}
}

// TestUnknownFields: what this version's types do not know travels to the server, whose schema decides.
func TestUnknownFields(t *testing.T) {
	t.Parallel()
	site := setup.New(t, harness.Namespace(t))
	for name, manifest := range map[string]string{
		"in the spec":     `{"spec":{"fromTheFuture":{"a":1}}}`,
		"in a device":     `{"spec":{"template":{"spec":{"domain":{"devices":{"disks":[{"name":"root","disk":{"bus":"virtio"},"fromTheFuture":true}]}}}}}}`,
		"in the template": `{"spec":{"template":{"spec":{"fromTheFuture":[1,2]}}}}`,
	} {
		spec := setup.Spec("vm", domain.RunStrategyHalted)
		spec.Manifest = []byte(manifest)
		for what, write := range map[string]func() error{
			"create": func() error {
				_, err := site.CreateVM(t.Context(), setup.Cluster, site.Namespace, spec, provider.CreateOptions{})
				return err
			},
			"apply": func() error {
				_, err := site.ApplyVM(t.Context(), setup.Cluster, site.Namespace, spec, provider.ApplyOptions{})
				return err
			},
		} {
			setup.Code(t, name+": "+what, domain.CodeInvalidSpec, write())
			_, err := site.GetVM(t.Context(), setup.Cluster, site.Namespace, "vm")
			setup.Code(t, name+": "+what+": nothing is stored", domain.CodeVMNotFound, err)
		}
		verdict, err := site.ValidateVM(t.Context(), setup.Cluster, site.Namespace, spec, provider.ValidateOptions{})
		setup.Must(t, name+": validate", err)
		setup.Diff(t, name+": verdict", domain.CodeInvalidSpec, verdict.Code)
	}
}
