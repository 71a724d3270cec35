package kubectl

import (
	"bufio"
	"strings"
	"testing"
)

// TestWatch: kubectl get -w tells a VM's life from its creation to its end, line by line.
func TestWatch(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	s.run(t, "create", "-f", s.vm(t, "first", "128Mi"))
	s.run(t, "wait", "--for=condition=Ready", "vm/first", "--timeout=1m")
	command := s.command(t, "get", "vm", "-w", "--output-watch-events")
	var complaint strings.Builder
	command.Stderr = &complaint
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	var seen []string
	// until reads on to a line. One that does not come ends with kubectl, when that has used up the patience with it.
	until := func(want string) {
		t.Helper()
		for lines.Scan() {
			line := cells(lines.Text())[0]
			seen = append(seen, line)
			if line == want {
				return
			}
		}
		t.Fatalf("kubectl get -w has ended before %q: %v\n%s\n%s", want, lines.Err(), strings.Join(seen, "\n"), complaint.String())
	}

	// It watches from its list on, so that all comes that happens once the list is shown.
	until("EVENT NAME AGE STATUS READY")
	until("ADDED first AGE Running True")
	s.prints(t, made+"serverside-applied\n", "apply", "--server-side", "-f", s.vm(t, "web", "128Mi"))
	until("ADDED web AGE")
	until("MODIFIED web AGE Running True")
	s.prints(t, made+"patched\n", "patch", "vm", "web", "--type=merge", "-p", `{"spec":{"runStrategy":"Halted"}}`)
	until("MODIFIED web AGE Stopped False")
	s.prints(t, "virtualmachine.kubevirt.io \"web\" deleted from default namespace\n", "delete", "vm", "web")
	until("DELETED web AGE Stopped False")

	s.EndWatches()
	if lines.Scan() {
		t.Errorf("after the end: %q", lines.Text())
	}
	if err := command.Wait(); err != nil {
		t.Errorf("kubectl get -w: %v\n%s", err, complaint.String())
	}
}
