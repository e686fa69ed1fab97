package dnsview_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/dnsview/guard"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
)

// on says what the name servers make of a name of the small world.
func (w *world) on(name, typ string, s index.WireVerdict, change func(*index.WireState)) {
	st := &index.WireState{Name: name, Type: typ, State: s, At: testRead, Since: testRead}
	for z := range w.snap.Zones {
		for _, r := range w.snap.Zones[z].Records {
			if r.Name == name && r.Type == typ {
				st.Zone, st.Want = r.Zone, append(st.Want, r.Value)
			}
		}
	}
	st.Answers = []index.WireAnswer{{Server: "ns1.example.net", Values: []string{"198.51.100.1"}, At: testRead}, {Server: "ns2.example.net", Values: st.Want, Agrees: true, At: testRead}}
	if change != nil {
		change(st)
	}
	w.opts.Wire = append(w.opts.Wire, st)
}

func TestWhatNameServersSay(t *testing.T) {
	old := func(s *index.WireState) { s.Since = testNow.Add(-5 * time.Minute) }
	resolver := func(s *index.WireState) {
		s.Answers = []index.WireAnswer{{Server: "9.9.9.9", Resolver: true, Values: []string{"198.51.100.1"}, TTL: 45, At: testRead}}
		s.Until = testNow.Add(40 * time.Second)
	}
	checkCases(t, []findingCase{
		{"servers that say what the API says", func(w *world) { w.on(wwwName, "A", index.WireInSync, nil) }, nil, ""},
		{"servers that do not show a change yet", func(w *world) { w.on(wwwName, "A", index.WirePropagating, nil) }, []string{"in-flight info " + wwwTriton}, "do not show yet"},
		{"servers that do not show a change for long", func(w *world) { w.on(wwwName, "A", index.WirePropagating, old) }, []string{"wire high " + wwwTriton}, "for 5 min now"},
		{"how long is long is for the operator to say", func(w *world) { w.on(wwwName, "A", index.WirePropagating, old); w.opts.WireGrace = 10 * time.Minute }, []string{"in-flight info " + wwwTriton}, ""},
		{"servers that were asked about other values than the zone has now", func(w *world) {
			w.on(wwwName, "A", index.WirePropagating, func(s *index.WireState) { old(s); s.Want = []string{"198.51.100.9"} })
		}, nil, ""},
		{"servers that were asked about the same values, spelled differently", func(w *world) {
			w.on(v1Name, "SRV", index.WirePropagating, func(s *index.WireState) {
				old(s)
				for i := range s.Want {
					s.Want[i] = strings.ToUpper(s.Want[i]) + "."
				}
			})
		}, []string{"wire high " + sdSRVEC2}, ""},
		{"servers that were asked long ago", func(w *world) {
			w.on(wwwName, "A", index.WirePropagating, func(s *index.WireState) { old(s); s.At = testNow.Add(-11 * time.Minute) })
		}, nil, ""},
		{"servers that answer what the zone has no more", func(w *world) {
			w.on("gone."+cfZone, "A", index.WirePropagating, func(s *index.WireState) { old(s); s.Zone = cfZone })
		}, []string{"wire high "}, "gone.scalability.expert A: its name servers answer something else"},
		{"servers that disagree with an API that could not be read anew", func(w *world) { w.on(wwwName, "A", index.WirePropagating, old); w.failZone(cfZone) }, []string{"unknown(wire) info " + wwwTriton}, "could not be read"},
		{"servers that disagree with each other", func(w *world) { w.on(wwwName, "A", index.WireSplit, nil) }, []string{"split medium " + wwwTriton}, "disagree with each other"},
		{"a resolver that still hands out the old answer", func(w *world) { w.on(wwwName, "A", index.WireCached, resolver) }, []string{"cached info " + wwwTriton}, "still hand out the old answer, for 40 s more"},
		{"a resolver that must have forgotten it by now", func(w *world) {
			w.on(wwwName, "A", index.WireCached, func(s *index.WireState) { resolver(s); s.Until = testNow })
		}, nil, ""},
		{"a resolver that still remembers that there was nothing", func(w *world) { w.on(wwwName, "A", index.WireNegativeCached, resolver) }, []string{"cached info " + wwwTriton}, "still remember that there was nothing, for 40 s more"},
		{"servers that give no answer", func(w *world) {
			w.on(wwwName, "A", index.WireUnreachable, func(s *index.WireState) { s.Reason = "no name server replies" })
			w.on(v1Name, "SRV", index.WireBroken, func(s *index.WireState) { s.Reason = "SERVFAIL" })
			w.on(v1Name, "TXT", index.WireBroken, func(s *index.WireState) { s.Reason = "SERVFAIL" })
		}, []string{"unknown(wire) info " + wwwTriton, "unknown(wire) info " + sdSRVEC2}, "no name server replies"},
		{"a name that nobody was asked for", func(w *world) { w.on(wwwName, "A", index.WireUnchecked, nil) }, nil, ""},
		{"a zone that is not delegated to its servers", func(w *world) {
			w.opts.WireZones = []index.WireZone{{Zone: cfZone, State: index.WireLame, Reason: "it is delegated to ns.old.example.net", At: testRead}}
		}, []string{"lame high "}, "scalability.expert is lame: it is delegated to ns.old.example.net"},
		{"in a lame zone nothing is said of single names", func(w *world) {
			w.on(wwwName, "A", index.WirePropagating, old)
			w.opts.WireZones = []index.WireZone{{Zone: cfZone, State: index.WireLame, At: testRead}}
		}, []string{"lame high "}, ""},
		{"a zone that two resolvers cannot resolve, for certain", func(w *world) {
			w.on(wwwName, "A", index.WireBroken, func(s *index.WireState) { s.Agree, s.Servers = 2, 2 })
			w.opts.WireZones = []index.WireZone{{Zone: cfZone, State: index.WireInSync, Unresolved: []string{"9.9.9.9:53 answers SERVFAIL", "1.1.1.1:53 answers SERVFAIL"}, Confirmed: true, Facts: []string{"DS: the parent zone holds 1, and no key of the zone matches"}, At: testRead}}
		}, []string{"unresolvable critical "}, "cannot be resolved, though its own servers answer: 9.9.9.9:53 answers SERVFAIL, 1.1.1.1:53 answers SERVFAIL; DS: the parent"},
		{"a zone that resolvers cannot resolve, and not for certain", func(w *world) {
			w.on(wwwName, "A", index.WireNegativeCached, func(s *index.WireState) { s.Agree, s.Servers = 2, 2 })
			w.opts.WireZones = []index.WireZone{{Zone: cfZone, State: index.WireInSync, Unresolved: []string{"9.9.9.9:53 answers SERVFAIL"}, At: testRead}}
		}, []string{"unknown(unresolvable) info "}, "not certain until two resolvers"},
		{"a lapsed zone is lame, and unresolvable above all", func(w *world) {
			w.opts.WireZones = []index.WireZone{{Zone: cfZone, State: index.WireLame, Reason: "its parent zone does not name it", Unresolved: []string{"a answers that there is no such name", "b answers that there is no such name"}, Confirmed: true, Facts: []string{"x"}, At: testRead}}
		}, []string{"unresolvable critical ", "lame high "}, "cannot be resolved"},
		{"a private zone is resolved elsewhere", func(w *world) {
			w.zone(cfZone).Zone.Private = true
			w.record(wwwName, "A", "34.").Value = "10.0.0.1"
			w.opts.WireZones = []index.WireZone{{Zone: cfZone, State: index.WireInSync, Unresolved: []string{"a", "b"}, Confirmed: true, At: testRead}}
		}, nil, ""},
		{"names of which every one is lame make one lame zone", func(w *world) {
			w.on(v1Name, "SRV", index.WireLame, nil)
			w.on(v1Name, "TXT", index.WireLame, nil)
		}, []string{"lame high "}, "unilans.net is lame"},
		{"a zone that its provider says is not delegated yet", func(w *world) { w.zone(cfZone).Zone.Pending = true }, []string{"lame high "}, "not delegated yet"},
		{"a zone whose servers are in sync", func(w *world) {
			w.opts.WireZones = []index.WireZone{{Zone: cfZone, State: index.WireInSync, At: testRead}}
		}, nil, ""},
		{"a zone that was lame long ago", func(w *world) {
			w.opts.WireZones = []index.WireZone{{Zone: cfZone, State: index.WireLame, At: testNow.Add(-time.Hour)}}
		}, nil, ""},
		{"a zone that is not read here", func(w *world) {
			w.opts.WireZones = []index.WireZone{{Zone: "example.net", State: index.WireLame, At: testRead}}
			w.opts.Wire = []*index.WireState{{Zone: "example.net", Name: "x.example.net", Type: "A", State: index.WireSplit, At: testRead}}
		}, nil, ""},
	})
}

