package apply

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

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

// Steps that follow a group, about which clouds are asked with it. Where each instance takes a call, no more are asked
// for than can be within the time for which the answers count.
const (
	lookAhead      = 1000
	aheadByOne     = 40  // instances
	deadAheadByOne = 400 // instances whose records are to be removed as dead
)

// cloudAnswers is what the clouds have answered to a run.
type cloudAnswers struct {
	answers     map[question]instanceAnswer // by id
	holders     holders                     // of addresses, by the last answers
	waitedUntil time.Time                   // end of the wait before querying missing instances again; zero before it
	targetReads sync.Map                    // name of a cloud -> *targetRead
}

// question is an instance that guards need an answer about.
type question struct {
	key providers.CloudKey
	id  string
}

// instanceAnswer is a cloud's answer about an instance, and a time before it was asked for.
type instanceAnswer struct {
	guard.InstanceAnswer
	asked time.Time
}

// isFresh reports whether evidence that was asked for at a time can be used for guards that are evaluated now. A change
// that has passed them waits for others no longer.
func (r *run) isFresh(asked time.Time) bool {
	return r.engine.o.Now().Sub(asked) <= r.engine.age()/holdShare
}

// isUsable reports whether an answer can be used for guards that are evaluated now. An instance that is gone stays so,
// because ids are not used again; any other may change.
func (r *run) isUsable(a instanceAnswer) bool {
	return a.Why == "" && (r.isFresh(a.asked) || a.Gone && r.engine.o.Now().Sub(a.asked) <= r.engine.age()/2)
}

// forgetAnswers makes the clouds be asked again about addresses, and about instances that are not gone, as each batch of
// changes does.
func (r *run) forgetAnswers() {
	maps.DeleteFunc(r.answers, func(_ question, a instanceAnswer) bool { return !a.Gone })
	r.holders = holders{}
}

// askAboutDead queries the clouds for the instances of steps and of the steps ahead whose records are to be removed as
// dead, which may take longer than a change that has passed its guards may wait for others.
func (r *run) askAboutDead(ctx context.Context, steps, ahead []int) {
	dead := func(steps []int) []int {
		return slices.DeleteFunc(slices.Clone(steps), func(i int) bool { return guard.ModeOf(r.plan.Verb, r.plan.Steps[i].Change) != guard.ModeDead })
	}
	if steps = dead(steps); len(steps) > 0 {
		r.askInstances(ctx, r.evidence(ctx), steps, dead(ahead), false)
	}
}

// askInstances queries the clouds for the instances that the guards of steps need, where there is no fresh answer, and
// with them for those of the steps ahead, since a cloud is identified once for all of them and may answer about many in
// one call. An instance that its cloud does not find is queried again after the time that a new one may take, if only
// its own marker says that it is not new. All such queries wait together.
func (r *run) askInstances(ctx context.Context, ev *evidence, steps, ahead []int, dry bool) {
	open := map[providers.CloudKey][]string{}
	onMarkerAlone := map[question]bool{}
	mayBeNew := func(q question) bool {
		a := r.answers[q]
		return onMarkerAlone[q] && a.NotFound && (r.waitedUntil.IsZero() || a.asked.Before(r.waitedUntil))
	}
	add := func(i int, asked func(providers.CloudKey) bool) {
		c := r.rebase(r.plan.Steps[i].Change, dry)
		o, ok := guard.InstanceToVerify(r.plan.Verb, c)
		if !ok || !asked(o.Cloud) {
			return
		}
		q := question{o.Cloud, o.Instance}
		onMarkerAlone[q] = onMarkerAlone[q] || !dry && r.restsOnMarkerAlone(ev, c, o)
		if a, ok := r.answers[q]; (!ok || !r.isUsable(a) || mayBeNew(q)) && !slices.Contains(open[q.key], q.id) {
			open[q.key] = append(open[q.key], q.id)
		}
	}
	for _, i := range steps {
		add(i, func(providers.CloudKey) bool { return true })
	}
	for _, i := range ahead {
		if len(open) == 0 {
			break
		}
		most := aheadByOne
		if guard.ModeOf(r.plan.Verb, r.plan.Steps[i].Change) == guard.ModeDead {
			most = deadAheadByOne
		}
		add(i, func(key providers.CloudKey) bool {
			return open[key] != nil && (len(open[key]) < most || ev.answersMany(key))
		})
	}
	r.askClouds(ctx, ev, open)
	maps.DeleteFunc(open, func(key providers.CloudKey, ids []string) bool {
		return !slices.ContainsFunc(ids, func(id string) bool { return mayBeNew(question{key, id}) })
	})
	if len(open) == 0 {
		return
	}
	if r.waitedUntil.IsZero() {
		r.emit(Event{Kind: EventEvidence, Text: "waiting " + foundWithin.String() + ", and asking once more for instances that are not found: this rollcall sees their markers for the first time"})
		if r.engine.o.Sleep(ctx, foundWithin) == nil {
			r.waitedUntil = r.engine.o.Now()
		}
	}
	if !r.waitedUntil.IsZero() {
		r.askClouds(ctx, ev, open)
		return
	}
	for key, ids := range open {
		for _, id := range ids {
			if q := (question{key, id}); mayBeNew(q) {
				r.answers[q] = instanceAnswer{InstanceAnswer: guard.InstanceAnswer{Asked: true, Key: key, Why: "it does not find it, and the wait before it is asked once more was stopped"}}
			}
		}
	}
}

