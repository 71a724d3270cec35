package mock_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
	"github.com/kv-shepherd/shepherd-go/provider/mock"
)

// answer is what one call of a life returned.
type answer struct {
	Call   string
	Values []any
	Error  *domain.Error
}

// life calls every method there is, some of them to be refused, and returns the answers. wait lets time pass.
func life(ctx context.Context, p provider.Provider, wait func()) (answers []answer) {
	note := func(call string, err error, values ...any) {
		a := answer{Call: call, Values: values}
		if e, ok := errors.AsType[*domain.Error](err); ok {
			plain := *e
			plain.Err = nil
			a.Error = &plain
		}
		answers = append(answers, a)
	}
	get := func() {
		vm, err := p.GetVM(ctx, "mock", "team", "vm")
		note("get", err, vm)
	}
	secret := spec("vm")
	secret.CloudInit = &domain.CloudInit{UserData: domain.NewSecret("hunter2")}
	secret.Labels = map[string]string{"tier": "web"}
	get()
	verdict, err := p.ValidateVM(ctx, "mock", "team", secret, provider.ValidateOptions{})
	note("validate", err, verdict)
	bad := spec("vm")
	bad.MemoryBytes = 0
	verdict, err = p.ValidateVM(ctx, "mock", "team", bad, provider.ValidateOptions{})
	note("validate what is bad", err, verdict)
	vm, err := p.CreateVM(ctx, "mock", "team", secret, provider.CreateOptions{IdempotencyKey: "k"})
	note("create", err, vm)
	vm, err = p.CreateVM(ctx, "mock", "team", spec("vm"), provider.CreateOptions{})
	note("create again", err, vm)
	vm, err = p.CreateVM(ctx, "mock", "team", bad, provider.CreateOptions{})
	note("create what is bad", err, vm)
	get()
	wait()
	get()
	get() // the same again
	vm, err = p.ApplyVM(ctx, "mock", "team", secret, provider.ApplyOptions{})
	note("apply", err, vm)
	vm, applied, err := p.UpdateVM(ctx, "mock", "team", "vm", domain.VMChange{MemoryBytes: new(int64(4 << 30)), Labels: map[string]*string{"tier": nil}}, provider.UpdateOptions{})
	note("update", err, vm, applied)
	vm, applied, err = p.UpdateVM(ctx, "mock", "team", "vm", domain.VMChange{MemoryBytes: new(int64(-1))}, provider.UpdateOptions{})
	note("update what is bad", err, vm, applied)
	wait()
	migration, err := p.MigrateVM(ctx, "mock", "team", "vm", provider.MigrateOptions{Name: "m"})
	note("migrate", err, migration)
	migration, err = p.GetMigration(ctx, "mock", "team", "m")
	note("migration", err, migration)
	note("cancel", p.CancelMigration(ctx, "mock", "team", "m", provider.CancelOptions{}))
	wait()
	note("cancel again", p.CancelMigration(ctx, "mock", "team", "m", provider.CancelOptions{}))
	migrations, err := p.ListMigrations(ctx, "mock", "team", "vm", provider.ListOptions{})
	note("migrations", err, migrations)
	note("pause", p.PauseVM(ctx, "mock", "team", "vm", provider.PauseOptions{}))
	note("pause again", p.PauseVM(ctx, "mock", "team", "vm", provider.PauseOptions{}))
	note("unpause", p.UnpauseVM(ctx, "mock", "team", "vm", provider.UnpauseOptions{}))
	note("soft reboot", p.SoftRebootVM(ctx, "mock", "team", "vm", provider.SoftRebootOptions{}))
	note("dry reset", p.ResetVM(ctx, "mock", "team", "vm", provider.ResetOptions{DryRun: true}))
	note("reset", p.ResetVM(ctx, "mock", "team", "vm", provider.ResetOptions{}))
	note("start", p.StartVM(ctx, "mock", "team", "vm", provider.StartOptions{}))
	note("restart", p.RestartVM(ctx, "mock", "team", "vm", provider.RestartOptions{}))
	wait()
	get()
	note("dry stop", p.StopVM(ctx, "mock", "team", "vm", provider.StopOptions{DryRun: true}))
	note("stop", p.StopVM(ctx, "mock", "team", "vm", provider.StopOptions{GracePeriod: new(time.Duration(0))}))
	note("stop gently", p.StopVM(ctx, "mock", "team", "vm", provider.StopOptions{}))
	wait()
	for _, name := range []string{"a", "b"} {
		vm, err = p.CreateVM(ctx, "mock", "team", spec(name), provider.CreateOptions{})
		note("create "+name, err, vm)
	}
	opts := provider.ListOptions{Limit: 2}
	for range 2 {
		list, err := p.ListVMs(ctx, "mock", "team", opts)
		note("list", err, list)
		if list != nil {
			opts.Continue = list.Continue
		}
	}
	list, err := p.ListVMs(ctx, "mock", "team", provider.ListOptions{LabelSelector: "=="})
	note("list what cannot be selected", err, list)
	instanceType, err := p.GetInstanceType(ctx, "mock", provider.ClusterScope, "u1.small")
	note("instance type", err, instanceType)
	types, err := p.ListInstanceTypes(ctx, "mock", provider.ClusterScope, provider.ListOptions{})
	note("instance types", err, types)
	preference, err := p.GetPreference(ctx, "mock", provider.ClusterScope, "no")
	note("preference", err, preference)
	preferences, err := p.ListPreferences(ctx, "mock", provider.ClusterScope, provider.ListOptions{})
	note("preferences", err, preferences)
	wait()
	note("delete b", p.DeleteVM(ctx, "mock", "team", "b", provider.DeleteOptions{}))
	note("watch", nil, watched(ctx, p)...)
	note("delete", p.DeleteVM(ctx, "mock", "team", "vm", provider.DeleteOptions{}))
	wait()
	note("delete again", p.DeleteVM(ctx, "mock", "team", "vm", provider.DeleteOptions{}))
	get()
	return answers
}

