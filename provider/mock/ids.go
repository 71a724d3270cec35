package mock

import (
	"encoding/hex"
	"hash/fnv"
)

// ids makes ids that look like those of Kubernetes, and are the same for the same seed.
type ids struct {
	seed    uint64
	cluster string
}

// uid makes the id of one thing: kind tells VMs, instances, migrations and the like apart, the numbers count them.
func (s ids) uid(kind byte, n, m uint64) string {
	h := fnv.New64a()
	h.Write([]byte(s.cluster))
	high := mix(mix(mix(s.seed^h.Sum64())+uint64(kind)) + n)
	low := mix(high + m)
	var raw [16]byte
	for i := range 8 {
		raw[i], raw[8+i] = byte(high>>(8*i)), byte(low>>(8*i))
	}
	raw[6] = raw[6]&0x0f | 0x40 // version 4
	raw[8] = raw[8]&0x3f | 0x80
	var text [36]byte
	hex.Encode(text[:8], raw[:4])
	hex.Encode(text[9:13], raw[4:6])
	hex.Encode(text[14:18], raw[6:8])
	hex.Encode(text[19:23], raw[8:10])
	hex.Encode(text[24:], raw[10:])
	text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
	return string(text[:])
}

// mix is the finaliser of splitmix64: a bijection, so that different numbers stay different.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
