package kubevirt

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// hideSecrets makes sure that no error text repeats a secret of the spec: schema and webhook refusals quote what they
// refuse. The texts that people read are cleaned; errors.As still reaches the server's own status, which a host should
// not print for a spec that has secrets.
func hideSecrets(spec domain.VMSpec, err error) error {
	if err == nil {
		return nil
	}
	var pairs []string
	for _, secret := range secretsOf(spec) {
		for _, part := range append(strings.Split(secret, "\n"), secret) {
			if part = strings.TrimSpace(part); len(part) >= minSecret {
				pairs = append(pairs, part, domain.SecretMask)
			}
		}
	}
	e, ok := err.(*domain.Error) //nolint:errorlint // only our own texts are rewritten
	if !ok || len(pairs) == 0 {
		return err
	}
	clean := strings.NewReplacer(pairs...)
	quiet := *e
	quiet.Fields = nil
	for _, f := range e.Fields {
		f.Detail = clean.Replace(f.Detail)
		quiet.Fields = append(quiet.Fields, f)
	}
	if e.Err != nil {
		quiet.Err = redacted{err: e.Err, text: clean.Replace(e.Err.Error())}
	}
	return &quiet
}

// secretsOf returns the cloud-init documents of a spec, of its fields and of its manifest.
func secretsOf(spec domain.VMSpec) []string {
	var secrets []string
	if ci := spec.CloudInit; ci != nil {
		secrets = append(secrets, ci.UserData.Reveal(), ci.NetworkData.Reveal())
	}
	var manifest any
	if len(spec.Manifest) > 0 && json.Unmarshal(spec.Manifest, &manifest) == nil {
		secrets = appendSecrets(secrets, manifest)
	}
	return secrets
}

// secretKeys are the fields of a VirtualMachine that hold secrets themselves (kubevirt.io/api core/v1 schema.go, v1.9.0).
var secretKeys = []string{"userData", "userDataBase64", "networkData", "networkDataBase64"}

func appendSecrets(secrets []string, value any) []string {
	switch value := value.(type) {
	case map[string]any:
		for key, inner := range value {
			if text, ok := inner.(string); ok && slices.Contains(secretKeys, key) {
				secrets = append(secrets, text)
				continue
			}
			secrets = appendSecrets(secrets, inner)
		}
	case []any:
		for _, inner := range value {
			secrets = appendSecrets(secrets, inner)
		}
	}
	return secrets
}

// minSecret is the length from which a line of a secret is hidden: shorter ones, such as "-", are words of any text.
const minSecret = 4

// redacted shows another text than the error it wraps.
type redacted struct {
	err  error
	text string
}

func (r redacted) Error() string { return r.text }
func (r redacted) Unwrap() error { return r.err }
