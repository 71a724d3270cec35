package kubevirtsim

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	kubevirtv1 "kubevirt.io/api/core/v1"
)

// probe gives a VM a liveness probe.
func probe(kind string, value any) func(map[string]any) {
	return func(spec map[string]any) { spec["livenessProbe"] = map[string]any{kind: value} }
}

func noACPI(spec map[string]any) {
	spec["domain"].(map[string]any)["features"] = map[string]any{"acpi": map[string]any{"enabled": false}} //nolint:forcetypeassert // the template of these tests
}

const noNode = "Unable to connect to VirtualMachineInstance because phase is Scheduling instead of Running or Scheduled"

func TestGuestVerbs(t *testing.T) {
	cases := map[string]struct {
		why        string
		verb, body string
		version    string
		knobs      Knobs
		change     func(map[string]any)
		reach      func(w world)
		want       string
		paused     bool // what the instance is then
		frozen     string
	}{
		"pause":                 {why: "the objects show it before the answer", verb: "pause", want: "200", paused: true},
		"pause dry":             {why: "a dry run changes nothing", verb: "pause", body: `{"dryRun":["All"]}`, want: "200"},
		"pause dry second":      {why: "only the first directive is looked at", verb: "pause", body: `{"dryRun":["","All"]}`, want: "200", paused: true},
		"pause garbage":         {why: "a broken body", verb: "pause", body: `{`, want: "400 BadRequest: Can not unmarshal Request body to struct, error: unexpected EOF"},
		"pause paused":          {why: "it is already so", verb: "pause", reach: pause, want: conflictOfI + "VMI is already paused", paused: true},
		"pause paused dry":      {why: "the state is looked at first", verb: "pause", body: `{"dryRun":["All"]}`, reach: pause, want: conflictOfI + "VMI is already paused", paused: true},
		"pause starting":        {why: "it does not run yet", verb: "pause", knobs: Knobs{Unschedulable: true}, want: conflictOfI + "VM is not running"},
		"pause with a probe":    {why: "it would be taken for dead", verb: "pause", change: probe("tcpSocket", map[string]any{"port": 22}), want: forbiddenPause("Pausing VMIs with a non-GuestAgentPing LivenessProbe is not supported")},
		"pause with a ping":     {why: "the agent's ping is no hindrance", verb: "pause", change: probe("guestAgentPing", map[string]any{}), want: "200", paused: true},
		"pause with a ping 1.6": {why: "before 1.7 it is", verb: "pause", version: "1.6.0", change: probe("guestAgentPing", map[string]any{}), want: forbiddenPause("Pausing VMIs with LivenessProbe is currently not supported")},

		"unpause":                  {why: "it runs again", verb: "unpause", reach: pause, want: "200"},
		"unpause dry":              {why: "a dry run changes nothing", verb: "unpause", body: `{"dryRun":["All"]}`, reach: pause, want: "200", paused: true},
		"unpause running":          {why: "it is already so", verb: "unpause", want: conflictOfI + "VMI is not paused"},
		"unpause starting":         {why: "it does not run yet", verb: "unpause", knobs: Knobs{Unschedulable: true}, want: conflictOfI + "VMI is not running"},
		"unpause in snapshot":      {why: "the VM's snapshot comes first", verb: "unpause", reach: pauseInSnapshot, want: conflictOf + "VM snapshot is in progress", paused: true},
		"unpause in snapshot 1.4":  {why: "before 1.5 it does not", verb: "unpause", version: "1.4.0", reach: pauseInSnapshot, want: "200"},
		"unpause after an I/O err": {why: "whoever paused it", verb: "unpause", reach: func(w world) { w.happen(IOError) }, want: "200"},

		"softreboot":            {why: "it takes a body of any kind", verb: "softreboot", body: "?", want: "200"},
		"softreboot paused":     {why: "it would not hear", verb: "softreboot", reach: pause, want: conflictOfI + "VMI is paused", paused: true},
		"softreboot starting":   {why: "it does not run yet", verb: "softreboot", knobs: Knobs{Unschedulable: true}, want: conflictOfI + "VM is not running"},
		"softreboot by agent":   {why: "the agent hears", verb: "softreboot", change: noACPI, want: "200"},
		"softreboot by ACPI":    {why: "the button is heard", verb: "softreboot", knobs: Knobs{NoGuestAgent: true}, want: "200"},
		"softreboot by nothing": {why: "nobody hears", verb: "softreboot", knobs: Knobs{NoGuestAgent: true}, change: noACPI, want: conflictOfI + "VMI neither have the agent connected nor the ACPI feature enabled"},

		"reset":          {why: "it goes on", verb: "reset", want: "200"},
		"reset paused":   {why: "nothing is asked", verb: "reset", reach: pause, want: "200", paused: true},
		"reset starting": {why: "no node yet", verb: "reset", knobs: Knobs{Unschedulable: true}, want: "400 BadRequest: Failed to reset non-running VMI with phase Scheduling: " + noNode},
		"reset 1.4":      {why: "1.5 brought it", verb: "reset", version: "1.4.0", want: `404 "404: Page Not Found"`},

		"freeze":              {why: "the instance says so", verb: "freeze", body: `{"unfreezeTimeout":"1m"}`, want: "200", frozen: "frozen"},
		"freeze for ever":     {why: "the node wants a time", verb: "freeze", want: "500 InternalError: Internal error occurred: unexpected return code 400 (400 Bad Request), message: Unfreeze timeout in freeze request is not set"},
		"freeze garbage":      {why: "the node reads the body", verb: "freeze", body: "[", want: "500 InternalError: Internal error occurred: unexpected return code 400 (400 Bad Request), message: failed to unmarshal unfreeze timeout"},
		"freeze alone":        {why: "it is the agent that does it", verb: "freeze", body: `{"unfreezeTimeout":"1m"}`, knobs: Knobs{NoGuestAgent: true}, want: "500 InternalError: Internal error occurred: unexpected return code 400 (400 Bad Request), message: " + commandFailed("Freeze", "Guest agent is not responding: QEMU guest agent is not connected")},
		"freeze starting":     {why: "it does not run yet", verb: "freeze", body: `{"unfreezeTimeout":"1m"}`, knobs: Knobs{Unschedulable: true}, want: conflictOfI + "VM is not running"},
		"unfreeze":            {why: "the instance says nothing then", verb: "unfreeze", reach: func(w world) { w.accepted(w.verb("freeze", `{"unfreezeTimeout":"1m"}`)) }, want: "200"},
		"unfreeze not frozen": {why: "it is no error", verb: "unfreeze", want: "200"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			inWorld(t, Options{Version: c.version}, func(w world) {
				if c.change == nil {
					c.change = func(map[string]any) {}
				}
				w.create("Always", c.knobs, c.change)
				if c.reach != nil {
					c.reach(w)
				}
				w.equal(c.why, "answer", c.want, answer(w.verb(c.verb, c.body)))
				vmi := w.vmi()
				w.equal(c.why, "paused", c.paused, isPaused(vmi))
				w.equal(c.why, "frozen", c.frozen, vmi.Status.FSFreezeStatus)
			})
		})
	}
}

