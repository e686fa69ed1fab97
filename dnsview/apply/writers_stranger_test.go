package apply_test

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"rollcall/providers"
	"rollcall/providers/sim/world"
)

// stray enters a record with the address of a node by hand.
func (s *scene) stray(zone, name, addr string) {
	v := world.ZoneValue{Name: name, Type: "A", Value: addr, TTL: 60}
	id, err := s.zone(zone).Update(func(tx *world.Tx) error {
		if s.zone(zone).Provider == providers.Route53 {
			tx.Put(&world.Set{Name: name, Type: "A", TTL: 60, Values: []string{addr}})
			return nil
		}
		r := &world.Record{Name: name, Type: "A", Content: addr, TTL: 60}
		tx.AddRecord(r)
		v.ID = r.ID
		return nil
	})
	if err != nil {
		s.t.Error(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.theirs[id] = true
	s.strays[zone+" "+name] = v
}

// stranger edits records of his own, beside ours and in the same record sets.
func (s *scene) stranger(rng *rand.Rand, many int) {
	for done := range many {
		s.keepPace(done, many)
		s.did("foreign edit")
		zone := []string{cfZone, sdZone}[rng.IntN(2)]
		switch k := rng.IntN(12); {
		case k < 8: // a name of his own: made, changed, taken back
			s.edit(zone, fmt.Sprintf("f%d.%s", k, zone), []string{"A", "TXT"}[k%2], rng)
		case zone == cfZone: // a value beside ours
			s.edit(zone, www, "A", rng)
		default:
			s.share(fmt.Sprintf("0 0 80 ext-%d.example.net.", k), rng)
		}
	}
}

// edit makes, changes or takes back a record of the stranger.
func (s *scene) edit(zone, name, typ string, rng *rand.Rand) {
	value := fmt.Sprintf("198.51.100.%d", rng.IntN(20)+100)
	if typ == "TXT" {
		value = fmt.Sprintf(`"rollcall is not mine %d"`, rng.IntN(20))
	}
	ttl, gone := uint32(60+rng.IntN(600)), rng.IntN(3) == 0
	if s.zone(zone).Provider == providers.Route53 {
		var old []world.ZoneValue
		s.foreign(zone, func(tx *world.Tx) world.ZoneValue {
			if set := tx.Set(name, typ, ""); set != nil {
				for _, v := range set.Values {
					old = append(old, world.ZoneValue{Name: name, Type: typ, Value: v})
				}
				if gone {
					tx.Delete(set)
					return world.ZoneValue{}
				}
			}
			tx.Put(&world.Set{Name: name, Type: typ, TTL: ttl, Values: []string{value}})
			return world.ZoneValue{Name: name, Type: typ, Value: value, TTL: ttl}
		})
		for _, v := range old {
			if gone || v.Value != value {
				s.forget(zone, v)
			}
		}
		return
	}
	var old *world.Record
	s.foreign(zone, func(tx *world.Tx) world.ZoneValue {
		for _, r := range tx.Records() {
			if r.Name == name && r.Type == typ && r.Tags != nil {
				old = r
			}
		}
		r := &world.Record{Name: name, Type: typ, Content: value, TTL: ttl, Comment: fmt.Sprint("mine ", ttl), Tags: []string{}}
		for _, other := range tx.Records() {
			if other.Name == name && other.Type == typ && other.Content == value && other != old {
				return world.ZoneValue{} // Cloudflare takes no record twice
			}
		}
		switch {
		case old == nil:
			tx.AddRecord(r)
		case gone:
			tx.RemoveRecord(old.ID)
			return world.ZoneValue{}
		default:
			r.ID, r.Created, r.Modified = old.ID, old.Created, tx.Now()
			tx.ReplaceRecord(r)
		}
		return world.ZoneValue{Name: name, Type: typ, Value: value, ID: r.ID, Comment: r.Comment, TTL: ttl}
	})
	if old != nil && (gone || old.Content != value) {
		s.mu.Lock()
		_, still := s.strange[zone+" "+name+" "+typ+" "+old.Content]
		s.mu.Unlock()
		if still {
			s.forgetIfGone(zone, *old)
		}
	}
}

// forgetIfGone forgets a record of the stranger that is not in the zone any more.
func (s *scene) forgetIfGone(zone string, r world.Record) {
	there := false
	s.zone(zone).View(func(tx *world.Tx) {
		now := tx.Record(r.ID)
		there = now != nil && now.Content == r.Content
	})
	if !there {
		s.forget(zone, world.ZoneValue{Name: r.Name, Type: r.Type, Value: r.Content})
	}
}

// share adds a value of the stranger to the SRV record set of the service, or takes it back.
func (s *scene) share(value string, rng *rand.Rand) {
	gone := rng.IntN(2) == 0
	there, took := false, false
	s.foreign(sdZone, func(tx *world.Tx) world.ZoneValue {
		set := world.Set{Name: v1, Type: "SRV", TTL: 30}
		if old := tx.Set(v1, "SRV", ""); old != nil {
			set = *old
		}
		at := slices.Index(set.Values, value)
		there = at >= 0
		switch {
		case there && gone && len(set.Values) > 1:
			set.Values = slices.Delete(slices.Clone(set.Values), at, at+1)
		case !there && !gone:
			set.Values = append(slices.Clone(set.Values), value)
		default:
			return world.ZoneValue{}
		}
		tx.Put(&set)
		if gone {
			took = true
			return world.ZoneValue{}
		}
		return world.ZoneValue{Name: v1, Type: "SRV", Value: value, TTL: set.TTL}
	})
	if took {
		s.forget(sdZone, world.ZoneValue{Name: v1, Type: "SRV", Value: value})
	}
}
