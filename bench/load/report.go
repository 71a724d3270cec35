package main

import (
	"bytes"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/kv-shepherd/shepherd-go/bench/internal/measure"
)

// step is one part of the load, and what was seen in it.
type step struct {
	Name string
	Rows []row
}

// row is one figure, and what it is to be.
type row struct{ What, Got, Bound string }

func (s *step) add(what, got string) { s.Rows = append(s.Rows, row{What: what, Got: got}) }

// bounded adds a figure that is to be at most something.
func (s *step) bounded(what string, got, most float64, unit string) {
	verdict := "held"
	if got > most {
		verdict = "**missed**"
	}
	s.Rows = append(s.Rows, row{what, number(got) + unit, fmt.Sprintf("at most %s%s: %s", number(most), unit, verdict)})
}

func number(n float64) string {
	if n == float64(int64(n)) {
		return fmt.Sprintf("%.0f", n)
	}
	return fmt.Sprintf("%.2f", n)
}

// document is the report.
func (p plan) document(seen []step) []byte {
	var b bytes.Buffer
	machine := measure.ThisMachine()
	fmt.Fprintf(&b, "# Load\n\nOne process with one `kubevirt.Fleet` follows %d clusters of %d VMs, each with its instance: %d objects. "+
		"Another process\nstands for all the API servers, over TLS and HTTP/2 on loopback, on the same machine. `make load` writes this file.\n\n", p.Clusters, p.VMs, 2*p.Clusters*p.VMs)
	fmt.Fprintf(&b, "Seen on %s: %s, %d CPUs, %s of memory, %s, %s", time.Now().UTC().Format(time.DateOnly), machine.CPU, machine.CPUs, machine.Memory, machine.Go, machine.OS)
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, d := range info.Deps {
			if d.Path == "k8s.io/client-go" || d.Path == "kubevirt.io/api" {
				fmt.Fprintf(&b, ", %s %s", d.Path, d.Version)
			}
		}
	}
	b.WriteString(".\n")
	for _, s := range seen {
		fmt.Fprintf(&b, "\n## %s\n\n| figure | seen | bound |\n|---|---|---|\n", s.Name)
		for _, row := range s.Rows {
			fmt.Fprintf(&b, "| %s | %s | %s |\n", row.What, row.Got, row.Bound)
		}
	}
	b.WriteString(`
How it is measured. A revision of the stand-in is the moment of its write, so an event's latency is the time from that
write to the callback of a subscription, across both processes. Every object's revision, as the callbacks told it, is
added up and compared with the servers' sum: a lost event would be a difference. CPU time is that of the fleet's process,
kernel and garbage collection included.
`)
	return b.Bytes()
}
