// Package providertest is the contract of package provider as a suite that any provider can be held against: KubeVirt's,
// the one in memory, and yours.
//
//	func TestConformance(t *testing.T) {
//		providertest.Run(t, providertest.Harness{
//			Clusters: []string{"east-1"},
//			New: func(tb testing.TB) providertest.Backend {
//				return providertest.Backend{Provider: mine.New("east-1")}
//			},
//			Missing: map[providertest.Need]string{
//				providertest.NeedMigration: "our machines do not move",
//			},
//		})
//	}
//
// # Checks
//
// Each check holds one contract, is a subtest named by the contract's id (POW-03), and fails with the contract's sentence.
// It begins with a provider of its own out of [Harness.New] and a namespace of its own. Checks look at codes, states and
// objects, never at the text of an error.
//
// # Needs
//
// A check says what it needs: a capability of the provider, such as [NeedMigration], or a hand on what is behind the
// provider, such as [Backend.FailNext]. What a provider lacks is declared in [Harness.Missing] with its reason. A missing
// capability is not passed over: its verbs must answer CAPABILITY_UNSUPPORTED and change nothing. A missing hand is a
// subtest that is skipped with the reason; where only a part of a check needs it, the rest is run. At its end the suite
// prints how each contract fared, parts that were left out included, and leaves the same as conformance.txt in the test's
// artifact directory (go test -artifacts).
//
// # Time
//
// A provider that lives by package time alone, without sockets, is run with [Harness.Virtual]: each check has its own
// bubble of testing/synctest, where an hour passes at once, and where a goroutine that is left behind fails the check.
package providertest
