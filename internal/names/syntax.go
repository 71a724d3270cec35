package names

import "strings"

// Lengths of names, in bytes.
const (
	MaxLabel     = 63  // a DNS-1123 label, a label value, and the part of a label key behind the prefix
	MaxSubdomain = 253 // a DNS-1123 subdomain, and the prefix of a label key
)

// IsLabel says whether s is a DNS-1123 label: 1 to 63 lower-case letters, digits and dashes, no dash at either end.
func IsLabel(s string) bool { return len(s) <= MaxLabel && isDNS(s) }

// IsSubdomain says whether s is a DNS-1123 subdomain: labels joined by dots, 253 characters at most. The single labels
// may be longer than 63, as Kubernetes has it: KubeVirt runs VMs whose one-label name has 80 characters.
func IsSubdomain(s string) bool {
	if len(s) > MaxSubdomain {
		return false
	}
	for {
		label, rest, more := strings.Cut(s, ".")
		if !isDNS(label) {
			return false
		}
		if !more {
			return true
		}
		s = rest
	}
}

// IsLabelKey says whether s is the key of a label: an optional DNS-1123 subdomain and a slash, then 1 to 63 letters,
// digits, dashes, underscores and dots that begin and end with a letter or digit.
func IsLabelKey(s string) bool {
	prefix, name, ok := strings.Cut(s, "/")
	if !ok {
		return isQualified(s)
	}
	return IsSubdomain(prefix) && isQualified(name)
}

// IsAnnotationKey says whether s is the key of an annotation: a label key whose prefix may have upper-case letters.
func IsAnnotationKey(s string) bool { return IsLabelKey(strings.ToLower(s)) }

// IsLabelValue says whether s can be the value of a label: empty, or as the part of a key behind the prefix.
func IsLabelValue(s string) bool { return s == "" || isQualified(s) }

// isDNS checks the characters of one DNS-1123 label, not its length.
func isDNS(s string) bool {
	for i := range len(s) {
		if c := s[i]; !isLowerOrDigit(c) && c != '-' {
			return false
		}
	}
	return s != "" && s[0] != '-' && s[len(s)-1] != '-'
}

func isQualified(s string) bool {
	if s == "" || len(s) > MaxLabel || !isAlphanumeric(s[0]) || !isAlphanumeric(s[len(s)-1]) {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !isAlphanumeric(c) && c != '-' && c != '_' && c != '.' {
			return false
		}
	}
	return true
}

func isLowerOrDigit(c byte) bool { return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' }

func isAlphanumeric(c byte) bool { return isLowerOrDigit(c) || 'A' <= c && c <= 'Z' }
