package launch

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"rollcall/providers"
	"rollcall/providers/adapters"
)

func TestOnlyANodeThatTheSameLaunchCanBringFurtherCarriesOn(t *testing.T) {
	refused := func(k providers.Kind) error { return &providers.Error{Kind: k, Err: errors.New("no")} }
	up := providers.Instance{ID: "i-1", State: providers.StateRunning}
	for _, tc := range []struct {
		what string
		n    Node
		want bool
	}{
		{"registered", Node{Stage: StageRegistered, Instance: up}, false},
		{"not asked for", Node{Stage: StageWaiting, Err: context.Canceled}, true},
		{"an answer lost", Node{Stage: StageUnknown, Err: refused(providers.KindUncertain)}, true},
		{"throttled", Node{Stage: StageFailed, Err: refused(providers.KindThrottled)}, true},
		{"not allowed", Node{Stage: StageFailed, Err: refused(providers.KindAuth)}, true},
		{"no room", Node{Stage: StageFailed, Err: refused(providers.KindLimit)}, true},
		{"refused as it is", Node{Stage: StageFailed, Err: refused(providers.KindInvalid)}, false},
		{"no such image", Node{Stage: StageFailed, Err: refused(providers.KindNotFound)}, false},
		{"other parameters than before", Node{Stage: StageFailed, Err: refused(providers.KindConflict)}, false},
		{"on its way", Node{Stage: StagePending, Instance: providers.Instance{ID: "i-1", State: providers.StatePending}}, true},
		{"up and not in DNS", Node{Stage: StageHealthy, Instance: up, Err: errors.New("not in DNS after 10m")}, true},
		{"up and never in DNS", Node{Stage: StageRunning, Instance: up, Err: refused(providers.KindInvalid)}, false},
		{"up and the name is full", Node{Stage: StageRunning, Instance: up, Err: refused(providers.KindLimit)}, false},
		{"ended", Node{Stage: StageFailed, Instance: providers.Instance{ID: "i-1", State: providers.StateTerminated}}, false},
		{"ending", Node{Stage: StageFailed, Instance: providers.Instance{ID: "i-1", State: providers.StateTerminating}}, false},
		{"never provisioned", Node{Stage: StageFailed, Instance: providers.Instance{ID: "i-1", State: providers.StateFailed}}, false},
	} {
		if got := tc.n.CanContinue(); got != tc.want {
			t.Errorf("%s: %v", tc.what, got)
		}
	}
}

func TestALaunchThatIsNotFollowedEndsOnceEveryCloudHasTakenItsNodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newFakeLauncher()
		began := time.Now()
		var reported []string
		r := Run(context.Background(), spec(3), cloudsOf(a), Options{AcceptedOnly: true}, func(n Node) { reported = append(reported, string(n.Stage)+n.Message) })
		if !r.Accepted() || r.OK() || a.looks != 0 || time.Since(began) > 2*time.Second || len(reported) != 6 {
			t.Errorf("%d looks, told %q: %+v", a.looks, reported, r)
		}
		a.fails = func(int, providers.LaunchRequest) error {
			return providers.Errorf(providers.KindInvalid, "launch", "no")
		}
		s := spec(1)
		s.ID = "other"
		if r = Run(context.Background(), s, cloudsOf(a), Options{AcceptedOnly: true}, nil); r.Accepted() {
			t.Errorf("%+v", r)
		}
	})
}

func TestAStoppedLaunchNeverBlamesTheCloud(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, at := range []time.Duration{500 * time.Millisecond, 1500 * time.Millisecond, 5 * time.Second, 40 * time.Second} {
			a := newFakeLauncher()
			a.fails = func(int, providers.LaunchRequest) error { return nil }
			ctx, cancel := context.WithTimeout(context.Background(), at)
			c := stopped{a, ctx}
			var reported []string
			asked := func(ctx context.Context, _ Node) (bool, error) { return false, ctx.Err() }
			r := Run(ctx, spec(2), []Cloud{{Name: "c0", Traits: adapters.Declared(providers.EC2).Traits, Compute: c}}, Options{Registered: asked}, func(n Node) { reported = append(reported, n.Message) })
			cancel()
			for i := range r.Nodes {
				reported = append(reported, r.Nodes[i].Message)
			}
			for _, s := range reported {
				for _, word := range []string{"context", "unreachable", "deadline"} {
					if strings.Contains(s, word) {
						t.Errorf("after %s: %q", at, s)
					}
				}
			}
		}
	})
}

// stopped answers with the error of the context once that has ended, as an adapter does.
type stopped struct {
	*fakeLauncher
	ctx context.Context
}

func (s stopped) Launch(ctx context.Context, req providers.LaunchRequest) (providers.Instance, error) {
	i, err := s.fakeLauncher.Launch(ctx, req)
	if ctx.Err() != nil {
		return providers.Instance{}, &providers.Error{Kind: providers.KindUnreachable, Op: "launch", Err: ctx.Err()}
	}
	return i, err
}

func (s stopped) Instance(ctx context.Context, id string) (providers.Instance, error) {
	if ctx.Err() != nil {
		return providers.Instance{}, &providers.Error{Kind: providers.KindUnreachable, Op: "get", Err: ctx.Err()}
	}
	return s.fakeLauncher.Instance(ctx, id)
}
