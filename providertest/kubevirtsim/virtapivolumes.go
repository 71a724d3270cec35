package kubevirtsim

import (
	"fmt"
	"net/http"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"
)

// addvolume and removevolume (pkg/virt-api/rest/volumes.go). There are two mechanisms. With the feature gate
// HotplugVolumes, of old, a request is left in the VM's status for virt-controller (volumerequests.go); without it, and with
// DeclarativeHotplugVolumes, virt-api changes the VM's template, and that is all that is asked of it. Of an instance the
// change is made at once, and lost when it ends.

const (
	gateHotplug            = "HotplugVolumes"
	gateDeclarativeHotplug = "DeclarativeHotplugVolumes"
)

// declarativeHotplug says whether a running instance follows the hot-pluggable volumes of its VM's template.
func (v version) declarativeHotplug() bool {
	return v.gate(gateDeclarativeHotplug) && !v.gate(gateHotplug)
}

func (a *virtAPI) addVolume(q *question) error    { return a.changeVolumes(q, true, a.changeMachine) }
func (a *virtAPI) removeVolume(q *question) error { return a.changeVolumes(q, false, a.changeMachine) }
func (a *virtAPI) addVolumeToInstance(q *question) error {
	return a.changeVolumes(q, true, a.changeInstance)
}
func (a *virtAPI) removeVolumeFromInstance(q *question) error {
	return a.changeVolumes(q, false, a.changeInstance)
}

func (a *virtAPI) changeVolumes(q *question, add bool, change func(*question, *kubevirtv1.VirtualMachineVolumeRequest) error) error {
	if !a.version.gate(gateHotplug) && !a.version.gate(gateDeclarativeHotplug) {
		return apierrors.NewBadRequest(a.hotplugIsOff(add))
	}
	request, err := volumeRequest(q, add)
	if err != nil {
		return err
	}
	return change(q, request)
}

func (a *virtAPI) hotplugIsOff(add bool) string {
	switch {
	case a.version.since(6): // the minor of the second mechanism
		return "Enable DeclarativeHotplugVolumes or HotplugVolumes feature gate to use this API."
	case add:
		return "Unable to Add Volume because HotplugVolumes feature gate is not enabled."
	default:
		return "Unable to Remove Volume because HotplugVolumes feature gate is not enabled."
	}
}

// volumeRequest reads the body.
func volumeRequest(q *question, add bool) (*kubevirtv1.VirtualMachineVolumeRequest, error) {
	if !add {
		opts := &kubevirtv1.RemoveVolumeOptions{}
		if err := q.decode(opts); err != nil {
			return nil, err
		}
		if opts.Name == "" {
			return nil, apierrors.NewBadRequest("RemoveVolumeOptions requires name to be set")
		}
		return &kubevirtv1.VirtualMachineVolumeRequest{RemoveVolumeOptions: opts}, nil
	}
	opts := &kubevirtv1.AddVolumeOptions{}
	if err := q.decode(opts); err != nil {
		return nil, err
	}
	switch {
	case opts.Name == "":
		return nil, apierrors.NewBadRequest("AddVolumeOptions requires name to be set")
	case opts.Disk == nil:
		return nil, apierrors.NewBadRequest("AddVolumeOptions requires disk to not be nil")
	case opts.VolumeSource == nil:
		return nil, apierrors.NewBadRequest("AddVolumeOptions requires VolumeSource to not be nil")
	}
	opts.Disk.Name = opts.Name
	switch source := opts.VolumeSource; {
	case source.DataVolume != nil:
		source.DataVolume.Hotpluggable = true
	case source.PersistentVolumeClaim != nil:
		source.PersistentVolumeClaim.Hotpluggable = true
	}
	return &kubevirtv1.VirtualMachineVolumeRequest{AddVolumeOptions: opts}, nil
}

