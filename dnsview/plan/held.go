package plan

import (
	"strconv"
	"time"

	"rollcall/dnsview/index"
	"rollcall/providers"
)

// holding is until when resolvers may hold a value with a longer TTL than the present one, and open connections live
// after it. It is zero if nothing says so.
type holding struct {
	until time.Time
	from  index.Held
}

// longer replaces a holding by one that lasts longer.
func (h *holding) longer(o holding) {
	if o.until.After(h.until) {
		*h = o
	}
}

// held returns how long resolvers may hold a record by what was changed.
func (b *builder) held(r *providers.Record) (out holding) {
	for _, h := range b.v.Options.Held {
		if h.Holds(r) {
			out.longer(holding{h.Until().Add(b.lingerOf(r)), h})
		}
	}
	return out
}

// heldOf returns how long resolvers may hold what was taken out of DNS for an instance and is in DNS for none.
func (b *builder) heldOf(i *providers.Instance) (out holding) {
	key := index.InstanceKey{Cloud: b.v.Index.KeyOf(i), ID: i.ID}
	for _, h := range b.v.Options.Held {
		if r := h.Record(); h.LedTo(key, i) && h.Until().After(b.v.Options.Now) && !b.v.Holds(&r) {
			out.longer(holding{h.Until().Add(b.lingerOf(&r)), h})
		}
	}
	return out
}

// wait returns the step that waits after values were taken out, for open connections too if it lingers. The TTL that they
// have now counts from then on, and a longer one that they had from its change on.
func (b *builder) wait(present time.Duration, h holding, lingers bool) Step {
	until := "until no resolver can still hold what was taken out"
	if lingers {
		until += " and open connections have ended"
	}
	s := Step{Kind: StepWait, Wait: present, Lingers: lingers, Sentence: "Wait " + strconv.Itoa(int(present/time.Second)) + " s, " + until}
	if !h.until.After(b.v.Options.Now.Add(present)) {
		return s
	}
	s.Until = h.until
	at := h.from.At.Local().Format(time.DateTime)
	s.Sentence = "Wait until " + h.until.Local().Format(time.DateTime) + ", since resolvers may hold " + h.from.Set.String() + " from before " + at +
		" with its TTL of " + strconv.Itoa(int(h.from.TTL/time.Second)) + " s then; " + until
	return s
}
