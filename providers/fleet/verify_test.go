package fleet

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"rollcall/providers"
)

// pair is a cloud and a zone with a record for each of its instances.
func pair(n int, o Options) (*Fleet, *fakeCloud, *fakeZone) {
	c := newFakeCloud("a", n)
	z := zoneOf(c)
	o.Clouds, o.Zones = []CloudSource{sourceOf(c)}, []ZoneSource{zoneSourceOf(z)}
	return New(o), c, z
}

func TestAListThatLeavesOutAMarkedInstanceThatExistsIsNotComplete(t *testing.T) {
	f, c, _ := pair(10, Options{})
	id := c.Rows[7].ID
	c.Hidden = map[string]bool{id: true}
	v := f.Refresh(context.Background()).Clouds[0]
	wantState(t, v.Coverage, providers.CoveragePartial)
	if !strings.Contains(v.Coverage.Err.Error(), "left out "+id) || providers.KindOf(v.Coverage.Err) != providers.KindIncomplete {
		t.Errorf("error %v", v.Coverage.Err)
	}
	if len(v.Instances) != 10 || v.Lookups[id].Instance == nil || v.Lookups[id].Gone {
		t.Errorf("%d rows, lookup %+v", len(v.Instances), v.Lookups[id])
	}

	c.Hidden = nil
	v = f.Refresh(context.Background()).Clouds[0]
	wantState(t, v.Coverage, providers.CoverageComplete)
	if len(v.Instances) != 10 || len(v.Lookups) != 0 {
		t.Errorf("%d rows, lookups %v", len(v.Instances), v.Lookups)
	}
}

func TestAnInstanceWithoutAMarkerDoesNotVanishFromAListUnnoticed(t *testing.T) {
	for what, unmarked := range map[string]func(c *fakeCloud) *Fleet{
		"it was in the last list": func(c *fakeCloud) *Fleet {
			f := New(Options{Clouds: []CloudSource{sourceOf(c)}})
			wantState(t, f.Refresh(context.Background()).Clouds[0].Coverage, providers.CoverageComplete)
			return f
		},
		"it has an interface": func(c *fakeCloud) *Fleet {
			c.Addrs = []providers.Address{{ID: "eni-1", Instance: c.Rows[7].ID, IP: c.Rows[7].PublicIPs[0]}}
			return New(Options{Clouds: []CloudSource{sourceOf(c)}})
		},
	} {
		c := newFakeCloud("a", 10)
		f := unmarked(c)
		id := c.Rows[7].ID
		c.Hidden = map[string]bool{id: true}
		for range 2 {
			v := f.Refresh(context.Background()).Clouds[0]
			wantState(t, v.Coverage, providers.CoveragePartial)
			if !strings.Contains(fmt.Sprint(v.Coverage.Err), "left out "+id) || len(v.Instances) != 10 {
				t.Errorf("%s: %d rows, error %v", what, len(v.Instances), v.Coverage.Err)
			}
		}
		c.Hidden, c.Rows = nil, slices.Delete(c.Rows, 7, 8)
		wantState(t, f.Refresh(context.Background()).Clouds[0].Coverage, providers.CoverageComplete)
	}
}

func TestAnInstanceThatWasShownByItsIDDoesNotStayForEver(t *testing.T) {
	f, c, z := pair(10, Options{})
	id := c.Rows[7].ID
	c.Hidden = map[string]bool{id: true}
	wantState(t, f.Refresh(context.Background()).Clouds[0].Coverage, providers.CoveragePartial)
	c.Hidden, c.Rows = nil, slices.Delete(c.Rows, 7, 8)
	z.Rows = slices.DeleteFunc(z.Rows, func(r providers.Record) bool { return len(r.Owners) > 0 && r.Owners[0].Instance == id })
	f.Refresh(context.Background())
	v := f.Refresh(context.Background()).Clouds[0]
	wantState(t, v.Coverage, providers.CoverageComplete)
	if len(v.Instances) != 9 || v.Lookups[id].Instance != nil {
		t.Errorf("%d rows, and %+v", len(v.Instances), v.Lookups[id])
	}
}