func (a *virtAPI) changeMachine(q *question, request *kubevirtv1.VirtualMachineVolumeRequest) error {
	vm, err := a.machine(q)
	if err != nil {
		return err
	}
	spec := &vm.Spec.Template.Spec
	if text := forbidsVolume(spec.Volumes, request); text != "" {
		return machineConflict(q.name, text)
	}
	if !a.version.gate(gateHotplug) {
		dryRun, err := dryRunOf(request)
		if err != nil {
			return err
		}
		return volumesPatched("vm", a.patchSpec(machines, q, dryRun, volumesPatch("/spec/template", spec, request)))
	}
	queue, text := queued(vm.Status.VolumeRequests, request)
	if text != "" {
		return machineConflict(q.name, text)
	}
	dryRun, err := dryRunOf(request)
	if err != nil {
		return err
	}
	const path = "/status/volumeRequests"
	operations := []operation{test(path, vm.Status.VolumeRequests), add(path, queue)} // to add what is there replaces it
	return volumesPatched("vm status", a.patchStatus(machines, q, dryRun, operations))
}

func (a *virtAPI) changeInstance(q *question, request *kubevirtv1.VirtualMachineVolumeRequest) error {
	vmi, err := a.instance(q)
	if err != nil {
		return err
	}
	owner := metav1.GetControllerOf(vmi)
	owned := owner != nil && owner.Kind == "VirtualMachine" && owner.APIVersion == kubevirtv1.GroupVersion.String()
	switch {
	case owned && !a.version.gate(gateHotplug):
		return apierrors.NewBadRequest(fmt.Sprintf("VMI %s/%s is owned by a VM", vmi.Namespace, vmi.Name))
	case !vmi.IsRunning():
		return instanceConflict(q.name, textInstanceNotRunning)
	}
	if text := forbidsVolume(vmi.Spec.Volumes, request); text != "" {
		return instanceConflict(q.name, text)
	}
	dryRun, err := dryRunOf(request)
	if err != nil {
		return err
	}
	return volumesPatched("vmi", a.patchSpec(instances, q, dryRun, volumesPatch("", &vmi.Spec, request)))
}

// dryRunOf reads the directives. virt-api looks at the first of a list without asking whether there is one, and dies of an
// empty list: its server closes the connection, and the API server in front of it says what it says of any backend that
// does so (responder.Error, kube-aggregator v0.34 apiserver/handler_proxy.go).
func dryRunOf(request *kubevirtv1.VirtualMachineVolumeRequest) ([]string, error) {
	var directives []string
	if opts := request.AddVolumeOptions; opts != nil {
		directives = opts.DryRun
	} else {
		directives = request.RemoveVolumeOptions.DryRun
	}
	switch {
	case directives == nil:
		return nil, nil
	case len(directives) == 0:
		return nil, plain{http.StatusServiceUnavailable, "error trying to reach service: EOF\n"}
	case directives[0] != metav1.DryRunAll:
		return nil, nil // and so it is done
	default:
		return directives, nil
	}
}

// volumesPatched is the answer to a patch: what is invalid is told as it is, anything else is an internal error.
func volumesPatched(what string, err error) error {
	if err == nil || apierrors.IsInvalid(err) {
		return err
	}
	return apierrors.NewInternalError(fmt.Errorf("unable to patch %s: %w", what, err))
}

// volumesPatch changes volumes and disks, if they are still what they were.
func volumesPatch(prefix string, spec *kubevirtv1.VirtualMachineInstanceSpec, request *kubevirtv1.VirtualMachineVolumeRequest) []operation {
	volumes, disks := prefix+"/spec/volumes", prefix+"/spec/domain/devices/disks"
	changed := spec.DeepCopy()
	applyVolumeRequest(changed, request)
	return []operation{
		test(volumes, spec.Volumes), test(disks, spec.Domain.Devices.Disks),
		add(volumes, changed.Volumes), add(disks, changed.Domain.Devices.Disks), // to add what is there replaces it
	}
}

