package dnsview_test

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"rollcall/dnsview/index"
	"rollcall/providers"
)

const (
	rrName = "rr.unilans.net"                      // round-robin at Route 53, whose markers are records of their own
	sdName = "v2._printer._tcp.scalability.expert" // DNS-SD at Cloudflare, whose markers are comments
)

// oddities are mishaps of the kind that single tests seldom put together: the other provider of each kind of
// service, IPv6, names in another case, what was done by hand or by others, what was cut off.
var oddities = []func(w *world, t *rapid.T){
	skewClocks,
	func(w *world, t *rapid.T) { // a cloud is evacuated, from a zone or from one service
		at := rapid.SampledFrom([][2]string{{cfZone, cfZone}, {r53Zone, r53Zone}, {cfZone, wwwName}, {r53Zone, v1Name}}).Draw(t, "evacuated from")
		o := providers.EvacuationOwner(testFlt, rapid.SampledFrom([]providers.CloudKey{keyUse1, keyEast}).Draw(t, "evacuated"), longAgo, time.Time{})
		if rapid.Bool().Draw(t, "until some time") {
			o = providers.EvacuationOwner(testFlt, o.Cloud, longAgo, testNow.Add(time.Duration(rapid.IntRange(-2, 2).Draw(t, "hours"))*time.Hour))
		}
		w.mark(at[0], at[1], o)
	},
	func(w *world, t *rapid.T) { // someone spells a value differently
		if r := w.some(t); r != nil && !r.IsMarker() {
			r.Value = respelled(r)
		}
	},
	func(w *world, t *rapid.T) { // a node with an IPv6 address, found under it or not
		i := w.anyone(t)
		if i == nil {
			return
		}
		v6 := fmt.Sprintf("2001:db8::%x", rapid.IntRange(1, 4).Draw(t, "last digit"))
		i.PublicIPs = append(slices.Clone(i.PublicIPs), addr(v6))
		if rapid.Bool().Draw(t, "registered") {
			w.put(t, providers.Record{Name: rapid.SampledFrom([]string{wwwName, rrName, "sd-01.unilans.net"}).Draw(t, "name"), Type: "AAAA", Value: strings.ToUpper(v6)}, ownerOf(i))
		}
	},
	func(w *world, t *rapid.T) { // a round-robin service at Route 53
		w.declare(index.Service{Name: rrName, Kind: index.RoundRobin, TTL: 60, Select: map[string]string{"service": rapid.SampledFrom([]string{"www", "sd", "nothing"}).Draw(t, "selects")}, Minimum: rapid.IntRange(0, 2).Draw(t, "minimum")})
		for range rapid.IntRange(0, 3).Draw(t, "members") {
			if i := w.anyone(t); i != nil && len(i.PublicIPs) > 0 {
				w.put(t, providers.Record{Name: rrName, Type: "A", Value: i.PublicIPs[0].String()}, ownerOf(i))
			}
		}
	},
	func(w *world, t *rapid.T) { // DNS-SD at Cloudflare, with its chain or a part of it
		w.declare(index.Service{Name: sdName, Kind: index.DNSSD, TTL: 60, Port: 631, Weight: new(uint16(rapid.IntRange(0, 5).Draw(t, "weight"))), Select: map[string]string{"service": rapid.SampledFrom([]string{"sd", "nothing"}).Draw(t, "selects")}})
		for _, r := range []providers.Record{
			{Name: "_services._dns-sd._udp." + cfZone, Type: "PTR", Value: "_printer._tcp." + cfZone}, {Name: "_printer._tcp." + cfZone, Type: "PTR", Value: sdName}, {Name: sdName, Type: "TXT", Value: `"txtvers=1"`},
		} {
			if rapid.IntRange(0, 3).Draw(t, "has "+r.Type) > 0 {
				w.put(t, r)
			}
		}
		for n := range rapid.IntRange(0, 2).Draw(t, "members") {
			i := w.anyone(t)
			if i == nil {
				return
			}
			host := fmt.Sprintf("p-%d.%s", n, cfZone)
			w.put(t, providers.Record{Name: sdName, Type: "SRV", Value: fmt.Sprintf("10 %d 631 %s", rapid.IntRange(0, 5).Draw(t, "its weight"), host)}, ownerOf(i))
			if len(i.PublicIPs) > 0 && rapid.IntRange(0, 3).Draw(t, "has host") > 0 {
				w.put(t, providers.Record{Name: host, Type: "A", Value: i.PublicIPs[0].String()}, ownerOf(i))
			}
		}
	},
	func(w *world, t *rapid.T) { // a link of the chain goes
		r := rapid.SampledFrom([]providers.Record{{Name: "_services._dns-sd._udp.unilans.net", Type: "PTR"}, {Name: "_theservice._tcp.unilans.net", Type: "PTR"}, {Name: v1Name, Type: "TXT"}}).Draw(t, "link")
		z := w.zone(r53Zone)
		z.Records = slices.DeleteFunc(slices.Clone(z.Records), func(x providers.Record) bool { return x.Name == r.Name && x.Type == r.Type })
	},
	func(w *world, t *rapid.T) { // a node is out, as it is at Route 53, or a quiesce was cut off
		r := w.some(t)
		if r == nil || len(r.Owners) != 1 || r.IsMarker() {
			return
		}
		o := r.Owners[0].For(r.Type, r.Value)
		o.Quiesced = true
		if rapid.Bool().Draw(t, "cut off") {
			r.Owners = []providers.Owner{o}
			if rapid.Bool().Draw(t, "remembered") {
				w.mark(r.Zone, r.Name, o)
			}
			return
		}
		gone := *r
		w.drop(r.Name, r.Type, r.Value)
		w.mark(gone.Zone, gone.Name, o)
	},
	func(w *world, t *rapid.T) { // a host that joined by hand
		o := providers.Owner{Fleet: testFlt, Cloud: "hand", Instance: "host:box", Registered: longAgo, Quiesced: rapid.IntRange(0, 3).Draw(t, "quiesced") == 0}
		v := rapid.SampledFrom([]string{"198.51.100.5", "192.168.1.5", "34.200.16.1"}).Draw(t, "address")
		name := rapid.SampledFrom([]string{wwwName, rrName, "box.unilans.net"}).Draw(t, "name")
		w.put(t, providers.Record{Name: name, Type: "A", Value: v}, o)
		if name == "box.unilans.net" {
			w.put(t, providers.Record{Name: v1Name, Type: "SRV", Value: "10 10 4218 box.unilans.net"}, o)
		}
	},
	func(w *world, t *rapid.T) { // an elastic address
		i := w.anyone(t)
		if i == nil || len(i.PublicIPs) == 0 {
			return
		}
		i.ElasticIPs = i.PublicIPs[:1]
		c := w.cloud(i.Cloud)
		a := providers.Address{Cloud: i.Cloud, Key: i.Key, IP: i.PublicIPs[0], Kind: providers.AddressElastic, ID: fmt.Sprint("eip", len(c.Addresses)), Instance: i.ID}
		if rapid.Bool().Draw(t, "let go") {
			i.ElasticIPs, i.PublicIPs, a.Instance = nil, i.PublicIPs[1:], ""
		}
		c.Addresses = append(slices.Clone(c.Addresses), a)
	},
	func(w *world, t *rapid.T) { // another fleet is here too
		i := w.anyone(t)
		if i == nil {
			return
		}
		o := ownerOf(i)
		o.Fleet, o.Quiesced = "c0ffee42", rapid.Bool().Draw(t, "quiesced")
		r := providers.Record{Name: rapid.SampledFrom([]string{wwwName, rrName, "theirs.unilans.net"}).Draw(t, "name"), Type: "A", Value: rapid.SampledFrom([]string{"203.0.113.9", "34.200.16.1", "165.225.128.1"}).Draw(t, "value")}
		if rapid.Bool().Draw(t, "without a record") {
			w.mark(zoneNamed(r.Name), r.Name, o.For(r.Type, r.Value))
			return
		}
		w.put(t, r, o)
	},
	func(w *world, t *rapid.T) { // two instances claim one record, or a marker cannot be read
		if r := w.some(t); r != nil && len(r.Owners) == 1 && !r.IsMarker() {
			if rapid.Bool().Draw(t, "unreadable") {
				r.BadMarkers = []string{"rollcall9 what"}
				return
			}
			if i := w.anyone(t); i != nil {
				r.Owners = append(slices.Clone(r.Owners), ownerOf(i).For(r.Type, r.Value))
			}
		}
	},
	func(w *world, t *rapid.T) { // a marker is there twice
		z := &w.snap.Zones[0]
		for i := range z.Records {
			if m := z.Records[i]; m.IsMarker() {
				w.made++
				m.ID = fmt.Sprint("again", w.made)
				w.addRecord(m)
				return
			}
		}
	},
	func(w *world, t *rapid.T) { // a cloud answers for a single instance
		c := &w.snap.Clouds[rapid.IntRange(0, 1).Draw(t, "cloud")]
		id := rapid.SampledFrom([]string{ec2A, ec2B, tritonA, tritonB}).Draw(t, "id")
		l := providers.Lookup{ID: id, Asked: testNow.Add(-rapid.SampledFrom([]time.Duration{5 * time.Second, time.Hour, 48 * time.Hour}).Draw(t, "asked"))}
		switch rapid.IntRange(0, 2).Draw(t, "answer") {
		case 0:
			l.Gone, l.Final = true, rapid.Bool().Draw(t, "final")
		case 1:
			l.Instance = &providers.Instance{Cloud: c.Cloud.Name, Key: c.Cloud.Key, Provider: c.Cloud.Provider, ID: id, State: rapid.SampledFrom(randomStates).Draw(t, "its state"), Launched: longAgo}
		default:
			l.Gone, l.Err = rapid.Bool().Draw(t, "gone"), fmt.Errorf("bad gateway")
		}
		c.Lookups[id] = l
	},
	func(w *world, t *rapid.T) { // a host name is an alias
		for _, typ := range []string{"A", "AAAA"} {
			for i := range w.zone(r53Zone).Records {
				if r := w.zone(r53Zone).Records[i]; r.Name == "sd-01.unilans.net" && r.Type == typ {
					w.drop(r.Name, r.Type, r.Value)
					break
				}
			}
		}
		w.put(t, providers.Record{Name: "sd-01.unilans.net", Type: "CNAME", Value: "sd-02.unilans.net"})
	},
	func(w *world, t *rapid.T) { // what is no one's: an alias, a name for another, a sphere of its own
		for range 3 {
			w.put(t, rapid.SampledFrom([]providers.Record{
				{Name: "lb.unilans.net", Type: "A", Value: "lb.example.net", Alias: true},
				{Name: rrName, Type: "A", Value: "lb.example.net", Alias: true},
				{Name: "pbx.unilans.net", Type: "CNAME", Value: "www.example.net"},
				{Name: "_sip._tcp.unilans.net", Type: "SRV", Value: "0 0 5060 pbx.unilans.net"},
				{Name: "_sip._tcp.unilans.net", Type: "SRV", Value: "0 0 5060 pbx.unilans.net"},
				{Name: "legacy." + cfZone, Type: "A", Value: "198.51.100.23"},
				{Name: "legacy." + cfZone, Type: "AAAA", Value: "2001:DB8:0::23"},
				{Name: "_sip._tcp.unilans.net", Type: "SRV", Value: "0 0 5060 sd-02.unilans.net"},
				{Name: "_http._tcp.unilans.net", Type: "PTR", Value: "web._http._tcp.unilans.net"},
				{Name: "*.unilans.net", Type: "A", Value: "203.0.113.9"},
				{Name: "x._rollcall.nowhere.unilans.net", Type: "TXT", Value: `"rollcall9"`},
			}).Draw(t, "stranger"))
		}
	},
	func(w *world, t *rapid.T) { // one account is configured under two names, of which one was read another time
		c := w.snap.Clouds[rapid.IntRange(0, 1).Draw(t, "cloud")]
		if len(w.snap.Clouds) > 2 {
			return
		}
		c.Cloud.Name = rapid.SampledFrom([]string{"again", "zwilling"}).Draw(t, "name")
		c.Lookups = maps.Clone(c.Lookups)
		c.Instances = slices.Clone(c.Instances[:rapid.IntRange(0, len(c.Instances)).Draw(t, "instances")])
		for i := range c.Instances {
			c.Instances[i].Cloud = c.Cloud.Name
			if rapid.IntRange(0, 3).Draw(t, "as before") == 0 {
				c.Instances[i].State = rapid.SampledFrom(randomStates).Draw(t, "its state")
			}
		}
		w.snap.Clouds = append(w.snap.Clouds, c)
	},
	func(w *world, t *rapid.T) { // weighted sets
		w.declare(index.Service{Name: rrName, Kind: index.RoundRobin, TTL: 60, Weight: new(uint16(rapid.IntRange(0, 2).Draw(t, "weight")))})
		for n, id := range []string{"a", "b"} {
			if i := w.anyone(t); i != nil && len(i.PublicIPs) > 0 {
				w.put(t, providers.Record{Name: rrName, Type: "A", Value: i.PublicIPs[0].String(), SetID: id, Policy: "weighted", Weight: int64(n)}, ownerOf(i))
			}
		}
	},
	func(w *world, t *rapid.T) { // a zone that is not delegated
		w.opts.WireZones = append(w.opts.WireZones, index.WireZone{Zone: rapid.SampledFrom([]string{cfZone, r53Zone}).Draw(t, "zone"), State: rapid.SampledFrom([]index.WireVerdict{index.WireLame, index.WireInSync}).Draw(t, "verdict"), At: testRead})
	},
	func(w *world, t *rapid.T) { // a zone that resolvers cannot resolve
		w.opts.WireZones = append(w.opts.WireZones, index.WireZone{
			Zone: rapid.SampledFrom([]string{cfZone, r53Zone}).Draw(t, "zone"), State: rapid.SampledFrom([]index.WireVerdict{index.WireLame, index.WireInSync}).Draw(t, "verdict"),
			Unresolved: []string{"a answers SERVFAIL", "b answers SERVFAIL"}, Confirmed: rapid.Bool().Draw(t, "confirmed"), Facts: []string{"DS: none"}, At: testRead,
		})
	},
	func(w *world, t *rapid.T) { // a name that others answer for
		z := &w.snap.Zones[rapid.IntRange(0, len(w.snap.Zones)-1).Draw(t, "zone")]
		if len(z.Records) == 0 {
			return
		}
		at := z.Records[rapid.IntRange(0, len(z.Records)-1).Draw(t, "cut")].Name
		if rapid.Bool().Draw(t, "above") {
			if up, ok := providers.Parent(at); ok {
				at = up
			}
		}
		if at != z.Zone.Name && providers.InZone(at, z.Zone.Name) {
			z.Records = append(z.Records, providers.Record{
				Zone: z.Zone.Name, Name: at, Type: rapid.SampledFrom([]string{"NS", "DNAME"}).Draw(t, "type"), TTL: 60,
				Value: rapid.SampledFrom([]string{"ns1.other.example", "ns1." + at, at}).Draw(t, "target"),
			})
		}
	},
	func(w *world, t *rapid.T) { // a node that is young, or of which no one knows how old it is
		if i := w.anyone(t); i != nil {
			i.Launched = rapid.SampledFrom([]time.Time{{}, testNow.Add(-time.Minute), testNow.Add(time.Minute)}).Draw(t, "launched")
		}
	},
	func(w *world, t *rapid.T) { // a node that lost its addresses, or has a private one alone
		if i := w.anyone(t); i != nil {
			i.PublicIPs = nil
			if rapid.Bool().Draw(t, "private") {
				i.PrivateIPs = []netip.Addr{addr("10.0.0.1")}
			}
		}
	},
	func(w *world, t *rapid.T) { // a node moved, and its new address was registered beside the old one
		i := w.anyone(t)
		if i == nil || len(i.PublicIPs) == 0 {
			return
		}
		w.put(t, providers.Record{Name: rapid.SampledFrom([]string{wwwName, "sd-01.unilans.net", rrName}).Draw(t, "name"), Type: "A", Value: "165.225.128.99"}, ownerOf(i))
	},
}

