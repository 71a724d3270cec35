package vmsim_test

import (
	"testing"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/vmsim"
)

// TestStopOfGoneInstance: a request to stop an instance that is gone is done with, though there is no instance now that
// would show the difference.
func TestStopOfGoneInstance(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	m := vmsim.New(vmsim.NewConfig(vmsim.Timing{}, 1), now, domain.RunStrategyManual, vmsim.Knobs{})
	m.Advance(now.Add(time.Second))
	m.SetRequests(now.Add(time.Second), []vmsim.Request{{Stop: true}, {}})
	if got := m.Requests(); len(got) != 2 || got[0].Instance != 0 {
		t.Errorf("the queue is told as it was given: %+v", got)
	}
	m.Advance(now.Add(2 * time.Second))
	if i := m.Instance(); i.Phase != vmsim.PhaseRunning {
		t.Errorf("the start behind it is served: the queue is %+v, the instance %+v", m.Requests(), i)
	}
}
