package dnsview_test

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/providers"
	"rollcall/providers/adapters"
)

var (
	testNow  = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	testRead = testNow.Add(-5 * time.Second)
	longAgo  = testNow.Add(-24 * time.Hour).Truncate(time.Second)
	keyUse1  = providers.NewCloudKey(providers.EC2, "1", "us-east-1")
	keyEast  = providers.NewCloudKey(providers.Triton, "t", "east-1")
)

const (
	cfZone  = "scalability.expert"
	r53Zone = "unilans.net"
	wwwName = "www.scalability.expert"
	v1Name  = "v1._theservice._tcp.unilans.net"
	tritonA = "c2f0a1b2-0000-4000-8000-000000000001"
	tritonB = "c2f0a1b2-0000-4000-8000-000000000002"
	ec2A    = "i-0aaaaaaaaaaaaaaa1"
	ec2B    = "i-0aaaaaaaaaaaaaaa2"
	testFlt = "7f3a9c1e"
)

type world struct {
	snap *providers.Snapshot
	opts index.Options
	made int // records that plans made
	ttls map[index.SetID]uint32
}

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

func complete(key providers.CloudKey) providers.Coverage {
	return providers.Coverage{State: providers.CoverageComplete, Key: key, Expected: -1, Started: testRead, Finished: testRead}
}

func traits(p providers.Provider) *providers.Traits { d := adapters.Declared(p); return &d.Traits }

func newWorld() *world {
	w := &world{snap: &providers.Snapshot{Taken: testNow}}
	cloud := func(name string, p providers.Provider, key providers.CloudKey, ins ...providers.Instance) {
		for i := range ins {
			ins[i].Cloud, ins[i].Key, ins[i].Provider = name, key, p
			if ins[i].State == "" {
				ins[i].State = providers.StateRunning
			}
			if ins[i].Launched.IsZero() {
				ins[i].Launched = longAgo
			}
		}
		w.snap.Clouds = append(w.snap.Clouds, providers.CloudView{
			Cloud: providers.Cloud{Name: name, Provider: p, Traits: *traits(p), Key: key}, Coverage: complete(key), Instances: ins, RowsFrom: testRead, Lookups: map[string]providers.Lookup{},
		})
	}
	www, sd := map[string]string{"service": "www"}, map[string]string{"service": "sd"}
	cloud("aws-use1", providers.EC2, keyUse1,
		providers.Instance{ID: ec2A, Name: "www-01", PublicIPs: []netip.Addr{addr("34.200.16.1")}, PrivateIPs: []netip.Addr{addr("10.0.0.1")}, Tags: providers.TagsOf(www)},
		providers.Instance{ID: ec2B, Name: "sd-01", PublicIPs: []netip.Addr{addr("34.200.16.2")}, Tags: providers.TagsOf(sd)})
	cloud("joyent-east", providers.Triton, keyEast,
		providers.Instance{ID: tritonA, Name: "www-02", PublicIPs: []netip.Addr{addr("165.225.128.1")}, Tags: providers.TagsOf(www)},
		providers.Instance{ID: tritonB, Name: "sd-02", PublicIPs: []netip.Addr{addr("165.225.128.2")}, Tags: providers.TagsOf(sd)})
	w.snap.Zones = []providers.ZoneView{
		{Zone: providers.Zone{Name: cfZone, Provider: providers.Cloudflare, Traits: *traits(providers.Cloudflare)}, Coverage: complete(""), Records: []providers.Record{
			cfRecord(wwwName, "34.200.16.1", keyUse1, ec2A), cfRecord(wwwName, "165.225.128.1", keyEast, tritonA),
		}},
		{Zone: providers.Zone{Name: r53Zone, Provider: providers.Route53, Traits: *traits(providers.Route53)}, Coverage: complete(""), Records: r53Records()},
	}
	w.opts = index.Options{
		Fleet: testFlt, Now: testNow, MaxAge: time.Minute, BootGrace: 5 * time.Minute, CreateGrace: 10 * time.Minute, Ranges: index.PublishedRanges(),
		Services: []index.Service{
			{Name: wwwName, Kind: index.RoundRobin, TTL: 60, Select: www},
			{Name: v1Name, Kind: index.DNSSD, TTL: 30, Port: 4218, Select: sd, TXT: map[string]string{"txtvers": "1"}},
		},
	}
	return w
}

func owner(key providers.CloudKey, id string) providers.Owner {
	return providers.Owner{Fleet: testFlt, Cloud: key, Instance: id, Registered: longAgo}
}

