package plan_test

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/dnssd"
	"rollcall/dnsview/guard"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
)

func TestAJoinMakesTheHostAndItsSRVValueAndKeepsPTRAndTXT(t *testing.T) {
	for _, p := range []providers.Provider{providers.Route53, providers.Cloudflare} {
		z := zoneWith(p, announced()...)
		m, err := plan.Join(z, web1(t))
		wantSteps(t, m, err, "create web1.unilans.net A 192.0.2.7", "create "+v1+" SRV 10 20 4218 web1.unilans.net")
		for _, s := range m.Plan.Steps {
			o, ok := s.Change.After.Owner()
			if !ok || o.Instance != "host:web1" || o.Fleet != "f1" || !o.Registered.Equal(noon) {
				t.Errorf("%s: the owner of %s is %+v", p, s.Sentence, o)
			}
			if comment := s.Change.After.Comment; (comment != "") != (p == providers.Cloudflare) {
				t.Errorf("%s: the comment is %q", p, comment)
			}
		}
	}
}

func TestAJoinOfANewIncarnationAnnouncesIt(t *testing.T) {
	m, err := plan.Join(zoneWith(providers.Route53), web1(t))
	wantSteps(t, m, err, "create web1.unilans.net A 192.0.2.7", "create "+v1+" SRV 10 20 4218 web1.unilans.net",
		"create "+v1+` TXT "txtvers=1"`, "create "+typeName+" PTR "+v1, "create "+allTypes+" PTR "+typeName)
}

func TestAJoinThatWasMadeAlreadyChangesNothing(t *testing.T) {
	z := zoneWith(providers.Route53, announced()...)
	z.Records = append(z.Records, hostOf(&z, "web1", "192.0.2.7", "10 20 4218 web1.unilans.net")...)
	m, err := plan.Join(z, web1(t))
	wantSteps(t, m, err)
}

func TestAJoinWithOtherValuesChangesThoseOfTheHostInPlace(t *testing.T) {
	z := zoneWith(providers.Route53, announced()...)
	z.Records = append(z.Records, hostOf(&z, "web1", "192.0.2.6", "10 20 80 web1.unilans.net")...)
	m, err := plan.Join(z, web1(t))
	wantSteps(t, m, err, "update web1.unilans.net A 192.0.2.6 -> 192.0.2.7", "update "+v1+" SRV 10 20 80 web1.unilans.net -> 10 20 4218 web1.unilans.net")
	for _, s := range m.Plan.Steps {
		if o, ok := s.Change.After.Owner(); !ok || !o.Owns(s.Change.After.Type, s.Change.After.Value) {
			t.Errorf("the marker does not move with the value: %+v", o)
		}
	}
}

func TestWhatStandsInTheWayOfAJoinIsNotTouched(t *testing.T) {
	instance := providers.Owner{Fleet: "f1", Cloud: "0123456789", Instance: "i-1", Registered: noon}
	owned := func(r providers.Record) providers.Record {
		r.Owners = []providers.Owner{instance.For(r.Type, r.Value)}
		return r
	}
	for text, r := range map[string]providers.Record{
		"leads to 198.51.100.1 already, which has no owner marker": row("web1.unilans.net", "A", "198.51.100.1"),
		"leads to 198.51.100.1 already, which belongs to i-1":      owned(row("web1.unilans.net", "A", "198.51.100.1")),
		"must not be one (RFC 2782)":                               row("web1.unilans.net", "CNAME", "elsewhere.example.com"),
		"is there already, and belongs to i-1":                     owned(row(v1, "SRV", "0 5 4218 web1.unilans.net")),
		"is an alias of":                                           row(v1, "CNAME", "x.example.com"),
		"not available (RFC 2782)":                                 row(v1, "SRV", "0 0 0 ."),
	} {
		_, err := plan.Join(zoneWith(providers.Route53, append(announced(), r)...), web1(t))
		wantRefusal(t, err, providers.KindConflict, text)
	}
}

