package route53_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"rollcall/providers"
	"rollcall/providers/route53"
)

func list(a *route53.Account) ([]providers.Record, providers.Coverage) {
	var all []providers.Record
	v := a.Records(context.Background(), zone, func(p []providers.Record) { all = append(all, p...) })
	return all, v
}

func wantKind(t *testing.T, err error, kind providers.Kind) {
	t.Helper()
	if got := providers.KindOf(err); got != kind {
		t.Fatalf("kind %q, want %q (error: %v)", got, kind, err)
	}
}

func TestZonesComeWithTheirNameServersAndTheirAccount(t *testing.T) {
	a := newFake(t).account()
	var all []providers.Zone
	v := a.Zones(context.Background(), func(p []providers.Zone) { all = append(all, p...) })
	if !v.Complete() || len(all) != 1 {
		t.Fatalf("coverage %+v, zones %+v", v, all)
	}
	z := all[0]
	if z.Name != "unilans.net" || z.ID != "Z1" || z.Private || !slices.Equal(z.NameServers, []string{"ns-1.awsdns-01.org", "ns-2.awsdns-02.net"}) {
		t.Errorf("zone %+v", z)
	}
	if id, err := a.AccountID(t.Context()); z.Account != "123456789012" || id != z.Account || err != nil {
		t.Errorf("account %q of the zone, %q of the credentials, %v", z.Account, id, err)
	}
}

func TestZonesAreListedWhileTheIdentityServiceRefuses(t *testing.T) {
	f := newFake(t)
	f.onIdentify = func(w http.ResponseWriter) bool {
		http.Error(w, `<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>`, http.StatusForbidden)
		return true
	}
	var all []providers.Zone
	v := f.account().Zones(t.Context(), func(p []providers.Zone) { all = append(all, p...) })
	if !v.Complete() || len(all) != 1 || all[0].Account != "" {
		t.Errorf("coverage %+v, zones %+v", v, all)
	}
	if _, err := f.account().AccountID(t.Context()); providers.KindOf(err) != providers.KindAuth {
		t.Errorf("%v", err)
	}
}

func TestAListingOfManyPagesHasEveryValueOnceAndIsComplete(t *testing.T) {
	f := newFake(t)
	f.page = 3
	seven := int64(7)
	f.put(rrset{Name: `\052.unilans.net.`, Type: "A", TTL: 60, Values: []string{"54.1.1.1", "54.1.1.2"}},
		rrset{Name: "w.unilans.net.", Type: "A", SetIdentifier: "one", Weight: &seven, TTL: 60, Values: []string{"54.1.1.3"}},
		rrset{Name: "w.unilans.net.", Type: "A", SetIdentifier: "two", Weight: &seven, HealthCheckID: "hc", TTL: 60, Values: []string{"54.1.1.4"}},
		rrset{Name: "al.unilans.net.", Type: "A", Alias: &aliasTarget{HostedZoneID: "Z9", DNSName: "lb.example.com.", Evaluate: true}})
	for i := range 9 {
		f.put(rrset{Name: fmt.Sprintf("n%d.unilans.net.", i), Type: "A", TTL: 60, Values: []string{fmt.Sprintf("54.2.0.%d", i)}})
	}
	all, v := list(f.account())
	if !v.Complete() || v.Rows != len(all) || len(all) != 3+2+2+1+9 {
		t.Fatalf("coverage %+v with %d rows", v, len(all))
	}
	find := func(value string) providers.Record {
		i := slices.IndexFunc(all, func(r providers.Record) bool { return r.Value == value })
		if i < 0 {
			t.Fatalf("no row with value %s", value)
		}
		return all[i]
	}
	if r := find("54.1.1.2"); r.Name != "*.unilans.net" || r.TTL != 60 || r.Zone != "unilans.net" {
		t.Errorf("wildcard %+v", r)
	}
	if r := find("54.1.1.4"); r.SetID != "two" || r.Weight != 7 || r.Policy != "weighted health=hc" {
		t.Errorf("weighted %+v", r)
	}
	if r := find("lb.example.com"); !r.Alias || r.Policy != "alias-zone=Z9 alias-health" {
		t.Errorf("alias %+v", r)
	}
}

func TestAListingThatDisagreesWithTheZonesCountIsPartial(t *testing.T) {
	f := newFake(t)
	f.put(rrset{Name: "www.unilans.net.", Type: "A", TTL: 60, Values: []string{"54.1.1.1"}})
	f.onGet = func(w http.ResponseWriter) bool {
		f.sets = append(f.sets, rrset{}) // counted, and then not listed
		write(w, `<GetHostedZoneResponse>`+f.zone()+`</GetHostedZoneResponse>`)
		f.sets = f.sets[:len(f.sets)-1]
		return true
	}
	all, v := list(f.account())
	if v.State != providers.CoveragePartial || len(all) != 4 {
		t.Fatalf("coverage %+v with %d rows", v, len(all))
	}
	wantKind(t, v.Err, providers.KindIncomplete)
}

