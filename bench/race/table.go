package main

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

// print prints the table: the figures, and how they compare.
func (r *results) print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\nVMs\tcontender\tsync\tsync CPU\tbytes/VM\tpeak MiB\tevent CPU\tat once\tevent allocs\trelist CPU\trelist calls\tget\tshared\t")
	for _, m := range r.Measured {
		f := m.Median
		fmt.Fprintf(w, "%d\t%s\t%.2f s\t%.2f s\t%.0f\t%.0f\t", m.VMs, m.What, syncWall(f), syncCPU(f), retained(f)/float64(m.VMs), peakRSS(f)/(1<<20))
		if f.EventCPU > 0 {
			fmt.Fprintf(w, "%v\t%v\t%.1f\t%.2f s\t%d\t", f.EventCPU.Round(100*time.Nanosecond), f.BurstCPU.Round(100*time.Nanosecond), f.EventAllocs, relistCPU(f), f.RelistCallbacks)
		} else {
			fmt.Fprint(w, "\t\t\t\t\t")
		}
		if f.Get > 0 {
			fmt.Fprintf(w, "%.0f ns\t%.0f ns", f.Get, f.GetShared)
		}
		fmt.Fprintln(w, "\t")
	}
	fmt.Fprintln(w)
	for _, goal := range r.goals() {
		if goal.got != nil {
			fmt.Fprintf(w, "%s\t%.3f\tgoal\t%.3f\t%s\t\n", goal.what, *goal.got, goal.most, goal.verdict())
		}
	}
	return w.Flush()
}

// goal is a figure and what it is to be at most.
type goal struct {
	what string
	got  *float64
	most float64
}

func (g goal) verdict() string {
	if *g.got <= g.most {
		return "met"
	}
	return "missed"
}

func (r *results) goals() []goal {
	return []goal{
		{"sync_cpu_ratio", r.SyncCPURatio, 1.0 / 6},
		{"sync_wall_ratio", r.SyncWallRatio, 1.0 / 5},
		{"retained_bytes_per_vm", r.RetainedPerVM, 1536},
		{"retained_ratio", r.RetainedRatio, 1.0 / 12},
		{"peak_rss_ratio", r.PeakRSSRatio, 1.0 / 6},
		{"event_cpu_ratio", r.EventCPURatio, 1.0 / 10},
		{"relist_cpu_ratio", r.RelistCPURatio, 1.0 / 6},
		{"relist_callbacks", r.RelistCallbacks, 0},
		{"per_vm_cost_100k_vs_10k", r.Cost100k, 1.3},
		{"per_vm_cost_1m_vs_10k", r.Cost1m, 1.3},
		{"million_rss_mib", r.MillionRSS, 2048},
		{"million_sync_cpu_s", r.MillionCPU, 90},
		{"cached_get_ns", r.CachedGet, 1000},
	}
}
