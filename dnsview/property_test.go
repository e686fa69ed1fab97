package dnsview_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
)

var randomStates = []providers.InstanceState{
	providers.StatePending, providers.StateRunning, providers.StateRunning, providers.StateStopping, providers.StateStopped,
	providers.StateTerminating, providers.StateTerminated, providers.StateFailed, providers.StateOffline, providers.StateUnknown,
}

// randomWorld is the small world after a number of random mishaps.
func randomWorld(t *rapid.T) *world { return mishaps(t, true) }

// mishaps makes the small world go wrong. With broken, sources may be incomplete too.
func mishaps(t *rapid.T, broken bool) *world {
	w := newWorld()
	ids := []string{ec2A, ec2B, tritonA, tritonB}
	ips := []string{"34.200.16.1", "34.200.16.2", "165.225.128.1", "165.225.128.2", "165.225.128.77", "34.200.16.99", "198.51.100.7", "10.0.0.1"}
	anyInstance := func() *providers.Instance { return w.anyone(t) }
	anyRecord := func() *providers.Record { return w.some(t) }
	most := 21
	if broken {
		most = 23
	}
	for range rapid.IntRange(0, 3).Draw(t, "oddities") {
		oddities[rapid.IntRange(0, len(oddities)-1).Draw(t, "oddity")](w, t)
	}
	for range rapid.IntRange(1, 6).Draw(t, "mishaps") {
		switch rapid.IntRange(0, most).Draw(t, "mishap") {
		case 0, 1:
			if i := anyInstance(); i != nil {
				w.remove(i.ID, rapid.Bool().Draw(t, "gone"))
			}
		case 2:
			if i := anyInstance(); i != nil {
				i.State = rapid.SampledFrom(randomStates).Draw(t, "state")
			}
		case 3:
			if i := anyInstance(); i != nil {
				i.PublicIPs = []netip.Addr{addr(rapid.SampledFrom(ips).Draw(t, "ip"))}
			}
		case 4:
			if r := anyRecord(); r != nil {
				w.drop(r.Name, r.Type, r.Value)
			}
		case 5:
			w.made++
			w.addRecord(providers.Record{Zone: cfZone, Name: "x.scalability.expert", Type: "A", Value: rapid.SampledFrom(ips).Draw(t, "ip"), TTL: 60, ID: fmt.Sprint("x", w.made)})
		case 6:
			if r := anyRecord(); r != nil && len(r.Owners) > 0 {
				r.Owners = slices.Clone(r.Owners)
				switch rapid.IntRange(0, 4).Draw(t, "marker") {
				case 0:
					r.Owners[0].Fleet = "other"
				case 1:
					r.Owners = append(r.Owners, owner(keyEast, rapid.SampledFrom(ids).Draw(t, "id")))
				case 2:
					r.Owners[0].Quiesced = true
				case 3:
					r.Owners[0].Registered = testNow.Add(-time.Minute)
				default:
					r.BadMarkers = []string{"rollcall9"}
				}
			}
		case 7:
			w.cloud("aws-use1").Addresses = append(w.cloud("aws-use1").Addresses, providers.Address{
				Cloud: "aws-use1", Key: keyUse1, IP: addr(rapid.SampledFrom(ips).Draw(t, "ip")), Kind: rapid.SampledFrom([]providers.AddressKind{providers.AddressElastic, providers.AddressInterface}).Draw(t, "kind"),
				ID: fmt.Sprint("a", len(w.cloud("aws-use1").Addresses)), Instance: rapid.SampledFrom([]string{"", ec2A, ec2B}).Draw(t, "attached"),
			})
		case 8:
			w.opts.Allow = append(w.opts.Allow, netip.PrefixFrom(addr(rapid.SampledFrom(ips).Draw(t, "ip")), 32))
		case 9:
			id := rapid.SampledFrom(ids).Draw(t, "id")
			c := rapid.SampledFrom([]string{"aws-use1", "joyent-east"}).Draw(t, "cloud")
			w.cloud(c).Lookups[id] = providers.Lookup{ID: id, Asked: testRead, Err: errors.New("no answer")}
		case 10:
			w.opts.Fleet = rapid.SampledFrom([]string{"", testFlt}).Draw(t, "fleet")
		case 11:
			w.opts.Services[0].IPv6 = true
		case 12:
			if r := anyRecord(); r != nil {
				w.lose(r.Name, r.Type, r.Value) // its marker stays behind
			}
		case 13:
			s := &w.opts.Services[rapid.IntRange(0, 1).Draw(t, "service")]
			s.Minimum, s.Priority, s.Weight = rapid.IntRange(0, 3).Draw(t, "minimum"), uint16(rapid.IntRange(0, 20).Draw(t, "priority")), new(uint16(rapid.IntRange(0, 20).Draw(t, "weight")))
			s.TTL = uint32(rapid.SampledFrom([]int{0, 30, 60, 300}).Draw(t, "ttl"))
			s.Clouds = rapid.SampledFrom([][]string{nil, {"aws-use1"}, {"aws-use1", "joyent-east"}}).Draw(t, "clouds")
			s.Proxied = rapid.SampledFrom([]*bool{nil, new(bool), yes()}).Draw(t, "proxied")
		case 14:
			if r := anyRecord(); r != nil && r.Zone == cfZone && !r.IsMarker() {
				r.TTL = uint32(rapid.SampledFrom([]int{30, 60, 300}).Draw(t, "ttl"))
				if r.Proxied = (r.Type == "A" || r.Type == "AAAA") && rapid.Bool().Draw(t, "proxied"); r.Proxied {
					r.TTL, r.AutoTTL = 300, true
				}
			}
		case 15:
			if r := anyRecord(); r != nil && r.Zone == cfZone {
				twin := *r
				w.made++
				twin.ID, twin.Owners = fmt.Sprint("twin", w.made), slices.Clone(r.Owners)
				if len(twin.Owners) > 0 && rapid.Bool().Draw(t, "younger") {
					twin.Owners[0].Registered = twin.Owners[0].Registered.Add(time.Hour)
				}
				w.addRecord(twin)
			}
		case 16:
			if r := anyRecord(); r != nil && r.Zone == cfZone && r.Type == "A" && len(r.Owners) == 1 {
				r.Value = rapid.SampledFrom([]string{"10.0.0.1", "192.168.7.7", "100.64.0.9", "127.0.0.1"}).Draw(t, "private")
			}
		case 17:
			w.addRecord(quiescedMark(rapid.SampledFrom([]providers.CloudKey{keyUse1, keyEast}).Draw(t, "key"), rapid.SampledFrom(ids).Draw(t, "id"), rapid.SampledFrom(ips).Draw(t, "ip")))
		case 18:
			w.on(wwwName, "A", rapid.SampledFrom([]index.WireVerdict{index.WireInSync, index.WireCached, index.WirePropagating, index.WireSplit, index.WireBroken, index.WireUnreachable, index.WireLame}).Draw(t, "verdict"), func(s *index.WireState) {
				s.Since = testNow.Add(-time.Duration(rapid.IntRange(0, 300).Draw(t, "since")) * time.Second)
			})
		case 19:
			w.opts.Health = append(w.opts.Health, index.HealthState{Service: wwwName, Key: rapid.SampledFrom([]providers.CloudKey{keyUse1, keyEast}).Draw(t, "key"), ID: rapid.SampledFrom(ids).Draw(t, "id"), Failed: rapid.IntRange(0, 3).Draw(t, "failed"), Of: 3, At: testRead})
		case 20:
			host := rapid.SampledFrom([]string{"sd-01.unilans.net", "nowhere.unilans.net", "x.scalability.expert"}).Draw(t, "host")
			w.addRecord(providers.Record{Zone: r53Zone, Name: rapid.SampledFrom([]string{"web._http._tcp.unilans.net", v1Name}).Draw(t, "name"), Type: "SRV", TTL: 30, Value: "0 0 80 " + host})
		case 21:
			w.zone(rapid.SampledFrom([]string{cfZone, r53Zone}).Draw(t, "zone")).Zone.Traits.Quota = rapid.IntRange(1, 20).Draw(t, "limit")
		case 22:
			c := &w.snap.Clouds[rapid.IntRange(0, 1).Draw(t, "cloud")]
			c.Coverage = rapid.SampledFrom(badCoverages(c.Coverage.Key)).Draw(t, "coverage")
		default:
			z := &w.snap.Zones[rapid.IntRange(0, 1).Draw(t, "zone")]
			z.Coverage = rapid.SampledFrom(badCoverages("")).Draw(t, "coverage")
		}
	}
	w.settle()
	if rapid.Bool().Draw(t, "seen before") {
		w.scanned(time.Minute)
	}
	return w
}

