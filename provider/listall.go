package provider

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/names"
	"github.com/kv-shepherd/shepherd-go/internal/paging"
	"github.com/kv-shepherd/shepherd-go/internal/selector"
)

// FleetList is one page of a listing over many clusters.
type FleetList struct {
	domain.VMList
	// ClusterErrors are the clusters that could not be listed, or not to their end. Their VMs are missing from this
	// listing: a page with ClusterErrors is not the whole truth, even if it is the last.
	ClusterErrors []*ClusterError
}

// ClusterError is the error of one cluster in a listing over many.
type ClusterError struct {
	Cluster string
	Err     *domain.Error
}

// Error names the cluster and its error.
func (e *ClusterError) Error() string { return e.Cluster + ": " + e.Err.Error() }

// Unwrap returns the cluster's error.
func (e *ClusterError) Unwrap() error { return e.Err }

// opListAll binds the tokens of ListAll to it.
const opListAll = "list_all"

// widest is the most clusters that are asked at the same time.
const widest = 8

// ListAll lists VMs over clusters, in the order of cluster name, then as ListVMs. Its options mean what they mean there;
// the token goes with the same set of clusters, namespace and selectors, and is INVALID_CURSOR with any other.
//
// A cluster that fails is reported in ClusterErrors and left behind: the walk goes on with the next, and does not come
// back to it. Clusters are asked one after the other as long as they fill the page, and up to eight at a time when
// they do not. An error is returned only for what is wrong with the call itself, and for the end of ctx.
func ListAll(ctx context.Context, r VMReader, clusters []string, namespace string, opts ListOptions) (*FleetList, error) {
	clusters = slices.Compact(slices.Sorted(slices.Values(clusters)))
	bound := paging.Listing{Kind: opListAll, Namespace: namespace, Cluster: joined(clusters),
		LabelSelector: opts.LabelSelector, FieldSelector: opts.FieldSelector}
	start, err := paging.Decode(bound, opts.Continue)
	if err != nil {
		return nil, listAllError(err)
	}
	if err := checkListAll(namespace, opts); err != nil {
		return nil, listAllError(err)
	}
	switch {
	case opts.Limit == 0:
		opts.Limit = DefaultLimit
	case opts.Limit > MaxLimit:
		opts.Limit = MaxLimit
	}
	first, _ := slices.BinarySearch(clusters, start.LastKey)
	w := fleetWalk{reader: r, namespace: namespace, opts: opts, page: &FleetList{}}
	next, err := w.fill(ctx, clusters[first:], start)
	if err != nil {
		return nil, listAllError(err)
	}
	if next.LastKey != "" {
		w.page.Continue = paging.Encode(bound, next)
	}
	return w.page, nil
}

// checkListAll finds what is wrong with the call itself; whatever a cluster answers is that cluster's.
func checkListAll(namespace string, opts ListOptions) error {
	if namespace != AllNamespaces {
		if err := names.Check(names.Namespace("namespace", namespace)); err != nil {
			return err
		}
	}
	if opts.Limit < 0 {
		return domain.E(domain.CodeInvalidLimit, domain.Params{domain.ParamField: "limit"}, nil)
	}
	if _, err := selector.Parse(opts.LabelSelector); err != nil {
		return err
	}
	_, err := selector.ParseFields(opts.FieldSelector)
	return err
}

func listAllError(err error) error {
	e := domain.E(domain.CodeOf(err), nil, err)
	if own, ok := errors.AsType[*domain.Error](err); ok {
		*e = *own
	}
	e.Op = opListAll
	return e
}

// fleetWalk fills one page.
type fleetWalk struct {
	reader    VMReader
	namespace string
	opts      ListOptions
	page      *FleetList
}

// fill asks the clusters in order, in waves that double, until the page is full. It returns where the next page begins:
// the cluster in LastKey, that cluster's token in Token; the zero Cursor at the end.
func (w *fleetWalk) fill(ctx context.Context, clusters []string, start paging.Cursor) (paging.Cursor, error) {
	for wave := 1; len(clusters) > 0; wave = min(wave*2, widest) {
		if w.room() == 0 {
			return paging.Cursor{LastKey: clusters[0]}, nil
		}
		asked := clusters[:min(wave, len(clusters))]
		for n, answer := range w.ask(ctx, asked, start) {
			here := paging.Cursor{LastKey: asked[n]}
			if asked[n] == start.LastKey {
				here.Token = start.Token
			}
			switch err := answer.err; {
			case ctx.Err() != nil:
				return paging.Cursor{}, ctx.Err()
			case err != nil:
				w.page.ClusterErrors = append(w.page.ClusterErrors, clusterError(asked[n], err))
				continue
			case len(answer.page.Items) > w.opts.Limit:
				tooMany := domain.E(domain.CodeUnexpectedObject, domain.Params{domain.ParamReason: "limit"}, nil)
				w.page.ClusterErrors = append(w.page.ClusterErrors, clusterError(asked[n], tooMany))
				continue
			case len(answer.page.Items) > w.room() || w.room() == 0:
				return here, nil // no room for the page it sent: the next page asks it again
			}
			w.page.Items = append(w.page.Items, answer.page.Items...)
			w.page.ItemErrors = append(w.page.ItemErrors, answer.page.ItemErrors...)
			if answer.page.Continue != "" {
				return paging.Cursor{LastKey: asked[n], Token: answer.page.Continue}, nil
			}
		}
		clusters = clusters[len(asked):]
	}
	return paging.Cursor{}, nil
}

// room is how many items the page still takes.
func (w *fleetWalk) room() int { return w.opts.Limit - len(w.page.Items) }

type fleetAnswer struct {
	page *domain.VMList
	err  error
}

// ask lists clusters at the same time and waits for all of them.
func (w *fleetWalk) ask(ctx context.Context, clusters []string, start paging.Cursor) []fleetAnswer {
	answers := make([]fleetAnswer, len(clusters))
	var wait sync.WaitGroup
	for n, cluster := range clusters {
		opts := w.opts
		opts.Limit, opts.Continue = max(w.room(), 1), ""
		if cluster == start.LastKey {
			opts.Continue = start.Token
		}
		wait.Go(func() {
			answers[n].page, answers[n].err = w.reader.ListVMs(ctx, cluster, w.namespace, opts)
		})
	}
	wait.Wait()
	return answers
}

func clusterError(cluster string, err error) *ClusterError {
	item := domain.NewItemError(domain.Ref{Cluster: cluster}, err)
	return &ClusterError{Cluster: cluster, Err: item.Err}
}

// joined makes one text of a set of clusters, whose names have no comma.
func joined(clusters []string) string { return strings.Join(clusters, ",") }
