package apply_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/apply"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/providers/sim"
	"rollcall/providers/sim/world"
)

// site is one cloud and one zone in which an incident is played.
type site struct {
	*rig
	c           *console
	cloud, zone string
	name        string // a round-robin name with one value of a host that joined by hand, which stays
}

// everywhere plays an incident in a cloud of each provider with a zone of each provider.
func everywhere(t *testing.T, o sim.Options, play func(t *testing.T, s *site), clouds ...string) {
	if len(clouds) == 0 {
		clouds = []string{use1, east}
	}
	for _, cloud := range clouds {
		for _, zone := range zonesPlayed() {
			t.Run(cloud+"/"+zone, func(t *testing.T) {
				r := newRig(t, o)
				s := &site{rig: r, c: r.console(0), cloud: cloud, zone: zone, name: "pool." + zone}
				s.enter(zone, s.name, "A", "203.0.113.250", s.owner(cloud, providers.HostPrefix+"stays", -never))
				s.c.opts.Services = append(s.c.opts.Services, index.Service{Name: s.name, Kind: index.RoundRobin, Zone: zone, Select: map[string]string{"service": "pool"}})
				play(t, s)
			})
		}
	}
}

// member launches a node of the pool that has been in DNS for a day, with an IPv4 address of its own.
func (s *site) member(name string) (world.Instance, *providers.Record) {
	s.t.Helper()
	i := s.rig.launch(s.cloud, world.Instance{Name: name, Tags: map[string]string{"service": "pool", "Name": name}})
	return i, s.enter(s.zone, s.name, "A", i.Public.String(), s.owner(s.cloud, i.ID, -never))
}

// look is what the console sees a while later.
func (s *site) look() *dnsview.View {
	s.t.Helper()
	s.clk.Advance(31 * time.Second)
	return s.c.look()
}

// of returns the finding about a record as the console sees it now.
func (s *site) of(v *dnsview.View, rec *providers.Record) *dnsview.Finding {
	s.t.Helper()
	return finding(v, record(s.t, v, rec.Name, rec.Type, rec.Value))
}

func (s *site) wantClass(what string, v *dnsview.View, rec *providers.Record, want dnsview.Class, remedy dnsview.Remedy) *dnsview.Finding {
	s.t.Helper()
	f := s.of(v, rec)
	if f.Class != want || f.Remedy != remedy {
		s.t.Errorf("%s: %s is %q with remedy %q, want %q with %q: %s", what, rec, f.Class, f.Remedy, want, remedy, f.Reason)
	}
	return f
}

// refused checks that the guards refuse a forced delete of a record, with a reason.
func (s *site) refused(v *dnsview.View, rec *providers.Record, guard index.GuardID, why string) {
	s.t.Helper()
	rep := s.c.run(force(record(s.t, v, rec.Name, rec.Type, rec.Value)))
	at := slices.IndexFunc(rep.Steps[0].Guards, func(g index.GuardResult) bool { return g.Guard == guard && !g.Pass && strings.Contains(g.Why, why) })
	if rep.Steps[0].State != apply.StepRefused || at < 0 {
		s.t.Errorf("no guard %q says %q:\n%s", guard, why, outcomeText(rep))
	}
}

// ends is the end of each incident: the node dies, its entry is found dead, and goes with its marker and nothing else.
func (s *site) ends(i *world.Instance, rec *providers.Record) {
	s.t.Helper()
	s.do(s.cloud, i.ID, world.PowerLoss)
	s.clk.Advance(11 * time.Minute) // no marker is too young
	want := s.held().without(rec)
	v := s.look()
	if f := s.of(v, rec); f.Class != dnsview.Dead && f.Class != dnsview.Dangling {
		s.t.Errorf("in the end %s is %s: %s", rec, f.Class, f.Reason)
	}
	s.c.must(plan.Deregister(v, record(s.t, v, rec.Name, rec.Type, rec.Value).Identity()))
	s.wantHeld("in the end", want)
}

