package kubevirtsim

import (
	"encoding/json"
	"net/http"
	"testing"

	kubevirtv1 "kubevirt.io/api/core/v1"
	instancetypev1 "kubevirt.io/api/instancetype/v1beta1"
)

// catalogue makes an object of the instancetype group.
func (w world) catalogue(kind, plural, namespace, name, spec string) {
	w.Helper()
	path := "/apis/instancetype.kubevirt.io/v1beta1/"
	if namespace != "" {
		path += "namespaces/" + namespace + "/"
	}
	body := `{"apiVersion":"instancetype.kubevirt.io/v1beta1","kind":"` + kind + `","metadata":{"name":"` + name + `"},"spec":` + spec + `}`
	if made := w.do(http.MethodPost, path+plural, body, "Content-Type", "application/json"); made.Code != http.StatusCreated {
		w.Fatalf("%d %s", made.Code, made.Body)
	}
}

const (
	preferenceSpec = `{"cpu":{"preferredCPUTopology":"spread","preferredCPUFeatures":[{"name":"vmx","policy":"require"}]},"annotations":{"from":"preference"},
		"devices":{"preferredDiskBus":"virtio","preferredCdromBus":"sata","preferredInterfaceModel":"e1000e","preferredAutoattachGraphicsDevice":false},
		"firmware":{"preferredEfi":{"secureBoot":false}},"features":{"preferredHyperv":{"vapic":{}}},"machine":{"preferredMachineType":"pc-q35-9.2"},
		"clock":{"preferredClockOffset":{"utc":{}}},"preferredTerminationGracePeriodSeconds":7}`
	sizeSpec = `{"cpu":{"guest":4},"memory":{"guest":"1Gi","overcommitPercent":50},"annotations":{"from":"size"}}`
)

func sized(matcher map[string]any, preference any) map[string]any {
	spec := map[string]any{
		"domain": map[string]any{"devices": map[string]any{"disks": []any{
			map[string]any{"name": "root", "disk": map[string]any{}}, map[string]any{"name": "cd", "cdrom": map[string]any{}}}}},
		"volumes": []any{
			map[string]any{"name": "root", "containerDisk": map[string]any{"image": "registry.example/disk:1"}},
			map[string]any{"name": "cd", "containerDisk": map[string]any{"image": "registry.example/cd"}},
			map[string]any{"name": "more", "emptyDisk": map[string]any{"capacity": "1Gi"}},
		},
	}
	vm := map[string]any{"runStrategy": "Halted", "template": map[string]any{"spec": spec}, "instancetype": matcher}
	if preference != nil {
		vm["preference"] = preference
	}
	return vm
}

