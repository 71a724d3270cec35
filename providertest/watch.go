package providertest

import "slices"

// The family WAT. WAT-03, 06, 07, 08, 11 and 13 are about how a watcher treats its cluster and belong to package
// watcher's tests.
var watchChecks = slices.Concat(tellChecks, outliveChecks, endOfStreamChecks)

// What streams tell.
var tellChecks = []check{
	{
		id: "WAT-01",
		why: "a stream tells the set as ADDED, then SYNCED, then changes, and nothing is lost between them; a namespace that is not there " +
			"has no VMs, AllNamespaces has all",
		needs: need(NeedWatch),
		run:   checkStream,
	},
	{
		id:    "WAT-02",
		why:   "of one VM nothing comes out of order and nothing twice, and what a stream tells belongs to who ranges over it",
		needs: need(NeedWatch, NeedUpdate),
		run:   checkStreamOrder,
	},
	{
		id:    "WAT-14",
		why:   "with a selector a VM that comes to match it is ADDED, one that no longer does is DELETED, and of others nothing is told",
		needs: need(NeedWatch, NeedUpdate),
		run:   checkStreamSelector,
	},
	{
		id:    "WAT-15",
		why:   "a VM that was made anew under its name is DELETED with the old UID and ADDED with the new one, however late it is told",
		needs: need(NeedWatch),
		run:   checkStreamReplaced,
	},
}

// What streams outlive.
var outliveChecks = []check{
	{
		id: "WAT-04",
		why: "VMs that went, came or changed while a stream had lost its place are told once between REBUILDING and SYNCED, " +
			"and of those that went it says that nobody saw it",
		needs: need(NeedWatch, NeedExpireStreams),
		run:   checkStreamRebuilt,
	},
	{
		id:    "WAT-05",
		why:   "VMs that did not change while a stream had lost its place are not told again",
		needs: need(NeedWatch, NeedExpireStreams),
		run:   checkStreamUnchanged,
	},
	{
		id:    "WAT-09",
		why:   "who consumes slowly is told the latest state of every VM, with the changes of one VM merged: neither all of them nor none",
		needs: need(NeedWatch, NeedUpdate),
		run:   checkSlowConsumer,
	},
	{
		id: "WAT-10",
		why: "a stream that goes on from a revision begins with SYNCED and this revision, and tells each later change once and nothing of before; " +
			"from one that is too old it is REVISION_EXPIRED and nothing else",
		needs: need(NeedWatch, NeedUpdate),
		run:   checkResume,
	},
}

// How streams end.
var endOfStreamChecks = []check{
	{
		id: "WAT-12",
		why: "a stream ends with its context, whose error is the last value, or with a break, and leaves nothing running; each range over it " +
			"is a stream of its own",
		needs: need(NeedWatch),
		run:   checkStreamEnds,
	},
	{
		id: "WAT-16",
		why: "an unknown cluster, a bad selector, a negative queue and a revision of another stream are the only value of a stream, " +
			"each by its code",
		needs: need(NeedWatch),
		run:   checkStreamRefused,
	},
}
