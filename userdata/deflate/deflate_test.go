package deflate

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// texts are the kinds of data that take the branches of the format: no match, runs, every byte, the largest length and
// distance.
func texts() map[string][]byte {
	rng := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 40_000)
	for i := range noise {
		noise[i] = byte(rng.IntN(256))
	}
	source, err := os.ReadFile("deflate.go")
	if err != nil {
		panic(err)
	}
	far := append(bytes.Clone(noise[:maxDistance]), noise[:300]...)
	return map[string][]byte{
		"nothing": {}, "a byte": {0}, "two bytes": []byte("ab"), "one byte again and again": bytes.Repeat([]byte{'a'}, 40_000), "noise": noise, "source": source,
		"the same a whole window before": far, "the same beyond the window": append(bytes.Clone(noise[:maxDistance+1]), noise[:300]...),
		"a run of the longest match": []byte(strings.Repeat("x", maxMatch+1)), "few letters": bytes.Repeat([]byte("abcabcabd"), 5000),
	}
}

func unpacked(t testing.TB, z []byte) []byte {
	t.Helper()
	r, err := gzip.NewReader(bytes.NewReader(z))
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(r) // which compares length and checksum
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestWhatIsCompressedUnpacksToWhatItWas(t *testing.T) {
	for name, text := range texts() {
		z := Gzip(text)
		if !bytes.Equal(unpacked(t, z), text) {
			t.Errorf("%s: it is not what it was", name)
		}
		if !bytes.Equal(Gzip(text), z) {
			t.Errorf("%s: the same data has other bytes the second time", name)
		}
	}
}

func TestWhatIsCompressedIsReadByGunzipAndByPythonAsOnANode(t *testing.T) {
	for _, tool := range [][]string{{"gunzip", "-c"}, {"python3", "-c", "import gzip, sys; sys.stdout.buffer.write(gzip.decompress(sys.stdin.buffer.read()))"}} {
		if _, err := exec.LookPath(tool[0]); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatal(err)
			}
			t.Skip(err)
		}
		for name, text := range texts() {
			c := exec.CommandContext(t.Context(), tool[0], tool[1:]...)
			c.Stdin = bytes.NewReader(Gzip(text))
			if out, err := c.Output(); err != nil || !bytes.Equal(out, text) {
				t.Errorf("%s: %s: %d bytes of %d, %v", tool[0], name, len(out), len(text), err)
			}
		}
	}
}

func TestATextIsShorterThanTheStandardLibraryMakesIt(t *testing.T) {
	text := texts()["source"]
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := z.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if got := len(Gzip(text)); got > b.Len()*98/100 {
		t.Errorf("%d bytes, with compress/gzip %d", got, b.Len())
	}
}

func TestNoCodeIsLongerThanItsLimit(t *testing.T) {
	freq := make([]int, 40) // numbers of Fibonacci make the longest codes
	a, b := 1, 1
	for i := range freq {
		freq[i] = a
		a, b = b, a+b
	}
	for _, limit := range []int{7, maxBits} {
		sum := 0 // of Kraft, in units of the limit
		for i, n := range codeLengths(freq, limit) {
			if n < 1 || n > limit {
				t.Errorf("symbol %d of %d bits has %d", i, limit, n)
			}
			sum += 1 << (limit - n)
		}
		if sum != 1<<limit {
			t.Errorf("limit %d: the code is not complete: %d of %d", limit, sum, 1<<limit)
		}
	}
}

func FuzzGzip(f *testing.F) {
	for _, text := range texts() {
		if len(text) < 1000 {
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if !bytes.Equal(unpacked(t, Gzip(text)), text) {
			t.Error("it is not what it was")
		}
	})
}

func BenchmarkGzip(b *testing.B) {
	text := texts()["source"]
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		Gzip(text)
	}
}
