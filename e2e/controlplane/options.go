package controlplane

import "log/slog"

// Options configures a control plane. The zero value is ready to use.
type Options struct {
	// Nodes is the number of simulated nodes. Zero means 2, the least that
	// lets a machine migrate.
	Nodes int
	// Dir is where the directory with the database, keys and logs is made;
	// Stop removes that directory. Empty means the system's temporary directory.
	Dir string
	// LogDir receives one log file per server and survives Stop; it must
	// exist. Empty means a directory that Stop removes with the rest.
	LogDir string
	// Logger receives the progress of the start and what the simulated nodes
	// do. Nil discards it.
	Logger *slog.Logger
	// FeatureGates are KubeVirt's, as in
	// spec.configuration.developerConfiguration.featureGates.
	FeatureGates []string
	// APIServerArgs are further flags of kube-apiserver, such as
	// "--feature-gates=ListFromCacheSnapshot=false".
	APIServerArgs []string
}

func (o Options) withDefaults() Options {
	if o.Nodes == 0 {
		o.Nodes = 2
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}