func TestAHostWhoseNameIsThereAlreadyKeepsIt(t *testing.T) {
	z := zoneWith(providers.Route53, append(announced(), row("web1.unilans.net", "A", "192.0.2.7"))...)
	m, err := plan.Join(z, web1(t))
	wantSteps(t, m, err, "create "+v1+" SRV 10 20 4218 web1.unilans.net")
	if !strings.Contains(strings.Join(m.Notes, "\n"), "also when the host leaves") {
		t.Errorf("notes %v", m.Notes)
	}
	z.Records = append(z.Records, hostOf(&z, "web1", "192.0.2.7", "10 20 4218 web1.unilans.net")[1])
	m, err = plan.Leave(z, web1(t))
	wantSteps(t, m, err, "delete "+v1+" SRV 10 20 4218 web1.unilans.net")
}

func TestAQuiescedHostDoesNotComeBackByItself(t *testing.T) {
	z := zoneWith(providers.Route53)
	o := z.HostOwner("web1")
	o.Quiesced = true
	text, err := o.For("SRV", "10 20 4218 web1.unilans.net").Encode()
	if err != nil {
		t.Fatal(err)
	}
	z = zoneWith(providers.Route53, append(announced(), row(providers.MarkerName("host:web1", v1), "TXT", `"`+text+`"`))...)
	_, err = plan.Join(z, web1(t))
	wantRefusal(t, err, providers.KindConflict, "on purpose")
	m, err := plan.Leave(z, web1(t))
	wantSteps(t, m, err, "delete "+providers.MarkerName("host:web1", v1)+` TXT "`+text+`"`)
}

func TestALeaveTakesTheSRVValueBeforeTheName(t *testing.T) {
	z := zoneWith(providers.Route53, announced()...)
	z.Records = append(z.Records, hostOf(&z, "web1", "192.0.2.7", "10 20 4218 web1.unilans.net")...)
	z.Records = append(z.Records, hostOf(&z, "web2", "192.0.2.8", "10 20 4218 web2.unilans.net")...)
	m, err := plan.Leave(z, web1(t))
	wantSteps(t, m, err, "delete "+v1+" SRV 10 20 4218 web1.unilans.net", "delete web1.unilans.net A 192.0.2.7")
	if steps := m.Plan.Steps; !slices.Equal(steps[1].Needs, []int{steps[0].ID}) {
		t.Errorf("the name needs %v", steps[1].Needs)
	}
	m, err = plan.Leave(zoneWith(providers.Route53, announced()...), web1(t))
	wantSteps(t, m, err)
}

func TestALeaveKeepsTheNameThatAnotherIncarnationLeadsTo(t *testing.T) {
	z := zoneWith(providers.Route53, announced()...)
	z.Records = append(z.Records, hostOf(&z, "web1", "192.0.2.7", "10 20 4218 web1.unilans.net")...)
	z.Records = append(z.Records, row(v2, "SRV", "10 20 4219 web1.unilans.net"))
	m, err := plan.Leave(z, web1(t))
	wantSteps(t, m, err, "delete "+v1+" SRV 10 20 4218 web1.unilans.net")
	if !strings.Contains(strings.Join(m.Notes, "\n"), v2+" leads there too") {
		t.Errorf("notes %v", m.Notes)
	}
}

func TestALeaveLeavesAloneWhatTheHostDoesNotOwn(t *testing.T) {
	z := zoneWith(providers.Route53, append(announced(), row(v1, "SRV", "10 20 4218 web1.unilans.net"), row("web1.unilans.net", "A", "192.0.2.7"))...)
	m, err := plan.Leave(z, web1(t))
	wantSteps(t, m, err)
	if len(m.Plan.Skipped) != 1 || !strings.Contains(m.Plan.Skipped[0], "has no owner marker") {
		t.Errorf("skipped %v", m.Plan.Skipped)
	}
}

func TestBadValuesOfANodeAreRefusedBeforeAnythingIsPlanned(t *testing.T) {
	z := zoneWith(providers.Route53, announced()...)
	for text, change := range map[string]func(*plan.Node){
		"the port 0":                   func(n *plan.Node) { n.Port = 0 },
		"no address":                   func(n *plan.Node) { n.Addresses = nil },
		"0.0.0.0 is no address":        func(n *plan.Node) { n.Addresses = []netip.Addr{netip.IPv4Unspecified()} },
		"does not lie in unilans.net":  func(n *plan.Node) { n.Host = "web1.example.com" },
		"64 bytes, and 63 is the most": func(n *plan.Node) { n.Host = strings.Repeat("x", 64) },
		"no room for its owner marker": func(n *plan.Node) { n.Host = strings.Repeat("x", 60) },
		"is no service instance":       func(n *plan.Node) { n.Service = n.Service.Type() },
		"does not lie in the zone":     func(n *plan.Node) { n.Service.Domain = "example.com" },
		`cannot hold "="`:              func(n *plan.Node) { n.TXT = dnssd.TXT{{Key: "a=b"}} },
		"owner marker: 1":              func(n *plan.Node) { n.Host = strings.Repeat("abcdefghi.", 5) + "x.unilans.net" },
	} {
		n := web1(t)
		change(&n)
		_, err := plan.Join(z, n)
		wantRefusal(t, err, providers.KindInvalid, text)
	}
}

