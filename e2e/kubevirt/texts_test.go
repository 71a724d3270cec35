package kubevirt_test

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/e2e/harness"
	"github.com/kv-shepherd/shepherd-go/e2e/kubevirt/setup"
	"github.com/kv-shepherd/shepherd-go/e2e/nodesim"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// textCase is a sentence that errors.go recognises. It is provoked past the provider first, so that the row is known
// to be about something the server still says; then the very same answer is given to the provider about a VM whose
// state explains nothing, so that the code can come from the sentence only.
type textCase struct {
	status  int
	pattern string
	code    domain.Code
	provoke func(t *testing.T, site *setup.Site) answer
	// call is what the provider is asked while it gets that answer; nil is a pause of a running VM.
	call func(ctx context.Context, vm *setup.VM) error
}

func migrationOf(name, vm string) string {
	return fmt.Sprintf(`{"apiVersion":"kubevirt.io/v1","kind":"VirtualMachineInstanceMigration","metadata":{"name":%q},"spec":{"vmiName":%q}}`, name, vm)
}

func migrateCall(ctx context.Context, vm *setup.VM) error { return do(ctx, vm, "migrate") }

func createCall(ctx context.Context, vm *setup.VM) error {
	_, err := vm.CreateVM(ctx, setup.Cluster, vm.Namespace, setup.Spec("another", domain.RunStrategyHalted), provider.CreateOptions{})
	return err
}

// held is a VM whose migration does not end.
func held(t *testing.T, site *setup.Site) *setup.VM {
	vm := site.Running(t, setup.Spec("held", domain.RunStrategyAlways))
	vm.Annotate(t, knobHoldMigration, "true")
	setup.Must(t, "migrate", do(t.Context(), vm, "migrate"))
	vm.WaitStatus(t, domain.StatusMigrating)
	return vm
}

// during puts a VM into the state that a storage job holds it in, and asks it to start.
func during(field string) func(*testing.T, *setup.Site) answer {
	return func(t *testing.T, site *setup.Site) answer {
		vm := site.Stopped(t, setup.Spec("storage", domain.RunStrategyHalted))
		inStorageJob(t, vm, field)
		return rawAnswer(t, nil, http.MethodPut, subresourcePath(site.Namespace, "virtualmachines", vm.Name, "start"), "{}")
	}
}

// inStorageJob writes what the snapshot and restore controllers write while they work.
func inStorageJob(t *testing.T, vm *setup.VM, field string) {
	t.Helper()
	_, err := harness.Virt(t).KubevirtV1().VirtualMachines(vm.Namespace).Patch(t.Context(), vm.Name, types.MergePatchType,
		[]byte(fmt.Sprintf(`{"status":{%q:"job-1"}}`, field)), metav1.PatchOptions{}, "status")
	setup.Must(t, "write the status", err)
	vm.Settled(t)
}

