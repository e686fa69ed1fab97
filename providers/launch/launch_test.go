package launch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"rollcall/providers"
	"rollcall/providers/adapters"
)

// fakeLauncher launches as a cloud does: once for each launch id and index.
type fakeLauncher struct {
	mu       sync.Mutex
	made     map[string]*providers.Instance // by launch id and index
	born     map[string]time.Time
	boots    time.Duration
	calls    int
	inside   int
	most     int
	fails    func(call int, req providers.LaunchRequest) error // before the node is made
	loses    func(call int) bool                               // after the node is made
	dies     map[int]bool                                      // by index: comes up dead
	requests []providers.LaunchRequest
	looks    int
}

func newFakeLauncher() *fakeLauncher {
	return &fakeLauncher{made: map[string]*providers.Instance{}, born: map[string]time.Time{}, boots: 20 * time.Second, dies: map[int]bool{}}
}

func (c *fakeLauncher) Launch(ctx context.Context, req providers.LaunchRequest) (providers.Instance, error) {
	c.mu.Lock()
	c.calls++
	call := c.calls
	c.requests = append(c.requests, req)
	c.inside++
	c.most = max(c.most, c.inside)
	c.mu.Unlock()
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inside--
	if c.fails != nil {
		if err := c.fails(call, req); err != nil {
			return providers.Instance{}, err
		}
	}
	key := fmt.Sprintf("%s/%d", req.LaunchID, req.Index)
	if c.made[key] == nil {
		i := providers.Instance{ID: fmt.Sprintf("i-%d", len(c.made)), Name: req.Name, State: providers.StatePending}
		if c.dies[req.Index] {
			i.State = providers.StateTerminated
		}
		c.made[key], c.born[i.ID] = &i, time.Now()
	}
	if c.loses != nil && c.loses(call) {
		return providers.Instance{}, providers.Errorf(providers.KindUncertain, "launch", "connection reset")
	}
	return *c.made[key], nil
}

func (c *fakeLauncher) Instance(_ context.Context, id string) (providers.Instance, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.looks++
	for _, i := range c.made {
		if i.ID == id {
			if time.Since(c.born[id]) < 3*time.Second {
				return providers.Instance{}, providers.Errorf(providers.KindNotFound, "get", "not yet known")
			}
			if i.State == providers.StatePending && time.Since(c.born[id]) >= c.boots {
				i.State = providers.StateRunning
			}
			return *i, nil
		}
	}
	return providers.Instance{}, providers.Errorf(providers.KindNotFound, "get", "unknown")
}

func spec(counts ...int) Spec {
	s := Spec{ID: "0123456789ab", Fleet: "7f3a", Service: "www.example.com", NamePrefix: "www", Tags: map[string]string{"service": "www"}}
	for i, n := range counts {
		s.Nodes = append(s.Nodes, Target{Cloud: fmt.Sprintf("c%d", i), Count: n, Image: "img", Size: "small", UserData: []byte("#!/bin/sh\n")})
	}
	return s
}

func cloudsOf(fakes ...*fakeLauncher) []Cloud {
	var out []Cloud
	for i, f := range fakes {
		p := []providers.Provider{providers.EC2, providers.Triton}[i%2]
		out = append(out, Cloud{Name: fmt.Sprintf("c%d", i), Traits: adapters.Declared(p).Traits, Compute: f})
	}
	return out
}

func TestAnIDIsTwelveHexDigitsAndNeverTheSame(t *testing.T) {
	a, b := NewID(), NewID()
	if len(a) != 12 || a == b || !idOK(a) {
		t.Errorf("%q, %q", a, b)
	}
}

