package apply

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/providers/adapters"
	"rollcall/providers/fleet"
	"rollcall/providers/journal"
)

func TestADeadEntryIsRemovedWithItsMarkerAndNothingElse(t *testing.T) {
	b := newBench(t)
	b.triton.Remove("m-1")
	b.triton.Gone["m-1"] = true
	before := len(b.cf.rows)
	b.cf.onApply = func([]providers.Change) {
		es, _, err := journal.Read(b.j.Path(), nil)
		if err != nil || len(es) != 1 || es[0].State != journal.Begun || es[0].Change.Before.Value != "165.225.128.1" {
			t.Errorf("at the moment of the write the journal says %+v, %v", es, err)
		}
	}
	rep := b.run(b.dead())
	wantStates(t, rep, StepDone)
	if len(b.cf.rows) != before-1 || has(b.cf, "165.225.128.1") {
		t.Fatalf("zone: %v", values(b.cf))
	}
	var ids []index.GuardID
	for _, g := range rep.Steps[0].Guards {
		ids = append(ids, g.Guard)
		if !g.Pass || g.Why == "" {
			t.Errorf("guard %+v", g)
		}
	}
	want := []index.GuardID{"coverage", "owner", "instance", "address", "unchanged", "grace", "minimum", "threshold", "journal"}
	if !slices.Equal(ids, want) {
		t.Errorf("guards %v", ids)
	}
	es := entries(t, b.j)
	if len(es) != 1 || es[0].State != journal.Done || es[0].Who != "me@here" || es[0].Verb != "deregister" || len(es[0].Guards) != 8 {
		t.Errorf("journal: %+v", es)
	}
	if !slices.Contains(b.triton.Asked, "m-1") {
		t.Error("the instance was not asked for by id")
	}
}

func TestACheckWritesNothing(t *testing.T) {
	b := newBench(t)
	b.triton.Remove("m-1")
	rep := b.engine().Check(t.Context(), b.dead())
	wantStates(t, rep, StepReady)
	if len(rep.Steps[0].Guards) != 9 || len(b.cf.applied) != 0 || len(entries(t, b.j)) != 0 {
		t.Errorf("guards %d, applied %v, journal %v", len(rep.Steps[0].Guards), b.cf.applied, entries(t, b.j))
	}
}

