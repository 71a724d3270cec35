package rest

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured/unstructuredscheme"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	serializer "k8s.io/apimachinery/pkg/runtime/serializer/json"
	utiljson "k8s.io/apimachinery/pkg/util/json"
)

// readBody reads the request up to its greatest size.
func (c *call) readBody() ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(c.r.Body, c.options.MaxBody+1))
	if err != nil {
		return nil, err
	}
	if int64(len(body)) > c.options.MaxBody {
		return nil, apierrors.NewRequestEntityTooLargeError(fmt.Sprintf("limit is %d", c.options.MaxBody))
	}
	return body, nil
}

// fieldValidation is what happens to unknown fields; empty is a warning.
func fieldValidation(directive string) string {
	if directive == "" {
		return metav1.FieldValidationWarn
	}
	return directive
}

// decodeObject reads an object of the request's kind: unknown fields are dropped, and are a warning or an error as the
// options say (schemaCoercingDecoder, apiextensions-apiserver v0.34 apiserver/customresource_handler.go).
func (c *call) decodeObject(body []byte, directive string) (*unstructured.Unstructured, error) {
	yaml, err := isYAML(c.r)
	if err != nil {
		return nil, err
	}
	u, kind, strict, err := c.res.decodeBody(body, yaml, c.gv.Version)
	if err == nil && len(strict) > 0 {
		switch fieldValidation(directive) {
		case metav1.FieldValidationStrict:
			err = runtime.NewStrictDecodingError(strict)
		case metav1.FieldValidationWarn:
			for _, w := range strict {
				c.warn(w.Error())
			}
		}
	}
	if err != nil {
		return nil, undecodable(err, kind, c.res.Kind, body)
	}
	if got := u.GroupVersionKind().GroupVersion(); got != c.gv {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("the API version in the data (%s) does not match the expected API version (%s)", got, c.gv))
	}
	return u, nil
}

// decodeBody reads an object. strict are the faults that only a strict reader minds.
func (r *Resource) decodeBody(body []byte, yaml bool, version string) (u *unstructured.Unstructured, kind schema.GroupVersionKind, strict []error, err error) {
	reader := serializer.NewSerializerWithOptions(serializer.DefaultMetaFactory, unstructuredscheme.NewUnstructuredCreator(),
		unstructuredscheme.NewUnstructuredObjectTyper(), serializer.SerializerOptions{Yaml: yaml, Strict: true})
	u = &unstructured.Unstructured{}
	u.SetGroupVersionKind(r.gvk(version))
	expected := r.gvk(version)
	_, actual, err := reader.Decode(body, &expected, u)
	if actual != nil {
		kind = *actual
	}
	if err != nil {
		faults, ok := runtime.AsStrictDecodingError(err)
		if !ok {
			return nil, kind, nil, err
		}
		strict = faults.Errors()
	}
	for _, path := range r.Schema.prune(u.Object) {
		strict = append(strict, fmt.Errorf("unknown field %q", path))
	}
	return u, kind, strict, normalizeMetadata(u)
}

// normalizeMetadata makes metadata what metav1.ObjectMeta can hold.
func normalizeMetadata(u *unstructured.Unstructured) error {
	metadata, ok := u.Object["metadata"]
	if !ok {
		return nil
	}
	encoded, err := json.Marshal(metadata)
	if err != nil {
		return err
	}
	var typed metav1.ObjectMeta
	if err := utiljson.Unmarshal(encoded, &typed); err != nil {
		return err
	}
	normal, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&typed)
	if err != nil {
		return err
	}
	if typed.CreationTimestamp.IsZero() {
		delete(normal, "creationTimestamp")
	}
	if typed.ManagedFields != nil && len(typed.ManagedFields) == 0 {
		normal["managedFields"] = []any{} // an empty list resets the owners, while none leaves them
	}
	u.Object["metadata"] = normal
	return nil
}

// undecodable is the refusal of a body (transformDecodeError, apiserver v0.34 endpoints/handlers/rest.go).
func undecodable(err error, got schema.GroupVersionKind, kind string, body []byte) error {
	if got.Kind != "" {
		return apierrors.NewBadRequest(fmt.Sprintf("%s in version %q cannot be handled as a %s: %v", got.Kind, got.Version, kind, err))
	}
	return apierrors.NewBadRequest(fmt.Sprintf("the object provided is unrecognized (must be of type %s): %v (%s)", kind, err, summary(body)))
}

func summary(body []byte) string {
	const enough = 30
	text := func(b []byte) string { return hex.EncodeToString(b) }
	if len(body) > 0 && body[0] == '{' {
		text = func(b []byte) string { return string(b) }
	}
	switch {
	case len(body) == 0:
		return "<empty>"
	case len(body) > enough:
		return text(body[:enough]) + " ..."
	}
	return text(body)
}
