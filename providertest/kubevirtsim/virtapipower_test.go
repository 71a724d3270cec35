package kubevirtsim

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	kubevirtv1 "kubevirt.io/api/core/v1"
)

// situations bring a VM that was just made into a state.
var situations = map[string]struct {
	knobs Knobs
	reach func(w world)
}{
	"as made":    {},
	"no room":    {knobs: Knobs{CreateFails: true}}, // it should run, and has no instance
	"starting":   {knobs: Knobs{Unschedulable: true}},
	"paused":     {reach: func(w world) { w.accepted(w.verb("pause", "")) }},
	"shut down":  {reach: func(w world) { w.happen(GuestShutdown) }},
	"crashed":    {reach: func(w world) { w.happen(GuestCrash) }},
	"just ended": {reach: func(w world) { w.happen(GuestShutdown) }}, // the controller has not seen it yet
	"just died":  {reach: func(w world) { w.happen(GuestCrash) }},
	"repairable": {knobs: Knobs{ManualRecovery: true}},
	"stopping":   {knobs: Knobs{IgnoresShutdown: true}, reach: func(w world) { w.accepted(w.verb("stop", "")) }},
	"started":    {reach: func(w world) { w.accepted(w.verb("start", "")) }},
	"just started": {knobs: Knobs{ManualRecovery: true}, reach: func(w world) { // the controller does nothing about it
		w.sim.SetKnobs("default", "vm", Knobs{CreateFails: true})
		w.accepted(w.verb("start", ""))
	}},
	"restarting": {knobs: Knobs{IgnoresShutdown: true}, reach: func(w world) { w.accepted(w.verb("restart", "")) }},
}

func (w world) happen(incident Incident) {
	w.Helper()
	if err := w.sim.Happen("default", "vm", incident); err != nil {
		w.Fatal(err)
	}
}

const (
	conflictOf  = `409 Conflict kubevirt.io/virtualmachine vm: Operation cannot be fulfilled on virtualmachine.kubevirt.io "vm": `
	conflictOfI = `409 Conflict kubevirt.io/virtualmachineinstance vm: Operation cannot be fulfilled on virtualmachineinstance.kubevirt.io "vm": `
	underway    = "500 InternalError: Internal error occurred: unable to complete request: stop/start already underway"
	notFoundI   = `404 NotFound kubevirt.io/virtualmachineinstance vm: virtualmachineinstance.kubevirt.io "vm" not found`
)

