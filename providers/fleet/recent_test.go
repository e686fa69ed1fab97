package fleet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"rollcall/providers"
)

func TestAYoungReadIsNotReadAgainAndAnOldOneIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, c, z := pair(10, Options{})
		f.Refresh(t.Context())
		time.Sleep(20 * time.Second)
		for _, step := range []struct {
			names  []string
			maxAge time.Duration
			clouds int
			zones  int
		}{
			{nil, 30 * time.Second, 1, 1},
			{[]string{"a"}, 0, 2, 1},
			{[]string{"EXAMPLE.com."}, 10 * time.Second, 2, 2},
			{[]string{"a", "example.com"}, 10 * time.Second, 2, 2},
			{[]string{"example.com"}, 0, 2, 3},
		} {
			s := f.Recent(t.Context(), step.maxAge, step.names...)
			wantState(t, s.Clouds[0].Coverage, providers.CoverageComplete)
			if c.Lists != step.clouds || z.Lists != step.zones {
				t.Errorf("%v, at most %s old: the cloud was read %d times and the zone %d times, want %d and %d", step.names, step.maxAge, c.Lists, z.Lists, step.clouds, step.zones)
			}
		}
	})
}

func TestARecentPictureWaitsForAReadUnderWayThatIsYoungEnough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newFakeCloud("a", 10)
		c.PageAfter = 10 * time.Second
		f := New(Options{Clouds: []CloudSource{sourceOf(c)}})
		go f.Refresh(t.Context())
		time.Sleep(5 * time.Second)
		wantState(t, f.Recent(t.Context(), 20*time.Second).Clouds[0].Coverage, providers.CoverageComplete)
		if c.Lists != 1 {
			t.Errorf("%d reads", c.Lists)
		}
		go f.Refresh(t.Context())
		time.Sleep(5 * time.Second)
		began := time.Now()
		v := f.Recent(t.Context(), 0).Clouds[0]
		wantState(t, v.Coverage, providers.CoverageComplete)
		if c.Lists != 3 || v.Coverage.Started.Before(began) {
			t.Errorf("%d reads, the last began %s after the call", c.Lists, v.Coverage.Started.Sub(began))
		}
	})
}

func TestAReadThatItsCallerGivesUpIsNoneForThoseWhoWaitForIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newFakeCloud("a", 10)
		c.PageAfter = 10 * time.Second
		f := New(Options{Clouds: []CloudSource{sourceOf(c)}})
		ctx, cancel := context.WithCancel(t.Context())
		go f.Refresh(ctx)
		time.Sleep(5 * time.Second)
		go func() { time.Sleep(time.Second); cancel() }()
		wantState(t, f.Recent(t.Context(), 20*time.Second).Clouds[0].Coverage, providers.CoverageComplete)
	})
}

func TestWhatCouldNotBeReadAgainInTimeIsNotCompleteInARecentPicture(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, c, _ := pair(10, Options{})
		f.Refresh(t.Context())
		c.Set(func(c *fakeCloud) { c.PageAfter = time.Hour })
		time.Sleep(time.Minute)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		s := f.Recent(ctx, 30*time.Second, "a")
		wantState(t, s.Clouds[0].Coverage, providers.CoveragePartial)
		if !errors.Is(s.Clouds[0].Coverage.Err, context.Canceled) || len(s.Clouds[0].Instances) != 10 {
			t.Errorf("%v, %d rows", s.Clouds[0].Coverage.Err, len(s.Clouds[0].Instances))
		}
		wantState(t, s.Zones[0].Coverage, providers.CoverageComplete) // it was not named
		wantState(t, f.Snapshot().Clouds[0].Coverage, providers.CoverageComplete)
	})
}

func TestAShortListThatWaitsForAZoneIsBelievedOnceTheZoneWasReadAgain(t *testing.T) {
	c := newFakeCloud("a", 10)
	named, other := newFakeZone("example.org"), zoneOf(c)
	named.Rows = []providers.Record{{Zone: "example.org", Name: "example.org", Type: "A", Value: "192.0.2.1"}}
	f := New(Options{Clouds: []CloudSource{sourceOf(c)}, Zones: []ZoneSource{zoneSourceOf(named), zoneSourceOf(other)}})
	f.Refresh(t.Context())
	c.Rows, other.ListErr = nil, errors.New("down")
	f.Refresh(t.Context(), "example.com")
	wantState(t, f.Recent(t.Context(), 0, "a").Clouds[0].Coverage, providers.CoveragePartial)
	other.ListErr = nil
	s := f.Recent(t.Context(), 0, "a", "example.org")
	wantState(t, s.Clouds[0].Coverage, providers.CoverageComplete)
	if len(c.Asked) < 10 {
		t.Errorf("%d questions", len(c.Asked))
	}
}

