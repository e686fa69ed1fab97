package apply

import (
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/providers/fleet"
)

// setTTL changes the TTL of www as another program does.
func (b *bench) setTTL(ttl uint32) {
	for i := range b.cf.Rows {
		if r := &b.cf.Rows[i]; r.Name == www && r.Type == "A" {
			r.TTL = ttl
		}
	}
}

// reread has every source read again.
func (b *bench) reread() { b.opts.Sources.(*fleet.Fleet).Refresh(b.t.Context()) }

// vanish removes the value of m-1 with its marker as another program does.
func (b *bench) vanish() {
	b.cf.Rows = slices.DeleteFunc(b.cf.Rows, func(r providers.Record) bool { return r.Value == "165.225.128.1" || r.IsMarker() })
}

func TestADrainWaitsForWhatResolversHoldSinceBeforeAChangeFromOutside(t *testing.T) {
	for _, c := range []struct {
		name  string
		first func(b *bench) // after the first read
		later time.Duration  // from the read that shows it until the drain
		want  time.Duration  // from the drain on
	}{
		{"nothing changed", func(*bench) {}, 10 * time.Second, 3600 * time.Second},
		{"the TTL was lowered a little before", func(b *bench) { b.setTTL(60) }, 10 * time.Second, 3590 * time.Second},
		{"the TTL was lowered long before", func(b *bench) { b.setTTL(60) }, time.Hour, time.Minute},
		{"it was lowered twice", func(b *bench) { b.setTTL(600); b.reread(); b.setTTL(60) }, 10 * time.Second, 3590 * time.Second},
		{"the value vanished", func(b *bench) { b.vanish() }, 10 * time.Second, 3590 * time.Second},
		{"the value vanished long before", func(b *bench) { b.vanish() }, time.Hour, 0},
		{"a value without a marker vanished", func(b *bench) {
			for i := range b.cf.Rows {
				b.cf.Rows[i].Comment, b.cf.Rows[i].Owners = "", nil
			}
			b.reread()
			b.vanish()
		}, 10 * time.Second, 3590 * time.Second},
		{"the TTL was lowered, then the value vanished", func(b *bench) { b.setTTL(60); b.reread(); b.clk.Advance(time.Minute); b.vanish() }, 10 * time.Second, 3530 * time.Second},
		{"rollcall lowered the TTL", func(b *bench) { b.lower(); b.clk.Advance(20 * time.Second) }, 10 * time.Second, 3570 * time.Second},
		{"rollcall took it out of DNS", func(b *bench) { b.forget(); b.clk.Advance(20 * time.Second) }, 10 * time.Second, 3570 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := lowered(t)
			b.opts.Sources = b.sources()
			b.reread()
			b.clk.Advance(time.Minute)
			c.first(b)
			b.reread()
			b.clk.Advance(c.later)
			p := plan.Drain(b.view(), ref(b.triton, "m-1"))
			at := b.clk.Now()
			rep := b.run(p)
			if got := b.clk.Now().Sub(at).Round(time.Second); !rep.OK() || got != c.want || !slices.Equal(b.triton.Powered, []string{"terminate m-1"}) {
				t.Errorf("waited %s, want %s; %v; power %v", got, c.want, states(rep), b.triton.Powered)
			}
			i := slices.IndexFunc(p.Steps, func(s plan.Step) bool { return s.Kind == plan.StepWait })
			if c.want > time.Minute && c.want < time.Hour && (i < 0 || !strings.Contains(p.Steps[i].Sentence, "TTL of 3600 s")) {
				t.Errorf("%+v", p.Steps)
			}
		})
	}
}

// The plan was made before the zone was read again.
func TestATerminationWaitsForATTLThatWasLoweredFromOutsideAfterItsPlan(t *testing.T) {
	b := lowered(t)
	b.setTTL(60)
	b.opts.Sources = b.sources()
	p := plan.Drain(b.view(), ref(b.triton, "m-1"))
	b.setTTL(3600)
	b.clk.Advance(time.Minute)
	b.reread()
	b.setTTL(60)
	b.clk.Advance(time.Minute)
	at := b.clk.Now()
	if rep := b.run(p); !rep.OK() || b.clk.Now().Sub(at) < 3500*time.Second {
		t.Errorf("waited %s: %v", b.clk.Now().Sub(at), states(rep))
	}
}
