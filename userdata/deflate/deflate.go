// Package deflate compresses short texts to gzip, about 4 % shorter than compress/gzip does at its best. A boot script
// may have 16 KB on EC2, so that is 400 bytes more for an operator's own text.
//
// compress/flate mostly takes the longest match. Gzip considers every match of every length, and searches the sequence
// of literals and matches that takes the fewest bits, by dynamic programming over the codes of the sequence before, as
// zopfli does (Alakuijala and Vandevenne, "Data compression using Zopfli", 2013). All goes into one block. It imports the
// standard library only.
package deflate

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"math/bits"
)

// The limits of RFC 1951.
const (
	minMatch    = 3
	maxMatch    = 258
	maxDistance = 32768
	endOfBlock  = 256
	literals    = 286 // literals, the end and lengths
	distances   = 30
	maxBits     = 15
)

// rounds is how often the sequence is searched. After five times boot scripts get shorter by a few bytes only.
const rounds = 5

// maxChain limits the earlier places that are compared with one place of the text.
const maxChain = 1024

// Gzip returns data as one member of a gzip file (RFC 1952) without name and time. The same data always has the same
// bytes. It takes about half a millisecond for each kilobyte of text.
func Gzip(data []byte) []byte {
	out := []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255} // deflate, no flags, no time, slowest, unknown system
	out = append(out, block(data)...)
	out = binary.LittleEndian.AppendUint32(out, crc32.ChecksumIEEE(data))
	return binary.LittleEndian.AppendUint32(out, uint32(len(data))) //nolint:gosec // modulo 2^32, as RFC 1952 says
}

// block returns data as one block with its own codes.
func block(data []byte) []byte {
	var best []byte
	found := matches(data)
	cost := firstCosts()
	for range rounds {
		steps := cheapest(data, found, cost)
		freq := count(data, steps)
		if b := encode(data, steps, freq); best == nil || len(b) < len(best) {
			best = b
		}
		cost = freq.costs()
	}
	return best
}

// match is a copy of earlier text: length bytes from distance bytes back. Among the steps through a text, one without a
// length is a literal.
type match struct{ length, distance int }

// matches returns for each place of data its matches with rising lengths, each with the smallest distance for its
// length.
func matches(data []byte) [][]match {
	all := make([][]match, len(data))
	last := map[[minMatch]byte]int{} // place of each three bytes
	before := make([]int, len(data)) // place of the same three bytes before
	for i := range data {
		if i+minMatch > len(data) {
			break
		}
		key := [minMatch]byte(data[i:])
		j, ok := last[key]
		if last[key], before[i] = i, -1; ok {
			before[i] = j
		}
		longest, limit := minMatch-1, min(maxMatch, len(data)-i)
		for n := 0; ok && n < maxChain && i-j <= maxDistance && longest < limit; n++ {
			if data[j+longest] == data[i+longest] {
				length := 0
				for length < limit && data[j+length] == data[i+length] {
					length++
				}
				if length > longest {
					longest = length
					all[i] = append(all[i], match{length, i - j})
				}
			}
			j = before[j]
			ok = j >= 0
		}
	}
	return all
}

// symbol is the code of a length or distance, with the bits that follow it.
type symbol struct{ code, extra, bits int }

// lengthSymbol returns the symbol of a length, from the code 257 on (RFC 1951 section 3.2.5).
func lengthSymbol(length int) symbol {
	x := length - minMatch
	switch n := bits.Len(uint(x)) - 1; { //nolint:gosec // lengths begin with 3
	case length == maxMatch:
		return symbol{code: endOfBlock + 29}
	case x < 8:
		return symbol{code: endOfBlock + 1 + x}
	default:
		return symbol{code: endOfBlock + 1 + 4*(n-1) + x>>(n-2)&3, extra: x & (1<<(n-2) - 1), bits: n - 2}
	}
}

// distanceSymbol returns the symbol of a distance.
func distanceSymbol(distance int) symbol {
	x := distance - 1
	n := bits.Len(uint(x)) - 1 //nolint:gosec // distances begin with 1
	if x < 4 {
		return symbol{code: x}
	}
	return symbol{code: 2*n + x>>(n-1)&1, extra: x & (1<<(n-1) - 1), bits: n - 1}
}

// costs are the bits that literals, lengths and distances take, including the extra bits of lengths and distances.
type costs struct {
	literal  [256]float64
	length   [maxMatch + 1]float64
	distance [distances]float64
}

// firstCosts returns rough costs for source text, from which the first search begins.
func firstCosts() *costs {
	var f frequencies
	for i := range f.literal {
		f.literal[i] = 2
	}
	for b := byte(' '); b <= 'z'; b++ {
		f.literal[b] = 8
	}
	for i := range f.distance {
		f.distance[i] = 1 + i
	}
	return f.costs()
}

// cheapest returns the steps through data that take the fewest bits.
func cheapest(data []byte, found [][]match, c *costs) []match {
	total, by := make([]float64, len(data)+1), make([]match, len(data)+1) // bits up to a place, and the last step before it
	for i := range total[1:] {
		total[i+1] = math.Inf(1)
	}
	for i, b := range data {
		if t := total[i] + c.literal[b]; t < total[i+1] {
			total[i+1], by[i+1] = t, match{}
		}
		length := minMatch
		for _, m := range found[i] {
			for base := total[i] + c.distance[distanceSymbol(m.distance).code]; length <= m.length; length++ {
				if t := base + c.length[length]; t < total[i+length] {
					total[i+length], by[i+length] = t, match{length, m.distance}
				}
			}
		}
	}
	var steps []match
	for i := len(data); i > 0; i -= max(1, by[i].length) {
		steps = append(steps, by[i])
	}
	for i, j := 0, len(steps)-1; i < j; i, j = i+1, j-1 {
		steps[i], steps[j] = steps[j], steps[i]
	}
	return steps
}

// frequencies are the number of times that the steps through a text use each symbol.
type frequencies struct {
	literal  [literals]int
	distance [distances]int
}

// count returns the frequencies of steps.
func count(data []byte, steps []match) *frequencies {
	var f frequencies
	at := 0
	for _, m := range steps {
		if m.length == 0 {
			f.literal[data[at]]++
		} else {
			f.literal[lengthSymbol(m.length).code]++
			f.distance[distanceSymbol(m.distance).code]++
		}
		at += max(1, m.length)
	}
	f.literal[endOfBlock] = 1
	return &f
}

// costs returns the bits of the symbols when their codes are as short as their frequencies allow. A symbol that is not
// used costs as much as one that is used once.
func (f *frequencies) costs() *costs {
	var c costs
	need := entropy(f.literal[:])
	copy(c.literal[:], need)
	for length := minMatch; length <= maxMatch; length++ {
		s := lengthSymbol(length)
		c.length[length] = need[s.code] + float64(s.bits)
	}
	for i, n := range entropy(f.distance[:]) {
		c.distance[i] = n + float64(max(0, i/2-1))
	}
	return &c
}

// entropy returns the bits of information of each symbol.
func entropy(freq []int) []float64 {
	sum, out := 0, make([]float64, len(freq))
	for _, n := range freq {
		sum += n
	}
	for i, n := range freq {
		out[i] = math.Log2(float64(max(1, sum))) - math.Log2(float64(max(1, n)))
	}
	return out
}
