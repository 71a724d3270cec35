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
	in   string
}

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

// str is a string that is clean already: a common word is one byte, any other its length and itself.
func (c *coder) str(s *string) {
	switch c.mode {
	case writing:
		if code, ok := wordCodes[*s]; ok {
			c.out = append(c.out, code)
			return
		}
		c.putUint(uint64(len(*s) + len(words)))
		c.out = append(c.out, *s...)
	case reading:
		n := c.getUint()
		if n < uint64(len(words)) {
			*s = words[n]
			return
		}
		*s = c.take(int(n) - len(words))
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
		b := c.in[0]
		c.in = c.in[1:]
		for n, flag := range flags {
			*flag = b&(1<<n) != 0
		}
	}
}

// uint and int are short when the number is small.
func (c *coder) uint(n *uint64) {
	switch c.mode {
	case writing:
		c.putUint(*n)
	case reading:
		*n = c.getUint()
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

// time is a moment; the usual one, a whole second near epoch, takes five bytes. Times are in UTC.
func (c *coder) time(t *time.Time) {
	const epoch = 1_700_000_000
	switch c.mode {
	case writing:
		if t.IsZero() {
			c.out = append(c.out, 0)
			return
		}
		nanos := uint64(t.Nanosecond())
		seconds := zigzag(t.Unix()-epoch)<<1 + 1
		if nanos == 0 {
			c.putUint(seconds)
			return
		}
		c.putUint(seconds + 1)
		c.putUint(nanos)
	case reading:
		*t = time.Time{}
		n := c.getUint()
		if n == 0 {
			return
		}
		n--
		var nanos int64
		if n&1 != 0 {
			nanos = int64(c.getUint())
		}
		*t = time.Unix(unzigzag(n>>1)+epoch, nanos).UTC()
	}
}

// list walks each element of a slice.
func list[T any](c *coder, s *[]T, walk func(*T, *coder)) {
	n := uint64(len(*s))
	c.uint(&n)
	if c.mode == reading {
		*s = nil
		if n > 0 {
			*s = make([]T, n)
		}
	}
	for k := range *s {
		walk(&(*s)[k], c)
	}
}

// strs is a list of strings that are clean already.
func (c *coder) strs(s *[]string) {
	list(c, s, func(s *string, c *coder) { c.str(s) })
}

// optional walks what a pointer points at, if there is anything.
func optional[T any](c *coder, p **T, walk func(*T, *coder)) {
	there := *p != nil
	c.flags(&there)
	if !there {
		return
	}
	if c.mode == reading {
		*p = new(T)
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
	var n uint64
	for k := 0; ; k++ {
		b := c.in[k]
		n |= uint64(b&0x7f) << (7 * k)
		if b < 0x80 {
			c.in = c.in[k+1:]
			return n
		}
	}
}

func (c *coder) take(n int) string {
	s := c.in[:n]
	c.in = c.in[n:]
	return s
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
var coders = sync.Pool{New: func() any { return &coder{mode: writing} }}

// encode makes the record of a view; the text of the view is clean afterwards.
func encode(view walker) string {
	const enough = 64 << 10 // a buffer that one huge object needed is not kept
	c := coders.Get().(*coder)
	view.walk(c)
	s := string(c.out)
	if c.out = c.out[:0]; cap(c.out) <= enough {
		coders.Put(c)
	}
	return s
}