func TestAnInstanceThatFailedToBeMadeMayLeaveTheList(t *testing.T) {
	c := newFakeCloud("a", 10)
	f := New(Options{Clouds: []CloudSource{sourceOf(c)}})
	f.Refresh(context.Background())
	c.Rows[7].State = providers.StateFailed
	c.Hidden = map[string]bool{c.Rows[7].ID: true}
	wantState(t, f.Refresh(context.Background()).Clouds[0].Coverage, providers.CoverageComplete)
}

func TestAnInstanceThatIsGoneIsAskedForOnceAndForAll(t *testing.T) {
	f, c, _ := pair(10, Options{})
	id := c.Rows[0].ID
	c.Rows = c.Rows[1:]
	for range 3 {
		v := f.Refresh(context.Background()).Clouds[0]
		wantState(t, v.Coverage, providers.CoverageComplete)
		if l := v.Lookups[id]; !l.Gone || l.Err != nil || l.ID != id || l.Asked.IsZero() {
			t.Fatalf("lookup %+v", l)
		}
	}
	if !slices.Equal(c.Asked, []string{id}) {
		t.Errorf("asked %v", c.Asked)
	}
}

func TestNotFoundForAFreshMarkerIsAskedAgain(t *testing.T) {
	f, c, z := pair(2, Options{})
	fresh := providers.Owner{Fleet: "7f3a", Cloud: c.Self.Key, Instance: "i-new", Registered: time.Now().Truncate(time.Second).UTC()}
	z.Rows = append(z.Rows, providers.Record{Zone: z.Self.Name, Name: "www.example.com", Type: "A", Value: "54.1.9.9", Owners: []providers.Owner{fresh}})
	f.Refresh(context.Background())
	f.Refresh(context.Background())
	if len(c.Asked) < 2 {
		t.Errorf("asked %v: a cloud may not know a new instance yet", c.Asked)
	}
}

func TestAnErrorIsNoAnswer(t *testing.T) {
	f, c, _ := pair(10, Options{})
	id := c.Rows[0].ID
	c.Rows = c.Rows[1:]
	c.AskErr = errors.New("boom")
	v := f.Refresh(context.Background()).Clouds[0]
	if l := v.Lookups[id]; l.Gone || l.Err == nil {
		t.Errorf("lookup %+v", l)
	}
}

func TestMarkersOfOtherFleetsCountAndHostsAndOtherCloudsDoNot(t *testing.T) {
	f, c, z := pair(2, Options{})
	for i, o := range []providers.Owner{
		{Fleet: "other", Cloud: c.Self.Key, Instance: "i-theirs"},
		{Fleet: "7f3a", Cloud: c.Self.Key, Instance: "host:lab"},
		{Fleet: "7f3a", Cloud: "0123456789", Instance: "i-elsewhere"},
	} {
		z.Rows = append(z.Rows, providers.Record{Zone: z.Self.Name, Name: "x.example.com", Type: "A", Value: addr(900 + i).String(), Owners: []providers.Owner{o}})
	}
	f.Refresh(context.Background())
	slices.Sort(c.Asked)
	if got := slices.Compact(c.Asked); !slices.Equal(got, []string{"i-theirs"}) {
		t.Errorf("asked %v", got)
	}
}

func TestAnEmptyListIsNotBelievedWhileItsInstancesExist(t *testing.T) {
	f, c, _ := pair(10, Options{})
	f.Refresh(context.Background())
	c.Hidden = map[string]bool{}
	for _, r := range c.Rows {
		c.Hidden[r.ID] = true
	}
	v := f.Refresh(context.Background()).Clouds[0]
	wantState(t, v.Coverage, providers.CoveragePartial)
	if len(v.Instances) != 10 {
		t.Errorf("%d rows are left", len(v.Instances))
	}
}