// watched is what a stream tells until VM b goes, one value for each event.
func watched(ctx context.Context, p provider.Provider) (values []any) {
	for event, err := range p.WatchVMs(ctx, "mock", "team", provider.WatchOptions{Selector: "!no"}) {
		if item, ok := errors.AsType[*domain.ItemError](err); ok {
			plain := *item.Err
			plain.Err = nil
			values = append(values, domain.NewItemError(item.Ref, &plain))
			continue
		}
		if err != nil {
			return append(values, err)
		}
		if values = append(values, event); event.Type == domain.EventDeleted {
			return values
		}
	}
	return values
}

// recorded is a life on the Mock: its answers and its record.
func recorded(t *testing.T) (answers []answer, text string) {
	t.Helper()
	virtual(t, func(t *testing.T) {
		p := mock.New(mock.Options{Namespaces: []string{"team"}})
		if err := p.SetKnobs(domain.Ref{Cluster: "mock", Namespace: "team", Name: "b"}, mock.Knobs{Unmappable: true}); err != nil {
			t.Fatal(err)
		}
		if err := p.Faults(mock.Fault{Op: provider.OpSoftRebootVM, Code: domain.CodeThrottled, RetryAfter: 2 * time.Second, After: true}); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		r := mock.NewRecorder(&out)
		answers = life(t.Context(), provider.Wrap(p, r.Hook()), func() { time.Sleep(time.Second) })
		if r.Err() != nil {
			t.Error(r.Err())
		}
		text = out.String()
	})
	return answers, text
}

