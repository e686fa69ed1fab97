package apply

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/dnsview/index"
	"rollcall/providers"
	"rollcall/providers/adapters"
	"rollcall/providers/fleet"
	"rollcall/providers/journal"
)

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
		{"when the record was changed meanwhile", func(b *bench) { b.cf.Rows[4].TTL = 120 }, index.GuardUnchanged, `its TTL was "60" and is "120"`, false},
		{"when the record was proxied meanwhile", func(b *bench) { b.cf.Rows[4].Proxied = true }, index.GuardUnchanged, "proxying", false},
		{"when somebody touched the record meanwhile", func(b *bench) { b.cf.Rows[4].Modified = begin.Add(time.Second) }, index.GuardUnchanged, "was changed at", false},
		{"when the record cannot be read again", func(b *bench) { b.cf.LookupErr = errDown }, index.GuardUnchanged, "down", true},
		{"when the operator's fleet has no id", func(b *bench) { b.opts.Fleet = "" }, index.GuardOwner, "no fleet id", false},
		{"when the record has another fleet's marker now", func(b *bench) { b.cf.Rows[4].Owners[0].Fleet = "other" }, index.GuardUnchanged, "owner marker", false},
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
			if len(b.cf.Applied) != 0 || !has(b.cf, "165.225.128.1") {
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
	b.aws.Remove("i-1")
	n := slices.IndexFunc(b.cf.Rows, func(r providers.Record) bool { return r.Value == "34.200.16.1" })
	p := b.dead()
	young := begin.Add(-time.Minute)
	b.cf.Rows[n].Owners[0].Registered = young
	text, _ := b.cf.Rows[n].Owners[0].Encode()
	b.cf.Rows[n].Comment = text
	p.Steps[0].Change.Before = b.cf.Owned()[n]
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
	b.cf.Rows[4].TTL = 999
	b.opts.Guards.Threshold = 1
	rep := b.run(p)
	wantStates(t, rep, StepRefused, StepDone)
	if has(b.cf, "34.200.16.1") || !has(b.cf, "165.225.128.1") {
		t.Errorf("zone %v", values(b.cf))
	}
}

func TestTheLastValueOfANameAsksForTheNameToBeTyped(t *testing.T) {
	b := newBench(t)
	b.cf.Rows = b.cf.Rows[4:]
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
	b.cf.Rows = b.cf.Rows[4:]
	b.triton.Remove("m-1")
	p := b.dead()
	b.aws.ListErr = errDown
	rep := b.run(p, www)
	wantStates(t, rep, StepRefused)
	if len(rep.Asks()) != 0 || !guardNamed(rep, 0, index.GuardMinimum).Pass {
		t.Errorf("%+v", rep.Steps[0].Guards)
	}
}

func TestANameThatIsAskedForMayBeTypedInUnicodeOrAsItIsOnTheWire(t *testing.T) {
	for typed, pass := range map[string]bool{
		"www.bücher.example": true, "www.xn--bcher-kva.example": true, "WWW.bücher.example.": true, "www.bucher.example": false, "bücher.example": false, "": false,
	} {
		r := &run{confirm: Confirm{Typed: []string{typed}}}
		guards := []index.GuardResult{{Guard: index.GuardMinimum, Confirm: "www.xn--bcher-kva.example"}}
		if r.acceptTyped(guards); guards[0].Pass != pass {
			t.Errorf("%q: passes %t", typed, guards[0].Pass)
		}
	}
}