func TestPowerVerbs(t *testing.T) {
	cases := []struct {
		verb, strategy, state, body string
		want                        string // the answer
		asked                       string // what was written then, before anybody has acted on it
		why                         string
	}{
		// start
		{"start", "Halted", "as made", "", "202", "Always", "a halted VM becomes Always"},
		{"start", "running:false", "as made", "", "202", "running:true", "the older field is kept"},
		{"start", "Halted", "as made", `{"paused":true}`, "202", "Halted Start(paused)", "a paused start is left to the controller"},
		{"start", "Halted", "as made", `{"dryRun":["All"]}`, "202", "Halted", "a dry run changes nothing"},
		{"start", "Halted", "as made", `{"paused":true,"dryRun":["All"]}`, "202", "Halted", "nor does one of a request"},
		{"start", "Halted", "as made", `{"dryRun":["Some"]}`, `500 InternalError: Internal error occurred: PatchOptions.meta.k8s.io "" is invalid: ` +
			`dryRun: Unsupported value: ["Some"]: supported values: "All"`, "Halted", "the API server's refusal becomes an internal error"},
		{"start", "Halted", "as made", "paused: true", "202", "Halted Start(paused)", "YAML is read"},
		{"start", "Halted", "as made", `{"unknown":1}`, "202", "Always", "an unknown option is ignored"},
		{"start", "Halted", "as made", `{"paused":`, "400 BadRequest: Can not unmarshal Request body to struct, error: unexpected EOF", "Halted", "a broken body"},
		{"start", "Halted", "stopping", "", conflictOf + "VM is already running", "", "it shuts down still"},
		{"start", "Manual", "as made", "", "202", "Manual Start", "the strategy stays"},
		{"start", "Manual", "as made", `{"paused":true}`, "202", "Manual Start(paused)", "paused as well"},
		{"start", "Manual", "shut down", "", "202", "Manual Stop Start", "the old instance goes first"},
		{"start", "Manual", "crashed", "", "202", "Manual Stop Start", "a failed one as well"},
		{"start", "Manual", "started", "", conflictOf + "VM is already running", "Manual", "any strategy"},
		{"start", "Manual", "just started", "", underway, "Manual Start", "one request at a time"},
		{"start", "Manual", "repairable", "", conflictOf + textManualRecovery, "Manual", "after a failed volume migration"},
		{"start", "RerunOnFailure", "no room", "", "202", "RerunOnFailure Start", "no instance"},
		{"start", "RerunOnFailure", "as made", "", conflictOf + "VM is already running", "RerunOnFailure", "it starts by itself"},
		{"start", "RerunOnFailure", "just ended", "", "202", "RerunOnFailure Stop Start", "the old instance goes first"},
		{"start", "RerunOnFailure", "just died", "", conflictOf + "RerunOnFailure does not support starting VM from failed state", "RerunOnFailure", "it does so by itself"},
		{"start", "Always", "no room", "", conflictOf + "Always does not support manual start requests", "Always", "it should run anyway"},
		{"start", "Always", "starting", "", conflictOf + "VM is already running", "Always", "any phase but none is running"},
		{"start", "Always", "paused", "", conflictOf + "VM is already running", "Always", "so is a paused one"},
		{"start", "Once", "shut down", "", conflictOf + "Once does not support manual start requests", "Once", "once is once"},
		{"start", "WaitAsReceiver", "no room", "", "202", "WaitAsReceiver", "accepted, and nothing is done"},

		// stop
		{"stop", "Halted", "as made", "", conflictOf + "VM is not running", "Halted", "nothing to stop"},
		{"stop", "Always", "as made", "", "202", "Halted", "Always becomes Halted"},
		{"stop", "running:true", "as made", "", "202", "running:false", "the older field is kept"},
		{"stop", "Always", "no room", "", "202", "Halted", "even where there is no instance"},
		{"stop", "Always", "paused", `{"gracePeriod":0}`, "202", "Halted grace:0", "the grace period is the instance's"},
		{"stop", "Always", "as made", `{"dryRun":["All"],"gracePeriod":5}`, "202", "Always grace:30", "a dry run changes nothing"},
		{"stop", "Once", "as made", "", "202", "Halted", "Once is lost"},
		{"stop", "Once", "shut down", "", "202", "Halted", "though it has ended"},
		{"stop", "Manual", "as made", "", conflictOf + "VM is not running", "Manual", "nothing to stop"},
		{"stop", "Manual", "started", "", "202", "Manual Stop grace:30", "the strategy stays"},
		{"stop", "Manual", "shut down", "", conflictOf + "VM is not running", "Manual grace:30", "it has ended"},
		{"stop", "Manual", "just started", "", conflictOf + "VM is not running", "Manual Start", "a start that waits is no instance"},
		{"stop", "RerunOnFailure", "as made", "", "202", "RerunOnFailure Stop grace:30", "the strategy stays"},
		{"stop", "RerunOnFailure", "restarting", "", "202", "RerunOnFailure Stop grace:30", "a stop takes the place of a restart"},
		{"stop", "Always", "stopping", "", conflictOf + "Halted only supports manual stop requests with a shorter graceperiod", "Halted grace:30", "it is being stopped"},
		{"stop", "Always", "stopping", `{"gracePeriod":30}`, conflictOf + "Halted only supports manual stop requests with a shorter graceperiod", "Halted grace:30", "not shorter"},
		{"stop", "Always", "stopping", `{"gracePeriod":60}`, conflictOf + "Halted only supports manual stop requests with a shorter graceperiod", "Halted grace:60",
			"refused, and yet the instance has it now"},
		{"stop", "Always", "stopping", `{"gracePeriod":1}`, "202", "Halted Stop grace:1", "it is hastened"},
		{"stop", "Always", "as made", `{`, "400 BadRequest: Can not unmarshal Request body to struct, error: unexpected EOF", "Always grace:30", "a broken body"},
		{"stop", "WaitAsReceiver", "as made", "", "202", "WaitAsReceiver grace:30", "accepted, and nothing is done"},

		// restart
		{"restart", "Halted", "as made", "", conflictOf + "RunStategy Halted does not support manual restart requests", "Halted", "their spelling"},
		{"restart", "Once", "as made", "", conflictOf + "RunStategy Once does not support manual restart requests", "Once grace:30", "their spelling"},
		{"restart", "Always", "no room", "", conflictOf + "VM is not running: Halted", "Always", "no instance"},
		{"restart", "Manual", "as made", "", conflictOf + "VM is not running: Halted", "Manual", "no instance"},
		{"restart", "WaitAsReceiver", "no room", "", conflictOf + "VM is not running: Halted", "WaitAsReceiver", "no instance"},
		{"restart", "Always", "as made", "", "202", "Always Stop Start grace:30", "two requests"},
		{"restart", "running:true", "as made", "", "202", "running:true Stop Start grace:30", "two requests"},
		{"restart", "Always", "as made", `{"gracePeriodSeconds":0}`, "202", "Always Stop Start grace:1", "the shortest is a second"},
		{"restart", "Always", "as made", `{"gracePeriodSeconds":0,"dryRun":["All"]}`, "202", "Always grace:30", "a dry run changes nothing"},
		{"restart", "Always", "as made", `{"gracePeriodSeconds":5}`, "400 BadRequest: For force restart, only gracePeriod=0 is supported for now", "Always grace:30", ""},
		{"restart", "Always", "as made", `{"gracePeriodSeconds":-5}`, "400 BadRequest: gracePeriod has to be greater or equal to 0", "Always grace:30", ""},
		{"restart", "Always", "restarting", "", underway, "Always Stop Start grace:30", "one at a time"},
		{"restart", "Always", "restarting", `{"gracePeriodSeconds":0}`, underway, "Always Stop Start grace:1", "refused, and yet the instance has a second now"},
		{"restart", "Manual", "shut down", "", "202", "Manual Stop Start grace:30", "one that has ended is an instance"},
		{"restart", "WaitAsReceiver", "as made", "", "202", "WaitAsReceiver Stop Start grace:30", "requests that nobody acts on"},
	}
	for _, c := range cases {
		t.Run(strings.Join([]string{c.verb, c.strategy, c.state, c.body}, "/"), func(t *testing.T) {
			inWorld(t, Options{FeatureGates: []string{"DecentralizedLiveMigration"}}, func(w world) {
				s := situations[c.state]
				strategy := c.strategy
				if strategy == "Halted" && c.state != "as made" {
					strategy = "Always" // it is the stop that makes it Halted
				}
				w.create(strategy, s.knobs, func(spec map[string]any) { spec["terminationGracePeriodSeconds"] = 30 })
				if s.reach != nil {
					if strategy == "Manual" && s.knobs == (Knobs{}) && c.state != "started" {
						w.accepted(w.verb("start", ""))
						settle()
					}
					s.reach(w)
					if !strings.HasPrefix(c.state, "just ended") && !strings.HasPrefix(c.state, "just died") {
						settle()
					}
				}
				got := w.verb(c.verb, c.body)
				w.equal(c.why, "answer", c.want, answer(got))
				if c.asked != "" {
					w.equal(c.why, "what was written", strings.TrimSuffix(c.asked, " grace:30"), strings.TrimSuffix(w.asked(), " grace:30"))
				}
			})
		})
	}
}

