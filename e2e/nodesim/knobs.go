package nodesim

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// KnobPrefix starts the annotations that steer the simulation. The package
// documentation tells what each does.
const KnobPrefix = "sim.shepherd-go.test/"

// The knobs of a machine, to be set as annotations.
const (
	KnobUnschedulable  = KnobPrefix + "unschedulable"
	KnobImagePull      = KnobPrefix + "image-pull"
	KnobStartDelay     = KnobPrefix + "start-delay"
	KnobStopDelay      = KnobPrefix + "stop-delay"
	KnobCrash          = KnobPrefix + "crash"
	KnobShutdown       = KnobPrefix + "shutdown"
	KnobIOError        = KnobPrefix + "io-error"
	KnobNoAgent        = KnobPrefix + "no-agent"
	KnobNotMigratable  = KnobPrefix + "not-migratable"
	KnobNoAddress      = KnobPrefix + "no-address"
	KnobHoldMigration  = KnobPrefix + "hold-migration"
	KnobMigrationDelay = KnobPrefix + "migration-delay"
	KnobFailMigration  = KnobPrefix + "fail-migration"
	KnobBlockTarget    = KnobPrefix + "block-target"
)

// Knobs of other objects.
const (
	// KnobUnbound is for a PersistentVolumeClaim.
	KnobUnbound = KnobPrefix + "unbound"
	// KnobDown is for a Node.
	KnobDown = KnobPrefix + "down"
)

// What happens without a knob.
const (
	usualStart     = 50 * time.Millisecond
	usualStop      = 150 * time.Millisecond
	usualMigration = 150 * time.Millisecond
)

// knobs are the annotations in force, the first that has a key wins.
type knobs []map[string]string

func knobsOf(objects ...metav1.Object) knobs {
	var all knobs
	for _, object := range objects {
		all = append(all, object.GetAnnotations())
	}
	return all
}

func (k knobs) text(name string) string {
	for _, annotations := range k {
		if value, ok := annotations[name]; ok {
			return value
		}
	}
	return ""
}

func (k knobs) on(name string) bool { return k.text(name) == "true" }

// duration is the knob's value, or the usual one when it is absent or no duration.
func (k knobs) duration(name string, usual time.Duration) time.Duration {
	if value, err := time.ParseDuration(k.text(name)); err == nil && value >= 0 {
		return value
	}
	return usual
}
