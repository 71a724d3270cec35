package controlplane

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// restartPause keeps a child that dies at once from spinning.
const restartPause = 300 * time.Millisecond

// process is one child: this binary, executed again as one of the servers.
// The zero value with its first five fields set is ready to start.
type process struct {
	name   string
	args   []string
	dir    string // working directory, HOME and TMPDIR of the child
	log    string // file its output is appended to
	logger *slog.Logger
	// keep starts the child again when it exits by itself. virt-api and
	// virt-controller do so on purpose, trusting the kubelet to bring them back.
	keep bool
	// hold makes the child wait, when its packages are initialised, until
	// release. That takes three seconds of one processor, most of it in one
	// package variable of virt-api's, so the children begin with it early.
	hold bool

	mu       sync.Mutex
	command  *exec.Cmd
	gate     *os.File // closing it lets the child go on
	quitting bool
	quit     chan struct{}
	done     chan struct{}
	exit     error // why the child ended, valid when done is closed
}

// start forks the child and returns. The goroutine it leaves behind is waited
// for by stop.
func (p *process) start() error {
	p.mu.Lock()
	p.quitting, p.exit = false, nil
	p.quit, p.done = make(chan struct{}), make(chan struct{})
	p.mu.Unlock()
	forked := make(chan error, 1)
	go p.run(forked)
	if err := <-forked; err != nil {
		<-p.done
		return fmt.Errorf("start %s: %w", p.name, err)
	}
	return nil
}

// run owns the child from fork to wait. It keeps its thread for itself because
// the kernel ties the "kill it when the parent dies" order to the forking
// thread: when the Go runtime retired that thread, the child would die too.
func (p *process) run(forked chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(p.done)
	err := p.fork()
	forked <- err
	for err == nil {
		p.exit = p.command.Wait()
		if !p.keep || !p.pause() {
			return
		}
		p.logger.Warn("child exited by itself, starting it again", "child", p.name, "exit", p.exit)
		err = p.fork()
	}
	p.exit = err
}

// pause waits before a restart; it reports false when there is to be none.
func (p *process) pause() bool {
	timer := time.NewTimer(restartPause)
	defer timer.Stop()
	select {
	case <-p.quit:
		return false
	case <-timer.C:
		return true
	}
}

var errQuitting = errors.New("being stopped")

func (p *process) fork() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.quitting {
		return errQuitting
	}
	executable, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this binary: %w", err)
	}
	output, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open the log: %w", err)
	}
	defer output.Close() // the child has its own descriptor
	command := exec.Command(executable, p.args...)
	command.Dir = p.dir
	command.Env = p.environment()
	command.Stdout, command.Stderr = output, output
	command.SysProcAttr = childAttributes()
	if p.hold {
		if err := os.Remove(p.mark()); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("remove the mark: %w", err)
		}
		entrance, gate, err := os.Pipe()
		if err != nil {
			return fmt.Errorf("make a gate: %w", err)
		}
		defer entrance.Close()
		command.Stdin, p.gate = entrance, gate
	}
	if err := command.Start(); err != nil {
		return fmt.Errorf("execute %s: %w", executable, err)
	}
	p.command = command
	return nil
}

// mark is the file a held child makes when it is initialised.
func (p *process) mark() string { return filepath.Join(p.dir, p.name+heldSuffix) }

// held returns nil when the child is initialised and waits for release.
func (p *process) held(context.Context) error {
	_, err := os.Stat(p.mark())
	return err
}

// release lets a held child, and all that follow it, start its server.
func (p *process) release() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hold = false
	if p.gate == nil {
		return nil
	}
	err := p.gate.Close()
	p.gate = nil
	return err
}

// environment is small on purpose: a KUBECONFIG or proxy of the caller must
// not lead a server of the test somewhere else.
func (p *process) environment() []string {
	return []string{
		childVariable + "=" + p.name,
		"PATH=" + os.Getenv("PATH"),
		"HOME=" + p.dir,
		"TMPDIR=" + p.dir,
		"GOGC=" + startingGC,
	}
}

// stop ends the child and waits for it: SIGTERM first when there is a grace
// period, SIGKILL after it. Stopping a child that has never been started or is
// gone is no error.
func (p *process) stop(grace time.Duration) {
	p.mu.Lock()
	if p.done == nil {
		p.mu.Unlock()
		return
	}
	if !p.quitting {
		p.quitting = true
		close(p.quit)
	}
	command := p.command
	p.mu.Unlock()
	if command == nil {
		<-p.done
		return
	}
	if grace > 0 && p.signal(command, syscall.SIGTERM) {
		timer := time.NewTimer(grace)
		defer timer.Stop()
		select {
		case <-p.done:
			return
		case <-timer.C:
		}
	}
	p.signal(command, syscall.SIGKILL) // reaches a frozen child, too
	<-p.done
	if err := p.release(); err != nil {
		p.logger.Warn("cannot close a child's gate", "child", p.name, "error", err)
	}
}

// send passes a signal to the child, if there is one.
func (p *process) send(signal syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.command != nil {
		p.signal(p.command, signal)
	}
}

func (p *process) signal(command *exec.Cmd, signal syscall.Signal) bool {
	err := command.Process.Signal(signal)
	if err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.logger.Warn("cannot signal child", "child", p.name, "signal", signal, "error", err)
	}
	return err == nil
}