// TestPowerOutcome is about what comes of what was written.
func TestPowerOutcome(t *testing.T) {
	inWorld(t, Options{}, func(w world) {
		w.create("Once", Knobs{})
		printable := func() string { return string(w.vm().Status.PrintableStatus) }
		w.equal("it starts by itself", "status", "Running", printable())
		w.accepted(w.verb("stop", ""))
		settle()
		w.equal("stopped", "status", "Stopped", printable())
		w.equal("the instance is gone", "instance", true, w.vmi() == nil)
		w.accepted(w.verb("start", ""))
		settle()
		w.equal("started", "status", "Running", printable())
		w.equal("Once is lost", "strategy", "Always", w.asked())
		first := w.vmi().UID
		w.accepted(w.verb("restart", ""))
		settle()
		w.equal("restarted", "status", "Running", printable())
		w.equal("another instance", "the same", false, w.vmi().UID == first)
		w.equal("the requests are done with", "asked", "Always", w.asked())
		w.accepted(w.verb("stop", ""))
		settle()
		w.accepted(w.verb("start", `{"paused":true}`))
		settle()
		w.equal("a paused start", "status", "Paused", printable())
		w.equal("the controller has made it Always", "strategy", "Always", w.asked())
		for _, entry := range w.vm().ManagedFields {
			if entry.Manager == "virt-api" && strings.Contains(entry.FieldsV1.String(), "f:runStrategy") {
				w.Error("the run strategy belongs to who wrote it last, the controller")
			}
		}
	})
}