func TestIncidentTwoOwnersWithTheSameIDAreToldApartByTheirCloud(t *testing.T) {
	other := map[string]string{use1: euw1, east: ams}
	everywhere(t, sim.Options{}, func(t *testing.T, s *site) {
		dies, mine := s.member("twin-1")
		twin := s.rig.launch(other[s.cloud], world.Instance{ID: dies.ID, Name: "twin-2"})
		theirs := s.enter(s.zone, s.name, "A", twin.Public.String(), s.owner(other[s.cloud], twin.ID, -never))
		if v := s.look(); len(v.FindingsOf(record(t, v, s.name, "A", theirs.Value).Identity())) > 0 || len(v.FindingsOf(record(t, v, s.name, "A", mine.Value).Identity())) > 0 {
			t.Errorf("%v, %v", s.of(v, mine), s.of(v, theirs))
		}
		s.ends(&dies, mine)
		v := s.look()
		if f := v.FindingsOf(record(t, v, s.name, "A", theirs.Value).Identity()); len(f) > 0 {
			t.Errorf("the other one is %s: %s", f[0].Class, f[0].Reason)
		}
		s.refused(v, theirs, index.GuardInstance, "shows "+shortOf(twin.ID))
		s.cloud = other[s.cloud]
		s.ends(&twin, theirs)
	})
}

func shortOf(id string) string {
	if strings.HasPrefix(id, "i-") {
		return id
	}
	return id[:8]
}

func TestIncidentARecordWithSeveralMarkersIsNobodys(t *testing.T) {
	everywhere(t, sim.Options{}, func(t *testing.T, s *site) {
		a, _ := s.member("one")
		b, _ := s.member("two")
		both := s.enter(s.zone, s.name, "A", "203.0.113.9", s.owner(s.cloud, a.ID, -never), s.owner(s.cloud, b.ID, -never))
		for _, id := range []string{a.ID, b.ID} { // whether its owners live or not
			v := s.look()
			s.wantClass("with two markers", v, both, dnsview.Ambiguous, dnsview.NoRemedy)
			s.refused(v, both, index.GuardOwner, "do not say clearly whose it is")
			if p := plan.Deregister(v, record(t, v, both.Name, "A", both.Value).Identity()); len(p.Steps) > 0 || len(p.Skipped) == 0 {
				t.Errorf("planned: %+v", p)
			}
			s.do(s.cloud, id, world.PowerLoss)
		}
		before := s.held()
		v := s.look()
		s.wantClass("with two dead owners", v, both, dnsview.Ambiguous, dnsview.NoRemedy)
		s.refused(v, both, index.GuardOwner, "do not say clearly whose it is")
		s.wantHeld("with two dead owners", before)

		s.unmark(providers.MarkerName(b.ID, s.name), both) // an operator corrects it
		v = s.look()
		if f := s.of(v, both); f.Class != dnsview.Dead && f.Class != dnsview.Dangling {
			t.Errorf("with one marker it is %s: %s", f.Class, f.Reason)
		}
		want := s.held().without(dead(v)...)
		s.c.must(plan.DeregisterDead(v))
		s.wantHeld("with one marker", want)
	})
}

// unmark takes a marker of a record away, as a person would by hand.
func (s *site) unmark(marker string, rec *providers.Record) {
	s.t.Helper()
	if _, err := s.rig.zone(s.zone).Update(func(tx *world.Tx) error {
		for _, c := range slices.Clone(tx.Records()) {
			if c.Name == marker && strings.Contains(c.Content, rec.Value) {
				tx.RemoveRecord(c.ID)
			}
		}
		if set := tx.Set(marker, "TXT", ""); set != nil {
			less := *set
			less.Values = slices.DeleteFunc(slices.Clone(set.Values), func(v string) bool { return strings.HasSuffix(v, " "+rec.Value+`"`) })
			if len(less.Values) == 0 {
				tx.Delete(set)
			} else {
				tx.Put(&less)
			}
		}
		return nil
	}); err != nil {
		s.t.Fatal(err)
	}
}

