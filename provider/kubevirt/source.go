package kubevirt

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/mapper"
	"github.com/kv-shepherd/shepherd-go/watcher"
)

// source lists and watches the VMs, or the instances, of one cluster. The mapper reduces the bytes to records as they
// come: neither a page nor a Kubernetes object is ever held.
type source[R any] struct {
	cluster  *cluster
	resource string
	scope    string // a namespace; empty is all of them
	list     func(r io.Reader, each func(mapper.Object[R]) error) (mapper.ListMeta, error)
	frame    func(frame []byte) (mapper.Frame[R], error)
}

var (
	_ watcher.Source[mapper.VMRecord]       = (*source[mapper.VMRecord])(nil)
	_ watcher.Source[mapper.InstanceRecord] = (*source[mapper.InstanceRecord])(nil)
)

func vmSource(c *cluster, m *mapper.Mapper, scope string) *source[mapper.VMRecord] {
	return &source[mapper.VMRecord]{cluster: c, resource: onVM, scope: scope, list: m.DecodeVMList, frame: m.DecodeVMFrame}
}

func instanceSource(c *cluster, m *mapper.Mapper, scope string) *source[mapper.InstanceRecord] {
	return &source[mapper.InstanceRecord]{cluster: c, resource: onInstance, scope: scope, list: m.DecodeInstanceList, frame: m.DecodeInstanceFrame}
}

// List implements watcher.Source. Without a revision it sends none, which is what makes the read a consistent one.
func (s *source[R]) List(ctx context.Context, opts watcher.ListOptions) (*watcher.Page[R], error) {
	request := metav1.ListOptions{Limit: int64(opts.Limit), Continue: opts.Continue}
	if opts.Revision != "" && opts.Continue == "" { // a token has it in it
		request.ResourceVersion, request.ResourceVersionMatch = opts.Revision, metav1.ResourceVersionMatchExact
	}
	b, err := s.request(ctx, request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = b.Close() }() // it has been read
	page := &watcher.Page[R]{Items: make([]watcher.Item[R], 0, min(opts.Limit, 500))}
	meta, err := s.list(b, func(o mapper.Object[R]) error {
		page.Items = append(page.Items, item(o))
		return nil
	})
	if err != nil {
		return nil, b.failed(err)
	}
	page.Revision, page.Continue = meta.Revision, meta.Continue
	return page, nil
}

// request sends a list or the opening of a watch.
func (s *source[R]) request(ctx context.Context, opts metav1.ListOptions) (*body, error) {
	c := call{cluster: s.cluster, ref: listRef(s.cluster.name, s.scope), token: opts.Continue != ""}
	return c.open(ctx, func(ctx context.Context) (io.ReadCloser, error) {
		return s.cluster.set.KubevirtV1().RESTClient().Get().Namespace(s.scope).Resource(s.resource).
			SpecificallyVersionedParams(&opts, metav1.ParameterCodec, metav1.SchemeGroupVersion).Stream(ctx)
	})
}

// Watch implements watcher.Source.
func (s *source[R]) Watch(ctx context.Context, opts watcher.WatchOptions) (watcher.Stream[R], error) {
	request := metav1.ListOptions{
		Watch: true, AllowWatchBookmarks: true, ResourceVersion: opts.Revision,
		TimeoutSeconds: new(int64(opts.Timeout / time.Second)),
	}
	if opts.Initial {
		request.SendInitialEvents = new(true)
		request.ResourceVersionMatch = metav1.ResourceVersionMatchNotOlderThan
	}
	b, err := s.request(ctx, request)
	if err != nil {
		return nil, err
	}
	return &stream[R]{source: s, body: b, frames: newFrames(b)}, nil
}

