package names

import (
	"maps"
	"slices"
	"strconv"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// MaxAnnotations is the size in bytes that the keys and values of all annotations of one object may have together
// (TotalAnnotationSizeLimitB of apimachinery's pkg/api/validation, v0.34).
const MaxAnnotations = 256 << 10

// Labels checks a whole set of labels and returns one error for each wrong key or value, in the order of the keys.
// The path of an element is field followed by the key in brackets, as `labels["a/b"]`.
func Labels(field string, labels map[string]string) []domain.FieldError {
	var errs []domain.FieldError
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		at := Element(field, key)
		if !IsLabelKey(key) {
			errs = append(errs, domain.FieldError{Field: at, Reason: domain.FieldInvalid, Detail: "not a label key"})
		}
		if e := LabelValue(at, labels[key]); e != nil {
			errs = append(errs, *e)
		}
	}
	return errs
}

// LabelValue checks the value of a label, which may be empty.
func LabelValue(field, s string) *domain.FieldError {
	switch {
	case len(s) > MaxLabel:
		return &domain.FieldError{Field: field, Reason: domain.FieldTooLong, Detail: "at most 63 characters"}
	case !IsLabelValue(s):
		return &domain.FieldError{Field: field, Reason: domain.FieldInvalid,
			Detail: "letters, digits, dashes, underscores and dots, beginning and ending with a letter or digit"}
	}
	return nil
}

// Annotations checks the keys of annotations and their size altogether; values are free text.
func Annotations(field string, annotations map[string]string) []domain.FieldError {
	var errs []domain.FieldError
	size := 0
	for _, key := range slices.Sorted(maps.Keys(annotations)) {
		size += len(key) + len(annotations[key])
		if !IsAnnotationKey(key) {
			errs = append(errs, domain.FieldError{Field: Element(field, key), Reason: domain.FieldInvalid, Detail: "not an annotation key"})
		}
	}
	if size > MaxAnnotations {
		errs = append(errs, domain.FieldError{Field: field, Reason: domain.FieldTooLong, Detail: "more than 256 KiB altogether"})
	}
	return errs
}

// Element is the path of one entry of a map. A key that is no key is cut, and quoted where it could break a log line.
func Element(field, key string) string {
	const enough = 128
	if len(key) > enough {
		key = key[:enough] + "..."
	}
	return field + "[" + strconv.QuoteToASCII(key) + "]"
}
