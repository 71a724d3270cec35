package rest

import (
	"bytes"
	"encoding/json"
)

// convert makes the form that was asked for of an object's JSON.
func (c *call) convert(body []byte) ([]byte, error) {
	switch c.as {
	case "PartialObjectMetadata", "PartialObjectMetadataList":
		return c.partial(body)
	case "Table":
		return c.tableOf(body)
	}
	return body, nil
}

// partial keeps the metadata alone.
func (c *call) partial(body []byte) ([]byte, error) {
	var object struct {
		APIVersion string          `json:"apiVersion"`
		Kind       string          `json:"kind"`
		Metadata   json.RawMessage `json:"metadata"`
	}
	if err := json.Unmarshal(body, &object); err != nil {
		return nil, err
	}
	object.APIVersion, object.Kind = "meta.k8s.io/"+c.of, "PartialObjectMetadata"
	return json.Marshal(object)
}

// writeWholeList is for the formats that need all of it at once.
func (c *call) writeWholeList(p page, apiVersion, kind string) error {
	var body bytes.Buffer
	if err := c.encodeList(&body, p, apiVersion, kind); err != nil {
		return err
	}
	c.setWarnings()
	c.write(c.w, 200, bytes.TrimSpace(body.Bytes()))
	return nil
}
