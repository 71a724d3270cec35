package paging

import (
	"strings"
	"testing"

	"github.com/kv-shepherd/shepherd-go/domain"
)

func TestRoundTrip(t *testing.T) {
	l := Listing{Kind: "list_vms", Cluster: "c1", Namespace: "team", LabelSelector: "a=b"}
	want := Cursor{LastKey: "team/web", Token: "server-token", Joined: "other"}
	token := Encode(l, want)
	got, err := Decode(l, token)
	if err != nil || got.LastKey != want.LastKey || got.Token != want.Token || got.Joined != want.Joined {
		t.Fatalf("Decode(Encode(%+v)) = %+v, %v", want, got, err)
	}
	if got, err := Decode(l, ""); err != nil || got.LastKey != "" {
		t.Errorf("the empty token is the beginning, got %+v, %v", got, err)
	}
}

func TestForeignTokens(t *testing.T) {
	l := Listing{Kind: "list_vms", Cluster: "c1", Namespace: "team", LabelSelector: "a=b"}
	token := Encode(l, Cursor{LastKey: "team/web"})
	for why, c := range map[string]struct {
		listing Listing
		token   string
	}{
		"another kind":                        {Listing{"list_migrations", "c1", "team", "a=b", ""}, token},
		"another cluster":                     {Listing{"list_vms", "c2", "team", "a=b", ""}, token},
		"another namespace":                   {Listing{"list_vms", "c1", "*", "a=b", ""}, token},
		"another selector":                    {Listing{"list_vms", "c1", "team", "a=c", ""}, token},
		"the selector moved to fields":        {Listing{"list_vms", "c1", "team", "", "a=b"}, token},
		"cut short":                           {l, token[:len(token)-2]},
		"one character changed":               {l, flip(token)},
		"a raw server token":                  {l, "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MjkwfQ"},
		"not base64":                          {l, "%%%"},
		"the version only":                    {l, "AQ"},
		"a megabyte of nothing in particular": {l, strings.Repeat("A", 1<<20)},
	} {
		if _, err := Decode(c.listing, c.token); domain.CodeOf(err) != domain.CodeInvalidCursor {
			t.Errorf("%s: Decode() error %v, want %s", why, err, domain.CodeInvalidCursor)
		}
	}
}

func flip(token string) string {
	last := token[len(token)-3]
	other := byte('A')
	if last == other {
		other = 'B'
	}
	return token[:len(token)-3] + string(other) + token[len(token)-2:]
}

func FuzzDecode(f *testing.F) {
	l := Listing{Kind: "list_vms", Cluster: "c1", Namespace: "*"}
	f.Add(Encode(l, Cursor{LastKey: "a/b", Token: "t"}))
	f.Add("AQ")
	f.Fuzz(func(t *testing.T, token string) {
		c, err := Decode(l, token)
		if err != nil {
			if domain.CodeOf(err) != domain.CodeInvalidCursor {
				t.Fatalf("Decode(%q) = %v", token, err)
			}
			return
		}
		if token != "" {
			if again, err := Decode(l, Encode(l, c)); err != nil || again.LastKey != c.LastKey {
				t.Fatalf("accepted %q, but its cursor %+v does not survive: %v", token, c, err)
			}
		}
	})
}
