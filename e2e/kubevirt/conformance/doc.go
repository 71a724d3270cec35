// Package conformance holds the KubeVirt provider against package providertest on the shared control plane: the hands
// of the suite, and what the simulation under them cannot give.
//
// The hands act as other clients of the cluster do: as its administrator, past the provider under test. What happens
// to a machine is asked of the simulated nodes by annotations; what happens to a request is done in the provider's
// transport. Faults that the real server can be made to answer are its own answers; the others are written down as it
// was seen to say them.
package conformance