func TestAnEmptyFirstListIsNotBelievedBeforeTheZonesWereRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, c, z := pair(10, Options{Timeout: 15 * time.Second})
		c.Rows = nil
		z.Hang = make(chan struct{})
		v := f.Refresh(context.Background()).Clouds[0]
		wantState(t, v.Coverage, providers.CoveragePartial)
		if !strings.Contains(v.Coverage.Err.Error(), "zone example.com") {
			t.Errorf("error %v", v.Coverage.Err)
		}
		close(z.Hang)
		synctest.Wait()
		v = f.Refresh(context.Background(), "example.com").Clouds[0]
		wantState(t, v.Coverage, providers.CoverageComplete)
	})
}

func TestAnEmptyListIsBelievedOnceAllThatMarkersNameIsGone(t *testing.T) {
	f, c, _ := pair(10, Options{})
	f.Refresh(context.Background())
	c.Rows = nil
	v := f.Refresh(context.Background()).Clouds[0]
	wantState(t, v.Coverage, providers.CoverageComplete)
	if len(v.Instances) != 0 || len(v.Lookups) != 10 {
		t.Errorf("%d rows, %d lookups", len(v.Instances), len(v.Lookups))
	}
}

func TestAnEmptyListWithoutZonesIsBelieved(t *testing.T) {
	c := newFakeCloud("a", 0)
	f := New(Options{Clouds: []CloudSource{sourceOf(c)}})
	wantState(t, f.Refresh(context.Background()).Clouds[0].Coverage, providers.CoverageComplete)
}

func TestAListOfUnderHalfIsBelievedWhenEverybodyWasAskedAFewAtATime(t *testing.T) {
	f, c, _ := pair(100, Options{Lookups: 30})
	f.Refresh(context.Background())
	c.Rows = c.Rows[:20]
	states := []providers.CoverageState{}
	for range 3 {
		v := f.Refresh(context.Background()).Clouds[0]
		states = append(states, v.Coverage.State)
	}
	want := []providers.CoverageState{providers.CoveragePartial, providers.CoveragePartial, providers.CoverageComplete}
	if !slices.Equal(states, want) || len(c.Asked) != 80 {
		t.Errorf("states %v after %d questions", states, len(c.Asked))
	}
}

func TestRefreshingAZoneAsksNoMoreThanTheBoundForOneRead(t *testing.T) {
	f, c, _ := pair(100, Options{Lookups: 30})
	c.Rows = c.Rows[:60]
	f.Refresh(context.Background())
	for range 5 {
		f.Refresh(context.Background(), "example.com")
	}
	if len(c.Asked) != 30 {
		t.Errorf("%d questions for one read, the bound is 30", len(c.Asked))
	}
}

