package dnsview_test

import (
	"strings"
	"testing"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
)

// A quiesce took the host name out and was stopped, and then the agent of the node left with the SRV value.
func TestANodeThatWasTakenOutOfItsHostNameIsToBeReturnedAndNotRegistered(t *testing.T) {
	w := newWorld()
	var value string
	for _, r := range w.view().Snapshot.Zones {
		for i := range r.Records {
			if x := &r.Records[i]; x.Name == "sd-02.unilans.net" && x.Type == "A" {
				value = x.Value
			}
		}
	}
	w.drop(v1Name, "SRV", "sd-02")
	w.drop("sd-02.unilans.net", "A", "")
	o := owner(keyEast, tritonB).For("A", value)
	o.Quiesced = true
	m, err := o.Encode()
	if err != nil {
		t.Fatal(err)
	}
	w.addRecord(providers.Record{Zone: "unilans.net", Name: providers.MarkerName(tritonB, "sd-02.unilans.net"), Type: "TXT", Value: providers.FormatTXT([]string{m})})
	v := w.view()
	for i := range v.Findings {
		f := &v.Findings[i]
		if f.Class != dnsview.Missing {
			continue
		}
		if f.Remedy != dnsview.RemedyReturn || !strings.Contains(f.Reason, "it was taken out of its host name sd-02.unilans.net on purpose") {
			t.Errorf("the remedy is %q: %s", f.Remedy, f.Reason)
		}
		if p := plan.ForFindings(v, f); len(p.Steps) == 0 || !strings.Contains(p.Steps[0].Sentence, "Create sd-02.unilans.net A "+value) {
			t.Errorf("the plan is %+v, left alone %q", p.Steps, p.Skipped)
		}
		return
	}
	t.Errorf("it is not missing: %+v", v.Findings)
}

func TestANodeMissingFromARoundRobinNameIsRegisteredThoughItsHostNameWasTakenOut(t *testing.T) {
	w := newWorld()
	const rr = "rr.unilans.net"
	w.declare(index.Service{Name: rr, Kind: index.RoundRobin, TTL: 60, Select: map[string]string{"service": "sd"}})
	w.drop("sd-02.unilans.net", "A", "")
	m := quiescedMark(keyEast, tritonB, "165.225.128.2")
	m.Zone, m.Name, m.ID = r53Zone, providers.MarkerName(tritonB, "sd-02.unilans.net"), ""
	w.addRecord(m)
	v := w.view()
	for i := range v.Findings {
		f := &v.Findings[i]
		if f.Class != dnsview.Missing || f.Service != rr || f.Instance.ID != tritonB {
			continue
		}
		if p := plan.ForFindings(v, f); f.Remedy != dnsview.RemedyRegister || !strings.Contains(f.Reason, "host name sd-02.unilans.net on purpose") || len(p.Steps) == 0 {
			t.Errorf("%s (%s): %+v", f.Reason, f.Remedy, p)
		}
		return
	}
	t.Errorf("it is not missing: %+v", v.Findings)
}
