package dnsview_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
)

// carryOut does to the zones of the small world what a plan says, as the two
// providers would: on Route 53 markers are records of their own, and the TTL is that of the set.
// What is not as the plan saw it is left, and what needs it too.
func (w *world) carryOut(p plan.Plan) (done int, err error) {
	failed := map[int]bool{}
	w.ttls = map[index.SetID]uint32{} // the changes of one call are compared with what was there before it
	for _, s := range p.Steps {
		if slices.ContainsFunc(s.Needs, func(n int) bool { return failed[n] }) {
			failed[s.ID] = true
			continue
		}
		if s.Change == nil {
			continue
		}
		if why := w.change(s.Change); why != "" {
			failed[s.ID] = true
			err = fmt.Errorf("%s: %s", s.Sentence, why)
			continue
		}
		done++
		if r := s.Change.Before; s.Change.Op == providers.OpDelete && len(r.Owners) > 0 { // as the journal knows it
			r.ID = ""
			id := r.Identity()
			id.ID = ""
			if w.opts.TakenOut == nil {
				w.opts.TakenOut = map[providers.Identity][]providers.Record{}
			}
			w.opts.TakenOut[id] = []providers.Record{r}
		}
	}
	w.reread()
	return done, err
}

func (w *world) change(c *providers.Change) string {
	z := w.zone(c.Record().Zone)
	z.Records = slices.Clone(z.Records)
	r53 := z.Zone.Provider == providers.Route53
	at := -1
	if c.Op != providers.OpCreate {
		for i := range z.Records {
			r := z.Records[i]
			if ttl, ok := w.ttls[index.SetOf(&r)]; ok {
				r.TTL = ttl
			}
			if r.Identity() == c.Before.Identity() && index.Difference(&c.Before, &r) == "" {
				at = i
			}
		}
		if at < 0 {
			return "the record is not what the plan saw"
		}
	}
	marker := func(o providers.Owner, name string) providers.Record {
		text, err := o.Encode()
		if err != nil {
			panic(err)
		}
		return providers.Record{Zone: z.Zone.Name, Name: providers.MarkerName(o.Instance, name), Type: "TXT", TTL: 300, Value: providers.FormatTXT([]string{text})}
	}
	unmark := func(r *providers.Record) {
		z.Records = slices.DeleteFunc(z.Records, func(m providers.Record) bool {
			_, name, ok := providers.SplitMarkerName(m.Name)
			o, readable := index.OwnerInMarker(&m)
			return ok && m.Type == "TXT" && readable && name == r.Name && o.Owns(r.Type, r.Value) && slices.ContainsFunc(r.Owners, o.Same)
		})
	}
	switch c.Op {
	case providers.OpCreate:
		r := c.After
		if slices.ContainsFunc(z.Records, func(s providers.Record) bool {
			return s.Name == r.Name && s.Type == r.Type && providers.FoldValue(s.Type, s.Value) == providers.FoldValue(r.Type, r.Value)
		}) {
			if r.IsMarker() {
				return "" // it is there already, which is as good
			}
			return "there is such a record already"
		}
		w.made++
		if !r53 {
			r.ID = fmt.Sprint("made", w.made)
		}
		for i := range z.Records {
			if s := &z.Records[i]; r53 && s.Name == r.Name && s.Type == r.Type {
				r.TTL = s.TTL
			}
		}
		z.Records = append(z.Records, r)
		if r53 && len(r.Owners) > 0 {
			unmark(&r) // the marker takes the place of an older one for the same value
		}
		for _, o := range r.Owners {
			if r53 {
				z.Records = append(z.Records, marker(o.For(r.Type, r.Value), r.Name))
			}
		}
	case providers.OpDelete:
		z.Records = slices.Delete(z.Records, at, at+1)
		if r53 {
			unmark(&c.Before)
			for _, o := range c.After.Owners {
				z.Records = append(z.Records, marker(o, c.Before.Name))
			}
		}
	default:
		z.Records[at] = c.After
		if !r53 {
			break
		}
		if _, ok := w.ttls[index.SetOf(&c.Before)]; !ok {
			w.ttls[index.SetOf(&c.Before)] = c.Before.TTL
		}
		for i := range z.Records {
			if s := &z.Records[i]; s.Name == c.After.Name && s.Type == c.After.Type && s.SetID == c.After.SetID {
				s.TTL = c.After.TTL
			}
		}
		unmark(&c.Before)
		for _, o := range c.After.Owners {
			z.Records = append(z.Records, marker(o.For(c.After.Type, c.After.Value), c.After.Name))
		}
	}
	return ""
}

