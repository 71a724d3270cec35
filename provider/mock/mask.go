package mock

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/vmspec"
)

// masked is a value of a call as JSON without its secrets; nil for none. A domain.Secret masks itself; what stands in a
// manifest or in an annotation is masked by its key.
func masked(value any) (json.RawMessage, error) {
	if value == nil {
		return nil, nil
	}
	if spec, ok := value.(domain.VMSpec); ok {
		spec.Manifest = maskedManifest(spec.Manifest)
		value = spec
	}
	text, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	tree, err := decoded(text)
	if err != nil {
		return nil, err
	}
	hide(tree)
	return json.Marshal(tree)
}

// maskedManifest hides the secrets of a manifest, and all of what is no manifest: nobody knows what that holds.
func maskedManifest(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 {
		return raw
	}
	const hidden = `"` + domain.SecretMask + `"`
	tree, err := decoded(raw)
	object, ok := tree.(map[string]any)
	if err != nil || !ok {
		return json.RawMessage(hidden)
	}
	hide(object)
	text, err := json.Marshal(object)
	if err != nil {
		return json.RawMessage(hidden)
	}
	return text
}

// hide puts the mask in the place of every secret below a value.
func hide(value any) {
	switch value := value.(type) {
	case map[string]any:
		for key, inner := range value {
			if inner != nil && (vmspec.IsSecretKey(key) || strings.EqualFold(key, lastApplied)) { // kubectl's copy of it all
				value[key] = domain.SecretMask
				continue
			}
			hide(inner)
		}
	case []any:
		for _, inner := range value {
			hide(inner)
		}
	}
}

// decoded reads JSON as a tree, with its numbers as they are written.
func decoded(raw json.RawMessage) (any, error) {
	if !json.Valid(raw) { // a Decoder stops behind the first value
		return nil, domain.CodeProtocolError
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var tree any
	err := d.Decode(&tree)
	return tree, err
}
