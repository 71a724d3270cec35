package capability

import (
	"strconv"
	"strings"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// Version is a minor version of KubeVirt, which is what its behaviour goes by.
type Version struct{ Major, Minor int }

// String returns it as "1.9".
func (v Version) String() string { return strconv.Itoa(v.Major) + "." + strconv.Itoa(v.Minor) }

// Before says whether v is older than w.
func (v Version) Before(w Version) bool {
	return v.Major < w.Major || v.Major == w.Major && v.Minor < w.Minor
}

// Oldest and Newest bound the versions that the tables of this package know.
func Oldest() Version { return Version{1, 0} }

// Newest is the other bound.
func Newest() Version { return Version{1, 9} }

// Known says whether the tables have the version.
func (v Version) Known() bool { return !v.Before(Oldest()) && !Newest().Before(v) }

// ParseVersion reads what KubeVirt says of itself: "1.9", "v1.9.0", "v1.9.0-rc.1", "v1.9.0-1+0a1b2c-dirty". What is no
// release, such as "latest" or the "v0.0.0-master+$Format:%h$" of a build without flags, is INVALID_OPTION.
func ParseVersion(text string) (Version, error) {
	major, rest, ok := strings.Cut(strings.TrimPrefix(text, "v"), ".")
	minor, _, _ := strings.Cut(rest, ".")
	if end := strings.IndexAny(minor, "-+"); end >= 0 {
		minor = minor[:end]
	}
	var v Version
	var errMajor, errMinor error
	v.Major, errMajor = number(major)
	v.Minor, errMinor = number(minor)
	if !ok || errMajor != nil || errMinor != nil || v.Major == 0 {
		return Version{}, &domain.Error{Code: domain.CodeInvalidOption, Params: domain.Params{domain.ParamField: "version"},
			Fields: []domain.FieldError{{Field: "version", Reason: domain.FieldInvalid, Detail: "not a release of KubeVirt"}}}
	}
	return v, nil
}

// number reads digits and nothing else.
func number(text string) (int, error) {
	n, err := strconv.ParseUint(text, 10, 16)
	return int(n), err
}
