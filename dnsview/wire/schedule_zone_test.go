package wire

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"rollcall/dnsview/index"
	"rollcall/providers"
)

var askedAt = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// zoneRead is a complete read of example.com.
func zoneRead(records ...providers.Record) *providers.ZoneView {
	for i := range records {
		records[i].Zone, records[i].TTL = "example.com", 60
	}
	return &providers.ZoneView{Zone: providers.Zone{Name: "example.com"}, Coverage: providers.Coverage{State: providers.CoverageComplete}, Records: records}
}

func address(name, value string) providers.Record {
	return providers.Record{Name: name + ".example.com", Type: "A", Value: value}
}

// scheduleOf is a zone that was read once.
func scheduleOf(records ...providers.Record) *zoneSchedule {
	z := newZoneSchedule()
	z.setRecords(zoneRead(records...), nil, askedAt)
	return z
}

// answerAll records an answer with the given state for questions.
func (z *zoneSchedule) answerAll(at time.Time, state State, since time.Time, questions ...Question) {
	for _, q := range questions {
		z.record(&Result{Zone: "example.com", Question: q, State: state, At: at, Since: since})
	}
	z.state = index.WireZone{Zone: "example.com", State: index.WireInSync, At: at}
}

func namesOf(questions []Question) []string {
	out := []string{}
	for _, q := range questions {
		out = append(out, q.Name)
	}
	return out
}

func TestWhatSomebodyLooksAtIsAskedFirst(t *testing.T) {
	var records []providers.Record
	for i := range 300 {
		records = append(records, address(fmt.Sprintf("n%03d", i), "192.0.2.1"))
	}
	z := scheduleOf(records...)
	ask, _ := z.due(map[nameType]bool{{"n250.example.com", "A"}: true}, askedAt)
	if len(ask) != batchSize || ask[0].Name != "n250.example.com" || ask[1].Name != "n000.example.com" {
		t.Errorf("%d questions, the first %v", len(ask), namesOf(ask[:2]))
	}
	seen := map[string]bool{}
	for range 3 {
		ask, _ := z.due(nil, askedAt)
		z.answerAll(askedAt, InSync, askedAt, ask...)
		for _, q := range ask {
			if seen[q.Name] {
				t.Errorf("%s twice in one round", q.Name)
			}
			seen[q.Name] = true
		}
	}
	if len(seen) != 300 {
		t.Errorf("%d of 300 names in a round", len(seen))
	}
	if ask, wait := z.due(nil, askedAt.Add(time.Second)); len(ask) > 0 || wait != roundEvery-time.Second {
		t.Errorf("after the round %d questions and a pause of %v", len(ask), wait)
	}
}

func TestANameIsAskedAgainWhenItsTurnComes(t *testing.T) {
	q := Question{Name: "www.example.com", Type: "A", Want: []string{"192.0.2.1"}}
	seen := map[nameType]bool{keyOf(&q): true}
	for _, c := range []struct {
		name    string
		state   State
		age     time.Duration // of the state when it was asked
		visible map[nameType]bool
		want    time.Duration
	}{
		{"in its round", InSync, time.Hour, nil, roundEvery},
		{"more often while somebody looks at it", InSync, time.Hour, seen, visibleEvery},
		{"soon when it has just changed", Propagating, 0, nil, unsettledSoonest},
		{"later the longer it takes", Split, 20 * time.Second, nil, 20 * time.Second},
		{"and no later than that", Cached, time.Hour, seen, unsettledLatest},
		{"soon when nobody answers", Unreachable, time.Minute, nil, silentEvery},
		{"soon when an answer is a failure", Broken, 0, nil, silentEvery},
		{"as soon while somebody looks at it", Broken, 0, seen, silentEvery},
		{"less often when nobody has answered for long", Unreachable, time.Hour, nil, visibleEvery},
	} {
		z := scheduleOf(address("www", "192.0.2.1"))
		z.answerAll(askedAt, c.state, askedAt.Add(-c.age), q)
		if ask, wait := z.due(c.visible, askedAt.Add(c.want-time.Millisecond)); len(ask) > 0 || wait != time.Millisecond {
			t.Errorf("%s: asked %v early, or in %v", c.name, namesOf(ask), wait)
		}
		if ask, _ := z.due(c.visible, askedAt.Add(c.want)); len(ask) != 1 {
			t.Errorf("%s: not asked after %v", c.name, c.want)
		}
	}
}