// Identity implements watcher.Source: the UID of namespace kube-system lives as long as the cluster does.
func (s *source[R]) Identity(ctx context.Context) (string, error) {
	var namespace corev1.Namespace
	err := call{cluster: s.cluster, ref: listRef(s.cluster.name, metav1.NamespaceSystem)}.do(ctx, func(ctx context.Context) error {
		return s.cluster.set.KubevirtV1().RESTClient().Get().AbsPath("/api/v1/namespaces", metav1.NamespaceSystem).Do(ctx).Into(&namespace)
	})
	if kind := domain.KindOf(err); kind == domain.KindPermissionDenied || kind == domain.KindNotFound {
		return "", nil // it cannot be told
	}
	return string(namespace.UID), err
}

func item[R any](o mapper.Object[R]) watcher.Item[R] {
	return watcher.Item[R]{Key: o.Key, UID: o.UID, Revision: o.Revision, Value: o.Record, Err: o.Err}
}

// stream is an open watch.
type stream[R any] struct {
	source *source[R]
	body   *body
	frames *frames
}

// Next implements watcher.Stream.
func (s *stream[R]) Next() (watcher.Frame[R], error) {
	bytes, err := s.frames.next()
	if errors.Is(err, io.EOF) {
		return watcher.Frame[R]{}, io.EOF
	}
	if err != nil {
		return watcher.Frame[R]{}, s.body.failed(err)
	}
	frame, err := s.source.frame(bytes)
	if err != nil {
		return watcher.Frame[R]{}, err
	}
	if frame.Type == mapper.FrameError {
		return watcher.Frame[R]{}, s.refused(frame.Status)
	}
	kind := frameTypes[frame.Type]
	if kind != watcher.FrameUnknown && kind != watcher.FrameBookmark && frame.Object.Key == "" { // a Status, say
		return watcher.Frame[R]{}, domain.E(domain.CodeProtocolError, s.body.call.ref.Params(), errNameless)
	}
	if kind == watcher.FrameBookmark && frame.InitialEventsEnd {
		kind = watcher.FrameSynced
	}
	return watcher.Frame[R]{Type: kind, Item: item(frame.Object)}, nil
}

var errNameless = errors.New("an event of an object without a name")

// Close implements watcher.Stream.
func (s *stream[R]) Close() { _ = s.body.Close() } // nothing of it is needed any more

var frameTypes = map[string]watcher.FrameType{
	mapper.FrameAdded: watcher.FrameAdded, mapper.FrameModified: watcher.FrameModified,
	mapper.FrameDeleted: watcher.FrameDeleted, mapper.FrameBookmark: watcher.FrameBookmark,
}

// refused translates the ERROR event that ends a watch: an API server's usual way to say that a place is too old.
func (s *stream[R]) refused(told mapper.Status) error {
	status := metav1.Status{
		Code: int32(told.Code), Reason: metav1.StatusReason(told.Reason), Message: told.Message, //nolint:gosec // an HTTP status
		Details: &metav1.StatusDetails{RetryAfterSeconds: int32(told.RetryAfter / time.Second)}, //nolint:gosec // a day at most
	}
	if status.Code == 0 { // some say it by the reason alone
		status.Code = codeOfReason[status.Reason]
	}
	for _, cause := range told.Causes {
		status.Details.Causes = append(status.Details.Causes, metav1.StatusCause{Type: metav1.CauseType(cause)})
	}
	seen := new(exchange)
	e := s.body.call.ofStatus(status, seen)
	e.RetryAfter = time.Duration(seen.retryAfter.Load())
	e.Params = s.body.call.ref.Params()
	return e
}

var codeOfReason = map[metav1.StatusReason]int32{
	metav1.StatusReasonExpired:         http.StatusGone,
	metav1.StatusReasonGone:            http.StatusGone,
	metav1.StatusReasonTooManyRequests: http.StatusTooManyRequests,
	metav1.StatusReasonUnauthorized:    http.StatusUnauthorized,
	metav1.StatusReasonForbidden:       http.StatusForbidden,
	metav1.StatusReasonTimeout:         http.StatusGatewayTimeout,
	metav1.StatusReasonServerTimeout:   http.StatusInternalServerError,
}
