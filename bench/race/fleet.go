package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/mapper"
	"github.com/kv-shepherd/shepherd-go/watcher"
)

// STANDIN
type fleet struct{}

func (f *fleet) get() func(namespace, name string) error { return nil }

type src[R any] struct {
	url   string
	list  func(r io.Reader, each func(mapper.Object[R]) error) (mapper.ListMeta, error)
	frame func(frame []byte) (mapper.Frame[R], error)
}

func (s *src[R]) Identity(context.Context) (string, error) { return "x", nil }
func (s *src[R]) get(ctx context.Context, v url.Values) (*http.Response, error) {
	req, _ := http.NewRequestWithContext(ctx, "GET", s.url+"?"+v.Encode(), nil)
	return http.DefaultClient.Do(req)
}
func (s *src[R]) List(ctx context.Context, o watcher.ListOptions) (*watcher.Page[R], error) {
	resp, err := s.get(ctx, url.Values{"limit": {fmt.Sprint(o.Limit)}, "continue": {o.Continue}})
	if err != nil {
		return nil, domain.E(domain.CodeClusterUnreachable, nil, err)
	}
	defer resp.Body.Close()
	page := &watcher.Page[R]{Items: make([]watcher.Item[R], 0, 500)}
	meta, err := s.list(resp.Body, func(o mapper.Object[R]) error {
		page.Items = append(page.Items, watcher.Item[R]{Key: o.Key, UID: o.UID, Revision: o.Revision, Value: o.Record, Err: o.Err})
		return nil
	})
	page.Revision, page.Continue = meta.Revision, meta.Continue
	return page, err
}

type str[R any] struct {
	s    *src[R]
	resp *http.Response
	br   *bufio.Reader
}

func (s *src[R]) Watch(ctx context.Context, o watcher.WatchOptions) (watcher.Stream[R], error) {
	v := url.Values{"watch": {"true"}, "resourceVersion": {o.Revision}, "timeoutSeconds": {"600"}}
	if o.Initial {
		v.Set("sendInitialEvents", "true")
	}
	resp, err := s.get(ctx, v)
	if err != nil {
		return nil, domain.E(domain.CodeClusterUnreachable, nil, err)
	}
	return &str[R]{s, resp, bufio.NewReaderSize(resp.Body, 64<<10)}, nil
}
func (s *str[R]) Next() (watcher.Frame[R], error) {
	line, err := s.br.ReadSlice('\n')
	if err != nil {
		return watcher.Frame[R]{}, domain.E(domain.CodeClusterUnreachable, nil, err)
	}
	f, err := s.s.frame(line)
	if err != nil {
		return watcher.Frame[R]{}, err
	}
	if f.Type == "ERROR" {
		return watcher.Frame[R]{}, domain.E(domain.CodeRevisionExpired, nil, nil)
	}
	k := map[string]watcher.FrameType{"ADDED": watcher.FrameAdded, "MODIFIED": watcher.FrameModified, "BOOKMARK": watcher.FrameBookmark}[f.Type]
	if k == watcher.FrameBookmark && f.InitialEventsEnd {
		k = watcher.FrameSynced
	}
	return watcher.Frame[R]{Type: k, Item: watcher.Item[R]{Key: f.Object.Key, UID: f.Object.UID, Revision: f.Object.Revision, Value: f.Object.Record}}, nil
}
func (s *str[R]) Close() { s.resp.Body.Close() }

func follow1[R any](ctx context.Context, s *src[R], told *tally) *watcher.Cache[R] {
	c := watcher.NewCache(watcher.CacheOptions[R]{KeepStrings: true})
	go watcher.New[R](s, c, watcher.Options{}).Run(ctx)
	go c.Each(ctx, watcher.SubscribeOptions[R]{}, func(n watcher.Notice[R]) error {
		told.calls.Add(1)
		if n.Type == domain.EventModified {
			told.modified.Add(1)
		}
		return nil
	})
	return c
}

func (f *fleet) follow(ctx context.Context, host string, told *tally) error {
	m := mapper.New(mapper.Options{Cluster: "c"})
	a := follow1(ctx, &src[mapper.VMRecord]{host + "/apis/kubevirt.io/v1/virtualmachines", m.DecodeVMList, m.DecodeVMFrame}, told)
	b := follow1(ctx, &src[mapper.InstanceRecord]{host + "/apis/kubevirt.io/v1/virtualmachineinstances", m.DecodeInstanceList, m.DecodeInstanceFrame}, told)
	if err := a.WaitSynced(ctx); err != nil {
		return err
	}
	if err := b.WaitSynced(ctx); err != nil {
		return err
	}
	return until(ctx, func() (bool, error) { return told.calls.Load() >= 2*10000, nil })
}
