package dnsview_test

import (
	"slices"
	"testing"

	"rollcall/dnsview"
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
