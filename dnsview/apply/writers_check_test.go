package apply_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"rollcall/dnsview/index"
	"rollcall/providers"
	"rollcall/providers/journal"
	"rollcall/providers/sim/world"
)

// checkNodes compares DNS with the machines: each node that runs is in it once, with its address and its marker, unless
// it was taken out; nothing of any other node is.
func (s *scene) checkNodes() {
	t := s.t
	v := s.consoles[1].look()
	if !v.Complete() {
		t.Fatalf("%+v", v.Sources)
	}
	all, nodes := s.running()
	led := map[string][]*providers.Record{}
	out := map[string]bool{}
	for z := range v.Snapshot.Zones {
		for i := range v.Snapshot.Zones[z].Records {
			r := &v.Snapshot.Zones[z].Records[i]
			if r.IsMarker() {
				if o, ok := decoded(r.Value); ok && o.Quiesced && o.Fleet == s.world().FleetID {
					out[o.Instance] = true
				}
				continue
			}
			o, ok := r.Owner()
			if !ok || o.Fleet != s.world().FleetID || o.Host() {
				continue
			}
			if _, up := nodes[o.Instance]; !up && !s.runs(o.Instance) {
				v0 := s.consoles[0].inspectNow()
				t.Errorf("%s is there, and its owner is gone; it is %s: %s; to the other %s: %s", r, finding(v, r).Class, finding(v, r).Reason, finding(v0, r).Class, finding(v0, r).Reason)
			}
			led[o.Instance] = append(led[o.Instance], r)
		}
	}
	for _, ref := range all {
		i := nodes[ref.ID]
		var want []string
		if i.Tags["service"] == "www" {
			want = []string{www + " A " + i.Public.String()}
		} else {
			host := i.Name + "." + sdZone
			want = []string{host + " A " + i.Public.String(), i.Tags["version"] + "._theservice._tcp." + sdZone + " SRV 10 10 4218 " + host}
		}
		wish := s.intents[ref.ID]
		if out[ref.ID] && wish != unclear {
			want = nil
		}
		var have []string
		for _, r := range led[ref.ID] {
			if _, stray := s.strays[r.Zone+" "+r.Name]; stray {
				continue
			}
			have = append(have, r.Name+" "+r.Type+" "+r.Value)
		}
		slices.Sort(have)
		slices.Sort(want)
		// A quiesce that was cut off has reported so, and may have done one half.
		part := out[ref.ID] && wish == unclear && !slices.ContainsFunc(have, func(h string) bool { return !slices.Contains(want, h) })
		if !slices.Equal(have, want) && !part {
			t.Errorf("%s in %s (quiesced: %t, wish %q) has %q, want %q", ref.Name, ref.Cloud, out[ref.ID], wish, have, want)
			for _, r := range led[ref.ID] {
				t.Log(s.past(r))
			}
		}
		switch {
		case wish == wantsOut && !out[ref.ID]:
			t.Errorf("%s was taken out, and is back", ref.Name)
			for n, c := range s.consoles {
				entries, _ := c.journal.Entries()
				for _, e := range entries {
					if e.Instance != nil && e.Instance.ID == ref.ID {
						t.Log("console ", n, e.Time, e.Verb, e.State, e.Sentence)
					}
				}
			}
			for _, r := range led[ref.ID] {
				t.Log(s.past(r))
			}
		case wish == wantsIn && out[ref.ID], wish == "" && out[ref.ID]:
			t.Errorf("%s is out, and nobody wanted it (%q)", ref.Name, wish)
		}
	}
}

// runs reports whether any cloud shows an instance that is not dead.
func (s *scene) runs(id string) bool {
	for _, c := range s.world().Clouds() {
		if i, err := s.world().Instance(c.Name, id); err == nil && !i.State.Dead() {
			return true
		}
	}
	return false
}