// Every row is a way in which a delete must be refused, with the guard that refuses it.
func TestADeleteIsRefused(t *testing.T) {
	for _, c := range []struct {
		name  string
		mess  func(b *bench)
		guard index.GuardID
		why   string
		blind bool // for want of evidence
	}{
		{"when another cloud fails", func(b *bench) { b.aws.ListErr = errDown }, index.GuardCoverage, "aws-use1 could not be read (down)", true},
		{"when two clouds of the config are one", func(b *bench) {
			b.opts.Clouds = append(b.opts.Clouds, CloudTarget{Name: "twin"})
			b.clouds = append(b.clouds, fleet.CloudSource{Name: "twin", Provider: providers.EC2, Traits: adapters.Declared(providers.EC2).Traits, Compute: b.aws})
		}, index.GuardCoverage, "aws-use1 and twin are one cloud", true},
		{"when a cloud left the config", func(b *bench) {
			left := providers.CloudView{Cloud: providers.Cloud{Name: "joyent-ams", Key: "0123456789"}, Unconfigured: true, Coverage: providers.Failed(begin, begin, errors.New("it is no longer in the config"))}
			b.last = &providers.Snapshot{Clouds: []providers.CloudView{left}}
		}, index.GuardCoverage, "joyent-ams could not be read (it is no longer in the config)", true},
		{"when a marker of this fleet names a cloud that is not in the config", func(b *bench) {
			b.serve(&fakeCloud{Self: providers.Cloud{Key: "0123456789"}}, "i-77", "192.0.2.77")
		}, index.GuardCoverage, "markers of this fleet name a cloud with this key", true},
		{"when a cloud could not be set up", func(b *bench) {
			b.opts.Clouds = append(b.opts.Clouds, CloudTarget{Name: "broken", Err: errors.New("no credentials")})
			b.clouds = append(b.clouds, fleet.CloudSource{Name: "broken", Err: errors.New("no credentials")})
		}, index.GuardCoverage, "no credentials", true},
		{"when the cloud gives no answer about the instance", func(b *bench) { b.triton.AskErr = errDown }, index.GuardInstance, "down", true},
		{"when the instance is there after all", func(b *bench) { b.node(b.triton, "m-1", "www-5", "165.225.128.99", "www") }, index.GuardInstance, "shows m-1 as running", false},
		{"when the list left the instance out and it is there", func(b *bench) {
			b.node(b.triton, "m-1", "www-5", "165.225.128.1", "www")
			b.triton.Hidden["m-1"] = true
		}, index.GuardCoverage, "the list left out m-1: the cloud shows it when asked by id", true},
		{"when the credentials changed since the list was read", func(b *bench) { b.triton.Key = "0123456789" }, index.GuardInstance, "belong to another account now", true},
		{"when another instance has the address now", func(b *bench) { b.node(b.aws, "i-9", "x", "165.225.128.1", "") }, index.GuardAddress, "belongs to x (i-9)", false},
		{"when an elastic address of ours is the address", func(b *bench) {
			b.aws.Addrs = []providers.Address{{Cloud: "aws-use1", Key: awsKey, IP: netip.MustParseAddr("165.225.128.1"), Kind: providers.AddressElastic, ID: "eip-1"}}
		}, index.GuardAddress, "elastic address eip-1", false},
		{"when the address is on the allow-list", func(b *bench) { b.opts.Allow = []netip.Prefix{netip.MustParsePrefix("165.225.128.0/24")} }, index.GuardAddress, "allow-list", false},
		{"when the record was changed meanwhile", func(b *bench) { b.cf.rows[4].TTL = 120 }, index.GuardUnchanged, `its TTL was "60" and is "120"`, false},
		{"when the record was proxied meanwhile", func(b *bench) { b.cf.rows[4].Proxied = true }, index.GuardUnchanged, "proxying", false},
		{"when somebody touched the record meanwhile", func(b *bench) { b.cf.rows[4].Modified = begin.Add(time.Second) }, index.GuardUnchanged, "was changed at", false},
		{"when the record cannot be read again", func(b *bench) { b.cf.lookErr = errDown }, index.GuardUnchanged, "down", true},
		{"when the operator's fleet has no id", func(b *bench) { b.opts.Fleet = "" }, index.GuardOwner, "no fleet id", false},
		{"when the record has another fleet's marker now", func(b *bench) { b.cf.rows[4].Owners[0].Fleet = "other" }, index.GuardUnchanged, "owner marker", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			b.triton.Remove("m-1")
			p := b.dead()
			if len(p.Steps) != 1 {
				t.Fatalf("plan %+v", p)
			}
			c.mess(b)
			rep := b.run(p)
			wantStates(t, rep, StepRefused)
			g := guardNamed(rep, 0, c.guard)
			if g.Pass || !strings.Contains(g.Why, c.why) || g.NoEvidence != c.blind || g.Confirm != "" {
				t.Errorf("guards: %+v", rep.Steps[0].Guards)
			}
			if len(b.cf.applied) != 0 || !has(b.cf, "165.225.128.1") {
				t.Error("something was written")
			}
			if es := entries(t, b.j); len(es) != 1 || es[0].State != journal.Refused {
				t.Errorf("journal %+v", es)
			}
		})
	}
}

func TestAnEmptyListIsBelievedOnlyWhenEveryMarkedInstanceWasAnsweredFor(t *testing.T) {
	b := newBench(t)
	b.triton.Remove("m-1")
	p := b.dead()
	b.triton.Hidden = map[string]bool{"s-1": true, "s-2": true}
	wantStates(t, b.run(p), StepRefused)

	b = newBench(t)
	for _, id := range []string{"m-1", "s-1", "s-2"} {
		b.triton.Remove(id)
	}
	rep := b.engine().Check(t.Context(), b.dead())
	if guardNamed(rep, 0, index.GuardCoverage).Pass != true {
		t.Errorf("an account that is truly empty: %+v", rep.Steps[0].Guards)
	}
}

func TestAYoungMarkerIsNotRemovedAsDead(t *testing.T) {
	b := newBench(t)
	b.triton.Remove("m-1")
	p := b.dead()
	young := begin.Add(-time.Minute)
	b.cf.rows[4].Owners[0].Registered = young
	text, _ := b.cf.rows[4].Owners[0].Encode()
	b.cf.rows[4].Comment = text
	p.Steps[0].Change.Before = b.cf.read()[4]
	rep := b.run(p)
	wantStates(t, rep, StepRefused)
	if g := guardNamed(rep, 0, index.GuardGrace); g.Pass || g.Satisfy != "wait 9 min" {
		t.Errorf("%+v", g)
	}
	if g := guardNamed(rep, 0, index.GuardInstance); g.Pass || !g.NoEvidence {
		t.Errorf("not found, and too young to be found: %+v", g)
	}
}

