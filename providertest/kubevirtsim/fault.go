package kubevirtsim

import (
	"net/http"
	"path"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Fault makes requests fail, in one of the ways in which servers and networks do. Its first fields say which requests it
// is for, the others what they meet. The zero value is for every request, and lets it pass.
type Fault struct {
	// Method is GET, PUT and so on; empty is any.
	Method string
	// Path is a pattern for the request's path: "*" is one segment of it or stands for a part of one, as in path.Match; "**"
	// at the end is any number of segments, none included. Empty is any path.
	//
	//	/apis/kubevirt.io/v1/namespaces/*/virtualmachines/*
	//	/apis/subresources.kubevirt.io/**
	Path string
	// Client is what the User-Agent begins with; behind a "!" it is what it does not begin with. Empty is any client.
	Client string
	// Watch is for watches only, NoWatch for all but watches, Writes for all but GET.
	Watch, NoWatch, Writes bool
	// Skip lets the first requests pass that it would be for. Count ends it after so many; zero is no end.
	Skip, Count int
	// Probability makes it a matter of chance, of Options.Seed: 0.1 is one in ten. Zero is always.
	Probability float64

	// Delay is how long the request waits first.
	Delay time.Duration
	// Lost lets a request have its effect that the fault answers, or breaks off, before the headers; without it, it has none. A
	// request of which an answer has begun has had its effect in any case. It means nothing to a watch.
	Lost bool

	// Do is what happens then; empty is nothing, so that the request is only late.
	Do Action
	// After is how much of the body passes before it happens: frames of a watch, bytes of any other answer. Into is how many
	// bytes pass besides, so that it happens in the midst of a frame. For an action that takes no body to happen, none of
	// both is before the headers, and AtBody right after them, without Into. An answer that is shorter passes as it is.
	After, Into int

	// Status, Reason, Message, RetryAfter (the header's text, whatever it is) and Details make the answer of [Answer]. A
	// Body replaces the Status object, with ContentType (application/json when it is empty).
	Status      int
	Reason      metav1.StatusReason
	Message     string
	RetryAfter  string
	Details     *metav1.StatusDetails
	Body        string
	ContentType string

	// Pace is how long [Slow] waits before each byte.
	Pace time.Duration
}

// AtBody as Fault.After is the moment when the headers have been sent and nothing of the body.
const AtBody = -1

// Action is what a fault does.
type Action string

// The actions.
const (
	// Answer sends Status and so on instead of the server's answer. A watch that has begun gets it as an ERROR event and
	// ends: that is how an API server tells a watch that its place is too old. Any other answer that has begun just ends.
	Answer Action = "answer"
	// Hang sends nothing more, and keeps the connection, until the client gives up.
	Hang Action = "hang"
	// Silence is Hang for a watch whose server goes on: events are lost, not late, and the stream never ends by itself.
	Silence Action = "silence"
	// Reset breaks the connection: HTTP/1.1 closes it, HTTP/2 resets the stream.
	Reset Action = "reset"
	// Truncate ends the answer in good order, though it is not whole. Before the headers it is an answer of 200 with no body.
	Truncate Action = "truncate"
	// Garbage puts Body in the midst of the answer, and goes on.
	Garbage Action = "garbage"
	// Slow sends a byte at a time, Pace apart.
	Slow Action = "slow"
)

// matches says whether the fault is for a request, chance and counts aside.
func (f *Fault) matches(r *http.Request) bool {
	switch watch := isWatch(r); {
	case f.Method != "" && f.Method != r.Method, f.Watch && !watch, f.NoWatch && watch, f.Writes && r.Method == http.MethodGet:
		return false
	}
	if client, not := strings.CutPrefix(f.Client, "!"); f.Client != "" && strings.HasPrefix(r.UserAgent(), client) == not {
		return false
	}
	return f.Path == "" || pathMatches(f.Path, r.URL.Path)
}

// isWatch reads the parameter as the API does: all but two words mean yes, even none
// (Convert_Slice_string_To_bool, apimachinery v0.34 runtime/conversion.go).
func isWatch(r *http.Request) bool {
	watch, given := r.URL.Query()["watch"]
	return r.Method == http.MethodGet && given && strings.ToLower(watch[0]) != "false" && watch[0] != "0"
}

// pathMatches compares segment by segment, so that "*" never spans a slash.
func pathMatches(pattern, name string) bool {
	patterns, segments := strings.Split(pattern, "/"), strings.Split(name, "/")
	if last := len(patterns) - 1; patterns[last] == "**" {
		if len(segments) < last {
			return false
		}
		patterns, segments = patterns[:last], segments[:last]
	}
	if len(patterns) != len(segments) {
		return false
	}
	for n, segment := range segments {
		if ok, err := path.Match(patterns[n], segment); !ok || err != nil {
			return false
		}
	}
	return true
}