func TestAListingWithoutTheApexIsNotComplete(t *testing.T) {
	f := newFake(t)
	f.sets = []rrset{{Name: "www.unilans.net.", Type: "A", TTL: 60, Values: []string{"54.1.1.1"}}}
	_, v := list(f.account())
	wantKind(t, v.Err, providers.KindIncomplete)
	f.sets = nil
	_, v = list(f.account())
	if v.Complete() {
		t.Fatal("an empty zone is complete")
	}
	wantKind(t, v.Err, providers.KindIncomplete)
}

func TestAListingThatGoesRoundIsNotComplete(t *testing.T) {
	f := newFake(t)
	f.onList = func(w http.ResponseWriter, _ *http.Request) bool {
		write(w, `<ListResourceRecordSetsResponse><ResourceRecordSets></ResourceRecordSets><IsTruncated>true</IsTruncated><NextRecordName>x.unilans.net.</NextRecordName><NextRecordType>A</NextRecordType><MaxItems>300</MaxItems></ListResourceRecordSetsResponse>`)
		return true
	}
	_, v := list(f.account())
	wantKind(t, v.Err, providers.KindIncomplete)
}

func TestAThrottledListingIsNotComplete(t *testing.T) {
	f := newFake(t)
	f.onList = func(w http.ResponseWriter, _ *http.Request) bool {
		apiError(w, http.StatusBadRequest, "Throttling", "Rate exceeded")
		return true
	}
	_, v := list(f.account())
	if v.Complete() || f.listed() != 3 {
		t.Fatalf("coverage %+v after %d tries", v, f.listed())
	}
	wantKind(t, v.Err, providers.KindThrottled)
}

func TestAZoneThatIsGoneIsNotFound(t *testing.T) {
	f := newFake(t)
	f.onGet = func(w http.ResponseWriter) bool {
		apiError(w, http.StatusNotFound, "NoSuchHostedZone", "No hosted zone found with ID: Z1")
		return true
	}
	_, v := list(f.account())
	if v.State != providers.CoverageFailed {
		t.Fatalf("coverage %+v", v)
	}
	wantKind(t, v.Err, providers.KindNotFound)
}

func owner(instance string) providers.Owner {
	return providers.Owner{Fleet: "7f3a", Cloud: "0123456789", Instance: instance, Registered: time.Unix(1_700_000_000, 0).UTC()}
}

func markerSet(t *testing.T, o providers.Owner, name, typ, value string) rrset {
	t.Helper()
	text, err := o.For(typ, value).Encode()
	if err != nil {
		t.Fatal(err)
	}
	return rrset{Name: route53.NameToWire(providers.MarkerName(o.Instance, name)), Type: "TXT", TTL: 300, Values: []string{`"` + text + `"`}}
}

func TestALookupFindsTheMarkersWhereverTheyLie(t *testing.T) {
	for _, c := range []struct{ page, between int }{{300, 0}, {300, 3}, {2, 0}, {2, 7}, {1, 1}} {
		f := newFake(t)
		f.page = c.page
		f.put(rrset{Name: "www.unilans.net.", Type: "A", TTL: 60, Values: []string{"54.1.1.1", "54.1.1.2"}},
			rrset{Name: "www.unilans.net.", Type: "AAAA", TTL: 60, Values: []string{"2001:db8::1"}},
			markerSet(t, owner("i-1"), "www.unilans.net", "A", "54.1.1.1"), markerSet(t, owner("i-2"), "www.unilans.net", "A", "54.1.1.2"),
			rrset{Name: "zzz.unilans.net.", Type: "A", TTL: 60, Values: []string{"54.9.9.9"}})
		for i := range c.between { // names that sort between www and _rollcall.www
			f.put(rrset{Name: fmt.Sprintf("%d.www.unilans.net.", i), Type: "A", TTL: 60, Values: []string{"54.3.3.3"}})
		}
		got, err := f.account().Lookup(context.Background(), zone, "WWW.unilans.net.", "A")
		if err != nil || len(got) != 2 {
			t.Fatalf("%+v: rows %+v, error %v", c, got, err)
		}
		for i, id := range []string{"i-1", "i-2"} {
			if o, ok := got[i].Owner(); !ok || o.Instance != id {
				t.Errorf("%+v: row %+v is not owned by %s", c, got[i], id)
			}
		}
		if all, err := f.account().Lookup(context.Background(), zone, "www.unilans.net", ""); err != nil || len(all) != 3 {
			t.Errorf("%+v: any type gives %d rows, error %v", c, len(all), err)
		}
		if none, err := f.account().Lookup(context.Background(), zone, "nobody.unilans.net", "A"); err != nil || len(none) != 0 {
			t.Errorf("%+v: rows %+v, error %v", c, none, err)
		}
	}
}