// checkHosts compares DNS with the hosts that were let join and leave by hand.
func (s *scene) checkHosts(operators [2]*operator) {
	zones := map[string][]string{}
	for _, z := range []string{cfZone, sdZone} {
		s.zone(z).View(func(tx *world.Tx) {
			for _, v := range tx.Values() {
				zones[z] = append(zones[z], v.Name+" "+v.Type+" "+providers.CanonicalValue(v.Type, v.Value)+" "+v.Comment)
			}
		})
	}
	for _, o := range operators {
		for id, state := range o.hosts {
			k := 0
			for _, d := range id[len(providers.HostPrefix)+1:] {
				k = 10*k + int(d-'0')
			}
			zone, n := hostNode(id, k)
			want := []string{n.RoundRobin + " A " + n.Addresses[0].String() + " "}
			if n.RoundRobin == "" {
				want = []string{n.Host + "." + zone + " A " + n.Addresses[0].String() + " ", v1 + " SRV 10 10 4218 " + n.Host + "." + zone + " "}
			}
			for _, w := range want {
				there := slices.ContainsFunc(zones[zone], func(h string) bool { return strings.HasPrefix(h, w) })
				if there != (state == wantsIn) {
					s.t.Errorf("%s wants %s, and %s is there: %t", id, state, w, there)
				}
			}
			marked := slices.ContainsFunc(zones[zone], func(h string) bool { return strings.Contains(h, " "+id+" ") })
			if marked != (state == wantsIn) {
				s.t.Errorf("%s wants %s, and its marker is there: %t", id, state, marked)
			}
		}
	}
}

// checkStranger compares what the zones hold of the stranger with what he left there.
func (s *scene) checkStranger() {
	have := map[string]world.ZoneValue{}
	for _, z := range []string{cfZone, sdZone} {
		s.zone(z).View(func(tx *world.Tx) {
			for _, v := range tx.Values() {
				have[z+" "+v.Name+" "+v.Type+" "+v.Value] = v
			}
		})
	}
	for k, want := range s.strange {
		if got, ok := have[k]; !ok || got != want {
			s.t.Errorf("of the stranger is there %+v, want %+v", got, want)
		}
	}
	for k, v := range have {
		theirs := strings.Contains(v.Value, "198.51.100.1") && v.Name != "legacy."+cfZone || strings.Contains(v.Value, "not mine") || strings.Contains(v.Value, ".example.net.") && v.Type == "SRV"
		if _, ok := s.strange[k]; theirs && !ok {
			s.t.Errorf("the stranger took %s back, and it is there", k)
		}
	}
	for k, was := range s.strays {
		zone, name, _ := strings.Cut(k, " ")
		got, ok := have[zone+" "+name+" A "+was.Value]
		switch {
		case ok && got.Comment == "" && got != was:
			s.t.Errorf("the record %s was changed: %+v, was %+v", k, got, was)
		case !ok && !s.adopted(zone, name):
			s.t.Errorf("the record %s is gone, and was never ours", k)
		}
	}
}

// adopted reports whether a journal knows that a record was made ours.
func (s *scene) adopted(zone, name string) bool {
	for _, c := range s.consoles {
		for _, e := range c.entries() {
			if e.Verb == string(index.VerbAdopt) && e.Zone == zone && e.Change.Before.Name == name && e.State != journal.Refused && e.State != journal.Failed {
				return true
			}
		}
	}
	return false
}

