package domain

import "errors"

// Page is one page of a listing.
type Page[T any] struct {
	// Items are in the order of cluster, then of the bytes of namespace + "/" + name.
	Items []T `json:"items"`
	// Continue fetches the next page when given as ListOptions.Continue; empty on the last page.
	// It is opaque, bound to the listing that made it, and expires (CURSOR_EXPIRED).
	Continue string `json:"continue,omitempty"`
	// Total is the exact number of items of the whole listing, or nil when the back end does not say.
	Total *int64 `json:"total,omitempty"`
	// ItemErrors are the objects that exist but could not be read into the domain; they are not in Items.
	ItemErrors []*ItemError `json:"itemErrors,omitempty"`
}

// VMList is a page of VMs.
type VMList = Page[*VM]

// ItemError is the error of one item of a listing, whose other items are good.
type ItemError struct {
	Ref Ref    `json:"ref"`
	Err *Error `json:"error"`
}

// Error names the item and its error.
func (e *ItemError) Error() string { return e.Ref.String() + ": " + e.Err.Error() }

// Unwrap returns the item's [Error].
func (e *ItemError) Unwrap() error { return e.Err }

// NewItemError makes the error of one item out of whatever went wrong with it.
func NewItemError(ref Ref, err error) *ItemError {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		e = E(CodeOf(err), ref.Params(), err)
	}
	return &ItemError{Ref: ref, Err: e}
}