// TestRequestsAreServed is about the strategies that are switched by requests alone.
func TestRequestsAreServed(t *testing.T) {
	for _, strategy := range []string{"Manual", "RerunOnFailure"} {
		inWorld(t, Options{}, func(w world) {
			w.create(strategy, Knobs{})
			if strategy == "Manual" {
				w.accepted(w.verb("start", ""))
				settle()
			}
			first := w.vmi().UID
			w.accepted(w.verb("restart", ""))
			settle()
			w.equal("restarted", "status", kubevirtv1.VirtualMachineStatusRunning, w.vm().Status.PrintableStatus)
			w.equal("another instance", "the same", false, w.vmi().UID == first)
			w.equal("nothing waits", "asked", strategy, w.asked())
			w.accepted(w.verb("stop", ""))
			settle()
			w.equal("stopped", "status", kubevirtv1.VirtualMachineStatusStopped, w.vm().Status.PrintableStatus)
			w.equal("nothing waits", "asked", strategy, w.asked())
			w.accepted(w.verb("start", ""))
			settle()
			w.equal("started", "status", kubevirtv1.VirtualMachineStatusRunning, w.vm().Status.PrintableStatus)
		})
	}
}

func TestPausedStartKeepsTheField(t *testing.T) {
	inWorld(t, Options{}, func(w world) {
		w.create("running:false", Knobs{})
		w.accepted(w.verb("start", `{"paused":true}`))
		settle()
		w.equal("the controller starts it by the field that it has", "asked", "running:true", w.asked())
		w.equal("paused", "status", kubevirtv1.VirtualMachineStatusPaused, w.vm().Status.PrintableStatus)
	})
}

// TestCrowd is about many clients at once. It is for the race detector, and for locks.
func TestCrowd(t *testing.T) {
	inWorld(t, Options{}, func(w world) {
		w.create("Manual", Knobs{})
		var crowd sync.WaitGroup
		for _, verb := range []string{"start", "stop", "restart", "pause", "unpause", "softreboot", "migrate", "guestosinfo"} {
			crowd.Go(func() {
				for range 20 {
					if code := w.verb(verb, "").Code; code < 200 || code > 599 {
						w.Errorf("%s: %d", verb, code)
					}
					time.Sleep(37 * time.Millisecond)
				}
			})
		}
		crowd.Wait()
		settle()
		w.accepted(w.do(http.MethodDelete, machinePath+"/vm", ""))
		time.Sleep(time.Minute)
		w.equal("it goes", "the VM", false, w.read(machinePath+"/vm", &kubevirtv1.VirtualMachine{}))
	})
}

func TestPowerOwnership(t *testing.T) {
	inWorld(t, Options{}, func(w world) {
		w.create("Halted", Knobs{})
		w.accepted(w.verb("start", ""))
		var owner strings.Builder
		for _, entry := range w.vm().ManagedFields {
			if strings.Contains(entry.FieldsV1.String(), "f:runStrategy") {
				owner.WriteString(entry.Manager + " " + string(entry.Operation))
			}
		}
		w.equal("an applier meets virt-api's claim", "owner of the run strategy", "virt-api Update", owner.String())
	})
}

