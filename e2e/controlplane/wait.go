package controlplane

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// until calls check every 25 ms until it returns nil, the child is gone, or
// ctx ends. The error then tells what was missing and how the child's log ends.
func (p *process) until(ctx context.Context, what string, check func(context.Context) error) error {
	ticker := time.NewTicker(25 * time.Millisecond)
	defer ticker.Stop()
	for {
		err := check(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.done:
			return fmt.Errorf("%s exited before %s: %w%s", p.name, what, errors.Join(p.exit, err), p.tail())
		case <-ctx.Done():
			return fmt.Errorf("%s: waiting until %s: %w: last answer: %w%s", p.name, what, context.Cause(ctx), err, p.tail())
		case <-ticker.C:
		}
	}
}

// tail is the end of the child's log for an error message.
func (p *process) tail() string {
	const size = 2000
	text, err := os.ReadFile(p.log)
	if err != nil {
		return ""
	}
	if len(text) > size {
		text = text[len(text)-size:]
	}
	return fmt.Sprintf("\n--- end of %s\n%s", filepath.Base(p.log), text)
}