func TestARefreshAsksForEveryNameAgainAndForOneAloneOfThoseWithoutAnAnswer(t *testing.T) {
	var records []providers.Record
	for i := range 20 {
		records = append(records, address(fmt.Sprintf("n%02d", i), "192.0.2.1"))
	}
	z := scheduleOf(records...)
	z.answerAll(askedAt, InSync, askedAt, z.questions[:10]...)
	z.answerAll(askedAt, Unreachable, askedAt, z.questions[10:]...)
	now := askedAt.Add(time.Second)
	visible := map[nameType]bool{keyOf(&z.questions[19]): true}
	if ask, _ := z.due(visible, now); len(ask) > 0 {
		t.Fatalf("early: %v", namesOf(ask))
	}
	z.again = now
	ask, _ := z.due(visible, now)
	if len(ask) != 11 || ask[0].Name != "n19.example.com" {
		t.Errorf("%v", namesOf(ask))
	}
	z.answerAll(now, InSync, askedAt, ask[1:]...)
	z.answerAll(now, Unreachable, askedAt, ask[0])
	if ask, _ := z.due(visible, now); len(ask) > 0 {
		t.Errorf("twice: %v", namesOf(ask))
	}
	z.again = now.Add(time.Second)
	if ask, _ := z.due(nil, z.again); len(ask) != 11 {
		t.Errorf("without a visible one: %v", namesOf(ask))
	}
}

func TestNamesWithoutAnAnswerAreAskedAgainOnceOneOfThemHasOne(t *testing.T) {
	var records []providers.Record
	for i := range 120 {
		records = append(records, address(fmt.Sprintf("n%03d", i), "192.0.2.1"))
	}
	z := scheduleOf(records...)
	z.answerAll(askedAt, InSync, askedAt, z.questions[:10]...)
	z.answerAll(askedAt, Unreachable, askedAt, z.questions[10:]...)
	now := askedAt
	for range 5 { // no server answers: one name at a time
		now = now.Add(silentEvery)
		ask, _ := z.due(nil, now)
		if len(ask) != 1 {
			t.Fatalf("%d questions to servers that do not answer: %v", len(ask), namesOf(ask))
		}
		z.answerAll(now, Unreachable, askedAt, ask...)
	}
	now = now.Add(silentEvery)
	ask, _ := z.due(nil, now)
	if len(ask) != 1 || ask[0].Name != "n015.example.com" {
		t.Fatalf("%v", namesOf(ask))
	}
	z.answerAll(now, InSync, now, ask...)
	for n := 109; n > 0; n -= len(ask) {
		if ask, _ = z.due(nil, now); len(ask) == 0 || len(ask) > silentMost {
			t.Fatalf("%d questions of the %d names that are still without an answer", len(ask), n)
		}
		z.answerAll(now, InSync, now, ask...)
	}
	if ask, wait := z.due(nil, now); len(ask) > 0 || wait <= silentEvery {
		t.Errorf("%v, %v", namesOf(ask), wait)
	}
}

func TestANameThatStaysWithoutAnAnswerTakesNoTurnFromOthers(t *testing.T) {
	var records []providers.Record
	for i := range 300 {
		records = append(records, address(fmt.Sprintf("n%03d", i), "192.0.2.1"))
	}
	z := scheduleOf(records...)
	z.answerAll(askedAt, Broken, askedAt, z.questions[:200]...)
	z.answerAll(askedAt.Add(time.Second), InSync, askedAt, z.questions[0])
	now := askedAt.Add(3 * time.Second)
	ask, _ := z.due(nil, now)
	if names := namesOf(ask); len(ask) != batchSize || names[silentMost-1] >= "n200" || names[silentMost] < "n200" {
		t.Fatalf("%v", names)
	}
	z.answerAll(now, Broken, askedAt, ask[:silentMost]...)
	again, _ := z.due(nil, now)
	if slices.Contains(namesOf(again), ask[0].Name) {
		t.Errorf("%s is asked twice for one answer of another", ask[0].Name)
	}
}