func TestIncidentAMarkerWithoutARecordGoesAfterTwoScans(t *testing.T) {
	everywhere(t, sim.Options{}, func(t *testing.T, s *site) {
		i, rec := s.member("node")
		o := s.owner(s.cloud, i.ID, -never).For("A", "203.0.113.9")
		text, err := o.Encode()
		if err != nil {
			t.Fatal(err)
		}
		without := s.held()
		orphan := s.enter(s.zone, providers.MarkerName(i.ID, s.name), "TXT", providers.FormatTXT([]string{text}))
		with := s.held()
		v := s.look()
		f := s.wantClass("the first scan", v, orphan, dnsview.OrphanMarker, dnsview.NoRemedy)
		if p := plan.ForFindings(v, f); len(p.Steps) > 0 {
			t.Errorf("planned at the first scan: %+v", p)
		}
		s.fault(world.ServerError, euw1)
		if f := s.wantClass("while a cloud is silent", s.look(), orphan, dnsview.OrphanMarker, dnsview.NoRemedy); f.Certain() || !strings.Contains(f.Reason, euw1) {
			t.Errorf("the reason names no source: %s", f.Reason)
		}
		s.fault(world.NoFault, euw1)
		s.look()
		v = s.look()
		planned := plan.ForFindings(v, s.wantClass("a later scan", v, orphan, dnsview.OrphanMarker, dnsview.RemedyDelete))
		s.enter(s.zone, s.name, "A", "203.0.113.9") // a writer without batches writes the one before the other
		if rep := s.c.run(planned); rep.Count(apply.StepRefused) != 1 {
			t.Errorf("the record came, and its marker went:\n%s", outcomeText(rep))
		}
		s.remove(s.name, "203.0.113.9")
		s.wantHeld("before it goes", with)
		s.look()
		v = s.look()
		s.c.must(plan.ForFindings(v, s.of(v, orphan)))
		s.wantHeld("after it went", without)
		s.ends(&i, rec)
	})
}

// remove takes a value of a name away, and not its marker.
func (s *site) remove(name, value string) {
	s.t.Helper()
	if _, err := s.rig.zone(s.zone).Update(func(tx *world.Tx) error {
		for _, c := range slices.Clone(tx.Records()) {
			if c.Name == name && c.Content == value {
				tx.RemoveRecord(c.ID)
			}
		}
		if set := tx.Set(name, "A", ""); set != nil {
			less := *set
			less.Values = slices.DeleteFunc(slices.Clone(set.Values), func(v string) bool { return v == value })
			tx.Put(&less)
		}
		return nil
	}); err != nil {
		s.t.Fatal(err)
	}
}

func TestIncidentAnAddressThatMovedToAnotherInstanceIsNotDeleted(t *testing.T) {
	everywhere(t, sim.Options{}, func(t *testing.T, s *site) {
		first, rec := s.member("first")
		s.do(s.cloud, first.ID, world.PowerLoss)
		stale := s.look() // what an operator has on the screen
		if f := s.of(stale, rec); f.Class != dnsview.Dead && f.Class != dnsview.Dangling {
			t.Fatalf("%s: %s", f.Class, f.Reason)
		}
		heir := s.rig.launch(s.cloud, world.Instance{Name: "heir", Public: first.Public, Tags: map[string]string{"service": "pool", "Name": "heir"}})
		if heir.Public != first.Public {
			t.Fatalf("the heir has %s", heir.Public)
		}
		before := s.held()
		s.clk.Advance(31 * time.Second)
		rep := s.c.run(plan.Deregister(stale, record(t, stale, s.name, "A", rec.Value).Identity()))
		if rep.Count(apply.StepRefused) != 1 || !strings.Contains(rep.Steps[0].Why, "belongs to heir") {
			t.Errorf("the plan of before:\n%s", outcomeText(rep))
		}
		v := s.look()
		f := s.wantClass("moved", v, rec, dnsview.Reused, dnsview.RemedyRetarget)
		s.refused(v, rec, index.GuardAddress, "belongs to heir")
		for _, d := range dead(v) {
			if d.Value == rec.Value {
				t.Errorf("it is dead to deregister --dead")
			}
		}
		s.wantHeld("before it is retargeted", before)
		s.c.must(plan.ForFindings(v, f))
		now := record(t, s.look(), s.name, "A", rec.Value)
		if o, ok := now.Owner(); !ok || o.Instance != heir.ID {
			t.Errorf("its owner is %+v", now.Owners)
		}
		s.ends(&heir, now)
	})
}

