package rest

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLifeOfAnObject(t *testing.T) {
	s := newServer(t, nil)
	made := want(t, s, "POST", vms, vmBody("a", `"uid":"mine"`, `"labels":{"x":"y"}`), 201).vm(t)
	if made.UID == "" || made.UID == "mine" || made.Generation != 1 || made.CreationTimestamp.IsZero() || made.ResourceVersion == "" {
		t.Errorf("created %+v: the server sets uid, generation, time and revision", made.ObjectMeta)
	}
	read := want(t, s, "GET", vms+"/a", "", 200).vm(t)
	if diff := cmp.Diff(made, read); diff != "" {
		t.Errorf("read what was created (-created +read):\n%s", diff)
	}
	body := strings.Replace(vmBody("a", `"resourceVersion":"`+made.ResourceVersion+`"`), "Halted", "Always", 1)
	changed := want(t, s, "PUT", vms+"/a", body, 200).vm(t)
	if changed.Generation != 2 || changed.UID != made.UID || changed.ResourceVersion == made.ResourceVersion {
		t.Errorf("changed: %+v", changed.ObjectMeta)
	}
	if a := do(s, "PUT", vms+"/a", body); a.code != 409 {
		t.Errorf("PUT over an older revision: %d %s", a.code, a.body)
	}
	a := want(t, s, "DELETE", vms+"/a", "", 200).status(t)
	if a.Status != "Success" || a.Details.Kind != "virtualmachines" || a.Details.UID != made.UID {
		t.Errorf("DELETE: %+v", a)
	}
	want(t, s, "GET", vms+"/a", "", 404)
}
