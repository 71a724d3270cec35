package controlplane

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
)

// lowestPort is the first port freePort draws from.
const lowestPort = 10000

// freePort draws a port of the loopback address on which nobody listens now.
//
// It keeps out of the range from which the kernel takes the source ports of
// outgoing connections. A port from that range can be taken by any client
// between this check and the server's start, and, worse, while the API server
// restarts its own clients could dial themselves on it.
func freePort(taken map[int]bool) (int, error) {
	highest := ephemeralStart()
	for range 200 {
		port := lowestPort + rand.IntN(highest-lowestPort)
		if taken[port] {
			continue
		}
		listener, err := net.Listen("tcp4", loopback(port))
		if err != nil {
			continue
		}
		if err := listener.Close(); err != nil {
			return 0, fmt.Errorf("give port %d back: %w", port, err)
		}
		taken[port] = true
		return port, nil
	}
	return 0, errors.New("no free port found on the loopback address")
}

// ephemeralStart is the first port the kernel hands out to clients. Without
// the file (not Linux) it is the usual lower bound of such ranges.
func ephemeralStart() int {
	const usual = 32768
	text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if err != nil {
		return usual
	}
	var low, high int
	if _, err := fmt.Sscan(string(text), &low, &high); err != nil || low < lowestPort+1000 {
		return usual
	}
	return low
}

// loopback is the address of a port of this machine.
func loopback(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }
