// Package paging makes and reads the continue tokens of lists.
package paging

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// Listing is what a token is bound to: a token of one listing is refused by another.
type Listing struct {
	// Kind tells lists of different things apart: the operation's name.
	Kind          string
	Cluster       string
	Namespace     string
	LabelSelector string
	FieldSelector string
}

// Cursor is where the next page begins.
type Cursor struct {
	// LastKey is the key of the last object handed out.
	LastKey string `json:"k,omitempty"`
	// Token is the server's own token for the listed objects, Joined that for those joined to them; JoinedDone says
	// that there are no more of the latter.
	Token      string `json:"t,omitempty"`
	Joined     string `json:"j,omitempty"`
	JoinedDone bool   `json:"d,omitempty"`
}

// version leads every token; raise it when Cursor changes its meaning.
const version = 1

const sumSize = 12

// Encode makes a token. It is not secret and not signed: the checksum catches mistakes, it keeps nobody out.
func Encode(l Listing, c Cursor) string {
	body, err := json.Marshal(c)
	if err != nil {
		panic(err) // a struct of strings always marshals
	}
	raw := append([]byte{version}, sum(l, body)...)
	return base64.RawURLEncoding.EncodeToString(append(raw, body...))
}

// Decode reads a token made for the same listing. An empty token is the zero Cursor; anything else that Encode did
// not make for l is INVALID_CURSOR.
func Decode(l Listing, token string) (Cursor, error) {
	var c Cursor
	if token == "" {
		return c, nil
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) < 1+sumSize || raw[0] != version {
		return c, invalid("malformed")
	}
	body := raw[1+sumSize:]
	if !bytes.Equal(raw[1:1+sumSize], sum(l, body)) {
		return c, invalid("other_listing")
	}
	if err := json.Unmarshal(body, &c); err != nil {
		return Cursor{}, invalid("malformed")
	}
	return c, nil
}

func invalid(reason string) error {
	return domain.E(domain.CodeInvalidCursor, domain.Params{domain.ParamField: "continue", domain.ParamReason: reason}, nil)
}

// sum covers the listing and the body; as a JSON list, since joined strings of two listings could be equal.
func sum(l Listing, body []byte) []byte {
	bound, err := json.Marshal([]string{l.Kind, l.Cluster, l.Namespace, l.LabelSelector, l.FieldSelector})
	if err != nil {
		panic(err) // strings always marshal
	}
	h := sha256.New()
	h.Write(bound)
	h.Write(body)
	return h.Sum(nil)[:sumSize]
}