func TestAJoinIntoAFullSetIsRefusedBeforeTheCall(t *testing.T) {
	z := zoneWith(providers.Route53, announced()...)
	for _, r := range srvSet(400, "") {
		r.Name = v1
		z.Records = append(z.Records, *r)
	}
	_, err := plan.Join(z, web1(t))
	wantRefusal(t, err, providers.KindLimit, "no more nodes fit")
}

func TestAHostJoinsAndLeavesARoundRobinName(t *testing.T) {
	n := plan.Node{RoundRobin: "www.unilans.net", Host: "web1", Addresses: []netip.Addr{netip.MustParseAddr("192.0.2.7"), netip.MustParseAddr("2001:db8::7")}}
	z := zoneWith(providers.Route53, row("www.unilans.net", "A", "192.0.2.1"))
	m, err := plan.Join(z, n)
	wantSteps(t, m, err, "create www.unilans.net A 192.0.2.7", "create www.unilans.net AAAA 2001:db8::7")
	mine := m.Plan.Steps[0].Change.After
	z.Records = append(z.Records, mine)
	m, err = plan.Leave(z, n)
	wantSteps(t, m, err, "delete www.unilans.net A 192.0.2.7")
	n.Host = "web2"
	_, err = plan.Join(z, n)
	wantRefusal(t, err, providers.KindConflict, "belongs to the host web1")
}

func TestAnIncarnationIsCreatedOnceAndRetiredWithItsTypeWhenItIsTheLast(t *testing.T) {
	d := plan.Declaration{Name: name(t, v1), TXT: dnssd.TXT{{Key: "txtvers", Value: "1", HasValue: true}}, Subtypes: []string{"_beta"}}
	z := zoneWith(providers.Route53)
	m, err := plan.Create(z, d)
	wantSteps(t, m, err, "create "+v1+` TXT "txtvers=1"`, "create "+typeName+" PTR "+v1, "create _beta._sub."+typeName+" PTR "+v1, "create "+allTypes+" PTR "+typeName)
	for _, s := range m.Plan.Steps {
		z.Records = append(z.Records, s.Change.After)
	}
	m, err = plan.Create(z, d)
	wantSteps(t, m, err)
	d.TXT = dnssd.TXT{{Key: "txtvers", Value: "2", HasValue: true}}
	_, err = plan.Create(z, d)
	wantRefusal(t, err, providers.KindConflict, "already")

	m, err = plan.Retire(z, name(t, v1))
	wantSteps(t, m, err, "delete "+typeName+" PTR "+v1, "delete _beta._sub."+typeName+" PTR "+v1, "delete "+allTypes+" PTR "+typeName, "delete "+v1+` TXT "txtvers=1"`)
	m, err = plan.Retire(zoneWith(providers.Route53, announced()...), name(t, v1))
	wantSteps(t, m, err, "delete "+typeName+" PTR "+v1, "delete "+v1+` TXT "txtvers=1"`)
}

func TestSubtypesThatAreNoneAndNamesThatAreAliasesAreRefused(t *testing.T) {
	z := zoneWith(providers.Route53, row("_alias._sub."+typeName, "CNAME", "other.unilans.net"))
	for want, subtypes := range map[string][]string{
		"a subtype is empty": {""},
		"64 bytes":           {strings.Repeat("x", 64)},
		"is given twice":     {"_printer", "_Printer"},
		"control character":  {"a\x07"},
	} {
		_, err := plan.Create(z, plan.Declaration{Name: name(t, v2), Subtypes: subtypes})
		wantRefusal(t, err, providers.KindInvalid, want)
	}
	_, err := plan.Create(z, plan.Declaration{Name: name(t, v2), Subtypes: []string{"_alias"}})
	wantRefusal(t, err, providers.KindConflict, "is an alias of other.unilans.net")
}

