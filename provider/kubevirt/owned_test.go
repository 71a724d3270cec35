package kubevirt

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/util/json"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/jsontree"
)

func object(t *testing.T, text string) map[string]any {
	t.Helper()
	var o map[string]any
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		t.Fatal(err)
	}
	return o
}

func TestOwnedBy(t *testing.T) {
	live := object(t, `{
		"metadata": {
			"name": "web", "labels": {"ours": "1", "theirs": "2"},
			"managedFields": [
				{"manager": "us", "operation": "Apply", "fieldsV1": {
					"f:metadata": {"f:labels": {"f:ours": {}}},
					"f:spec": {"f:template": {"f:spec": {
						"f:volumes": {}, "f:newField": {".": {}, "f:a": {}},
						"f:list": {"k:{\"name\":\"x\",\"port\":1}": {"f:v": {}}, "k:{\"name\":\"gone\"}": {}},
						"f:set": {"v:\"b\"": {}},
						"f:gone": {}}}}}},
				{"manager": "us", "operation": "Update", "fieldsV1": {"f:spec": {"f:other": {}}}},
				{"manager": "us", "operation": "Apply", "subresource": "status", "fieldsV1": {"f:status": {}}},
				{"manager": "them", "operation": "Apply", "fieldsV1": {"f:metadata": {"f:labels": {"f:theirs": {}}}}}]},
		"spec": {"other": 1, "template": {"spec": {
			"volumes": [{"name": "root"}, {"name": "hot"}], "newField": {"a": 9007199254740993, "b": 2},
			"list": [{"name": "x", "port": 1, "v": 1, "w": 2}, {"name": "x", "port": 2, "v": 3}],
			"set": ["a", "b"]}}},
		"status": {"x": 1}}`)
	want := object(t, `{
		"metadata": {"labels": {"ours": "1"}},
		"spec": {"template": {"spec": {
			"volumes": [{"name": "root"}, {"name": "hot"}], "newField": {"a": 9007199254740993},
			"list": [{"name": "x", "port": 1, "v": 1}], "set": ["b"]}}}}`)
	if diff := cmp.Diff(want, ownedBy(live, "us")); diff != "" {
		t.Errorf("ownedBy() (-want +got):\n%s", diff)
	}
	if got := ownedBy(live, "nobody"); len(got) != 0 {
		t.Errorf("a stranger owns %v", got)
	}
	jsontree.Make(ownedBy(live, "us"), "metadata", "labels")["ours"] = "changed"
	if got := jsontree.Make(live, "metadata", "labels")["ours"]; got != "1" {
		t.Errorf("the live object was changed: %v", got)
	}
}

func TestMergeLists(t *testing.T) {
	p := &Provider{prefix: domain.DefaultLabelPrefix}
	live := object(t, `{
		"metadata": {"annotations": {"kubevirt-shepherd.io/owned": "{\"disks\":[\"root\",\"data\"],\"networks\":[\"default\"]}"}},
		"spec": {"template": {"spec": {
			"volumes": [{"name": "root", "v": 1}, {"name": "data"}, {"name": "hot"}],
			"networks": [{"name": "default"}],
			"domain": {"devices": {"disks": [{"name": "hot"}, {"name": "root"}, {"name": "data"}]}}}}}}`)
	body := object(t, `{"spec": {"template": {"spec": {
		"volumes": [{"name": "root", "v": 2}, {"name": "new"}],
		"domain": {"devices": {"disks": [{"name": "new"}, {"name": "root"}]}}}}}}`)
	p.mergeLists(body, live)
	want := object(t, `{"spec": {"template": {"spec": {
		"volumes": [{"name": "root", "v": 2}, {"name": "hot"}, {"name": "new"}],
		"networks": [],
		"domain": {"devices": {"disks": [{"name": "hot"}, {"name": "root"}, {"name": "new"}]}}}}}}`)
	if diff := cmp.Diff(want, body); diff != "" {
		t.Errorf("mergeLists() (-want +got):\n%s", diff)
	}
}

func TestRememberedElements(t *testing.T) {
	p := &Provider{prefix: domain.DefaultLabelPrefix}
	body := object(t, `{"metadata": {"name": "web"}, "spec": {
		"dataVolumeTemplates": [{"metadata": {"name": "web-data"}}],
		"template": {"spec": {"volumes": [{"name": "root"}, {"name": "data"}], "networks": [{"name": "default"}],
			"domain": {"devices": {"disks": [{"name": "root"}], "interfaces": [{"name": "default"}]}}}}}}`)
	p.rememberElements(body)
	want := elements{Disks: []string{"root", "data"}, Networks: []string{"default"}, Templates: []string{"web-data"}}
	if diff := cmp.Diff(want, p.elementsOf(body)); diff != "" {
		t.Errorf("of a whole body (-want +got):\n%s", diff)
	}
	p.rememberChange(body, domain.VMChange{
		RemoveDisks: []string{"root"}, RemoveNetworks: []string{"default"},
		SetDisks: []domain.Disk{{Name: "data", Kind: domain.DiskImage}, {Name: "more", Kind: domain.DiskBlank}},
	})
	want = elements{Disks: []string{"data", "more"}, Networks: []string{}, Templates: []string{"web-data", "web-more"}}
	if diff := cmp.Diff(want.Disks, p.elementsOf(body).Disks); diff != "" {
		t.Errorf("disks after a change (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want.Templates, p.elementsOf(body).Templates); diff != "" {
		t.Errorf("templates after a change (-want +got):\n%s", diff)
	}
	jsontree.Make(metadata(body), "annotations")["kubevirt-shepherd.io/owned"] = "not JSON"
	if diff := cmp.Diff(elements{}, p.elementsOf(body)); diff != "" {
		t.Errorf("a damaged annotation owns nothing (-want +got):\n%s", diff)
	}
}

func TestOnlyKubeVirtsOwnFieldsAreTaken(t *testing.T) {
	conflict := func(fields ...domain.FieldError) error {
		return &domain.Error{Code: domain.CodeFieldConflict, Fields: fields}
	}
	const volumes, disks = "spec.template.spec.volumes", "spec.template.spec.domain.devices.disks"
	for _, c := range []struct {
		why  string
		err  error
		want bool
	}{
		{"hotplug by virt-api", conflict(domain.FieldError{Field: volumes, Manager: "virt-api"}, domain.FieldError{Field: disks, Manager: "virt-api"}), true},
		{"hotplug by virt-controller", conflict(domain.FieldError{Field: disks, Manager: "virt-controller"}), true},
		{"the power switch", conflict(domain.FieldError{Field: "spec.runStrategy", Manager: "virt-api"}), true},
		{"somebody else's", conflict(domain.FieldError{Field: volumes, Manager: "kubectl"}), false},
		{"one of two is somebody else's", conflict(domain.FieldError{Field: volumes, Manager: "virt-api"}, domain.FieldError{Field: disks, Manager: "kubectl"}), false},
		{"another field of virt-controller", conflict(domain.FieldError{Field: "spec.template.spec.domain.memory.guest", Manager: "virt-controller"}), false},
		{"a path that only begins alike", conflict(domain.FieldError{Field: volumes + "Policy", Manager: "virt-api"}), false},
		{"no fields, no judgement", conflict(), false},
		{"another error", domain.E(domain.CodeRevisionConflict, nil, nil), false},
		{"none", nil, false},
	} {
		if got := takeFromKubeVirt(c.err); got != c.want {
			t.Errorf("%s: %t", c.why, got)
		}
	}
}