func TestIncidentAnInstanceThatIsTooNewToBeFoundIsNotDead(t *testing.T) {
	delays := world.DefaultDelays()
	delays.Boot = time.Second
	everywhere(t, sim.Options{Delays: delays}, func(t *testing.T, s *site) {
		s.c.look()
		s.fault(world.Stale, s.cloud)
		id := s.c.launch(s.cloud, "young")
		s.clk.Advance(time.Second)
		i, err := s.world().Instance(s.cloud, id)
		if err != nil || !i.Public.IsValid() {
			t.Fatalf("%+v, %v", i, err)
		}
		rec := s.enter(s.zone, s.name, "A", i.Public.String(), s.owner(s.cloud, id, 0))
		before := s.held()
		if _, err := s.c.clouds[s.cloud].Instance(t.Context(), id); providers.KindOf(err) != providers.KindNotFound {
			t.Fatalf("its cloud finds it, so this run proves nothing: %v", err)
		}
		v := s.c.look()
		s.wantClass("just launched", v, rec, dnsview.InFlight, dnsview.NoRemedy)
		why := map[string]string{use1: "may be too new to be found", east: providers.NotSeen}[s.cloud]
		s.refused(v, rec, index.GuardInstance, why)
		if n := len(plan.Deregister(v, record(t, v, s.name, "A", rec.Value).Identity()).Steps); n > 0 {
			t.Errorf("%d steps are planned", n)
		}
		s.wantHeld("just launched", before)
		s.clk.Advance(10 * time.Second)
		s.fault(world.NoFault, s.cloud)
		if f := s.c.look().FindingsOf(rec.Identity()); len(f) > 0 {
			t.Errorf("once it is found it is %s: %s", f[0].Class, f[0].Reason)
		}
		s.ends(&i, rec)
	})
}

func TestIncidentAStoppedInstanceComesBackWithAnotherAddress(t *testing.T) {
	everywhere(t, sim.Options{}, func(t *testing.T, s *site) {
		i, rec := s.member("back")
		s.do(s.cloud, i.ID, world.Stop)
		s.clk.Advance(world.DefaultDelays().Stop)
		stopped := s.look()
		f := s.wantClass("stopped", stopped, rec, dnsview.Stopped, dnsview.RemedyQuiesce)
		if want := map[string]dnsview.Severity{use1: dnsview.Critical, east: dnsview.Medium}[s.cloud]; f.Severity != want {
			t.Errorf("stopped is %s, want %s: %s", f.Severity, want, f.Reason)
		}
		s.do(s.cloud, i.ID, world.Start)
		s.clk.Advance(world.DefaultDelays().Boot)
		if s.cloud == east { // a machine keeps its address over a stop, unless its network interface is another one
			if err := s.world().Readdress(s.cloud, i.ID, netip.MustParseAddr("165.225.131.7")); err != nil {
				t.Fatal(err)
			}
		}
		i, err := s.world().Instance(s.cloud, i.ID)
		if err != nil || i.Public.String() == rec.Value || !i.Public.IsValid() {
			t.Fatalf("it came back with %s, %v", i.Public, err)
		}
		tenant := s.rig.launch(s.cloud, world.Instance{Name: "tenant", Public: netip.MustParseAddr(rec.Value)}) // the cloud has given its address to the next
		before := s.held()
		v := s.look()
		s.refused(v, rec, index.GuardInstance, "as running just now")
		s.wantClass("back, and its address given on", v, rec, dnsview.Reused, dnsview.RemedyRetarget)
		s.wantHeld("back with another address", before)
		s.do(s.cloud, tenant.ID, world.PowerLoss)
		v = s.look()
		f = s.wantClass("back with another address", v, rec, dnsview.Moved, dnsview.RemedyUpdate)
		s.c.must(plan.ForFindings(v, f))
		now := record(t, s.look(), s.name, "A", i.Public.String())
		if fs := s.look().FindingsOf(now.Identity()); len(fs) > 0 {
			t.Errorf("updated, it is %s: %s", fs[0].Class, fs[0].Reason)
		}
		s.ends(&i, now)
	})
}

