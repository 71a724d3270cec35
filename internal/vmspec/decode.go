package vmspec

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/names"
)

// Bounds of a manifest.
const (
	// MaxManifest is the size in bytes of a manifest; etcd stores objects of 1.5 MiB at most.
	MaxManifest = 1 << 20
	maxDepth    = 64
)

// object is a JSON object.
type object = map[string]any

var (
	errNotObject = errors.New("not a JSON object")
	errTooDeep   = errors.New("nested too deeply")
	errTrailing  = errors.New("more than one JSON value")
)

// decodeObject reads exactly one JSON object. Whole numbers become int64, others float64, as everywhere in Kubernetes.
// A name that stands twice in one object is reported with its path: readers differ on which of the two counts.
func decodeObject(data []byte) (object, []string, error) {
	d := &decoder{json: json.NewDecoder(bytes.NewReader(data))}
	d.json.UseNumber()
	value, err := d.value("manifest", 0)
	if err != nil {
		return nil, nil, err
	}
	if _, err := d.json.Token(); !errors.Is(err, io.EOF) {
		return nil, nil, errTrailing
	}
	o, ok := value.(object)
	if !ok {
		return nil, nil, errNotObject
	}
	return o, d.duplicates, nil
}

type decoder struct {
	json       *json.Decoder
	duplicates []string
}

func (d *decoder) value(path string, depth int) (any, error) {
	if depth > maxDepth {
		return nil, errTooDeep
	}
	token, err := d.json.Token()
	if err != nil {
		return nil, err
	}
	switch token := token.(type) {
	case json.Delim:
		if token == '{' {
			return d.object(path, depth)
		}
		return d.array(path, depth)
	case json.Number:
		if n, err := token.Int64(); err == nil {
			return n, nil
		}
		return token.Float64()
	default:
		return token, nil
	}
}

func (d *decoder) object(path string, depth int) (any, error) {
	o := object{}
	for d.json.More() {
		token, err := d.json.Token()
		if err != nil {
			return nil, err
		}
		key, ok := token.(string)
		if !ok {
			return nil, errNotObject
		}
		field := path + "." + key
		if !isPlain(key) {
			field = names.Element(path, key)
		}
		if _, twice := o[key]; twice {
			d.duplicates = append(d.duplicates, field)
		}
		if o[key], err = d.value(field, depth+1); err != nil {
			return nil, err
		}
	}
	_, err := d.json.Token()
	return o, err
}

func (d *decoder) array(path string, depth int) (any, error) {
	list := []any{}
	for d.json.More() {
		value, err := d.value(path+"[]", depth+1)
		if err != nil {
			return nil, err
		}
		list = append(list, value)
	}
	_, err := d.json.Token()
	return list, err
}

// isPlain says whether a key can stand in a path without quotes.
func isPlain(key string) bool {
	for _, r := range key {
		if !isAlphanumeric(r) && r != '_' && r != '-' {
			return false
		}
	}
	return key != "" && len(key) <= 63
}

// ParseManifest reads VMSpec.Manifest into a map of its own, which the caller may change: nil for an empty one. The
// field errors say why it cannot be used: too large, not one JSON object, a name that stands twice, another kind than
// VirtualMachine, or a part that BuildVM must merge and that has the wrong type. Other fields are not looked at.
func ParseManifest(manifest json.RawMessage) (map[string]any, []domain.FieldError) {
	c := &checker{}
	return c.manifest(manifest), c.errs
}
