package kubevirtsim

import (
	"strings"
	"testing"

	kubevirtv1 "kubevirt.io/api/core/v1"
)

func TestMigrateVerb(t *testing.T) {
	migrationsOf := func(w world) []kubevirtv1.VirtualMachineInstanceMigration {
		list := kubevirtv1.VirtualMachineInstanceMigrationList{}
		w.read("/apis/kubevirt.io/v1/namespaces/default/virtualmachineinstancemigrations", &list)
		return list.Items
	}
	cases := map[string]struct {
		why, strategy, body, version string
		knobs                        Knobs
		want                         string
		made                         int
		selector                     map[string]string
	}{
		"running":        {why: "a migration is made", strategy: "Always", want: "202", made: 1},
		"to a node":      {why: "of the node that is asked for", strategy: "Always", body: `{"addedNodeSelector":{"a":"b"}}`, want: "202", made: 1, selector: map[string]string{"a": "b"}},
		"to a node, 1.5": {why: "1.6 brought it, and before it is ignored", strategy: "Always", version: "1.5.0", body: `{"addedNodeSelector":{"a":"b"}}`, want: "202", made: 1},
		"dry":            {why: "a dry run makes none", strategy: "Always", body: `{"dryRun":["All"]}`, want: "202"},
		"bad directive":  {why: "the API server's refusal becomes an internal error", strategy: "Always", body: `{"dryRun":["None"]}`, want: "500 InternalError: Internal error occurred: "},
		"garbage":        {why: "a broken body", strategy: "Always", body: `{`, want: "400 BadRequest: Can not unmarshal Request body to struct, error: unexpected EOF"},
		"off":            {why: "the VM exists, and the refusal is about its instance", strategy: "Halted", want: notFoundI},
		"not migratable": {why: "the webhook's refusal becomes an internal error", strategy: "Always", knobs: Knobs{NotMigratable: true},
			want: `500 InternalError: Internal error occurred: admission webhook "migration-create-validator.kubevirt.io" denied the request: Cannot migrate VMI, Reason: DisksNotLiveMigratable, Message: cannot migrate VMI: a claim is not shared`},
		"starting": {why: "it does not run yet", strategy: "Always", knobs: Knobs{Unschedulable: true}, want: conflictOf + "VM is not running"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			inWorld(t, Options{Version: c.version}, func(w world) {
				w.create(c.strategy, c.knobs)
				got := answer(w.verb("migrate", c.body))
				if name == "bad directive" {
					got = got[:min(len(got), len(c.want))]
				}
				w.equal(c.why, "answer", c.want, got)
				made := migrationsOf(w)
				w.equal(c.why, "migrations", c.made, len(made))
				for _, m := range made {
					w.equal("whose it is", "instance", "vm", m.Spec.VMIName)
					w.equal(c.why, "selector", c.selector, m.Spec.AddedNodeSelector)
					w.equal("the name is not told", "prefix", true, strings.HasPrefix(m.Name, "kubevirt-migrate-vm-"))
				}
			})
		})
	}
}

// TestMigrateTwice is about the second of two requests.
func TestMigrateTwice(t *testing.T) {
	inWorld(t, Options{}, func(w world) {
		w.create("Always", Knobs{MigrationNeverEnds: true})
		w.accepted(w.verb("migrate", ""))
		settle()
		got := answer(w.verb("migrate", ""))
		const want = `500 InternalError: Internal error occurred: admission webhook "migration-create-validator.kubevirt.io" denied the request: in-flight migration detected. Active migration job (`
		if !strings.HasPrefix(got, want) {
			t.Errorf("the webhook's refusal becomes an internal error\nwant %s...\ngot  %s", want, got)
		}
		w.equal("the first one goes on", "status", kubevirtv1.VirtualMachineStatusMigrating, w.vm().Status.PrintableStatus)
	})
}