func TestEveryMistakeInASpecIsOneClearLine(t *testing.T) {
	clouds := cloudsOf(newFakeLauncher(), newFakeLauncher())
	for _, tc := range []struct {
		name string
		make func(s *Spec)
		want string
	}{
		{"no clouds", func(s *Spec) { s.Nodes = nil }, "nothing to launch: name at least one cloud"},
		{"no id", func(s *Spec) { s.ID = "" }, `launch id "": it takes 1 to 32 lower-case letters and digits`},
		{"count", func(s *Spec) { s.Nodes[0].Count = 0 }, "cloud c0: a count of 0 launches nothing; it takes 1 or more"},
		{"too many", func(s *Spec) { s.Nodes[0].Count = 501 }, "502 nodes in one launch: the limit is 500"},
		{"cloud", func(s *Spec) { s.Nodes[0].Cloud = "cx" }, `cloud "cx": there is no such cloud; there are c0, c1`},
		{"twice", func(s *Spec) { s.Nodes[1].Cloud = "c0" }, "cloud c0: it is named twice; give one count for it"},
		{"image", func(s *Spec) { s.Nodes[1].Image = "" }, "cloud c1: no image is chosen"},
		{"size", func(s *Spec) { s.Nodes[1].Size = "" }, "cloud c1: no size is chosen"},
		{"user data", func(s *Spec) { s.Nodes[0].UserData = bytes.Repeat([]byte("x"), 16385) }, "cloud c0: the user data has 16385 bytes, EC2 takes 16384: 1 too many"},
		{"metadata", func(s *Spec) { s.Nodes[0].Metadata = map[string]string{"a": "b"} }, "cloud c0: metadata is for Triton; EC2 has none"},
		{"key pair", func(s *Spec) { s.Nodes[1].KeyPair = "k" }, "cloud c1: key pairs are for EC2; Triton takes the keys of the account"},
		{"prefix", func(s *Spec) { s.NamePrefix = "w_w" }, `name prefix "w_w": node names are host names, with letters, digits and hyphens, beginning with a letter or digit (RFC 1123 section 2.1)`},
		{"long prefix", func(s *Spec) { s.NamePrefix = strings.Repeat("w", 56) }, "has 64 characters, the limit is 63"},
		{"tag", func(s *Spec) { s.Tags = map[string]string{"rollcall.fleet": "x"} }, "tag rollcall.fleet: rollcall sets it itself"},
		{"control character", func(s *Spec) { s.Tags = map[string]string{"a": "b\x1b"} }, `tag "a": it holds a control character`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := spec(1, 1)
			tc.make(&s)
			_, err := Prepare(s, clouds)
			p, ok := errors.AsType[Problems](err)
			if !ok || len(p) != 1 || !strings.Contains(p[0], tc.want) {
				t.Fatalf("got %q, want one line with %q", p, tc.want)
			}
			fake := newFakeLauncher()
			r := Run(context.Background(), s, cloudsOf(fake, fake), Options{}, nil)
			if len(r.Problems) != 1 || fake.calls != 0 || r.OK() {
				t.Errorf("a refused spec was run: %+v", r)
			}
		})
	}
}

func TestTheLimitOfUserDataIsExact(t *testing.T) {
	s := spec(1)
	s.Nodes[0].UserData = bytes.Repeat([]byte("x"), adapters.Declared(providers.EC2).UserData)
	if _, err := Prepare(s, cloudsOf(newFakeLauncher())); err != nil {
		t.Error(err)
	}
}

func TestALaunchFollowsEveryNodeUntilItIsRegistered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newFakeLauncher(), newFakeLauncher()
		var reported []Node
		inside := 0
		o := Options{Registered: func(_ context.Context, n Node) (bool, error) {
			return n.Instance.State == providers.StateRunning && time.Since(n.Since) > 10*time.Second, nil
		}}
		r := Run(context.Background(), spec(3, 2), cloudsOf(a, b), o, func(n Node) {
			inside++
			if inside != 1 {
				t.Error("progress was called from two goroutines at a time")
			}
			reported = append(reported, n)
			inside--
		})
		if !r.OK() || len(r.Nodes) != 5 || len(a.made) != 3 || len(b.made) != 2 {
			t.Fatalf("%+v", r)
		}
		names := map[string]bool{}
		for _, n := range r.Nodes {
			names[n.Name] = true
		}
		if len(names) != 5 || !names["www-0123-01"] || !names["www-0123-05"] {
			t.Errorf("names %v", slices.Sorted(maps.Keys(names)))
		}
		var stages []Stage
		for _, n := range reported {
			if n.Name == "www-0123-01" && !slices.Contains(stages, n.Stage) {
				stages = append(stages, n.Stage)
			}
		}
		if !slices.Equal(stages, []Stage{StageLaunching, StagePending, StageRunning, StageRegistered}) {
			t.Errorf("stages %v", stages)
		}
		tags := a.requests[0].Tags
		if tags[providers.TagLaunch] != fmt.Sprintf("0123456789ab/%d", a.requests[0].Index) || tags[providers.TagFleet] != "7f3a" || tags[providers.TagService] != "www.example.com" || tags["service"] != "www" {
			t.Errorf("tags %v", tags)
		}
	})
}

func TestLaunchCallsOfOneCloudAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newFakeLauncher()
		r := Run(context.Background(), spec(50), cloudsOf(a), Options{Concurrency: 5}, nil)
		if !r.OK() || a.most != 5 {
			t.Errorf("%d calls at a time: %+v", a.most, r.Nodes)
		}
	})
}

func TestALostReplyStartsNoNodeTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newFakeLauncher()
		a.loses = func(call int) bool { return call%2 == 1 }
		r := Run(context.Background(), spec(10), cloudsOf(a), Options{Tries: 8, Concurrency: 3}, nil)
		if !r.OK() || len(a.made) != 10 {
			t.Errorf("%d nodes were made: %+v", len(a.made), r)
		}
	})
}

func TestANodeWhoseReplyStaysLostIsUnknownAndARetryFindsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newFakeLauncher()
		a.loses = func(int) bool { return true }
		r := Run(context.Background(), spec(2), cloudsOf(a), Options{}, nil)
		for _, n := range r.Nodes {
			if n.Stage != StageUnknown || n.Err == nil || !strings.Contains(n.Message, "starts nothing twice") {
				t.Errorf("%+v", n)
			}
		}
		a.loses = nil
		r = Retry(context.Background(), r, cloudsOf(a), Options{}, nil)
		if !r.OK() || len(a.made) != 2 {
			t.Errorf("%d nodes were made: %+v", len(a.made), r)
		}
	})
}

func TestPartialSuccessIsToldNodeByNodeAndARetryLaunchesOnlyWhatIsMissing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newFakeLauncher(), newFakeLauncher()
		b.fails = func(_ int, req providers.LaunchRequest) error {
			if req.Index == 1 {
				return providers.Errorf(providers.KindLimit, "launch", "quota\x1b[31m reached")
			}
			return nil
		}
		r := Run(context.Background(), spec(2, 2), cloudsOf(a, b), Options{}, nil)
		if r.OK() || r.Nodes[3].Stage != StageFailed {
			t.Fatalf("%+v", r)
		}
		if n := r.Nodes[3]; n.Name != "www-0123-04" || n.Cloud != "c1" || !strings.Contains(n.Message, "reached") || strings.ContainsRune(n.Message, 0x1b) {
			t.Errorf("%+v", n)
		}
		b.fails = nil
		calls, before := a.calls, b.calls
		r = Retry(context.Background(), r, cloudsOf(a, b), Options{}, nil)
		if !r.OK() || a.calls != calls || b.calls != before+1 || len(a.made)+len(b.made) != 4 {
			t.Errorf("%d and %d calls: %+v", a.calls, b.calls, r)
		}
	})
}

func TestANodeThatComesUpDeadIsReplacedUnderANewIndex(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newFakeLauncher()
		a.dies[1] = true
		r := Run(context.Background(), spec(2), cloudsOf(a), Options{}, nil)
		if r.Nodes[1].Stage != StageFailed || !strings.Contains(r.Nodes[1].Message, "terminated") {
			t.Fatalf("%+v", r)
		}
		r = Retry(context.Background(), r, cloudsOf(a), Options{}, nil)
		if !r.OK() || r.Nodes[1].Index != 2 || r.Nodes[1].Name != "www-0123-03" || len(a.made) != 3 {
			t.Errorf("%+v", r.Nodes[1])
		}
	})
}

func TestANodeThatNeverEntersDNSIsRunningWithAReasonAndIsFollowedFurtherByARetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newFakeLauncher()
		in := false
		o := Options{RegisterTimeout: time.Minute, Registered: func(context.Context, Node) (bool, error) { return in, nil }}
		r := Run(context.Background(), spec(1), cloudsOf(a), o, nil)
		if n := r.Nodes[0]; n.Stage != StageRunning || n.Err == nil || !strings.Contains(n.Message, "not in DNS after 1m0s") || r.OK() {
			t.Fatalf("%+v", n)
		}
		in = true
		r = Retry(context.Background(), r, cloudsOf(a), o, nil)
		if !r.OK() || a.calls != 1 {
			t.Errorf("%d calls: %+v", a.calls, r)
		}
	})
}

