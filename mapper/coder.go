package mapper

import (
	"sync"
	"time"
)

// coder walks the fields of a view in one of three ways. There is one walk function for each view, so that what is
// written is what is read, and what is cleaned is all there is:
//
//   - cleaning: foreign text passes the sanitiser, nothing else happens. Every door does this before a view is joined.
//   - writing: the same, and the field is appended to out.
//   - reading: the field is taken from in. Strings are parts of in, which costs nothing.
//
// The encoding never leaves the process: there are no versions, and no defence against bytes from elsewhere.
type coder struct {
	mode coderMode
	out  []byte
	said []saidString // what out has in full
	in   string       // a whole record
	at   int          // how much of it was read

	moment int64 // the latest time, in seconds
}

// saidString is a string that a record has in full, at a place.
type saidString struct {
	at int
	s  string
}

// reader reads a record from its beginning.
func reader(record string) coder { return coder{mode: reading, in: record} }

type coderMode uint8

const (
	cleaning coderMode = iota
	writing
	reading
)

// text is a short foreign string.
func (c *coder) text(s *string) {
	if c.mode != reading {
		*s = text(*s)
	}
	c.str(s)
}

// message is a longer foreign text.
func (c *coder) message(s *string) {
	if c.mode != reading {
		*s = message(*s)
	}
	c.str(s)
}

// str is a string that is clean already: a common word is one byte, one that was there before its place, and any other
// its length and itself.
func (c *coder) str(s *string) {
	switch c.mode {
	case writing:
		c.putString(*s)
	case reading:
		*s = c.getString()
	case cleaning:
	}
}

// Codes of strings: those of words are below, lengths above.
var (
	codeSaid   = uint64(len(words))
	codeLength = codeSaid + 1
)

func (c *coder) putString(s string) {
	if code, ok := wordCodes[s]; ok {
		c.out = append(c.out, code)
		return
	}
	for n := range c.said {
		if c.said[n].s == s {
			c.putUint(codeSaid)
			c.putUint(uint64(c.said[n].at))
			return
		}
	}
	const worthIt = 4 // bytes; a place takes three
	if len(s) >= worthIt && len(c.said) < cap(c.said) {
		c.said = append(c.said, saidString{len(c.out), s})
	}
	c.putUint(codeLength + uint64(len(s)))
	c.out = append(c.out, s...)
}

func (c *coder) getString() string {
	switch n := c.getUint(); {
	case n < codeSaid:
		return words[n]
	case n == codeSaid:
		there := coder{in: c.in, at: int(c.getUint())}
		return there.take(int(there.getUint() - codeLength))
	default:
		return c.take(int(n - codeLength))
	}
}

// key is a namespace and a name, which lie in a record as "namespace/name".
func (c *coder) key(namespace, name *string) {
	switch c.mode {
	case writing:
		c.putUint(uint64(len(*namespace)))
		c.putUint(uint64(len(*name)))
		c.out = append(append(append(c.out, *namespace...), '/'), *name...)
	case reading:
		n, all := c.rawKey()
		*namespace, *name = all[:n], all[n+1:]
	case cleaning:
	}
}

// rawKey reads "namespace/name", and the length of the namespace.
func (c *coder) rawKey() (namespace int, key string) {
	namespace = int(c.getUint())
	name := int(c.getUint())
	return namespace, c.take(namespace + 1 + name)
}

// flags are up to eight booleans in one byte.
func (c *coder) flags(flags ...*bool) {
	switch c.mode {
	case writing:
		var b byte
		for n, flag := range flags {
			if *flag {
				b |= 1 << n
			}
		}
		c.out = append(c.out, b)
	case reading:
		b := c.in[c.at]
		c.at++
		for n, flag := range flags {
			*flag = b&(1<<n) != 0
		}
	case cleaning:
	}
}

// uint and int are short when the number is small.
func (c *coder) uint(n *uint64) {
	switch c.mode {
	case writing:
		c.putUint(*n)
	case reading:
		*n = c.getUint()
	case cleaning:
	}
}

func (c *coder) uint32(n *uint32) {
	wide := uint64(*n)
	c.uint(&wide)
	*n = uint32(wide)
}