func TestARecentPictureSaysWhetherAZoneIsDelegatedNow(t *testing.T) {
	z := newFakeZone("example.com", providers.Record{Zone: "example.com", Name: "example.com", Type: "A", Value: "192.0.2.1"})
	f := New(Options{Zones: []ZoneSource{{Name: z.Self.Name, Provider: providers.Cloudflare, DNS: z}}})
	f.Refresh(t.Context())
	for _, pending := range []bool{true, false} {
		z.Self.Pending = pending
		if v := f.Recent(t.Context(), time.Hour).Zones[0]; v.Zone.Pending != pending || z.Lists != 1 {
			t.Errorf("pending %v, want %v, after %d reads", v.Zone.Pending, pending, z.Lists)
		}
	}
}

func TestALookupSaysWhichAccountAnsweredAndWhatItSaid(t *testing.T) {
	c := newFakeCloud("a", 2)
	c.Rows[1].State = providers.StateTerminated
	broken := errors.New("no credentials")
	f := New(Options{Clouds: []CloudSource{sourceOf(c), {Name: "b", Provider: providers.EC2, Err: broken}}})
	cases := []struct {
		shown, gone bool
		final       bool
	}{{true, false, false}, {true, true, true}, {false, true, false}}
	lookups, err := f.Lookup(t.Context(), "a", c.Rows[0].ID, c.Rows[1].ID, "i-none")
	if err != nil || len(lookups) != len(cases) {
		t.Fatalf("%+v, %v", lookups, err)
	}
	for i, l := range lookups {
		if tc := cases[i]; l.Err != nil || l.Key != c.Self.Key || (l.Instance != nil) != tc.shown || l.Gone != tc.gone || l.Final != tc.final {
			t.Errorf("%+v", l)
		}
	}
	c.AskErr = errThrottled
	if l, err := f.Lookup(t.Context(), "a", c.Rows[0].ID); err != nil || l[0].Gone || !errors.Is(l[0].Err, errThrottled) {
		t.Errorf("%+v, %v", l, err)
	}
	if _, err := f.Lookup(t.Context(), "b", "i-1"); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
	if _, err := f.Lookup(t.Context(), "c", "i-1"); err == nil {
		t.Error("a cloud that is not in the config answered")
	}
	other := turncoat{newFakeCloud("a", 1)}
	key := other.Self.Key
	f = New(Options{Clouds: []CloudSource{{Name: "a", Provider: providers.EC2, Compute: other}}})
	if l, err := f.Lookup(t.Context(), "a", other.Rows[0].ID); err != nil || l[0].Key == key {
		t.Errorf("another account passed for the cloud: %+v, %v", l, err)
	}
}

// passing is another account when it is first asked who it is.
type passing struct {
	*fakeCloud
	asked *int
}

func (c passing) Identify(ctx context.Context) (providers.Cloud, error) {
	who, err := c.fakeCloud.Identify(ctx)
	if *c.asked++; *c.asked == 1 {
		who.Key = providers.NewCloudKey(providers.EC2, "222", "elsewhere")
	}
	return who, err
}

func TestNothingIsGoneByTheWordOfAnAccountThatWasAnotherBefore(t *testing.T) {
	c := passing{newFakeCloud("a", 1), new(int)}
	f := New(Options{Clouds: []CloudSource{{Name: "a", Provider: providers.EC2, Compute: c}}})
	l, err := f.Lookup(t.Context(), "a", "i-none")
	if err != nil || l[0].Gone || l[0].Err == nil || l[0].Key == c.Self.Key {
		t.Errorf("%+v, %v", l, err)
	}
}

// manyAtOnce answers about many instances in one call, and counts the questions.
type manyAtOnce struct {
	*fakeCloud
	identities, calls, one *atomic.Int32
}

func (c manyAtOnce) Identify(ctx context.Context) (providers.Cloud, error) {
	c.identities.Add(1)
	return c.fakeCloud.Identify(ctx)
}

func (c manyAtOnce) Instance(ctx context.Context, id string) (providers.Instance, error) {
	c.one.Add(1)
	return c.fakeCloud.Instance(ctx, id)
}

func (c manyAtOnce) InstancesByID(ctx context.Context, ids []string) map[string]providers.InstanceAnswer {
	c.calls.Add(1)
	answers := map[string]providers.InstanceAnswer{}
	for _, id := range ids {
		i, err := c.fakeCloud.Instance(ctx, id)
		answers[id] = providers.InstanceAnswer{Instance: i, Err: err}
	}
	return answers
}

