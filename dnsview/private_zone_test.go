package dnsview_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
)

// The addresses of the nodes of the small world, as public zones and as private zones hold them.
var twoAddresses = []struct{ id, public, private string }{
	{ec2A, "34.200.16.1", "10.0.0.1"}, {ec2B, "34.200.16.2", "10.0.0.2"}, {tritonA, "165.225.128.1", "10.1.0.1"}, {tritonB, "165.225.128.2", "10.1.0.2"},
}

// privatize adds a private address to every node and puts it into the node's records.
func (w *world) privatize() {
	for _, n := range twoAddresses {
		w.instance(n.id).PrivateIPs = []netip.Addr{addr(n.private)}
		for z := range w.snap.Zones {
			for i := range w.snap.Zones[z].Records {
				r := &w.snap.Zones[z].Records[i]
				if r.Value == n.public || r.IsMarker() && !strings.Contains(r.Value, " q ") {
					r.Value = strings.ReplaceAll(r.Value, n.public, n.private)
				}
			}
		}
	}
	w.reread()
}

// The settings in which the nodes of the small world are found under their private addresses.
var takePrivate = map[string]func(w *world){
	"in private zones": func(w *world) {
		for z := range w.snap.Zones {
			w.snap.Zones[z].Zone.Private = true
		}
	},
	"in public zones of services that declare it": func(w *world) {
		for i := range w.opts.Services {
			w.opts.Services[i].Address = index.ScopePrivate
		}
	},
}

// addresses returns the address records of the small world.
func (w *world) addresses() (out []string) {
	for z := range w.snap.Zones {
		for i := range w.snap.Zones[z].Records {
			if r := &w.snap.Zones[z].Records[i]; r.Type == "A" || r.Type == "AAAA" {
				out = append(out, r.Name+" "+r.Value)
			}
		}
	}
	slices.Sort(out)
	return out
}

