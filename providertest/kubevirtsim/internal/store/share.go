package store

import (
	"strings"
	"unique"
)

// fieldSet begins a manager's set of fields. Inside a JSON string it cannot occur, as the quote before the colon would
// be escaped there; and if an object had a field of that name elsewhere, it would be shared as well and lose nothing.
const fieldSet = `"fieldsV1":{`

// worthSharing is the length from which a piece is cheaper to share than to repeat.
const worthSharing = 64

// share writes s without its field sets, and appends a cut for each of them.
func share(text *strings.Builder, cuts []cut, s string) []cut {
	for {
		i := strings.Index(s, fieldSet)
		if i < 0 {
			break
		}
		begin := i + len(fieldSet) - 1
		end := begin + objectLen(s[begin:])
		if end-begin < worthSharing {
			text.WriteString(s[:end])
		} else {
			text.WriteString(s[:begin])
			cuts = append(cuts, cut{at: text.Len(), shared: unique.Make(s[begin:end])})
		}
		s = s[end:]
	}
	text.WriteString(s)
	return cuts
}

// objectLen is the length of the JSON object that s begins with; all of s if it does not end.
func objectLen(s string) int {
	depth, quoted := 0, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{':
			depth++
		case c == '}':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(s)
}
