package bodyserver

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// flushAt is how much of a body is gathered before it is written.
const flushAt = 64 << 10

// list answers a list. One from the watch cache (resourceVersion=0, or from a revision without a limit) is whole, as a
// server's is, whatever limit was asked for.
func (c *cluster) list(w http.ResponseWriter, q query) {
	defer c.site.listing()()
	revision, compacted, broken := c.place()
	first, last := 0, c.size
	if token := q.get("continue"); token != "" {
		place, index, _ := strings.Cut(token, ".")
		var err error
		if first, err = strconv.Atoi(index); err != nil || first < 0 || first > c.size {
			refuse(w, http.StatusBadRequest, "BadRequest", "continue key is not valid")
			return
		}
		if revision, err = strconv.ParseInt(place, 10, 64); err != nil || revision < compacted {
			refuse(w, http.StatusGone, "Expired", "The provided continue parameter is too old")
			return
		}
	}
	cached := q.get("resourceVersion") == "0"
	if limit := q.int("limit"); limit > 0 && !cached {
		last = min(first+limit, c.size)
	}
	r := q.resource
	body := fmt.Appendf(nil, `{"apiVersion":"kubevirt.io/v1","items":[`)
	w.Header().Set("Content-Type", "application/json")
	for index := first; index < last; index++ {
		if index > first {
			body = append(body, ',')
		}
		body = resources[r].object.render(body, c.at(r, index))
		if len(body) < flushAt {
			continue
		}
		select {
		case <-broken:
			panic(http.ErrAbortHandler)
		default:
		}
		if _, err := w.Write(body); err != nil {
			return
		}
		body = body[:0]
	}
	body = fmt.Appendf(body, `],"kind":"%sList","metadata":{`, resources[r].kind)
	if last < c.size {
		body = fmt.Appendf(body, `"continue":"%d.%d","remainingItemCount":%d,`, revision, last, c.size-last)
	}
	body = fmt.Appendf(body, `"resourceVersion":"%d"}}`, revision)
	_, _ = w.Write(body) // who has gone needs no answer
	c.site.listed(last - first)
}
