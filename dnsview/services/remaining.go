package services

import (
	"slices"
	"strings"

	"rollcall/dnsview/index"
	"rollcall/providers"
)

// Remaining is what remains of a service when all nodes of one cloud are taken out of it.
type Remaining struct {
	Service string   `json:"service"` // its name
	Leave   int      `json:"leave"`   // its members in that cloud
	Stay    int      `json:"stay"`    // live members elsewhere, in clouds that were read completely, that fail no health check
	Doubted int      `json:"doubted"` // other members elsewhere
	Minimum int      `json:"minimum"` // 0 for none
	Clouds  []string `json:"clouds"`  // where those are that stay
}

// Short reports whether the service would be left empty or with fewer than its minimum.
func (r *Remaining) Short() bool { return r.Stay == 0 || r.Stay < r.Minimum }

// Text returns the numbers as a sentence.
func (r *Remaining) Text() string {
	text := index.Clean(r.Service) + " keeps " + index.Plural(r.Stay, "live member", "live members")
	if r.Stay == 0 {
		text = index.Clean(r.Service) + " keeps no live member"
	}
	if len(r.Clouds) > 0 {
		text += " in " + index.Clean(strings.Join(r.Clouds, ", "))
	}
	text += " of " + index.Plural(r.Leave+r.Stay+r.Doubted, "member", "members")
	if r.Doubted > 0 {
		text += ", " + index.Plural(r.Doubted, "is", "are") + " not known to be well"
	}
	if r.Minimum > 0 {
		text += "; its minimum is " + index.Plural(r.Minimum, "member", "members")
	}
	return text
}

// Remaining returns what remains of the service when all nodes of the cloud with a key are taken out of it.
func (ms *Membership) Remaining(key providers.CloudKey) Remaining {
	out := Remaining{Service: ms.Name, Clouds: []string{}}
	if s := ms.ServicesByName[ms.Name]; s != nil {
		out.Minimum = s.Minimum
	}
	leave, doubted := map[string]bool{}, map[string]bool{}
	live := map[MemberID]bool{}
	for _, m := range ms.Records {
		o, owned := m.Record.Owner()
		if owned && (o.Quiesced || ms.ForeignFleet(o)) || IsClosed(m.Record) {
			continue
		}
		var i *providers.Instance
		if m.Node >= 0 {
			i = ms.Nodes[m.Node].Instance
		}
		who := string(o.Cloud) + " " + o.Instance
		if !owned {
			who = m.Record.Value
			if i != nil {
				who = string(ms.KeyOf(i)) + " " + i.ID
			}
		}
		switch id, ok := ms.LiveBy(m); {
		case owned && o.Cloud == key, i != nil && ms.KeyOf(i) == key:
			leave[who] = true
		case !ok || !ms.reliable(i):
			doubted[who] = true
		case !live[id]:
			live[id] = true
			where := "by hand"
			if i != nil {
				where = i.Cloud
			}
			if !slices.Contains(out.Clouds, where) {
				out.Clouds = append(out.Clouds, where)
			}
		}
	}
	slices.Sort(out.Clouds)
	out.Leave, out.Stay, out.Doubted = len(leave), len(live), len(doubted)
	return out
}

// reliable reports whether a live member is in a cloud that was read completely, and fails no health check. A host that
// joined by hand, for which i is nil, is in no cloud.
func (ms *Membership) reliable(i *providers.Instance) bool {
	if i == nil {
		return true
	}
	key := ms.KeyOf(i)
	cs := ms.CloudsByKey[key]
	return cs != nil && cs.State == providers.CoverageComplete && !slices.ContainsFunc(ms.Options.Health, func(h index.HealthState) bool {
		return h.Key == key && h.ID == i.ID && ms.Failing(&h) != nil
	})
}

// RemainingAt returns what Remaining does for the service at the name of a record, declared or not.
func RemainingAt(x *index.Index, r *providers.Record, key providers.CloudKey) Remaining {
	var records []index.Member
	if s := x.ServicesByName[r.Name]; s != nil {
		records = s.Records
	} else if z := x.ZonesByName[r.Zone]; z != nil {
		for _, same := range z.Named(r.Name) {
			if same.Type == r.Type {
				records = append(records, x.MemberOf(same))
			}
		}
	}
	return MembershipOf(x, r.Name, records).Remaining(key)
}
