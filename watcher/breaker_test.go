package watcher

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// breakerModel is what the breaker is to be, in the fewest words.
type breakerModel struct {
	inARow   int
	open     bool
	halfOpen bool
	opened   time.Time
}

func (m *breakerModel) allow(now time.Time) bool {
	if m.open && now.Sub(m.opened) > time.Minute {
		m.open, m.halfOpen = false, true
	}
	return !m.open
}

func (m *breakerModel) done(kind byte, now time.Time) {
	switch kind {
	case 'S':
		m.inARow, m.halfOpen = 0, false
	case 'F':
		if m.inARow++; m.inARow == 5 || m.halfOpen {
			m.inARow, m.open, m.halfOpen, m.opened = 0, true, false, now
		}
	}
}

var (
	aFailure  error = down
	aNothing  error = excluded{gone}
	canceled  error = context.Canceled
	outcomeOf       = map[byte]error{'F': aFailure, 'X': aNothing, 'C': canceled, 'S': nil}
)

// word runs a word of F, X, C (canceled) and S, a dot is a minute and a bit. It returns what became of each: "-" is not
// allowed, "o" opened, "?" is the one probe, "." is an ordinary try.
func word(b *breaker, letters string) string {
	var did []byte
	for n := range len(letters) {
		if letters[n] == '.' {
			time.Sleep(67 * time.Second)
			continue
		}
		a := b.allow(time.Now())
		if a == nil {
			did = append(did, '-')
			continue
		}
		_, opened := a.done(outcomeOf[letters[n]])
		switch {
		case opened:
			did = append(did, 'o')
		case a.probe:
			did = append(did, '?')
		default:
			did = append(did, '.')
		}
	}
	return string(did)
}

func TestBreakerWords(t *testing.T) {
	cases := map[string]struct{ why, letters, want string }{
		"fifth":           {"it opens on the fifth failure, not on the fourth and not on the sixth", "FFFFFF", "....o-"},
		"excluded":        {"what is excluded neither resets nor adds", "FFFF" + strings.Repeat("X", 100) + "F", strings.Repeat(".", 104) + "o"},
		"canceled":        {"nor does what was canceled", "FFFFCF", ".....o"},
		"success":         {"a success begins the run anew", "FFFFSFFFFSFFFFF", "..............o"},
		"probe":           {"after the open time one request passes, and closes it", "FFFFF.SF", "....o?."},
		"probe fails":     {"or opens it again at once", "FFFFF.F-", "....oo-"},
		"probe says none": {"an excluded probe leaves it half open, and the next one may pass at once", "FFFFF.XXXS", "....o????"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBreaker(time.Minute, func() float64 { return 0.5 })
				if got := word(b, c.letters); got != c.want {
					t.Errorf("%s: %s did %s, want %s", c.why, c.letters, got, c.want)
				}
			})
		})
	}
}

// TestBreakerModel runs a thousand random lives of a breaker against the model.
func TestBreakerModel(t *testing.T) {
	for seed := range uint64(1000) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 6))
			b, m := newBreaker(time.Minute, random.Float64), &breakerModel{}
			var life []byte
			for range 60 {
				time.Sleep(time.Duration(random.IntN(40)) * time.Second * time.Duration(random.IntN(2)))
				kind := "FFFFXCS"[random.IntN(7)]
				life = append(life, kind)
				may := m.allow(time.Now())
				a := b.allow(time.Now())
				if (a != nil) != may {
					t.Fatalf("seed %d: after %s allowed %v, want %v", seed, life, a != nil, may)
				}
				if a == nil {
					if left := time.Until(b.until); left <= 0 || left > 67*time.Second {
						t.Fatalf("seed %d: after %s asked again in %v", seed, life, left)
					}
					continue
				}
				if a.probe != m.halfOpen {
					t.Fatalf("seed %d: after %s a probe %v, want %v", seed, life, a.probe, m.halfOpen)
				}
				m.done(kind, time.Now())
				if _, opened := a.done(outcomeOf[kind]); opened != m.open {
					t.Fatalf("seed %d: after %s opened %v, want %v", seed, life, opened, m.open)
				}
			}
		})
	}
}

// TestSettledOnce holds that a try counts once, and that one that was never settled cannot be: Run settles every one.
func TestSettledOnce(t *testing.T) {
	b := newBreaker(time.Minute, rand.Float64)
	a := b.allow(time.Now())
	first, _ := a.done(nil)
	for n := range 10 {
		if again, opened := a.done(aFailure); again || opened {
			t.Errorf("settled again, %s", fmt.Sprint(n))
		}
	}
	if got := b.two.Counts(); !first || got.TotalFailures != 0 || got.TotalSuccesses != 1 {
		t.Errorf("counted %+v", got)
	}
}