func pause(w world) { w.accepted(w.verb("pause", "")) }

func pauseInSnapshot(w world) {
	pause(w)
	w.sim.SetKnobs("default", "vm", Knobs{Snapshotting: true})
}

func forbiddenPause(text string) string {
	return `403 Forbidden kubevirt.io/virtualmachineinstance vm: virtualmachineinstance.kubevirt.io "vm" is forbidden: ` + text
}

// TestGuestBetweenPhases is about instances whose object and guest differ.
func TestGuestBetweenPhases(t *testing.T) {
	inWorld(t, Options{Timing: Timing{Boot: time.Minute}}, func(w world) {
		w.create("Always", Knobs{})
		w.equal("it boots", "phase", kubevirtv1.Scheduled, w.vmi().Status.Phase)
		got := answer(w.verb("reset", ""))
		want := "500 InternalError: Internal error occurred: Failed to reset non-running VMI with phase Scheduled: unexpected return code 500 (500 Internal Server Error), message: " +
			commandFailed("Reset", "Requested operation is not valid: domain is not running")
		w.equal("it has a node, which refuses", "reset", want, got)
	})
	inWorld(t, Options{}, func(w world) {
		w.create("Manual", Knobs{})
		w.accepted(w.verb("start", ""))
		settle()
		w.happen(GuestShutdown)
		settle()
		w.equal("a finished instance is no missing one", "pause", conflictOfI+"VM is not running", answer(w.verb("pause", "")))
		w.equal("a finished instance has no node", "reset",
			"400 BadRequest: Failed to reset non-running VMI with phase Succeeded: "+strings.Replace(noNode, "Scheduling", "Succeeded", 1), answer(w.verb("reset", "")))
	})
}

