package apply

import (
	"context"
	"slices"
	"time"

	"rollcall/dnsview/guard"
	"rollcall/dnsview/index"
	"rollcall/providers"
)

// foundWithin is how long a cloud usually takes to find a new instance by its id.
const foundWithin = 10 * time.Second

// restsOnMarkerAlone reports whether only the marker itself shows that it is old enough for its instance to be found,
// in a cloud that may not find a new instance at once.
func (r *run) restsOnMarkerAlone(ev *evidence, c *providers.Change, o providers.Owner) bool {
	rec := c.Record()
	if !slices.ContainsFunc(ev.snap.Clouds, func(v providers.CloudView) bool {
		return v.Coverage.Key == o.Cloud && !v.Cloud.Traits.FindsNewAtOnce
	}) {
		return false
	}
	z, now, grace := zoneView(ev.snap, rec.Zone), r.engine.o.Now(), r.engine.guards(rec.Zone).Grace
	return z == nil || now.Sub(z.MarkerSince(&rec, o, nil, false)) >= grace && !z.HasAgeEvidence(&rec, o, now, grace)
}

// answerAfterWait queries again an instance that its cloud does not find, after the time that a new one may take,
// because only its own marker says that it is not new. All such queries wait together.
func (r *run) answerAfterWait(ctx context.Context, ev *evidence, key providers.CloudKey, id string) guard.InstanceAnswer {
	r.waiting.Do(func() {
		r.emit(Event{Kind: EventEvidence, Text: "waiting " + foundWithin.String() + ", and asking once more for instances that are not found: this rollcall sees their markers for the first time"})
		r.waited = r.engine.o.Sleep(ctx, foundWithin)
	})
	if r.waited != nil {
		return guard.InstanceAnswer{Asked: true, Key: key, Why: "it does not find it, and the wait before it is asked once more was stopped"}
	}
	return r.answer(ctx, ev, key, id)
}

// answer queries one instance by id at the cloud with the marker's key, and the identity of that cloud, because
// credentials may have changed since it was listed.
func (r *run) answer(ctx context.Context, ev *evidence, key providers.CloudKey, id string) guard.InstanceAnswer {
	e := r.engine
	for i := range ev.snap.Clouds {
		if ev.snap.Clouds[i].Coverage.Key != key && ev.snap.Clouds[i].Cloud.Key != key {
			continue
		}
		if ev.snap.Clouds[i].Unconfigured {
			return guard.InstanceAnswer{Why: index.Clean(ev.snap.Clouds[i].Coverage.Err.Error())}
		}
		t := e.cloud(ev.snap.Clouds[i].Cloud.Name)
		if t == nil || t.Err != nil {
			return guard.InstanceAnswer{Why: index.Clean(t.err().Error())}
		}
		ctx, cancel := context.WithTimeout(ctx, e.o.Timeout)
		defer cancel()
		l, err := e.o.Sources.Lookup(ctx, t.Name, id)
		switch {
		case err != nil:
			return guard.InstanceAnswer{Asked: true, Key: key, Why: index.Clean(err.Error())}
		case l.Key != key:
			return guard.InstanceAnswer{Asked: true, Key: l.Key}
		case l.Err != nil:
			return guard.InstanceAnswer{Asked: true, Key: key, Why: index.Clean(l.Err.Error())}
		}
		return guard.InstanceAnswer{Asked: true, Key: key, Instance: l.Instance, Gone: l.Gone, NotFound: l.Gone && !l.Final}
	}
	return guard.InstanceAnswer{Why: "(no configured cloud has the key " + index.Clean(string(key)) + ")"}
}