func TestManyInstancesAreLookedUpInFewCallsWithOneIdentityBeforeAndOneAfter(t *testing.T) {
	for _, tc := range []struct{ many, calls, one int }{{0, 0, 25}, {10, 3, 0}, {12, 2, 1}, {100, 1, 0}} {
		c := manyAtOnce{newFakeCloud("a", 20), new(atomic.Int32), new(atomic.Int32), new(atomic.Int32)}
		f := New(Options{Clouds: []CloudSource{{Name: "a", Provider: providers.EC2, Traits: providers.Traits{ManyByID: tc.many}, Compute: c}}})
		var ids []string
		for i := range 25 {
			ids = append(ids, fmt.Sprint("i-none-", i))
			if i < 20 {
				ids[i] = c.Rows[i].ID
			}
		}
		lookups, err := f.Lookup(t.Context(), "a", ids...)
		if err != nil {
			t.Fatal(err)
		}
		for i, l := range lookups {
			if l.ID != ids[i] || l.Err != nil || l.Gone != (i >= 20) || (l.Instance == nil) != l.Gone {
				t.Errorf("%+v", l)
			}
		}
		if int(c.calls.Load()) != tc.calls || int(c.one.Load()) != tc.one || c.identities.Load() != 2 {
			t.Errorf("%d in a call: %d calls for many, %d for one, %d for the identity", tc.many, c.calls.Load(), c.one.Load(), c.identities.Load())
		}
	}
}

// misdirected answers every question with another instance.
type misdirected struct{ *fakeCloud }

func (c misdirected) Instance(ctx context.Context, _ string) (providers.Instance, error) {
	return c.fakeCloud.Instance(ctx, c.Rows[0].ID)
}

func TestAnAnswerAboutAnotherInstanceIsNone(t *testing.T) {
	c := newFakeCloud("a", 10)
	z := zoneOf(c)
	id := c.Rows[3].ID
	c.Hidden = map[string]bool{id: true}
	f := New(Options{Clouds: []CloudSource{{Name: "a", Provider: providers.EC2, Compute: misdirected{c}}}, Zones: []ZoneSource{zoneSourceOf(z)}})
	v := f.Refresh(t.Context()).Clouds[0]
	if l := v.Lookups[id]; l.Gone || l.Instance != nil || l.Err == nil {
		t.Errorf("%+v", l)
	}
	if l, err := f.Lookup(t.Context(), "a", id); err != nil || l[0].Instance != nil || l[0].Err == nil {
		t.Errorf("%+v, %v", l, err)
	}
}

func TestNotFoundIsFinalOnlyByTheWordThatTheInstanceIsGone(t *testing.T) {
	f, c, _ := pair(10, Options{})
	id := c.Rows[0].ID
	c.Rows = c.Rows[1:]
	if l := f.Refresh(t.Context()).Clouds[0].Lookups[id]; !l.Gone || l.Final {
		t.Errorf("%+v", l)
	}
	c.Gone = map[string]bool{id: true}
	f = New(Options{Clouds: []CloudSource{sourceOf(c)}, Zones: []ZoneSource{zoneSourceOf(zoneOf(newFakeCloud("a", 10)))}})
	if l := f.Refresh(t.Context()).Clouds[0].Lookups[id]; !l.Gone || !l.Final {
		t.Errorf("%+v", l)
	}
}

func TestNotFoundIsAskedAgainWhileAnyMarkerOfTheInstanceIsFresh(t *testing.T) {
	f, c, z := pair(2, Options{})
	id := c.Rows[0].ID
	c.Rows = c.Rows[1:]
	second := record(c, id, 77)
	second.Owners[0].Registered = time.Now().Truncate(time.Second).UTC()
	z.Rows = append(z.Rows, second)
	f.Refresh(t.Context())
	f.Refresh(t.Context())
	if len(c.Asked) < 2 {
		t.Errorf("asked %v", c.Asked)
	}
}

func TestAListIsMeasuredAgainstEveryInstanceThatWasShownBefore(t *testing.T) {
	c := newFakeCloud("a", 100)
	c.PageSize, c.ListErr = 60, errThrottled
	f := New(Options{Clouds: []CloudSource{sourceOf(c)}})
	if v := f.Refresh(t.Context()).Clouds[0]; len(v.Instances) != 60 {
		t.Fatalf("%d rows", len(v.Instances))
	}
	c.PageSize, c.ListErr = 0, nil
	c.Hidden = map[string]bool{c.Rows[7].ID: true}
	v := f.Refresh(t.Context()).Clouds[0]
	wantState(t, v.Coverage, providers.CoveragePartial)
	if !strings.Contains(v.Coverage.Err.Error(), "left out "+c.Rows[7].ID) {
		t.Errorf("%v", v.Coverage.Err)
	}

	c = newFakeCloud("a", 10)
	f = New(Options{Clouds: []CloudSource{sourceOf(c)}})
	f.Refresh(t.Context())
	c.Rows = append(c.Rows, instance(c, 10))
	c.PageSize, c.ListErr = 11, errThrottled
	f.Refresh(t.Context())
	c.PageSize, c.ListErr = 0, nil
	c.Hidden = map[string]bool{c.Rows[10].ID: true}
	wantState(t, f.Refresh(t.Context()).Clouds[0].Coverage, providers.CoveragePartial)
}