func TestRebootIsSeenByTheAgent(t *testing.T) {
	inWorld(t, Options{}, func(w world) {
		for _, verb := range []string{"softreboot", "reset"} {
			if verb == "softreboot" {
				w.create("Always", Knobs{})
			}
			before := w.vmi().UID
			w.accepted(w.verb(verb, ""))
			w.equal("the agent is gone with the guest", verb, false, hasCondition(w.vmi(), kubevirtv1.VirtualMachineInstanceAgentConnected))
			settle()
			w.equal("and comes back", verb, true, hasCondition(w.vmi(), kubevirtv1.VirtualMachineInstanceAgentConnected))
			w.equal("it is the same instance", verb, before, w.vmi().UID)
		}
	})
}

func TestAgentAnswers(t *testing.T) {
	inWorld(t, Options{}, func(w world) {
		w.create("Always", Knobs{})
		info := kubevirtv1.VirtualMachineInstanceGuestAgentInfo{}
		got := w.verb("guestosinfo", "")
		if err := json.Unmarshal(got.Body.Bytes(), &info); err != nil || got.Code != http.StatusOK || got.Header().Get("Content-Type") != "application/json" {
			w.Fatalf("%d %v %s", got.Code, err, got.Body)
		}
		w.equal("the system that the instance tells of", "os", w.vmi().Status.GuestOSInfo, info.OS)
		w.equal("the VM's name", "hostname", "vm", info.Hostname)
		list := kubevirtv1.VirtualMachineInstanceGuestOSUserList{}
		w.read(instancesOf+"vm/userlist", &list)
		w.equal("one user", "users", info.UserList, list.Items)
		disks := kubevirtv1.VirtualMachineInstanceFileSystemList{}
		w.read(instancesOf+"vm/filesystemlist", &disks)
		w.equal("one file system", "disks", info.FSInfo.Filesystems, disks.Items)

		const text = `Operation cannot be fulfilled on virtualmachineinstance.kubevirt.io "vm": `
		pause(w)
		for _, verb := range []string{"guestosinfo", "userlist", "filesystemlist"} {
			got := w.verb(verb, "")
			w.equal("a paused guest has no agent", verb, text+"VMI does not have guest agent connected", got.Body.String())
			w.equal("any refusal is an internal error", verb, http.StatusInternalServerError, got.Code)
			w.equal("and no Status", verb, "text/plain; charset=utf-8", got.Header().Get("Content-Type"))
		}
		w.accepted(w.verb("stop", `{"gracePeriod":0}`))
		settle()
		w.equal("no instance", "guestosinfo", `500 "virtualmachineinstance.kubevirt.io \"vm\" not found"`, answer(w.verb("guestosinfo", "")))
	})
}

const instancesOf = subresources + "namespaces/default/virtualmachineinstances/"
