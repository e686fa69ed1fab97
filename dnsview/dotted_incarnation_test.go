package dnsview_test

import (
	"slices"
	"testing"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
)

func TestAnIncarnationWithADotInItsNameIsListedUnderItsServiceType(t *testing.T) {
	const dotted = `v1\.2._theservice._tcp.unilans.net`
	w := newWorld()
	w.opts.Services = append(w.opts.Services, index.Service{Name: dotted, Kind: index.DNSSD, Port: 4218, TTL: 60})
	p := plan.Register(w.view(), dotted, providers.InstanceRef{Key: keyUse1, ID: ec2B})
	if !slices.ContainsFunc(p.Steps, func(s plan.Step) bool {
		return s.Change.After.Type == "PTR" && s.Change.After.Name == "_theservice._tcp.unilans.net" && s.Change.After.Value == dotted
	}) {
		t.Errorf("%q %q", sentences(p), p.Skipped)
	}
	if _, err := w.carryOut(p); err != nil {
		t.Fatal(err)
	}
	for _, f := range w.view().Findings {
		if f.Class != dnsview.Missing && f.Service == dotted {
			t.Errorf("%s: %s", f.Class, f.Reason)
		}
	}
}
