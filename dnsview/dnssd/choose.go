package dnssd

import (
	"cmp"
	"slices"

	"rollcall/providers"
)

// Rand is a source of random numbers for Order, such as a *rand.Rand of math/rand/v2.
type Rand interface {
	IntN(n int) int // from 0 to n-1, each as likely
}

// Order returns targets in the order in which a client tries them (RFC 2782): the lowest priority first, and equal
// priorities at random by weight. Weight 0 beside other weights seldom comes first; if all weights are 0, every order
// is equally likely. A target of ".", which means that the service is not available, is left out.
func Order(targets []providers.SRV, r Rand) []providers.SRV {
	left := slices.DeleteFunc(slices.Clone(targets), func(s providers.SRV) bool { return s.Target == "." })
	slices.SortFunc(left, func(a, b providers.SRV) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(a.Weight, b.Weight), cmp.Compare(a.Target, b.Target), cmp.Compare(a.Port, b.Port))
	})
	out := make([]providers.SRV, 0, len(left))
	for len(left) > 0 {
		n := 1
		for n < len(left) && left[n].Priority == left[0].Priority {
			n++
		}
		out = append(out, byWeight(left[:n:n], r)...)
		left = left[n:]
	}
	return out
}

// byWeight orders targets of one priority. The algorithm of RFC 2782 wants those of weight 0 first, in any order, so
// they are shuffled.
func byWeight(group []providers.SRV, r Rand) []providers.SRV {
	zeros := 0
	sum := 0
	for _, s := range group {
		if s.Weight == 0 {
			zeros++
		}
		sum += int(s.Weight)
	}
	for i := zeros - 1; i > 0; i-- {
		j := r.IntN(i + 1)
		group[i], group[j] = group[j], group[i]
	}
	out := make([]providers.SRV, 0, len(group))
	for len(group) > 0 {
		at, running := r.IntN(sum+1), 0
		for i, s := range group {
			running += int(s.Weight)
			if running >= at {
				out = append(out, s)
				sum -= int(s.Weight)
				group = slices.Delete(group, i, i+1)
				break
			}
		}
	}
	return out
}
