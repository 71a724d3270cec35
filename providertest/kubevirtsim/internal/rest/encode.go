package rest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

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
		var err error
		if buffer, err = c.appendItem(buffer[:0], o); err != nil {
			return err
		}
		if _, err := w.Write(buffer); err != nil {
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

// appendItem appends an object of a list or an event, in the version and form that was asked for.
func (c *call) appendItem(to []byte, o *store.Object) ([]byte, error) {
	begin := len(to)
	to = o.Append(to)
	if c.gv.Version != c.res.Stored {
		if c.into == nil {
			c.from, c.into = c.res.beginning(c.res.Stored), c.res.beginning(c.gv.Version)
		}
		if !bytes.HasPrefix(to[begin:], c.from) {
			return nil, fmt.Errorf("%s does not begin with its version", o.Key)
		}
		to = slices.Replace(to, begin, begin+len(c.from), c.into...)
	}
	if c.as == "" {
		return to, nil
	}
	converted, err := c.convert(to[begin:])
	return append(to[:begin], converted...), err
}

// appendFrame appends one frame of a watch.
func appendFrame(to []byte, kind string, object func([]byte) ([]byte, error)) ([]byte, error) {
	to = append(to, `{"type":"`...)
	to = append(to, kind...)
	to = append(to, `","object":`...)
	to, err := object(to)
	return append(to, "}\n"...), err
}