func TestARefusedGuardDoesNotBlockTheOthers(t *testing.T) {
	b := newBench(t)
	b.triton.Remove("m-1")
	b.aws.Remove("i-1")
	p := b.dead()
	b.cf.rows[4].TTL = 999
	b.opts.Guards.Threshold = 1
	rep := b.run(p)
	wantStates(t, rep, StepRefused, StepDone)
	if has(b.cf, "34.200.16.1") || !has(b.cf, "165.225.128.1") {
		t.Errorf("zone %v", values(b.cf))
	}
}

func TestADeadNodeOfDNSSDLosesItsSRVValueBeforeItsHostName(t *testing.T) {
	b := newBench(t)
	b.triton.Remove("s-1")
	rep := b.run(b.dead())
	wantStates(t, rep, StepDone, StepDone)
	if len(b.sd.applied) != 2 || b.sd.applied[0][0].Before.Type != "SRV" || b.sd.applied[1][0].Before.Type != "A" {
		t.Errorf("order: %+v", b.sd.applied)
	}
	want := []string{"_services._dns-sd._udp.unilans.net/PTR/_theservice._tcp.unilans.net", "_theservice._tcp.unilans.net/PTR/" + v1, "sd-2.unilans.net/A/165.225.128.12", v1 + "/SRV/10 10 4218 sd-2.unilans.net", v1 + `/TXT/"txtvers=1"`}
	slices.Sort(want)
	if got := values(b.sd); !slices.Equal(got, want) {
		t.Errorf("zone %v", got)
	}
	for _, r := range b.sd.rows {
		if strings.HasPrefix(r.Name, "s-1.") {
			t.Errorf("a marker is left: %+v", r)
		}
	}
}

func TestTheLastValueOfANameAsksForTheNameToBeTyped(t *testing.T) {
	b := newBench(t)
	b.cf.rows = b.cf.rows[4:]
	b.triton.Remove("m-1")
	p := b.dead()
	rep := b.run(p)
	wantStates(t, rep, StepRefused)
	asks := rep.Asks()
	if len(asks) != 1 || asks[0].Guard != index.GuardMinimum || asks[0].Text != www || !slices.Equal(asks[0].Steps, []int{1}) {
		t.Fatalf("asks %+v", asks)
	}
	wantStates(t, b.run(p, "scalability.expert"), StepRefused)
	wantStates(t, b.run(p, "WWW.scalability.expert."), StepDone)
	es := entries(t, b.j)
	if last := es[len(es)-1]; !slices.ContainsFunc(last.Guards, func(g journal.Guard) bool { return g.Typed == www }) {
		t.Errorf("the journal does not say what was typed: %+v", last.Guards)
	}
}

func TestTypingAnswersOneGuardAndNoOther(t *testing.T) {
	b := newBench(t)
	b.cf.rows = b.cf.rows[4:]
	b.triton.Remove("m-1")
	p := b.dead()
	b.aws.ListErr = errDown
	rep := b.run(p, www)
	wantStates(t, rep, StepRefused)
	if len(rep.Asks()) != 0 || !guardNamed(rep, 0, index.GuardMinimum).Pass {
		t.Errorf("%+v", rep.Steps[0].Guards)
	}
}

func many(t *testing.T, n int) *bench {
	b := newBench(t)
	for i := range n {
		ip := fmt.Sprintf("165.225.129.%d", i)
		b.serve(b.triton, fmt.Sprintf("x-%d", i), ip)
	}
	return b
}

func TestMoreThanTheThresholdAsksForTheCount(t *testing.T) {
	b := many(t, 10) // 15 owned records, 10 of them dead, 4 may go
	p := b.dead()
	if rep := b.engine().Check(t.Context(), p); rep.Count(StepRefused) != 10 {
		t.Fatalf("a check: %v", states(rep))
	}
	rep := b.run(p)
	if rep.Count(StepRefused) != 10 || len(b.cf.applied) != 0 {
		t.Fatalf("states %v", states(rep))
	}
	asks := rep.Asks()
	if len(asks) != 1 || asks[0].Guard != index.GuardThreshold || asks[0].Text != "10" || len(asks[0].Steps) != 10 {
		t.Fatalf("asks %+v", asks)
	}
	if rep := b.run(p, "11"); rep.Count(StepRefused) != 10 {
		t.Fatalf("a wrong count: %v", states(rep))
	}
	if rep := b.run(p, "10"); rep.Count(StepDone) != 10 {
		t.Fatalf("the count: %v", states(rep))
	}
	if len(b.cf.applied) != 1 {
		t.Errorf("%d calls for one zone", len(b.cf.applied))
	}
}

