// Package watcher keeps the objects of one resource of one cluster in memory, and knows how far what it holds can be
// trusted. It lists, watches, notices when it lost its place, lists anew, and tells a [Sink] what changed; [Cache] is
// the sink that most want.
//
//	cache := watcher.NewCache[V](watcher.CacheOptions[V]{})
//	w := watcher.New(source, cache, watcher.Options{})
//	err := w.Run(ctx) // until ctx ends
//
// It knows nothing of virtual machines, HTTP or Kubernetes: a [Source] speaks to the cluster, in coded errors.
//
// # What it promises
//
// After any trouble the set becomes what the cluster has. An object that was deleted and made anew under its name is
// two objects: the first one goes, the second one comes. Nothing is told twice, nothing of one object out of order.
// Whoever reads learns how old the set is, and whether it is followed ([State.Status]). Trouble with one cluster
// touches no other: watchers share nothing but the [Limiter] that their owner gives them.
//
// # What errors of a source do
//
// Only codes count. REVISION_EXPIRED, CURSOR_EXPIRED and INVALID_CURSOR, in whatever form the server said so, give the
// place up: phase REBUILDING, one consistent list, and no word to the breaker; at once the first time, with pauses from the
// second on.
// THROTTLED waits as long as the server wishes, up to five minutes, and keeps the place. CLUSTER_CREDENTIALS,
// PERMISSION_DENIED, KUBEVIRT_MISSING and CLUSTER_IDENTITY_CHANGED are phase BLOCKED, asked for again slowly, and nothing to
// the breaker; errors of kind INVALID_ARGUMENT are BLOCKED for good. RESPONSE_TOO_LARGE halves the pages, and is BLOCKED the
// third time. PROTOCOL_ERROR and INTERNAL keep the place twice and give it up the third time. CANCELED is a connection that
// this side gave up: the next stream goes on from the place, and nobody counts it. Everything else is an unreachable cluster.
//
// # What no stream tells
//
// A server that was restored accepts a watch from its future and stays silent; so may another cluster behind the address.
// Every five minutes, and whenever a connection was lost, a consistent read of one item and the cluster's fingerprint are
// compared with what is known. A history that went back is the truth: [State].Epoch counts it. Another cluster is not:
// phase BLOCKED, the set is kept, and no write passes a [Gate].
//
// # How fresh a set is
//
// A set is fresh while it is followed, and for 30 s after; a stream that brought frames and then none for 150 s is taken for
// dead at once. A server that never sends bookmarks is believed for 30 s more. [State].FreshUntil is the bound, which no
// change of reason moves, so that also a process that was stopped for a while says STALE when it wakes up.
//
// # The breaker
//
// It is sony/gobreaker's. A try is a list or the opening of a stream. Five failures in a row open it for a minute, in which
// nothing is sent; then one small read decides. A try succeeds by a whole list, by the first frame of a stream, or by a
// stream that lives for ten seconds; what happens to a stream later is not its business.
package watcher