// repair carries out the remedies of all findings, and those of the findings that are left then.
func (w *world) repair(t *testing.T) {
	t.Helper()
	for range 2 {
		v := w.view()
		var fs []*dnsview.Finding
		for i := range v.Findings {
			fs = append(fs, &v.Findings[i])
		}
		if _, err := w.carryOut(plan.ForFindings(v, fs...)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestNodesAreFoundUnderTheirPrivateAddressesWherePrivateOnesAreMeant(t *testing.T) {
	sdHost := func(w *world) { w.drop(v1Name, "SRV", "sd-02"); w.drop("sd-02.unilans.net", "A", "") }
	for setting, set := range takePrivate {
		t.Run(setting, func(t *testing.T) {
			for _, c := range []findingCase{
				{"when all is right nothing is found", func(*world) {}, nil, ""},
				{"a round-robin node that is missing", func(w *world) { w.drop(wwwName, "A", "10.1.") }, []string{"missing high register www-02"}, ""},
				{"a DNS-SD node that is missing", sdHost, []string{"missing high register sd-02"}, ""},
				{"a host name without its address", func(w *world) { w.drop("sd-02.unilans.net", "A", "") }, []string{"half high complete sd-02", "srv-no-address high complete " + sdSRVTriton}, "has no A record"},
				{"a host name whose SRV value is gone", func(w *world) { w.drop(v1Name, "SRV", "sd-02") }, []string{"half high complete sd-02"}, "its SRV record is not there"},
				{"a former private address", func(w *world) { w.record(wwwName, "A", "10.1.").Value = "10.9.9.9" }, []string{"moved high update " + wwwName + " A 10.9.9.9"}, "has 10.1.0.1 now"},
				{"a public address of the node", func(w *world) { w.record(wwwName, "A", "10.1.").Value = "165.225.128.1" }, []string{"moved high update " + wwwName + " A 165.225.128.1"}, "where private ones are meant: its owner www-02"},
				{"a public address of a DNS-SD node", func(w *world) {
					w.addRecord(providers.Record{Zone: r53Zone, Name: "sd-02.unilans.net", Type: "A", TTL: 30, Value: "165.225.128.2"})
					w.lose("sd-02.unilans.net", "A", "10.1.")
					for i := range w.zone(r53Zone).Records {
						if m := &w.zone(r53Zone).Records[i]; m.IsMarker() {
							m.Value = strings.ReplaceAll(m.Value, "10.1.0.2", "165.225.128.2")
						}
					}
					w.reread()
				}, []string{"moved high update sd-02.unilans.net A 165.225.128.2"}, ""},
				{"a public address beside the private one", func(w *world) { w.addRecord(cfRecord(wwwName, "165.225.128.1", keyEast, tritonA)) }, []string{"moved high update " + wwwName + " A 165.225.128.1"}, "the name has that too"},
				{"an address that another node has", func(w *world) {
					w.drop(wwwName, "A", "10.1.")
					w.record(wwwName, "A", "10.0.").Value = "10.1.0.1"
				}, []string{"reused critical retarget " + wwwName + " A 10.1.0.1"}, ""},
			} {
				t.Run(c.name, func(t *testing.T) {
					w := newWorld()
					set(w)
					w.privatize()
					want := w.addresses()
					c.mess(w)
					v := w.view()
					if got := short(v); !slices.Equal(got, c.want) {
						t.Fatalf("got %q, want %q", got, c.want)
					}
					if len(v.Findings) > 0 && !strings.Contains(v.Findings[0].Reason, c.why) {
						t.Errorf("reason %q does not say %q", v.Findings[0].Reason, c.why)
					}
					w.repair(t)
					if got := w.addresses(); !slices.Equal(got, want) {
						t.Errorf("the remedies lead to %q, want %q", got, want)
					}
					if left := short(w.view()); len(left) > 0 {
						t.Errorf("the remedies leave %q", left)
					}
				})
			}
		})
	}
}

func TestANodeWithoutAPrivateAddressIsNotRegisteredUnderAPublicOneInstead(t *testing.T) {
	for setting, set := range takePrivate {
		t.Run(setting, func(t *testing.T) {
			w := newWorld()
			set(w)
			w.privatize()
			w.instance(tritonA).PrivateIPs = nil
			w.drop(wwwName, "A", "10.1.")
			v := w.view()
			if got := short(v); !slices.Equal(got, []string{"missing high www-02"}) || !strings.HasSuffix(v.Findings[0].Reason, "it has no private address") {
				t.Errorf("got %q: %q", got, v.Findings[0].Reason)
			}
			p := plan.Register(v, wwwName, w.instance(tritonA).Ref())
			if len(p.Steps) > 0 || !strings.Contains(strings.Join(p.Skipped, "\n"), "has no private address to register") {
				t.Errorf("%+v", p)
			}
		})
	}
}

func TestAQuiescedNodeReturnsWithItsPrivateAddressOfNow(t *testing.T) {
	for setting, set := range takePrivate {
		t.Run(setting, func(t *testing.T) {
			for name, now := range map[string]struct {
				mess    func(*world)
				www, sd string
			}{
				"as it was": {func(*world) {}, "10.1.0.1", "10.1.0.2"},
				"with another one": {func(w *world) {
					w.instance(tritonA).PrivateIPs[0], w.instance(tritonB).PrivateIPs[0] = addr("10.1.0.8"), addr("10.1.0.9")
				}, "10.1.0.8", "10.1.0.9"},
				"in place of the public one it had": {nil, "10.1.0.1", "10.1.0.2"},
			} {
				t.Run(name, func(t *testing.T) {
					w := newWorld()
					if now.mess == nil {
						w.quiesce(tritonA, tritonB)
						set(w)
						w.privatize()
					} else {
						set(w)
						w.privatize()
						w.quiesce(tritonA, tritonB)
						now.mess(w)
					}
					w.mustCarryOut(plan.Return(w.view(), w.instance(tritonA).Ref(), w.instance(tritonB).Ref()))
					want := []string{"sd-01.unilans.net 10.0.0.2", "sd-02.unilans.net " + now.sd, wwwName + " 10.0.0.1", wwwName + " " + now.www}
					if got := w.addresses(); !slices.Equal(got, want) {
						t.Errorf("got %q, want %q", got, want)
					}
					if left := short(w.view()); len(left) > 0 {
						t.Errorf("it leaves %q", left)
					}
				})
			}
		})
	}
}

func TestANodeReturnsWithItsPrivateAddressWhereItsMarkerHoldsADigestOfAnother(t *testing.T) {
	for setting, set := range takePrivate {
		t.Run(setting, func(t *testing.T) {
			w := newWorld()
			set(w)
			w.privatize()
			w.quiesce(tritonB)
			for i := range w.zone(r53Zone).Records {
				if m := &w.zone(r53Zone).Records[i]; m.IsMarker() {
					m.Value = strings.ReplaceAll(m.Value, " A 10.1.0.2", " A ~0123456789ab")
				}
			}
			w.mustCarryOut(plan.Return(w.view(), w.instance(tritonB).Ref()))
			if got := w.addresses(); !slices.Contains(got, "sd-02.unilans.net 10.1.0.2") {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestAnEntryIsRetargetedToThePrivateAddressOfANode(t *testing.T) {
	for setting, set := range takePrivate {
		t.Run(setting, func(t *testing.T) {
			w := newWorld()
			set(w)
			w.privatize()
			w.drop(wwwName, "A", "10.1.")
			w.mustCarryOut(plan.RetargetTo(w.view(), w.record(wwwName, "A", "10.0.").Identity(), w.instance(tritonA).Ref()))
			if got := w.addresses(); !slices.Contains(got, wwwName+" 10.1.0.1") || slices.Contains(got, wwwName+" 10.0.0.1") {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestADrainFindsTheRecordsWithPrivateAddresses(t *testing.T) {
	for setting, set := range takePrivate {
		t.Run(setting, func(t *testing.T) {
			w := newWorld()
			set(w)
			w.privatize()
			p := plan.Drain(w.view(), w.instance(tritonA).Ref(), w.instance(tritonB).Ref())
			var gone []string
			for _, s := range p.Steps {
				if c := s.Change; c != nil && c.Op == providers.OpDelete && !c.Before.IsMarker() {
					gone = append(gone, c.Before.Name+" "+c.Before.Type)
				}
			}
			slices.Sort(gone)
			if want := []string{"sd-02.unilans.net A", v1Name + " SRV", wwwName + " A"}; !slices.Equal(gone, want) || len(p.Skipped) > 0 {
				t.Errorf("it removes %q, want %q; %q", gone, want, p.Skipped)
			}
			unmarked := w.record(wwwName, "A", "10.1.")
			unmarked.Owners, unmarked.Comment = nil, ""
			if led := w.view().LeadingTo(keyEast, tritonA); len(led) != 1 || led[0].Value != "10.1.0.1" {
				t.Errorf("an unmarked record with the address is not found: %v", led)
			}
		})
	}
}

func TestAServiceThatDeclaresPublicAddressesHasThemInAPrivateZone(t *testing.T) {
	row := wwwName + " A "
	for _, c := range []findingCase{
		{"when all is right nothing is found", func(*world) {}, nil, ""},
		{"a node that is missing", func(w *world) { w.drop(wwwName, "A", "165.") }, []string{"missing high register www-02"}, ""},
		{"a private address", func(w *world) { w.record(wwwName, "A", "165.").Value = "10.1.0.1" }, []string{"private high replace " + row + "10.1.0.1"}, "a private address, where public ones are declared"},
		{"a private address that nobody has", func(w *world) { w.record(wwwName, "A", "165.").Value = "10.9.9.9" }, []string{"private high replace " + row + "10.9.9.9"}, ""},
		{"a former public address", func(w *world) { w.record(wwwName, "A", "165.").Value = "165.225.128.77" }, []string{"moved high update " + row + "165.225.128.77"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld()
			for _, n := range twoAddresses {
				w.instance(n.id).PrivateIPs = []netip.Addr{addr(n.private)}
			}
			takePrivate["in private zones"](w)
			for i := range w.opts.Services {
				w.opts.Services[i].Address = index.ScopePublic
			}
			want := w.addresses()
			c.mess(w)
			v := w.view()
			if got := short(v); !slices.Equal(got, c.want) {
				t.Fatalf("got %q, want %q", got, c.want)
			}
			if len(v.Findings) > 0 && !strings.Contains(v.Findings[0].Reason, c.why) {
				t.Errorf("reason %q does not say %q", v.Findings[0].Reason, c.why)
			}
			w.repair(t)
			if got := w.addresses(); !slices.Equal(got, want) {
				t.Errorf("the remedies lead to %q, want %q", got, want)
			}
		})
	}
}

func TestOnlyTheRecordsOfTheServiceThatDeclaresItMayHavePrivateAddressesInAPublicZone(t *testing.T) {
	w := newWorld()
	w.service(wwwName).Address = index.ScopePrivate
	w.privatize()
	want := []string{"private high replace sd-01.unilans.net A 10.0.0.2", "private high replace sd-02.unilans.net A 10.1.0.2"}
	if got := short(w.view()); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Of two nodes in private networks that have the same addresses, neither is terminated while a record may lead to it.
func TestARecordWithAPrivateAddressLeadsToItsOwnerOrElseToEachNodeThatHasIt(t *testing.T) {
	both := addr("10.0.0.1")
	for name, c := range map[string]struct {
		owners []providers.Owner
		want   map[string]bool
	}{
		"marked for one":     {[]providers.Owner{owner(keyUse1, ec2A)}, map[string]bool{ec2A: true}},
		"marked for another": {[]providers.Owner{owner(keyEast, tritonA)}, map[string]bool{tritonA: true}},
		"without a marker":   {nil, map[string]bool{ec2A: true, tritonA: true}},
	} {
		for setting, set := range takePrivate {
			t.Run(name+", "+setting, func(t *testing.T) {
				w := newWorld()
				set(w)
				w.privatize()
				w.drop(wwwName, "A", "")
				w.drop(wwwName, "A", "")
				w.instance(ec2A).PrivateIPs, w.instance(tritonA).PrivateIPs = []netip.Addr{both}, []netip.Addr{both}
				w.addRecord(providers.Record{Zone: cfZone, Name: wwwName, Type: "A", Value: both.String(), TTL: 60, ID: "both", Owners: c.owners})
				v := w.view()
				for _, id := range []string{ec2A, tritonA} {
					i := w.instance(id)
					if got := len(v.LeadingTo(i.Key, id)) > 0; got != c.want[id] {
						t.Errorf("leads to %s: %t", id, got)
					}
				}
			})
		}
	}
}
