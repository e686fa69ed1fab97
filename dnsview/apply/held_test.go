package apply

import (
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/plan"
	"rollcall/providers"
)

// lowered returns a bench whose records of www had a TTL of an hour until a remedy set the declared one of a minute.
func lowered(t *testing.T) *bench {
	b := newBench(t)
	for i := range b.cf.Rows {
		if r := &b.cf.Rows[i]; r.Name == www && r.Type == "A" {
			r.TTL = 3600
		}
	}
	return b
}

func (b *bench) lower() {
	b.t.Helper()
	v := b.view()
	var found []*dnsview.Finding
	for i := range v.Findings {
		if f := &v.Findings[i]; f.Class == dnsview.TTL && f.Record.Name == www {
			found = append(found, f)
		}
	}
	if rep := b.run(plan.ForFindings(v, found...)); !rep.OK() {
		b.t.Fatalf("%v", states(rep))
	}
	for _, r := range b.cf.Rows {
		if r.Name == www && r.Type == "A" && r.TTL != 60 {
			b.t.Fatalf("not lowered: %+v", r)
		}
	}
}

// forget takes m-1 out of DNS, with its marker.
func (b *bench) forget() {
	b.t.Helper()
	if rep := b.run(plan.Quiesce(b.view(), ref(b.triton, "m-1"))); !rep.OK() {
		b.t.Fatalf("%v", states(rep))
	}
	b.cf.Rows = slices.DeleteFunc(b.cf.Rows, func(r providers.Record) bool { return r.IsMarker() })
}

func TestADrainWaitsForTheTTLThatWasLoweredBefore(t *testing.T) {
	for _, c := range []struct {
		name  string
		first func(b *bench) // what is done
		later time.Duration  // until the drain
		want  time.Duration  // from the drain on
	}{
		{"the TTL was lowered a little before", func(b *bench) { b.lower() }, 10 * time.Second, 3590 * time.Second},
		{"the TTL was lowered long before", func(b *bench) { b.lower() }, time.Hour, time.Minute},
		{"the old TTL ends within the wait for the present one", func(b *bench) { b.lower() }, 3570 * time.Second, time.Minute},
		{"it was quiesced, then the TTL was lowered", func(b *bench) {
			b.run(plan.Quiesce(b.view(), ref(b.triton, "m-1")))
			b.lower()
		}, 10 * time.Second, 3590 * time.Second},
		{"the TTL was lowered, then it was taken out of DNS", func(b *bench) {
			b.lower()
			b.forget()
		}, 10 * time.Second, 3590 * time.Second},
		{"it was taken out of DNS", func(b *bench) { b.forget() }, 10 * time.Second, 3590 * time.Second},
		{"it was taken out of DNS long before", func(b *bench) { b.forget() }, time.Hour, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := lowered(t)
			c.first(b)
			b.clk.Advance(c.later)
			p := plan.Drain(b.view(), ref(b.triton, "m-1"))
			at := b.clk.Now()
			rep := b.run(p)
			if got := b.clk.Now().Sub(at); !rep.OK() || got != c.want || !slices.Equal(b.triton.Powered, []string{"terminate m-1"}) {
				t.Errorf("waited %s, want %s; %v; power %v", got, c.want, states(rep), b.triton.Powered)
			}
			i := slices.IndexFunc(p.Steps, func(s plan.Step) bool { return s.Kind == plan.StepWait })
			if c.want > time.Minute && (i < 0 || !strings.Contains(p.Steps[i].Sentence, "TTL of 3600 s")) {
				t.Errorf("%+v", p.Steps)
			}
			if c.want == time.Minute && !strings.Contains(p.Steps[i].Sentence, "Wait 60 s") {
				t.Errorf("%q", p.Steps[i].Sentence)
			}
		})
	}
}

// The plan was made from a view that does not have the entries.
func TestATerminationWaitsForAnEarlierTTLThatItsPlanDoesNotKnow(t *testing.T) {
	b := lowered(t)
	b.lower()
	v := b.view()
	o := v.Options
	o.Held = nil
	p := plan.Drain(dnsview.Inspect(v.Snapshot, o), ref(b.triton, "m-1"))
	at := b.clk.Now()
	if rep := b.run(p); !rep.OK() || b.clk.Now().Sub(at) < 3500*time.Second {
		t.Errorf("waited %s: %v", b.clk.Now().Sub(at), states(rep))
	}
}

func TestATerminationWithoutDrainingDoesNotWaitForAnEarlierTTL(t *testing.T) {
	b := lowered(t)
	b.lower()
	p := plan.Terminate(b.view(), true, ref(b.triton, "m-1"))
	at := b.clk.Now()
	if rep := b.run(p); !rep.OK() || b.clk.Now().Sub(at) >= time.Minute {
		t.Errorf("waited %s: %v", b.clk.Now().Sub(at), states(rep))
	}
}