func TestTheRowsOfAnEarlierRunMeasureTheFirstRead(t *testing.T) {
	f, c, _ := pair(10, Options{})
	last := f.Refresh(context.Background())
	path := filepath.Join(t.TempDir(), "last.json")
	if err := Save(path, last); err != nil {
		t.Fatal(err)
	}
	loaded, err := Load(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(loaded.Clouds[0].Instances, last.Clouds[0].Instances) || !reflect.DeepEqual(loaded.Zones[0].Records, last.Zones[0].Records) {
		t.Error("the rows did not survive the disk")
	}

	z := newFakeZone("example.com")
	z.ListErr = errors.New("down")
	c.Rows, c.Hidden = c.Rows[:10], map[string]bool{}
	for _, r := range c.Rows[1:] {
		c.Hidden[r.ID] = true
	}
	f = New(Options{Clouds: []CloudSource{sourceOf(c)}, Zones: []ZoneSource{zoneSourceOf(z)}, Last: loaded})
	s := f.Snapshot()
	if v := s.Clouds[0]; len(v.Instances) != 10 || v.Coverage.State != providers.CoverageNone || v.RowsFrom.IsZero() || v.Cloud.Key != c.Self.Key {
		t.Fatalf("before the first read: %+v", v)
	}
	v := f.Refresh(context.Background()).Clouds[0]
	wantState(t, v.Coverage, providers.CoveragePartial)
	if len(v.Instances) != 10 {
		t.Errorf("%d rows", len(v.Instances))
	}
}

func TestOtherCredentialsUnderWayAreAFailureAndTheRowsStay(t *testing.T) {
	f, c, _ := pair(10, Options{})
	f.Refresh(context.Background())
	key := c.Self.Key
	rows := c.Rows
	account(c, "222", nil)
	for range 2 {
		v := f.Refresh(context.Background()).Clouds[0]
		wantState(t, v.Coverage, providers.CoverageFailed)
		if providers.KindOf(v.Coverage.Err) != providers.KindAuth || !strings.Contains(v.Coverage.Err.Error(), "account 222 now") {
			t.Errorf("error %v", v.Coverage.Err)
		}
		if len(v.Instances) != 10 || v.Cloud.Key != key || len(v.Lookups) != 0 {
			t.Errorf("%d rows of %s, lookups %v", len(v.Instances), v.Cloud.Key, v.Lookups)
		}
	}
	if len(c.Asked) != 0 {
		t.Errorf("another account was asked for our instances: %v", c.Asked)
	}
	account(c, "111", rows)
	wantState(t, f.Refresh(context.Background()).Clouds[0].Coverage, providers.CoverageComplete)
}

func TestOtherCredentialsThanInTheLastRunShowTheirOwnCloud(t *testing.T) {
	f, c, _ := pair(10, Options{})
	last := f.Refresh(context.Background())
	old := c.Self.Key
	account(c, "222", nil)
	z := zoneOf(newFakeCloud("a", 10))
	f = New(Options{Clouds: []CloudSource{sourceOf(c)}, Zones: []ZoneSource{zoneSourceOf(z)}, Last: last})
	v := f.Refresh(context.Background()).Clouds[0]
	if v.Coverage.Key == old || len(v.Instances) != 0 || len(v.Lookups) != 0 || len(c.Asked) != 0 {
		t.Errorf("key %s, %d rows, lookups %v", v.Coverage.Key, len(v.Instances), v.Lookups)
	}
}

func TestAnotherAccountThanInTheLastRunIsRefused(t *testing.T) {
	f, c, _ := pair(10, Options{})
	last := f.Refresh(context.Background())
	old, rows := c.Self, c.Rows
	account(c, "222", nil)
	z := zoneOf(newFakeCloud("a", 10))
	f = New(Options{Clouds: []CloudSource{sourceOf(c)}, Zones: []ZoneSource{zoneSourceOf(z)}, Last: last, KeepUnconfigured: true})
	for range 2 {
		s := f.Refresh(context.Background())
		v := s.Clouds[0]
		wantState(t, v.Coverage, providers.CoverageFailed)
		if why := v.Coverage.Err.Error(); !strings.Contains(why, "account 222 now") || !strings.Contains(why, "account "+old.Account) || strings.Contains(why, "forget") {
			t.Errorf("error %s", why)
		}
		if len(s.Clouds) != 1 || len(v.Instances) != 10 || v.Cloud.Key != old.Key || len(v.Lookups) != 0 || len(c.Asked) != 0 {
			t.Errorf("%d clouds, %d rows of %s, lookups %v, asked %v", len(s.Clouds), len(v.Instances), v.Cloud.Key, v.Lookups, c.Asked)
		}
	}
	account(c, old.Account, rows)
	wantState(t, f.Refresh(context.Background()).Clouds[0].Coverage, providers.CoverageComplete)

	account(c, "222", nil)
	f = New(Options{Clouds: []CloudSource{sourceOf(c)}, Zones: []ZoneSource{zoneSourceOf(z)}, Last: last, KeepUnconfigured: true, Forgotten: []providers.CloudKey{old.Key}})
	if v := f.Refresh(context.Background()).Clouds[0]; v.Coverage.Key == old.Key || len(v.Instances) != 0 {
		t.Errorf("%d rows of a cloud that was forgotten", len(v.Instances))
	}
}

// turncoat answers questions by id with the credentials of another account.
type turncoat struct{ *fakeCloud }

func (c turncoat) Instance(ctx context.Context, id string) (providers.Instance, error) {
	c.Set(func(c *fakeCloud) { account(c, "222", nil) })
	return c.fakeCloud.Instance(ctx, id)
}

func TestCredentialsThatChangeBetweenListAndQuestionGiveNoGone(t *testing.T) {
	c := newFakeCloud("a", 10)
	z := zoneOf(c)
	id := c.Rows[3].ID
	c.Hidden = map[string]bool{id: true}
	f := New(Options{Clouds: []CloudSource{{Name: "a", Provider: providers.EC2, Compute: turncoat{c}}}, Zones: []ZoneSource{zoneSourceOf(z)}})
	v := f.Refresh(context.Background()).Clouds[0]
	if l, ok := v.Lookups[id]; !ok || l.Gone || l.Err == nil {
		t.Errorf("lookup %+v", l)
	}
}

func TestAQuestionThatHangsIsLeftBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newFakeCloud("a", 10)
		z := zoneOf(c)
		id := c.Rows[3].ID
		c.Hidden = map[string]bool{id: true}
		h := &hangs{fakeCloud: c, until: make(chan struct{})}
		f := New(Options{Clouds: []CloudSource{{Name: "a", Provider: providers.EC2, Compute: h}}, Zones: []ZoneSource{zoneSourceOf(z)}, Timeout: 10 * time.Second})
		began := time.Now()
		v := f.Refresh(context.Background()).Clouds[0]
		if l := v.Lookups[id]; l.Gone || l.Err == nil || time.Since(began) > 11*time.Second {
			t.Errorf("lookup %+v after %s", l, time.Since(began))
		}
		close(h.until)
	})
}