var textCases = map[string]textCase{
	"field that the schema lacks": {
		500, `failed to create typed patch object|field not declared in schema`, domain.CodeInvalidSpec,
		func(t *testing.T, site *setup.Site) answer {
			return rawAnswer(t, nil, http.MethodPatch, objectPath(site.Namespace, "virtualmachines", "typo")+"?fieldManager=x",
				`{"apiVersion":"kubevirt.io/v1","kind":"VirtualMachine","metadata":{"name":"typo"},"spec":{"runStrategy":"Halted","nonsense":1}}`)
		}, createCall,
	},
	"change queued": {
		500, `stop/start already underway`, domain.CodeTransitionInProgress,
		func(t *testing.T, site *setup.Site) answer {
			vm := site.Running(t, setup.Spec("queued", domain.RunStrategyAlways))
			vm.Annotate(t, knobStopDelay, slowStop)
			setup.Must(t, "restart", do(t.Context(), vm, "restart"))
			return rawAnswer(t, nil, http.MethodPut, subresourcePath(site.Namespace, "virtualmachines", vm.Name, "restart"), "{}")
		}, nil,
	},
	"migrate by virt-api while migrating": {
		500, `in-flight migration detected`, domain.CodeMigrationInProgress,
		func(t *testing.T, site *setup.Site) answer {
			vm := held(t, site)
			return rawAnswer(t, nil, http.MethodPut, subresourcePath(site.Namespace, "virtualmachines", vm.Name, "migrate"), "{}")
		}, nil,
	},
	"migrate while migrating": {
		400, `in-flight migration detected`, domain.CodeMigrationInProgress,
		func(t *testing.T, site *setup.Site) answer {
			vm := held(t, site)
			return rawAnswer(t, nil, http.MethodPost, objectPath(site.Namespace, "virtualmachineinstancemigrations", ""), migrationOf("second", vm.Name))
		}, migrateCall,
	},
	"start during a snapshot": {500, `until snapshot .* completes`, domain.CodeSnapshotInProgress, during("snapshotInProgress"), nil},
	"start during a restore":  {500, `until restore .* completes`, domain.CodeRestoreInProgress, during("restoreInProgress"), nil},
	"not migratable": {
		400, `Cannot migrate VMI, Reason: `, domain.CodeNotMigratable,
		func(t *testing.T, site *setup.Site) answer {
			spec := setup.Spec("fixed", domain.RunStrategyAlways)
			spec.Annotations = map[string]string{knobNotMigratable: "true"}
			vm := site.Running(t, spec)
			return rawAnswer(t, nil, http.MethodPost, objectPath(site.Namespace, "virtualmachineinstancemigrations", ""), migrationOf("move", vm.Name))
		}, migrateCall,
	},
	"migrate without an instance": {
		400, `the VMI ".*" does not exist`, domain.CodeVMNotRunning,
		func(t *testing.T, site *setup.Site) answer {
			vm := site.Stopped(t, setup.Spec("off", domain.RunStrategyHalted))
			return rawAnswer(t, nil, http.MethodPost, objectPath(site.Namespace, "virtualmachineinstancemigrations", ""), migrationOf("move", vm.Name))
		}, migrateCall,
	},
	"migrate a finished instance": {
		400, `Cannot migrate VMI in finalized state`, domain.CodeVMNotRunning,
		func(t *testing.T, site *setup.Site) answer {
			vm := site.Running(t, setup.Spec("done", domain.RunStrategyOnce))
			vm.Annotate(t, nodesim.KnobShutdown, "true")
			vm.Wait(t, "shut down", func(vm *domain.VM) bool { return vm.Instance == domain.InstanceFinal })
			return rawAnswer(t, nil, http.MethodPost, objectPath(site.Namespace, "virtualmachineinstancemigrations", ""), migrationOf("move", vm.Name))
		}, migrateCall,
	},
	"quota": {
		403, `exceeded quota:`, domain.CodeQuotaExceeded,
		func(t *testing.T, site *setup.Site) answer {
			quota(t, site.Namespace)
			answer := rawAnswer(t, nil, http.MethodPost, objectPath(site.Namespace, "virtualmachines", ""),
				`{"apiVersion":"kubevirt.io/v1","kind":"VirtualMachine","metadata":{"name":"over"},"spec":{"runStrategy":"Halted","template":{"spec":{"domain":{"devices":{},"memory":{"guest":"64Mi"}}}}}}`)
			_, err := site.CreateVM(t.Context(), setup.Cluster, site.Namespace, setup.Spec("over", domain.RunStrategyHalted), provider.CreateOptions{})
			setup.Code(t, "create over quota", domain.CodeQuotaExceeded, err)
			return answer
		}, createCall,
	},
}

// quota allows no more VMs in a namespace. Its status is what kube-controller-manager writes, which does not run here.
func quota(t *testing.T, namespace string) {
	t.Helper()
	const counted = "count/virtualmachines.kubevirt.io"
	hard := corev1.ResourceList{counted: resource.MustParse("1")}
	api := harness.Core(t).CoreV1().ResourceQuotas(namespace)
	object, err := api.Create(t.Context(), &corev1.ResourceQuota{ObjectMeta: metav1.ObjectMeta{Name: "few"}, Spec: corev1.ResourceQuotaSpec{Hard: hard}}, metav1.CreateOptions{})
	setup.Must(t, "make a quota", err)
	object.Status = corev1.ResourceQuotaStatus{Hard: hard, Used: corev1.ResourceList{counted: resource.MustParse("1")}}
	_, err = api.UpdateStatus(t.Context(), object, metav1.UpdateOptions{})
	setup.Must(t, "write its status", err)
	harness.Eventually(t, 30*time.Second, func() error { // the API server's own cache follows
		answer := rawAnswer(t, nil, http.MethodPost, objectPath(namespace, "virtualmachines", "")+"?dryRun=All",
			`{"apiVersion":"kubevirt.io/v1","kind":"VirtualMachine","metadata":{"name":"probe"},"spec":{"runStrategy":"Halted","template":{"spec":{"domain":{"devices":{},"memory":{"guest":"64Mi"}}}}}}`)
		if answer.status != http.StatusForbidden {
			return answer
		}
		return nil
	})
}

