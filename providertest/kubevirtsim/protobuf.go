package kubevirtsim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim/internal/rest"
)

// Kubernetes' own types are sent as protobuf by client-go and by kubectl, which take JSON back all the same. Custom
// resources never are.

// protobufType is the content type, and protobufMagic what such a body begins with.
const (
	protobufType  = "application/vnd.kubernetes.protobuf"
	protobufMagic = "k8s\x00"
)

// message is a type that reads itself from protobuf.
type message interface{ Unmarshal(body []byte) error }

// messageOf is an empty object of a kind; nil for a kind that is not served.
func messageOf(kind string) message {
	switch kind {
	case "Namespace":
		return &corev1.Namespace{}
	case "Node":
		return &corev1.Node{}
	case "SelfSubjectAccessReview":
		return &authorizationv1.SelfSubjectAccessReview{}
	case "DeleteOptions":
		return &metav1.DeleteOptions{}
	default:
		return nil
	}
}

// maxProtobuf is how large such a body may be.
const maxProtobuf = 3 << 20

// fromProtobuf makes JSON of a request's body that is protobuf.
func fromProtobuf(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.Header.Get("Content-Type"), protobufType) {
			next.ServeHTTP(w, r)
			return
		}
		body, err := io.ReadAll(io.LimitReader(r.Body, maxProtobuf))
		if err == nil {
			body, err = translated(body)
		}
		if err != nil {
			rest.WriteError(w, r, apierrors.NewBadRequest(err.Error()))
			return
		}
		r = r.Clone(r.Context())
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		r.Header.Set("Content-Type", typeJSON)
		r.Header.Set("Content-Length", strconv.Itoa(len(body)))
		next.ServeHTTP(w, r)
	})
}

// translated is a body as JSON. None at all is none.
func translated(body []byte) ([]byte, error) {
	if len(body) == 0 {
		return nil, nil
	}
	inner, ok := bytes.CutPrefix(body, []byte(protobufMagic))
	if !ok {
		return nil, fmt.Errorf("provided data does not appear to be a protobuf message, expected prefix %v", []byte(protobufMagic))
	}
	envelope := runtime.Unknown{}
	if err := envelope.Unmarshal(inner); err != nil {
		return nil, err
	}
	object := messageOf(envelope.Kind)
	if object == nil {
		return nil, fmt.Errorf("no kind %q is registered for version %q", envelope.Kind, envelope.APIVersion)
	}
	if err := object.Unmarshal(envelope.Raw); err != nil {
		return nil, err
	}
	encoded, err := json.Marshal(object)
	if err != nil {
		return nil, err
	}
	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal(encoded, &fields); err != nil {
		return nil, err
	}
	for key, value := range map[string]string{"apiVersion": envelope.APIVersion, "kind": envelope.Kind} {
		if fields[key], err = json.Marshal(value); err != nil {
			return nil, err
		}
	}
	return json.Marshal(fields)
}