func TestWhoeverAnnouncesABigTXTRecordIsWarnedOnCreateAndOnJoin(t *testing.T) {
	big := dnssd.TXT{{Key: "k", Value: strings.Repeat("x", 200), HasValue: true}}
	created, err := plan.Create(zoneWith(providers.Route53), plan.Declaration{Name: name(t, v1), TXT: big})
	if err != nil {
		t.Fatal(err)
	}
	node := web1(t)
	node.TXT = big
	joined, err := plan.Join(zoneWith(providers.Route53), node)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []plan.Planned{created, joined} {
		if notes := strings.Join(m.Notes, "\n"); strings.Count(notes, "200 or less is what clients expect") != 1 {
			t.Errorf("%s: notes %q", m.Plan.Title, notes)
		}
	}
}

func TestAnIncarnationWithNodesIsNotRetired(t *testing.T) {
	z := zoneWith(providers.Route53, append(announced(), row(v1, "SRV", "10 20 4218 web1.unilans.net"))...)
	_, err := plan.Retire(z, name(t, v1))
	wantRefusal(t, err, providers.KindConflict, "still has 1 node")
	_, err = plan.Retire(z, name(t, "v9."+typeName))
	wantRefusal(t, err, providers.KindConflict, "there is no incarnation")
}

func TestTheGuardsOfARetireSeeANodeThatThePlanDidNot(t *testing.T) {
	before := zoneWith(providers.Route53, announced()...)
	m, err := plan.Retire(before, name(t, v1))
	if err != nil {
		t.Fatal(err)
	}
	now := zoneWith(providers.Route53, append(announced(), row(v1, "SRV", "10 20 4218 web1.unilans.net"))...)
	for _, c := range []struct {
		records []providers.Record
		state   providers.CoverageState
		pass    bool
	}{{before.Records, providers.CoverageComplete, true}, {before.Records, providers.CoveragePartial, false}, {now.Records, providers.CoverageComplete, false}} {
		view := dnsview.Inspect(&providers.Snapshot{Taken: noon, Zones: []providers.ZoneView{{
			Zone: now.Zone, Records: c.records, Coverage: providers.Coverage{State: c.state, Started: noon, Finished: noon},
		}}}, index.Options{Fleet: "f1", Now: noon})
		for _, s := range m.Plan.Steps {
			e := &guard.Evidence{Now: noon, Fleet: "f1", Verb: m.Plan.Verb, View: view, Change: s.Change, Found: []providers.Record{s.Change.Before}, Reread: true}
			pass := true
			for _, g := range guard.Check(e) {
				pass = pass && g.Pass
			}
			if pass != c.pass {
				t.Errorf("%s with %s coverage: pass is %t: %+v", s.Sentence, c.state, pass, guard.Check(e))
			}
		}
	}
}

func TestOnlyAHostsOwnWishPassesWithoutACloud(t *testing.T) {
	z := zoneWith(providers.Route53)
	host := hostOf(&z, "web1", "192.0.2.7", "10 20 4218 web1.unilans.net")[1]
	node := host
	node.Owners = []providers.Owner{providers.Owner{Fleet: "f1", Cloud: "0123456789", Instance: "i-1", Registered: noon}.For("SRV", host.Value)}
	foreign := host
	foreign.Owners = []providers.Owner{func() providers.Owner { o := host.Owners[0]; o.Fleet = "f2"; return o }()}
	view := dnsview.Inspect(&providers.Snapshot{Taken: noon}, index.Options{Fleet: "f1", Now: noon})
	for _, c := range []struct {
		verb index.Verb
		r    providers.Record
		pass bool
	}{
		{index.VerbLeave, host, true},
		{index.VerbJoin, host, true},
		{index.VerbLeave, node, false},
		{index.VerbLeave, foreign, false},
		{index.VerbDeregister, host, false},
		{index.VerbQuiesce, host, false},
		{index.VerbRetire, host, false},
	} {
		e := &guard.Evidence{Now: noon, Fleet: "f1", Verb: c.verb, View: view, Change: &providers.Change{Op: providers.OpDelete, Before: c.r}, Found: []providers.Record{c.r}, Reread: true}
		pass := true
		for _, g := range guard.Check(e) {
			pass = pass && g.Pass
		}
		if pass != c.pass {
			t.Errorf("%s of a value of %s: pass is %t: %+v", c.verb, c.r.Owners[0].Instance, pass, guard.Check(e))
		}
	}
}

