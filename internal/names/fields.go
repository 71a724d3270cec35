package names

import "github.com/kv-shepherd/shepherd-go/domain"

// VMNew checks the name of a VM that is to be made: a DNS-1123 label of at most 63 characters, since the name becomes
// a label value and a host name. It returns nil when the name is good; field is the path to report.
func VMNew(field, s string) *domain.FieldError { return label(field, s) }

// VM checks the name of a VM that may exist, for every verb but create: a DNS-1123 subdomain of at most 253
// characters. KubeVirt runs VMs named "a.b.c" and longer than 63, and they must stay reachable.
func VM(field, s string) *domain.FieldError { return subdomain(field, s) }

// Namespace checks the name of a namespace: a DNS-1123 label.
func Namespace(field, s string) *domain.FieldError { return label(field, s) }

// Cluster checks the name under which a host registered a cluster: a DNS-1123 label.
func Cluster(field, s string) *domain.FieldError { return label(field, s) }

// Object checks the name of any other object, such as a claim, a secret or an instance type: a DNS-1123 subdomain.
func Object(field, s string) *domain.FieldError { return subdomain(field, s) }

// ObjectNew checks the name of an object that is to be made: a DNS-1123 label, for the reason of [VMNew].
func ObjectNew(field, s string) *domain.FieldError { return label(field, s) }

// Check makes one INVALID_NAME error of all answers that are not nil, and nil when there are none.
func Check(answers ...*domain.FieldError) error {
	var fields []domain.FieldError
	for _, answer := range answers {
		if answer != nil {
			fields = append(fields, *answer)
		}
	}
	if len(fields) == 0 {
		return nil
	}
	return &domain.Error{
		Code:   domain.CodeInvalidName,
		Params: domain.Params{domain.ParamField: fields[0].Field},
		Fields: fields,
	}
}

func label(field, s string) *domain.FieldError {
	switch {
	case s == "":
		return &domain.FieldError{Field: field, Reason: domain.FieldRequired}
	case len(s) > MaxLabel:
		return &domain.FieldError{Field: field, Reason: domain.FieldTooLong, Detail: "at most 63 characters"}
	case !IsLabel(s):
		return &domain.FieldError{Field: field, Reason: domain.FieldInvalid,
			Detail: "lower-case letters, digits and dashes, beginning and ending with a letter or digit"}
	}
	return nil
}

func subdomain(field, s string) *domain.FieldError {
	switch {
	case s == "":
		return &domain.FieldError{Field: field, Reason: domain.FieldRequired}
	case len(s) > MaxSubdomain:
		return &domain.FieldError{Field: field, Reason: domain.FieldTooLong, Detail: "at most 253 characters"}
	case !IsSubdomain(s):
		return &domain.FieldError{Field: field, Reason: domain.FieldInvalid,
			Detail: "lower-case letters, digits, dashes and dots, each part beginning and ending with a letter or digit"}
	}
	return nil
}