func ownerOf(i *providers.Instance) providers.Owner { return owner(i.Key, i.ID) }

func zoneNamed(name string) string {
	if strings.HasSuffix(name, cfZone) {
		return cfZone
	}
	return r53Zone
}

// anyone draws an instance, or returns nil when there is none.
func (w *world) anyone(t *rapid.T) *providers.Instance {
	var all []*providers.Instance
	for c := range w.snap.Clouds {
		for i := range w.snap.Clouds[c].Instances {
			all = append(all, &w.snap.Clouds[c].Instances[i])
		}
	}
	if len(all) == 0 {
		return nil
	}
	return rapid.SampledFrom(all).Draw(t, "instance")
}

// some draws a record, or returns nil when its zone has none.
func (w *world) some(t *rapid.T) *providers.Record {
	z := &w.snap.Zones[rapid.IntRange(0, 1).Draw(t, "zone")]
	if len(z.Records) == 0 {
		return nil
	}
	return &z.Records[rapid.IntRange(0, len(z.Records)-1).Draw(t, "record")]
}

func (w *world) declare(s index.Service) {
	if !slices.ContainsFunc(w.opts.Services, func(d index.Service) bool { return d.Name == s.Name }) {
		w.opts.Services = append(w.opts.Services, s)
	}
}