// find gives the finding with a key, or nil.
func find(v *dnsview.View, key string) *dnsview.Finding {
	for i := range v.Findings {
		if v.Findings[i].Key() == key {
			return &v.Findings[i]
		}
	}
	return nil
}

// What a remedy was offered for is gone once it was carried out and all was
// read again. A plan that would do nothing says why, as where no node has the wanted address.
func TestAFindingIsGoneOnceItsRemedyWasCarriedOut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := mishaps(t, false)
		first := w.view()
		gone := map[string]string{}
		for i := range first.Findings {
			f := &first.Findings[i]
			if f.Remedy == dnsview.NoRemedy {
				continue
			}
			v := w.view()
			now := find(v, f.Key())
			if now == nil || now.Remedy == dnsview.NoRemedy {
				continue // the remedy of another one settled it
			}
			p := plan.ForFindings(v, now)
			if len(p.Steps) == 0 {
				if len(p.Skipped) == 0 {
					t.Fatalf("%s %s: nothing is planned, and nothing says why", now.Class, now.Reason)
				}
				continue
			}
			if _, err := w.carryOut(p); err != nil {
				t.Fatalf("%s %s: %v", now.Class, now.Reason, err)
			}
			if len(p.Skipped) == 0 {
				gone[now.Key()] = now.Reason
			}
		}
		for key, reason := range gone {
			if f := find(w.view(), key); f != nil && f.Remedy != dnsview.NoRemedy {
				t.Fatalf("was: %s\nis:  %s (%s)\nall: %v", reason, f.Reason, f.Remedy, short(w.view()))
			}
		}
	})
}

// Remedies come to rest: no two of them undo each other, and at last nothing is
// left for which a remedy would do something.
func TestRemediesComeToRest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := mishaps(t, false)
		var did []string
		for range 80 {
			v := w.view()
			done := 0
			var idle []*dnsview.Finding
			for i := range v.Findings {
				f := &v.Findings[i]
				if f.Remedy == dnsview.NoRemedy {
					continue
				}
				p := plan.ForFindings(v, f)
				n, err := w.carryOut(p)
				if err != nil {
					t.Fatalf("%s %s: %v", f.Class, f.Reason, err)
				}
				if n == 0 {
					idle = append(idle, f)
					if len(p.Skipped) == 0 {
						t.Fatalf("%s %s: nothing is planned, and nothing says why", f.Class, f.Reason)
					}
				}
				if n > 0 {
					did = append(did, string(f.Class)+": "+p.Title)
					done = n
					break // look again
				}
			}
			if done == 0 {
				// What is left at rest is what its plan says a person has to settle first.
				for _, f := range idle {
					for _, g := range idle {
						if p := plan.ForFindings(v, f, g); f.Remedy == g.Remedy && len(p.Steps) > 0 {
							t.Fatalf("%s does nothing by itself and something with %s: %v", f.Reason, g.Reason, sentences(p))
						}
					}
				}
				return
			}
		}
		t.Fatalf("no rest: %q", did[len(did)-12:])
	})
}

// All remedies of one kind in one plan do what they do one by one: nothing in the plan is
// refused because of another step of it.
func TestRemediesOfOneKindGoTogether(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := mishaps(t, false)
		v := w.view()
		kinds := map[dnsview.Remedy][]*dnsview.Finding{}
		for i := range v.Findings {
			if f := &v.Findings[i]; f.Remedy != dnsview.NoRemedy {
				kinds[f.Remedy] = append(kinds[f.Remedy], f)
			}
		}
		for kind, findings := range kinds {
			c := *w
			snap := *w.snap
			snap.Zones = slices.Clone(w.snap.Zones)
			c.snap = &snap
			if _, err := c.carryOut(plan.ForFindings(v, findings...)); err != nil {
				t.Fatalf("%s: %v", kind, err)
			}
		}
	})
}