func TestPowerOfNothing(t *testing.T) {
	inWorld(t, Options{}, func(w world) {
		for verb, want := range map[string]string{
			"start":        `404 NotFound kubevirt.io/virtualmachine vm: virtualmachine.kubevirt.io "vm" not found`,
			"stop":         `404 NotFound kubevirt.io/virtualmachine vm: virtualmachine.kubevirt.io "vm" not found`,
			"restart":      `404 NotFound kubevirt.io/virtualmachine vm: virtualmachine.kubevirt.io "vm" not found`,
			"migrate":      `404 NotFound kubevirt.io/virtualmachine vm: virtualmachine.kubevirt.io "vm" not found`,
			"expand-spec":  `404 NotFound kubevirt.io/virtualmachine vm: virtualmachine.kubevirt.io "vm" not found`,
			"addvolume":    "400 BadRequest: AddVolumeOptions requires name to be set",
			"removevolume": "400 BadRequest: RemoveVolumeOptions requires name to be set",
			"pause":        notFoundI, "unpause": notFoundI, "softreboot": notFoundI, "reset": notFoundI, "freeze": notFoundI, "unfreeze": notFoundI,
			"guestosinfo": `500 "virtualmachineinstance.kubevirt.io \"vm\" not found"`,
		} {
			w.equal("a missing VM", verb, want, answer(w.verb(verb, "")))
		}
	})
}

// TestLostRace is about a VM that has changed since virt-api read it.
func TestLostRace(t *testing.T) {
	inWorld(t, Options{}, func(w world) {
		w.create("Halted", Knobs{})
		a := &virtAPI{sim: w.sim, api: w.sim.api, version: w.sim.version}
		q := &question{namespace: "default", name: "vm"}
		read, err := a.machine(q)
		if err != nil {
			w.Fatal(err)
		}
		w.accepted(w.verb("start", ""))
		refused := a.patched(q, a.patchSpec(machines, q, nil, setRunning(read, true)))
		const want = "Internal error occurred: the server rejected our request due to an error in our request"
		if refused == nil || refused.Error() != want {
			w.Errorf("Kubernetes does not tell virt-api that a test has failed\nwant %s\ngot  %v", want, refused)
		}
	})
}

// TestForcedRestartIsTakenBack is about one that is refused after the instance was given its second.
func TestForcedRestartIsTakenBack(t *testing.T) {
	inWorld(t, Options{}, func(w world) {
		w.create("Always", Knobs{IgnoresShutdown: true}, func(spec map[string]any) { spec["terminationGracePeriodSeconds"] = 30 })
		a := &virtAPI{sim: w.sim, api: w.sim.api, version: w.sim.version}
		q := &question{namespace: "default", name: "vm"}
		vm, vmi := w.vm(), w.vmi()
		w.accepted(w.verb("restart", ""))
		if err := a.replaceInstance(q, vm, vmi, true, nil); err == nil {
			w.Error("the VM has requests that the patch does not know of")
		}
		w.equal("the instance has its time again", "asked", "Always Stop Start grace:30", w.asked())
	})
}

// TestRequestsSurvive is about a request that comes while the controller writes the VM's status.
func TestRequestsSurvive(t *testing.T) {
	inWorld(t, Options{}, func(w world) {
		w.create("Manual", Knobs{CreateFails: true})
		c := w.sim.controller
		c.mu.Lock()
		g := c.guests["default/vm"]
		stale := w.vm()
		w.accepted(w.verb("start", ""))
		c.show(g, stale)
		c.mu.Unlock()
		w.equal("the controller does not write over what it does not know", "queue", "Manual Start", w.asked())
	})
}

func TestDryRunQueryIsIgnored(t *testing.T) {
	inWorld(t, Options{}, func(w world) {
		w.create("Halted", Knobs{})
		w.accepted(w.do(http.MethodPut, subresources+"namespaces/default/virtualmachines/vm/start?dryRun=All", ""))
		settle()
		w.equal("the VM really starts", "status", kubevirtv1.VirtualMachineStatusRunning, w.vm().Status.PrintableStatus)
	})
}