func TestDeletesOfTheLastTenMinutesCountForTheThreshold(t *testing.T) {
	b := many(t, 10)
	p := b.dead()
	steps := p.Steps
	for n := range 5 {
		p.Steps = steps[n : n+1]
		rep := b.run(p)
		want := StepDone
		if n == 4 {
			want = StepRefused
		}
		wantStates(t, rep, want)
		b.clk.Advance(time.Second)
	}
	b.clk.Advance(11 * time.Minute)
	p.Steps = steps[4:5]
	wantStates(t, b.run(p), StepDone)
}

func TestALongPlanDoesNotFailBecauseItsEvidenceGrowsOld(t *testing.T) {
	b := many(t, 45)
	for i := range b.cf.rows {
		if r := &b.cf.rows[i]; strings.HasPrefix(r.Value, "165.225.129.") {
			r.Name = "n-" + r.Value[12:] + "." + cfZone
		}
	}
	b.opts.Guards.Threshold = 1
	p := b.dead()
	var typed []string
	for _, s := range p.Steps {
		typed = append(typed, s.Change.Before.Name)
	}
	b.cf.slow = 1500 * time.Millisecond
	if rep := b.engine().Check(t.Context(), p); rep.Count(StepRefused) != 45 || len(rep.Asks()) != 45 {
		t.Errorf("check: %v %s", states(rep), rep.Steps[44].Why)
	}
	if rep := b.run(p, typed...); rep.Count(StepDone) != 45 {
		t.Errorf("%v %s", states(rep), rep.Steps[44].Why)
	}
}

func TestOfTooManyNoneGoesHoweverManyGroupsTheyAreAskedIn(t *testing.T) {
	b := many(t, 48) // 53 owned records, of which 15 may go
	p := b.dead()
	for name, rep := range map[string]*Report{"a check": b.engine().Check(t.Context(), p), "a run": b.run(p), "with a wrong count": b.run(p, "8")} {
		if rep.Count(StepRefused) != 48 || len(b.cf.applied) != 0 {
			t.Errorf("%s: %v", name, states(rep))
		}
		if asks := rep.Asks(); len(asks) != 1 || asks[0].Text != "48" {
			t.Errorf("%s: asks %+v", name, asks)
		}
	}
}

func TestAWholePlanIsOneCallToItsZone(t *testing.T) {
	b := many(t, 48)
	rep := b.run(b.dead(), "48")
	if rep.Count(StepDone) != 48 || len(b.cf.applied) != 1 {
		t.Errorf("%d calls for one zone, %v", len(b.cf.applied), states(rep))
	}
}

func TestAChangeDoesNotWaitForOthersUntilItsEvidenceIsOld(t *testing.T) {
	b := many(t, 48)
	for i := range b.cf.rows {
		if r := &b.cf.rows[i]; strings.HasPrefix(r.Value, "165.225.129.") {
			r.Name = strings.ReplaceAll(r.Value, ".", "-") + "." + cfZone // a lookup for each
		}
	}
	b.opts.Guards.Threshold = 1
	p := b.dead()
	var typed []string
	for _, s := range p.Steps {
		typed = append(typed, s.Change.Before.Name)
	}
	b.cf.slow = time.Second // twenty lookups take twenty seconds, and no change waits longer than ten
	if rep := b.run(p, typed...); rep.Count(StepDone) != 48 || len(b.cf.applied) != 3 {
		t.Errorf("%d calls, %v", len(b.cf.applied), states(rep))
	}
}

func TestAZoneMayHaveAThresholdOfItsOwn(t *testing.T) {
	b := many(t, 10)
	b.opts.ZoneGuards = map[string]Guards{cfZone: {Threshold: 0.9}}
	if rep := b.run(b.dead()); rep.Count(StepDone) != 10 {
		t.Errorf("states %v", states(rep))
	}
}

func TestTheThresholdOfAZoneHoldsFromAsManyRecordsAsItSays(t *testing.T) {
	b := many(t, 10) // 15 owned records
	b.opts.ZoneGuards = map[string]Guards{cfZone: {From: 16}}
	if rep := b.engine().Check(t.Context(), b.dead()); rep.Count(StepReady) != 10 {
		t.Errorf("from 16: %v", states(rep))
	}
	b.opts.ZoneGuards = map[string]Guards{cfZone: {From: 15}}
	if rep := b.engine().Check(t.Context(), b.dead()); rep.Count(StepRefused) != 10 {
		t.Errorf("from 15: %v", states(rep))
	}
	b.opts.ZoneGuards = map[string]Guards{sdZone: {From: 16}}
	if rep := b.engine().Check(t.Context(), b.dead()); rep.Count(StepRefused) != 10 {
		t.Errorf("from 16 in another zone: %v", states(rep))
	}
}

