package dnsview_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
)

func TestTheCounterpartsOfRecordsAndInstancesAreFoundBothWays(t *testing.T) {
	w := newWorld()
	w.addRecord(providers.Record{Zone: cfZone, Name: "old.scalability.expert", Type: "A", Value: "165.225.128.1", ID: "x"})
	v := w.view()
	var got []string
	for _, r := range v.RecordsOf(keyEast, tritonA) {
		got = append(got, r.Name+" "+r.Value)
		if i := v.InstanceOf(r); i == nil || i.ID != tritonA {
			t.Errorf("instance of %s: %v", r, i)
		}
	}
	if want := []string{"old.scalability.expert 165.225.128.1", wwwName + " 165.225.128.1"}; !slices.Equal(got, want) {
		t.Errorf("records %v", got)
	}
	r := w.record("sd-01.unilans.net", "A", "")
	if i := v.InstanceOf(r); i == nil || i.ID != ec2B {
		t.Errorf("by marker: %v", i)
	}
	if v.Record(r.Identity()) != r || v.Record(providers.Identity{}) != nil {
		t.Error("record by identity")
	}
	if v.RecordsOf("", "x") != nil || v.Instance(keyEast, "x") != nil {
		t.Error("something for nobody")
	}
}

func TestARecordBelongsToItsOwnerEvenWhenAnotherHasTheAddress(t *testing.T) {
	w := newWorld()
	w.instance(tritonB).PublicIPs = append(w.instance(tritonB).PublicIPs, addr("165.225.128.1"))
	w.instance(tritonA).PublicIPs = nil
	v := w.view()
	if i := v.InstanceOf(w.record(wwwName, "A", "165")); i == nil || i.ID != tritonA {
		t.Errorf("%v", i)
	}
}

func TestFindingsAreFoundByRecordAndByInstance(t *testing.T) {
	w := newWorld()
	w.instance(tritonA).State = providers.StateStopped
	w.drop(v1Name, "SRV", "sd-02")
	v := w.view()
	r := w.record(wwwName, "A", "165")
	if fs := v.FindingsOf(r.Identity()); len(fs) != 1 || fs[0].Class != dnsview.Stopped {
		t.Errorf("%v", fs)
	}
	if fs := v.FindingsOfInstance(keyEast, tritonA); len(fs) != 1 || fs[0].Class != dnsview.Stopped {
		t.Errorf("%v", fs)
	}
	if fs := v.FindingsOfInstance(keyEast, tritonB); len(fs) != 1 || fs[0].Class != dnsview.Half {
		t.Errorf("%v", fs)
	}
}

func TestEveryRowKnowsItsService(t *testing.T) {
	w := newWorld()
	v := w.view()
	for _, c := range []struct{ name, typ, want string }{
		{wwwName, "A", wwwName},
		{v1Name, "SRV", v1Name},
		{v1Name, "TXT", v1Name},
		{"sd-01.unilans.net", "A", v1Name},
		{"_theservice._tcp.unilans.net", "PTR", v1Name},
		{providers.MarkerName(ec2B, v1Name), "TXT", v1Name},
	} {
		if got := v.ServiceOf(w.record(c.name, c.typ, "")); got != c.want {
			t.Errorf("%s %s: %q", c.name, c.typ, got)
		}
	}
	if got := v.ServiceOfInstance(w.instance(ec2A)); got != wwwName {
		t.Errorf("selected: %q", got)
	}
	w.opts.Services = nil
	if got := w.view().ServiceOfInstance(w.instance(ec2B)); got != v1Name {
		t.Errorf("by its records: %q", got)
	}
	w.instance(ec2A).Tags = providers.TagsOf(map[string]string{providers.TagService: "API.example.net."})
	w.drop(wwwName, "A", "34.")
	if got := w.view().ServiceOfInstance(w.instance(ec2A)); got != "api.example.net" {
		t.Errorf("by its tag: %q", got)
	}
}

func TestWhatComesFromOutsideIsCleanBeforeItIsSaid(t *testing.T) {
	w := newWorld()
	w.remove(tritonA, true)
	evil := "www\x1b]0;x\x07\u202e.scalability.expert"
	w.record(wwwName, "A", "165").Name = evil
	w.instance(ec2A).Name = "www\x1b[31m"
	w.instance(ec2A).PublicIPs = nil
	v := w.view()
	for i := range v.Findings {
		f := &v.Findings[i]
		for _, s := range append([]string{f.Reason}, facts(f)...) {
			if index.Clean(s) != s || strings.ContainsAny(s, "\x1b\x07\u202e") {
				t.Errorf("not clean: %q", s)
			}
		}
	}
	p := plan.DeregisterDead(v)
	if len(p.Steps) != 1 || index.Clean(p.Steps[0].Sentence) != p.Steps[0].Sentence {
		t.Errorf("%+v", p)
	}
}

