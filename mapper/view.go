package mapper

import (
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// objectView is what is taken from the metadata of any object.
type objectView struct {
	namespace, name, uid, revision string
	generation                     int64
	createdAt                      time.Time
	deleting                       bool
	deletedAt                      time.Time // when the delete was asked for
}

// vmView is what is taken from a VirtualMachine.
type vmView struct {
	objectView

	labels, annotations pairs

	runStrategy              string
	legacyRunning            bool
	instanceType, preference *domain.Matcher

	guestLabels pairs
	guest       guestView
	templates   []templateView // disks that are made with the VM

	printable     string
	created       bool // an instance object exists, says the controller
	everRan       bool
	changeQueued  bool // a start, stop or restart request waits
	startQueued   bool // one of the requests is to start
	snapshotting  bool
	restoring     bool
	startFailures *domain.StartFailure
	conditions    []conditionView
}

// instanceView is what is taken from a VirtualMachineInstance.
type instanceView struct {
	objectView

	owner string // UID of the controlling owner
	guest guestView

	phase, reason, node string
	phaseSince          time.Time // when the present phase began
	runningSince        time.Time
	conditions          []conditionView
	interfaces          []domain.Interface
	guestOS             domain.GuestOS
	migration           *domain.MigrationState
	topology            *cpuView // what the instance has now
	memory              int64    // what the guest has now; zero when not said
	volumes             []volumeStatusView
}

// guestView is what is taken from a VirtualMachineInstanceSpec, which a VM has as its template.
type guestView struct {
	cpu           cpuView
	memory        memoryView
	volumes       []volumeView
	devices       []deviceView
	networks      []networkView
	interfaces    []interfaceView
	noPodNetwork  bool // autoattachPodInterface is false
	nodeSelector  pairs
	tolerations   []domain.Toleration
	probeForbids  bool // a liveness probe other than the guest agent's ping
	acpiForbidden bool // ACPI is explicitly off
}

type cpuView struct {
	sockets, cores, threads uint32
	requests, limits        int64 // thousandths; zero when not given
}

type memoryView struct {
	guest, requests, limits, hugepage int64 // bytes; zero when not given
}

// volumeView is a volume: where bytes come from.
type volumeView struct {
	name         string
	kind         domain.DiskKind
	rawKind      string
	image, claim string
	bytes        int64
	hotpluggable bool
}

// deviceView is a disk: how the guest sees a volume.
type deviceView struct {
	name, bus       string
	cdrom, readOnly bool
	bootOrder       int32
}

// templateView is a DataVolume that is made with the VM.
type templateView struct {
	name, storageClass           string
	bytes                        int64
	blank, clone                 bool
	sourceNamespace, sourceClaim string
}

type networkView struct{ name, attachment string }

type interfaceView struct{ name, binding, model, mac string }

// volumeStatusView is what an instance says of one of its volumes.
type volumeStatusView struct {
	name, phase, reason, message string
	bytes                        int64
	hotplug                      bool
}

// conditionView is a condition of either object.
type conditionView struct {
	kind, status, reason, message string
	since                         time.Time
}

func (c *conditionView) isTrue() bool { return c != nil && c.status == "True" }

func (c *conditionView) isFalse() bool { return c != nil && c.status == "False" }

// find returns a condition, or nil.
func find(conditions []conditionView, kind string) *conditionView {
	for n := range conditions {
		if conditions[n].kind == kind {
			return &conditions[n]
		}
	}
	return nil
}
