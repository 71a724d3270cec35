package domain

import (
	"encoding/json"
	"fmt"
	"log/slog"
)

// SecretMask is what a non-empty [Secret] shows of itself wherever it is printed, logged or marshalled.
const SecretMask = "[secret]"

// Secret is text that cannot print itself: cloud-init user data, passwords, tokens. Only [Secret.Reveal] gives it out.
// Compare with [Secret.Equal]: == compares where the values are, not what they are.
//
// The value is behind a pointer because fmt prints unexported fields, and any value under a verb it does not know, by
// reflection and without asking Formatter: then the address shows.
type Secret struct{ value *string }

// NewSecret hides a value.
func NewSecret(value string) Secret {
	if value == "" {
		return Secret{}
	}
	return Secret{&value}
}

// Reveal returns the value. Hosts that persist a spec persist this, encrypted.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// IsZero says that the secret is empty; encoding/json's omitzero asks it.
func (s Secret) IsZero() bool { return s.value == nil }

// Equal compares the values.
func (s Secret) Equal(other Secret) bool { return s.Reveal() == other.Reveal() }

func (s Secret) mask() string {
	if s.value == nil {
		return ""
	}
	return SecretMask
}

// String returns the mask.
func (s Secret) String() string { return s.mask() }

// GoString returns the mask.
func (s Secret) GoString() string { return s.mask() }

// Format writes the mask.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, s.mask()) }

// LogValue returns the mask.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.mask()) }

// MarshalText writes the mask.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.mask()), nil }

// MarshalJSON writes the mask.
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(s.mask()) }

// UnmarshalJSON reads a value that a caller sends. It refuses the mask: a masked spec that was stored and read back
// would otherwise boot a VM with "[secret]" as its cloud-init. The error does not say what was sent.
func (s *Secret) UnmarshalJSON(data []byte) error {
	var value string
	if err := json.Unmarshal(data, &value); err != nil {
		return Invalid(FieldError{Field: "secret", Reason: FieldInvalid, Detail: "must be a JSON string"})
	}
	return s.UnmarshalText([]byte(value))
}

// UnmarshalText is UnmarshalJSON for text formats.
func (s *Secret) UnmarshalText(text []byte) error {
	if string(text) == SecretMask {
		return Invalid(FieldError{Field: "secret", Reason: FieldInvalid, Detail: "is the mask of a secret, not its value"})
	}
	*s = NewSecret(string(text))
	return nil
}
