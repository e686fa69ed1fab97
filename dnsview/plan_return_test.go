package dnsview_test

import (
	"net/netip"
	"strings"
	"testing"

	"rollcall/dnsview/plan"
	"rollcall/providers"
)

// takenOut is the world with sd-02 quiesced, which was known by this address and SRV value.
func takenOut(t *testing.T, typ, address, srv string) *world {
	t.Helper()
	w := newWorld()
	s := &w.opts.Services[1]
	s.TTL, s.Priority, s.Weight = 45, 10, new(uint16(10))
	w.drop(v1Name, "SRV", "sd-02")
	w.drop("sd-02.unilans.net", "A", "")
	for _, r := range []providers.Record{
		{Zone: r53Zone, Name: v1Name, Type: "SRV", Value: srv},
		{Zone: r53Zone, Name: "sd-02.unilans.net", Type: typ, Value: address},
	} {
		o := owner(keyEast, tritonB).For(r.Type, r.Value)
		o.Quiesced = true
		text, err := o.Encode()
		if err != nil {
			t.Fatal(err)
		}
		w.addRecord(plan.MarkerRecord(&r, text))
	}
	return w
}

// returned gives the records that a return of sd-02 makes.
func returned(w *world) (made []string, ttls []uint32, skipped string) {
	p := plan.Return(w.view(), w.instance(tritonB).Ref())
	for _, s := range p.Steps {
		if c := s.Change; c.Op == providers.OpCreate {
			made = append(made, c.After.Name+" "+c.After.Type+" "+c.After.Value)
			ttls = append(ttls, c.After.TTL)
		}
	}
	return made, ttls, strings.Join(p.Skipped, "\n")
}

// Beside a UUID a marker has no room for an SRV value, and holds a digest of it.
func TestAReturnedNodeHasTheValuesThatItsMarkersHoldADigestOf(t *testing.T) {
	const long = "2001:db8:1111:2222:3333:4444:5555:6666"
	for _, c := range []struct {
		name, typ, address, srv string
		mess                    func(w *world)
		want                    []string
	}{
		{
			"as the service declares", "A", "165.225.128.2", "10 10 4218 sd-02.unilans.net", func(*world) {},
			[]string{"sd-02.unilans.net A 165.225.128.2", v1Name + " SRV 10 10 4218 sd-02.unilans.net"},
		},
		{
			"as a sibling has it", "A", "165.225.128.2", "20 7 4218 sd-02.unilans.net", func(w *world) { w.record(v1Name, "SRV", "sd-01").Value = "20 7 4218 sd-01.unilans.net" },
			[]string{"sd-02.unilans.net A 165.225.128.2", v1Name + " SRV 20 7 4218 sd-02.unilans.net"},
		},
		{
			"as nobody has it any more", "A", "165.225.128.2", "99 9 4218 sd-02.unilans.net", func(*world) {},
			[]string{"sd-02.unilans.net A 165.225.128.2", v1Name + " SRV 99 9 4218 sd-02.unilans.net"},
		},
		{
			"with numbers that nothing leads to", "A", "165.225.128.2", "990 900 4218 sd-02.unilans.net", func(*world) {},
			[]string{"sd-02.unilans.net A 165.225.128.2", v1Name + " SRV 10 10 4218 sd-02.unilans.net"},
		},
		{
			"an IPv6 address of the node", "AAAA", long, "10 10 4218 sd-02.unilans.net", func(w *world) {
				i := w.instance(tritonB)
				i.PublicIPs = append(i.PublicIPs, addr("2001:db8::1"), addr(long))
			},
			[]string{"sd-02.unilans.net AAAA " + long, v1Name + " SRV 10 10 4218 sd-02.unilans.net"},
		},
		{
			"an IPv6 address that the node does not have any more", "AAAA", long, "10 10 4218 sd-02.unilans.net", func(w *world) {
				i := w.instance(tritonB)
				i.PublicIPs = append(i.PublicIPs, addr("2001:db8::1"))
			},
			[]string{"sd-02.unilans.net AAAA 2001:db8::1", v1Name + " SRV 10 10 4218 sd-02.unilans.net"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := takenOut(t, c.typ, c.address, c.srv)
			c.mess(w)
			made, ttls, skipped := returned(w)
			if strings.Join(made, "\n") != strings.Join(c.want, "\n") || skipped != "" {
				t.Errorf("got %v, want %v; %s", made, c.want, skipped)
			}
			if len(ttls) != 2 || ttls[0] != 45 {
				t.Errorf("TTLs %v, and the service declares 45", ttls)
			}
		})
	}
}

func TestAValueThatNothingTellsIsNotMadeUp(t *testing.T) {
	w := takenOut(t, "A", "165.225.128.2", "990 900 4218 sd-02.unilans.net")
	w.opts.Services = w.opts.Services[:1]
	made, _, skipped := returned(w)
	if len(made) != 0 || !strings.Contains(skipped, "the marker does not say in full what was taken out") || !strings.Contains(skipped, "its TTL, proxying and routing are not known") {
		t.Errorf("%v; %s", made, skipped)
	}
	w = takenOut(t, "AAAA", "2001:db8:1111:2222:3333:4444:5555:6666", "10 10 4218 sd-02.unilans.net")
	w.instance(tritonB).PrivateIPs = []netip.Addr{addr("fd00::1")}
	if made, _, skipped := returned(w); len(made) != 1 || !strings.Contains(skipped, "the marker does not say in full") {
		t.Errorf("a private address for a public one: %v; %s", made, skipped)
	}
}