func TestTheEvidenceOfAWireFindingNamesTheServersThatDisagree(t *testing.T) {
	w := newWorld()
	w.on(wwwName, "A", index.WirePropagating, func(s *index.WireState) {
		s.Since = testNow.Add(-time.Hour)
		s.Answers = append(s.Answers, index.WireAnswer{Server: "ns3\x1b[31m", Failure: "time\x00out", At: testRead}, index.WireAnswer{Server: "ns4", Values: []string{"1", "2", "3", "4", "5"}})
	})
	f := w.view().Findings[0]
	var said []string
	for _, e := range f.Evidence {
		said = append(said, e.Source+" "+e.Fact)
	}
	want := []string{"ns1.example.net answers 198.51.100.1", "ns3[31m gives no answer: timeout", "ns4 answers 1, 2, 3 and 2 more"}
	if !slices.Equal(said, want) {
		t.Errorf("%q", said)
	}
	if len(f.RestsOn) != 2 || f.RestsOn[1].Source != "name servers of "+cfZone || f.RestsOn[1].Age != testNow.Sub(testRead) {
		t.Errorf("%+v", f.RestsOn)
	}
}

func TestNothingIsWrittenToALameZone(t *testing.T) {
	w := newWorld()
	w.remove(tritonA, true)
	w.remove(tritonB, true)
	w.opts.WireZones = []index.WireZone{{Zone: cfZone, State: index.WireLame, Reason: "it is delegated elsewhere", At: testRead}}
	p := plan.DeregisterDead(w.view())
	if len(p.Steps) != 2 || p.Steps[0].ID != 1 || p.Steps[1].ID != 2 || !slices.Equal(p.Steps[1].Needs, []int{1}) {
		t.Errorf("%+v", p.Steps)
	}
	for _, s := range p.Steps {
		if s.Zone == cfZone {
			t.Errorf("%s", s.Sentence)
		}
	}
	if !strings.Contains(strings.Join(p.Skipped, "\n"), "nothing is written to "+cfZone) {
		t.Errorf("%v", p.Skipped)
	}
	// A node that cannot be taken out of DNS is not terminated either.
	w = newWorld()
	w.opts.WireZones = []index.WireZone{{Zone: cfZone, State: index.WireLame, At: testRead}}
	if p := plan.Drain(w.view(), w.instance(ec2A).Ref()); len(p.Steps) != 0 {
		t.Errorf("%v", sentences(p))
	}
	// What was done there before can be taken back.
	c := providers.Change{Op: providers.OpDelete, Before: *w.record(wwwName, "A", "34.")}
	if p := plan.Undo(w.view(), plan.Done{Entry: "1", Zone: cfZone, Change: &c}); len(p.Steps) != 1 {
		t.Errorf("%+v", p)
	}
}