func yes() *bool {
	b := true
	return &b
}

func badCoverages(key providers.CloudKey) []providers.Coverage {
	stale := complete(key)
	stale.Started = testNow.Add(-time.Hour)
	partial := complete(key)
	partial.State, partial.Err = providers.CoveragePartial, errors.New("page 2 failed")
	return []providers.Coverage{stale, partial, providers.Failed(testRead, testRead, errors.New("down")), {}}
}

// full writes findings with all that an operator sees.
func full(v *dnsview.View) string {
	var b strings.Builder
	for i, s := range short(v) {
		f := &v.Findings[i]
		fmt.Fprintf(&b, "%s | %s | %s | %v | %v | %s %s\n", s, f.Reason, f.Address, f.Evidence, f.RestsOn, f.Cloud, f.Key())
	}
	return b.String()
}

func TestNoOrderOfRowsOrSourcesChangesTheFindings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := randomWorld(t)
		want := full(w.view())
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		shuffle := func(n int, swap func(i, j int)) { rng.Shuffle(n, swap) }
		for c := range w.snap.Clouds {
			cv := &w.snap.Clouds[c]
			cv.Instances, cv.Addresses = slices.Clone(cv.Instances), slices.Clone(cv.Addresses)
			shuffle(len(cv.Instances), func(i, j int) { cv.Instances[i], cv.Instances[j] = cv.Instances[j], cv.Instances[i] })
			shuffle(len(cv.Addresses), func(i, j int) { cv.Addresses[i], cv.Addresses[j] = cv.Addresses[j], cv.Addresses[i] })
		}
		for z := range w.snap.Zones {
			zv := &w.snap.Zones[z]
			zv.Records = slices.Clone(zv.Records)
			shuffle(len(zv.Records), func(i, j int) { zv.Records[i], zv.Records[j] = zv.Records[j], zv.Records[i] })
			for i := range zv.Records {
				o := slices.Clone(zv.Records[i].Owners)
				shuffle(len(o), func(i, j int) { o[i], o[j] = o[j], o[i] })
				zv.Records[i].Owners = o
			}
		}
		shuffle(len(w.snap.Clouds), func(i, j int) { w.snap.Clouds[i], w.snap.Clouds[j] = w.snap.Clouds[j], w.snap.Clouds[i] })
		shuffle(len(w.snap.Zones), func(i, j int) { w.snap.Zones[i], w.snap.Zones[j] = w.snap.Zones[j], w.snap.Zones[i] })
		shuffle(len(w.opts.Wire), func(i, j int) { w.opts.Wire[i], w.opts.Wire[j] = w.opts.Wire[j], w.opts.Wire[i] })
		shuffle(len(w.opts.Health), func(i, j int) { w.opts.Health[i], w.opts.Health[j] = w.opts.Health[j], w.opts.Health[i] })
		if got := full(w.view()); got != want {
			t.Fatalf("before:\n%s\nafter:\n%s", want, got)
		}
	})
}

