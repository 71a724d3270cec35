package mapper

import (
	"strings"
	"unicode/utf8"
)

// Bounds of foreign text.
const (
	maxTextRunes    = 256
	maxMessageBytes = 1 << 10
)

// text cleans a short foreign string: valid UTF-8 without control characters (C0, C1, DEL) and without the characters
// that turn the direction of writing, at most 256 runes. Line breaks and tabs become spaces.
func text(s string) string {
	if len(s) <= maxTextRunes && isPrintableASCII(s) {
		return s
	}
	s = clean(s)
	runes := 0
	for i := range s {
		if runes == maxTextRunes {
			return s[:i]
		}
		runes++
	}
	return s
}

// message cleans a longer foreign text as [text] does and cuts it at 1 KiB, between two characters.
func message(s string) string {
	if len(s) <= maxMessageBytes && isPrintableASCII(s) {
		return s
	}
	s = clean(s)
	if len(s) <= maxMessageBytes {
		return s
	}
	cut := maxMessageBytes
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut]
}

// value cleans what must stay as it is as far as possible: values of labels and annotations. Only what databases and
// JSON refuse goes, NUL and invalid UTF-8; line breaks and length stay.
func value(s string) string {
	if isPrintableASCII(s) {
		return s
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
}

// values copies a map and cleans it; nil stays nil.
func values(in map[string]string) map[string]string {
	if in == nil {
		return nil
	}
	out := make(map[string]string, len(in))
	for key, v := range in {
		out[value(key)] = value(v)
	}
	return out
}

func isPrintableASCII(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\r', r == '\t':
			return ' '
		case r < ' ', r >= 0x7f && r <= 0x9f:
			return -1
		case turnsDirection(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// turnsDirection names the bidirectional controls (Unicode property Bidi_Control): with them a text can show itself in
// another order than it is stored in.
func turnsDirection(r rune) bool {
	return r == 0x061c || r == 0x200e || r == 0x200f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}