// put adds a record to its zone, as its provider would hold it: Route 53 takes no value twice, and has one TTL for a set.
func (w *world) put(t *rapid.T, r providers.Record, owners ...providers.Owner) {
	r.Zone, r.TTL, r.Owners = zoneNamed(r.Name), uint32(rapid.SampledFrom([]int{60, 60, 60, 30}).Draw(t, "ttl")), owners
	if r.Zone == cfZone {
		w.made++
		r.ID = fmt.Sprint("put", w.made)
	} else {
		r.TTL = 60
		for _, s := range w.zone(r53Zone).Records {
			if s.Name == r.Name && s.Type == r.Type && (s.SetID == "") != (r.SetID == "") || s.Name == r.Name && (s.Type == "CNAME") != (r.Type == "CNAME") {
				return
			}
			if s.Name == r.Name && s.Type == r.Type && s.SetID == r.SetID {
				if s.Alias || r.Alias || r.SetID != "" || providers.FoldValue(s.Type, s.Value) == providers.FoldValue(r.Type, r.Value) {
					return
				}
				r.TTL = s.TTL
			}
		}
	}
	w.addRecord(r)
}

// mark adds a marker record.
func (w *world) mark(zone, name string, o providers.Owner) {
	text, err := o.Encode()
	if err != nil {
		panic(err)
	}
	m := providers.Record{Zone: zone, Name: providers.MarkerName(o.Instance, name), Type: "TXT", TTL: 300, Value: providers.FormatTXT([]string{text})}
	if slices.ContainsFunc(w.zone(zone).Records, func(r providers.Record) bool { return r.Name == m.Name && r.Type == m.Type && r.Value == m.Value }) {
		return
	}
	if zone == cfZone {
		w.made++
		m.ID = fmt.Sprint("mark", w.made)
	}
	w.addRecord(m)
}

