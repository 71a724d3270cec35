package domain

// Fact is an answer that may be unknown. The zero value is FactUnknown.
type Fact string

// The three values of a [Fact].
const (
	FactUnknown Fact = ""
	FactYes     Fact = "yes"
	FactNo      Fact = "no"
)

// FactOf turns a known boolean into a Fact.
func FactOf(b bool) Fact {
	if b {
		return FactYes
	}
	return FactNo
}