func TestHealthChecks(t *testing.T) {
	check := func(id string, key providers.CloudKey, failed, of int) func(w *world) {
		return func(w *world) {
			w.opts.Health = append(w.opts.Health, index.HealthState{Service: wwwName, Key: key, ID: id, Failed: failed, Of: of, Error: "connection refused", At: testRead})
		}
	}
	both := func(fs ...func(w *world)) func(w *world) {
		return func(w *world) {
			for _, f := range fs {
				f(w)
			}
		}
	}
	checkCases(t, []findingCase{
		{"a node that fails as often as is declared", both(check(tritonA, keyEast, 3, 5), func(w *world) { w.service(wwwName).Health = index.Health{HTTP: "/", Need: 3, Of: 5} }), []string{"unhealthy medium quiesce " + wwwTriton}, "fails the health check of www.scalability.expert, 3 of the last 5 times: connection refused"},
		{"a node that fails less often", both(check(tritonA, keyEast, 2, 5), func(w *world) { w.service(wwwName).Health = index.Health{HTTP: "/", Need: 3, Of: 5} }), nil, ""},
		{"a node that was not checked often enough yet", both(check(tritonA, keyEast, 1, 1)), nil, ""},
		{"without a declaration two of three count", check(tritonA, keyEast, 2, 3), []string{"unhealthy medium quiesce " + wwwTriton}, ""},
		{"without a declaration one of three does not count", check(tritonA, keyEast, 1, 3), nil, ""},
		{"a check of a service that nobody declares", both(check(tritonA, keyEast, 3, 3), func(w *world) { w.opts.Services = nil }), nil, ""},
		{"a check that is too old", both(check(tritonA, keyEast, 3, 3), func(w *world) { w.opts.Health[0].At = testNow.Add(-time.Hour) }), nil, ""},
		{"a node that nobody is sent to", both(check(tritonA, keyEast, 3, 3), func(w *world) { w.drop(wwwName, "A", "165"); w.instance(tritonA).Tags = nil }), nil, ""},
		{"a node that is missing is not put back while it fails", both(check(tritonA, keyEast, 3, 3), func(w *world) { w.drop(wwwName, "A", "165") }), []string{"missing high www-02"}, "is missing from www.scalability.expert; it fails its health check"},
		{"a node that is missing and was well lately", both(check(tritonA, keyEast, 1, 3), func(w *world) { w.drop(wwwName, "A", "165") }), []string{"missing high register www-02"}, ""},
		{"a node that is quiesced", both(check(tritonA, keyEast, 3, 3), func(w *world) { w.record(wwwName, "A", "165").Owners[0].Quiesced = true }), []string{"quiesced info " + wwwTriton}, ""},
		{"a node that is dead is dead", both(check(tritonA, keyEast, 3, 3), func(w *world) { w.remove(tritonA, true) }), []string{"dead high delete! " + wwwTriton}, ""},
		{"a node whose entry is not marked", both(check(tritonA, keyEast, 3, 3), func(w *world) {
			r := w.record(wwwName, "A", "165")
			r.Owners, r.Comment = nil, ""
		}), []string{"unhealthy medium " + wwwTriton, "unmarked low adopt " + wwwTriton}, "no owner marker"},
		{"a node is not taken out while a cloud is not complete", both(check(tritonA, keyEast, 3, 3), func(w *world) { w.failCloud("aws-use1") }), []string{"unhealthy medium " + wwwTriton}, "while not all is known"},
		{"a host that joined by hand", both(check("host:box", "hand", 3, 3), func(w *world) {
			w.addRecord(cfRecord(wwwName, "198.51.100.5", "hand", "host:box"))
		}), []string{"unhealthy medium quiesce " + wwwName + " A 198.51.100.5"}, "host:box fails"},
	})
}