func TestAThresholdOfNothingAsksForTheCountOfEveryRemoval(t *testing.T) {
	b := many(t, 1)
	b.opts.ZoneGuards = map[string]Guards{cfZone: {Threshold: NothingGoes, From: 1}}
	rep := b.run(b.dead())
	wantStates(t, rep, StepRefused)
	if asks := rep.Asks(); len(asks) != 1 || asks[0].Text != "1" || !strings.Contains(asks[0].Why, "and 0 is the most") {
		t.Errorf("asks %+v", asks)
	}
	wantStates(t, b.run(b.dead(), "1"), StepDone)
}

func TestAnotherPlanThanTheOneThatWasShownIsNotCarriedOut(t *testing.T) {
	b := newBench(t)
	b.triton.Remove("m-1")
	shown := b.dead()
	b.triton.Remove("s-1")
	rep := b.engine().Run(t.Context(), b.dead(), Confirm{Checksum: shown.Checksum()}, nil)
	wantStates(t, rep, StepRefused, StepRefused, StepRefused)
	if len(b.cf.applied)+len(b.sd.applied) != 0 || len(entries(t, b.j)) != 0 || !strings.Contains(rep.Steps[0].Why, shown.Checksum()) {
		t.Errorf("%d calls, %d entries, %q", len(b.cf.applied)+len(b.sd.applied), len(entries(t, b.j)), rep.Steps[0].Why)
	}
	wantStates(t, b.engine().Run(t.Context(), shown, Confirm{Checksum: shown.Checksum()}, nil), StepDone)
}

func TestWithoutAJournalNothingIsWritten(t *testing.T) {
	for name, mess := range map[string]func(b *bench){
		"none":   func(b *bench) { b.opts.Journal = nil },
		"closed": func(b *bench) { _ = b.j.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.triton.Remove("m-1")
			p := b.dead()
			mess(b)
			rep := b.engine().Check(t.Context(), p)
			if g := guardNamed(rep, 0, index.GuardJournal); g.Pass || !g.NoEvidence {
				t.Errorf("check: %+v", g)
			}
			rep = b.run(p)
			wantStates(t, rep, StepRefused)
			if len(b.cf.applied) != 0 {
				t.Error("something was written")
			}
		})
	}
}

func TestALostReplyIsLookedUp(t *testing.T) {
	lost := providers.Errorf(providers.KindUncertain, "batch", "connection reset")
	for _, c := range []struct {
		name  string
		made  bool
		blind bool
		want  StepState
		state journal.State
	}{
		{"and the change was made", true, false, StepDone, journal.Done},
		{"and the change was not made", false, false, StepFailed, journal.Failed},
		{"and nothing can be looked up", true, true, StepUnknown, journal.Unknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			b.triton.Remove("m-1")
			p := b.dead()
			b.cf.fault = func(providers.Change) (error, bool) {
				if c.blind {
					b.cf.lookErr = errDown
				}
				return lost, c.made
			}
			rep := b.run(p)
			wantStates(t, rep, c.want)
			es := entries(t, b.j)
			if len(es) != 1 || es[0].State != c.state || es[0].Note == "" || es[0].Error == "" {
				t.Errorf("journal %+v", es)
			}
		})
	}
}

func TestAConflictOnADeleteIsNotTriedAgain(t *testing.T) {
	b := newBench(t)
	b.triton.Remove("m-1")
	b.cf.fault = func(providers.Change) (error, bool) {
		return providers.Errorf(providers.KindConflict, "batch", "changed"), false
	}
	rep := b.run(b.dead())
	wantStates(t, rep, StepFailed)
	if len(b.cf.applied) != 1 || entries(t, b.j)[0].State != journal.Failed {
		t.Errorf("%d calls", len(b.cf.applied))
	}
}

