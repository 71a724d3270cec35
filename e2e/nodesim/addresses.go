package nodesim

import (
	"fmt"
	"hash/fnv"

	"k8s.io/apimachinery/pkg/types"
)

// digest makes addresses that stay the same for the life of an object.
func digest(uid types.UID, n int) uint32 {
	sum := fnv.New32a()
	fmt.Fprintf(sum, "%s/%d", uid, n) // a hash takes any write
	return sum.Sum32()
}

// unroutable is an address out of 198.18.0.0/15, which is reserved for
// benchmarks: a client that dialled it would reach nobody. Pods have 198.18,
// guests 198.19.
func unroutable(second int, uid types.UID, n int) string {
	d := digest(uid, n)
	return fmt.Sprintf("198.%d.%d.%d", second, 1+byte(d>>8)%250, 1+byte(d)%250)
}

func hardwareAddress(uid types.UID, n int) string {
	d := digest(uid, n)
	return fmt.Sprintf("02:00:%02x:%02x:%02x:%02x", byte(d>>24), byte(d>>16), byte(d>>8), byte(d))
}