// checkJournals holds the journals against what happened to the zones: no chain is broken, no entry is open, what
// is done has happened while it was done, and what happened is in a journal unless it was an agent's or the stranger's.
func (s *scene) checkJournals() {
	t := s.t
	entries := map[string][]journal.Entry{} // by zone
	states := map[journal.State]int{}
	for n, c := range s.consoles {
		es, problems, err := journal.Read(c.journal.Path(), nil)
		if c.journal.Team() != "" {
			es, problems, _, err = c.journal.Verify(nil)
		}
		if err != nil || len(problems) > 0 {
			t.Errorf("journal %d: %v, %v", n, problems, err)
		}
		for _, e := range es {
			states[e.State]++
			if e.State == journal.Begun {
				t.Errorf("journal %d: entry %s never ended: %s", n, e.ID, e.Sentence)
			}
			if e.Change != nil {
				entries[e.Zone] = append(entries[e.Zone], e)
			}
		}
	}
	t.Logf("the journals have %v", states)
	changes := map[string][]world.ZoneChange{}
	for _, c := range s.history {
		changes[c.Zone] = append(changes[c.Zone], c)
	}
	for zone, es := range entries {
		for i := range es {
			e := &es[i]
			if e.State != journal.Done || e.Already {
				continue
			}
			// Where a reply was lost, it may have been so already.
			if !slices.ContainsFunc(changes[zone], func(c world.ZoneChange) bool { return during(e, c.At) && shows(&c, e.Change) }) && !s.wasSo(e) {
				t.Errorf("the journal says done, and it did not happen: %s (%s)", e.Sentence, e.Note)
			}
		}
	}
	for zone, cs := range changes {
		for i := range cs {
			c := &cs[i]
			if s.theirs[c.ID] {
				continue
			}
			for _, v := range append(slices.Clone(c.Removed), c.Added...) {
				if v.Type != "A" && v.Type != "SRV" {
					continue
				}
				if !s.explained(c, v, entries[zone]) {
					t.Errorf("nobody says who did this to %s %s %s: %+v%s", v.Name, v.Type, v.Value, c, about(entries[zone], c))
				}
			}
		}
	}
}

// wasSo reports whether a zone was, when an entry ended, as the entry wants it.
func (s *scene) wasSo(e *journal.Entry) bool {
	r, want := e.Change.Before, false
	if e.Change.Op != providers.OpDelete {
		r, want = e.Change.After, true
	}
	is := func(v world.ZoneValue) bool {
		return providers.SameName(v.Name, r.Name) && v.Type == r.Type && providers.FoldValue(v.Type, v.Value) == providers.FoldValue(r.Type, r.Value)
	}
	there := false
	s.zone(e.Zone).View(func(tx *world.Tx) { there = slices.ContainsFunc(tx.Values(), is) })
	for i := range slices.Backward(s.history) {
		c := &s.history[i]
		if !c.At.After(e.Ended) {
			break
		}
		if c.Zone == e.Zone && slices.ContainsFunc(c.Removed, is) {
			there = true
		} else if c.Zone == e.Zone && slices.ContainsFunc(c.Added, is) {
			there = false
		}
	}
	return there == want
}

// about says what the journals say of the time of a change.
func about(es []journal.Entry, c *world.ZoneChange) string {
	var b strings.Builder
	for i := range es {
		if e := &es[i]; during(e, c.At) || shows(c, e.Change) {
			fmt.Fprintf(&b, "\n   %s %s %s to %s: %s; %s; %s", e.State, e.ID, e.Time, e.Ended, e.Sentence, e.Error, e.Note)
		}
	}
	return b.String()
}

// during reports whether a change of a zone can be that of an entry, by its time.
func during(e *journal.Entry, at time.Time) bool {
	return !at.Before(e.Time) && (e.Ended.IsZero() || !at.After(e.Ended))
}

// shows reports whether a change of a zone is what an entry speaks of.
func shows(c *world.ZoneChange, e *providers.Change) bool {
	has := func(list []world.ZoneValue, r *providers.Record) bool {
		return slices.ContainsFunc(list, func(v world.ZoneValue) bool {
			return providers.SameName(v.Name, r.Name) && v.Type == r.Type && providers.FoldValue(v.Type, v.Value) == providers.FoldValue(r.Type, r.Value)
		})
	}
	switch e.Op {
	case providers.OpCreate:
		return has(c.Added, &e.After)
	case providers.OpDelete:
		return has(c.Removed, &e.Before)
	}
	if has(c.Removed, &e.Before) || has(c.Added, &e.After) {
		return true
	}
	// At Route 53 only the marker may have changed.
	for _, o := range append(slices.Clone(e.Before.Owners), e.After.Owners...) {
		marker := providers.MarkerName(o.Instance, e.Before.Name)
		if slices.ContainsFunc(append(slices.Clone(c.Removed), c.Added...), func(v world.ZoneValue) bool { return v.Name == marker }) {
			return true
		}
	}
	return false
}

// explained reports whether a journal or an agent says that it did this to a value.
func (s *scene) explained(c *world.ZoneChange, v world.ZoneValue, es []journal.Entry) bool {
	for i := range es {
		e := &es[i]
		if e.State != journal.Refused && e.State != journal.Failed && during(e, c.At) && (shows(c, e.Change) || e.Change.Op == providers.OpUpdate && e.Change.Before.Name == v.Name && e.Change.Before.Type == v.Type) {
			return true
		}
	}
	return slices.ContainsFunc(s.agents.acts, func(a act) bool {
		return !c.At.Before(a.from) && !c.At.After(a.to) && slices.Contains(s.of(c, v), a.id)
	})
}

// of says which instances a value of a change can be of.
func (s *scene) of(c *world.ZoneChange, v world.ZoneValue) (ids []string) {
	for _, m := range append(slices.Clone(c.Removed), c.Added...) {
		if o, ok := decoded(m.Value); ok && m.Type == "TXT" && o.Owns(v.Type, v.Value) {
			ids = append(ids, o.Instance)
		}
	}
	if o, err := providers.DecodeOwner(v.Comment); err == nil {
		ids = append(ids, o.Instance)
	}
	if v.Type == "A" {
		if a, ok := providers.ParseAddr(v.Value); ok {
			ids = append(ids, s.address[a])
		}
	}
	if srv, ok := providers.ParseSRV(v.Value); ok && v.Type == "SRV" {
		name, _, _ := strings.Cut(srv.Target, ".")
		ids = append(ids, s.names[name])
	}
	return slices.DeleteFunc(ids, func(id string) bool { return id == "" })
}

// checkLosses looks at everything that was ever taken out of the zones: nothing that led to a node that was up went,
// but by an operator who took that node out on purpose, or by its own agent.
func (s *scene) checkLosses() {
	var es []journal.Entry
	for _, c := range s.consoles {
		es = append(es, c.entries()...)
	}
	for i := range s.history {
		c := &s.history[i]
		if s.theirs[c.ID] {
			continue
		}
		for _, v := range c.Removed {
			back := slices.ContainsFunc(c.Added, func(a world.ZoneValue) bool { return a.Name == v.Name && a.Type == v.Type && a.Value == v.Value })
			if back || v.Type != "A" && v.Type != "SRV" {
				continue
			}
			for _, id := range s.of(c, v) {
				if !s.upAt(id, c.At) {
					continue
				}
				if v.Type == "A" && !s.holds(id, v.Value, c.At) {
					continue
				}
				agent := slices.ContainsFunc(s.agents.acts, func(a act) bool { return a.id == id && !c.At.Before(a.from) && !c.At.After(a.to) })
				wish := slices.ContainsFunc(es, func(e journal.Entry) bool {
					return e.Change != nil && e.Zone == c.Zone && e.Verb != string(index.VerbDeregister) && e.State != journal.Refused && during(&e, c.At) && shows(c, e.Change)
				})
				if !agent && !wish {
					s.t.Errorf("lost was %s %s %s of %s, which was up, at %s", v.Name, v.Type, v.Value, id, c.At)
				}
			}
		}
	}
}

// upAt reports whether a node was up at a time, and its removal had not begun.
func (s *scene) upAt(id string, at time.Time) bool {
	up := s.names != nil && slices.Contains(mapValues(s.names), id)
	for _, f := range s.switches[id] {
		if f.at.After(at) {
			break
		}
		up = f.up
	}
	return up
}

func mapValues(m map[string]string) (out []string) {
	for _, v := range m {
		out = append(out, v)
	}
	return out
}

// holds reports whether an instance that is up has an address still: a stop releases it at Amazon.
func (s *scene) holds(id, value string, _ time.Time) bool {
	for _, c := range s.world().Clouds() {
		if i, err := s.world().Instance(c.Name, id); err == nil {
			return i.Public.String() == value
		}
	}
	return true
}
