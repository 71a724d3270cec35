package kubevirtsim

import (
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim/internal/rest"
)

// The columns that kubectl shows: additionalPrinterColumns of KubeVirt's CRDs (crds.go of v1.9.0), and Kubernetes' own
// (pkg/printers/internalversion of v1.34).

var ageColumn = rest.Column{
	TableColumnDefinition: metav1.TableColumnDefinition{Name: "Age", Type: "date", Description: describe(".metadata.creationTimestamp")},
	Value: func(u *unstructured.Unstructured) any {
		return duration.HumanDuration(time.Since(u.GetCreationTimestamp().Time))
	},
}

// describe is what a column is said to be whose CRD says nothing of it (apiextensions-apiserver v0.34
// registry/customresource/tableconvertor).
func describe(jsonPath string) string {
	return "Custom resource definition column (in JSONPath format): " + jsonPath
}

// textColumn shows a field that is a string.
func textColumn(name string, path ...string) rest.Column {
	return rest.Column{
		TableColumnDefinition: metav1.TableColumnDefinition{Name: name, Type: "string", Description: describe("." + strings.Join(path, "."))},
		Value: func(u *unstructured.Unstructured) any {
			text, found, err := unstructured.NestedString(u.Object, path...)
			if !found || err != nil {
				return nil
			}
			return text
		},
	}
}

// conditionColumn shows the status of a condition.
func conditionColumn(kind string, priority int32) rest.Column {
	return rest.Column{
		TableColumnDefinition: metav1.TableColumnDefinition{
			Name: kind, Type: "string", Priority: priority, Description: describe(".status.conditions[?(@.type=='" + kind + "')].status"),
		},
		Value: func(u *unstructured.Unstructured) any {
			conditions, _, err := unstructured.NestedSlice(u.Object, "status", "conditions")
			if err != nil {
				return nil
			}
			for _, c := range conditions {
				if c, ok := c.(map[string]any); ok && c["type"] == kind {
					return c["status"]
				}
			}
			return nil
		},
	}
}

// described is a column of which its CRD says something.
func described(text string, column rest.Column) rest.Column {
	column.Description = text
	return column
}

func named(name string, column rest.Column) rest.Column {
	column.Name = name
	return column
}

// ipColumn shows the address of an instance's first interface.
var ipColumn = rest.Column{
	TableColumnDefinition: metav1.TableColumnDefinition{Name: "IP", Type: "string", Description: describe(".status.interfaces[0].ipAddress")},
	Value: func(u *unstructured.Unstructured) any {
		interfaces, _, err := unstructured.NestedSlice(u.Object, "status", "interfaces")
		if err != nil || len(interfaces) == 0 {
			return nil
		}
		first, _ := interfaces[0].(map[string]any)
		return first["ipAddress"]
	},
}

// createdColumn is what is shown of resources for which Kubernetes has no columns.
var createdColumn = rest.Column{
	TableColumnDefinition: metav1.TableColumnDefinition{Name: "Created At", Type: "date"},
	Value:                 func(u *unstructured.Unstructured) any { return u.GetCreationTimestamp().UTC().Format(time.RFC3339) },
}

// nodeColumns are those of a node but for the wide ones, of which the simulator's nodes know nothing.
var nodeColumns = []rest.Column{
	{TableColumnDefinition: metav1.TableColumnDefinition{Name: "Status", Type: "string"}, Value: nodeStatus},
	{TableColumnDefinition: metav1.TableColumnDefinition{Name: "Roles", Type: "string"}, Value: nodeRoles},
	ageColumn,
	textColumn("Version", "status", "nodeInfo", "kubeletVersion"),
}

func nodeStatus(u *unstructured.Unstructured) any {
	var status string
	switch conditionColumn(string(corev1.NodeReady), 0).Value(u) {
	case "True":
		status = "Ready"
	case nil:
		status = "Unknown"
	default:
		status = "NotReady"
	}
	if cordoned, _, _ := unstructured.NestedBool(u.Object, "spec", "unschedulable"); cordoned {
		status += ",SchedulingDisabled"
	}
	return status
}

func nodeRoles(u *unstructured.Unstructured) any {
	var roles []string
	for key, value := range u.GetLabels() {
		switch role, ok := strings.CutPrefix(key, "node-role.kubernetes.io/"); {
		case ok && role != "":
			roles = append(roles, role)
		case key == "kubernetes.io/role" && value != "":
			roles = append(roles, value)
		}
	}
	if roles == nil {
		return "<none>"
	}
	slices.Sort(roles)
	return strings.Join(slices.Compact(roles), ",")
}