func TestAnotherWeightKeepsTheMarker(t *testing.T) {
	z := zoneWith(providers.Route53, announced()...)
	z.Records = append(z.Records, hostOf(&z, "web1", "192.0.2.7", "10 20 4218 web1.unilans.net")...)
	weight := uint16(0)
	rows := []providers.Record{z.Records[len(z.Records)-1], row(v1, "SRV", "1 1 1 x.unilans.net")}
	m, err := plan.Balance(z, rows, nil, &weight)
	wantSteps(t, m, err, "update "+v1+" SRV 10 20 4218 web1.unilans.net -> 10 0 4218 web1.unilans.net")
	after := m.Plan.Steps[0].Change.After
	if o, ok := after.Owner(); !ok || !o.Owns("SRV", after.Value) || o.Instance != "host:web1" || len(m.Plan.Skipped) != 1 {
		t.Errorf("owner %+v, skipped %v", o, m.Plan.Skipped)
	}
}

func TestAWeightedSetHasAWeightUpTo255AndNoPriority(t *testing.T) {
	z := zoneWith(providers.Route53)
	o := providers.Owner{Fleet: "f1", Cloud: "0123456789", Instance: "i-1", Registered: noon}
	r := providers.Record{Zone: zoneName, Name: "api.unilans.net", Type: "A", TTL: 60, Value: "192.0.2.7", SetID: "one", Policy: "weighted", Weight: 10, Owners: []providers.Owner{o.For("A", "192.0.2.7")}}
	none, many := uint16(0), uint16(256)
	m, err := plan.Balance(z, []providers.Record{r}, nil, &none)
	if err != nil || len(m.Plan.Steps) != 1 {
		t.Fatalf("%v %v", m, err)
	}
	if s := m.Plan.Steps[0]; s.Change.After.Weight != 0 || s.Change.After.Value != r.Value || s.Change.Before.Weight != 10 || s.Sentence != "Change api.unilans.net A 192.0.2.7 to weight 0" {
		t.Errorf("%+v", s)
	}
	for want, c := range map[string]struct{ priority, weight *uint16 }{"is 255 at most": {nil, &many}, "and no priority": {&none, &none}} {
		if _, err := plan.Balance(z, []providers.Record{r}, c.priority, c.weight); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	r.Policy, r.SetID = "", ""
	if _, err := plan.Balance(z, []providers.Record{r}, nil, &none); err == nil || !strings.Contains(err.Error(), "has no priority and no weight") {
		t.Errorf("a plain address: %v", err)
	}
}

// liar answers every lookup with nothing, and lists what there is.
type liar struct{ rows []providers.Record }

func (l liar) Lookup(context.Context, providers.Zone, string, string) ([]providers.Record, error) {
	return nil, nil
}

func (l liar) Records(_ context.Context, _ providers.Zone, page func([]providers.Record)) providers.Coverage {
	page(l.rows)
	return providers.Coverage{State: providers.CoverageComplete}
}

func TestAHostIsNotToldThatItHasLeftBecauseALookupFoundNothing(t *testing.T) {
	z := plan.Zone{Zone: providers.Zone{Name: "unilans.net"}, Fleet: "f1", Now: time.Unix(1_800_000_000, 0)}
	n := plan.Node{RoundRobin: "pool.unilans.net", Host: "h1", Addresses: []netip.Addr{netip.MustParseAddr("198.51.100.1")}}
	there := providers.Record{Zone: "unilans.net", Name: "pool.unilans.net", Type: "A", Value: "198.51.100.1", Owners: []providers.Owner{z.HostOwner("h1")}}
	other := providers.Record{Zone: "unilans.net", Name: "unilans.net", Type: "SOA", Value: "ns. host. 1 2 3 4 5"}
	for what, c := range map[string]struct {
		rows []providers.Record
		want string
	}{
		"it is there":            {[]providers.Record{other, there}, "the list of unilans.net shows pool.unilans.net A 198.51.100.1"},
		"there is nothing":       {nil, "unilans.net shows no record at all"},
		"it has left in earnest": {[]providers.Record{other}, ""},
	} {
		zone := z
		err := zone.ReadForLeave(t.Context(), liar{c.rows}, n)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