func facts(f *dnsview.Finding) []string {
	var out []string
	for _, e := range f.Evidence {
		out = append(out, e.Fact, e.Source)
	}
	return out
}

func TestAPublishedRangeIsKnownWithItsDate(t *testing.T) {
	r := index.PublishedRanges()
	for ip, want := range map[string]string{"34.201.44.17": "Amazon EC2 us-east-1", "34.244.32.1": "Amazon EC2 eu-west-1", "54.239.128.1": "", "165.225.128.1": "", "2600:1f18::1": ""} {
		owner, date, ok := r.Lookup(addr(ip))
		if owner != want || ok != (want != "") || ok && date.Year() != 2018 {
			t.Errorf("%s: %q %v %v", ip, owner, date, ok)
		}
	}
}

func TestAmazonsOwnListIsReadWithItsDate(t *testing.T) {
	r, err := index.AmazonRanges([]byte(`{"syncToken":"1","createDate":"2026-11-01-10-20-30","prefixes":[
		{"ip_prefix":"3.0.0.0/8","region":"GLOBAL","service":"AMAZON","network_border_group":"GLOBAL"},
		{"ip_prefix":"15.230.0.0/16","region":"eu-west-1","service":"EC2","network_border_group":"eu-west-1"},
		{"ip_prefix":"15.230.39.0/24","region":"us-east-2","service":"EC2","network_border_group":"us-east-2"}],
		"ipv6_prefixes":[{"ipv6_prefix":"2600:1f18::/33","region":"us-east-1","service":"EC2","network_border_group":"us-east-1"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	for ip, want := range map[string]string{
		"15.230.1.1": "Amazon EC2 eu-west-1", "15.230.39.7": "Amazon EC2 us-east-2", "::ffff:15.230.1.1": "Amazon EC2 eu-west-1",
		"2600:1f18::7": "Amazon EC2 us-east-1", "2600:1f19::7": "", "3.1.1.1": "",
	} {
		owner, date, ok := r.Lookup(addr(ip))
		if owner != want || ok != (want != "") || ok && date.Format(time.DateTime) != "2026-11-01 10:20:30" {
			t.Errorf("%s: %q %v %v", ip, owner, date, ok)
		}
	}
}

func TestAListThatIsNotAmazonsIsRefused(t *testing.T) {
	for text, why := range map[string]string{
		"<html>":                     "not JSON",
		`{"createDate":"yesterday"}`: "createDate",
		`{"createDate":"2026-11-01-10-20-30","prefixes":[]}`:                                           "no prefix",
		`{"createDate":"2026-11-01-10-20-30","prefixes":[{"ip_prefix":"3.0.0.0/33","service":"EC2"}]}`: "not a prefix",
	} {
		if _, err := index.AmazonRanges([]byte(text)); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %v, want %q", text, err, why)
		}
	}
}

func TestEveryClassHasItsPlaceInTheOrder(t *testing.T) {
	all := []dnsview.Class{
		dnsview.Dead, dnsview.Dangling, dnsview.Reused, dnsview.Stopped, dnsview.Moved, dnsview.Missing, dnsview.Half, dnsview.Foreign, dnsview.OtherFleet, dnsview.Ambiguous, dnsview.Unmarked, dnsview.InFlight, dnsview.Quiesced, dnsview.Unknown,
		dnsview.OrphanMarker, dnsview.Duplicate, dnsview.TTL, dnsview.Proxied, dnsview.Weight, dnsview.Private, dnsview.SRVNoAddress, dnsview.SRVAlias, dnsview.PTRNoSRV, dnsview.SRVNoPTR, dnsview.SRVNoTXT, dnsview.TypeNotListed,
		dnsview.Wire, dnsview.Split, dnsview.Cached, dnsview.Lame, dnsview.Occluded, dnsview.Unresolvable, dnsview.Unhealthy, dnsview.Thin, dnsview.Evacuated, dnsview.OneCloud, dnsview.OverLimit,
	}
	order := dnsview.Classes()
	for _, c := range all {
		if !slices.Contains(order, c) {
			t.Errorf("%s has no place", c)
		}
	}
	slices.Sort(order)
	if len(slices.Compact(order)) != len(all) {
		t.Errorf("%d classes in the order, %d in all", len(order), len(all))
	}
}

func TestANodeWithAMarkerAloneIsNotBackInDNS(t *testing.T) {
	w := newWorld()
	ref := w.instance(tritonB).Ref()
	if !w.view().IsBackInDNS(ref) {
		t.Error("with its records it is not")
	}
	w.lose(v1Name, "SRV", "sd-02")
	w.lose("sd-02.unilans.net", "A", "165")
	if w.view().IsBackInDNS(ref) {
		t.Error("with its markers alone it is")
	}
}
