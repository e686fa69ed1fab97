package apply_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"rollcall/dnsview/apply"
	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/providers/adapters"
)

// account is a DNS account whose answers a test decides, one after the other.
type account struct {
	rows    []providers.Record
	applies []func(c providers.Change) error // what each Apply comes to; the last one repeats
	calls   int
}

func (a *account) Lookup(context.Context, providers.Zone, string, string) ([]providers.Record, error) {
	return a.rows, nil
}

func (a *account) Apply(_ context.Context, _ providers.Zone, changes []providers.Change) []providers.Result {
	do := a.applies[min(a.calls, len(a.applies)-1)]
	a.calls++
	out := make([]providers.Result, len(changes))
	for i, c := range changes {
		out[i].Err = do(c)
	}
	return out
}

func servedZone() plan.Zone {
	return plan.Zone{Zone: providers.Zone{Name: "unilans.net", ID: "Z1", Provider: providers.Route53, Traits: adapters.Declared(providers.Route53).Traits}, Fleet: "f1", Now: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)}
}

// hostRecords are the address and the SRV value of a host that joined by hand.
func hostRecords(name string) []providers.Record {
	z := servedZone()
	o, addr, srv := z.HostOwner(name), "192.0.2."+name[len(name)-1:], "10 20 4218 "+name+".unilans.net"
	return []providers.Record{
		{Zone: "unilans.net", Name: name + ".unilans.net", Type: "A", Value: addr, TTL: 60, Owners: []providers.Owner{o.For("A", addr)}},
		{Zone: "unilans.net", Name: "v1._theservice._tcp.unilans.net", Type: "SRV", Value: srv, TTL: 60, Owners: []providers.Owner{o.For("SRV", srv)}},
	}
}

func fails(kind providers.Kind) func(providers.Change) error {
	return func(providers.Change) error { return providers.Errorf(kind, "change records", "played") }
}

func (a *account) succeeds(providers.Change) error { a.rows = nil; return nil }

// lost carries a delete out and loses the reply.
func (a *account) lost(providers.Change) error {
	a.rows = nil
	return providers.Errorf(providers.KindUncertain, "change records", "the reply was lost")
}

// retried makes changes in a bubble, where no pause takes any time.
func retried(ctx context.Context, t *testing.T, a *account, changes ...providers.Change) (out []providers.Result) {
	t.Helper()
	synctest.Test(t, func(*testing.T) { out = (&apply.RetryingDNS{DNS: a}).Apply(ctx, servedZone().Zone, changes) })
	return out
}

func TestADeleteIsTriedAgainOnlyWhileItsRecordIsUnchanged(t *testing.T) {
	z := servedZone()
	mine := hostRecords("web1")[1]
	theirs := mine
	theirs.Owners = []providers.Owner{z.HostOwner("web2").For("SRV", mine.Value)}
	other := mine
	other.TTL = 999
	for _, c := range []struct {
		name  string
		rows  []providers.Record
		first func(providers.Change) error
		kind  providers.Kind
		calls int
	}{
		{"a conflict with another host", []providers.Record{mine}, fails(providers.KindConflict), "", 3},
		{"a throttle", []providers.Record{mine}, fails(providers.KindThrottled), "", 3},
		{"a lost reply of what was not done", []providers.Record{mine}, fails(providers.KindUncertain), "", 3},
		{"another owner", []providers.Record{theirs}, fails(providers.KindConflict), providers.KindConflict, 1},
		{"another TTL", []providers.Record{other}, fails(providers.KindConflict), providers.KindConflict, 1},
		{"gone meanwhile", nil, fails(providers.KindConflict), "", 1},
		{"refused for good", []providers.Record{mine}, fails(providers.KindInvalid), providers.KindInvalid, 1},
		{"refused credentials", []providers.Record{mine}, fails(providers.KindAuth), providers.KindAuth, 1},
	} {
		a := &account{rows: c.rows}
		a.applies = []func(providers.Change) error{c.first, c.first, a.succeeds}
		r := retried(context.Background(), t, a, providers.Change{Op: providers.OpDelete, Before: mine})
		if got := providers.KindOf(r[0].Err); got != c.kind || a.calls != c.calls {
			t.Errorf("%s: %v after %d calls, want %q after %d", c.name, r[0].Err, a.calls, c.kind, c.calls)
		}
	}
}

