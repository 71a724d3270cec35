package providertest

import (
	"encoding/json"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// What is refused for the spec or the change itself: every field that is wrong is named, and nothing is stored.

func checkRunStrategyRequired(e *env) {
	none := e.spec("none", "")
	_, err := e.createVM(none, provider.CreateOptions{})
	e.blames("create without a run strategy", err, "runStrategy")
	if e.has(NeedApply) {
		_, err := e.apply(none, provider.ApplyOptions{})
		e.blames("apply without a run strategy", err, "runStrategy")
	}
	both := e.spec("both", domain.RunStrategyAlways)
	both.Manifest = json.RawMessage(`{"spec":{"running":true}}`)
	_, err = e.createVM(both, provider.CreateOptions{})
	e.codes("create with both fields", err, domain.CodeInvalidSpec, domain.CodeCapabilityUnsupported) // a provider may have no manifests
	e.stores("after the refusals")

	legacy := e.spec("legacy", "")
	legacy.Manifest = json.RawMessage(`{"spec":{"running":false}}`)
	vm, err := e.createVM(legacy, provider.CreateOptions{})
	if e.codes("create with the legacy field", err, "", domain.CodeCapabilityUnsupported) && err == nil {
		e.same("run strategy", domain.RunStrategyHalted, vm.RunStrategy)
	}
	e.create(e.spec("plain", domain.RunStrategyHalted))
	for _, vm := range e.list(provider.ListOptions{}).Items {
		e.holds(!vm.LegacyRunning, "%s was made with the legacy field", vm.Name)
	}
}

// invalidSpecs are specs with what the refusal must be about.
var invalidSpecs = map[string]struct {
	edit  func(*domain.VMSpec)
	words []string
}{
	"negative memory":         {func(s *domain.VMSpec) { s.MemoryBytes = -1 }, []string{"memory"}},
	"negative cores":          {func(s *domain.VMSpec) { s.CPU = domain.CPU{Cores: -1} }, []string{"cpu"}},
	"a key that is none":      {func(s *domain.VMSpec) { s.Labels = map[string]string{"no key!": "1"} }, []string{"label"}},
	"a value that is none":    {func(s *domain.VMSpec) { s.Labels = map[string]string{"a": "no value!"} }, []string{"label"}},
	"an annotation's key":     {func(s *domain.VMSpec) { s.Annotations = map[string]string{"no key!": "1"} }, []string{"annotation"}},
	"two disks of one name":   {func(s *domain.VMSpec) { s.Disks = append(s.Disks, s.Disks[0]) }, []string{"disk"}},
	"a disk of no kind":       {func(s *domain.VMSpec) { s.Disks = append(s.Disks, domain.Disk{Name: "more"}) }, []string{"disk"}},
	"an unknown run strategy": {func(s *domain.VMSpec) { s.RunStrategy = "Sometimes" }, []string{"runStrategy"}},
	"all at once": {func(s *domain.VMSpec) {
		s.MemoryBytes, s.CPU, s.Labels, s.RunStrategy = -1, domain.CPU{Cores: -1}, map[string]string{"no key!": "1"}, "Sometimes"
	}, []string{"memory", "cpu", "label", "runStrategy"}},
}

func (e *env) invalidSpec(edit func(*domain.VMSpec)) domain.VMSpec {
	spec := e.spec("vm", domain.RunStrategyHalted)
	if len(spec.Disks) == 0 {
		spec.Disks = []domain.Disk{{Name: "root", Kind: domain.DiskImage, Image: "registry.example/disk:1"}}
	}
	edit(&spec)
	return spec
}

func checkInvalidSpecs(e *env) {
	for what, c := range invalidSpecs {
		spec := e.invalidSpec(c.edit)
		_, err := e.createVM(spec, provider.CreateOptions{})
		e.blames("create: "+what, err, c.words...)
		if e.has(NeedApply) {
			_, err := e.apply(spec, provider.ApplyOptions{})
			e.blames("apply: "+what, err, c.words...)
		}
	}
	e.stores("after the refusals")
	if !e.has(NeedUpdate) {
		return
	}
	before := e.halted("vm")
	for what, c := range map[string]struct {
		change domain.VMChange
		word   string
	}{
		"negative memory":    {domain.VMChange{MemoryBytes: new(int64(-1))}, "memory"},
		"negative cores":     {domain.VMChange{CPU: &domain.CPU{Cores: -1}}, "cpu"},
		"a key that is none": {label("no key!", "1"), "label"},
		"a disk of no kind":  {domain.VMChange{SetDisks: []domain.Disk{{Name: "more"}}}, "disk"},
	} {
		_, _, err := e.update("vm", c.change)
		e.blames("update: "+what, err, c.word)
		e.unchanged("update: "+what, before)
	}
}

// checkValidate also asks about what is no question of the spec alone: a name that is taken.
func checkValidate(e *env) {
	ask := func(name string) (domain.Validation, error) {
		return e.Provider.ValidateVM(e.ctx, e.cluster, e.ns, e.spec(name, domain.RunStrategyAlways), provider.ValidateOptions{})
	}
	answer, err := ask("vm")
	e.must("validate a good spec", err)
	e.holds(answer.Valid && answer.Code == "" && len(answer.Fields) == 0, "a good spec: %+v", answer)
	for what, c := range invalidSpecs {
		answer, err := e.Provider.ValidateVM(e.ctx, e.cluster, e.ns, e.invalidSpec(c.edit), provider.ValidateOptions{})
		if e.code(what, err, "") {
			e.holds(!answer.Valid, "%s is said to be valid", what)
			e.blames(what, &domain.Error{Code: answer.Code, Fields: answer.Fields}, c.words...)
		}
	}
	e.stores("after the questions")
	e.create(e.spec("vm", domain.RunStrategyHalted))
	answer, err = ask("vm")
	e.code("validate a name that is taken", err, "")
	e.holds(!answer.Valid && answer.Code == domain.CodeVMAlreadyExists, "a name that is taken: %+v", answer)

	e.must("fail", e.FailNext(Fault{Kind: FaultUnreachable, Cluster: e.cluster, Count: -1}))
	answer, err = ask("new")
	e.must("fail no more", e.FailNext(Fault{}))
	e.code("nobody could be asked", err, domain.CodeClusterUnreachable)
	e.holds(!answer.Valid, "nobody could be asked, and the spec is said to be valid")
	_, err = e.Provider.ValidateVM(e.ctx, "no-such-cluster", e.ns, e.spec("new", domain.RunStrategyHalted), provider.ValidateOptions{})
	e.code("no cluster to ask", err, domain.CodeClusterNotFound)
	e.stores("in the end", "vm")
}
