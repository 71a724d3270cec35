package main

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
)

func TestTour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		if err := choose(t.Context(), &out, "", "default"); err != nil {
			t.Fatal(err)
		}
		const want = `create   default/quickstart
observe  STOPPED
start    RUNNING
pause    PAUSED
unpause  RUNNING
stop     STOPPED
pause    VM_NOT_RUNNING
list     quickstart STOPPED
delete   gone
`
		if diff := cmp.Diff(want, out.String()); diff != "" {
			t.Errorf("output (-want +got):\n%s", diff)
		}
	})
}

func TestKubeconfigThatIsNotThere(t *testing.T) {
	var out strings.Builder
	if err := choose(t.Context(), &out, t.TempDir()+"/none", "default"); err == nil {
		t.Error("no error")
	}
	if out.Len() > 0 {
		t.Errorf("printed %q", out.String())
	}
}
