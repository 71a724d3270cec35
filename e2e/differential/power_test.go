package differential_test

import (
	"net/http"

	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim"
)

func put(path, body string) call { return call{method: http.MethodPut, path: path, body: body} }
func get(path string) call       { return call{method: http.MethodGet, path: path} }

func annotate(knob string) call {
	return call{method: http.MethodPatch, path: "{VM}", contentType: typeMerge, body: `{"metadata":{"annotations":{` + knob + `}}}`}
}

// Knobs, in both sides' names.
const (
	deafKnob          = `"sim.shepherd-go.test/stop-delay":"24h","sim.shepherd-go.test/IgnoresShutdown":"true"`
	unschedulableKnob = `"sim.shepherd-go.test/unschedulable":"true","sim.shepherd-go.test/Unschedulable":"true"`
	imageKnob         = `"sim.shepherd-go.test/image-pull":"ImagePullBackOff","sim.shepherd-go.test/ImagePullFailure":"true"`
	crashKnob         = `"sim.shepherd-go.test/crash":"true","sim.shepherd-go.test/CrashLoop":"true"`
	holdKnob          = `"sim.shepherd-go.test/hold-migration":"true","sim.shepherd-go.test/MigrationNeverEnds":"true"`
	blockKnob         = `"sim.shepherd-go.test/block-target":"true","sim.shepherd-go.test/MigrationPending":"true"`
	muteKnob          = `"sim.shepherd-go.test/no-agent":"true","sim.shepherd-go.test/NoGuestAgent":"true"`
	heavyKnob         = `"sim.shepherd-go.test/not-migratable":"true","sim.shepherd-go.test/NotMigratable":"true"`
)

const migrationBody = `{"apiVersion":"kubevirt.io/v1","kind":"VirtualMachineInstanceMigration","metadata":{"name":"{name}-m"},"spec":{"vmiName":"{name}"}}`

// steps are what happens to a VM on its way to a situation.
var (
	begin   = step{stopped, put("{vm}/start", `{}`), ""}
	suspend = step{running, put("{vmi}/pause", `{}`), ""}
	halt    = step{running, put("{vm}/stop", `{}`), ""}
	crash   = step{running, annotate(`"sim.shepherd-go.test/crash":"true"`), kubevirtsim.GuestCrash}
	leave   = step{running, annotate(`"sim.shepherd-go.test/shutdown":"true"`), kubevirtsim.GuestShutdown}
	move    = step{running, call{method: http.MethodPost, path: "{API}/virtualmachineinstancemigrations", body: migrationBody}, ""}
	remove  = step{running, call{method: http.MethodDelete, path: "{VM}"}, ""}
)

var situations = []situation{
	{name: "absent"},
	{name: "new", strategy: "Halted", settled: stopped},
	{name: "new", strategy: "Manual", settled: stopped},
	{name: "running", strategy: "Always", settled: running},
	{name: "running", strategy: "RerunOnFailure", settled: running},
	{name: "running", strategy: "Once", settled: running},
	{name: "running", strategy: "Manual", steps: []step{begin}, settled: running},
	{name: "running", strategy: "Halted", steps: []step{begin}, settled: running},
	{name: "paused", strategy: "Always", steps: []step{suspend}, settled: paused},
	{name: "paused", strategy: "Manual", steps: []step{begin, suspend}, settled: paused},
	{name: "stopped", strategy: "Always", steps: []step{halt}, settled: stopped},
	{name: "stopped", strategy: "Manual", steps: []step{begin, halt}, settled: stopped},
	{name: "stopped", strategy: "RerunOnFailure", steps: []step{halt}, settled: stopped},
	{name: "stopping", strategy: "Always", annotations: deafKnob, steps: []step{halt}, settled: printable("Stopping")},
	{name: "deleting", strategy: "Always", annotations: deafKnob, steps: []step{remove}, settled: printable("Terminating")},
	{name: "unschedulable", strategy: "Always", annotations: unschedulableKnob, settled: printable("ErrorUnschedulable")},
	{name: "no-image", strategy: "Always", annotations: imageKnob, settled: printable("ImagePullBackOff")},
	{name: "crash-loop", strategy: "Always", annotations: crashKnob, settled: waitsAgain, fleeting: true},
	{name: "shut-down", strategy: "Once", steps: []step{leave}, settled: ended("Succeeded")},
	{name: "shut-down", strategy: "Manual", steps: []step{begin, leave}, settled: ended("Succeeded")},
	{name: "shut-down", strategy: "RerunOnFailure", steps: []step{leave}, settled: stopped},
	{name: "crashed", strategy: "Once", steps: []step{crash}, settled: ended("Failed")},
	{name: "crashed", strategy: "Manual", steps: []step{begin, crash}, settled: ended("Failed")},
	{name: "migrating", strategy: "Always", annotations: holdKnob, steps: []step{move}, settled: printable("Migrating")},
	{name: "migration-waits", strategy: "Always", annotations: blockKnob, steps: []step{move}, settled: running},
	{name: "no-agent", strategy: "Always", annotations: muteKnob, domain: `,"features":{"acpi":{"enabled":false}}`, settled: runningMute},
	{name: "not-migratable", strategy: "Always", annotations: heavyKnob, settled: running},
	{name: "probed", strategy: "Always", spec: `,"livenessProbe":{"tcpSocket":{"port":80}}`, settled: running},
	{name: "receiver", strategy: "WaitAsReceiver", settled: func(s state) bool { return s.observed() && s.printable() == "WaitingForReceiver" }},
}

// stillCalls change nothing.
var stillCalls = powerCalls[:21]

// waitsAgain says that an instance has failed more than once, so that there is none for longer than the calls take.
func waitsAgain(s state) bool {
	count, _ := field(s.vm, "status", "startFailure", "consecutiveFailCount").(float64)
	return s.printable() == "CrashLoopBackOff" && s.vmi == nil && count > 1
}

// powerCalls are sent in every situation. What is likely to be accepted comes last.
var powerCalls = []call{
	put("{vm}/start", `{"dryRun":["All"]}`),
	put("{vm}/start", `{"paused":true,"dryRun":["All"]}`),
	put("{vm}/start", `not json`),
	put("{vm}/stop", `{"dryRun":["All"]}`),
	put("{vm}/stop", `{"gracePeriod":1,"dryRun":["All"]}`),
	put("{vm}/stop", `{"gracePeriod":"x"}`),
	put("{vm}/restart", `{"dryRun":["All"]}`),
	put("{vm}/restart", `{"gracePeriodSeconds":5}`),
	put("{vm}/restart", `{"gracePeriodSeconds":-1}`),
	put("{vm}/restart", `{"gracePeriodSeconds":0,"dryRun":["All"]}`),
	put("{vm}/migrate", `{"dryRun":["All"]}`),
	put("{vmi}/pause", `{"dryRun":["All"]}`),
	put("{vmi}/unpause", `{"dryRun":["All"]}`),
	put("{vmi}/softreboot", ``),
	put("{vmi}/reset", ``),
	get("{vmi}/guestosinfo"),
	get("{vmi}/userlist"),
	get("{vmi}/filesystemlist"),
	get("{vm}/expand-spec"),
	get("{VM}"),
	get("{VMI}"),
	put("{vmi}/pause", ``),
	put("{vmi}/unpause", `{"unknown":true}`),
	put("{vm}/migrate", `{}`),
	put("{vm}/start", ``),
	put("{vm}/stop", `{}`),
	put("{vm}/restart", `{}`),
}