func TestNoIncompleteSourceYieldsAFindingThatAllowsADelete(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := randomWorld(t)
		c := rapid.IntRange(0, 2).Draw(t, "source")
		broken := ""
		if c < 2 {
			w.snap.Clouds[c].Coverage = rapid.SampledFrom(badCoverages(w.snap.Clouds[c].Coverage.Key)).Draw(t, "coverage")
		} else {
			z := &w.snap.Zones[rapid.IntRange(0, 1).Draw(t, "zone")]
			z.Coverage = rapid.SampledFrom(badCoverages("")).Draw(t, "coverage")
			broken = z.Zone.Name
		}
		v := w.view()
		if v.Complete() {
			t.Fatal("the view says that it is complete")
		}
		for i := range v.Findings {
			f := &v.Findings[i]
			p := plan.ForFindings(v, f)
			if slices.ContainsFunc(p.Steps, func(s plan.Step) bool {
				return s.Change != nil && s.Change.Op == providers.OpDelete && (broken == "" || s.Zone == broken)
			}) {
				t.Fatalf("%s: %s: %v", f.Class, f.Reason, sentences(p))
			}
			if broken != "" && f.Zone != broken {
				continue
			}
			if f.Remedy == dnsview.RemedyDelete || f.Remedy == dnsview.RemedyQuiesce || f.Remedy == dnsview.RemedyDedupe || f.OneKey || f.Certain() && (f.Class == dnsview.Dead || f.Class == dnsview.Dangling) {
				t.Fatalf("%s: %s", f.Class, f.Reason)
			}
		}
		if p := plan.DeregisterDead(v); slices.ContainsFunc(p.Steps, func(s plan.Step) bool { return broken == "" || s.Zone == broken }) {
			t.Fatalf("plan %+v", p)
		}
	})
}