func TestAnUnhealthyNodeLeavesItsServiceWithAllItsAddresses(t *testing.T) {
	w := newWorld()
	w.instance(tritonA).PublicIPs = append(w.instance(tritonA).PublicIPs, addr("2001:db8::1"))
	w.addRecord(cfRecord(wwwName, "2001:db8::1", keyEast, tritonA))
	other := cfRecord("admin."+cfZone, "165.225.128.1", keyEast, tritonA)
	w.addRecord(other)
	w.opts.Health = []index.HealthState{{Service: wwwName, Key: keyEast, ID: tritonA, Failed: 3, Of: 3, At: testRead}}
	v := w.view()
	p := plan.ForFindings(v, &v.Findings[0])
	var gone []string
	for _, s := range p.Steps {
		if s.Change.Op == providers.OpDelete {
			gone = append(gone, s.Change.Before.Name+" "+s.Change.Before.Value)
		}
	}
	if p.Verb != index.VerbQuiesce || !slices.Equal(gone, []string{wwwName + " 165.225.128.1", wwwName + " 2001:db8::1"}) {
		t.Errorf("%s %v", p.Verb, gone)
	}
}

func TestAMarkerIsRemovedOnlyWhileItMarksNothing(t *testing.T) {
	gone := guard.InstanceAnswer{Asked: true, Key: keyEast, Gone: true}
	for _, c := range []struct {
		name   string
		mess   func(w *world)
		answer guard.InstanceAnswer
		pass   bool
		noEv   bool
		why    string
	}{
		{"it marks nothing", func(w *world) { w.orphan() }, guard.InstanceAnswer{}, true, false, "no record that it marks"},
		{"its record is there again", func(*world) {}, guard.InstanceAnswer{}, false, false, "which is there"},
		{"its zone was not read completely", func(w *world) { w.orphan(); w.failZone(r53Zone) }, guard.InstanceAnswer{}, false, true, "not known"},
		{"it remembers a node that is there", func(w *world) { w.orphan() }, guard.InstanceAnswer{Asked: true, Key: keyEast, Instance: &providers.Instance{ID: tritonB, State: providers.StateStopped}}, false, false, "on purpose"},
		{"it remembers a node that is gone", func(w *world) { w.orphan(); w.remove(tritonB, false) }, gone, true, false, "is gone"},
		{"it remembers a node of which nobody said anything", func(w *world) { w.orphan(); w.remove(tritonB, false) }, guard.InstanceAnswer{}, false, true, "no cloud has said"},
		{"it remembers a node, and another account answered", func(w *world) { w.orphan(); w.remove(tritonB, false) }, guard.InstanceAnswer{Asked: true, Key: keyUse1, Gone: true}, false, true, "no cloud has said"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld()
			m := *w.record(providers.MarkerName(tritonB, "sd-02.unilans.net"), "TXT", "")
			if strings.HasPrefix(c.name, "it remembers") {
				o := owner(keyEast, tritonB).For("A", "165.225.128.2")
				o.Quiesced = true
				text, _ := o.Encode()
				m.Value = providers.FormatTXT([]string{text})
			}
			c.mess(w)
			e := &guard.Evidence{Now: testNow, Fleet: testFlt, Verb: index.VerbDeregister, View: w.view(), Change: &providers.Change{Op: providers.OpDelete, Before: m}, Answer: c.answer}
			g := e.CheckOrphaned()
			if g.Pass != c.pass || g.NoEvidence != c.noEv || !strings.Contains(g.Why, c.why) {
				t.Errorf("%+v", g)
			}
			if numbered := slices.DeleteFunc(guard.Check(e), func(g index.GuardResult) bool { return g.Guard == index.GuardWritable }); len(numbered) != 5 {
				t.Errorf("%d guards", len(numbered))
			}
		})
	}
}