func TestAnEmptyListIsNotBelievedWhileAZoneThatWasReadBeforeCannotBeReadNow(t *testing.T) {
	f, c, z := pair(10, Options{})
	f.Refresh(t.Context())
	z.ListErr = errors.New("down")
	f.Refresh(t.Context(), "example.com")
	c.Rows = nil
	v := f.Refresh(t.Context(), "a").Clouds[0]
	wantState(t, v.Coverage, providers.CoveragePartial)
	if !strings.Contains(v.Coverage.Err.Error(), "zone example.com") {
		t.Errorf("%v", v.Coverage.Err)
	}
	z.ListErr = nil
	f.Refresh(t.Context(), "example.com")
	wantState(t, f.Snapshot().Clouds[0].Coverage, providers.CoverageComplete)
}

func TestAShortListIsCheckedByMoreQuestionsThanOneThatLooksWhole(t *testing.T) {
	for _, tc := range []struct{ was, is, asked int }{{700, 390, 300}, {250, 100, 150}, {1000, 300, 600}} {
		f, c, _ := pair(tc.was, Options{})
		f.Refresh(t.Context())
		c.Rows = c.Rows[:tc.is]
		v := f.Refresh(t.Context(), "a").Clouds[0]
		if complete := tc.asked >= tc.was-tc.is || 2*tc.is >= tc.was; len(c.Asked) != tc.asked || v.Coverage.Complete() != complete {
			t.Errorf("%d of %d: %d questions, %s", tc.is, tc.was, len(c.Asked), v.Coverage.State)
		}
	}
}

func TestTwoAccountsInOneReadAreAFailureOfTheCredentials(t *testing.T) {
	c := newFakeCloud("a", 10)
	f := New(Options{Clouds: []CloudSource{{Name: "a", Provider: providers.EC2, Compute: twoAccounts{c}}}})
	v := f.Refresh(t.Context()).Clouds[0]
	wantState(t, v.Coverage, providers.CoverageFailed)
	if providers.KindOf(v.Coverage.Err) != providers.KindAuth {
		t.Errorf("%v", v.Coverage.Err)
	}
	f = New(Options{Clouds: []CloudSource{{Name: "a", Provider: providers.EC2, Compute: anonymous{c}}}})
	v = f.Refresh(t.Context()).Clouds[0]
	wantState(t, v.Coverage, providers.CoveragePartial)
	if v.Coverage.Started.IsZero() {
		t.Error("it is not known when the read began")
	}
}

// twoAccounts answers for addresses with other credentials than for instances.
type twoAccounts struct{ *fakeCloud }

func (c twoAccounts) Addresses(context.Context, func([]providers.Address)) providers.Coverage {
	return providers.Coverage{State: providers.CoverageComplete, Key: "0123456789", Started: time.Now()}
}

// anonymous does not say which account it is, nor when it was asked.
type anonymous struct{ *fakeCloud }

func (c anonymous) Instances(ctx context.Context, page func([]providers.Instance)) providers.Coverage {
	cov := c.fakeCloud.Instances(ctx, page)
	cov.Key, cov.Started = "", time.Time{}
	return cov
}

func (c anonymous) Addresses(context.Context, func([]providers.Address)) providers.Coverage {
	return providers.Coverage{State: providers.CoverageComplete}
}

func TestAZoneIsMeasuredAgainstThePiecesOfAReadThatFailed(t *testing.T) {
	c := newFakeCloud("a", 20)
	z := zoneOf(c)
	z.ListErr = errThrottled
	f := New(Options{Zones: []ZoneSource{zoneSourceOf(z)}})
	f.Refresh(t.Context())
	z.ListErr, z.Listed = nil, slices.Clone(z.Rows[:5])
	v := f.Refresh(t.Context()).Zones[0]
	wantState(t, v.Coverage, providers.CoveragePartial)
	if !strings.Contains(v.Coverage.Err.Error(), "left out") {
		t.Errorf("%v", v.Coverage.Err)
	}
}
