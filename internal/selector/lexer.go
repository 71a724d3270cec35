package selector

// kind is what a token is.
type kind int

const (
	end kind = iota
	word
	comma
	open
	closed
	not
	equals
	notEquals
	greater
	less
)

// token is one piece of a selector. The words in and notin are operators only where an operator can stand.
type token struct {
	kind kind
	text string
}

// lex cuts a selector into tokens; the last one is always end.
func lex(s string) []token {
	var tokens []token
	for i := 0; i < len(s); {
		start := i
		switch c := s[i]; {
		case isSpace(c):
			i++
			continue
		case isSymbol(c):
			var k kind
			k, i = symbol(s, i)
			tokens = append(tokens, token{k, s[start:i]})
		default:
			for i < len(s) && !isSpace(s[i]) && !isSymbol(s[i]) {
				i++
			}
			tokens = append(tokens, token{word, s[start:i]})
		}
	}
	return append(tokens, token{end, "end of selector"})
}

// symbol reads the operator at s[i] and returns the index behind it. Only == and != are two characters long.
func symbol(s string, i int) (kind, int) {
	pair := i+1 < len(s) && s[i+1] == '='
	switch s[i] {
	case ',':
		return comma, i + 1
	case '(':
		return open, i + 1
	case ')':
		return closed, i + 1
	case '>':
		return greater, i + 1
	case '<':
		return less, i + 1
	case '!':
		if pair {
			return notEquals, i + 2
		}
		return not, i + 1
	default:
		if pair {
			return equals, i + 2
		}
		return equals, i + 1
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

func isSymbol(c byte) bool {
	switch c {
	case '=', '!', '(', ')', ',', '>', '<':
		return true
	}
	return false
}