// answersMany reports whether the cloud with a key answers about many instances in one call.
func (ev *evidence) answersMany(key providers.CloudKey) bool {
	return slices.ContainsFunc(ev.snap.Clouds, func(v providers.CloudView) bool {
		return (v.Coverage.Key == key || v.Cloud.Key == key) && v.Cloud.Traits.ManyByID > 1
	})
}

// askClouds queries clouds for instances, all clouds at once.
func (r *run) askClouds(ctx context.Context, ev *evidence, open map[providers.CloudKey][]string) {
	asked := r.engine.o.Now()
	var mu sync.Mutex
	var g errgroup.Group
	g.SetLimit(atOnce)
	for key, ids := range open {
		g.Go(func() error {
			answers := r.askCloud(ctx, ev, key, ids)
			mu.Lock()
			defer mu.Unlock()
			for n, id := range ids {
				r.answers[question{key, id}] = instanceAnswer{answers[n], asked}
			}
			return nil
		})
	}
	_ = g.Wait() // errors are part of the answers
}

// askCloud queries the cloud with the markers' key for instances by id, and for its identity, because credentials may
// have changed since it was listed.
func (r *run) askCloud(ctx context.Context, ev *evidence, key providers.CloudKey, ids []string) []guard.InstanceAnswer {
	e := r.engine
	all := func(a guard.InstanceAnswer) []guard.InstanceAnswer {
		return slices.Repeat([]guard.InstanceAnswer{a}, len(ids))
	}
	for i := range ev.snap.Clouds {
		v := &ev.snap.Clouds[i]
		if v.Coverage.Key != key && v.Cloud.Key != key {
			continue
		}
		if v.Unconfigured {
			return all(guard.InstanceAnswer{Why: index.Clean(v.Coverage.Err.Error())})
		}
		t := e.cloud(v.Cloud.Name)
		if t == nil || t.Err != nil {
			return all(guard.InstanceAnswer{Why: index.Clean(t.err().Error())})
		}
		rounds := len(ids) / max(atOnce, v.Cloud.Traits.ManyByID) // beyond the first
		ctx, cancel := context.WithTimeout(ctx, e.o.Timeout*time.Duration(1+rounds))
		defer cancel()
		lookups, err := e.o.Sources.Lookup(ctx, t.Name, ids...)
		if err != nil {
			return all(guard.InstanceAnswer{Asked: true, Key: key, Why: index.Clean(err.Error())})
		}
		answers := make([]guard.InstanceAnswer, len(ids))
		for n, l := range lookups {
			switch {
			case l.Key != key:
				answers[n] = guard.InstanceAnswer{Asked: true, Key: l.Key}
			case providers.KindOf(l.Err) == providers.KindNotFound:
				answers[n] = guard.InstanceAnswer{Asked: true, Key: key, NotFound: true}
			case l.Err != nil:
				answers[n] = guard.InstanceAnswer{Asked: true, Key: key, Why: index.Clean(l.Err.Error())}
			default:
				answers[n] = guard.InstanceAnswer{Asked: true, Key: key, Instance: l.Instance, Gone: l.Gone, NotFound: l.Gone && !l.Final}
			}
		}
		return answers
	}
	return all(guard.InstanceAnswer{Why: "(no configured cloud has the key " + index.Clean(string(key)) + ")"})
}

// lookUpInstance queries one instance and the identity of its cloud, as Sources.Lookup does.
func (e *Engine) lookUpInstance(ctx context.Context, cloud, id string) (providers.Lookup, error) {
	l, err := e.o.Sources.Lookup(ctx, cloud, id)
	if err != nil {
		return providers.Lookup{}, err
	}
	return l[0], nil
}