// TestPlayer: a record answers as the Mock did, and every operation is in it.
func TestPlayer(t *testing.T) {
	want, text := recorded(t)
	ops := map[string]bool{}
	n := 0
	for line := range strings.Lines(text) {
		n++
		var e struct {
			Seq  int       `json:"seq"`
			Time time.Time `json:"time"`
			Op   string    `json:"op"`
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil || e.Seq != n || e.Time.IsZero() {
			t.Errorf("line %d: %+v, %v", n, e, err)
		}
		ops[e.Op] = true
	}
	if n != len(want) || len(ops) != reflect.TypeFor[provider.Provider]().NumMethod() {
		t.Errorf("%d lines and %d operations of %d calls", n, len(ops), len(want))
	}
	if strings.Contains(text, "hunter2") || !strings.Contains(text, domain.SecretMask) {
		t.Error("the secret is in the record, or its mask is not")
	}
	for range 2 { // two players do not share anything
		p, err := mock.NewPlayer(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		got := life(t.Context(), p, func() {})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("played back (-want +got):\n%s", diff)
		}
		for _, a := range got {
			for _, value := range a.Values {
				scramble(reflect.ValueOf(value))
			}
		}
	}
}

// TestPlayerOrder: equal calls come in their order, and the last answer stays, a value of its own each time.
func TestPlayerOrder(t *testing.T) {
	_, text := recorded(t)
	p, err := mock.NewPlayer(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	var statuses []string
	for range 7 {
		vm, err := p.GetVM(t.Context(), "mock", "team", "vm")
		if err != nil {
			if !errors.Is(err, domain.CodeVMNotFound) {
				t.Error(err)
			}
			statuses = append(statuses, "missing")
			continue
		}
		statuses = append(statuses, string(vm.Status))
		scramble(reflect.ValueOf(vm))
	}
	if diff := cmp.Diff([]string{"missing", "UNOBSERVED", "RUNNING", "RUNNING", "RUNNING", "missing", "missing"}, statuses); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for range 3 {
		types, err := p.ListInstanceTypes(t.Context(), "mock", provider.ClusterScope, provider.ListOptions{})
		if err != nil || types.Items[0].Name != "u1.large" {
			t.Errorf("%v", err)
		}
		scramble(reflect.ValueOf(types))
		err = p.DeleteVM(t.Context(), "mock", "team", "vm", provider.DeleteOptions{})
		if e, ok := errors.AsType[*domain.Error](err); ok {
			if e.Params[domain.ParamName] != "vm" {
				t.Errorf("%v", err)
			}
			scramble(reflect.ValueOf(e))
		}
	}
}

// TestPlayerUnknown: what was never asked has no answer.
func TestPlayerUnknown(t *testing.T) {
	_, text := recorded(t)
	p, err := mock.NewPlayer(strings.NewReader(text + "\n\n"))
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	canceled, cancel := context.WithCancel(ctx)
	cancel()
	other := spec("vm")
	other.MemoryBytes++
	for why, c := range map[string]struct {
		err  error
		want domain.Code
	}{
		"another VM":                         {second(p.GetVM(ctx, "mock", "team", "other")), domain.CodeInternal},
		"another spec":                       {second(p.CreateVM(ctx, "mock", "team", other, provider.CreateOptions{})), domain.CodeInternal},
		"another option":                     {p.StartVM(ctx, "mock", "team", "vm", provider.StartOptions{Paused: true}), domain.CodeInternal},
		"another time":                       {p.StopVM(ctx, "mock", "team", "vm", provider.StopOptions{GracePeriod: new(time.Second)}), domain.CodeInternal},
		"an ended context":                   {second(p.GetVM(canceled, "mock", "team", "vm")), domain.CodeCanceled},
		"what was recorded":                  {p.StartVM(ctx, "mock", "team", "vm", provider.StartOptions{}), domain.CodeVMAlreadyRunning},
		"no grace period is not one of zero": {p.StopVM(ctx, "mock", "team", "vm", provider.StopOptions{}), domain.CodeTransitionInProgress},
	} {
		e, _ := errors.AsType[*domain.Error](c.err)
		if domain.CodeOf(c.err) != c.want || e != nil && (e.Op == "" || e.Params[domain.ParamCluster] != "mock") {
			t.Errorf("%s: %v, want %s", why, c.err, c.want)
		}
		if c.want == domain.CodeInternal && e.Params[domain.ParamReason] != "not_recorded" {
			t.Errorf("%s: params %v", why, e.Params)
		}
	}
}

// TestBadRecord: the error names the line.
func TestBadRecord(t *testing.T) {
	const good = `{"seq":1,"op":"start_vm","ref":{"cluster":"mock","namespace":"team","name":"vm"}}` + "\n"
	for bad, want := range map[string]string{
		"x":                                     "line 3",
		`{"op":"nap"}`:                          "line 3",
		`{"op":"get_vm"}`:                       "line 3",
		`{"op":"get_vm","result":7}`:            "line 3",
		`{"op":"start_vm","error":{"op":"x"}}`:  "line 3",
		`{"op":"start_vm"} {"op":"start_vm"}`:   "line 3",
		good + `{"op":"start_vm","options":"x"`: "line 4",
	} {
		_, err := mock.NewPlayer(strings.NewReader(good + "\n" + bad))
		if e, ok := errors.AsType[*domain.Error](err); !ok || e.Code != domain.CodeInvalidOption || e.Params[domain.ParamField] != want {
			t.Errorf("%s: %v, want that of %s", bad, err, want)
		}
	}
	broken := errors.New("broken pipe")
	if _, err := mock.NewPlayer(failing{broken}); !errors.Is(err, broken) {
		t.Errorf("a reader that fails: %v", err)
	}
	if _, err := mock.NewPlayer(strings.NewReader("")); err != nil {
		t.Errorf("an empty record: %v", err)
	}
}

// failing reads nothing but an error.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// full takes nothing the first time.
type full struct {
	bytes.Buffer
	err error
}

func (f *full) Write(p []byte) (int, error) {
	if err := f.err; err != nil {
		f.err = nil
		return 0, err
	}
	return f.Buffer.Write(p)
}

// TestRecordHidesSecrets: whatever the way in which a spec holds them, and whether it is a good one or not.
func TestRecordHidesSecrets(t *testing.T) {
	encoded := base64.StdEncoding.EncodeToString([]byte("hunter2"))
	volumes := func(source, key, value string) string {
		return fmt.Sprintf(`{"spec":{"runStrategy":"Halted","template":{"spec":{"domain":{"memory":{"guest":"1Gi"},"devices":{}},
			"volumes":[{"name":"ci","%s":{"%s":%q}}]}}}}`, source, key, value)
	}
	for why, manifest := range map[string]string{
		"user data":                volumes("cloudInitNoCloud", "userData", "hunter2"),
		"network data":             volumes("cloudInitConfigDrive", "networkData", "hunter2"),
		"user data, encoded":       volumes("cloudInitNoCloud", "userDataBase64", encoded),
		"network data, encoded":    volumes("cloudInitNoCloud", "networkDataBase64", encoded),
		"in other letters":         volumes("cloudInitNoCloud", "UserData", "hunter2"),
		"kubectl's copy":           `{"metadata":{"annotations":{"kubectl.kubernetes.io/last-applied-configuration":"hunter2"}}}`,
		"no text":                  `{"spec":{"userData":["hunter2"]}}`,
		"twice":                    `{"spec":{"userData":"hunter2","userData":"hunter2"}}`,
		"no object":                `"userData: hunter2"`,
		"a list":                   `[{"userData":"hunter2"}]`,
		"no JSON":                  "userData: hunter2",
		"JSON with more behind it": `{} hunter2`,
	} {
		var out bytes.Buffer
		r := mock.NewRecorder(&out)
		p := provider.Wrap(mock.New(mock.Options{}), r.Hook())
		s := spec("vm")
		s.Manifest = json.RawMessage(manifest)
		_, createErr := p.CreateVM(t.Context(), "mock", "team", s, provider.CreateOptions{})
		_, applyErr := p.ApplyVM(t.Context(), "mock", "team", s, provider.ApplyOptions{})
		_, validateErr := p.ValidateVM(t.Context(), "mock", "team", s, provider.ValidateOptions{})
		text := out.String()
		if r.Err() != nil || strings.Count(text, "\n") != 3 {
			t.Errorf("%s: %v, record %s", why, r.Err(), text)
		}
		if strings.Contains(text, "hunter2") || strings.Contains(text, encoded) {
			t.Errorf("%s: %s", why, text)
		}
		if !strings.Contains(text, domain.SecretMask) {
			t.Errorf("%s: no mask in %s", why, text)
		}
		player, err := mock.NewPlayer(&out)
		if err != nil {
			t.Fatal(err)
		}
		for op, want := range map[string][2]error{
			"create":   {createErr, second(player.CreateVM(t.Context(), "mock", "team", s, provider.CreateOptions{}))},
			"apply":    {applyErr, second(player.ApplyVM(t.Context(), "mock", "team", s, provider.ApplyOptions{}))},
			"validate": {validateErr, second(player.ValidateVM(t.Context(), "mock", "team", s, provider.ValidateOptions{}))},
		} {
			if domain.CodeOf(want[0]) != domain.CodeOf(want[1]) {
				t.Errorf("%s: %s is played as %v, was %v", why, op, want[1], want[0])
			}
		}
	}
}

// TestRecordOfMany: calls at the same time write whole lines, and hooks see the calls as they are.
func TestRecordOfMany(t *testing.T) {
	var out bytes.Buffer
	r := mock.NewRecorder(&out)
	p := provider.Wrap(mock.New(mock.Options{}), r.Hook())
	var wg sync.WaitGroup
	for worker := range 16 {
		wg.Go(func() {
			for n := range 25 {
				_, _ = p.CreateVM(t.Context(), "mock", "team", spec(fmt.Sprintf("vm-%d-%d", worker, n)), provider.CreateOptions{})
			}
		})
	}
	wg.Wait()
	var seqs []int
	for line := range strings.Lines(out.String()) {
		var e struct{ Seq int }
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		seqs = append(seqs, e.Seq)
	}
	if len(seqs) != 400 || !slices.IsSorted(seqs) || seqs[399] != 400 {
		t.Errorf("%d lines, %v", len(seqs), seqs)
	}
	player, err := mock.NewPlayer(&out)
	if err != nil {
		t.Fatal(err)
	}
	for worker := range 16 {
		wg.Go(func() {
			for n := range 25 {
				name := fmt.Sprintf("vm-%d-%d", worker, n)
				vm, err := player.CreateVM(t.Context(), "mock", "team", spec(name), provider.CreateOptions{})
				if err != nil || vm.Name != name {
					t.Errorf("%v", err)
				}
			}
		})
	}
	wg.Wait()
}

// TestRecordThatCannotBeWritten: the first error stays and ends the record, and the calls go on.
func TestRecordThatCannotBeWritten(t *testing.T) {
	noSpace := errors.New("no space left")
	disk := &full{err: noSpace}
	r := mock.NewRecorder(disk)
	p := provider.Wrap(mock.New(mock.Options{}), r.Hook())
	for range 2 {
		if _, err := p.GetVM(t.Context(), "mock", "team", "vm"); domain.CodeOf(err) != domain.CodeVMNotFound {
			t.Error(err)
		}
	}
	if !errors.Is(r.Err(), noSpace) || disk.Len() != 0 {
		t.Errorf("Err() = %v, record %s", r.Err(), disk)
	}
	var out bytes.Buffer
	r = mock.NewRecorder(&out)
	p = provider.Wrap(mock.New(mock.Options{}), r.Hook(), func(_ context.Context, call *provider.Call, _ func(context.Context) error) error {
		call.Result = func() {} // no JSON
		return nil
	})
	_, _ = p.GetVM(t.Context(), "mock", "team", "vm")
	_ = p.StartVM(t.Context(), "mock", "team", "vm", provider.StartOptions{})
	if r.Err() == nil || out.Len() != 0 {
		t.Errorf("Err() = %v, record %s", r.Err(), &out)
	}
}

func FuzzPlayer(f *testing.F) {
	f.Add("")
	f.Add(`{"seq":1,"op":"get_vm","ref":{"cluster":"mock","namespace":"team","name":"vm"},"result":{"name":"vm"}}`)
	f.Add(`{"op":"get_vm","ref":{"cluster":"mock","namespace":"team","name":"vm"},"result":null}`)
	f.Add(`{"op":"list_vms","ref":{"cluster":"mock","namespace":"team"},"options":{"Limit":0},"result":{"items":[null],"itemErrors":[null,{}]}}`)
	f.Add(`{"op":"update_vm","input":{"labels":{"a":null}},"options":{"UID":""},"error":{"code":"X","params":{"a":"b"},"retryAfterMs":-1}}`)
	f.Fuzz(func(t *testing.T, text string) {
		p, err := mock.NewPlayer(strings.NewReader(text))
		if err != nil {
			if domain.CodeOf(err) != domain.CodeInvalidOption {
				t.Error(err)
			}
			return
		}
		every(t, p)
	})
}
