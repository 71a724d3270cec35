package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/kv-shepherd/shepherd-go/e2e/controlplane"
	"github.com/kv-shepherd/shepherd-go/e2e/harness"
)

// mainVariable makes the test binary behave as the program.
const mainVariable = "E2E_RUN_MAIN"

func TestMain(m *testing.M) {
	controlplane.RunChild()
	if os.Getenv(mainVariable) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// TestProgram starts the program, uses its kubeconfig, and asks it to stop.
func TestProgram(t *testing.T) {
	file, temp := filepath.Join(t.TempDir(), "kubeconfig"), t.TempDir()
	program, output := start(t, temp, "-kubeconfig-out", file, "-nodes", "1")
	harness.Eventually(t, 3*time.Minute, func() error {
		info, err := os.Stat(file)
		if err == nil && info.Mode().Perm() != 0o600 {
			t.Errorf("mode of the kubeconfig is %v", info.Mode())
		}
		return err
	})
	config, err := clientcmd.BuildConfigFromFlags("", file)
	if err != nil {
		t.Fatal(err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	if version, err := client.Discovery().ServerVersion(); err != nil || version.GitVersion != controlplane.KubernetesVersion {
		t.Errorf("version %v, %v", version, err)
	}
	if err := program.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := wait(program, 10*time.Second); err != nil {
		t.Errorf("exit: %v\n%s", err, output)
	}
	if !strings.HasPrefix(output.String(), "control plane ready: ") || strings.Count(output.String(), "\n") != 1 {
		t.Errorf("output %q", output)
	}
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the kubeconfig is still there: %v", err)
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("left in the temporary directory: %v, %v", left, err)
	}
}

// TestKilled kills the program, which can then do nothing about its children.
func TestKilled(t *testing.T) {
	if _, err := os.Stat("/proc/self/task"); err != nil {
		t.Skip("only Linux kills children with their parent")
	}
	program, _ := start(t, t.TempDir(), "-kubeconfig-out", filepath.Join(t.TempDir(), "kubeconfig"))
	var children []string
	harness.Eventually(t, time.Minute, func() error {
		if children = childrenOf(program.Process.Pid); len(children) == 0 {
			return errors.New("no children yet")
		}
		return nil
	})
	if err := program.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := wait(program, 10*time.Second); err == nil {
		t.Error("killed, but exited with 0")
	}
	harness.Eventually(t, 10*time.Second, func() error {
		for _, child := range children {
			// A dead process that nobody has waited for yet is a zombie.
			status, err := os.ReadFile("/proc/" + child + "/stat")
			if err == nil && !strings.Contains(string(status), ") Z ") {
				return errors.New("child " + child + " lives on")
			}
		}
		return nil
	})
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{nil, {"-nodes", "1"}, {"-kubeconfig-out", "x", "y"}, {"-nonsense"}} {
		if _, err := parse(args); err == nil {
			t.Errorf("arguments %q are accepted", args)
		}
	}
}

func start(t *testing.T, temp string, args ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	output := new(bytes.Buffer)
	program := exec.Command(executable, args...)
	program.Env = append(os.Environ(), mainVariable+"=1", "TMPDIR="+temp)
	program.Stdout = output
	program.Stderr = t.Output()
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// No error when it has ended, as it should have.
		_ = program.Process.Kill()
	})
	return program, output
}

// wait returns how the program exits, or kills it.
func wait(program *exec.Cmd, timeout time.Duration) error {
	timer := time.AfterFunc(timeout, func() { _ = program.Process.Kill() })
	defer timer.Stop()
	return program.Wait()
}

func childrenOf(pid int) []string {
	lists, err := filepath.Glob(filepath.Join("/proc", strconv.Itoa(pid), "task/*/children"))
	if err != nil {
		return nil
	}
	var all []string
	for _, list := range lists {
		if text, err := os.ReadFile(list); err == nil {
			all = append(all, strings.Fields(string(text))...)
		}
	}
	return all
}
