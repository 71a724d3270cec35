package rest

import (
	"encoding/json"
	"net/http"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/duration"
)

// Column is one of a table's, besides Name and Age.
type Column struct {
	metav1.TableColumnDefinition
	// Value is the cell of an object; nil for none.
	Value func(*unstructured.Unstructured) any
}

// emptyTable is the form in which kubectl asks for objects. Its columns are Name, the resource's own, and Age where no own
// one is called so (apiextensions-apiserver v0.34 registry/customresource/tableconvertor) and the resource is not built in.
func (c *call) emptyTable(r *Resource) *metav1.Table {
	t := &metav1.Table{TypeMeta: metav1.TypeMeta{Kind: "Table", APIVersion: "meta.k8s.io/" + c.of}, Rows: []metav1.TableRow{}}
	t.ColumnDefinitions = append(t.ColumnDefinitions, metav1.TableColumnDefinition{
		Name: "Name", Type: "string", Format: "name", Description: metav1.ObjectMeta{}.SwaggerDoc()["name"],
	})
	for _, column := range r.Columns {
		t.ColumnDefinitions = append(t.ColumnDefinitions, column.TableColumnDefinition)
	}
	if !hasAge(r) {
		t.ColumnDefinitions = append(t.ColumnDefinitions, metav1.TableColumnDefinition{
			Name: "Age", Type: "date", Description: metav1.ObjectMeta{}.SwaggerDoc()["creationTimestamp"],
		})
	}
	return t
}

// hasAge tells whether a resource's own columns are all but the name: those of built-in ones are not added to.
func hasAge(r *Resource) bool {
	if r.BuiltIn && r.Columns != nil {
		return true
	}
	for _, column := range r.Columns {
		if column.Name == "Age" {
			return true
		}
	}
	return false
}

// row shows an object, whose JSON goes along as far as includeObject says: the metadata by default.
func (c *call) row(body []byte) (metav1.TableRow, error) {
	var row metav1.TableRow
	u, err := c.res.parse(body, c.gv.Version)
	if err != nil {
		return row, err
	}
	row.Cells = append(row.Cells, u.GetName())
	for _, column := range c.res.Columns {
		row.Cells = append(row.Cells, column.Value(u))
	}
	if !hasAge(c.res) {
		row.Cells = append(row.Cells, age(u))
	}
	switch metav1.IncludeObjectPolicy(c.r.URL.Query().Get("includeObject")) {
	case metav1.IncludeNone:
	case metav1.IncludeObject:
		row.Object = runtime.RawExtension{Raw: body}
	default:
		if row.Object.Raw, err = c.partial(body); err != nil {
			return row, err
		}
	}
	return row, nil
}

func age(u *unstructured.Unstructured) string {
	created := u.GetCreationTimestamp()
	if created.IsZero() {
		return "<unknown>"
	}
	return duration.HumanDuration(time.Since(created.Time))
}

// tableOf is a table of one object, as in the frames of a watch.
func (c *call) tableOf(body []byte) ([]byte, error) {
	row, err := c.row(body)
	if err != nil {
		return nil, err
	}
	t := c.emptyTable(c.res)
	if c.headed { // the frames of a watch tell the columns once
		t.ColumnDefinitions = nil
	}
	c.headed = c.watching
	t.Rows = append(t.Rows, row)
	var object struct {
		Metadata struct {
			ResourceVersion string `json:"resourceVersion"`
		} `json:"metadata"`
	}
	if json.Unmarshal(body, &object) == nil {
		t.ResourceVersion = object.Metadata.ResourceVersion
	}
	return json.Marshal(t)
}

func (c *call) writeTable(p page) error {
	t := c.emptyTable(c.res)
	t.ListMeta = p.metadata
	for _, o := range p.items {
		body, err := c.res.inVersion(o.JSON(), c.gv.Version)
		if err != nil {
			return err
		}
		row, err := c.row(body)
		if err != nil {
			return err
		}
		t.Rows = append(t.Rows, row)
	}
	body, err := json.Marshal(t)
	if err != nil {
		return err
	}
	c.setWarnings()
	c.write(c.w, http.StatusOK, body)
	return nil
}
