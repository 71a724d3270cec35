// Package measure tells what this process costs: time on the CPUs, memory on the heap and in all.
package measure

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// CPU is the time that all threads of the process were on a CPU, in the kernel too.
func CPU() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// Heap is what is reachable: what is left after two collections, the second of which takes what the first one's
// finalizers and pools gave up.
func Heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc) //nolint:gosec // no heap has 2^63 bytes
}

// Allocations counts those that the process made so far.
func Allocations() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.Mallocs) //nolint:gosec // no process makes 2^63
}

// PeakRSS is the most memory that was resident at once, in bytes; RSS is what is now.
func PeakRSS() (int64, error) { return status("VmHWM") }

// RSS is the memory that is resident, in bytes.
func RSS() (int64, error) { return status("VmRSS") }

// ResetPeakRSS begins the peak anew.
func ResetPeakRSS() error { return os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) }

func status(name string) (int64, error) {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
			kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			return kib << 10, err
		}
	}
	return 0, fmt.Errorf("no %s in /proc/self/status", name)
}

// Idle waits until the process has had nothing to do for a while: what it does after the last of its answers counts as
// its cost too. It returns when it became idle.
func Idle(ctx context.Context) (since time.Time, err error) {
	const (
		window  = 100 * time.Millisecond
		windows = 3
		little  = window / 50
	)
	since, before := time.Now(), CPU()
	for quiet := 0; quiet < windows; {
		select {
		case <-time.After(window):
		case <-ctx.Done():
			return since, context.Cause(ctx)
		}
		now := CPU()
		if quiet++; now-before > little {
			quiet, since = 0, time.Now()
		}
		before = now
	}
	return since, nil
}

// Machine says where figures come from.
type Machine struct {
	CPU    string `json:"cpu"`
	CPUs   int    `json:"cpus"`
	Memory string `json:"memory"`
	Go     string `json:"go"`
	OS     string `json:"os"`
}

// ThisMachine describes it as far as it tells.
func ThisMachine() Machine {
	m := Machine{CPUs: runtime.NumCPU(), Go: runtime.Version(), OS: runtime.GOOS + "/" + runtime.GOARCH}
	m.CPU = field("/proc/cpuinfo", "model name")
	if kib, err := strconv.ParseInt(strings.TrimSuffix(field("/proc/meminfo", "MemTotal"), " kB"), 10, 64); err == nil {
		m.Memory = fmt.Sprintf("%.0f GiB", float64(kib)/(1<<20))
	}
	return m
}

// field is the first value of a name in a file of "name: value" lines.
func field(file, name string) string {
	text, _ := os.ReadFile(file)
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