func TestIncidentIPv6AndCaseSpelledDifferentlyAreTheSame(t *testing.T) {
	everywhere(t, sim.Options{}, func(t *testing.T, s *site) {
		s.c.opts.Services[len(s.c.opts.Services)-1].IPv6 = true
		v6 := netip.MustParseAddr("2600:1f18::a0:7")
		i := s.rig.launch(s.cloud, world.Instance{Name: "six", Public6: v6, Tags: map[string]string{"service": "pool"}})
		loud := strings.ToUpper(s.name)
		if s.zone == sdZone {
			loud = s.name // Route 53 writes names in lower case
		}
		four := s.enter(s.zone, loud, "A", i.Public.String(), s.owner(s.cloud, i.ID, -never))
		six := s.enter(s.zone, loud, "AAAA", "2600:1F18:0000:0000:0000:0000:00A0:0007", s.owner(s.cloud, i.ID, -never))
		six.Value = v6.String()
		v := s.look()
		for _, rec := range []*providers.Record{four, six} {
			found := record(t, v, s.name, rec.Type, rec.Value)
			if fs := v.FindingsOf(found.Identity()); len(fs) > 0 || len(found.Owners) != 1 {
				t.Errorf("%s, owners %v, is %s: %s", found, found.Owners, finding(v, found).Class, finding(v, found).Reason)
			}
		}
		for _, f := range v.FindingsOfInstance(s.owner(s.cloud, "", 0).Cloud, i.ID) {
			t.Errorf("the node is %s: %s", f.Class, f.Reason)
		}
		s.refused(v, six, index.GuardInstance, "as running just now")
		s.do(s.cloud, i.ID, world.PowerLoss)
		v = s.look()
		gone := dead(v)
		for _, rec := range []*providers.Record{four, six} {
			if !slices.Contains(gone, record(t, v, s.name, rec.Type, rec.Value)) {
				t.Errorf("%s is not dead: %s", rec, s.of(v, rec).Reason)
			}
		}
		want := s.held().without(gone...)
		rep := s.c.run(plan.DeregisterDead(v))
		if asks := rep.Asks(); len(asks) > 0 { // the only AAAA record of its name
			rep = s.c.run(plan.DeregisterDead(s.look()), asks[0].Text)
		}
		if !rep.OK() {
			t.Errorf("%s", outcomeText(rep))
		}
		s.wantHeld("in the end", want)
	})
}

func TestIncidentAnAddressHeldByALoadBalancerOrAnElasticAddress(t *testing.T) {
	holders := map[string]world.Address{
		"network interface": {ID: "eni-0f00000000000000f", Kind: providers.AddressInterface, Note: "ELB app/front/5d2f0c8a9b7e6d1c"},
		"elastic address":   {ID: "eipalloc-0f00000000000000f", Kind: providers.AddressElastic, Note: "spare"},
	}
	for kind, a := range holders {
		t.Run(kind, func(t *testing.T) {
			everywhere(t, sim.Options{}, func(t *testing.T, s *site) {
				i, rec := s.member("was")
				s.do(s.cloud, i.ID, world.PowerLoss)
				a.IP = i.Public
				s.world().Hold(euw1, a)
				before := s.held()
				v := s.look()
				if f := s.wantClass("held", v, rec, dnsview.Reused, dnsview.NoRemedy); !strings.Contains(f.Reason, kind+" "+a.ID+" in "+euw1) {
					t.Errorf("%s", f.Reason)
				}
				s.refused(v, rec, index.GuardAddress, kind+" "+a.ID+" in "+euw1)
				s.wantHeld("held", before)

				s.fault(world.AuthError, euw1) // then its holder is unknown
				if f := s.wantClass("not known", s.look(), rec, dnsview.Reused, dnsview.NoRemedy); f.Certain() || !strings.Contains(f.Reason, "not certain: "+euw1) {
					t.Errorf("%s", f.Reason)
				}
				s.fault(world.NoFault, euw1)
				s.world().Release(euw1, a.IP)
				v = s.look()
				if f := s.of(v, rec); f.Class != dnsview.Dead && f.Class != dnsview.Dangling {
					t.Errorf("released, it is %s: %s", f.Class, f.Reason)
				}
				s.c.must(plan.Deregister(v, record(t, v, s.name, "A", rec.Value).Identity()))
				s.wantHeld("released", before.without(rec))
			})
		})
	}
}
