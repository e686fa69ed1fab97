package deflate

import (
	"cmp"
	"math/bits"
	"slices"
)

// writer packs bits, the lowest first.
type writer struct {
	out  []byte
	held uint64
	n    int
}

func (w *writer) write(v uint64, n int) {
	w.held |= v << w.n
	for w.n += n; w.n >= 8; w.n -= 8 {
		w.out = append(w.out, byte(w.held)) //nolint:gosec // the lowest eight bits
		w.held >>= 8
	}
}

// code is a Huffman code.
type code struct {
	lengths []int // bits of each symbol; 0 for one that is not in the code
	bits    []uint64
}

func (w *writer) symbol(c *code, symbol int) { w.write(c.bits[symbol], c.lengths[symbol]) }

// newCode returns the shortest code for symbols of such frequencies with at most limit bits each (RFC 1951 section
// 3.2.2).
func newCode(freq []int, limit int) *code {
	c := &code{lengths: codeLengths(freq, limit), bits: make([]uint64, len(freq))}
	next := uint64(0)
	for length := 1; length <= limit; length++ {
		for i, l := range c.lengths {
			if l == length {
				c.bits[i] = bits.Reverse64(next) >> (64 - length)
				next++
			}
		}
		next <<= 1
	}
	return c
}

// coin is a package of symbols with the sum of their frequencies.
type coin struct {
	weight  int
	symbols []int
}

// codeLengths returns the lengths of the shortest code with at most limit bits (Larmore and Hirschberg, "A fast algorithm
// for optimal length-limited Huffman codes", 1990). At least two symbols are in the code, since some readers refuse less.
func codeLengths(freq []int, limit int) []int {
	var single []coin
	for i, n := range freq {
		if n > 0 {
			single = append(single, coin{n, []int{i}})
		}
	}
	for i := 0; len(single) < 2; i++ {
		if freq[i] == 0 {
			single = append(single, coin{1, []int{i}})
		}
	}
	byWeight := func(a, b coin) int { return cmp.Compare(a.weight, b.weight) }
	slices.SortStableFunc(single, byWeight)
	coins := single
	for range limit - 1 {
		next := slices.Clone(single)
		for pair := range slices.Chunk(coins, 2) {
			if len(pair) == 2 {
				next = append(next, coin{pair[0].weight + pair[1].weight, slices.Concat(pair[0].symbols, pair[1].symbols)})
			}
		}
		slices.SortStableFunc(next, byWeight)
		coins = next
	}
	lengths := make([]int, len(freq))
	for _, c := range coins[:2*len(single)-2] {
		for _, s := range c.symbols {
			lengths[s]++
		}
	}
	return lengths
}

// encode returns the only block of a text: its codes, then its steps (RFC 1951 section 3.2.7).
func encode(data []byte, steps []match, freq *frequencies) []byte {
	literal, distance := newCode(freq.literal[:], maxBits), newCode(freq.distance[:], maxBits)
	w := &writer{}
	w.write(0b101, 3) // the last block, with codes of its own
	w.codes(literal.lengths, distance.lengths)
	at := 0
	for _, m := range steps {
		if m.length == 0 {
			w.symbol(literal, int(data[at]))
			at++
			continue
		}
		s := lengthSymbol(m.length)
		w.symbol(literal, s.code)
		w.write(uint64(s.extra), s.bits) //nolint:gosec // it is not negative
		s = distanceSymbol(m.distance)
		w.symbol(distance, s.code)
		w.write(uint64(s.extra), s.bits) //nolint:gosec // it is not negative
		at += m.length
	}
	w.symbol(literal, endOfBlock)
	w.write(0, (8-w.n)%8)
	return w.out
}

// codes writes the lengths of both codes, which are in a code themselves.
func (w *writer) codes(literal, distance []int) {
	literal, distance = literal[:max(257, used(literal))], distance[:max(1, used(distance))]
	runs := runLengths(slices.Concat(literal, distance))
	freq := make([]int, 19)
	for _, s := range runs {
		freq[s.code]++
	}
	c := newCode(freq, 7)
	order := []int{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}
	n := len(order)
	for n > 4 && c.lengths[order[n-1]] == 0 {
		n--
	}
	w.write(uint64(len(literal)-257), 5)
	w.write(uint64(len(distance)-1), 5)
	w.write(uint64(n-4), 4) //nolint:gosec // n is 4 to 19
	for _, i := range order[:n] {
		w.write(uint64(c.lengths[i]), 3) //nolint:gosec // 0 to 7
	}
	for _, s := range runs {
		w.symbol(c, s.code)
		w.write(uint64(s.extra), s.bits) //nolint:gosec // it is not negative
	}
}

// used returns the number of symbols up to the last one in the code.
func used(lengths []int) int {
	n := len(lengths)
	for n > 0 && lengths[n-1] == 0 {
		n--
	}
	return n
}

// runLengths returns the symbols for lengths of codes: 16 repeats the last length 3 to 6 times, 17 and 18 are 3 to 10 and
// 11 to 138 zeros.
func runLengths(lengths []int) (out []symbol) {
	for i := 0; i < len(lengths); {
		v, run := lengths[i], 1
		for i+run < len(lengths) && lengths[i+run] == v {
			run++
		}
		i += run
		if v != 0 {
			out = append(out, symbol{code: v})
			run--
		}
		for run >= 3 {
			n := min(run, 6)
			switch {
			case v != 0:
				out = append(out, symbol{16, n - 3, 2})
			case run < 11:
				n = run
				out = append(out, symbol{17, n - 3, 3})
			default:
				n = min(run, 138)
				out = append(out, symbol{18, n - 11, 7})
			}
			run -= n
		}
		for range run {
			out = append(out, symbol{code: v})
		}
	}
	return out
}