func TestOnlyTheRemovalOfAQuiescedMarkerAsksAboutItsInstance(t *testing.T) {
	q := quiescedMark(keyEast, tritonA, "165.225.128.1")
	w := newWorld()
	m := *w.record(providers.MarkerName(tritonB, "sd-02.unilans.net"), "TXT", "")
	for _, c := range []struct {
		verb   index.Verb
		change providers.Change
		want   string
	}{
		{index.VerbDeregister, providers.Change{Op: providers.OpDelete, Before: q}, tritonA},
		{index.VerbReturn, providers.Change{Op: providers.OpDelete, Before: q}, ""},
		{index.VerbDeregister, providers.Change{Op: providers.OpDelete, Before: m}, ""},
		{index.VerbDeregister, providers.Change{Op: providers.OpDelete, Before: *w.record(wwwName, "A", "34.")}, ec2A},
		{index.VerbUpdate, providers.Change{Op: providers.OpUpdate, After: *w.record(wwwName, "A", "34.")}, ec2A},
		{index.VerbJoin, providers.Change{Op: providers.OpCreate, After: cfRecord(wwwName, "198.51.100.5", "hand", "host:box")}, ""},
	} {
		o, ok := guard.InstanceToVerify(c.verb, &c.change)
		if ok != (c.want != "") || ok && o.Instance != c.want {
			t.Errorf("%s %s: %v %v", c.verb, c.change.Op, o, ok)
		}
	}
}

func TestAnAnswerIsShownOnlyForWhatTheZoneHoldsNow(t *testing.T) {
	w := newWorld()
	w.on(wwwName, "A", index.WireSplit, nil)
	w.on(v1Name, "SRV", index.WireInSync, func(s *index.WireState) { s.Want = s.Want[1:] })
	w.on(v1Name, "TXT", index.WireInSync, func(s *index.WireState) { s.At = testNow.Add(-11 * time.Minute) })
	v := w.view()
	for z := range v.Snapshot.Zones {
		for i := range v.Snapshot.Zones[z].Records {
			r := &v.Snapshot.Zones[z].Records[i]
			got := v.WireOf(r)
			if want := r.Name == wwwName && r.Type == "A"; want != (got != nil) {
				t.Errorf("%s: %+v", r, got)
			}
		}
	}
	if v := newWorld().view(); v.WireOf(&v.Snapshot.Zones[0].Records[0]) != nil || v.WireZone(cfZone) != nil {
		t.Error("an answer of a name server that nobody asked")
	}
}

func TestAZoneIsShownAsItsNameServersWereLately(t *testing.T) {
	w := newWorld()
	w.opts.WireZones = []index.WireZone{{Zone: cfZone, State: index.WireLame, At: testRead}, {Zone: r53Zone, State: index.WireInSync, At: testNow.Add(-11 * time.Minute)}}
	v := w.view()
	if z := v.WireZone(cfZone + "."); z == nil || z.State != index.WireLame {
		t.Errorf("%+v", z)
	}
	if z := v.WireZone(r53Zone); z != nil {
		t.Errorf("%+v of long ago", z)
	}
	w.on(wwwName, "A", index.WireLame, nil)
	if v := w.view(); v.WireOf(w.record(wwwName, "A", "34.")) == nil {
		t.Error("what is found of a lame zone is not shown")
	}
}

func TestAResolversAnswerRunsOut(t *testing.T) {
	a := index.WireAnswer{Resolver: true, TTL: 60, At: testNow}
	if got := a.Left(testNow.Add(18 * time.Second)); got != 42*time.Second {
		t.Errorf("%v", got)
	}
	if got := a.Left(testNow.Add(time.Hour)); got != 0 {
		t.Errorf("%v", got)
	}
	a.Resolver = false
	if got := a.Left(testNow.Add(time.Hour)); got != time.Minute {
		t.Errorf("an authoritative server: %v", got)
	}
}
