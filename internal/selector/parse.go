package selector

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/names"
)

// Parse reads a label selector: requirements joined by commas, each of them
//
//	key=value  key==value  key!=value  key in (a,b)  key notin (a,b)  key  !key  key>1  key<1
//
// Space around the parts does not count, values may be empty, and keys and values must have the syntax of labels.
// The empty selector selects everything. What Kubernetes refuses is INVALID_SELECTOR.
func Parse(s string) (Selector, error) {
	p := &parser{tokens: lex(s)}
	requirements, err := p.selector()
	if err != nil {
		return Selector{}, invalid("labelSelector", err)
	}
	return canonical(requirements), nil
}

// invalid makes the one error of this package.
func invalid(field string, cause error) error {
	return &domain.Error{
		Code:   domain.CodeInvalidSelector,
		Params: domain.Params{domain.ParamField: field},
		Fields: []domain.FieldError{{Field: field, Reason: domain.FieldInvalid, Detail: cause.Error()}},
	}
}

// parser walks the tokens. Its grammar is that of pkg/labels/selector.go of apimachinery.
type parser struct {
	tokens []token
	at     int
}

func (p *parser) peek() token { return p.tokens[p.at] }

// next takes a token; behind the end there are only ends.
func (p *parser) next() token {
	t := p.tokens[p.at]
	if t.kind != end {
		p.at++
	}
	return t
}

func unexpected(t token, want string) error {
	const enough = 64
	text := t.text
	if len(text) > enough {
		text = text[:enough] + "..."
	}
	return fmt.Errorf("found %q, expected %s", text, want)
}

func (p *parser) selector() ([]requirement, error) {
	var all []requirement
	if p.peek().kind == end {
		return nil, nil
	}
	for {
		r, err := p.requirement()
		if err != nil {
			return nil, err
		}
		all = append(all, r)
		switch t := p.next(); t.kind {
		case end:
			return all, nil
		case comma:
		default:
			return nil, unexpected(t, "a comma or the end")
		}
	}
}

func (p *parser) requirement() (requirement, error) {
	r := requirement{op: opExists}
	if p.peek().kind == not {
		p.next()
		r.op = opNotExists
	}
	key := p.next()
	if key.kind != word {
		return r, unexpected(key, "a label key")
	}
	if !names.IsLabelKey(key.text) {
		return r, unexpected(key, "a label key")
	}
	r.key = key.text
	if next := p.peek().kind; r.op == opNotExists || next == end || next == comma {
		return r, nil
	}
	return p.operation(r)
}

// operation reads the operator behind a key, and its values.
func (p *parser) operation(r requirement) (requirement, error) {
	var err error
	switch t := p.next(); {
	case t.kind == equals:
		r.op = opIn
		r.values, err = p.value()
	case t.kind == notEquals:
		r.op = opNotIn
		r.values, err = p.value()
	case t.kind == greater || t.kind == less:
		r.op = opGreater
		if t.kind == less {
			r.op = opLess
		}
		r.values, r.number, err = p.number()
	case t.kind == word && t.text == "in":
		r.op = opIn
		r.values, err = p.set()
	case t.kind == word && t.text == "notin":
		r.op = opNotIn
		r.values, err = p.set()
	default:
		err = unexpected(t, "an operator")
	}
	for _, value := range r.values {
		if err == nil && !names.IsLabelValue(value) {
			err = unexpected(token{text: value}, "a label value")
		}
	}
	return r, err
}

// value reads the one value of = and !=, which may be missing: then it is empty.
func (p *parser) value() ([]string, error) {
	switch t := p.peek(); t.kind {
	case end, comma:
		return []string{""}, nil
	case word:
		p.next()
		return []string{t.text}, nil
	default:
		return nil, unexpected(t, "a value")
	}
}

func (p *parser) number() ([]string, int64, error) {
	values, err := p.value()
	if err != nil {
		return nil, 0, err
	}
	n, err := strconv.ParseInt(values[0], 10, 64)
	if err != nil {
		return nil, 0, unexpected(token{text: values[0]}, "a whole number")
	}
	return values, n, nil
}

// set reads the values of in and notin. () and (,) are the set of the empty value.
func (p *parser) set() ([]string, error) {
	if t := p.next(); t.kind != open {
		return nil, unexpected(t, "an opening parenthesis")
	}
	if p.peek().kind == closed {
		p.next()
		return []string{""}, nil
	}
	values, err := p.members()
	slices.Sort(values)
	return slices.Compact(values), err
}

// members reads up to and including the closing parenthesis. Kubernetes' own reader takes (a,) and (,,a) for sets with
// the empty value and refuses (a,,); so does this one, so that both always agree.
func (p *parser) members() ([]string, error) {
	var values []string
	for {
		switch t := p.next(); t.kind {
		case word:
			values = append(values, t.text)
			switch after := p.peek(); after.kind {
			case comma:
			case closed:
				p.next()
				return values, nil
			default:
				return nil, unexpected(after, "a comma or a closing parenthesis")
			}
		case comma:
			if len(values) == 0 {
				values = append(values, "")
			}
			switch p.peek().kind {
			case closed:
				p.next()
				return append(values, ""), nil
			case comma:
				p.next()
				values = append(values, "")
			default: // a value follows
			}
		default:
			return nil, unexpected(t, "a value or a comma")
		}
	}
}
