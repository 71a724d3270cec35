package vmsim

import "time"

// Timing says how long things take. A zero field is its default, a negative one no time at all.
type Timing struct {
	// Observe is how long the controller takes to notice a change. Default 10 ms.
	Observe time.Duration
	// Provision is how long the disks of a new VM take. Default none.
	Provision time.Duration
	// Schedule is how long it takes to find a node and start a pod there. Default 50 ms.
	Schedule time.Duration
	// Boot is how long an instance takes from there until it runs. Default 100 ms.
	Boot time.Duration
	// Agent is how long the guest agent takes to connect after that. Default 20 ms.
	Agent time.Duration
	// Shutdown is how long a guest takes that was asked to shut down. Default 100 ms.
	Shutdown time.Duration
	// Grace is after how long a guest that does not shut down is killed, a paused one for example. Default 30 s, as
	// KubeVirt has it.
	Grace time.Duration
	// Migrate is how long a live migration takes, from its request to its end. Default 200 ms.
	Migrate time.Duration
	// ImageRetry is when a second failure to pull an image makes it ImagePullBackOff. Default 10 s.
	ImageRetry time.Duration
}

// Config is what machines have in common. Make it with [NewConfig]; it is read only from then on.
type Config struct {
	timing Timing
	nodes  int
}

// NewConfig makes a Config for a cluster of so many nodes; less than one is three.
func NewConfig(timing Timing, nodes int) *Config {
	for _, d := range []struct {
		field    *time.Duration
		standard time.Duration
	}{
		{&timing.Observe, 10 * time.Millisecond},
		{&timing.Provision, 0},
		{&timing.Schedule, 50 * time.Millisecond},
		{&timing.Boot, 100 * time.Millisecond},
		{&timing.Agent, 20 * time.Millisecond},
		{&timing.Shutdown, 100 * time.Millisecond},
		{&timing.Grace, 30 * time.Second},
		{&timing.Migrate, 200 * time.Millisecond},
		{&timing.ImageRetry, 10 * time.Second},
	} {
		switch {
		case *d.field == 0:
			*d.field = d.standard
		case *d.field < 0:
			*d.field = 0
		}
	}
	if nodes < 1 {
		nodes = 3
	}
	return &Config{timing: timing, nodes: nodes}
}

// Start failures are paced as KubeVirt does it: 10 s, 40 s, 90 s and so on up to 5 minutes. KubeVirt adds up to half of
// it at random, which the machine leaves out so that it can be predicted.
const (
	firstBackoff = 10 * time.Second
	maxBackoff   = 300 * time.Second
)

func startBackoff(failures int64) time.Duration {
	const enough = 6 // 360 s, beyond the cap
	n := time.Duration(min(failures, enough))
	return min(firstBackoff*n*n, maxBackoff)
}