func (c *coder) int(n *int64) {
	wide := zigzag(*n)
	c.uint(&wide)
	*n = unzigzag(wide)
}

// time is a moment, told by its distance from the one before: the moments of an object lie close together. Times are in
// UTC, and most are whole seconds.
func (c *coder) time(t *time.Time) {
	switch c.mode {
	case writing:
		if t.IsZero() {
			c.putUint(timeNone)
			return
		}
		nanos := uint64(t.Nanosecond())
		kind := uint64(timeSeconds)
		if nanos != 0 {
			kind = timeNanos
		}
		c.putUint(zigzag(t.Unix()-c.moment)<<2 | kind)
		if nanos != 0 {
			c.putUint(nanos)
		}
		c.moment = t.Unix()
	case reading:
		n := c.getUint()
		if n == timeNone {
			*t = time.Time{}
			return
		}
		var nanos uint64
		if n&3 == timeNanos {
			nanos = c.getUint()
		}
		c.moment += unzigzag(n >> 2)
		*t = time.Unix(c.moment, int64(nanos)).UTC()
	case cleaning:
	}
}

// What a moment has, in the lowest two bits of its code.
const (
	timeNone = iota
	timeSeconds
	timeNanos
)

// list walks each element of a slice.
func list[T any](c *coder, s *[]T, walk func(*T, *coder)) {
	n := uint64(len(*s))
	c.uint(&n)
	if c.mode == reading {
		*s = room(*s, int(n))
	}
	for k := range *s {
		walk(&(*s)[k], c)
	}
}

// room makes n empty elements, in the memory that a slice has.
func room[T any](s []T, n int) []T {
	if n > cap(s) {
		return make([]T, n)
	}
	s = s[:n]
	clear(s)
	return s
}

// strs is a list of strings that are clean already.
func (c *coder) strs(s *[]string) {
	list(c, s, func(s *string, c *coder) { c.str(s) })
}

// optional walks what a pointer points at, if there is anything.
func optional[T any](c *coder, p **T, walk func(*T, *coder)) {
	there := *p != nil
	c.flags(&there)
	if c.mode == reading {
		*p = nil
		if there {
			*p = new(T)
		}
	}
	if !there {
		return
	}
	walk(*p, c)
}

func (c *coder) putUint(n uint64) {
	for n >= 0x80 {
		c.out = append(c.out, byte(n)|0x80)
		n >>= 7
	}
	c.out = append(c.out, byte(n))
}

func (c *coder) getUint() uint64 {
	b := c.in[c.at]
	c.at++
	if b < 0x80 {
		return uint64(b)
	}
	return c.getLongUint(uint64(b & 0x7f))
}

// getLongUint goes on with a number whose first byte was read.
func (c *coder) getLongUint(n uint64) uint64 {
	for shift := 7; ; shift += 7 {
		b := c.in[c.at]
		c.at++
		n |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return n
		}
	}
}

func (c *coder) take(n int) string {
	c.at += n
	return c.in[c.at-n : c.at]
}

// zigzag makes small numbers of either sign small.
func zigzag(n int64) uint64 { return uint64(n<<1) ^ uint64(n>>63) }

func unzigzag(n uint64) int64 { return int64(n>>1) ^ -int64(n&1) }

// walker is a view.
type walker interface{ walk(c *coder) }

// sanitised passes the foreign text of a view through the sanitiser.
func sanitised[V walker](view V) V {
	view.walk(&coder{mode: cleaning})
	return view
}

// coders keeps buffers for encode.
var coders = sync.Pool{New: func() any { return &coder{mode: writing, said: make([]saidString, 0, 64)} }}

// encode makes the record of a view; the text of the view is clean afterwards.
func encode(view walker) string {
	const enough = 64 << 10 // a buffer that one huge object needed is not kept
	c := coders.Get().(*coder)
	view.walk(c)
	s := string(c.out)
	clear(c.said) // they may be parts of a whole frame
	c.said, c.moment = c.said[:0], 0
	if c.out = c.out[:0]; cap(c.out) <= enough {
		coders.Put(c)
	}
	return s
}
