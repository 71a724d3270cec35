package rest

import (
	"bufio"
	"encoding/json"
	"net/http"

	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim/internal/store"
)

// writeList writes the stored bytes of the items one after the other: a list is never held as a whole.
func (c *call) writeList(p page) error {
	if c.as == "Table" {
		return c.writeTable(p)
	}
	apiVersion, kind := c.res.gv(c.gv.Version).String(), c.res.ListKind
	if c.as != "" {
		apiVersion, kind = "meta.k8s.io/"+c.of, "PartialObjectMetadataList"
	}
	if c.yaml || c.pretty {
		return c.writeWholeList(p, apiVersion, kind)
	}
	c.setWarnings()
	c.w.Header().Set("Content-Type", typeJSON)
	c.w.Header().Set("Cache-Control", "no-cache, private")
	c.w.WriteHeader(http.StatusOK)
	w := bufio.NewWriterSize(c.w, 64<<10)
	defer func() { _ = w.Flush() }() // a client that has gone needs no answer
	return c.encodeList(w, p, apiVersion, kind)
}

// sink is a buffer or a connection.
type sink interface {
	Write([]byte) (int, error)
	WriteString(string) (int, error)
}

// encodeList writes the keys in their order, as the list of a custom resource has them. Errors of w are left to its end.
func (c *call) encodeList(w sink, p page, apiVersion, kind string) error {
	_, _ = w.WriteString(`{"apiVersion":"` + apiVersion + `","items":[`)
	var buffer []byte
	for i, o := range p.items {
		if i > 0 {
			_, _ = w.WriteString(",")
		}
		buffer = o.Append(buffer[:0])
		item, err := c.item(buffer)
		if err != nil {
			item = buffer // in the stored version, rather than not at all
		}
		if _, err := w.Write(item); err != nil {
			return nil // the client has gone
		}
	}
	metadata, err := json.Marshal(p.metadata)
	if err != nil {
		panic(err) // strings and a number always marshal
	}
	_, _ = w.WriteString(`],"kind":"` + kind + `","metadata":` + string(metadata) + "}\n")
	return nil
}

// item is an object of a list or an event, in the version and form that was asked for.
func (c *call) item(stored []byte) ([]byte, error) {
	body, err := c.res.inVersion(stored, c.gv.Version)
	if err != nil {
		return nil, err
	}
	return c.convert(body)
}

// event encodes one frame of a watch.
func (c *call) event(frame []byte, kind string, object []byte) []byte {
	frame = append(frame[:0], `{"type":"`...)
	frame = append(frame, kind...)
	frame = append(frame, `","object":`...)
	frame = append(frame, object...)
	return append(frame, "}\n"...)
}

// eventOf encodes an event of the store.
func (c *call) eventOf(frame []byte, kind store.EventType, o *store.Object) ([]byte, error) {
	object, err := c.item(o.JSON())
	if err != nil {
		return nil, err
	}
	return c.event(frame, string(kind), object), nil
}
