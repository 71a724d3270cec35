package kubevirtsim

import (
	"errors"
	"fmt"

	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	kubevirtv1 "kubevirt.io/api/core/v1"
)

// What virt-api makes of start, stop and restart (pkg/virt-api/rest/lifecycle.go). The order of the checks is part of the
// answer: it decides which of several refusals a client reads.

const (
	textNotRunning     = "VM is not running"
	textManualRecovery = "VM recovery required: Volume migration failed, leaving some volumes pointing to non-consistent targets; " +
		"manual intervention is needed to reassign them to their original volumes."
)

func (a *virtAPI) start(q *question) error {
	vm, err := a.machine(q)
	if err != nil {
		return err
	}
	vmi, _ := a.instance(q) // there may be none
	if vmi != nil && live(vmi) {
		return machineConflict(q.name, "VM is already running")
	}
	if a.version.since(4) && machineHas(vm, kubevirtv1.VirtualMachineManualRecoveryRequired) {
		return machineConflict(q.name, textManualRecovery)
	}
	opts := &kubevirtv1.StartOptions{}
	if err := q.decode(opts); err != nil {
		return err
	}
	strategy, err := vm.RunStrategy()
	if err != nil {
		return apierrors.NewInternalError(err)
	}
	switch strategy {
	case kubevirtv1.RunStrategyHalted:
		if !opts.Paused {
			return a.patched(q, a.patchSpec(machines, q, opts.DryRun, setRunning(vm, true)))
		}
		return a.requestChange(q, vm, opts.DryRun, startRequest(true))
	case kubevirtv1.RunStrategyRerunOnFailure, kubevirtv1.RunStrategyManual:
		return a.startByRequest(q, vm, vmi, strategy, opts)
	case kubevirtv1.RunStrategyAlways, kubevirtv1.RunStrategyOnce:
		return machineConflict(q.name, fmt.Sprintf("%v does not support manual start requests", strategy))
	default: // a receiver: nothing is done, and nothing said
		return nil
	}
}

// live says whether an instance stands in the way of a start. One that has not been looked at yet does not.
func live(vmi *kubevirtv1.VirtualMachineInstance) bool {
	return !vmi.IsFinal() && vmi.Status.Phase != kubevirtv1.Unknown && vmi.Status.Phase != kubevirtv1.VmPhaseUnset
}

// startByRequest asks the controller for a new instance, and to take the old one away first.
func (a *virtAPI) startByRequest(q *question, vm *kubevirtv1.VirtualMachine, vmi *kubevirtv1.VirtualMachineInstance,
	strategy kubevirtv1.VirtualMachineRunStrategy, opts *kubevirtv1.StartOptions,
) error {
	begin := startRequest(opts.Paused)
	switch {
	case vmi == nil || !vmi.IsFinal():
		return a.requestChange(q, vm, opts.DryRun, begin)
	case strategy == kubevirtv1.RunStrategyRerunOnFailure && vmi.Status.Phase == kubevirtv1.Failed:
		return machineConflict(q.name, fmt.Sprintf("%v does not support starting VM from failed state", strategy))
	default:
		return a.requestChange(q, vm, opts.DryRun, stopRequest(vmi), begin)
	}
}

func (a *virtAPI) stop(q *question) error {
	opts := &kubevirtv1.StopOptions{}
	if err := q.decode(opts); err != nil {
		return err
	}
	vm, err := a.machine(q)
	if err != nil {
		return err
	}
	strategy, err := vm.RunStrategy()
	if err != nil {
		return apierrors.NewInternalError(err)
	}
	vmi, _ := a.instance(q)
	running := vmi != nil && !vmi.IsFinal()
	if running && opts.GracePeriod != nil { // before anything else, even if the stop is refused then
		if err := a.setGrace(q, vmi, *opts.GracePeriod, opts.DryRun); err != nil {
			return apierrors.NewInternalError(err)
		}
	}
	switch strategy {
	case kubevirtv1.RunStrategyHalted, kubevirtv1.RunStrategyRerunOnFailure, kubevirtv1.RunStrategyManual:
		if !running {
			return machineConflict(q.name, textNotRunning)
		}
		if strategy == kubevirtv1.RunStrategyHalted && !hastens(opts, vmi) {
			return machineConflict(q.name, fmt.Sprintf("%v only supports manual stop requests with a shorter graceperiod", strategy))
		}
		return a.requestChange(q, vm, opts.DryRun, stopRequest(vmi))
	case kubevirtv1.RunStrategyAlways, kubevirtv1.RunStrategyOnce:
		return a.patched(q, a.patchSpec(machines, q, opts.DryRun, setRunning(vm, false)))
	default:
		return nil
	}
}