func cfRecord(name, value string, key providers.CloudKey, id string) providers.Record {
	typ := "A"
	if strings.Contains(value, ":") {
		typ = "AAAA"
	}
	o := owner(key, id)
	c, err := o.Encode()
	if err != nil {
		panic(err)
	}
	return providers.Record{Zone: cfZone, Name: name, Type: typ, TTL: 60, Value: value, ID: "id-" + value, Comment: c, Owners: []providers.Owner{o}}
}

func r53Records() []providers.Record {
	rs := []providers.Record{
		{Name: "_services._dns-sd._udp.unilans.net", Type: "PTR", TTL: 3600, Value: "_theservice._tcp.unilans.net"},
		{Name: "_theservice._tcp.unilans.net", Type: "PTR", TTL: 3600, Value: v1Name},
		{Name: v1Name, Type: "TXT", TTL: 3600, Value: `"txtvers=1"`},
	}
	add := func(host, ip string, key providers.CloudKey, id string) {
		for _, r := range []providers.Record{
			{Name: host, Type: "A", TTL: 30, Value: ip},
			{Name: v1Name, Type: "SRV", TTL: 30, Value: "10 10 4218 " + host},
		} {
			m, err := owner(key, id).For(r.Type, r.Value).Encode()
			if err != nil {
				panic(err)
			}
			rs = append(rs, r, providers.Record{Name: providers.MarkerName(id, r.Name), Type: "TXT", TTL: 30, Value: providers.FormatTXT([]string{m})})
		}
	}
	add("sd-01.unilans.net", "34.200.16.2", keyUse1, ec2B)
	add("sd-02.unilans.net", "165.225.128.2", keyEast, tritonB)
	for i := range rs {
		rs[i].Zone = r53Zone
	}
	providers.AttachOwners(rs)
	return rs
}

func (w *world) view() *dnsview.View { return dnsview.Inspect(w.snap, w.opts) }

func (w *world) cloud(name string) *providers.CloudView {
	for i := range w.snap.Clouds {
		if w.snap.Clouds[i].Cloud.Name == name {
			return &w.snap.Clouds[i]
		}
	}
	panic(name)
}

func (w *world) instance(id string) *providers.Instance {
	for c := range w.snap.Clouds {
		for i := range w.snap.Clouds[c].Instances {
			if w.snap.Clouds[c].Instances[i].ID == id {
				return &w.snap.Clouds[c].Instances[i]
			}
		}
	}
	panic(id)
}

// remove takes an instance out of its list; with gone, the cloud says so when asked.
func (w *world) remove(id string, gone bool) {
	for c := range w.snap.Clouds {
		cv := &w.snap.Clouds[c]
		for i := range cv.Instances {
			if cv.Instances[i].ID == id {
				cv.Instances = append(cv.Instances[:i:i], cv.Instances[i+1:]...)
				if gone {
					cv.Lookups[id] = providers.Lookup{ID: id, Asked: testRead, Gone: true, Final: cv.Cloud.Traits.KeepsDeleted}
				}
				return
			}
		}
	}
	panic(id)
}

func (w *world) record(name, typ, part string) *providers.Record {
	for z := range w.snap.Zones {
		for i := range w.snap.Zones[z].Records {
			r := &w.snap.Zones[z].Records[i]
			if r.Name == name && r.Type == typ && strings.Contains(r.Value, part) {
				return r
			}
		}
	}
	panic(name + typ + part)
}

// drop takes a record out, and its marker with it.
func (w *world) drop(name, typ, part string) {
	r := *w.record(name, typ, part)
	w.lose(name, typ, part)
	for z := range w.snap.Zones {
		zv := &w.snap.Zones[z]
		zv.Records = slices.DeleteFunc(slices.Clone(zv.Records), func(m providers.Record) bool {
			return m.IsMarker() && slices.ContainsFunc(r.Owners, func(o providers.Owner) bool {
				return o.Type != "" && m.Name == providers.MarkerName(o.Instance, name) && strings.Contains(m.Value, " "+typ+" ")
			})
		})
	}
}

// lose takes a record out and leaves its marker behind.
func (w *world) lose(name, typ, part string) {
	for z := range w.snap.Zones {
		rs := w.snap.Zones[z].Records
		for i := range rs {
			if rs[i].Name == name && rs[i].Type == typ && strings.Contains(rs[i].Value, part) {
				w.snap.Zones[z].Records = append(rs[:i:i], rs[i+1:]...)
				return
			}
		}
	}
	panic(name + typ + part)
}

func (w *world) addRecord(r providers.Record) {
	for z := range w.snap.Zones {
		if w.snap.Zones[z].Zone.Name == r.Zone {
			w.snap.Zones[z].Records = append(w.snap.Zones[z].Records, r)
		}
	}
}
