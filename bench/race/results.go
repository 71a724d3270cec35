package main

import (
	"encoding/json"
	"io"
	"os"
	"runtime/debug"
	"slices"
	"time"

	"github.com/kv-shepherd/shepherd-go/bench/internal/measure"
)

// results are what is published. Ratios are this library's figure to that of the best other contender, each the median of
// its runs; what is best may be another contender for each. What was not measured is null.
type results struct {
	SyncCPURatio    *float64 `json:"sync_cpu_ratio"`
	SyncWallRatio   *float64 `json:"sync_wall_ratio"`
	RetainedPerVM   *float64 `json:"retained_bytes_per_vm"`
	RetainedRatio   *float64 `json:"retained_ratio"`
	PeakRSSRatio    *float64 `json:"peak_rss_ratio"`
	EventCPURatio   *float64 `json:"event_cpu_ratio"`
	EventAllocs     *float64 `json:"event_allocs"`
	RelistCPURatio  *float64 `json:"relist_cpu_ratio"`
	RelistCallbacks *float64 `json:"relist_callbacks"`
	// The cost of a VM is the CPU time of its sync, or the heap that it takes: the one that grew more.
	Cost100k   *float64 `json:"per_vm_cost_100k_vs_10k"`
	Cost1m     *float64 `json:"per_vm_cost_1m_vs_10k"`
	MillionRSS *float64 `json:"million_rss_mib"`
	MillionCPU *float64 `json:"million_sync_cpu_s"`
	// A read out of the cache, as the immutable record that the cache has, and as a domain.VM that is the caller's own.
	CachedGet    *float64 `json:"cached_get_ns"`
	CachedGetVM  *float64 `json:"cached_get_vm_ns"`
	AtOnceRatio  *float64 `json:"event_at_once_cpu_ratio"`
	Date         string   `json:"date"`
	MillionDate  string   `json:"million_date,omitempty"`
	MillionLimit string   `json:"million_memory_limit,omitempty"`

	Machine  measure.Machine   `json:"machine"`
	Versions map[string]string `json:"versions"`
	Settings settings          `json:"settings"`
	Measured []measured        `json:"measured"`
}

type settings struct {
	Runs      int  `json:"runs"`
	Events    int  `json:"events"`
	Rate      int  `json:"events_per_second"`
	WatchList bool `json:"server_offers_watch_list"`
	Small     int  `json:"small"`
	Large     int  `json:"large"`
}

// measured are the figures of one contender at one size.
type measured struct {
	Contender string    `json:"contender"`
	What      string    `json:"what"`
	VMs       int       `json:"vms"`
	Median    figures   `json:"median"`
	Runs      []figures `json:"runs"`
}

// finish are the runs of one contender.
type finish struct {
	variant variant
	runs    []figures
}

func newResults(p plan) *results {
	r := &results{
		Date: time.Now().UTC().Format(time.DateOnly), Machine: measure.ThisMachine(), Versions: map[string]string{},
		Settings: settings{p.runs, p.events, p.rate, p.watchList, p.small, p.large},
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		wanted := []string{"k8s.io/client-go", "kubevirt.io/api", "kubevirt.io/client-go", "sigs.k8s.io/controller-runtime"}
		for _, dependency := range info.Deps {
			if slices.Contains(wanted, dependency.Path) {
				r.Versions[dependency.Path] = dependency.Version
			}
		}
	}
	return r
}

func readResults(name string) (*results, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	r := new(results)
	return r, json.Unmarshal(text, r)
}

// add takes the figures of contenders at one size, in place of earlier ones, and works out the rest anew.
func (r *results) add(vms int, found []finish) {
	for _, f := range found {
		r.Measured = slices.DeleteFunc(r.Measured, func(m measured) bool { return m.Contender == f.variant.name && m.VMs == vms })
		r.Measured = append(r.Measured, measured{f.variant.name, f.variant.what, vms, medians(f.runs), f.runs})
	}
	if vms == million {
		r.MillionDate, r.MillionLimit = time.Now().UTC().Format(time.DateOnly), millionLimit
	}
	r.conclude()
}

// keepMillion takes over what an earlier run found with a million VMs.
func (r *results) keepMillion(old *results) {
	for _, m := range old.Measured {
		if m.VMs == million {
			r.Measured = append(r.Measured, m)
			r.MillionDate, r.MillionLimit = old.MillionDate, old.MillionLimit
		}
	}
	r.conclude()
}

// publish writes and prints all.
func (r *results) publish(p plan, out io.Writer) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := write(p.results, append(text, '\n')); err != nil {
		return err
	}
	if err := write(p.drawing, r.draw()); err != nil {
		return err
	}
	return r.print(out)
}
