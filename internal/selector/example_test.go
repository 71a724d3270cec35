package selector_test

import (
	"fmt"

	"github.com/kv-shepherd/shepherd-go/internal/selector"
)

func Example() {
	s, err := selector.Parse("tier in (web, api), !legacy, zone != b")
	fmt.Println(s, err)
	fmt.Println(s.Matches(map[string]string{"tier": "web"}))
	// Output:
	// !legacy,tier in (api,web),zone!=b <nil>
	// true
}
