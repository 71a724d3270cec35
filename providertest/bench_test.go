package providertest

import "testing"

// BenchmarkMock runs in real time: a benchmark has no bubble.
func BenchmarkMock(b *testing.B) {
	h := mockHarness()
	h.Virtual = false
	Benchmark(b, h)
}
