package kubevirtsim

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
	kubevirtv1 "kubevirt.io/api/core/v1"
)

// question is one request to virt-api.
type question struct {
	w               http.ResponseWriter
	r               *http.Request
	namespace, name string
	answered        bool
}

// plain is a refusal that is text and no Status.
type plain struct {
	code int
	text string
}

func (p plain) Error() string { return p.text }

// refuse answers with an error: as text when it is plain, and as a Status with its kind and version otherwise.
func (q *question) refuse(err error) {
	if p, ok := errors.AsType[plain](err); ok {
		q.w.Header().Set("Content-Type", "text/plain; charset=utf-8") // which net/http finds out on a real server
		q.w.WriteHeader(p.code)
		_, _ = q.w.Write([]byte(p.text))
		return
	}
	status, ok := errors.AsType[*apierrors.StatusError](err)
	if !ok {
		status = apierrors.NewInternalError(err)
	}
	answer := status.ErrStatus
	answer.TypeMeta = metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}
	q.answer(int(answer.Code), answer)
}

// answer writes JSON, indented as go-restful does.
func (q *question) answer(code int, body any) {
	q.answered = true
	encoded, err := json.MarshalIndent(body, "", " ")
	if err != nil {
		q.w.WriteHeader(http.StatusInternalServerError)
		return
	}
	q.w.Header().Set("Content-Type", typeJSON)
	q.w.WriteHeader(code)
	_, _ = q.w.Write(encoded) // a client that has gone needs no answer
}

// decode reads the body's first document, JSON or YAML, into a pointer. Fields that are unknown are of no account, and no
// body is as good as an empty one.
func (q *question) decode(into any) error {
	const peek = 1024 // bytes that tell JSON from YAML
	err := yaml.NewYAMLOrJSONDecoder(q.r.Body, peek).Decode(&into)
	if err == nil || errors.Is(err, io.EOF) {
		return nil
	}
	return unreadable(err)
}

func unreadable(err error) error {
	return apierrors.NewBadRequest(fmt.Sprintf("Can not unmarshal Request body to struct, error: %s", err))
}

// The kinds in the details of virt-api's refusals, which are singular where the API server's are plural.
var (
	aMachine   = kubevirtv1.Resource("virtualmachine")
	anInstance = kubevirtv1.Resource("virtualmachineinstance")
)

// machineConflict and instanceConflict refuse what the state of an object forbids.
func machineConflict(name, text string) error {
	return apierrors.NewConflict(aMachine, name, errors.New(text))
}

func instanceConflict(name, text string) error {
	return apierrors.NewConflict(anInstance, name, errors.New(text))
}

// isDryRun reads a list of dry run directives as virt-api does for the verbs that it does not pass on to the API server.
func isDryRun(directives []string) bool {
	return len(directives) > 0 && directives[0] == metav1.DryRunAll
}
