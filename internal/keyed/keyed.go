// Package keyed gathers things that have keys, most of which come once and in order: a plain slice is nearly always
// enough.
package keyed

// Set holds one value per key, in no order.
type Set[T any] struct {
	// Key returns the key of a value.
	Key func(T) string

	values []T
	index  map[string]int // by key, made when it is first needed
}

// Values returns what there is. The slice is the set's.
func (s *Set[T]) Values() []T { return s.values }

// Fill makes the values those of a slice, whose keys differ, and keeps it.
func (s *Set[T]) Fill(values []T) { s.values, s.index = values, nil }

// Append adds a value of a new key. It is for those who know: it does not look.
func (s *Set[T]) Append(value T) {
	if s.index != nil {
		s.index[s.Key(value)] = len(s.values)
	}
	s.values = append(s.values, value)
}

// Put adds a value, or takes the place of the one that has its key.
func (s *Set[T]) Put(value T) {
	if at, there := s.find(s.Key(value)); there {
		s.values[at] = value
		return
	}
	s.Append(value)
}

// Remove takes out the value of a key, if there is one, and returns it.
func (s *Set[T]) Remove(key string) (value T, there bool) {
	at, there := s.find(key)
	if !there {
		return value, false
	}
	value = s.values[at]
	last := len(s.values) - 1
	delete(s.index, key)
	if at != last {
		s.values[at] = s.values[last]
		s.index[s.Key(s.values[at])] = at
	}
	var none T
	s.values[last] = none
	s.values = s.values[:last]
	return value, true
}

func (s *Set[T]) find(key string) (at int, there bool) {
	if s.index == nil {
		s.index = make(map[string]int, len(s.values))
		for at, value := range s.values {
			s.index[s.Key(value)] = at
		}
	}
	at, there = s.index[key]
	return at, there
}
