// Package capability says what a KubeVirt of some version can do.
//
// [FeatureGates] tells which feature gates are in effect for a version and the lists of its configuration. No status of
// KubeVirt's does: each component works it out for itself, by a rule that has changed from minor to minor. The table
// behind it, gates.csv, has a row for each gate and each minor from 1.0 to 1.9, with the place in KubeVirt's source that
// says so; [Gates] hands it out.
package capability