// hastens says whether a stop leaves the guest less time than it has.
func hastens(opts *kubevirtv1.StopOptions, vmi *kubevirtv1.VirtualMachineInstance) bool {
	old := vmi.Spec.TerminationGracePeriodSeconds
	return opts.GracePeriod != nil && (old == nil || *opts.GracePeriod < *old)
}

func (a *virtAPI) restart(q *question) error {
	opts := &kubevirtv1.RestartOptions{}
	if err := q.decode(opts); err != nil {
		return err
	}
	forced := opts.GracePeriodSeconds != nil
	switch {
	case forced && *opts.GracePeriodSeconds > 0:
		return apierrors.NewBadRequest("For force restart, only gracePeriod=0 is supported for now")
	case forced && *opts.GracePeriodSeconds < 0:
		return apierrors.NewBadRequest("gracePeriod has to be greater or equal to 0")
	}
	vm, err := a.machine(q)
	if err != nil {
		return err
	}
	if machineHas(vm, kubevirtv1.VirtualMachineConditionType(kubevirtv1.VirtualMachineInstanceVolumesChange)) {
		return machineConflict(q.name, textManualRecovery)
	}
	strategy, err := vm.RunStrategy()
	if err != nil {
		return apierrors.NewInternalError(err)
	}
	if strategy == kubevirtv1.RunStrategyHalted || strategy == kubevirtv1.RunStrategyOnce {
		return machineConflict(q.name, fmt.Sprintf("RunStategy %v does not support manual restart requests", strategy))
	}
	vmi, err := a.instance(q)
	if err != nil {
		return machineConflict(q.name, fmt.Sprintf("VM is not running: %v", kubevirtv1.RunStrategyHalted))
	}
	return a.replaceInstance(q, vm, vmi, forced, opts.DryRun)
}

// replaceInstance asks for another instance. A forced restart leaves the old one a second, which is taken back when the
// request is refused.
func (a *virtAPI) replaceInstance(q *question, vm *kubevirtv1.VirtualMachine, vmi *kubevirtv1.VirtualMachineInstance, forced bool, dryRun []string) error {
	const shortest = 1
	var before int64
	if forced {
		if vmi.Spec.TerminationGracePeriodSeconds != nil {
			before = *vmi.Spec.TerminationGracePeriodSeconds
		}
		if err := a.setGrace(q, vmi, shortest, dryRun); err != nil {
			return apierrors.NewInternalError(err)
		}
		vmi.Spec.TerminationGracePeriodSeconds = new(int64(shortest))
	}
	operations, err := changeRequests(vm, stopRequest(vmi), startRequest(false))
	if err != nil {
		return apierrors.NewInternalError(err) // the second that the guest has is not taken back
	}
	refused := a.patchStatus(machines, q, dryRun, operations)
	if refused != nil && forced {
		_ = a.setGrace(q, vmi, before, dryRun) // virt-api only logs what comes of it
	}
	return a.patched(q, refused)
}

// patched is the answer to a patch of the VM. virt-api looks for a text by which the API server once reported that the
// test of a patch had failed, and would call that a conflict. Kubernetes has not said so for years: it answers 422 without
// a word of it (endpoints/handlers/patch.go and NewGenericServerResponse, v0.34), so that a lost race is an internal error
// as every other refusal.
func (a *virtAPI) patched(q *question, err error) error {
	const textTestFailed = "jsonpatch test operation does not apply"
	switch {
	case err == nil:
		return nil
	case strings.Contains(err.Error(), textTestFailed):
		return apierrors.NewConflict(aMachine, q.name, err)
	default:
		return apierrors.NewInternalError(err)
	}
}

// requestChange queues requests for the controller.
func (a *virtAPI) requestChange(q *question, vm *kubevirtv1.VirtualMachine, dryRun []string, changes ...kubevirtv1.VirtualMachineStateChangeRequest) error {
	operations, err := changeRequests(vm, changes...)
	if err != nil {
		return apierrors.NewInternalError(err)
	}
	return a.patched(q, a.patchStatus(machines, q, dryRun, operations))
}

