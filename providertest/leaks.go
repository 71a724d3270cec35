package providertest

import (
	"bytes"
	"context"
	"crypto/rand"
	"regexp"
	"runtime/pprof"
	"strconv"
	"strings"
	"time"
)

// brand marks goroutines by a profiler label, which those they start inherit: so a check finds what its calls have left
// behind among the goroutines of checks that run at the same time.
type brand string

func newBrand() brand { return brand(rand.Text()) }

// on runs f with the brand.
func (b brand) on(ctx context.Context, f func()) {
	pprof.Do(ctx, pprof.Labels("providertest", string(b)), func(context.Context) { f() })
}

// left counts the goroutines that have the brand, and tells what they do.
func (b brand) left() (n int, stacks string) {
	var profile bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&profile, 1); err != nil {
		return 0, "" // a buffer takes everything
	}
	var found []string
	// One paragraph for all goroutines that are alike: "2 @" and addresses, then the labels, then the stack.
	for alike := range strings.SplitSeq(profile.String(), "\n\n") {
		if !strings.Contains(alike, `"`+string(b)+`"`) {
			continue
		}
		count, _ := strconv.Atoi(numberOfAlike.FindStringSubmatch(alike)[1])
		n += count
		found = append(found, alike)
	}
	return n, strings.Join(found, "\n\n")
}

var numberOfAlike = regexp.MustCompile(`(?m)^(\d+) @`)

// leavesAtMost waits until no more than a few goroutines of the brand are left.
func (e *env) leavesAtMost(few int, b brand, what string) {
	deadline := time.Now().Add(e.h.settle())
	for pause := 4 * e.h.interval(); ; pause *= 2 {
		n, stacks := b.left()
		if n <= few {
			return
		}
		if time.Now().After(deadline) {
			e.Fatalf("%s: %d goroutines are left, want at most %d:\n%s", what, n, few, stacks)
		}
		e.sleep(pause)
	}
}