// respelled gives the value of a record as another would write it.
func respelled(r *providers.Record) string {
	switch r.Type {
	case "AAAA":
		if a, ok := r.Addr(); ok {
			return strings.ToUpper(a.StringExpanded())
		}
	case "SRV", "PTR", "CNAME":
		return strings.TrimSuffix(strings.ToUpper(r.Value), ".") + "."
	}
	return r.Value
}

// settle writes down, as the two providers do, whose the records are that mishaps changed:
// in comments at Cloudflare, in records of their own at Route 53 and for all owners beyond the first.
func (w *world) settle() {
	for z := range w.snap.Zones {
		zv := &w.snap.Zones[z]
		said := zv.Records
		zv.Records = slices.Clone(said)
		comments := zv.Zone.Provider == providers.Cloudflare
		if !comments {
			zv.Records = slices.DeleteFunc(zv.Records, func(m providers.Record) bool {
				_, name, ok := providers.SplitMarkerName(m.Name)
				o, readable := index.OwnerInMarker(&m)
				return ok && m.Type == "TXT" && readable && slices.ContainsFunc(said, func(r providers.Record) bool {
					return r.Name == name && !r.IsMarker() && o.Owns(r.Type, r.Value)
				})
			})
		}
		for i := range said {
			r := &said[i]
			owners := r.Owners
			switch {
			case r.IsMarker():
				continue
			case comments && len(r.BadMarkers) > 0:
				zv.Records[i].Comment = r.BadMarkers[0]
			case comments && len(owners) > 0:
				text, err := owners[0].Bare().Encode()
				if err != nil {
					panic(err)
				}
				zv.Records[i].Comment, owners = text, owners[1:]
			case comments:
				zv.Records[i].Comment = ""
			case len(r.BadMarkers) > 0:
				w.addRecord(providers.Record{Zone: r.Zone, Name: "x." + providers.MarkerLabel + "." + r.Name, Type: "TXT", Value: providers.FormatTXT(r.BadMarkers[:1])})
			}
			for _, o := range owners {
				w.mark(r.Zone, r.Name, o.For(r.Type, r.Value))
			}
		}
	}
	w.reread()
}

// reread says of all records whose they are as the two adapters do after they read a zone.
func (w *world) reread() {
	for z := range w.snap.Zones {
		zv := &w.snap.Zones[z]
		zv.Records = slices.Clone(zv.Records)
		for i := range zv.Records {
			r := &zv.Records[i]
			r.Owners, r.BadMarkers = nil, nil
			if zv.Zone.Provider != providers.Cloudflare || r.IsMarker() {
				continue
			}
			switch o, err := providers.DecodeOwner(r.Comment); {
			case err == nil:
				r.Owners = []providers.Owner{o.Bare()}
			case r.Comment != "":
				r.BadMarkers = []string{r.Comment}
			}
		}
		providers.AttachOwners(zv.Records)
	}
}