func TestExpandSpec(t *testing.T) {
	inWorld(t, Options{}, func(w world) {
		w.catalogue("VirtualMachineClusterInstancetype", "virtualmachineclusterinstancetypes", "", "large", sizeSpec)
		w.catalogue("VirtualMachinePreference", "virtualmachinepreferences", "default", "modern", preferenceSpec)
		w.createSpec(sized(map[string]any{"name": "large"}, map[string]any{"name": "modern", "kind": "VirtualMachinePreference"}))
		before := w.vm()
		got := w.verb("expand-spec", "")
		vm := &kubevirtv1.VirtualMachine{}
		if err := json.Unmarshal(got.Body.Bytes(), vm); err != nil || got.Code != http.StatusOK {
			w.Fatalf("%d %v %s", got.Code, err, got.Body)
		}
		w.equal("kubecli sets it", "kind", "VirtualMachine", vm.Kind)
		w.equal("nothing is named any more", "references", true, vm.Spec.Instancetype == nil && vm.Spec.Preference == nil)
		spec := vm.Spec.Template.Spec
		w.equal("of the instance type, spread by the preference", "cpu", "2 2 1", topologyText(spec.Domain.CPU))
		w.equal("of the preference", "features", "vmx", spec.Domain.CPU.Features[0].Name)
		w.equal("of the instance type", "memory", "1Gi", spec.Domain.Memory.Guest.String())
		w.equal("half of it", "request", "512Mi", spec.Domain.Resources.Requests.Memory().String())
		w.equal("what is first stays", "annotation", "size", vm.Spec.Template.ObjectMeta.Annotations["from"])
		disks := spec.Domain.Devices.Disks
		w.equal("each volume has one", "disks", 3, len(disks))
		w.equal("of the preference", "bus", kubevirtv1.DiskBusVirtio, disks[0].Disk.Bus)
		w.equal("of the preference", "bus of the CD", kubevirtv1.DiskBusSATA, disks[1].CDRom.Bus)
		w.equal("what is not said to be anything is a disk", "bus of the third", kubevirtv1.DiskBusVirtio, disks[2].Disk.Bus)
		w.equal("the cluster's default network, of the preferred model", "nic", "e1000e", spec.Domain.Devices.Interfaces[0].Model)
		w.equal("of the preference", "graphics", new(false), spec.Domain.Devices.AutoattachGraphicsDevice)
		w.equal("of the preference", "secure boot", new(false), spec.Domain.Firmware.Bootloader.EFI.SecureBoot)
		w.equal("of the preference", "vapic", true, spec.Domain.Features.Hyperv.VAPIC != nil)
		w.equal("of the preference", "clock", true, spec.Domain.Clock.UTC != nil)
		w.equal("of the preference", "grace period", new(int64(7)), spec.TerminationGracePeriodSeconds)
		w.equal("a tag", "pull policy", "IfNotPresent", string(spec.Volumes[0].ContainerDisk.ImagePullPolicy))
		w.equal("no tag", "pull policy", "Always", string(spec.Volumes[1].ContainerDisk.ImagePullPolicy))
		w.equal("the stored VM stays as it was", "revision", before.ResourceVersion, w.vm().ResourceVersion)
	})
}

func topologyText(cpu *kubevirtv1.CPU) string {
	text, _ := json.Marshal([]uint32{cpu.Sockets, cpu.Cores, cpu.Threads}) //nolint:errchkjson // numbers
	return string(text[1:2]) + " " + string(text[3:4]) + " " + string(text[5:6])
}

func TestExpandRefusals(t *testing.T) {
	const missing = `virtualmachineclusterinstancetypes.instancetype.kubevirt.io "none" not found`
	inWorld(t, Options{}, func(w world) {
		w.createSpec(sized(map[string]any{"name": "none"}, nil))
		w.equal("of a stored VM it is an internal error", "expand-spec", "500 InternalError: Internal error occurred: "+missing, answer(w.verb("expand-spec", "")))
	})
	inWorld(t, Options{}, func(w world) {
		w.create("Halted", Knobs{})
		vm := &kubevirtv1.VirtualMachine{}
		w.read(subresources+"namespaces/default/virtualmachines/vm/expand-spec", vm)
		vm.TypeMeta = w.vm().TypeMeta
		w.equal("it names nothing, and stays", "vm", w.vm().Spec, vm.Spec)
	})
	cases := map[string]struct{ why, body, want string }{
		"missing":       {"of a given VM it is the caller's fault", `{"spec":{"template":{"spec":{"domain":{"devices":{}}}},"instancetype":{"name":"none"}}}`, "400 BadRequest: " + missing},
		"bad kind":      {"", `{"spec":{"template":{"spec":{"domain":{"devices":{}}}},"instancetype":{"name":"none","kind":"Shoe"}}}`, "400 BadRequest: got unexpected kind in InstancetypeMatcher: Shoe"},
		"no preference": {"", `{"spec":{"template":{"spec":{"domain":{"devices":{}}}},"preference":{"name":"none","kind":"VirtualMachinePreferences"}}}`, `400 BadRequest: virtualmachinepreferences.instancetype.kubevirt.io "none" not found`},
		"other place":   {"", `{"metadata":{"namespace":"other"},"spec":{"template":{"spec":{"domain":{"devices":{}}}}}}`, "400 BadRequest: VM namespace must be empty or default"},
		"wrong type":    {"", `{"spec":{"template":{"spec":{"domain":{"devices":{}}}},"running":"yes"}}`, "400 BadRequest: Object is not a valid VirtualMachine"},
		"no object":     {"", `null`, "400 BadRequest: Object is not a valid VirtualMachine"},
		"a list":        {"", `[]`, "400 BadRequest: Can not unmarshal Request body to struct, error: json: cannot unmarshal array into Go value of type map[string]interface {}"},
		"garbage":       {"", `{`, "400 BadRequest: Can not unmarshal Request body to struct, error: unexpected end of JSON input"},
		"no template":   {"", `{"spec":{}}`, "400 BadRequest: Object is not a valid VirtualMachine"},
		"conflict": {"an instance type is not overruled", `{"spec":{"template":{"spec":{"domain":{"cpu":{"cores":2,"sockets":1},"memory":{"guest":"1Gi"},"devices":{}}}},"instancetype":{"name":"large"}}}`,
			"400 BadRequest: VM field(s) spec.template.spec.domain.cpu.sockets, spec.template.spec.domain.cpu.cores, spec.template.spec.domain.memory.guest conflicts with selected instance type"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			inWorld(t, Options{}, func(w world) {
				w.catalogue("VirtualMachineClusterInstancetype", "virtualmachineclusterinstancetypes", "", "large", sizeSpec)
				got := w.do(http.MethodPut, subresources+"namespaces/default/expand-vm-spec", c.body, "Content-Type", "application/json")
				w.equal(c.why, "answer", c.want, answer(got))
			})
		})
	}
}

