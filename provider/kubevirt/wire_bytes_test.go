package kubevirt

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/mapper"
	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim"
	"github.com/kv-shepherd/shepherd-go/watcher"
)

func (w *wired) source() *source[mapper.VMRecord] { return vmSource(w.c, w.p.mapper(clusterName), "") }

func (w *wired) create(names ...string) {
	w.Helper()
	(&sourceRig{t: w.T, sim: w.sim}).create(names...)
}

// list takes one page.
func (w *wired) list(ctx context.Context) (int, error) {
	page, err := w.source().List(ctx, watcher.ListOptions{Limit: 500})
	if err != nil {
		return 0, err
	}
	return len(page.Items), nil
}

// watch reads a watch to its end, and returns how many frames came.
func (w *wired) watch(ctx context.Context, revision string) (frames int, err error) {
	stream, err := w.source().Watch(ctx, watcher.WatchOptions{Revision: revision, Timeout: time.Minute})
	if err != nil {
		return 0, err
	}
	defer stream.Close()
	for {
		if _, err := stream.Next(); err != nil {
			return frames, err
		}
		frames++
	}
}

// TestBytes: what the bytes of lists and watches do to a caller, on both protocols.
func TestBytes(t *testing.T) {
	frame := func(f kubevirtsim.Fault, after, into int) kubevirtsim.Fault {
		f.Watch, f.After, f.Into = true, after, into
		return f
	}
	raw := func(body string) kubevirtsim.Fault { return kubevirtsim.Fault{Do: kubevirtsim.Garbage, Body: body} }
	answer := func(status int, body, kind string) kubevirtsim.Fault {
		return kubevirtsim.Fault{Do: kubevirtsim.Answer, Status: status, Body: body, ContentType: kind}
	}
	reset, truncate := kubevirtsim.Fault{Do: kubevirtsim.Reset}, kubevirtsim.Fault{Do: kubevirtsim.Truncate}
	html := "<html><body>Please log in</body></html>\n"
	for _, c := range []struct {
		row    int
		name   string
		fault  kubevirtsim.Fault
		frames int // before it, of a watch
		code   domain.Code
	}{
		{12, "reset while a watch opens", frame(reset, 0, 0), 0, domain.CodeClusterUnreachable},
		{12, "reset behind the headers", frame(reset, kubevirtsim.AtBody, 0), 0, domain.CodeClusterUnreachable},
		{13, "reset between frames", frame(reset, 2, 0), 2, domain.CodeClusterUnreachable},
		{13, "reset in mid-frame", frame(reset, 2, 100), 2, domain.CodeClusterUnreachable},
		{14, "truncated in mid-frame", frame(truncate, 2, 100), 2, domain.CodeClusterUnreachable},
		{14, "truncated between frames is a good end", frame(truncate, 2, 0), 2, ""},
		{15, "garbage between frames", frame(raw("\x00\xff\n"), 1, 0), 1, domain.CodeProtocolError},
		{15, "garbage in mid-frame", frame(raw("\x00\xff"), 1, 50), 1, domain.CodeProtocolError},
		{15, "HTML between frames", frame(raw(html), 1, 0), 1, domain.CodeProtocolError},
		{15, "HTML instead of a watch", frame(answer(200, html, "text/html"), 0, 0), 0, domain.CodeProtocolError},
		{15, "HTML without an end of line", frame(answer(200, "<html>", "text/html"), 0, 0), 0, domain.CodeProtocolError},
		{15, "another content type", frame(answer(200, html, "application/octet-stream"), 0, 0), 0, domain.CodeProtocolError},
		{18, "a frame of more than 16 MiB", frame(raw(strings.Repeat("x", maxFrame+64<<10)), 1, 0), 1, domain.CodeResponseTooLarge},
		{47, "an ERROR event without object", frame(raw(`{"type":"ERROR"}`+"\n"), 1, 0), 1, domain.CodeProtocolError},
		{47, "an ERROR event with a null object", frame(raw(`{"type":"ERROR","object":null}`+"\n"), 1, 0), 1, domain.CodeProtocolError},
		{47, "a Status inside DELETED", frame(raw(`{"type":"DELETED","object":{"kind":"Status","apiVersion":"v1","status":"Failure","code":500}}`+"\n"), 1, 0), 1, domain.CodeProtocolError},
		{38, "302", answer(302, "", ""), 0, domain.CodeRedirectRefused},
		{38, "307", answer(307, "", ""), 0, domain.CodeRedirectRefused},
		{38, "308 of a watch", frame(answer(308, "", ""), 0, 0), 0, domain.CodeRedirectRefused},
		{12, "reset of a list", reset, 0, domain.CodeClusterUnreachable},
		{14, "a list of half the bytes", kubevirtsim.Fault{Do: kubevirtsim.Truncate, NoWatch: true, After: 500}, 0, domain.CodeProtocolError},
		{13, "a list that breaks", kubevirtsim.Fault{Do: kubevirtsim.Reset, NoWatch: true, After: 500}, 0, domain.CodeClusterUnreachable},
		{15, "HTML instead of a list", answer(200, html, "text/html"), 0, domain.CodeProtocolError},
		{15, "an empty object instead of a list", answer(200, "{}", ""), 0, domain.CodeUnexpectedObject},
		{15, "nothing instead of a list", truncate, 0, domain.CodeProtocolError},
	} {
		overWire(t, fmt.Sprintf("row %d %s", c.row, c.name), kubevirtsim.Options{}, func(w *wired) {
			start, err := w.source().List(w.Context(), watcher.ListOptions{Limit: 1})
			if err != nil {
				w.Fatal(err)
			}
			w.create("a", "b", "c", "d")
			time.Sleep(time.Second)
			w.sim.SetFaults(c.fault)
			frames := 0
			if c.fault.Watch {
				frames, err = w.watch(w.Context(), start.Revision)
			} else {
				_, err = w.list(w.Context())
			}
			code := domain.CodeOf(err)
			if err == io.EOF { //nolint:errorlint // as a stream says it, and not as a cause
				code = ""
			}
			if frames != c.frames || code != c.code {
				w.Errorf("%d frames, then %v; want %d and %s", frames, err, c.frames, c.code)
			}
			sent := w.requests()
			if len(sent) != 2 {
				w.Errorf("%d requests", len(sent))
			}
			if sent[1].prints {
				w.Error("what goes wrong is printed to the process's log")
			}
		})
	}
}
