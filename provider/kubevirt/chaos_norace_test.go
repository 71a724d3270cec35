//go:build !race

package kubevirt

// chaosRounds is how many rounds TestChaos has.
const chaosRounds = 200
