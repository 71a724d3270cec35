package kubevirt

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/vmspec"
)

// redactor cleans texts of the secrets of what was sent: schema and webhook refusals quote what they refuse. The texts
// that people read are cleaned; errors.As still reaches the server's own status, which a host should not print.
// A nil redactor cleans nothing.
type redactor struct{ replace *strings.Replacer }

// redactorOf finds the secrets of a body.
func redactorOf(body any) *redactor {
	var pairs []string
	for _, secret := range secretsIn(nil, body) {
		for _, part := range append(strings.Split(secret, "\n"), secret) {
			pairs = appendForms(pairs, strings.TrimSpace(part))
		}
	}
	if len(pairs) == 0 {
		return nil
	}
	return &redactor{strings.NewReplacer(pairs...)}
}

func secretsIn(secrets []string, value any) []string {
	switch value := value.(type) {
	case map[string]any:
		for key, inner := range value {
			if text, ok := inner.(string); ok && vmspec.IsSecretKey(key) {
				secrets = append(secrets, text)
				continue
			}
			secrets = secretsIn(secrets, inner)
		}
	case []any:
		for _, inner := range value {
			secrets = secretsIn(secrets, inner)
		}
	}
	return secrets
}

// minSecret is the length from which a line of a secret is hidden: shorter ones, such as "-", are words of any text.
const minSecret = 4

// appendForms adds a line as it is, and as it stands in quoted text.
func appendForms(pairs []string, line string) []string {
	if len(line) < minSecret {
		return pairs
	}
	pairs = append(pairs, line, domain.SecretMask)
	quoted := strconv.Quote(line)
	forms := []string{quoted[1 : len(quoted)-1]}
	if text, err := json.Marshal(line); err == nil {
		forms = append(forms, string(text[1:len(text)-1]))
	}
	for _, form := range forms {
		if form != line {
			pairs = append(pairs, form, domain.SecretMask)
		}
	}
	return pairs
}

func (r *redactor) clean(text string) string {
	if r == nil {
		return text
	}
	return r.replace.Replace(text)
}

// hide wraps an error so that its text is clean.
func (r *redactor) hide(err error) error {
	if r == nil || err == nil {
		return err
	}
	return redacted{err: err, text: r.clean(err.Error())}
}

// redacted shows another text than the error it wraps.
type redacted struct {
	err  error
	text string
}

func (r redacted) Error() string { return r.text }
func (r redacted) Unwrap() error { return r.err }
