package rest

import (
	"bytes"
	"encoding/json"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"

	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim/internal/store"
)

// draft encodes an object for the store, in the version that is kept. Keys are sorted, as a custom resource's are.
func (r *Resource) draft(u *unstructured.Unstructured) (store.Draft, error) {
	d := store.Draft{Namespace: u.GetNamespace(), Name: u.GetName(), UID: string(u.GetUID()), Labels: u.GetLabels()}
	if at := u.GetDeletionTimestamp(); at != nil {
		d.DeletedAt = at.Time
	}
	metadata, _ := u.Object["metadata"].(map[string]any)
	before, after, err := around(metadata, "resourceVersion", nil)
	if err != nil {
		return d, err
	}
	first, last, err := around(u.Object, "metadata", map[string]any{"apiVersion": r.gv(r.Stored).String()})
	if err != nil {
		return d, err
	}
	d.Head = fmt.Appendf(nil, `{%s"metadata":{%s"resourceVersion":"`, first, before)
	d.Tail = fmt.Appendf(nil, `"%s}%s}`, after, last)
	return d, nil
}

// around encodes what comes before and behind a key of an object, with the commas that part it from the key. Values of
// instead are taken in place of the object's.
func around(object map[string]any, key string, instead map[string]any) (before, after []byte, err error) {
	lesser, greater := map[string]any{}, map[string]any{}
	for k, v := range object {
		if other, ok := instead[k]; ok {
			v = other
		}
		switch {
		case k < key:
			lesser[k] = v
		case k > key:
			greater[k] = v
		}
	}
	if before, err = inner(lesser); err != nil {
		return nil, nil, err
	}
	if after, err = inner(greater); err != nil {
		return nil, nil, err
	}
	if len(before) > 0 {
		before = append(before, ',')
	}
	if len(after) > 0 {
		after = append([]byte{','}, after...)
	}
	return before, after, nil
}

// inner encodes an object without its braces.
func inner(object map[string]any) ([]byte, error) {
	encoded, err := json.Marshal(object)
	if err != nil {
		return nil, err
	}
	return encoded[1 : len(encoded)-1], nil
}

// decode reads a stored object as of a version.
func (r *Resource) decode(o *store.Object, version string) (*unstructured.Unstructured, error) {
	return r.parse(o.JSON(), version)
}

// parse reads an object's JSON. The numbers in it are int64 or float64.
func (r *Resource) parse(body []byte, version string) (*unstructured.Unstructured, error) {
	u := &unstructured.Unstructured{Object: map[string]any{}}
	if err := utiljson.Unmarshal(body, &u.Object); err != nil {
		return nil, err
	}
	u.SetAPIVersion(r.gv(version).String())
	return u, nil
}

// beginning is what the JSON of an object in a version begins with: apiVersion is the first of the sorted keys, as a
// schema knows no other top-level field before it.
func (r *Resource) beginning(version string) []byte {
	return fmt.Appendf(nil, `{"apiVersion":%q,`, r.gv(version).String())
}

// inVersion makes JSON in the stored version say another one.
func (r *Resource) inVersion(body []byte, version string) ([]byte, error) {
	if version == r.Stored {
		return body, nil
	}
	if rest, ok := bytes.CutPrefix(body, r.beginning(r.Stored)); ok {
		return append(r.beginning(version), rest...), nil
	}
	u, err := r.parse(body, version)
	if err != nil {
		return nil, err
	}
	return json.Marshal(u.Object)
}
