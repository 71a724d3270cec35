package mapper_test

import (
	"strings"
	"testing"

	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/kv-shepherd/shepherd-go/internal/names"
)

// FuzzNames holds the hand-written rules of internal/names, which may import no Kubernetes module, against those of
// Kubernetes.
func FuzzNames(f *testing.F) {
	for _, seed := range []string{"", "a", "A", "a-b", "-a", "a-", "a.b", "a..b", ".a", "a.", "a/b", "A.b/c", "a/b/c", "/a", "a/",
		"a_b", "a b", "a\n", "ä", "\x00", "\xff", strings.Repeat("a", 63), strings.Repeat("a", 64), strings.Repeat("a", 253),
		strings.Repeat("a", 254), strings.Repeat("a", 253) + "/" + strings.Repeat("b", 63), "İ/a", "K8s.io/a"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for rule, pair := range map[string][2]bool{
			"label":       {names.IsLabel(s), len(validation.IsDNS1123Label(s)) == 0},
			"subdomain":   {names.IsSubdomain(s), len(validation.IsDNS1123Subdomain(s)) == 0},
			"label key":   {names.IsLabelKey(s), len(validation.IsQualifiedName(s)) == 0},
			"label value": {names.IsLabelValue(s), len(validation.IsValidLabelValue(s)) == 0},
			"annotation": {names.IsAnnotationKey(s),
				len(apivalidation.ValidateAnnotations(map[string]string{s: ""}, field.NewPath("a"))) == 0},
		} {
			if pair[0] != pair[1] {
				t.Errorf("%s %q: ours %v, Kubernetes' %v", rule, s, pair[0], pair[1])
			}
		}
	})
}
