package providertest

import (
	"encoding/json"
	"reflect"
	"slices"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// Nobody shares memory with the provider: what goes in and what comes out is changed in every part, and nobody else may
// notice. What is compared is text, since a value could be changed by the very hand that changes what it is compared with.

// rich is a spec with something in every field that points somewhere.
func (e *env) rich(name string) domain.VMSpec {
	spec := e.spec(name, domain.RunStrategyHalted)
	spec.Labels = map[string]string{"example.test/label": "1"}
	spec.Annotations = map[string]string{"example.test/annotation": "some text, = anything"}
	if e.Spec != nil {
		return spec // who makes the specs knows what the provider takes
	}
	spec.GuestLabels = map[string]string{"example.test/guest": "1"}
	spec.NodeSelector = map[string]string{"example.test/node": "1"}
	spec.Tolerations = []domain.Toleration{{Key: "example.test/taint", Operator: "Exists", Effect: "NoExecute", Seconds: new(int64(60))}}
	spec.Networks = []domain.Network{{Name: "default", Binding: "masquerade"}}
	return spec
}

// richChange is a change with something in every field that points somewhere.
func (e *env) richChange() domain.VMChange {
	change := domain.VMChange{
		Labels:      map[string]*string{"example.test/label": new("2")},
		Annotations: map[string]*string{"example.test/annotation": new("other text")},
	}
	if e.Spec != nil {
		return change
	}
	change.CPU, change.MemoryBytes = &domain.CPU{Sockets: 1, Cores: 2, Threads: 1}, new(int64(256<<20))
	change.GuestLabels = map[string]*string{"example.test/guest": new("2")}
	change.NodeSelector = map[string]*string{"example.test/node": new("2")}
	change.Tolerations = []domain.Toleration{{Key: "example.test/taint", Operator: "Exists", Effect: "NoExecute", Seconds: new(int64(90))}}
	change.SetDisks = []domain.Disk{{Name: "more", Kind: domain.DiskImage, Image: "registry.example/more:1"}}
	change.SetNetworks = []domain.Network{{Name: "lan", Attachment: "lan"}}
	return change
}

// reads is all that can be read of the check's VMs, as text.
func (e *env) reads(names ...string) string {
	var all []*domain.VM
	for _, name := range names {
		all = append(all, e.get(name))
	}
	all = append(all, e.list(provider.ListOptions{}).Items...)
	for _, vm := range all {
		vm.Read.At = time.Time{}
	}
	return e.text(all)
}

func (e *env) text(value any) string {
	data, err := json.MarshalIndent(value, "", " ")
	e.must("write as JSON", err)
	return string(data)
}

func checkResultsAreCopies(e *env) {
	names := []string{"vm", "on"}
	copied := func(what string, answer any, err error) {
		e.must(what, err)
		want := e.reads(names...)
		scramble(reflect.ValueOf(answer))
		e.same("what is read after the answer of "+what+" was changed", want, e.reads(names...))
	}
	e.running("on")
	made, err := e.createVM(e.rich("vm"), provider.CreateOptions{})
	e.must("create", err)
	e.settles("vm", domain.StatusStopped)
	e.quiet("vm")
	copied("create", made, nil)
	for _, name := range names {
		vm, err := e.Provider.GetVM(e.ctx, e.cluster, e.ns, name)
		copied("get "+name, vm, err)
	}
	page, err := e.Provider.ListVMs(e.ctx, e.cluster, e.ns, provider.ListOptions{})
	e.same("VMs in the list", len(names), len(page.Items))
	copied("list", page, err)
	if e.has(NeedUpdate) {
		vm, _, err := e.update("vm", label("more", "1"))
		e.quiet("vm")
		copied("update", vm, err)
	}
	if e.has(NeedApply) {
		vm, err := e.apply(e.rich("vm"), provider.ApplyOptions{})
		e.quiet("vm")
		copied("apply", vm, err)
	}
}

func checkArgumentsAreCopied(e *env) {
	// given calls with an argument, and changes it afterwards.
	given := func(what string, argument any, call func() error) {
		before := e.text(argument)
		e.must(what, call())
		e.same("the argument of "+what+", after the call", before, e.text(argument))
		e.settles("vm", domain.StatusStopped)
		e.quiet("vm")
		want := e.reads("vm")
		scramble(reflect.ValueOf(argument))
		e.same("what is read after the argument of "+what+" was changed", want, e.reads("vm"))
	}
	spec := e.rich("vm")
	given("create", &spec, func() error {
		_, err := e.createVM(spec, provider.CreateOptions{})
		return err
	})
	if e.has(NeedUpdate) {
		change := e.richChange()
		given("update", &change, func() error {
			_, _, err := e.update("vm", change)
			return err
		})
	}
	if e.has(NeedApply) {
		spec := e.rich("vm")
		given("apply", &spec, func() error {
			_, err := e.apply(spec, provider.ApplyOptions{})
			return err
		})
	}
}

// scramble changes everything that can be reached from a value, by reflection, so that no field is forgotten that a type
// gets later.
func scramble(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			scramble(v.Elem())
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			scramble(v.Index(i))
		}
	case reflect.Map:
		for _, key := range slices.Clone(v.MapKeys()) {
			element := reflect.New(v.Type().Elem()).Elem()
			element.Set(v.MapIndex(key))
			scramble(element)
			v.SetMapIndex(key, element)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				scramble(v.Field(i))
			}
		}
	default:
		scrambleScalar(v)
	}
}

func scrambleScalar(v reflect.Value) {
	switch {
	case !v.CanSet():
	case v.Kind() == reflect.String:
		v.SetString("scrambled")
	case v.Kind() == reflect.Bool:
		v.SetBool(!v.Bool())
	case v.CanInt():
		v.SetInt(-42)
	case v.CanUint():
		v.SetUint(42)
	case v.CanFloat():
		v.SetFloat(-42)
	}
}