func TestTexts(t *testing.T) {
	t.Parallel()
	for name, c := range textCases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site := setup.New(t, harness.Namespace(t))
			vm := site.Running(t, setup.Spec("plain", domain.RunStrategyAlways))
			answer := c.provoke(t, site)
			if answer.status != c.status || !regexp.MustCompile(c.pattern).Match(unquoted(answer.body)) {
				t.Errorf("want %d with %s; %v", c.status, c.pattern, answer)
			}
			replayed(t, vm, answer, c.code, c.call)
		})
	}
}

// replayed gives the server's answer to the provider about a VM to which it does not belong.
func replayed(t *testing.T, vm *setup.VM, answer answer, want domain.Code, call func(context.Context, *setup.VM) error) {
	t.Helper()
	if call == nil {
		call = func(ctx context.Context, vm *setup.VM) error { return do(ctx, vm, "pause") }
	}
	vm.Requests.Answer(func(request *http.Request) *http.Response {
		if request.Method == http.MethodGet {
			return nil
		}
		return answer.response(request)
	})
	defer vm.Requests.Answer(nil)
	setup.Code(t, "the answer, about a VM whose state explains nothing", want, call(t.Context(), vm))
}

// unquoted undoes what JSON does to quotes, so that patterns read as in the library.
func unquoted(body []byte) []byte { return regexp.MustCompile(`\\"`).ReplaceAll(body, []byte(`"`)) }

// TestTextsWithoutVirtAPI is TestTexts for the sentences about a server that is not there. It stops one, and so is not parallel.
func TestTextsWithoutVirtAPI(t *testing.T) {
	site := setup.New(t, harness.Namespace(t))
	vm := site.Running(t, setup.Spec("plain", domain.RunStrategyAlways))
	plane := harness.Get(t)
	setup.Must(t, "stop virt-api", plane.StopVirtAPI())
	pause := subresourcePath(site.Namespace, "virtualmachineinstances", vm.Name, "pause")
	created := rawAnswer(t, nil, http.MethodPatch, objectPath(site.Namespace, "virtualmachines", "new")+"?fieldManager=x",
		`{"apiVersion":"kubevirt.io/v1","kind":"VirtualMachine","metadata":{"name":"new"},"spec":{"runStrategy":"Halted","template":{"spec":{"domain":{"devices":{}}}}}}`)
	first := rawAnswer(t, nil, http.MethodPut, pause, "{}")
	var later answer
	harness.Eventually(t, 2*time.Minute, func() error {
		setup.Must(t, "have the API server look", plane.RecheckVirtAPI(t.Context()))
		if later = rawAnswer(t, nil, http.MethodPut, pause, "{}"); !later.says(503, "service unavailable") {
			return later
		}
		return nil
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	setup.Must(t, "start virt-api", plane.StartVirtAPI(ctx))

	for text, a := range map[string]answer{"error trying to reach service": first, "service unavailable": later} {
		if !a.says(503, text) {
			t.Errorf("want 503 with %q; %v", text, a)
		}
		replayed(t, vm, a, domain.CodeWebhookUnavailable, nil)
	}
	if !created.says(500, "failed calling webhook") {
		t.Errorf("want 500 for the webhook; %v", created)
	}
	replayed(t, vm, created, domain.CodeWebhookUnavailable, createCall)
}

// TestStorageJobs: what a snapshot or a restore in progress forbids, by the VM's state and by the webhook's words.
func TestStorageJobs(t *testing.T) {
	t.Parallel()
	site := setup.New(t, harness.Namespace(t))
	for field, code := range map[string]domain.Code{"snapshotInProgress": domain.CodeSnapshotInProgress, "restoreInProgress": domain.CodeRestoreInProgress} {
		vm := site.Stopped(t, setup.Spec("vm-"+lower(field), domain.RunStrategyHalted))
		inStorageJob(t, vm, field)
		setup.Code(t, field+": start", code, do(t.Context(), vm, "start"))
		_, _, err := update(t, vm, label("a", "1"))
		setup.Code(t, field+": update of a label", "", err)

		raced := site.Stopped(t, setup.Spec("raced-"+lower(field), domain.RunStrategyHalted))
		site.Requests.BeforeWrite(func() { inStorageJob(t, raced, field) })
		setup.Code(t, field+": start, when it begins meanwhile", code, do(t.Context(), raced, "start"))
	}
	vm := site.Stopped(t, setup.Spec("disks", domain.RunStrategyHalted))
	inStorageJob(t, vm, "snapshotInProgress")
	change := domain.VMChange{SetDisks: []domain.Disk{{Name: "extra", Kind: domain.DiskImage, Image: "registry.example/extra:1"}}}
	_, _, err := update(t, vm, change)
	setup.Code(t, "a disk added during a snapshot", domain.CodeSnapshotInProgress, err)
}
