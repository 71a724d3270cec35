package rest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"sigs.k8s.io/yaml"
)

// WriteError answers with the Status of an error, as the server's own answers: an apierrors.StatusError is written as
// it is, any other error as a 500 without a reason.
func WriteError(w http.ResponseWriter, r *http.Request, err error) {
	f, _ := negotiate(r, convertible)
	writeStatus(w, f, statusOf(err))
}

// WriteObject answers with anything that marshals to JSON.
func WriteObject(w http.ResponseWriter, r *http.Request, code int, object any) error {
	f, _ := negotiate(r, convertible)
	body, err := json.Marshal(object)
	if err != nil {
		return err
	}
	f.write(w, code, body)
	return nil
}

func writeStatus(w http.ResponseWriter, f format, status *metav1.Status) {
	if d := status.Details; d != nil && d.RetryAfterSeconds > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(d.RetryAfterSeconds)))
	}
	body, err := json.Marshal(status)
	if err != nil {
		panic(err) // a Status always marshals
	}
	f.write(w, int(status.Code), body)
}

// write writes a whole body of JSON in the format that was asked for.
func (f format) write(w http.ResponseWriter, code int, body []byte) {
	contentType := typeJSON
	switch {
	case f.yaml:
		if converted, err := yaml.JSONToYAML(body); err == nil {
			contentType, body = typeYAML, converted
		}
	case f.pretty:
		var indented bytes.Buffer
		if json.Indent(&indented, body, "", "  ") == nil {
			body = indented.Bytes()
		}
	default:
		body = append(body, '\n')
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Cache-Control", "no-cache, private")
	w.WriteHeader(code)
	_, _ = w.Write(body) // a client that has gone needs no answer
}

// fail answers with an error.
func (c *call) fail(err error) {
	c.setWarnings()
	writeStatus(c.w, c.format, statusOf(err))
}

func (c *call) setWarnings() {
	for _, text := range c.warnings {
		if header, err := utilnet.NewWarningHeader(299, "-", text); err == nil {
			c.w.Header().Add("Warning", header)
		}
	}
}

// answer writes an object's JSON, which is in the version of the request.
func (c *call) answer(code int, body []byte) error {
	body, err := c.convert(body)
	if err != nil {
		return err
	}
	c.setWarnings()
	c.write(c.w, code, body)
	return nil
}

// answerStatus answers with a success, which does not say its code.
func (c *call) answerStatus(status *metav1.Status) error {
	status.TypeMeta = metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}
	body, err := json.Marshal(status)
	if err != nil {
		return err
	}
	c.setWarnings()
	c.write(c.w, http.StatusOK, body)
	return nil
}
