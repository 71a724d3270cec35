package providertest

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// canary is what is looked for in errors: a line of a document that is to stay between the caller and the guest.
const canary = "canary-8c41"

const canaryDocument = "#cloud-config\npassword: " + canary + "\n"

func checkNoSecrets(e *env) {
	secret := e.spec("vm", domain.RunStrategyHalted)
	secret.CloudInit = &domain.CloudInit{UserData: domain.NewSecret(canaryDocument), NetworkData: domain.NewSecret("# " + canary)}
	create := func(spec domain.VMSpec) error {
		return second(e.Provider.CreateVM(e.ctx, e.cluster, e.ns, spec, provider.CreateOptions{}))
	}
	// A provider may not take cloud-init, and then says so without repeating it.
	if err := create(secret); err != nil {
		e.silent("create", err)
		e.create(e.spec("vm", domain.RunStrategyHalted))
	}
	e.refusedInSilence("create of a name that is taken", create(secret))

	for what, spoil := range map[string]func(*domain.VMSpec){
		"no run strategy":         func(spec *domain.VMSpec) { spec.RunStrategy, spec.Manifest = "", nil },
		"a name that cannot be":   func(spec *domain.VMSpec) { spec.Name = "Not_A_Name" },
		"a label that cannot be":  func(spec *domain.VMSpec) { spec.Labels = map[string]string{"not a key": "x"} },
		"a document and a secret": func(spec *domain.VMSpec) { spec.CloudInit.UserDataSecret = "elsewhere" },
		"a document that is too long": func(spec *domain.VMSpec) {
			spec.CloudInit.UserData = domain.NewSecret(strings.Repeat(canaryDocument, 1000))
		},
	} {
		spec := secret
		cloudInit := *secret.CloudInit
		spec.Name, spec.CloudInit = "bad", &cloudInit
		spoil(&spec)
		e.refusedInSilence("create with "+what, create(spec))
		e.refusedInSilence("apply with "+what, second(e.Provider.ApplyVM(e.ctx, e.cluster, e.ns, spec, provider.ApplyOptions{})))
	}

	secret.Name = "new"
	for _, kind := range []FaultKind{FaultUnreachable, FaultInternal} {
		e.failing(Fault{Kind: kind}, func() {
			e.refusedInSilence(string(kind)+": create", create(secret))
			e.refusedInSilence(string(kind)+": get", second(e.Provider.GetVM(e.ctx, e.cluster, e.ns, "vm")))
			e.refusedInSilence(string(kind)+": list", second(e.Provider.ListVMs(e.ctx, e.cluster, e.ns, provider.ListOptions{})))
			e.refusedInSilence(string(kind)+": delete", e.remove("vm"))
		})
	}
}

// refusedInSilence finds fault with a call that is not refused, or whose error tells a secret.
func (e *env) refusedInSilence(what string, err error) {
	if err == nil {
		e.Errorf("%s: no error", what)
		return
	}
	e.silent(what, err)
}

// silent finds fault with an error that tells a secret in any of the ways in which errors are printed.
func (e *env) silent(what string, err error) {
	texts := map[string]string{"Error()": err.Error()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%q"} {
		texts[verb] = fmt.Sprintf(verb, err)
	}
	data, jsonErr := json.Marshal(err)
	e.holds(jsonErr == nil, "%s: the error has no JSON: %v", what, jsonErr)
	texts["JSON"] = string(data)
	for how, text := range texts {
		e.holds(!strings.Contains(text, canary), "%s: a document of cloud-init is in the error's %s", what, how)
		e.holds(e.Secret == "" || !strings.Contains(text, e.Secret), "%s: the credential is in the error's %s", what, how)
	}
}