// changeRequests is the patch that queues requests. One that is queued already is in the way, but for a lone stop, which
// takes the place of all of them.
func changeRequests(vm *kubevirtv1.VirtualMachine, changes ...kubevirtv1.VirtualMachineStateChangeRequest) ([]operation, error) {
	const path = "/status/stateChangeRequests"
	queued := vm.Status.StateChangeRequests
	var operations []operation
	switch {
	case equality.Semantic.DeepEqual(vm.Status, kubevirtv1.VirtualMachineStatus{}):
		operations = []operation{add("/status", kubevirtv1.VirtualMachineStatus{StateChangeRequests: changes})}
	case len(queued) == 0:
		operations = []operation{test(path, queued), add(path, changes)}
	case len(changes) == 1 && changes[0].Action == kubevirtv1.StopRequest:
		operations = []operation{test(path, queued), replace(path, changes)}
	default:
		return nil, errors.New("unable to complete request: stop/start already underway")
	}
	if vm.Status.StartFailure != nil {
		operations = append(operations, remove("/status/startFailure"))
	}
	return operations, nil
}

func stopRequest(vmi *kubevirtv1.VirtualMachineInstance) kubevirtv1.VirtualMachineStateChangeRequest {
	return kubevirtv1.VirtualMachineStateChangeRequest{Action: kubevirtv1.StopRequest, UID: &vmi.UID}
}

func startRequest(paused bool) kubevirtv1.VirtualMachineStateChangeRequest {
	request := kubevirtv1.VirtualMachineStateChangeRequest{Action: kubevirtv1.StartRequest}
	if paused {
		request.Data = map[string]string{kubevirtv1.StartRequestDataPausedKey: kubevirtv1.StartRequestDataPausedTrue}
	}
	return request
}

// setRunning is the patch that starts or stops a VM by its run strategy, or by the field that it has in place of one.
func setRunning(vm *kubevirtv1.VirtualMachine, running bool) []operation {
	if vm.Spec.RunStrategy == nil {
		return []operation{test("/spec/running", vm.Spec.Running), replace("/spec/running", running)}
	}
	strategy := kubevirtv1.RunStrategyHalted
	if running {
		strategy = kubevirtv1.RunStrategyAlways
	}
	return []operation{test("/spec/runStrategy", *vm.Spec.RunStrategy), replace("/spec/runStrategy", strategy)}
}

// setGrace changes how long the guest has to shut down.
func (a *virtAPI) setGrace(q *question, vmi *kubevirtv1.VirtualMachineInstance, seconds int64, dryRun []string) error {
	const path = "/spec/terminationGracePeriodSeconds"
	return a.patchSpec(instances, q, dryRun, []operation{test(path, vmi.Spec.TerminationGracePeriodSeconds), replace(path, seconds)})
}

func machineHas(vm *kubevirtv1.VirtualMachine, kind kubevirtv1.VirtualMachineConditionType) bool {
	return slices.ContainsFunc(vm.Status.Conditions, func(c kubevirtv1.VirtualMachineCondition) bool {
		return c.Type == kind && c.Status == corev1.ConditionTrue
	})
}

// migrate makes a migration with a name that the client is not told.
func (a *virtAPI) migrate(q *question) error {
	opts := &kubevirtv1.MigrateOptions{}
	if err := q.decode(opts); err != nil {
		return err
	}
	if _, err := a.machine(q); err != nil {
		return err
	}
	vmi, err := a.instance(q)
	if err != nil {
		return err
	}
	if vmi.Status.Phase != kubevirtv1.Running {
		return machineConflict(q.name, textNotRunning)
	}
	migration := kubevirtv1.VirtualMachineInstanceMigration{}
	migration.SetGroupVersionKind(kubevirtv1.VirtualMachineInstanceMigrationGroupVersionKind)
	migration.GenerateName = "kubevirt-migrate-vm-"
	migration.Spec.VMIName = q.name
	if a.version.since(6) {
		migration.Spec.AddedNodeSelector = opts.AddedNodeSelector
	}
	if err := a.create(migrations, q, opts.DryRun, migration); err != nil {
		return apierrors.NewInternalError(err)
	}
	return nil
}