// applyVolumeRequest makes the change (ApplyVolumeRequestOnVMISpec of pkg/controller).
func applyVolumeRequest(spec *kubevirtv1.VirtualMachineInstanceSpec, request *kubevirtv1.VirtualMachineVolumeRequest) {
	devices := &spec.Domain.Devices
	if opts := request.RemoveVolumeOptions; opts != nil {
		spec.Volumes = slices.DeleteFunc(spec.Volumes, func(v kubevirtv1.Volume) bool { return v.Name == opts.Name })
		devices.Disks = slices.DeleteFunc(devices.Disks, func(d kubevirtv1.Disk) bool { return d.Name == opts.Name })
		if spec.Volumes == nil {
			spec.Volumes = []kubevirtv1.Volume{}
		}
		if devices.Disks == nil {
			devices.Disks = []kubevirtv1.Disk{}
		}
		return
	}
	opts := request.AddVolumeOptions
	if opts == nil || hasVolume(spec, opts.Name) {
		return
	}
	volume := kubevirtv1.Volume{Name: opts.Name}
	switch source := opts.VolumeSource; {
	case source == nil:
	case source.PersistentVolumeClaim != nil:
		volume.PersistentVolumeClaim = source.PersistentVolumeClaim.DeepCopy()
		volume.PersistentVolumeClaim.Hotpluggable = true
	case source.DataVolume != nil:
		volume.DataVolume = source.DataVolume.DeepCopy()
		volume.DataVolume.Hotpluggable = true
	}
	spec.Volumes = append(spec.Volumes, volume)
	if opts.Disk != nil {
		disk := *opts.Disk.DeepCopy()
		disk.Name = opts.Name
		devices.Disks = append(devices.Disks, disk)
	}
}

func hasVolume(spec *kubevirtv1.VirtualMachineInstanceSpec, name string) bool {
	return slices.ContainsFunc(spec.Volumes, func(v kubevirtv1.Volume) bool { return v.Name == name })
}

// forbidsVolume says why the volumes do not let a request be; empty when they do. A volume is removed by its own name, but
// found by that of its claim as well.
func forbidsVolume(volumes []kubevirtv1.Volume, request *kubevirtv1.VirtualMachineVolumeRequest) string {
	if opts := request.AddVolumeOptions; opts != nil {
		source := ""
		switch {
		case opts.VolumeSource.DataVolume != nil:
			source = opts.VolumeSource.DataVolume.Name
		case opts.VolumeSource.PersistentVolumeClaim != nil:
			source = opts.VolumeSource.PersistentVolumeClaim.ClaimName
		}
		for _, v := range volumes {
			switch {
			case v.Name == opts.Name:
				return fmt.Sprintf("Unable to add volume [%s] because volume with that name already exists", opts.Name)
			case holds(v, source):
				return fmt.Sprintf("Unable to add volume source [%s] because it already exists", source)
			}
		}
		return ""
	}
	name := request.RemoveVolumeOptions.Name
	i := slices.IndexFunc(volumes, func(v kubevirtv1.Volume) bool { return v.Name == name || holds(v, name) })
	switch {
	case i < 0:
		return fmt.Sprintf("Unable to remove volume [%s] because it does not exist", name)
	case !hotpluggable(volumes[i]):
		return fmt.Sprintf("Unable to remove volume [%s] because it is not hotpluggable", volumes[i].Name)
	}
	return ""
}

// holds says whether a volume is one of that claim, or data volume.
func holds(v kubevirtv1.Volume, claim string) bool {
	return v.DataVolume != nil && v.DataVolume.Name == claim || v.PersistentVolumeClaim != nil && v.PersistentVolumeClaim.ClaimName == claim
}

// queued adds a request to those that wait for virt-controller, or says why it cannot be. A remove takes an add of the same
// volume off the queue.
func queued(queue []kubevirtv1.VirtualMachineVolumeRequest, request *kubevirtv1.VirtualMachineVolumeRequest) (after []kubevirtv1.VirtualMachineVolumeRequest, refusal string) {
	for _, waiting := range queue {
		same := nameOfRequest(&waiting) == nameOfRequest(request)
		switch adds, removes := waiting.AddVolumeOptions != nil, request.RemoveVolumeOptions != nil; {
		case !same:
			after = append(after, waiting)
		case adds && removes:
		case adds:
			return nil, fmt.Sprintf("add volume request for volume [%s] already exists", nameOfRequest(request))
		case removes:
			return nil, fmt.Sprintf("a remove volume request for volume [%s] already exists and is still being processed", nameOfRequest(request))
		default:
			return nil, fmt.Sprintf("unable to add volume since a remove volume request for volume [%s] already exists and is still being processed",
				nameOfRequest(request))
		}
	}
	return append(after, *request), ""
}

func nameOfRequest(request *kubevirtv1.VirtualMachineVolumeRequest) string {
	switch {
	case request.AddVolumeOptions != nil:
		return request.AddVolumeOptions.Name
	case request.RemoveVolumeOptions != nil:
		return request.RemoveVolumeOptions.Name
	}
	return ""
}