func TestARunThatIsStoppedLeavesATrueJournal(t *testing.T) {
	b := newBench(t)
	b.triton.Remove("s-1")
	p := b.dead() // SRV, then A
	ctx, stop := context.WithCancel(t.Context())
	b.sd.onApply = func([]providers.Change) { stop() }
	b.sd.fault = func(providers.Change) (error, bool) {
		return providers.Errorf(providers.KindUncertain, "change", "%w", context.Canceled), true
	}
	rep := b.engine().Run(ctx, p, Confirm{}, nil)
	wantStates(t, rep, StepDone, StepSkipped)
	es := entries(t, b.j)
	if len(es) != 1 || es[0].State != journal.Done || !strings.Contains(es[0].Note, "looked up") {
		t.Errorf("journal %+v", es)
	}
	if !has(b.sd, "sd-1.unilans.net/A") {
		t.Error("a step began after the stop")
	}
}

func TestWhatIsAlreadyGoneIsDone(t *testing.T) {
	b := newBench(t)
	b.triton.Remove("m-1")
	p := b.dead()
	b.cf.rows = b.cf.rows[:4]
	rep := b.run(p)
	wantStates(t, rep, StepDone)
	if !rep.Steps[0].Already || len(b.cf.applied) != 0 || len(entries(t, b.j)) != 0 {
		t.Errorf("%+v", rep.Steps[0])
	}
}

func TestAYoungReadIsNotReadAgainAndAnOldOneIs(t *testing.T) {
	b := newBench(t)
	b.triton.Remove("m-1")
	p := b.dead()
	read := b.sources()
	read.Refresh(t.Context())
	b.opts.Sources = read
	lists := b.aws.Lists
	wantStates(t, b.engine().Check(t.Context(), p), StepReady)
	if b.aws.Lists != lists {
		t.Error("a young read was read again")
	}
	b.clk.Advance(50 * time.Second)
	wantStates(t, b.run(p), StepDone)
	if b.aws.Lists == lists {
		t.Error("an old read was taken for fresh")
	}
}

func TestAMovedEntryGetsTheAddressThatItsInstanceHasNow(t *testing.T) {
	b := newBench(t)
	b.triton.Rows[0].PublicIPs = []netip.Addr{netip.MustParseAddr("165.225.128.77")}
	v := b.view()
	p := plan.ForFindings(v, &v.Findings[0])
	if p.Verb != index.VerbUpdate {
		t.Fatalf("%+v", v.Findings[0])
	}
	wantStates(t, b.run(p), StepDone)
	if !has(b.cf, "165.225.128.77") || has(b.cf, "165.225.128.1") || len(b.view().Findings) != 0 {
		t.Errorf("zone %v, findings %v", values(b.cf), b.view().Findings)
	}
	undo, err := b.engine().UndoPlan("")
	if err != nil {
		t.Fatal(err)
	}
	wantStates(t, b.run(undo), StepDone)
	if !has(b.cf, "/165.225.128.1") {
		t.Errorf("zone %v", values(b.cf))
	}
}

func TestAnEntryIsNotMovedToAnAddressThatItsInstanceLostMeanwhile(t *testing.T) {
	b := newBench(t)
	b.triton.Rows[0].PublicIPs = []netip.Addr{netip.MustParseAddr("165.225.128.77")}
	v := b.view()
	p := plan.ForFindings(v, &v.Findings[0])
	b.triton.Rows[0].PublicIPs = []netip.Addr{netip.MustParseAddr("165.225.128.78")}
	rep := b.run(p)
	wantStates(t, rep, StepRefused)
	if g := guardNamed(rep, 0, index.GuardInstance); !strings.Contains(g.Why, "does not have 165.225.128.77 now") {
		t.Errorf("%+v", g)
	}
}

func TestAMissingNodeIsRegisteredAndTheUndoAsksForNoMoreThanAQuiesce(t *testing.T) {
	for _, c := range []struct {
		id    string
		zone  func(b *bench) *fakeDNS
		strip int
	}{
		{"m-1", func(b *bench) *fakeDNS { return b.cf }, 1},
		{"s-1", func(b *bench) *fakeDNS { return b.sd }, 2},
	} {
		t.Run(c.id, func(t *testing.T) {
			b := newBench(t)
			d := c.zone(b)
			all := values(d)
			d.rows = slices.DeleteFunc(d.rows, func(r providers.Record) bool {
				return strings.Contains(r.Value, "sd-1.") || r.Value == "165.225.128.1" || r.Value == "165.225.128.11" || strings.HasPrefix(r.Name, "s-1.")
			})
			left := values(d)
			if len(all)-len(left) != c.strip {
				t.Fatalf("left %v", left)
			}
			p := plan.Register(b.view(), "", ref(b.triton, c.id))
			rep := b.run(p)
			if !rep.OK() || len(rep.Steps) != c.strip {
				t.Fatalf("plan %+v: %v %v", p, states(rep), rep.Steps)
			}
			if got := values(d); !slices.Equal(got, all) {
				t.Fatalf("zone %v, want %v", got, all)
			}
			if f := b.view().Findings; len(f) != 0 {
				t.Errorf("findings %+v", f)
			}
			undo, err := b.engine().UndoPlan(rep.Run)
			if err != nil {
				t.Fatal(err)
			}
			if rep := b.run(undo); !rep.OK() {
				t.Fatalf("undo %v: %+v", states(rep), rep.Steps)
			}
			if got := values(d); !slices.Equal(got, left) {
				t.Errorf("zone %v, want %v", got, left)
			}
		})
	}
}

