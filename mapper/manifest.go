package mapper

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"

	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/vmspec"
)

// ManifestFromYAML turns a YAML manifest of one VirtualMachine into the JSON that [domain.VMSpec] takes. JSON is YAML
// and taken too. It refuses, with INVALID_SPEC: more than 1 MiB, more than one document, a key that stands twice, and
// any other kind. The error repeats nothing of the manifest, which may hold secrets.
func ManifestFromYAML(manifest []byte) (json.RawMessage, error) {
	if len(manifest) > vmspec.MaxManifest {
		return nil, invalidManifest(domain.FieldTooLong, "more than 1 MiB")
	}
	document, err := onlyDocument(manifest)
	if err != nil {
		return nil, err
	}
	out, err := yaml.YAMLToJSONStrict(document)
	if err != nil {
		return nil, invalidManifest(domain.FieldInvalid, "not YAML, or a key stands twice")
	}
	m, errs := vmspec.ParseManifest(out)
	if err := domain.Invalid(errs...); err != nil {
		return nil, err
	}
	if m["kind"] != vmspec.ManifestKind {
		return nil, domain.Invalid(domain.FieldError{
			Field: "manifest.kind", Reason: domain.FieldRequired, Detail: vmspec.ManifestKind})
	}
	return out, nil
}

// onlyDocument takes the one document out of a YAML stream. Empty ones, before a leading "---" say, do not count.
func onlyDocument(stream []byte) ([]byte, error) {
	reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(stream)))
	var only []byte
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return only, nil
		}
		if err != nil {
			return nil, invalidManifest(domain.FieldInvalid, "not YAML")
		}
		if isBlank(document) {
			continue
		}
		if only != nil || hasEndMarker(document) {
			return nil, invalidManifest(domain.FieldInvalid, "more than one document")
		}
		only = document
	}
}

// isBlank says whether a document has nothing but white space and comments.
func isBlank(document []byte) bool {
	for line := range bytes.Lines(document) {
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' {
			return false
		}
	}
	return true
}

// hasEndMarker says whether something follows the marker "..." that ends a document: parsers stop there silently.
func hasEndMarker(document []byte) bool {
	_, rest, found := bytes.Cut(document, []byte("\n..."))
	return found && !isBlank(rest)
}

func invalidManifest(reason, detail string) error {
	return domain.Invalid(domain.FieldError{Field: "manifest", Reason: reason, Detail: detail})
}
