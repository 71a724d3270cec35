package nodesim_test

import (
	"testing"

	"github.com/kv-shepherd/shepherd-go/e2e/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }
