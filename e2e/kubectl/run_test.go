package kubectl

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim"
)

// site is a simulated cluster on the loopback address, and the files by which kubectl finds it.
type site struct {
	*kubevirtsim.Server
	home, kubeconfig string
}

// newSite starts a cluster, with TLS and so with HTTP/2 if secure.
func newSite(t *testing.T, secure bool) *site {
	t.Helper()
	sim, err := kubevirtsim.New(kubevirtsim.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sim.Close)
	var config *tls.Config
	cluster := map[string]any{}
	if secure {
		var authority []byte
		config, authority = certificate(t)
		cluster["certificate-authority-data"] = authority
	}
	if cluster["server"], err = sim.Start(config); err != nil {
		t.Fatal(err)
	}
	s := &site{Server: sim, home: t.TempDir()}
	s.kubeconfig = s.write(t, "kubeconfig", map[string]any{
		"apiVersion": "v1", "kind": "Config", "current-context": "sim",
		"clusters": []any{map[string]any{"name": "sim", "cluster": cluster}},
		"users":    []any{map[string]any{"name": "admin", "user": map[string]any{"token": "anything"}}},
		"contexts": []any{map[string]any{"name": "sim", "context": map[string]any{"cluster": "sim", "user": "admin"}}},
	})
	return s
}

// certificate is one for the loopback address, and what a client has to trust for it.
func certificate(t *testing.T) (config *tls.Config, authority []byte) {
	t.Helper()
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	config = &tls.Config{Certificates: server.TLS.Certificates, MinVersion: tls.VersionTLS12}
	return config, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
}

// write makes a file of a value, as JSON, which is YAML.
func (s *site) write(t *testing.T, name string, content any) string {
	t.Helper()
	data, err := json.Marshal(content)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(s.home, name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// vm writes the manifest of a VM.
func (s *site) vm(t *testing.T, name, memory string) string {
	t.Helper()
	return s.write(t, name+"-"+memory+".json", map[string]any{
		"apiVersion": "kubevirt.io/v1", "kind": "VirtualMachine", "metadata": map[string]any{"name": name, "labels": map[string]any{"app": name}},
		"spec": map[string]any{"runStrategy": "Always", "template": map[string]any{"spec": map[string]any{
			"domain": map[string]any{
				"memory":  map[string]any{"guest": memory},
				"devices": map[string]any{"disks": []any{map[string]any{"name": "root", "disk": map[string]any{"bus": "virtio"}}}},
			},
			"volumes": []any{map[string]any{"name": "root", "containerDisk": map[string]any{"image": "registry.example/disk:1"}}},
		}}},
	})
}

// patience is how long a kubectl may live. It ends only one that waits for what does not come.
const patience = 2 * time.Minute

// command is kubectl with its arguments: its own process, which ends with the test, and which knows nothing of this one's
// environment.
func (s *site) command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	command := exec.CommandContext(ctx, self, args...)
	command.Args[0] = "kubectl"
	command.Dir = s.home
	command.Env = []string{asKubectl + "=yes", "KUBECONFIG=" + s.kubeconfig, "HOME=" + s.home, "TMPDIR=" + s.home}
	return command
}

// result is what became of kubectl.
type result struct {
	Out, Err string
	Code     int
}

func (s *site) try(t *testing.T, args ...string) result {
	t.Helper()
	command := s.command(t, args...)
	var out, complaint bytes.Buffer
	command.Stdout, command.Stderr = &out, &complaint
	err := command.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatalf("kubectl %s: %v", strings.Join(args, " "), err)
	}
	return result{Out: out.String(), Err: complaint.String(), Code: command.ProcessState.ExitCode()}
}

// run is a kubectl that must succeed and complain about nothing; it gives back what it printed.
func (s *site) run(t *testing.T, args ...string) string {
	t.Helper()
	got := s.try(t, args...)
	if got.Code != 0 || got.Err != "" {
		t.Fatalf("kubectl %s: exit code %d\n%s%s", strings.Join(args, " "), got.Code, got.Out, got.Err)
	}
	return got.Out
}

// prints holds what kubectl prints against what it has to.
func (s *site) prints(t *testing.T, want string, args ...string) {
	t.Helper()
	if diff := cmp.Diff(want, s.run(t, args...)); diff != "" {
		t.Errorf("kubectl %s prints (-want +got):\n%s", strings.Join(args, " "), diff)
	}
}

var age = regexp.MustCompile(`^([0-9]+[smh])+$`)

// cells are the words of the lines of a table, with AGE for how old something is.
func cells(table string) []string {
	var lines []string
	for line := range strings.Lines(table) {
		words := strings.Fields(line)
		for i, word := range words {
			if age.MatchString(word) {
				words[i] = "AGE"
			}
		}
		lines = append(lines, strings.Join(words, " "))
	}
	return lines
}

// shows holds the table that kubectl prints against the one that it has to.
func (s *site) shows(t *testing.T, want []string, args ...string) {
	t.Helper()
	if diff := cmp.Diff(want, cells(s.run(t, args...))); diff != "" {
		t.Errorf("kubectl %s shows (-want +got):\n%s", strings.Join(args, " "), diff)
	}
}

// refuses is a kubectl that must fail, with this as the first line of its complaint.
func (s *site) refuses(t *testing.T, want string, args ...string) {
	t.Helper()
	got := s.try(t, args...)
	line, _, _ := strings.Cut(got.Err, "\n")
	if diff := cmp.Diff(result{Err: want, Code: 1}, result{Err: line, Code: got.Code, Out: got.Out}); diff != "" {
		t.Errorf("kubectl %s is refused (-want +got):\n%s", strings.Join(args, " "), diff)
	}
}
