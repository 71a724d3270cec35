package mock

import (
	"strconv"

	"github.com/kv-shepherd/shepherd-go/internal/args"
	"github.com/kv-shepherd/shepherd-go/internal/paging"
)

// place is how far a consumer has been told: everything up to a change. In the midst of merged changes it is two: what
// comes up to key, in the order of lists, has been told up to the change to, all else up to from. half says that of the
// VM at key itself it has been told only that the one before went.
type place struct {
	from, to uint64
	key      string
	half     bool
}

func upTo(change uint64) *place { return &place{from: change, to: change} }

// revision is the place as the consumer sees it; no place is none.
func (p *place) revision(asked args.WatchRequest) string {
	if p == nil {
		return ""
	}
	return asked.Revision(paging.Cursor{
		Token: strconv.FormatUint(p.from, 10), Joined: strconv.FormatUint(p.to, 10), LastKey: p.key, JoinedDone: p.half,
	})
}

// readPlace is the place to go on at; nil when there is none.
func readPlace(asked args.WatchRequest) (*place, error) {
	cursor, err := asked.Place()
	if err != nil || cursor == (paging.Cursor{}) {
		return nil, err
	}
	from, fromErr := strconv.ParseUint(cursor.Token, 10, 64)
	to, toErr := strconv.ParseUint(cursor.Joined, 10, 64)
	if fromErr != nil || toErr != nil || from > to {
		return nil, args.ForeignRevision()
	}
	return &place{from, to, cursor.LastKey, cursor.JoinedDone}, nil
}
