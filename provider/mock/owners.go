package mock

import (
	"maps"
	"reflect"
	"slices"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/names"
)

// writer changes a desired as one manager of the cluster, field by field, and minds who owns what: server-side apply
// with the elements of lists as fields, which is what the KubeVirt provider makes of it.
type writer struct {
	d *desired
	// manager is who writes; "" is us. Others take what they write, as an update does.
	manager string
	force   bool
	// conflicts are the fields that somebody else owns.
	conflicts []domain.FieldError
	// spec is set when more than labels and annotations changed.
	spec bool
}

// owner is who owns a field that is there.
func (d *desired) owner(path string) string {
	if owner, ok := d.owners[path]; ok {
		return owner
	}
	return d.maker
}

// may says whether the writer may change a field, and makes it the owner if so. absent: nobody has set it yet.
func (w *writer) may(path string, absent bool) bool {
	owner := w.d.owner(path)
	if !absent && owner != w.manager && w.manager == "" && !w.force {
		w.conflicts = append(w.conflicts, domain.FieldError{Field: path, Reason: domain.FieldOwned, Manager: owner})
		return false
	}
	w.own(path, w.manager)
	return true
}

func (w *writer) own(path, manager string) {
	switch {
	case manager == w.d.maker:
		delete(w.d.owners, path)
		return
	case w.d.owners == nil:
		w.d.owners = map[string]string{}
	}
	w.d.owners[path] = manager
}

// gone forgets who owned a field.
func (w *writer) gone(path string) { delete(w.d.owners, path) }

// texts edits a map of texts: nil removes a key.
func (w *writer) texts(field string, target *map[string]string, edits map[string]*string, spec bool) {
	for _, k := range slices.Sorted(maps.Keys(edits)) {
		path := names.Element(field, k)
		had, exists := (*target)[k]
		value := edits[k]
		same := value == nil && !exists || value != nil && exists && *value == had
		if same || !w.may(path, !exists) {
			continue
		}
		w.spec = w.spec || spec
		if value == nil {
			delete(*target, k)
			w.gone(path)
			continue
		}
		if *target == nil {
			*target = map[string]string{}
		}
		(*target)[k] = *value
	}
	if len(*target) == 0 {
		*target = nil
	}
}

// set replaces a single value; remove says that it is to be gone.
func set[T any](w *writer, field string, target *T, value T) {
	var none T
	if reflect.DeepEqual(*target, value) || !w.may(field, reflect.DeepEqual(*target, none)) {
		return
	}
	w.spec = true
	*target = value
	if reflect.DeepEqual(value, none) {
		w.gone(field)
	}
}

// elements adds or replaces elements of a list by their names, and removes others.
func elements[T comparable](w *writer, field string, target *[]T, name func(T) string, put []T, remove []string) {
	for _, element := range put {
		path := names.Element(field, name(element))
		at := slices.IndexFunc(*target, func(t T) bool { return name(t) == name(element) })
		switch {
		case at >= 0 && (*target)[at] == element, !w.may(path, at < 0):
			continue
		case at >= 0:
			(*target)[at] = element
		default:
			*target = append(*target, element)
		}
		w.spec = true
	}
	for _, gone := range remove {
		path := names.Element(field, gone)
		at := slices.IndexFunc(*target, func(t T) bool { return name(t) == gone })
		if at < 0 || !w.may(path, false) {
			continue
		}
		*target = slices.Delete(*target, at, at+1)
		w.gone(path)
		w.spec = true
	}
	if len(*target) == 0 {
		*target = nil
	}
}

func diskName(d domain.Disk) string { return d.Name }

func networkName(n domain.Network) string { return n.Name }

// verdict is what a cluster would say to the write: who else owns what it changes, and what contradicts what it leaves.
func (w *writer) verdict() error {
	if len(w.conflicts) > 0 {
		first := w.conflicts[0]
		return &domain.Error{
			Code:   domain.CodeFieldConflict,
			Params: domain.Params{domain.ParamField: first.Field, domain.ParamManager: first.Manager},
			Fields: w.conflicts,
		}
	}
	if d := w.d; d.instanceType != nil && (d.cpu != domain.CPU{} || d.memory != 0) {
		return domain.Invalid(domain.FieldError{Field: "instanceType", Reason: domain.FieldContradicts, Detail: "with CPU or memory that others own"})
	}
	return nil
}
