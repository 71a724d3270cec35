// Package selector holds label and field selectors as Kubernetes has them (apimachinery v0.34, pkg/labels and
// pkg/fields), written by hand so that light packages need no Kubernetes module. [Parse] reads a label selector,
// [ParseFields] a field selector; both answer INVALID_SELECTOR for what cannot be used, and both take the empty string
// for everything.
package selector
