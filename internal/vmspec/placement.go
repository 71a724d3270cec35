package vmspec

import (
	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/names"
)

// tolerations checks what Kubernetes checks of a pod's tolerations (k8s.io/kubernetes pkg/apis/core/validation).
func (c *checker) tolerations(tolerations []domain.Toleration) {
	for n, t := range tolerations {
		field := func(name string) string { return at("tolerations", n, name) }
		c.oneOf(field("operator"), t.Operator, "Equal", "Exists")
		c.oneOf(field("effect"), t.Effect, "NoSchedule", "PreferNoSchedule", "NoExecute")
		switch {
		case t.Key == "" && t.Operator != "Exists":
			c.add(field("operator"), domain.FieldInvalid, "Exists when there is no key")
		case t.Key != "" && !names.IsLabelKey(t.Key):
			c.add(field("key"), domain.FieldInvalid, "not a label key")
		}
		if t.Operator == "Exists" && t.Value != "" {
			c.add(field("value"), domain.FieldContradicts, "with operator Exists")
		} else {
			c.report(names.LabelValue(field("value"), t.Value))
		}
		if t.Seconds != nil && t.Effect != "NoExecute" {
			c.add(field("seconds"), domain.FieldContradicts, "only with effect NoExecute")
		}
	}
}
