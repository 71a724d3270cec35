package kubevirt

import (
	"bufio"
	"context"
	"errors"
	"io"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// body is the answer to a request that is read as it comes: a page of a list, or a watch.
type body struct {
	io.ReadCloser

	call   call
	parent context.Context //nolint:containedctx // the caller's, which tells whose end an error is
	own    context.Context //nolint:containedctx // that of the request, which lives as long as the body
	seen   *exchange
	cancel context.CancelCauseFunc
	unhook func() bool
}

// open sends one request and returns its answer as soon as it begins. It sets no time limit: ctx is the life of the
// body, which must be closed. Whatever goes wrong comes back as a *domain.Error.
func (c call) open(ctx context.Context, request func(ctx context.Context) (io.ReadCloser, error)) (*body, error) {
	own, cancel := context.WithCancelCause(ctx)
	own, seen := withExchange(own)
	b := &body{call: c, parent: ctx, own: own, seen: seen, cancel: cancel}
	b.unhook = context.AfterFunc(c.cluster.life, func() { cancel(domain.CodeClosed) })
	r, err := request(own)
	if err != nil {
		defer b.end()
		return nil, c.translate(ctx, own, seen, err)
	}
	b.ReadCloser = r
	if seen.foreign.Load() { // to read it would tell less: a page without an end of line looks like a connection that broke
		defer func() { _ = b.Close() }() // nothing of it is wanted
		return nil, domain.E(domain.CodeProtocolError, c.ref.Params(), errForeign)
	}
	return b, nil
}

var errForeign = errors.New("the answer is not JSON")

func (b *body) end() {
	b.unhook()
	b.cancel(nil)
}

// Close ends the request, if it is under way, and frees its connection.
func (b *body) Close() error {
	b.end()
	return b.ReadCloser.Close()
}

// failed translates what went wrong while the body was read: a coded error stays, all else is a connection that broke.
func (b *body) failed(err error) error {
	if _, coded := errors.AsType[*domain.Error](err); coded {
		return err
	}
	if ended := b.call.ended(b.parent, b.own, b.seen, err); ended != "" {
		return domain.E(ended, b.call.ref.Params(), nil)
	}
	return domain.E(domain.CodeClusterUnreachable, b.call.ref.Params(), b.call.secrets.hide(err))
}

// capped refuses to read more than a number of bytes, whatever a server sends, and however small it was packed.
type capped struct {
	io.Reader

	left int64
}

func (c *capped) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, domain.E(domain.CodeResponseTooLarge, nil, nil)
	}
	if int64(len(p)) > c.left {
		p = p[:c.left]
	}
	n, err := c.Reader.Read(p)
	c.left -= int64(n)
	return n, err
}

// maxFrame is the largest frame of a watch.
const maxFrame = 16 << 20

// frames reads a watch frame by frame: the API server ends each with a new line, and has none within.
type frames struct {
	r    *bufio.Reader
	long []byte // a frame that is longer than the reader's buffer
}

func newFrames(r io.Reader) *frames { return &frames{r: bufio.NewReaderSize(r, 32<<10)} }

// next returns a frame, which is valid until the next call. io.EOF is a good end; one in the midst of a frame is not.
func (f *frames) next() ([]byte, error) {
	f.long = f.long[:0]
	if cap(f.long) > 1<<20 {
		f.long = nil // one large object does not keep its room for the life of a stream
	}
	for {
		part, err := f.r.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			if len(f.long)+len(part) > maxFrame {
				return nil, domain.E(domain.CodeResponseTooLarge, nil, nil)
			}
			f.long = append(f.long, part...)
			continue
		case errors.Is(err, io.EOF) && len(f.long)+len(part) > 0:
			return nil, io.ErrUnexpectedEOF
		case err != nil:
			return nil, err
		case len(f.long) > 0:
			f.long = append(f.long, part...)
			return f.long, nil
		}
		return part, nil
	}
}