func TestOnlyAnOwnedEntryOfAGoneInstanceIsEverDead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := randomWorld(t)
		v := w.view()
		for i := range v.Findings {
			f := &v.Findings[i]
			if f.Class != dnsview.Dead && f.Class != dnsview.Dangling {
				continue
			}
			o, ok := f.Record.Owner()
			if !ok || w.opts.Fleet != "" && o.Fleet != w.opts.Fleet {
				t.Fatalf("not ours: %s", f.Reason)
			}
			inst := v.Instance(o.Cloud, o.Instance)
			l := v.CloudByKey(o.Cloud).Lookups[o.Instance]
			if !(inst != nil && inst.State == providers.StateTerminated || inst == nil && l.Gone) {
				t.Fatalf("not gone: %s", f.Reason)
			}
			if a, ok := f.Record.Addr(); ok {
				for c := range w.snap.Clouds {
					for n := range w.snap.Clouds[c].Instances {
						if i := &w.snap.Clouds[c].Instances[n]; !i.State.Dead() && i.HasAddress(a) {
							t.Fatalf("%s has the address: %s", i.ID, f.Reason)
						}
					}
				}
			}
		}
	})
}

func TestTheWorstFindingsComeFirstAndDanglingBeforeAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := randomWorld(t).view()
		for i := 1; i < len(v.Findings); i++ {
			a, b := &v.Findings[i-1], &v.Findings[i]
			if a.Severity < b.Severity || a.Severity == b.Severity && b.Class == dnsview.Dangling && a.Class != dnsview.Dangling {
				t.Fatalf("%s %s before %s %s", a.Severity, a.Class, b.Severity, b.Class)
			}
		}
		n := 0
		for _, c := range v.Counts() {
			n += c.Count
			if v.Count(c.Class) != c.Count {
				t.Fatalf("count of %s", c.Class)
			}
		}
		if n != len(v.Findings) {
			t.Fatalf("%d counted, %d findings", n, len(v.Findings))
		}
	})
}

// kinds returns what findings say that does not depend on how a value is spelled. What is wrong with a whole set is reported
// of at the first of its values, which another spelling may make another one.
func kinds(v *dnsview.View) []string {
	var out []string
	for i := range v.Findings {
		f := &v.Findings[i]
		s := fmt.Sprintf("%s %s %s %s %t %s %s", f.Class, f.Would, f.Severity, f.Remedy, f.OneKey, f.Service, f.Zone)
		if f.Record != nil {
			s += fmt.Sprintf(" %s %s %s", f.Record.Name, f.Record.Type, f.Record.SetID)
		}
		if f.Instance != nil && f.Class != dnsview.TTL {
			s += " " + f.Instance.ID
		}
		out = append(out, s)
	}
	slices.Sort(out)
	return out
}

func TestNoSpellingOfAValueChangesTheFindings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := randomWorld(t)
		want := kinds(w.view())
		for z := range w.snap.Zones {
			zv := &w.snap.Zones[z]
			zv.Records = slices.Clone(zv.Records)
			for i := range zv.Records {
				if r := &zv.Records[i]; !r.IsMarker() {
					r.Value = respelled(r)
				}
			}
		}
		if got := kinds(w.view()); !slices.Equal(got, want) {
			t.Fatalf("before:\n%s\nafter:\n%s", strings.Join(want, "\n"), strings.Join(got, "\n"))
		}
	})
}

// The worlds of these properties show every class, for certain and, of those that depend on it, as what an unknown one looks like.
func TestTheMishapsMakeEveryFinding(t *testing.T) {
	worlds := rapid.Custom(randomWorld)
	seen, would := map[dnsview.Class]int{}, map[dnsview.Class]int{}
	for seed := range 3000 {
		v := worlds.Example(seed).view()
		for i := range v.Findings {
			seen[v.Findings[i].Class]++
			would[v.Findings[i].Would]++
		}
	}
	for _, c := range dnsview.Classes() {
		if seen[c] == 0 {
			t.Errorf("no world of 3000 has a finding of class %s", c)
		}
	}
	for _, c := range []dnsview.Class{dnsview.Dead, dnsview.Dangling, dnsview.Reused, dnsview.Stopped, dnsview.Moved, dnsview.Missing, dnsview.Half, dnsview.Foreign, dnsview.OrphanMarker, dnsview.SRVNoAddress, dnsview.PTRNoSRV, dnsview.SRVNoPTR, dnsview.SRVNoTXT, dnsview.TypeNotListed, dnsview.Wire, dnsview.Thin, dnsview.OneCloud} {
		if would[c] == 0 {
			t.Errorf("no world of 3000 has something unknown that looks %s", c)
		}
	}
	t.Logf("%v, unknown %v", seen, would)
}
