package kubevirtsim

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	kubevirtv1 "kubevirt.io/api/core/v1"
)

// plug and unplug are bodies.
func plug(name, claim string, more ...string) string {
	return fmt.Sprintf(`{"name":%q,"disk":{"disk":{"bus":"scsi"}},"volumeSource":{"persistentVolumeClaim":{"claimName":%q}}%s}`,
		name, claim, strings.Join(append([]string{""}, more...), ","))
}

func unplug(name string, more ...string) string {
	return fmt.Sprintf(`{"name":%q%s}`, name, strings.Join(append([]string{""}, more...), ","))
}

// The two mechanisms.
var (
	byRequest    = Options{FeatureGates: []string{gateHotplug}}
	byTemplate   = Options{}
	withoutGates = Options{Version: "1.8.0"}
)

func volumeNames(spec *kubevirtv1.VirtualMachineInstanceSpec) string {
	var names []string
	for _, v := range spec.Volumes {
		disks := slices.IndexFunc(spec.Domain.Devices.Disks, func(d kubevirtv1.Disk) bool { return d.Name == v.Name })
		if disks < 0 {
			names = append(names, v.Name+"(no disk)")
			continue
		}
		names = append(names, v.Name)
	}
	return strings.Join(names, " ")
}

// volumes are those of the VM, of its instance, and those that are waited for.
func (w world) volumes() string {
	vm := w.vm()
	var text strings.Builder
	text.WriteString("vm: " + volumeNames(&vm.Spec.Template.Spec))
	if vmi := w.vmi(); vmi != nil {
		text.WriteString(", vmi: " + volumeNames(&vmi.Spec))
	}
	for i := range vm.Status.VolumeRequests {
		text.WriteString(", asked: " + nameOfRequest(&vm.Status.VolumeRequests[i]))
	}
	return text.String()
}

const (
	addTo      = "namespaces/default/virtualmachines/vm/addvolume"
	removeFrom = "namespaces/default/virtualmachines/vm/removevolume"
	addToVMI   = "namespaces/default/virtualmachineinstances/vm/addvolume"
	removeVMI  = "namespaces/default/virtualmachineinstances/vm/removevolume"
	disabled   = "400 BadRequest: Enable DeclarativeHotplugVolumes or HotplugVolumes feature gate to use this API."
)

