package dnsview_test

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"rollcall/dnsview"
	"rollcall/dnsview/guard"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
)

const heritage = `"heritage=external-dns,external-dns/owner=edns,external-dns/resource=ingress/default/app"`

// appZone is the small world with records that no one has marked, one of them with an address of ours.
func appZone(more ...providers.Record) (*world, *providers.Record) {
	w := newWorld()
	for _, r := range append([]providers.Record{
		{Name: "app.unilans.net", Type: "A", Value: "34.200.16.1", TTL: 300},
		{Name: "other.unilans.net", Type: "A", Value: "34.200.16.1", TTL: 300},
		{Name: "*.wild.unilans.net", Type: "A", Value: "34.200.16.1", TTL: 300},
		{Name: "unilans.net", Type: "A", Value: "34.200.16.1", TTL: 300},
	}, more...) {
		r.Zone = r53Zone
		w.addRecord(r)
	}
	return w, w.record("app.unilans.net", "A", "34.")
}

func TestTheRegistryOfExternalDNSIsReadInAllItsForms(t *testing.T) {
	sealed := `"` + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("nonce and text and tag", 4))) + `"`
	for _, c := range []struct {
		txt, value string
		managed    []string
	}{
		{"app.unilans.net", heritage, []string{"app.unilans.net"}},
		{"a-app.unilans.net", heritage, []string{"app.unilans.net"}},
		{"a-app.unilans.net", `"\"heritage=external-dns,external-dns/owner=edns\""`, []string{"app.unilans.net"}},
		{"a-app.unilans.net", `"heritage=external-dns,"` + ` "external-dns/owner=edns"`, []string{"app.unilans.net"}},
		{"edns.app.unilans.net", heritage, []string{"app.unilans.net"}},
		{"edns-app.unilans.net", heritage, []string{"app.unilans.net"}},
		{"edns.a-app.unilans.net", heritage, []string{"app.unilans.net"}},
		{"edns-a-app.unilans.net", heritage, []string{"app.unilans.net"}},
		{"app-edns.unilans.net", heritage, []string{"app.unilans.net"}},
		{"a-app-edns.unilans.net", heritage, []string{"app.unilans.net"}},
		{"app-edns-a.unilans.net", heritage, []string{"app.unilans.net"}},
		{"a._metadata.app.unilans.net", heritage, []string{"app.unilans.net"}},
		{"_external_dns.app.unilans.net", heritage, []string{"app.unilans.net"}},
		{"a-any.wild.unilans.net", heritage, []string{"*.wild.unilans.net"}},
		{"a-*.wild.unilans.net", heritage, []string{"*.wild.unilans.net"}},
		{"edns-a.unilans.net", heritage, []string{"unilans.net"}},
		{"a-app.unilans.net", sealed, []string{"app.unilans.net"}},
		{"_owner.a.app.unilans.net", `"*octodns*"`, []string{"app.unilans.net"}},
		// What is another type's, another name's or no registry at all manages nothing here.
		{"aaaa-app.unilans.net", heritage, nil},
		{"edns-cname-app.unilans.net", heritage, nil},
		{"gone.unilans.net", heritage, nil},
		{"app.unilans.net", `"v=spf1 -all"`, nil},
		{"app.unilans.net", sealed, nil},
		{"a-app.unilans.net", `"heritage of external-dns"`, nil},
	} {
		w, _ := appZone(providers.Record{Name: c.txt, Type: "TXT", Value: c.value, TTL: 300})
		v := w.view()
		var got []string
		for i := range w.zone(r53Zone).Records {
			if r := &w.zone(r53Zone).Records[i]; v.ControllerOf(r) != "" {
				got = append(got, r.Name)
			}
		}
		if !slices.Equal(got, c.managed) {
			t.Errorf("%s %s manages %v, want %v", c.txt, c.value, got, c.managed)
		}
	}
}

