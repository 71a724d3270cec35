package mapper

import (
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
	"unsafe"

	"github.com/go-json-experiment/json/jsontext"
	"k8s.io/apimachinery/pkg/api/resource"
)

// jsonOptions are what this library takes from a server: what encoding/json takes too. Text is cleaned later.
var jsonOptions = []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}

// cursor reads JSON whose syntax was checked before: by jsontext, for a whole value at once, which is the fast half of
// its work. What is left is to find few values in much text, and to jump over the rest.
//
// A value of the wrong type is skipped and reads as nothing; the first such place is kept in wrong. As everywhere in
// Kubernetes' API, null reads as if the field was not there.
type cursor struct {
	json string
	at   int
	// wrong is the path of the first value that had the wrong type.
	wrong string
}

// over makes a cursor over bytes without a copy of them, which would be most of what a frame leaves to the collector. The
// bytes may change as soon as the object is read: nothing that is handed on may be a part of them.
func over(json []byte) *cursor {
	return &cursor{json: unsafe.String(unsafe.SliceData(json), len(json))}
}

// peek goes to the next value, and returns its first byte.
func (c *cursor) peek() byte {
	for {
		switch b := c.json[c.at]; b {
		case ' ', '\t', '\n', '\r', ',', ':':
			c.at++
		default:
			return b
		}
	}
}

// fields yields the names of an object. The caller reads the value, or does not: then it is skipped.
func (c *cursor) fields(yield func(name string) bool) {
	if !c.enter('{') {
		return
	}
	for c.peek() != '}' {
		name := c.rawString()
		c.peek()
		start, clean := c.at, c.wrong == ""
		if !yield(name) {
			return
		}
		if c.at == start {
			c.skip()
		}
		if clean && c.wrong != "" {
			c.wrong = join(name, c.wrong)
		}
	}
	c.at++
}

// elements yields the indexes of an array.
func (c *cursor) elements(yield func(n int) bool) {
	if !c.enter('[') {
		return
	}
	for n := 0; c.peek() != ']'; n++ {
		start, clean := c.at, c.wrong == ""
		if !yield(n) {
			return
		}
		if c.at == start {
			c.skip()
		}
		if clean && c.wrong != "" {
			c.wrong = join("["+strconv.Itoa(n)+"]", c.wrong)
		}
	}
	c.at++
}

// enter goes into an object or array. Null is an empty one.
func (c *cursor) enter(open byte) bool {
	if !c.is(open) {
		return false
	}
	c.at++
	return true
}

// is says whether the next value begins with a byte. If it does not, it is read over.
func (c *cursor) is(first byte) bool {
	switch b := c.peek(); b {
	case first:
		return true
	case 'n':
		c.skip()
	default:
		c.mismatch()
	}
	return false
}

// object says whether there is an object; it stands before it then.
func (c *cursor) object() bool { return c.is('{') }

// here ends the path of a value of the wrong type.
const here = "\x00"

func (c *cursor) mismatch() {
	if c.wrong == "" {
		c.wrong = here
	}
	c.skip()
}

// join puts a name before a path.
func join(name, path string) string {
	switch {
	case path == here:
		return name
	case path[0] == '[':
		return name + path
	}
	return name + "." + path
}

// str reads a string, which is a part of the JSON text unless it has escapes or is not UTF-8.
func (c *cursor) str() string {
	if !c.is('"') {
		return ""
	}
	return c.rawString()
}

func (c *cursor) rawString() string {
	start := c.at
	for at := start + 1; ; at++ { // nearly all strings are short and plain
		b := c.json[at]
		if b == '"' {
			c.at = at + 1
			return c.json[start+1 : at]
		}
		if b == '\\' || b >= utf8.RuneSelf {
			break
		}
	}
	c.skipString()
	s := c.json[start+1 : c.at-1]
	if strings.IndexByte(s, '\\') >= 0 {
		unquoted, _ := jsontext.AppendUnquote(nil, c.json[start:c.at]) // an error is invalid UTF-8, replaced
		s = string(unquoted)
	}
	if !utf8.ValidString(s) {
		s = string([]rune(s)) // one replacement for each byte, as encoding/json has it
	}
	return s
}