func TestVolumeVerbs(t *testing.T) {
	withData := func(w world) {
		w.accepted(w.do("PUT", subresources+addTo, plug("data", "claim")))
		settle()
	}
	cases := map[string]struct {
		why        string
		opts       Options
		strategy   string
		reach      func(w world)
		path, body string
		want       string
		after      string // a second later
	}{
		"off":                {why: "no gate", opts: withoutGates, path: addTo, body: plug("data", "claim"), want: disabled, after: "vm: root, vmi: root"},
		"off, 1.5":           {why: "in older words", opts: Options{Version: "1.5.0"}, path: addTo, body: plug("data", "claim"), want: "400 BadRequest: Unable to Add Volume because HotplugVolumes feature gate is not enabled.", after: "vm: root, vmi: root"},
		"off, 1.5, remove":   {why: "in older words", opts: Options{Version: "1.5.0"}, path: removeFrom, body: unplug("data"), want: "400 BadRequest: Unable to Remove Volume because HotplugVolumes feature gate is not enabled.", after: "vm: root, vmi: root"},
		"listed, 1.8":        {why: "the gate is Alpha there", opts: Options{Version: "1.8.0", FeatureGates: []string{gateDeclarativeHotplug}}, path: addTo, body: plug("data", "claim"), want: "202", after: "vm: root data, vmi: root data"},
		"add":                {why: "the instance follows the template", opts: byTemplate, path: addTo, body: plug("data", "claim"), want: "202", after: "vm: root data, vmi: root data"},
		"add to a stopped":   {why: "nothing has to run", opts: byTemplate, strategy: "Halted", path: addTo, body: plug("data", "claim"), want: "202", after: "vm: root data"},
		"add dry":            {why: "a dry run changes nothing", opts: byTemplate, path: addTo, body: plug("data", "claim", `"dryRun":["All"]`), want: "202", after: "vm: root, vmi: root"},
		"add dry, otherwise": {why: "another directive is no directive", opts: byTemplate, path: addTo, body: plug("data", "claim", `"dryRun":["Some"]`), want: "202", after: "vm: root data, vmi: root data"},
		"add dry, empty": {why: "virt-api dies of an empty list, and the API server says so", opts: byTemplate, path: addTo, body: plug("data", "claim", `"dryRun":[]`),
			want: `503 "error trying to reach service: EOF\n"`, after: "vm: root, vmi: root"},
		"add twice":         {why: "the name", opts: byTemplate, reach: withData, path: addTo, body: plug("data", "other"), want: conflictOf + "Unable to add volume [data] because volume with that name already exists", after: "vm: root data, vmi: root data"},
		"add a claim twice": {why: "the claim", opts: byTemplate, reach: withData, path: addTo, body: plug("more", "claim"), want: conflictOf + "Unable to add volume source [claim] because it already exists", after: "vm: root data, vmi: root data"},
		"no name":           {why: "", opts: byTemplate, path: addTo, body: `{}`, want: "400 BadRequest: AddVolumeOptions requires name to be set", after: "vm: root, vmi: root"},
		"no disk":           {why: "", opts: byTemplate, path: addTo, body: `{"name":"a"}`, want: "400 BadRequest: AddVolumeOptions requires disk to not be nil", after: "vm: root, vmi: root"},
		"no source":         {why: "", opts: byTemplate, path: addTo, body: `{"name":"a","disk":{}}`, want: "400 BadRequest: AddVolumeOptions requires VolumeSource to not be nil", after: "vm: root, vmi: root"},
		"garbage":           {why: "", opts: byTemplate, path: addTo, body: `{`, want: "400 BadRequest: Can not unmarshal Request body to struct, error: unexpected EOF", after: "vm: root, vmi: root"},
		"remove":            {why: "the instance follows the template", opts: byTemplate, reach: withData, path: removeFrom, body: unplug("data"), want: "202", after: "vm: root, vmi: root"},
		"remove dry":        {why: "a dry run changes nothing", opts: byTemplate, reach: withData, path: removeFrom, body: unplug("data", `"dryRun":["All"]`), want: "202", after: "vm: root data, vmi: root data"},
		"remove by claim":   {why: "it is found, and nothing of that name is removed", opts: byTemplate, reach: withData, path: removeFrom, body: unplug("claim"), want: "202", after: "vm: root data, vmi: root data"},
		"remove none":       {why: "", opts: byTemplate, path: removeFrom, body: unplug("data"), want: conflictOf + "Unable to remove volume [data] because it does not exist", after: "vm: root, vmi: root"},
		"remove fixed":      {why: "", opts: byTemplate, path: removeFrom, body: unplug("root"), want: conflictOf + "Unable to remove volume [root] because it is not hotpluggable", after: "vm: root, vmi: root"},
		"remove no name":    {why: "", opts: byTemplate, path: removeFrom, body: `{}`, want: "400 BadRequest: RemoveVolumeOptions requires name to be set", after: "vm: root, vmi: root"},

		"request":              {why: "the controller brings it into both", opts: byRequest, path: addTo, body: plug("data", "claim"), want: "202", after: "vm: root data, vmi: root data"},
		"request of a stopped": {why: "into the template only", opts: byRequest, strategy: "Halted", path: addTo, body: plug("data", "claim"), want: "202", after: "vm: root data"},
		"request dry":          {why: "a dry run changes nothing", opts: byRequest, path: addTo, body: plug("data", "claim", `"dryRun":["All"]`), want: "202", after: "vm: root, vmi: root"},
		"request to remove":    {why: "out of both", opts: byRequest, reach: withData, path: removeFrom, body: unplug("data"), want: "202", after: "vm: root, vmi: root"},

		"of an instance, declared":   {why: "a VM's instance follows its VM", opts: byTemplate, path: addToVMI, body: plug("data", "claim"), want: "400 BadRequest: VMI default/vm is owned by a VM", after: "vm: root, vmi: root"},
		"of an instance":             {why: "the VM knows nothing of it", opts: byRequest, path: addToVMI, body: plug("data", "claim"), want: "202", after: "vm: root, vmi: root data"},
		"of an instance, dry":        {why: "a dry run changes nothing", opts: byRequest, path: addToVMI, body: plug("data", "claim", `"dryRun":["All"]`), want: "202", after: "vm: root, vmi: root"},
		"of an instance, none":       {why: "", opts: byRequest, strategy: "Halted", path: addToVMI, body: plug("data", "claim"), want: notFoundI, after: "vm: root"},
		"off an instance":            {why: "the VM's stays", opts: byRequest, reach: withData, path: removeVMI, body: unplug("data"), want: "202", after: "vm: root data, vmi: root"},
		"off an instance, not there": {why: "", opts: byRequest, path: removeVMI, body: unplug("data"), want: conflictOfI + "Unable to remove volume [data] because it does not exist", after: "vm: root, vmi: root"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			inWorld(t, c.opts, func(w world) {
				if c.strategy == "" {
					c.strategy = "Always"
				}
				w.create(c.strategy, Knobs{})
				if c.reach != nil {
					c.reach(w)
				}
				w.equal(c.why, "answer", c.want, answer(w.do("PUT", subresources+c.path, c.body)))
				settle()
				w.equal(c.why, "volumes", c.after, w.volumes())
			})
		})
	}
}

