package dnssd_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"rollcall/dnsview/dnssd"
	"rollcall/providers"
)

func targets(of ...providers.SRV) []providers.SRV { return of }

func srv(priority, weight uint16, target string) providers.SRV {
	return providers.SRV{Priority: priority, Weight: weight, Port: 80, Target: target}
}

func TestLowerPrioritiesComeFirstAndEveryTargetOnce(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	in := targets(srv(20, 100, "c"), srv(10, 1, "a"), srv(30, 0, "d"), srv(10, 5, "b"), srv(20, 0, "e"))
	for range 200 {
		got := dnssd.Order(in, r)
		if len(got) != len(in) {
			t.Fatalf("%d of %d targets", len(got), len(in))
		}
		if !slices.IsSortedFunc(got, func(a, b providers.SRV) int { return int(a.Priority) - int(b.Priority) }) {
			t.Fatalf("%v", got)
		}
		seen := map[string]bool{}
		for _, s := range got {
			seen[s.Target] = true
		}
		if len(seen) != len(in) {
			t.Fatalf("%v", got)
		}
	}
}

// shares draws n times and returns how often each target came first.
func shares(in []providers.SRV, n int) map[string]float64 {
	r := rand.New(rand.NewPCG(7, 42))
	out := map[string]float64{}
	for range n {
		out[dnssd.Order(in, r)[0].Target] += 1 / float64(n)
	}
	return out
}

func TestWeightsAreTheSharesOfTheFirstChoice(t *testing.T) {
	// The algorithm draws from 0 to the sum, both included: of 101 numbers the first
	// target in the arrangement gets one more than its weight.
	got := shares(targets(srv(1, 10, "a"), srv(1, 30, "b"), srv(1, 60, "c")), 200_000)
	for target, want := range map[string]float64{"a": 11.0 / 101, "b": 30.0 / 101, "c": 60.0 / 101} {
		if math.Abs(got[target]-want) > 0.005 {
			t.Errorf("%s comes first in %.4f of the draws, want %.4f", target, got[target], want)
		}
	}
}

func TestATargetOfWeight0ComesFirstSeldomButNotNever(t *testing.T) {
	got := shares(targets(srv(1, 0, "zero"), srv(1, 99, "heavy")), 200_000)
	if want := 1.0 / 100; math.Abs(got["zero"]-want) > 0.002 {
		t.Errorf("the target of weight 0 comes first in %.4f of the draws, want %.4f", got["zero"], want)
	}
	equal := shares(targets(srv(1, 0, "a"), srv(1, 0, "b"), srv(1, 0, "c"), srv(1, 0, "d")), 100_000)
	for target, share := range equal {
		if math.Abs(share-0.25) > 0.01 {
			t.Errorf("%s of four targets of weight 0 comes first in %.4f of the draws", target, share)
		}
	}
}

func TestTheFallOverFollowsTheWeightsToo(t *testing.T) {
	in := targets(srv(1, 50, "a"), srv(1, 30, "b"), srv(1, 20, "c"))
	r := rand.New(rand.NewPCG(3, 9))
	second, n := map[string]float64{}, 0.0
	for range 300_000 {
		if got := dnssd.Order(in, r); got[0].Target == "a" {
			second[got[1].Target]++
			n++
		}
	}
	if share := second["b"] / n; math.Abs(share-30.0/51) > 0.01 {
		t.Errorf("after a, b comes in %.4f of the draws", share)
	}
}

func TestATargetOfADotIsNoTarget(t *testing.T) {
	if got := dnssd.Order(targets(srv(0, 0, ".")), rand.New(rand.NewPCG(1, 1))); len(got) != 0 {
		t.Errorf("%v", got)
	}
}