func TestANameWhoseRecordsChangedIsAskedAtOnceAndItsAnswerIsNotShown(t *testing.T) {
	z := scheduleOf(address("www", "192.0.2.1"), address("a", "192.0.2.2"))
	z.answerAll(askedAt, InSync, askedAt, z.questions...)
	proxied := address("a", "192.0.2.2")
	proxied.Proxied = true
	z.setRecords(zoneRead(address("www", "192.0.2.9"), proxied), nil, askedAt)
	ask, _ := z.due(nil, askedAt.Add(time.Second))
	if !slices.Equal(namesOf(ask), []string{"www.example.com", "a.example.com"}) || ask[0].Want[0] != "192.0.2.9" || ask[1].Mode != Resolves {
		t.Errorf("%+v", ask)
	}
	for _, s := range z.states(nil, askedAt) {
		if s.State != index.WireWaiting || len(s.Answers) > 0 {
			t.Errorf("%+v", s)
		}
	}
	select {
	case <-z.wake:
	default:
		t.Error("the zone sleeps on")
	}
}

func TestARemovedNameIsAskedForUntilTheNameServersHaveForgottenIt(t *testing.T) {
	z := scheduleOf(address("www", "192.0.2.1"), address("old", "192.0.2.2"))
	z.answerAll(askedAt, InSync, askedAt, z.questions...)
	z.setRecords(zoneRead(address("www", "192.0.2.1")), nil, askedAt)
	ask, _ := z.due(nil, askedAt.Add(time.Second))
	if len(ask) != 1 || ask[0].Name != "old.example.com" || len(ask[0].Want) != 0 {
		t.Fatalf("%+v", ask)
	}
	z.answerAll(askedAt.Add(time.Second), Propagating, askedAt.Add(time.Second), ask[0])
	states := z.states(nil, askedAt)
	if len(states) != 2 || states[1].Name != "old.example.com" || states[1].State != index.WirePropagating {
		t.Errorf("%+v", states)
	}
	z.answerAll(askedAt.Add(3*time.Second), InSync, askedAt.Add(3*time.Second), ask[0])
	if states := z.states(nil, askedAt); len(states) != 1 || len(z.removed) != 0 {
		t.Errorf("%+v, %d removed", states, len(z.removed))
	}
}

func TestARemovedNameIsForgottenInTheEnd(t *testing.T) {
	z := scheduleOf(address("www", "192.0.2.1"), address("old", "192.0.2.2"))
	z.setRecords(zoneRead(address("www", "192.0.2.1")), nil, askedAt)
	z.answerAll(askedAt, Propagating, askedAt, Question{Name: "old.example.com", Type: "A"})
	z.due(nil, askedAt.Add(removedFor+time.Second))
	if states := z.states(nil, askedAt); len(states) != 1 || len(z.removed) != 0 {
		t.Errorf("%+v, %d removed", states, len(z.removed))
	}
}

