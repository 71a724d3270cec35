package watcher

// olderRevision compares two resourceVersions as KEP-5504 defines their order: decimal numbers without leading zeros,
// by length and then by digits. Others have no order.
func olderRevision(a, b string) (older, comparable bool) {
	if !isDecimal(a) || !isDecimal(b) {
		return false, false
	}
	if len(a) != len(b) {
		return len(a) < len(b), true
	}
	return a < b, true
}

func isDecimal(s string) bool {
	if s == "" || s[0] == '0' && s != "0" {
		return false
	}
	for n := range len(s) {
		if s[n] < '0' || s[n] > '9' {
			return false
		}
	}
	return true
}