func TestTheConsoleRegistersWhenTheSpecSaysSoAndAgainAfterAnErrorThatMayPass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newFakeLauncher()
		tries := 0
		in := map[string]bool{}
		o := Options{
			Register: func(_ context.Context, n Node) error {
				if tries++; tries < 3 {
					return providers.Errorf(providers.KindUnreachable, "check", "not healthy yet")
				}
				in[n.Instance.ID] = true
				return nil
			},
			Registered: func(_ context.Context, n Node) (bool, error) { return in[n.Instance.ID], nil },
		}
		s := spec(1)
		r := Run(context.Background(), s, cloudsOf(a), Options{Registered: o.Registered, Register: o.Register, RegisterTimeout: time.Minute}, nil)
		if r.OK() || tries != 0 {
			t.Errorf("a node that registers itself was registered by the console %d times", tries)
		}
		s.Console = true
		r = Run(context.Background(), s, cloudsOf(newFakeLauncher()), o, nil)
		if !r.OK() || tries != 3 {
			t.Errorf("%d tries: %+v", tries, r)
		}
	})
}

func TestARefusedRegistrationEndsTheWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := spec(1)
		s.Console = true
		began := time.Now()
		r := Run(context.Background(), s, cloudsOf(newFakeLauncher()), Options{Register: func(context.Context, Node) error {
			return providers.Errorf(providers.KindInvalid, "register", "no address")
		}}, nil)
		if n := r.Nodes[0]; n.Stage != StageRunning || !strings.Contains(n.Message, "no address") || time.Since(began) > 2*time.Minute {
			t.Errorf("%+v after %s", n, time.Since(began))
		}
	})
}

func TestANodeThatDiesBeforeItIsRegisteredHasFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newFakeLauncher()
		r := Run(context.Background(), spec(1), cloudsOf(a), Options{Registered: func(context.Context, Node) (bool, error) {
			a.mu.Lock()
			defer a.mu.Unlock()
			for _, i := range a.made {
				i.State = providers.StateTerminating
			}
			return false, nil
		}}, nil)
		if n := r.Nodes[0]; n.Stage != StageFailed || !strings.Contains(n.Message, "terminating") {
			t.Errorf("%+v", n)
		}
	})
}

func TestAThrottleIsWaitedOutForAsLongAsTheCloudAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newFakeLauncher()
		a.fails = func(call int, _ providers.LaunchRequest) error {
			if call == 1 {
				return &providers.Error{Kind: providers.KindThrottled, RetryAfter: time.Minute, Err: errors.New("slow down")}
			}
			return nil
		}
		began := time.Now()
		r := Run(context.Background(), spec(1), cloudsOf(a), Options{}, nil)
		if took := time.Since(began); !r.OK() || took < time.Minute {
			t.Errorf("after %s: %+v", took, r)
		}
	})
}

func TestAStoppedLaunchTellsOfEveryNodeAndARetryTakesItUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newFakeLauncher()
		ctx, cancel := context.WithTimeout(context.Background(), 2500*time.Millisecond)
		defer cancel()
		r := Run(ctx, spec(10), cloudsOf(a), Options{Concurrency: 2}, nil)
		if len(r.Nodes) != 10 || r.OK() {
			t.Fatalf("%+v", r)
		}
		for _, n := range r.Nodes {
			if n.Message == "" {
				t.Errorf("nothing is told of %+v", n)
			}
		}
		r = Retry(context.Background(), r, cloudsOf(a), Options{}, nil)
		if !r.OK() || len(a.made) != 10 {
			t.Errorf("%d nodes were made: %+v", len(a.made), r)
		}
	})
}

func TestManyNodesAreLookedAtLessOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newFakeLauncher()
		a.boots = time.Minute
		began := time.Now()
		r := Run(context.Background(), spec(200), cloudsOf(a), Options{Concurrency: 50}, nil)
		if perSecond := float64(a.looks) / time.Since(began).Seconds(); !r.OK() || perSecond > 20 {
			t.Errorf("%.0f looks a second: %+v", perSecond, r.Nodes)
		}
	})
}

func TestALaunchAtACloudThatHangsEndsSoonAndSaysMeanwhileWhatItWaitsFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newFakeLauncher()
		a.fails = func(int, providers.LaunchRequest) error {
			time.Sleep(20 * time.Second)
			return providers.Errorf(providers.KindUnreachable, "launch", "no answer")
		}
		var said []string
		began := time.Now()
		r := Run(t.Context(), spec(1), cloudsOf(a), Options{}, func(n Node) { said = append(said, n.Message) })
		// The call under way at the end of the time takes what its own bound lets it.
		if took := time.Since(began); took > 70*time.Second || r.Nodes[0].Stage != StageUnknown {
			t.Errorf("after %s: %+v", took, r.Nodes[0])
		}
		if all := strings.Join(said, "\n"); !strings.Contains(all, "no answer; try 1 of 4, the next in 2s") {
			t.Errorf("told: %q", said)
		}
	})
}