// TestVolumeRequestsWait is about requests for an instance that does not run yet.
func TestVolumeRequestsWait(t *testing.T) {
	inWorld(t, byRequest, func(w world) {
		w.create("Always", Knobs{Unschedulable: true})
		put := func(path, body string) string { return answer(w.do("PUT", subresources+path, body)) }
		w.equal("it is left for the controller", "add", "202", put(addTo, plug("data", "claim")))
		settle()
		w.equal("which waits for the instance", "volumes", "vm: root, vmi: root, asked: data", w.volumes())
		w.equal("it is asked for already", "add", conflictOf+"add volume request for volume [data] already exists", put(addTo, plug("data", "claim")))
		w.equal("the template does not have it yet", "remove", conflictOf+"Unable to remove volume [data] because it does not exist", put(removeFrom, unplug("data")))
		w.equal("one more", "add", "202", put(addTo, plug("more", "other")))
		w.equal("an instance that does not run", "add", conflictOfI+"VMI is not running", put(addToVMI, plug("own", "third")))
		w.sim.SetKnobs("default", "vm", Knobs{})
		settle()
		w.equal("it runs", "volumes", "vm: root data more, vmi: root data more", w.volumes())
		w.equal("nothing waits for a restart", "condition", false, machineHas(w.vm(), kubevirtv1.VirtualMachineRestartRequired))
	})
}

// TestVolumeOwners is about whose the lists are then.
func TestVolumeOwners(t *testing.T) {
	for _, c := range []struct {
		opts  Options
		owner string
	}{{byTemplate, "virt-api"}, {byRequest, "virt-controller"}} {
		inWorld(t, c.opts, func(w world) {
			w.create("Halted", Knobs{})
			w.accepted(w.do("PUT", subresources+addTo, plug("data", "claim")))
			settle()
			var owner strings.Builder
			for _, entry := range w.vm().ManagedFields {
				if strings.Contains(entry.FieldsV1.String(), "f:volumes") {
					owner.WriteString(entry.Manager)
				}
			}
			w.equal("an applier meets this claim", "owner of the volumes", c.owner, owner.String())
		})
	}
}

// TestEphemeralVolume is about one that the VM knows nothing of.
func TestEphemeralVolume(t *testing.T) {
	inWorld(t, byRequest, func(w world) {
		w.create("Always", Knobs{})
		w.accepted(w.do("PUT", subresources+addToVMI, plug("data", "claim")))
		settle()
		w.accepted(w.verb("restart", ""))
		settle()
		w.equal("it goes with the instance", "volumes", "vm: root, vmi: root", w.volumes())
	})
}

// TestLostRaceOfVolumes is about a VM that has changed since virt-api read it.
func TestLostRaceOfVolumes(t *testing.T) {
	inWorld(t, byTemplate, func(w world) {
		w.create("Halted", Knobs{})
		a := &virtAPI{sim: w.sim, api: w.sim.api, version: w.sim.version}
		q := &question{namespace: "default", name: "vm"}
		read := w.vm()
		w.accepted(w.do("PUT", subresources+addTo, plug("data", "claim")))
		request := &kubevirtv1.VirtualMachineVolumeRequest{AddVolumeOptions: &kubevirtv1.AddVolumeOptions{Name: "more", Disk: &kubevirtv1.Disk{}, VolumeSource: &kubevirtv1.HotplugVolumeSource{}}}
		refused := volumesPatched("vm", a.patchSpec(machines, q, nil, volumesPatch("/spec/template", &read.Spec.Template.Spec, request)))
		w.equal("the API server's refusal is passed on", "invalid", true, apierrors.IsInvalid(refused))
		w.equal("nothing is lost", "volumes", "vm: root data", w.volumes())
	})
}
