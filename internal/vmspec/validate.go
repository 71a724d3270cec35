package vmspec

import (
	"slices"
	"strconv"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/names"
)

// Options say for which place a spec is checked. The zero value checks what holds in every place.
type Options struct {
	// Namespace is that of the call; a manifest that names another is refused. Empty is not compared.
	Namespace string
	// LabelPrefix is the prefix of the identity labels; empty is [domain.DefaultLabelPrefix].
	LabelPrefix string
}

// Validate returns every field of the spec that is wrong, in the order of the fields of [domain.VMSpec], and nil when
// there is none. It does not change the spec. It is [ValidateFor] without a place.
func Validate(spec domain.VMSpec) []domain.FieldError { return ValidateFor(Options{}, spec) }

// ValidateFor is Validate for a namespace and a label prefix.
func ValidateFor(opts Options, spec domain.VMSpec) []domain.FieldError {
	c := &checker{}
	manifest := c.manifest(spec.Manifest)
	c.report(names.VMNew("name", spec.Name))
	c.metadata(opts, spec)
	c.runStrategy(spec, manifest)
	c.compute(spec, manifest)
	c.disks(spec)
	c.networks(spec.Networks)
	c.cloudInit(spec)
	c.errs = append(c.errs, names.Labels("nodeSelector", spec.NodeSelector)...)
	c.tolerations(spec.Tolerations)
	c.manifestIdentity(opts, spec, manifest)
	return c.errs
}

// RunStrategy is the run strategy a spec asks for: its own, else that of its manifest, where the legacy field running
// stands for Always and Halted. It is empty when neither says one.
func RunStrategy(spec domain.VMSpec) domain.RunStrategy {
	if spec.RunStrategy != "" {
		return spec.RunStrategy
	}
	manifest, _ := ParseManifest(spec.Manifest)
	return manifestRunStrategy(manifest)
}

// checker collects field errors.
type checker struct{ errs []domain.FieldError }

func (c *checker) add(field, reason, detail string) {
	c.errs = append(c.errs, domain.FieldError{Field: field, Reason: reason, Detail: detail})
}

func (c *checker) report(e *domain.FieldError) {
	if e != nil {
		c.errs = append(c.errs, *e)
	}
}

// oneOf refuses a value that is not listed; an empty one is the default and good.
func (c *checker) oneOf(field, value string, known ...string) {
	if value != "" && !slices.Contains(known, value) {
		c.add(field, domain.FieldNotSupported, "")
	}
}

// at is the path of a field of a list element.
func at(list string, n int, field string) string {
	return list + "[" + strconv.Itoa(n) + "]." + field
}

func (c *checker) runStrategy(spec domain.VMSpec, manifest object) {
	strategy := spec.RunStrategy
	field := "runStrategy"
	if strategy == "" {
		strategy = manifestRunStrategy(manifest)
		if strategy != "" {
			field = "manifest.spec.runStrategy"
		}
	}
	switch {
	case strategy == "":
		c.add(field, domain.FieldRequired, "here or in the manifest")
	case !slices.Contains(domain.RunStrategies(), strategy):
		c.add(field, domain.FieldNotSupported, "")
	}
	asked := child(manifest, "spec")
	_, running := asked["running"]
	if _, both := asked["runStrategy"]; running && (both || spec.RunStrategy != "") {
		c.add("manifest.spec.running", domain.FieldContradicts, "beside a run strategy")
	}
	if own, ok := asked["runStrategy"].(string); ok && spec.RunStrategy != "" && own != string(spec.RunStrategy) {
		c.add("manifest.spec.runStrategy", domain.FieldContradicts, "with runStrategy")
	}
}
