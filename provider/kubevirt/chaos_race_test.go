//go:build race

package kubevirt

// chaosRounds is how many rounds TestChaos has; the race detector makes each some five times as long.
const chaosRounds = 40
