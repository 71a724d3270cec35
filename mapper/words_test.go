package mapper

import "testing"

func TestWordsAreOneByte(t *testing.T) {
	if len(words) >= 0x7f || len(wordCodes) != len(words) || wordCodes[""] != 0 {
		t.Errorf("%d words, %d of them different, the empty one %d", len(words), len(wordCodes), wordCodes[""])
	}
}

// Every number, time and string that a record can hold must come back.
func TestCoderReadsWhatItWrites(t *testing.T) {
	numbers := []int64{0, 1, -1, 63, 64, -64, -65, 1 << 32, 1<<63 - 1, -1 << 63}
	long := string(make([]byte, 300))
	strings := []string{"", "True", "x", "abcd", "abcd", long, long, "\xff", "abcd"}
	w := &coder{mode: writing, said: make([]saidString, 0, 64)}
	for n := range numbers {
		w.int(&numbers[n])
	}
	for n := range strings {
		w.str(&strings[n])
	}
	r := reader(string(w.out))
	for _, want := range numbers {
		var got int64
		if r.int(&got); got != want {
			t.Errorf("%d was read as %d", want, got)
		}
	}
	for _, want := range strings {
		var got string
		if r.str(&got); got != want {
			t.Errorf("%q was read as %q", want, got)
		}
	}
	if r.at != len(r.in) {
		t.Errorf("%d bytes are left", len(r.in)-r.at)
	}
}
