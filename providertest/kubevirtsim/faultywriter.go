package kubevirtsim

import (
	"bytes"
	"net/http"
)

// faultyWriter lets a part of an answer pass, and then the fault happens.
type faultyWriter struct {
	http.ResponseWriter
	layer   *faultLayer
	request *http.Request
	fault   *Fault
	// left is how much is to pass: frames of a watch, else bytes; into is how many bytes behind that.
	left, into int
	frames     bool
	// begun: the headers are sent. struck: it has happened. mute: nothing is sent any more.
	begun, struck, mute bool
}

// Unwrap lets http.ResponseController reach the connection.
func (w *faultyWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader sends the headers; a fault that happens right after them does.
func (w *faultyWriter) WriteHeader(status int) {
	if w.begun {
		return
	}
	w.begun = true
	w.Header().Del("Content-Length") // it will not be true; and an early end is not to be found out by the length alone
	w.ResponseWriter.WriteHeader(status)
	if w.fault.After == AtBody {
		w.Flush()
		w.strike()
	}
}

// Write passes what is still to pass. What the client is not to get is said to have been written: the server goes on.
func (w *faultyWriter) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	switch {
	case w.mute:
		return len(b), nil
	case w.fault.Do == Slow:
		return w.slowly(b)
	case w.struck:
		return w.ResponseWriter.Write(b)
	}
	pass := w.passing(b)
	if _, err := w.ResponseWriter.Write(b[:pass]); err != nil {
		return 0, err
	}
	if w.left > 0 || w.into > 0 {
		return len(b), nil
	}
	w.Flush()
	w.strike()
	if w.mute {
		return len(b), nil
	}
	_, err := w.ResponseWriter.Write(b[pass:])
	return len(b), err
}

// passing says how many of the bytes pass, and counts them.
func (w *faultyWriter) passing(b []byte) int {
	n := 0
	for w.frames && w.left > 0 {
		end := bytes.IndexByte(b[n:], '\n')
		if end < 0 {
			return len(b) // a part of a frame
		}
		n += end + 1
		w.left--
	}
	for _, bytes := range []*int{&w.left, &w.into} {
		more := min(*bytes, len(b)-n)
		*bytes -= more
		n += more
	}
	return n
}

// strike is what happens in the midst of an answer.
func (w *faultyWriter) strike() {
	w.struck = true
	switch w.fault.Do {
	case Answer:
		w.mute = true
		if w.frames {
			_, _ = w.ResponseWriter.Write(w.fault.errorEvent())
			w.Flush()
		}
		w.end()
	case Hang:
		w.mute = true
		w.layer.hang(w.request)
		panic(http.ErrAbortHandler) // no end in good order for one who has not quite gone
	case Silence:
		w.mute = true
	case Reset:
		panic(http.ErrAbortHandler)
	case Truncate:
		w.mute = true
		w.end()
	case Garbage:
		_, _ = w.ResponseWriter.Write([]byte(w.fault.Body))
		w.Flush()
	default: // Slow does not strike
	}
}

// end ends the answer in good order, although the server has more to say: it is told that the client has gone.
func (w *faultyWriter) end() { panic(endOfAnswer{}) }

// endOfAnswer unwinds a handler whose answer is to end early.
type endOfAnswer struct{}

// Flush sends what is buffered.
func (w *faultyWriter) Flush() {
	if !w.mute {
		_ = http.NewResponseController(w.ResponseWriter).Flush() // one that cannot flush has nothing buffered
	}
}

// slowly sends a byte at a time.
func (w *faultyWriter) slowly(b []byte) (int, error) {
	for n := range b {
		if !w.layer.wait(w.request, w.fault.Pace) {
			w.end()
		}
		if _, err := w.ResponseWriter.Write(b[n : n+1]); err != nil {
			return n, err
		}
		w.Flush()
	}
	return len(b), nil
}
