//go:build race

package kubevirt

// chaosRounds is how many rounds TestChaos has; the race detector makes each some five times as long, and a busy machine
// longer still.
const chaosRounds = 15
