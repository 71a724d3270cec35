package kubevirt

import (
	"strings"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// hideSecrets makes sure that no error text repeats a secret of the spec: schema and webhook refusals quote what they
// refuse. The texts that people read are cleaned; errors.As still reaches the server's own status, which a host should
// not print for a spec that has secrets.
func hideSecrets(spec domain.VMSpec, err error) error {
	if err == nil || spec.CloudInit == nil {
		return err
	}
	var pairs []string
	for _, secret := range []domain.Secret{spec.CloudInit.UserData, spec.CloudInit.NetworkData} {
		for _, part := range append(strings.Split(secret.Reveal(), "\n"), secret.Reveal()) {
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

// minSecret is the length from which a line of a secret is hidden: shorter ones, such as "-", are words of any text.
const minSecret = 4

// redacted shows another text than the error it wraps.
type redacted struct {
	err  error
	text string
}

func (r redacted) Error() string { return r.text }
func (r redacted) Unwrap() error { return r.err }
