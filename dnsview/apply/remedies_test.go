package apply

import (
	"slices"
	"testing"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
)

// seenBefore is the view of a second scan, which saw a minute ago what is there now.
func (b *bench) seenBefore(health ...index.HealthState) *dnsview.View {
	v := b.view()
	o := v.Options
	o.Seen, o.Health = map[string]time.Time{}, health
	for k := range v.Seen() {
		o.Seen[k] = b.clk.Now().Add(-time.Minute)
	}
	return dnsview.Inspect(v.Snapshot, o)
}

func TestRemediesPassTheirGuardsAndLeaveNothingToFind(t *testing.T) {
	row := func(d *fakeDNS, name, typ string) *providers.Record {
		for i := range d.Rows {
			if d.Rows[i].Name == name && d.Rows[i].Type == typ {
				return &d.Rows[i]
			}
		}
		t.Fatal(name)
		return nil
	}
	lose := func(d *fakeDNS, name, typ string) {
		d.Rows = slices.DeleteFunc(d.Rows, func(r providers.Record) bool { return r.Name == name && r.Type == typ })
	}
	for _, c := range []struct {
		class  dnsview.Class
		mess   func(b *bench)
		health []index.HealthState
	}{
		{dnsview.TTL, func(b *bench) { row(b.cf, www, "A").TTL = 3600 }, nil},
		{dnsview.Weight, func(b *bench) { b.opts.Services[1].Weight = new(uint16(20)) }, nil},
		{dnsview.Proxied, func(b *bench) { yes := true; b.opts.Services[0].Proxied = &yes }, nil},
		{dnsview.Private, func(b *bench) { row(b.cf, www, "A").Value = "10.0.0.9" }, nil},
		{dnsview.Duplicate, func(b *bench) {
			twin := *row(b.cf, www, "A")
			twin.ID, twin.Modified = "twin", twin.Modified.Add(time.Hour)
			b.cf.Rows = append(b.cf.Rows, twin)
		}, nil},
		{dnsview.TypeNotListed, func(b *bench) { lose(b.sd, "_services._dns-sd._udp.unilans.net", "PTR") }, nil},
		{dnsview.SRVNoPTR, func(b *bench) { lose(b.sd, "_theservice._tcp.unilans.net", "PTR") }, nil},
		{dnsview.SRVNoTXT, func(b *bench) { lose(b.sd, v1, "TXT") }, nil},
		{dnsview.SRVNoAddress, func(b *bench) {
			r := *row(b.sd, "sd-2.unilans.net", "A")
			b.sd.Drop(&r)
		}, nil},
		{dnsview.OrphanMarker, func(b *bench) {
			b.opts.Services = b.opts.Services[:1]
			b.sd.Rows = slices.DeleteFunc(b.sd.Rows, func(r providers.Record) bool { return r.Name == v1 && r.Type == "SRV" })
			lose(b.sd, "sd-2.unilans.net", "A")
		}, nil},
		{dnsview.OrphanMarker, func(b *bench) { // what a quiesced node left that is gone
			o := providers.Owner{Fleet: fleetID, Cloud: tritonKey, Instance: "m-9", Registered: begin.Add(-time.Hour), Quiesced: true}.For("A", "165.225.128.99")
			text, err := o.Encode()
			if err != nil {
				t.Fatal(err)
			}
			b.cf.Rows = append(b.cf.Rows, providers.Record{Zone: cfZone, Name: providers.MarkerName("m-9", www), Type: "TXT", TTL: 300, Value: providers.FormatTXT([]string{text}), ID: "q"})
			b.triton.Gone["m-9"] = true
			i := b.triton.Rows[0]
			i.ID, i.Name, i.State, i.PublicIPs = "m-9", "www-9", providers.StateTerminated, nil
			b.triton.Rows = append(b.triton.Rows, i)
		}, nil},
		{dnsview.Unhealthy, func(*bench) {}, []index.HealthState{{Service: www, Key: tritonKey, ID: "m-1", Failed: 3, Of: 3, At: begin}}},
	} {
		t.Run(string(c.class), func(t *testing.T) {
			b := newBench(t)
			c.mess(b)
			v := b.seenBefore(c.health...)
			var found []*dnsview.Finding
			for i := range v.Findings {
				if v.Findings[i].Class == c.class {
					found = append(found, &v.Findings[i])
				}
			}
			if len(found) == 0 {
				t.Fatalf("findings %v", v.Findings)
			}
			p := plan.ForFindings(v, found...)
			if len(p.Steps) == 0 || len(p.Skipped) > 0 {
				t.Fatalf("plan %+v", p)
			}
			if rep := b.run(p); !rep.OK() {
				for _, s := range rep.Steps {
					t.Errorf("%s %s: %s %+v", s.State, s.Step.Sentence, s.Why, s.Guards)
				}
			}
			if n := b.seenBefore(c.health...).Count(c.class); n != 0 {
				t.Errorf("%d findings are left: %v", n, b.view().Findings)
			}
		})
	}
}

func TestAMarkerWhoseRecordCameBackStays(t *testing.T) {
	b := newBench(t)
	b.opts.Services = b.opts.Services[:1]
	host := "sd-2.unilans.net"
	i := slices.IndexFunc(b.sd.Rows, func(r providers.Record) bool { return r.Name == host && r.Type == "A" })
	back := b.sd.Rows[i]
	b.sd.Rows = slices.Delete(b.sd.Rows, i, i+1)
	v := b.seenBefore()
	p := plan.ForFindings(v, &v.Findings[slices.IndexFunc(v.Findings, func(f dnsview.Finding) bool { return f.Class == dnsview.OrphanMarker })])
	if len(p.Steps) != 1 {
		t.Fatalf("%+v", p)
	}
	b.sd.Rows = append(b.sd.Rows, back)
	wantStates(t, b.run(p), StepRefused)
	if !slices.ContainsFunc(b.sd.Rows, func(r providers.Record) bool { return r.Name == providers.MarkerName("s-2", host) }) {
		t.Error("the marker is gone, and its record nobody's")
	}
}