func TestANameIsNotHeldToHaveVanishedWhereSomethingElseAnswersForIt(t *testing.T) {
	rr := func(name, typ, value string) providers.Record {
		return providers.Record{Name: name, Type: typ, Value: value}
	}
	proxied := address("old", "192.0.2.2")
	proxied.Type, proxied.Proxied = "AAAA", true
	for _, c := range []struct {
		name   string
		before providers.Record
		after  []providers.Record
		failed bool
		want   int
	}{
		{"nothing else", address("old", "192.0.2.2"), nil, false, 1},
		{"a wildcard beside it", address("old", "192.0.2.2"), []providers.Record{rr("*.example.com", "A", "192.0.2.3")}, false, 0},
		{"a wildcard higher up", address("old.sub", "192.0.2.2"), []providers.Record{rr("*.example.com", "A", "192.0.2.3")}, false, 0},
		{"a wildcard elsewhere", address("old", "192.0.2.2"), []providers.Record{rr("*.other.example.com", "A", "192.0.2.3")}, false, 1},
		{"an alias in its place", address("old", "192.0.2.2"), []providers.Record{rr("old.example.com", "CNAME", "www.example.com")}, false, 0},
		{"another type in its place", address("old", "192.0.2.2"), []providers.Record{rr("old.example.com", "TXT", `"x"`)}, false, 1},
		{"a proxy in its place", address("old", "192.0.2.2"), []providers.Record{proxied}, false, 0},
		{"a delegation above it", address("old.sub", "192.0.2.2"), []providers.Record{rr("sub.example.com", "NS", "ns.example.net")}, false, 0},
		{"another zone of the config", address("old.child", "192.0.2.2"), nil, false, 0},
		{"name servers at the top", rr("example.com", "NS", "ns.example.net"), nil, false, 0},
		{"a read that is not complete", address("old", "192.0.2.2"), nil, true, 0},
	} {
		z := scheduleOf(c.before)
		v := zoneRead(append([]providers.Record{address("www", "192.0.2.1")}, c.after...)...)
		if c.failed {
			v.Coverage.State = providers.CoveragePartial
		}
		z.setRecords(v, []string{"child.example.com", "example.com"}, askedAt)
		if len(z.removed) != c.want {
			t.Errorf("%s: %d names are asked for", c.name, len(z.removed))
		}
	}
}

func TestAZoneThatWasNeverReadIsNotAsked(t *testing.T) {
	z := newZoneSchedule()
	v := zoneRead(address("www", "192.0.2.1"))
	v.Coverage.State = providers.CoverageNone
	z.setRecords(v, nil, askedAt)
	if ask, wait := z.due(nil, askedAt); len(ask) > 0 || wait <= 0 {
		t.Errorf("%v, %v", namesOf(ask), wait)
	}
}

func TestAZoneWithoutNamesIsAskedForItself(t *testing.T) {
	z := scheduleOf()
	if ask, wait := z.due(nil, askedAt); len(ask) > 0 || wait > 0 {
		t.Errorf("%v, %v", namesOf(ask), wait)
	}
	z.answerAll(askedAt, InSync, askedAt)
	if _, wait := z.due(nil, askedAt); wait != roundEvery {
		t.Errorf("%v", wait)
	}
}

// scheduled is a scheduler of example.com that has seen a snapshot of it.
func scheduled(seq uint64, records ...providers.Record) (*Scheduler, *providers.Snapshot) {
	s := NewScheduler([]string{"Example.COM."}, Options{Clock: providers.Clock{Time: func() time.Time { return askedAt }}})
	snap := &providers.Snapshot{Seq: seq, Zones: []providers.ZoneView{*zoneRead(records...)}}
	s.SetSnapshot(snap)
	return s, snap
}

func TestRecordsOnTheScreenWakeTheirZoneAndComeFirst(t *testing.T) {
	s, _ := scheduled(7, address("a", "192.0.2.1"), address("www", "192.0.2.2"))
	z := s.zones["example.com"]
	<-z.wake // by the snapshot
	s.Prioritize([]providers.Identity{{Zone: "Example.com.", Name: "WWW.example.com", Type: "A"}})
	select {
	case <-z.wake:
	default:
		t.Error("the zone sleeps on")
	}
	if ask, _ := z.due(s.visible, askedAt); len(ask) != 2 || ask[0].Name != "www.example.com" {
		t.Errorf("%v", namesOf(ask))
	}
}

func TestAnOlderSnapshotChangesNoQuestion(t *testing.T) {
	s, snap := scheduled(7, address("a", "192.0.2.1"), address("www", "192.0.2.2"))
	old := *snap
	old.Seq--
	old.Zones = []providers.ZoneView{*zoneRead(address("a", "192.0.2.1"))}
	s.SetSnapshot(&old)
	if n := len(s.zones["example.com"].questions); n != 2 {
		t.Errorf("%d questions of an older snapshot", n)
	}
	old.Seq = 8
	s.SetSnapshot(&old)
	if n := len(s.zones["example.com"].questions); n != 1 {
		t.Errorf("%d questions of a newer snapshot", n)
	}
}