func TestTopology(t *testing.T) {
	liking := func(topology instancetypev1.PreferredCPUTopology, options *instancetypev1.SpreadOptions) *instancetypev1.VirtualMachinePreferenceSpec {
		return &instancetypev1.VirtualMachinePreferenceSpec{CPU: &instancetypev1.CPUPreferences{PreferredCPUTopology: &topology, SpreadOptions: options}}
	}
	cases := map[string]struct {
		cpus       uint32
		preference *instancetypev1.VirtualMachinePreferenceSpec
		want       [3]uint32
	}{
		"one":         {1, liking(instancetypev1.Cores, nil), [3]uint32{1, 1, 1}},
		"no liking":   {4, nil, [3]uint32{4, 1, 1}},
		"sockets":     {4, liking(instancetypev1.DeprecatedPreferSockets, nil), [3]uint32{4, 1, 1}},
		"any":         {4, liking(instancetypev1.Any, nil), [3]uint32{4, 1, 1}},
		"cores":       {4, liking(instancetypev1.Cores, nil), [3]uint32{1, 4, 1}},
		"threads":     {4, liking(instancetypev1.Threads, nil), [3]uint32{1, 1, 4}},
		"spread":      {8, liking(instancetypev1.Spread, nil), [3]uint32{4, 2, 1}},
		"spread by 4": {8, liking(instancetypev1.Spread, &instancetypev1.SpreadOptions{Ratio: new(uint32(4))}), [3]uint32{2, 4, 1}},
		"over cores":  {8, liking(instancetypev1.Spread, &instancetypev1.SpreadOptions{Across: new(instancetypev1.SpreadAcrossCoresThreads)}), [3]uint32{1, 4, 2}},
		"over all":    {8, liking(instancetypev1.Spread, &instancetypev1.SpreadOptions{Across: new(instancetypev1.SpreadAcrossSocketsCoresThreads)}), [3]uint32{2, 2, 2}},
		"unknown":     {8, liking("sideways", nil), [3]uint32{1, 1, 1}},
		"spread by 0": {8, liking(instancetypev1.Spread, &instancetypev1.SpreadOptions{Ratio: new(uint32(0))}), [3]uint32{8, 1, 1}},
	}
	for name, c := range cases {
		sockets, cores, threads := topologyFor(c.cpus, c.preference)
		if got := [3]uint32{sockets, cores, threads}; got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
