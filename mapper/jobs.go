package mapper

// waitingFor is the text of what ended a job, its condition Failure, else of what holds it up. That stands in the
// condition Progressing of a snapshot and in the condition Ready of any other job. KubeVirt's snapshots, restores and
// clones write their text into the reason and leave the message empty.
func waitingFor(conditions []conditionView, where string) string {
	if c := find(conditions, "Failure"); c.isTrue() {
		return message(first(c.message, c.reason))
	}
	if c := find(conditions, where); c != nil && (c.isFalse() || where == "Progressing") {
		return message(first(c.message, c.reason))
	}
	return ""
}

// texts copies foreign strings.
func texts(in []string) []string {
	if len(in) == 0 {
		return nil
	}
	out := make([]string, len(in))
	for n, s := range in {
		out[n] = text(s)
	}
	return out
}
