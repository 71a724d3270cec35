package providertest

import (
	"fmt"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// Cursors: how long they are good, and for what.
var cursorChecks = []check{
	{
		id:    "LIST-05",
		why:   "a token that is too old is CURSOR_EXPIRED, of kind EXPIRED, and listing again from the start works",
		needs: need(NeedExpireCursors),
		run:   checkExpiredCursor,
	},
	{
		id: "LIST-06",
		why: "a token of another selector, namespace or cluster, and one that was tampered with, is INVALID_CURSOR, and " +
			"never a page of something else",
		run: checkForeignCursor,
	},
}

func checkExpiredCursor(e *env) {
	for _, name := range []string{"a", "b", "c"} {
		e.create(e.spec(name, domain.RunStrategyHalted))
	}
	page := e.list(provider.ListOptions{Limit: 1})
	if page.Continue == "" {
		e.Fatalf("the first of three pages has no token")
	}
	// A token is good as long as its revision is the present one, however old it is.
	e.create(e.spec("d", domain.RunStrategyHalted))
	e.must("expire the cursors", e.ExpireCursors(e.ctx, e.cluster))
	_, err := e.Provider.ListVMs(e.ctx, e.cluster, e.ns, provider.ListOptions{Limit: 1, Continue: page.Continue})
	e.code("the page of an expired token", err, domain.CodeCursorExpired)
	e.kind("the page of an expired token", err, domain.KindExpired)

	again := itemsOf(e.walkPages(e.ns, provider.ListOptions{Limit: 1}, nil))
	e.same("the walk from the start", []string{e.ns + "/a", e.ns + "/b", e.ns + "/c", e.ns + "/d"}, listKeys(again))
}

func checkForeignCursor(e *env) {
	labels := map[string]string{"tier": "web"}
	for _, name := range []string{"a", "b", "c"} {
		e.create(e.labeled(name, labels))
	}
	good := provider.ListOptions{LabelSelector: "tier=web", Limit: 1}
	good.Continue = e.list(good).Continue
	if good.Continue == "" {
		e.Fatalf("the first of three pages has no token")
	}
	refused := func(what, cluster, namespace string, opts provider.ListOptions) {
		_, err := e.Provider.ListVMs(e.ctx, cluster, namespace, opts)
		e.code(what, err, domain.CodeInvalidCursor)
	}
	for what, change := range map[string]func(*provider.ListOptions){
		"without its selector":         func(o *provider.ListOptions) { o.LabelSelector = "" },
		"with another selector":        func(o *provider.ListOptions) { o.LabelSelector = "tier!=db" },
		"with a field selector":        func(o *provider.ListOptions) { o.FieldSelector = "metadata.name=a" },
		"with its selector as a field": func(o *provider.ListOptions) { o.LabelSelector, o.FieldSelector = "", "metadata.namespace="+e.ns },
	} {
		opts := good
		change(&opts)
		refused("the token "+what, e.cluster, e.ns, opts)
	}
	refused("the token in another namespace", e.cluster, e.namespace("-b"), good)
	refused("the token in all namespaces", e.cluster, provider.AllNamespaces, good)
	if e.other != e.cluster {
		refused("the token on another cluster", e.other, e.ns, good)
	}
	for what, token := range tampered(good.Continue) {
		opts := good
		opts.Continue = token
		refused(what, e.cluster, e.ns, opts)
	}
	// Its own listing still takes it.
	e.same("the page of the good token", []string{e.ns + "/b"}, listKeys(e.list(good).Items))
}

// tampered are tokens that nobody made.
func tampered(token string) map[string]string {
	tokens := map[string]string{
		"a made-up token":          "token",
		"a token of no characters": "%%%",
		"a token of one space":     " ",
		"a token that is cut":      token[:len(token)-1],
		"half a token":             token[:len(token)/2],
		"a token with an end":      token + "A",
		"a token twice":            token + token,
	}
	const positions = 24
	for i := range positions {
		at := i * (len(token) - 1) / (positions - 1) // the first and the last among them
		other := byte('A')
		if token[at] == other {
			other = 'B'
		}
		tokens[fmt.Sprintf("a token with another character %d", at)] = token[:at] + string(other) + token[at+1:]
	}
	return tokens
}