// undoOrRedo plans an undo in even turns and a redo in odd ones.
func (b *bench) undoOrRedo(turn int) (plan.Plan, error) {
	if turn%2 == 1 {
		return b.engine().RedoPlan()
	}
	return b.engine().UndoPlan("")
}

func TestAnUndoOfADeleteRestoresValueAndMarkerExactlyAndARedoRemovesThem(t *testing.T) {
	for _, c := range []struct {
		id   string
		zone func(b *bench) *fakeDNS
	}{
		{"m-1", func(b *bench) *fakeDNS { return b.cf }},
		{"s-1", func(b *bench) *fakeDNS { return b.sd }},
	} {
		t.Run(c.id, func(t *testing.T) {
			b := newBench(t)
			d := c.zone(b)
			before := rowsWithoutIDs(d)
			b.triton.Remove(c.id)
			rep := b.run(b.dead())
			if !rep.OK() {
				t.Fatal(states(rep))
			}
			after := rowsWithoutIDs(d)
			for n := range 4 { // undo, redo, undo, redo
				undo, err := b.undoOrRedo(n)
				if err != nil {
					t.Fatal(err)
				}
				if rep := b.run(undo); !rep.OK() {
					for _, s := range rep.Steps {
						t.Logf("%s: %s %s %+v", s.Step.Sentence, s.State, s.Why, s.Guards)
					}
					t.Fatalf("undo %d: %v", n, states(rep))
				}
				want := before
				if n%2 == 1 {
					want = after
				}
				if got := rowsWithoutIDs(d); !slices.Equal(got, want) {
					t.Fatalf("undo %d:\n%s\nwant\n%s", n, strings.Join(got, "\n"), strings.Join(want, "\n"))
				}
			}
		})
	}
}

// rowsWithoutIDs writes all rows in full but for what a provider makes anew.
func rowsWithoutIDs(d *fakeDNS) []string {
	var out []string
	for _, r := range d.read() {
		r.ID, r.Modified = "", time.Time{}
		if r.IsMarker() {
			r.TTL = 0
		}
		out = append(out, fmt.Sprintf("%+v", r))
	}
	slices.Sort(out)
	return out
}

// What an undo has restored before it was cut off has another id at Cloudflare than the journal's first entry says.
func TestAnUndoThatWasCutOffIsCarriedOnWith(t *testing.T) {
	for _, id := range []string{"m-1", "s-1"} {
		t.Run(id, func(t *testing.T) {
			b := newBench(t)
			cf, sd := rowsWithoutIDs(b.cf), rowsWithoutIDs(b.sd)
			quiesced := b.run(plan.Quiesce(b.view(), ref(b.triton, id)))
			for range 10 {
				undo, err := b.engine().UndoPlan(quiesced.Run)
				if err != nil {
					break // all of it is taken back
				}
				undo.Steps = undo.Steps[:1]
				if rep := b.run(undo); !rep.OK() {
					t.Fatalf("%s: %s", rep.Steps[0].Step.Sentence, rep.Steps[0].Why)
				}
			}
			if !slices.Equal(rowsWithoutIDs(b.cf), cf) || !slices.Equal(rowsWithoutIDs(b.sd), sd) {
				t.Errorf("zones:\n%s\n%s", strings.Join(rowsWithoutIDs(b.cf), "\n"), strings.Join(rowsWithoutIDs(b.sd), "\n"))
			}
		})
	}
}

func TestAReturnThatWasCutOffIsCarriedOnWith(t *testing.T) {
	for _, id := range []string{"m-1", "s-1"} {
		t.Run(id, func(t *testing.T) {
			b := newBench(t)
			cf, sd := values(b.cf), values(b.sd)
			b.run(plan.Quiesce(b.view(), ref(b.triton, id)))
			runs := 0
			for ; runs < 10; runs++ {
				p := plan.Return(b.view(), ref(b.triton, id))
				if len(p.Steps) == 0 {
					break
				}
				p.Steps = p.Steps[:1]
				b.run(p)
				if runs == 0 && len(b.view().RecordsOf(tritonKey, id)) == 0 {
					t.Error("the node is forgotten before it is back")
				}
			}
			if !slices.Equal(values(b.cf), cf) || !slices.Equal(values(b.sd), sd) || runs < 2 {
				t.Errorf("after %d runs: %v %v", runs, values(b.cf), values(b.sd))
			}
		})
	}
}

