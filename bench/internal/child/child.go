// Package child runs roles of this program as processes of their own.
package child

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
)

// Role is one of the parts that the program can be run as. It gets its orders as JSON, writes its answer as JSON, and may
// go on until its standard input ends.
type Role func(ctx context.Context, orders []byte, answer *json.Encoder) error

// Main runs the role that the process was started for; ok is false when it was started for none.
func Main(ctx context.Context, roles map[string]Role) (ok bool, err error) {
	const arguments = 3 // the program, "role", its name
	if len(os.Args) != arguments || os.Args[1] != "role" {
		return false, nil
	}
	role := roles[os.Args[2]]
	if role == nil {
		return true, fmt.Errorf("no role %q", os.Args[2])
	}
	var orders json.RawMessage
	if err := json.NewDecoder(os.Stdin).Decode(&orders); err != nil {
		return true, err
	}
	return true, role(ctx, orders, json.NewEncoder(os.Stdout))
}

// UntilParentGone waits until the process that started this one closes its standard input, or ends.
func UntilParentGone() { _, _ = io.Copy(io.Discard, os.Stdin) }

// Process is a role that runs.
type Process struct {
	command *exec.Cmd
	input   io.WriteCloser
	output  *json.Decoder
	errors  bytes.Buffer
}

// Start starts a role. Environment is added to that of this process.
func Start(ctx context.Context, role string, orders any, environment ...string) (*Process, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &Process{command: exec.CommandContext(ctx, program, "role", role)}
	p.command.Env = append(os.Environ(), environment...)
	p.command.Stderr = &p.errors
	if p.input, err = p.command.StdinPipe(); err != nil {
		return nil, err
	}
	output, err := p.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.output = json.NewDecoder(output)
	if err := p.command.Start(); err != nil {
		return nil, err
	}
	if err := json.NewEncoder(p.input).Encode(orders); err != nil {
		return nil, p.Stop()
	}
	return p, nil
}

// Answer reads the next answer of the role.
func (p *Process) Answer(into any) error {
	if err := p.output.Decode(into); err != nil {
		return fmt.Errorf("no answer: %w\n%s", err, p.errors.String())
	}
	return nil
}

// Stop tells the role to end, and waits for it.
func (p *Process) Stop() error {
	_ = p.input.Close() // which is what tells it
	if err := p.command.Wait(); err != nil {
		return fmt.Errorf("%w\n%s", err, p.errors.String())
	}
	return nil
}