func TestAReplyThatWasLostIsLookedUpAndNotSentTwice(t *testing.T) {
	mine := hostRecords("web1")[1]
	a := &account{rows: []providers.Record{mine}}
	a.applies = []func(providers.Change) error{a.lost}
	r := retried(context.Background(), t, a, providers.Change{Op: providers.OpDelete, Before: mine})
	if r[0].Err != nil || r[0].Already || !r[0].LookedUp || a.calls != 1 {
		t.Errorf("delete: %+v after %d calls", r[0], a.calls)
	}
	b := &account{rows: []providers.Record{mine}, applies: []func(providers.Change) error{fails(providers.KindUncertain)}}
	r = retried(context.Background(), t, b, providers.Change{Op: providers.OpCreate, After: mine})
	if r[0].Err != nil || r[0].Already || !r[0].LookedUp || b.calls != 1 || r[0].Record.Value != mine.Value {
		t.Errorf("create: %+v after %d calls", r[0], b.calls)
	}
}

func TestAnErrorThatSaysNothingOfAnEarlierTryWithALostReplyIsUncertain(t *testing.T) {
	mine := hostRecords("web1")[1]
	for _, kind := range []providers.Kind{providers.KindAuth, providers.KindThrottled} {
		a := &account{applies: []func(providers.Change) error{fails(providers.KindUncertain)}}
		for range 100 {
			a.applies = append(a.applies, fails(kind))
		}
		r := retried(context.Background(), t, a, providers.Change{Op: providers.OpCreate, After: mine})
		if providers.KindOf(r[0].Err) != providers.KindUncertain || a.calls < 2 {
			t.Errorf("%s: %v after %d calls", kind, r[0].Err, a.calls)
		}
	}
}

func TestACreateOfWhatSomebodyElseHasIsAConflict(t *testing.T) {
	z := servedZone()
	mine := hostRecords("web1")[1]
	theirs := mine
	theirs.Owners = []providers.Owner{z.HostOwner("web2").For("SRV", mine.Value)}
	a := &account{rows: []providers.Record{theirs}, applies: []func(providers.Change) error{fails(providers.KindUncertain)}}
	r := retried(context.Background(), t, a, providers.Change{Op: providers.OpCreate, After: mine})
	if providers.KindOf(r[0].Err) != providers.KindConflict || a.calls != 1 {
		t.Errorf("%v after %d calls", r[0].Err, a.calls)
	}
}

func TestPatienceEndsWithItsContext(t *testing.T) {
	mine := hostRecords("web1")[1]
	a := &account{rows: []providers.Record{mine}, applies: []func(providers.Change) error{fails(providers.KindThrottled)}}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	r := retried(ctx, t, a, providers.Change{Op: providers.OpDelete, Before: mine})
	if providers.KindOf(r[0].Err) != providers.KindThrottled || a.calls != 1 {
		t.Errorf("%v after %d calls", r[0].Err, a.calls)
	}
	a.calls = 0
	r = retried(context.Background(), t, a, providers.Change{Op: providers.OpDelete, Before: mine})
	if r[0].Err == nil || a.calls > 100 {
		t.Errorf("%v after %d calls", r[0].Err, a.calls)
	}
}

func TestChangesThatWereMadeAreNotSentAgainWithThoseThatFailed(t *testing.T) {
	rows := append(hostRecords("web1"), hostRecords("web2")...)
	sent := map[string]int{}
	a := &account{rows: rows}
	a.applies = []func(providers.Change) error{func(c providers.Change) error {
		sent[c.Before.Value]++
		if c.Before.Value == rows[1].Value && sent[c.Before.Value] < 3 {
			return providers.Errorf(providers.KindConflict, "change records", "played")
		}
		return nil
	}}
	var changes []providers.Change
	for _, r := range rows {
		changes = append(changes, providers.Change{Op: providers.OpDelete, Before: r})
	}
	var errs []error
	for _, r := range retried(context.Background(), t, a, changes...) {
		errs = append(errs, r.Err)
	}
	if err := errors.Join(errs...); err != nil || sent[rows[1].Value] != 3 || sent[rows[0].Value] != 1 || sent[rows[3].Value] != 1 {
		t.Errorf("sent %v, %v", sent, err)
	}
}