// bool reads a boolean; set says that there was one.
func (c *cursor) bool() (value, set bool) {
	switch c.peek() {
	case 't':
		c.skip()
		return true, true
	case 'f':
		c.skip()
		return false, true
	case 'n':
		c.skip()
	default:
		c.mismatch()
	}
	return false, false
}

// flag reads a boolean that is false when it is missing.
func (c *cursor) flag() bool {
	value, _ := c.bool()
	return value
}

// int reads a whole number; set says that there was one.
func (c *cursor) int() (value int64, set bool) {
	text, ok := c.number()
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		c.wrongHere()
	}
	return n, err == nil
}

// uint reads a whole number that is not negative.
func (c *cursor) uint(bits int) uint64 {
	text, ok := c.number()
	if !ok {
		return 0
	}
	n, err := strconv.ParseUint(text, 10, bits)
	if err != nil {
		c.wrongHere()
		return 0
	}
	return n
}

func (c *cursor) uint32() uint32 { return uint32(c.uint(32)) }

func (c *cursor) number() (text string, ok bool) {
	switch b := c.peek(); {
	case b == '-', b >= '0' && b <= '9':
		start := c.at
		c.skip()
		return c.json[start:c.at], true
	case b == 'n':
		c.skip()
	default:
		c.mismatch()
	}
	return "", false
}

// wrongHere is for a value that was read already.
func (c *cursor) wrongHere() {
	if c.wrong == "" {
		c.wrong = here
	}
}

// time reads a moment.
func (c *cursor) time() time.Time {
	if !c.is('"') {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, c.rawString())
	if err != nil {
		c.wrongHere()
		return time.Time{}
	}
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC()
}

// quantity reads an amount: a string or a number.
func (c *cursor) quantity() (q resource.Quantity) {
	b := c.peek()
	start := c.at
	c.skip()
	text := c.json[start:c.at]
	if b == 'n' {
		return q
	}
	if b == '"' {
		text = text[1 : len(text)-1] // as it stands: amounts have no escapes
	}
	parsed, err := resource.ParseQuantity(strings.TrimSpace(text))
	if err != nil {
		c.wrongHere()
		return q
	}
	return parsed
}

// bytes is a quantity in whole units, rounded up, and never negative.
func (c *cursor) bytes() int64 {
	q := c.quantity()
	return max(q.Value(), 0)
}

// milli is a quantity in thousandths.
func (c *cursor) milli() int64 {
	q := c.quantity()
	if q.Value() > math.MaxInt64/1000 { // MilliValue would overflow
		return math.MaxInt64
	}
	return max(q.MilliValue(), 0)
}

// pairs reads a map of strings, behind those in out.
func (c *cursor) pairs(out pairs, keep func(key string) bool) pairs {
	for key := range c.fields {
		if keep == nil || keep(key) {
			out = append(out, pair{key, c.str()})
		}
	}
	return out.sorted()
}

// skip reads over the next value.
func (c *cursor) skip() {
	depth := 0
	for {
		switch c.peek() {
		case '"':
			c.skipString()
		case '{', '[':
			depth++
			c.at++
			continue
		case '}', ']':
			depth--
			c.at++
		default:
			c.skipWord()
		}
		if depth == 0 {
			return
		}
	}
}

// skipWord reads over a number, true, false or null.
func (c *cursor) skipWord() {
	for ; c.at < len(c.json); c.at++ {
		switch c.json[c.at] {
		case ' ', '\t', '\n', '\r', ',', ']', '}':
			return
		}
	}
}

// skipString reads over a string: to the first quote that has an even number of backslashes before it.
func (c *cursor) skipString() {
	end := c.at + 1
	for {
		end += strings.IndexByte(c.json[end:], '"')
		slashes := 0
		for c.json[end-1-slashes] == '\\' {
			slashes++
		}
		end++
		if slashes%2 == 0 {
			break
		}
	}
	c.at = end
}
