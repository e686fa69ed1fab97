package launch

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"rollcall/providers"
)

// stagesOf runs a launch and returns the stages that were reported of its one node, the stages with
// their messages, and the report.
func stagesOf(a *fakeLauncher, o Options) (stages []Stage, reported []string, r Report) {
	r = Run(context.Background(), spec(1), cloudsOf(a), o, func(n Node) {
		if len(stages) == 0 || stages[len(stages)-1] != n.Stage {
			stages = append(stages, n.Stage)
		}
		reported = append(reported, string(n.Stage)+" "+n.Message)
	})
	return stages, reported, r
}

// inAfter says that nodes are in DNS some time after the test began.
func inAfter(d time.Duration) func(context.Context, Node) (bool, error) {
	began := time.Now()
	return func(context.Context, Node) (bool, error) { return time.Since(began) > d, nil }
}

func TestABootIsFollowedByWhatTheNodeSaysOfIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		stages, reported, r := stagesOf(newFakeLauncher(), Options{Registered: inAfter(3 * time.Minute), Boot: func(_ context.Context, n Node) (BootState, error) {
			if n.Instance.ID == "" || n.Instance.State != providers.StateRunning {
				t.Errorf("asked about %+v", n)
			}
			asked++
			switch {
			case asked < 3:
				return BootState{}, nil // it has written nothing yet
			case asked < 6:
				return BootState{Stage: StageBooting, Message: "waiting for the health check"}, nil
			case asked < 8:
				return BootState{Stage: StageHealthy}, nil
			case asked < 10:
				return BootState{Stage: StageBooting, Message: "unhealthy"}, nil // well no more
			}
			return BootState{Stage: StageHealthy}, nil
		}})
		if !r.OK() || r.Nodes[0].Message != "" {
			t.Errorf("%+v", r)
		}
		want := []Stage{StageLaunching, StagePending, StageRunning, StageBooting, StageHealthy, StageBooting, StageHealthy, StageRegistered}
		if !slices.Equal(stages, want) {
			t.Errorf("stages %v", stages)
		}
		// A stage and what the node says come in one piece.
		if !slices.Equal(reported[5:9], []string{"booting waiting for the health check", "healthy ", "booting unhealthy", "healthy "}) {
			t.Errorf("told %q", reported)
		}
	})
}

func TestACloudWithoutAConsoleLogIsAskedForItOnceAndNothingIsClaimed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		stages, _, r := stagesOf(newFakeLauncher(), Options{Registered: inAfter(3 * time.Minute), Boot: func(context.Context, Node) (BootState, error) {
			asked++
			return BootState{}, providers.Errorf(providers.KindInvalid, "read console log", "there is none")
		}})
		if !r.OK() || asked != 1 || !slices.Equal(stages, []Stage{StageLaunching, StagePending, StageRunning, StageRegistered}) {
			t.Errorf("asked %d times, stages %v: %+v", asked, stages, r)
		}
	})
}

func TestAConsoleLogThatMayNotBeReadIsSaidOnceAndAskedForOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		stages, reported, r := stagesOf(newFakeLauncher(), Options{Registered: inAfter(3 * time.Minute), Boot: func(context.Context, Node) (BootState, error) {
			asked++
			return BootState{}, providers.Errorf(providers.KindAuth, "read console log", "UnauthorizedOperation")
		}})
		if !r.OK() || asked != 1 || !slices.Equal(stages, []Stage{StageLaunching, StagePending, StageRunning, StageRegistered}) {
			t.Errorf("asked %d times, stages %v: %+v", asked, stages, r)
		}
		said := slices.DeleteFunc(reported, func(s string) bool { return !strings.Contains(s, "cannot be seen: ") })
		if len(said) != 1 || !strings.HasSuffix(said[0], "UnauthorizedOperation") {
			t.Errorf("told %q", said)
		}
	})
}

func TestABootThatCannotBeLookedAtIsAskedAboutAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		stages, _, r := stagesOf(newFakeLauncher(), Options{Registered: inAfter(3 * time.Minute), Boot: func(context.Context, Node) (BootState, error) {
			if asked++; asked < 4 {
				return BootState{Stage: StageHealthy}, providers.Errorf(providers.KindThrottled, "read console log", "slow down")
			}
			return BootState{Stage: StageBooting}, nil
		}})
		if !r.OK() || asked < 5 || !slices.Equal(stages, []Stage{StageLaunching, StagePending, StageRunning, StageBooting, StageRegistered}) {
			t.Errorf("asked %d times, stages %v: %+v", asked, stages, r)
		}
	})
}

func TestOnlyBootingAndHealthyAreStagesThatABootCanTell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, lie := range []Stage{StageRegistered, StageFailed, StagePending, StageWaiting, "sleeping"} {
			stages, _, r := stagesOf(newFakeLauncher(), Options{Registered: inAfter(3 * time.Minute), Boot: func(context.Context, Node) (BootState, error) {
				return BootState{Stage: lie}, nil
			}})
			if !r.OK() || !slices.Equal(stages, []Stage{StageLaunching, StagePending, StageRunning, StageRegistered}) {
				t.Errorf("%s: stages %v: %+v", lie, stages, r)
			}
		}
	})
}

func TestWhatANodeSaysIsToldWhenItNeverEntersDNSAndARetryFollowsItFurther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, in := newFakeLauncher(), false
		o := Options{
			RegisterTimeout: time.Minute,
			Registered:      func(context.Context, Node) (bool, error) { return in, nil },
			Boot: func(context.Context, Node) (BootState, error) {
				return BootState{Stage: StageHealthy, Message: "the instance has no role\x1b[2J"}, nil
			},
		}
		r := Run(context.Background(), spec(1), cloudsOf(a), o, nil)
		n := r.Nodes[0]
		if n.Stage != StageHealthy || !strings.Contains(n.Message, "not in DNS after 1m0s") || !strings.HasSuffix(n.Message, "it says: the instance has no role[2J") {
			t.Fatalf("%+v", n)
		}
		in = true
		if r = Retry(context.Background(), r, cloudsOf(a), o, nil); !r.OK() || a.calls != 1 {
			t.Errorf("%d calls: %+v", a.calls, r)
		}
	})
}

func TestWhyARegistrationFailsIsToldBeforeWhatTheNodeSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := spec(1)
		s.Console = true
		r := Run(context.Background(), s, cloudsOf(newFakeLauncher()), Options{
			RegisterTimeout: time.Minute,
			Register:        func(context.Context, Node) error { return errors.New("the zone is locked") },
			Boot: func(context.Context, Node) (BootState, error) {
				return BootState{Stage: StageBooting, Message: "waiting"}, nil
			},
		}, nil)
		if n := r.Nodes[0]; n.Stage != StageBooting || !strings.HasSuffix(n.Message, ": the zone is locked") {
			t.Errorf("%+v", n)
		}
	})
}
