package differential_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
)

// group is calls that are sent in one situation.
type group struct {
	name      string
	situation situation
	// setup is sent to both sides before all else.
	setup []call
	calls []call
}

// groups are all cases.
func groups() []group {
	var all []group
	for _, s := range situations {
		calls := powerCalls
		if s.fleeting {
			calls = stillCalls
		}
		all = append(all, group{name: strings.ToLower(or(s.strategy, "none")) + "-" + s.name, situation: s, calls: calls})
	}
	for _, more := range [][]group{writeGroups, listGroups, otherGroups} {
		all = append(all, more...)
	}
	return all
}

// TestDifferences sends every case to both.
func TestDifferences(t *testing.T) {
	p := newPair(t)
	t.Run("all", func(t *testing.T) {
		for _, g := range groups() {
			t.Run(g.name, func(t *testing.T) {
				t.Parallel()
				p.run(t, g)
			})
		}
	})
	p.record.finish(t)
}

// run sends calls to VMs of a situation: to the same one until something is accepted.
func (p *pair) run(t *testing.T, g group) {
	t.Helper()
	home := p.newNamespace(t, "d-"+g.name)
	for _, c := range g.setup {
		home.must(t, c)
	}
	var at *place
	for n, c := range g.calls {
		if at == nil {
			at = p.reach(t, g.situation, home.namespace, n)
		}
		if !p.send(t, at, g.name, c) {
			at = nil
		}
	}
}

// send sends one call to both sides and compares the answers. It says whether the VM is as it was: then a difference may
// be one of time, since a controller's last word can lag behind, and both are asked again for a while.
func (p *pair) send(t *testing.T, at *place, name string, c call) (same bool) {
	t.Helper()
	const asks, pause = 30, 100 * time.Millisecond
	ticker := time.NewTicker(pause)
	defer ticker.Stop()
	for n := range asks {
		var answers []answer
		same = true
		for _, s := range p.sides() {
			got := at.ask(t, s, c)
			answers = append(answers, got)
			same = same && !changes(c, got)
		}
		if n == 0 && !same || n == asks-1 || p.record.agree(name, c, answers[0], answers[1]) {
			p.record.check(t, name, c, answers[0], answers[1])
			break
		}
		<-ticker.C
	}
	return same
}

// ask sends a call to one side.
func (p *place) ask(t *testing.T, s side, c call) answer {
	t.Helper()
	now, err := p.state(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	c = p.listPlaces(t, s, c)
	got, err := s.do(t.Context(), c, p.places(now))
	if err != nil {
		t.Fatalf("%s %s: %v", c.method, c.path, err)
	}
	return got
}

// changes says whether a call that was answered so may have changed anything.
func changes(c call, got answer) bool {
	return c.method != http.MethodGet && got.code < http.StatusMultipleChoices &&
		!strings.Contains(c.body, `"All"`) && !strings.Contains(c.path, "dryRun=All")
}

// listPlaces fills in what a list of instance types said last: {listrv}, its revision, and {continue}, a token.
func (p *place) listPlaces(t *testing.T, s side, c call) call {
	t.Helper()
	if !strings.Contains(c.path, "{listrv}") && !strings.Contains(c.path, "{continue}") {
		return c
	}
	got, err := s.do(t.Context(), get("{TYPES}/virtualmachineinstancetypes?limit=2"), p.places(state{}))
	var list struct {
		Metadata struct{ ResourceVersion, Continue string }
	}
	if err != nil || json.Unmarshal(got.body, &list) != nil {
		t.Fatalf("%s: list: %d %s %v", s.name, got.code, got.body, err)
	}
	c.path = strings.NewReplacer("{listrv}", list.Metadata.ResourceVersion, "{continue}", list.Metadata.Continue).Replace(c.path)
	return c
}
