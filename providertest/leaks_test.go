package providertest

import (
	"strings"
	"sync"
	"testing"
)

// TestBrand: goroutines are found again, and those that they start, and no others.
func TestBrand(t *testing.T) {
	mine, other := newBrand(), newBrand()
	var wait sync.WaitGroup
	release := make(chan struct{})
	started := make(chan struct{})
	block := func() {
		started <- struct{}{}
		<-release
	}
	mine.on(t.Context(), func() {
		wait.Go(func() {
			wait.Go(block)
			block()
		})
	})
	other.on(t.Context(), func() { wait.Go(block) })
	wait.Go(block)
	for range 4 {
		<-started
	}
	n, stacks := mine.left()
	if n != 2 || !strings.Contains(stacks, "TestBrand") {
		t.Errorf("%d goroutines have the brand, want 2:\n%s", n, stacks)
	}
	close(release)
	wait.Wait()
	for n, _ = mine.left(); n > 0; n, _ = mine.left() { // each ends a little after it is done
	}
}
