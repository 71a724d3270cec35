// Package domain holds the words of the trade, free of Kubernetes: virtual machines and what one can ask of them.
//
// Start at [VM], which is what every read returns, and [VMSpec], which is what a create takes. [VM.Situation] boils a
// VM down to what decides whether a verb is allowed; [Decide] looks a verb up in the lifecycle table, and
// [AvailableActions] does so for all verbs. Every error of this library is an [Error] with a [Code].
//
// # Promises
//
// Values are plain data: exported fields, no methods that block, nothing shared behind the caller's back. Memory and
// disks are counted in bytes, CPU in thousandths of a core, times are UTC. A fact that a back end may not know is a
// [Fact] with three values; it is never guessed. What this version does not know (a new status, run strategy or
// reason) is kept as it came, and the status says UNKNOWN.
package domain
