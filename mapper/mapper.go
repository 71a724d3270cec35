package mapper

import "github.com/kv-shepherd/shepherd-go/domain"

// ErrIncompatibleSchema is the code of every error that a Map method returns: an object lacks what it must have.
// Compare with errors.Is; the *[domain.Error] behind it names the fields.
var ErrIncompatibleSchema error = domain.CodeIncompatibleSchema

// Options configures a Mapper. The zero value is ready to use.
type Options struct {
	// Cluster is the name that mapped values carry.
	Cluster string
	// LabelPrefix is the prefix of the identity labels. Empty means [domain.DefaultLabelPrefix].
	LabelPrefix string
	// RecordAnnotations are the keys of annotations that a record keeps, besides those under LabelPrefix, which it keeps
	// always. Nil keeps no others.
	RecordAnnotations []string
}

// Mapper maps the objects of one cluster. It holds no state and may be used concurrently.
type Mapper struct {
	cluster  string
	prefix   string
	identity identityKeys

	annotationPrefix  string
	recordAnnotations map[string]bool
}

// New returns a Mapper.
func New(opts Options) *Mapper {
	m := &Mapper{
		cluster:  opts.Cluster,
		prefix:   opts.LabelPrefix,
		identity: newIdentityKeys(opts.LabelPrefix),

		annotationPrefix:  domain.LabelKey(opts.LabelPrefix, ""),
		recordAnnotations: make(map[string]bool, len(opts.RecordAnnotations)),
	}
	for _, key := range opts.RecordAnnotations {
		m.recordAnnotations[key] = true
	}
	return m
}

// incompatible makes the error of an object that lacks fields it must have.
func (m *Mapper) incompatible(namespace, name string, missing ...string) *domain.Error {
	ref := domain.Ref{Cluster: m.cluster, Namespace: text(namespace), Name: text(name)}
	e := domain.E(domain.CodeIncompatibleSchema, ref.Params(), nil).With(domain.ParamField, missing[0])
	for _, field := range missing {
		e.Fields = append(e.Fields, domain.FieldError{Field: field, Reason: domain.FieldRequired})
	}
	return e
}

// identified checks that an object has a name and a namespace.
func (m *Mapper) identified(namespace, name string) *domain.Error {
	switch {
	case name == "" && namespace == "":
		return m.incompatible(namespace, name, "metadata.name", "metadata.namespace")
	case name == "":
		return m.incompatible(namespace, name, "metadata.name")
	case namespace == "":
		return m.incompatible(namespace, name, "metadata.namespace")
	}
	return nil
}