func TestAnUndoThatIsRefusedInPartBringsTheRestBack(t *testing.T) {
	b := newBench(t)
	b.triton.Remove("m-1")
	b.aws.Remove("i-1")
	if rep := b.run(b.dead()); !rep.OK() {
		t.Fatal(states(rep))
	}
	undo, err := b.engine().UndoPlan("")
	if err != nil || !strings.Contains(undo.Steps[0].Sentence, "will lead to nobody again") {
		t.Fatal(undo, err)
	}
	b.cf.add(providers.Record{Zone: cfZone, Name: www, Type: "A", TTL: 60, Value: undo.Steps[0].Change.After.Value})
	wantStates(t, b.run(undo), StepRefused, StepDone)
}

func TestAnEntryThatWasTakenBackIsNotTakenBackTwice(t *testing.T) {
	b := newBench(t)
	b.triton.Remove("m-1")
	rep := b.run(b.dead())
	undo, err := b.engine().UndoPlan(rep.Steps[0].Entry)
	if err != nil {
		t.Fatal(err)
	}
	wantStates(t, b.run(undo), StepDone)
	if _, err := b.engine().UndoPlan(rep.Run); err == nil || !strings.Contains(err.Error(), "taken back already") {
		t.Error(err)
	}
	for _, id := range []string{"77", "r00000000"} {
		if _, err := b.engine().UndoPlan(id); err == nil || !strings.Contains(err.Error(), "no entry or run") {
			t.Error(err)
		}
	}
	if _, err := newBench(t).engine().UndoPlan(""); err == nil {
		t.Error("an empty journal has something to undo")
	}
}

func TestAnUndoDoesNotOverwriteWhatSomebodyElseMade(t *testing.T) {
	b := newBench(t)
	b.triton.Remove("m-1")
	b.run(b.dead())
	undo, err := b.engine().UndoPlan("")
	if err != nil {
		t.Fatal(err)
	}
	b.cf.add(providers.Record{Zone: cfZone, Name: www, Type: "A", TTL: 60, Value: "165.225.128.1", Comment: "by hand"})
	rep := b.run(undo)
	wantStates(t, rep, StepRefused)
	if g := guardNamed(rep, 0, index.GuardUnchanged); !strings.Contains(g.Why, "not marked as anybody's") {
		t.Errorf("%+v", g)
	}
}

func TestAnUnmarkedRecordIsAdoptedAndGivenBack(t *testing.T) {
	b := newBench(t)
	b.cf.rows[4].Owners, b.cf.rows[4].Comment = nil, ""
	v := b.view()
	p := plan.ForFindings(v, &v.Findings[0])
	if p.Verb != index.VerbAdopt {
		t.Fatalf("%+v", p)
	}
	wantStates(t, b.run(p), StepDone)
	if f := b.view().Findings; len(f) != 0 {
		t.Errorf("%+v", f)
	}
	undo, err := b.engine().UndoPlan("")
	if err != nil {
		t.Fatal(err)
	}
	wantStates(t, b.run(undo), StepDone)
	if r := b.cf.read()[4]; r.Comment != "" || len(r.Owners) != 0 {
		t.Errorf("%+v", r)
	}
}

func TestAnUndoThatIsRefusedStopsThereAndLeavesWhatIsOlder(t *testing.T) {
	b := newBench(t)
	b.run(plan.Quiesce(b.view(), ref(b.triton, "s-1")))
	b.triton.Remove("m-1")
	dead := b.run(b.dead())
	b.cf.add(providers.Record{Zone: cfZone, Name: www, Type: "A", TTL: 60, Value: "165.225.128.1", Comment: "by hand"})
	for range 2 {
		undo, err := b.engine().UndoPlan("")
		if err != nil || undo.Steps[0].Undoes != dead.Steps[0].Entry {
			t.Fatalf("%+v, %v", undo, err)
		}
		wantStates(t, b.run(undo), StepRefused)
	}
	if p, err := b.engine().RedoPlan(); err == nil {
		t.Errorf("nothing was undone, and a redo would do %+v", p)
	}
}
