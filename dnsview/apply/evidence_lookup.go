package apply

import (
	"context"
	"fmt"
	"slices"
	"time"

	"rollcall/dnsview"
	"rollcall/providers"
)

func (e *Engine) lookup(ctx context.Context, t *CloudTarget, id string) providers.Lookup {
	ctx, cancel := context.WithTimeout(ctx, e.o.Timeout)
	defer cancel()
	l := providers.Lookup{ID: id, Asked: e.o.Now()}
	i, err := t.Reader.Instance(ctx, id)
	switch {
	case err == nil && i.ID == id:
		l.Instance, l.Gone, l.Final = &i, i.State.Dead(), i.State.Dead()
	case providers.IsGone(err):
		l.Gone, l.Final = true, providers.KindOf(err) == providers.KindGone
	case err == nil:
		l.Err = fmt.Errorf("%s answered about %q", t.Name, i.ID)
	default:
		l.Err = err
	}
	return l
}

// foundWithin is how long a cloud may take to find a new instance by its id, as a rule.
const foundWithin = 10 * time.Second

// onItsWordAlone reports whether a marker is old enough for its instance to be found, and nothing but
// the marker itself says so, in a cloud that may not find a new instance at once: EC2 is eventually consistent.
func (r *run) onItsWordAlone(ev *evidence, c *providers.Change, o providers.Owner) bool {
	rec := c.Record()
	if !slices.ContainsFunc(ev.snap.Clouds, func(v providers.CloudView) bool {
		return v.Coverage.Key == o.Cloud && v.Cloud.Provider == providers.EC2
	}) {
		return false
	}
	z, now, grace := zoneView(ev.snap, rec.Zone), r.engine.o.Now(), r.engine.guards(rec.Zone).Grace
	return z == nil || now.Sub(z.MarkerSince(&rec, o, nil, false)) >= grace && !z.Vouched(&rec, o, now, grace)
}

// answerAgain asks once more for an instance that its cloud does not find, after the time that a new one may
// take, since nothing but the word of its own marker says that it is not new. All wait together.
func (r *run) answerAgain(ctx context.Context, ev *evidence, key providers.CloudKey, id string) dnsview.InstanceAnswer {
	r.waiting.Do(func() {
		r.emit(Event{Kind: EventEvidence, Text: "waiting " + foundWithin.String() + ", and asking once more for instances that are not found: this rollcall sees their markers for the first time"})
		r.waited = r.engine.o.Sleep(ctx, foundWithin)
	})
	if r.waited != nil {
		return dnsview.InstanceAnswer{Asked: true, Key: key, Why: "it does not find it, and the wait before it is asked once more was stopped"}
	}
	return r.answer(ctx, ev, key, id)
}

// answer asks for one instance by id, at the cloud whose key the marker bears: first who the
// cloud is, now, since credentials may have changed since it was listed.
func (r *run) answer(ctx context.Context, ev *evidence, key providers.CloudKey, id string) dnsview.InstanceAnswer {
	e := r.engine
	for i := range ev.snap.Clouds {
		if ev.snap.Clouds[i].Coverage.Key != key && ev.snap.Clouds[i].Cloud.Key != key {
			continue
		}
		if ev.snap.Clouds[i].Departed {
			return dnsview.InstanceAnswer{Why: dnsview.Clean(ev.snap.Clouds[i].Coverage.Err.Error())}
		}
		t := &e.o.Clouds[i]
		if t.Reader == nil {
			return dnsview.InstanceAnswer{Why: dnsview.Clean(cmpErr(t.Err).Error())}
		}
		ctx, cancel := context.WithTimeout(ctx, e.o.Timeout)
		defer cancel()
		who, err := t.Reader.Identify(ctx)
		if err != nil {
			return dnsview.InstanceAnswer{Asked: true, Key: key, Why: dnsview.Clean(err.Error())}
		}
		a := dnsview.InstanceAnswer{Asked: true, Key: who.Key}
		if who.Key != key {
			return a
		}
		inst, err := t.Reader.Instance(ctx, id)
		switch {
		case err == nil && inst.ID == id:
			a.Instance, a.Gone = &inst, inst.State.Dead()
		case providers.IsGone(err):
			a.Gone, a.NotFound = true, providers.KindOf(err) == providers.KindNotFound
		case err == nil:
			a.Why = "it answered about another instance"
		default:
			a.Why = dnsview.Clean(err.Error())
		}
		return a
	}
	return dnsview.InstanceAnswer{Why: "(no configured cloud has the key " + dnsview.Clean(string(key)) + ")"}
}
