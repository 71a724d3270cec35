package main

import (
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
)

// TestStory runs the simulation in virtual time: both accidents are seen, and survived.
func TestStory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		if err := choose(t.Context(), &out, "", true); err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]string{
			"the set of each cluster":     `(?s)east +SYNCED.*`,
			"the place that expired":      `(?s)east +REBUILDING.*east +SYNCED`,
			"the outage":                  `(?s)west +is +LIVE, FRESH.*west +is +RETRYING.*west +is +OPEN Unreachable, STALE.*west +is +LIVE, FRESH`,
			"what happened after it":      `(?s)west +is +LIVE, FRESH.*west +MODIFIED +default/web-`,
			"VMs that run":                `RUNNING`,
			"a stream that never expired": `(?s)north +SYNCED`,
		} {
			if !regexp.MustCompile(want).MatchString(out.String()) {
				t.Errorf("%s is not shown", name)
			}
		}
		for _, calm := range []string{"north +REBUILDING", "north +is +OPEN", "west +REBUILDING", "east +is +OPEN"} {
			if regexp.MustCompile(calm).MatchString(out.String()) {
				t.Errorf("%q: trouble of another cluster", calm)
			}
		}
		if t.Failed() {
			t.Log(out.String())
		}
	})
}

// TestTable draws for people.
func TestTable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		if err := choose(t.Context(), &out, "", false); err != nil {
			t.Fatal(err)
		}
		frames := strings.Split(out.String(), "\x1b[H\x1b[2J")
		if last := frames[len(frames)-1]; !regexp.MustCompile(`(?s)CLUSTER +STATE +CACHE +AGE +VMS +RUNNING\neast +LIVE +FRESH +\d+s +5 `).MatchString(last) {
			t.Errorf("the last table:\n%s", last)
		}
	})
}
