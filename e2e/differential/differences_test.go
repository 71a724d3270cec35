package differential_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// accepted is a difference that stays, and why.
type accepted struct {
	// cases and paths are patterns, in which a star is anything, with bars between alternatives.
	cases, paths string
	reason       string
}

// table is what may differ. A row that nothing needs any more is an error.
var table = [...]accepted{
	{
		cases: "*", paths: "VirtualMachineInstance.metadata.managedFields*|VirtualMachineInstance.metadata.generation",
		reason: "who writes an instance, and how often, is decided by the real one's stand-in for virt-handler",
	},
	{
		cases: "*",
		paths: "VirtualMachineInstance.status.nodeName|VirtualMachineInstance.metadata.labels.kubevirt.io/nodeName|" +
			"VirtualMachineInstance.status.selinuxContext|VirtualMachineInstance.status.machine*|VirtualMachineInstance.status.migrationMethod|" +
			"VirtualMachineInstance.status.interfaces*|VirtualMachineInstance.status.guestOSInfo*|VirtualMachineInstance.status.reason",
		reason: "what a node and its guest tell is made up on either side, and the node is drawn",
	},
	{
		cases: "*",
		paths: "VirtualMachineInstance.status.activePods*|VirtualMachineInstance.status.qosClass|VirtualMachineInstance.status.migrationTransport|" +
			"VirtualMachineInstance.status.memory.memoryOverhead|VirtualMachineInstance.status.launcherContainerImageVersion|" +
			"VirtualMachineInstance.status.virtualMachineRevisionName|VirtualMachineInstance.metadata.annotations.kubevirt.io/nonroot",
		reason: "the simulator has no pods and no controller revisions",
	},
	{
		cases: "*", paths: "VirtualMachineInstance.status.phaseTransitionTimestamps*",
		reason: "the simulator has no moment before a pod is there, and none between pod and guest where the guest fails at once",
	},
	{
		cases: "*: GET {vmi}/guestosinfo|*: GET {vmi}/userlist|*: GET {vmi}/filesystemlist", paths: "object.*",
		reason: "what a guest's agent tells is made up on either side",
	},
	{
		cases: "*-paused: GET {vmi}/*", paths: "code|type",
		reason: "whether the agent of a paused guest answers is virt-handler's word; its stand-in lets it, the simulator does not",
	},
	{
		cases: "*", paths: "*.status.conditions[AgentConnected]*",
		reason: "the same of a guest that is paused or has ended",
	},
	{
		cases: "*", paths: "*.message",
		reason: "texts for people, in conditions that knobs make true",
	},
	{
		cases: "*", paths: "VirtualMachineInstanceMigration.*|VirtualMachineInstance.status.migrationState*|*/migrationTargetNodeName",
		reason: "a migration under way is told of by pods, ports and limits that the simulator does not have",
	},
	{
		cases: "other: POST {VMIS}*", paths: "*",
		reason: "the simulator runs no instance without a VirtualMachine, and says so",
	},
	{
		cases: "other: GET /version|other: GET */healthz", paths: "object.*",
		reason: "of which build a server is",
	},
	{
		cases: "other: GET */kubevirts", paths: "KubeVirtList.*",
		reason: "either side furnishes its own, by other hands than virt-operator's",
	},
	{
		cases: "other: *", paths: "Namespace.metadata.managedFields*|SelfSubjectAccessReview.metadata*",
		reason: "the simulator does not track who owns the fields of Kubernetes' own types",
	},
}

// Bounds of the whole.
const (
	leastRequests = 300
	mostRows      = 14
)

// record counts what was compared and which rows were needed.
type record struct {
	mu       sync.Mutex
	requests int
	needed   [len(table)]bool
}

// agree says whether two answers differ in nothing but what rows of the table tell.
func (r *record) agree(name string, c call, real, simulated answer) bool {
	left, _ := sift(name, c, real, simulated)
	return len(left) == 0
}

// check compares two answers and reports what differs and is in no row.
func (r *record) check(t *testing.T, name string, c call, real, simulated answer) {
	t.Helper()
	left, rows := sift(name, c, real, simulated)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests++
	for _, n := range rows {
		r.needed[n] = true
	}
	if len(left) > 0 {
		t.Errorf("%s: %s %s %s\n  %s\nreal %d %s\nsimulated %d %s", name, c.method, c.path, c.body, strings.Join(left, "\n  "),
			real.code, cut(real.body), simulated.code, cut(simulated.body))
	}
}

// sift returns the differences that no row tells, and the rows that tell the others.
func sift(name string, c call, real, simulated answer) (left []string, rows []int) {
	name += ": " + c.method + " " + c.path
	for _, d := range differences(real, simulated) {
		row := slices.IndexFunc(table[:], func(row accepted) bool { return matches(row.cases, name) && matches(row.paths, d.path) })
		if row < 0 {
			left = append(left, d.String())
			continue
		}
		rows = append(rows, row)
	}
	return left, rows
}

func cut(body []byte) string {
	const enough = 400
	return string(body[:min(len(body), enough)])
}

func matches(pattern, text string) bool {
	for one := range strings.SplitSeq(pattern, "|") {
		quoted := strings.ReplaceAll(regexp.QuoteMeta(one), `\*`, ".*")
		if regexp.MustCompile("^" + quoted + "$").MatchString(text) {
			return true
		}
	}
	return false
}

// finish holds the whole to its bounds.
func (r *record) finish(t *testing.T) {
	t.Helper()
	summary := fmt.Sprintf("%d requests compared, %d rows of accepted differences", r.requests, len(table))
	t.Log(summary)
	if err := os.WriteFile(filepath.Join(t.ArtifactDir(), "differential.txt"), []byte(summary+"\n"), 0o600); err != nil {
		t.Error(err)
	}
	if r.requests < leastRequests {
		t.Errorf("%d requests compared, want at least %d", r.requests, leastRequests)
	}
	if len(table) > mostRows {
		t.Errorf("%d rows, want at most %d", len(table), mostRows)
	}
	for n, row := range table {
		if !r.needed[n] {
			t.Errorf("nothing differs any more: %s, %s (%s)", row.cases, row.paths, row.reason)
		}
	}
}