type hangs struct {
	*fakeCloud
	until chan struct{}
}

func (h *hangs) Instance(ctx context.Context, id string) (providers.Instance, error) {
	<-h.until
	return h.fakeCloud.Instance(ctx, id)
}

func TestAZoneThatShrankIsReadAgainAndAskedByName(t *testing.T) {
	for _, tc := range []struct {
		name string
		make func(z *fakeZone)
		want providers.CoverageState
		rows int
	}{
		{"one empty answer", func(z *fakeZone) { z.Empties = 1 }, providers.CoveragePartial, 10},
		{"two short answers while the records exist", func(z *fakeZone) { z.Listed = z.Rows[:2] }, providers.CoveragePartial, 10},
		{"the records are gone", func(z *fakeZone) { z.Rows = z.Rows[:2] }, providers.CoverageComplete, 2},
		{"all records are gone", func(z *fakeZone) { z.Rows = nil }, providers.CoverageComplete, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f, _, z := pair(10, Options{})
			f.Refresh(context.Background())
			tc.make(z)
			v := f.Refresh(context.Background()).Zones[0]
			wantState(t, v.Coverage, tc.want)
			if len(v.Records) != tc.rows {
				t.Errorf("%d rows", len(v.Records))
			}
		})
	}
}

func TestAnEmptyRoute53ZoneIsNeverBelieved(t *testing.T) {
	z := newFakeZone("example.com")
	z.Self.Traits = providers.Traits{ListsSOA: true}
	f := New(Options{Zones: []ZoneSource{{Name: z.Self.Name, Provider: providers.Route53, DNS: z}}})
	wantState(t, f.Refresh(context.Background()).Zones[0].Coverage, providers.CoveragePartial)
}

func TestAFileThatIsNoSnapshotIsRefused(t *testing.T) {
	dir := t.TempDir()
	if _, err := Load(filepath.Join(dir, "none"), nil); err == nil {
		t.Error("a missing file was read")
	}
	for i, text := range []string{"", "{", `{"format":2}`, `{"format":1} x`} {
		path := filepath.Join(dir, fmt.Sprint(i))
		writeFile(t, path, text)
		if _, err := Load(path, nil); err == nil {
			t.Errorf("%q was read", text)
		}
	}
}