func TestCommentsAndTagsNameTheProgramThatManagesARecord(t *testing.T) {
	for comment, want := range map[string]string{
		"Managed by Terraform": "Terraform", "managed by octoDNS": "octoDNS", "dnscontrol": "DNSControl", "Pulumi stack prod": "Pulumi", "managed-by: argocd/dns": "argocd/dns",
		"heritage=external-dns,external-dns/owner=x": "external-dns (owner x)", "": "", "the web of the shop": "", "managed by hand": "", "ask Bob": "",
	} {
		if got := index.ControllerInComment(&providers.Record{Name: "a.b", Type: "A", Value: "192.0.2.1", Comment: comment}); got != want {
			t.Errorf("%q names %q, want %q", comment, got, want)
		}
	}
	if got := index.ControllerInComment(&providers.Record{Name: "a.b", Type: "A", Policy: `{"tags":["managed-by:terraform"]}`}); got != "Terraform" {
		t.Errorf("a tag names %q", got)
	}
	if got := index.ControllerInComment(&providers.Record{Name: "_acme-challenge.www.a.b", Type: "TXT"}); got == "" {
		t.Error("the answer to a challenge is nobody's")
	}
}

func TestADeadRecordThatAnotherControllerManagesTooIsNotDeregistered(t *testing.T) {
	w := newWorld()
	w.addRecord(providers.Record{Zone: r53Zone, Name: "app.unilans.net", Type: "A", Value: "165.225.128.1", TTL: 60, Owners: []providers.Owner{owner(keyEast, tritonA)}})
	w.addRecord(providers.Record{Zone: r53Zone, Name: "a-app.unilans.net", Type: "TXT", Value: heritage, TTL: 300})
	w.remove(tritonA, true)
	v := w.view()
	r := w.record("app.unilans.net", "A", "")
	if f := v.FindingsOfRecord(r); len(f) != 1 || f[0].Class != dnsview.Dead || f[0].Remedy != dnsview.NoRemedy || f[0].OneKey || !strings.Contains(f[0].Reason, "managed by external-dns") {
		t.Errorf("%+v", f)
	}
	for what, p := range map[string]plan.Plan{"by name": plan.Deregister(v, r.Identity()), "with the dead": plan.DeregisterDead(v)} {
		for i := range p.Steps {
			if p.Steps[i].Change.Record().Name == r.Name {
				t.Errorf("%s: %s", what, p.Steps[i].Sentence)
			}
		}
	}
	if p := plan.Deregister(v, r.Identity()); len(p.Skipped) != 1 || !strings.Contains(p.Skipped[0], "has two owners") || strings.Contains(p.Skipped[0], "\n") {
		t.Errorf("%q", p.Skipped)
	}
}

func TestARecordOfAnotherControllerIsNeverAdopted(t *testing.T) {
	registry := providers.Record{Name: "a-app.unilans.net", Type: "TXT", Value: heritage, TTL: 300}
	cloud := func() (*world, *providers.Record) {
		w := newWorld()
		w.addRecord(providers.Record{Zone: cfZone, Name: "app.scalability.expert", Type: "A", Value: "34.200.16.1", TTL: 300, ID: "app", Comment: "Managed by Terraform"})
		return w, w.record("app.scalability.expert", "A", "34.")
	}
	for who, make := range map[string]func() (*world, *providers.Record){
		"external-dns (owner edns, resource ingress/default/app)": func() (*world, *providers.Record) { return appZone(registry) }, "Terraform": cloud,
	} {
		w, r := make()
		v := w.view()
		f := v.FindingsOfRecord(r)
		if len(f) != 1 || f[0].Class != dnsview.Unmarked || f[0].Remedy != dnsview.NoRemedy || f[0].Controller != who || !strings.Contains(f[0].Reason, "managed by "+who) || !strings.Contains(f[0].Reason, "at its source") {
			t.Fatalf("%s: %+v", who, f)
		}
		ref := w.instance(ec2A).Ref()
		for what, p := range map[string]plan.Plan{"adopt": plan.Adopt(v, r.Identity()), "remedy": plan.ForFindings(v, f...), "drain": plan.Drain(v, ref)} {
			said := strings.Join(p.Skipped, "\n")
			if slices.ContainsFunc(p.Steps, func(s plan.Step) bool {
				return s.Kind == plan.StepPower || s.Change != nil && s.Change.Before.Name == r.Name
			}) || !strings.Contains(said, "at its source") || strings.Contains(said, r.Name+" A 34.200.16.1 has no owner marker") {
				t.Errorf("%s, %s: %+v", who, what, p)
			}
		}
		e := &guard.Evidence{Fleet: testFlt, View: v, Change: &providers.Change{Op: providers.OpDelete, Before: *r}}
		if g := e.CheckOwner(); g.Pass || !strings.Contains(g.Why, who) || strings.Contains(g.Satisfy, "adopt") {
			t.Errorf("%s: %+v", who, g)
		}
	}
}
