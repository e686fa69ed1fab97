package rfc2136_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/providers"
	"rollcall/providers/providertest"
	"rollcall/providers/rfc2136"

	"github.com/miekg/dns"
)

var zone = providers.Zone{Name: zoneName, ID: zoneName}

func rec(label, typ, value string, owners ...string) providers.Record {
	r := providers.Record{Zone: zoneName, Name: label + "." + zoneName, Type: typ, TTL: 60, Value: value}
	for _, id := range owners {
		o := providers.Owner{Fleet: "7f3a9c1e", Cloud: "aabbccddee", Instance: id, Registered: time.Unix(1_770_000_000, 0).UTC()}
		r.Owners = append(r.Owners, o.For(typ, value))
	}
	return r
}

func create(r providers.Record) providers.Change {
	return providers.Change{Op: providers.OpCreate, After: r}
}

func remove(r providers.Record) providers.Change {
	return providers.Change{Op: providers.OpDelete, Before: r}
}

func apply(t *testing.T, a *rfc2136.Account, changes ...providers.Change) []providers.Result {
	t.Helper()
	return a.Apply(t.Context(), zone, changes)
}

func wantDone(t *testing.T, results ...providers.Result) {
	t.Helper()
	for i, r := range results {
		if r.Err != nil {
			t.Fatalf("change %d: %v", i, r.Err)
		}
	}
}

func wantKind(t *testing.T, r providers.Result, kind providers.Kind, says string) {
	t.Helper()
	if providers.KindOf(r.Err) != kind || !strings.Contains(fmt.Sprint(r.Err), says) {
		t.Fatalf("kind %q, want %q with %q (error: %v)", providers.KindOf(r.Err), kind, says, r.Err)
	}
}

// values returns the values of a name and type as another process reads them, sorted.
func values(t *testing.T, n *providertest.Named, label, typ string) (out []string) {
	t.Helper()
	rows, err := rfc2136.New(config(t, n)).Lookup(t.Context(), zone, label+"."+zoneName, typ)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		out = append(out, r.Value)
	}
	slices.Sort(out)
	return out
}

// nsupdate runs BIND's own client.
func nsupdate(t *testing.T, n *providertest.Named, commands string) {
	t.Helper()
	path, err := exec.LookPath("nsupdate")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("nsupdate (Debian: bind9-dnsutils) is not installed, and CI must have it")
		}
		t.Skip("nsupdate (Debian: bind9-dnsutils) is not installed")
	}
	c := exec.Command(path, "-v", "-k", filepath.Join(n.Dir, "update.key"))
	c.Stdin = strings.NewReader("server 127.0.0.1 " + n.Port + "\nzone " + zoneName + "\n" + commands + "\nsend\n")
	if out, err := c.CombinedOutput(); err != nil {
		t.Errorf("nsupdate: %v\n%s", err, out)
	}
}

func TestAnotherWriterBetweenReadAndUpdateIsSeen(t *testing.T) {
	n := startBIND(t, options+zoneConfig(grants))
	writes := &providertest.Writes{}
	a := rfc2136.New(watched(config(t, n), writes))
	wantDone(t, apply(t, a, create(rec("app", "A", "192.0.2.1", "i-1")), create(rec("app", "A", "192.0.2.2", "i-2")))...)
	t.Run("a delete of a set that has another value now is a conflict", func(t *testing.T) {
		writes.Before(func() { nsupdate(t, n, "add app.example.org 60 A 192.0.2.3") })
		wantKind(t, apply(t, a, remove(rec("app", "A", "192.0.2.1", "i-1")))[0], providers.KindConflict, "changed app.example.org A meanwhile")
		if got := values(t, n, "app", "A"); !slices.Equal(got, []string{"192.0.2.1", "192.0.2.2", "192.0.2.3"}) {
			t.Errorf("values %v", got)
		}
	})
	t.Run("a delete whose marker is another one now is a conflict", func(t *testing.T) {
		writes.Before(func() { nsupdate(t, n, "del i-1._rollcall.app.example.org TXT") })
		wantKind(t, apply(t, a, remove(rec("app", "A", "192.0.2.1", "i-1")))[0], providers.KindConflict, "meanwhile")
		wantDone(t, apply(t, a, providers.Change{Op: providers.OpUpdate, Before: rec("app", "A", "192.0.2.1"), After: rec("app", "A", "192.0.2.1", "i-1")})...)
	})
	t.Run("a change elsewhere in the zone is none of its business", func(t *testing.T) {
		sent := writes.Sent()
		writes.Before(func() { nsupdate(t, n, "add other.example.org 60 A 192.0.2.9") })
		wantDone(t, apply(t, a, remove(rec("app", "A", "192.0.2.1", "i-1")))...)
		if writes.Sent() != sent+1 {
			t.Errorf("%d updates", writes.Sent()-sent)
		}
	})
	t.Run("an add goes on with the zone as it is now", func(t *testing.T) {
		writes.Before(func() { nsupdate(t, n, "del app.example.org A 192.0.2.3\nadd app.example.org 60 A 192.0.2.4") })
		wantDone(t, apply(t, a, create(rec("app", "A", "192.0.2.5", "i-5")))...)
		if got := values(t, n, "app", "A"); !slices.Equal(got, []string{"192.0.2.2", "192.0.2.4", "192.0.2.5"}) {
			t.Errorf("values %v", got)
		}
	})
}

func TestAnUpdateWhoseServerIsKilledIsUncertainAndDoneOnceWhenItIsBack(t *testing.T) {
	n := startBIND(t, options+zoneConfig(grants))
	writes := &providertest.Writes{}
	a := rfc2136.New(watched(config(t, n), writes))
	mine := rec("app", "A", "192.0.2.1", "i-1")
	// An update that could not even be sent was certainly not made.
	uncertain := func(t *testing.T, r providers.Result, made bool) {
		t.Helper()
		if k := providers.KindOf(r.Err); k != providers.KindUncertain && (made || k != providers.KindUnreachable) {
			t.Errorf("kind %q (error: %v)", k, r.Err)
		}
	}
	restart := func() {
		n.Start()
		n.UntilServed(zoneName)
	}
	for _, c := range []struct {
		says    string
		disturb func()
		made    bool
	}{
		{"before it reads the update", func() { writes.Before(n.Kill) }, false},
		{"after it made the update", func() {
			writes.Lose()
			writes.Answered(n.Kill)
		}, true},
	} {
		t.Run(c.says, func(t *testing.T) {
			c.disturb()
			uncertain(t, apply(t, a, create(mine))[0], c.made)
			restart()
			if got := values(t, n, "app", "A"); (len(got) == 1) != c.made {
				t.Errorf("values %v", got)
			}
			if r := apply(t, a, create(mine))[0]; r.Err != nil || r.Already != c.made {
				t.Fatalf("again: %+v", r)
			}
			c.disturb()
			uncertain(t, apply(t, a, remove(mine))[0], c.made)
			restart()
			if got := append(values(t, n, "app", "A"), values(t, n, "i-1._rollcall.app", "TXT")...); (len(got) == 0) != c.made || len(got) == 1 {
				t.Errorf("values %v", got)
			}
			if !c.made {
				wantDone(t, apply(t, a, remove(mine))...)
			}
		})
	}
	n.Kill()
	wantKind(t, apply(t, a, create(mine))[0], providers.KindUnreachable, "no connection to the name server")
}

func TestAZoneOfManyMessagesIsListedWhole(t *testing.T) {
	n := startBIND(t, options+zoneConfig(grants))
	var lines strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&lines, "n%05d 60 IN TXT \"%s\"\n", i, strings.Repeat("x", 60))
	}
	n.Kill()
	n.Write(zoneName+".zone", zoneText+lines.String())
	n.Start()
	n.UntilServed(zoneName)
	rows, calls := 0, 0
	cov := rfc2136.New(config(t, n)).Records(t.Context(), zone, func(page []providers.Record) { rows, calls = rows+len(page), calls+1 })
	if !cov.Complete() || rows != 20_006 || cov.Rows != rows || calls < 10 {
		t.Errorf("%d rows in %d calls, coverage %+v", rows, calls, cov)
	}
}

func TestWhatANameServerWouldLeaveOutWithoutAWordIsRefused(t *testing.T) {
	n := startBIND(t, options+zoneConfig(grants))
	writes := &providertest.Writes{}
	a := rfc2136.New(watched(config(t, n), writes))
	wantDone(t, apply(t, a, create(rec("alias", "CNAME", "www.example.org")))...)
	sent := writes.Sent()
	zoneRows, err := a.Lookup(t.Context(), zone, zoneName, "")
	if err != nil {
		t.Fatal(err)
	}
	var soa providers.Record
	var ns []providers.Change
	for _, r := range zoneRows {
		switch r.Type {
		case "SOA":
			soa = r
		case "NS":
			ns = append(ns, remove(r))
		}
	}
	wantKind(t, apply(t, a, remove(soa))[0], providers.KindInvalid, "kept by its name server")
	wantKind(t, apply(t, a, create(rec("alias", "A", "192.0.2.1", "i-1")))[0], providers.KindInvalid, "a CNAME stands alone")
	wantKind(t, apply(t, a, create(rec("www", "CNAME", "alias.example.org")))[0], providers.KindInvalid, "a CNAME stands alone")
	weighted := rec("app", "A", "192.0.2.1")
	weighted.SetID, weighted.Policy = "one", "weighted"
	wantKind(t, apply(t, a, create(weighted))[0], providers.KindInvalid, "no routing policies")
	if writes.Sent() != sent {
		t.Errorf("%d updates were sent", writes.Sent()-sent)
	}
	for _, r := range apply(t, a, ns...) {
		if r.Err != nil && !strings.Contains(r.Err.Error(), "keeps at least one NS record") {
			t.Error(r.Err)
		}
	}
	rows, err := a.Lookup(t.Context(), zone, zoneName, "NS")
	if err != nil || len(rows) == 0 {
		t.Errorf("NS %v, %v", rows, err)
	}
	// An alias and what stands in its place change in one update.
	wantDone(t, apply(t, a, remove(rec("alias", "CNAME", "www.example.org")), create(rec("alias", "A", "192.0.2.1")))...)
	wantDone(t, apply(t, a, create(rec("alias", "CNAME", "www.example.org")), remove(rec("alias", "A", "192.0.2.1")))...)
	if writes.Sent() > sent+4 || !slices.Equal(values(t, n, "alias", ""), []string{"www.example.org"}) {
		t.Errorf("%d updates, values %v", writes.Sent()-sent, values(t, n, "alias", ""))
	}
}

func TestTheTTLOfASetChangesForAllItsValues(t *testing.T) {
	n := startBIND(t, options+zoneConfig(grants))
	a := rfc2136.New(config(t, n))
	wantDone(t, apply(t, a, create(rec("app", "A", "192.0.2.1", "i-1")), create(rec("app", "A", "192.0.2.2")))...)
	slow := rec("app", "A", "192.0.2.1", "i-1")
	slow.TTL = 600
	wantDone(t, apply(t, a, providers.Change{Op: providers.OpUpdate, Before: rec("app", "A", "192.0.2.1", "i-1"), After: slow})...)
	rows, err := a.Lookup(t.Context(), zone, "app."+zoneName, "A")
	if err != nil || len(rows) != 2 || rows[0].TTL != 600 || rows[1].TTL != 600 {
		t.Errorf("rows %+v, %v", rows, err)
	}
}

func TestAnUpdateThatIsTooLargeForAMessageIsDividedOrRefused(t *testing.T) {
	n := startBIND(t, options+zoneConfig(grants))
	writes := &providertest.Writes{}
	a := rfc2136.New(watched(config(t, n), writes))
	var changes []providers.Change
	for i := range 600 { // at names of their own, 150 KB
		changes = append(changes, create(rec(fmt.Sprintf("t%03d", i), "TXT", fmt.Sprintf(`"%03d%s"`, i, strings.Repeat("x", 240)))))
	}
	wantDone(t, apply(t, a, changes...)...)
	if writes.Sent() < 3 || writes.Sent() > 6 {
		t.Errorf("%d updates", writes.Sent())
	}
	changes = nil
	for i := range 300 { // of one name, 75 KB: it could not be replaced
		changes = append(changes, create(rec("big", "TXT", fmt.Sprintf(`"%03d%s"`, i, strings.Repeat("x", 240)))))
	}
	full := 0
	for _, r := range apply(t, a, changes...) {
		if r.Err != nil {
			wantKind(t, r, providers.KindLimit, "an update has 65535 bytes at most")
			full++
		}
	}
	got := values(t, n, "big", "TXT")
	if full == 0 || len(got) != 300-full {
		t.Fatalf("%d values, %d refused", len(got), full)
	}
	wantDone(t, apply(t, a, remove(rec("big", "TXT", got[0])))...) // what was taken can go again
}

func TestTheLimitOfBINDForOneNameSaysWhereItIsRaised(t *testing.T) {
	n := startBIND(t, strings.Replace(options, "max-records-per-type 0;", "", 1)+zoneConfig(grants))
	a := rfc2136.New(config(t, n))
	var changes []providers.Change
	for i := range 101 {
		changes = append(changes, create(rec("many", "A", fmt.Sprintf("192.0.2.%d", i))))
	}
	failed := 0
	for _, r := range apply(t, a, changes...) {
		if r.Err != nil {
			wantKind(t, r, providers.KindLimit, "raise its max-records-per-type")
			failed++
		}
	}
	if failed != 1 || len(values(t, n, "many", "A")) != 100 {
		t.Errorf("%d failed, %d values", failed, len(values(t, n, "many", "A")))
	}
}

func TestAZoneThatBINDSignsIsListedAndChangedAsAnyOther(t *testing.T) {
	n := startBIND(t, options+zoneConfig(grants+" dnssec-policy default; inline-signing no;"))
	a := rfc2136.New(config(t, n))
	n.Until(zoneName, dns.TypeDNSKEY, "its keys", func(m *dns.Msg) bool { return len(m.Answer) > 0 })
	wantDone(t, apply(t, a, create(rec("app", "A", "192.0.2.1", "i-1")), create(rec("alias", "CNAME", "app.example.org")))...)
	n.Until("app."+zoneName, dns.TypeRRSIG, "its signatures", func(m *dns.Msg) bool { return len(m.Answer) > 0 })
	wantKind(t, apply(t, a, create(rec("alias", "A", "192.0.2.1")))[0], providers.KindInvalid, "a CNAME stands alone")
	types := map[string]bool{}
	cov := a.Records(t.Context(), zone, func(page []providers.Record) {
		for _, r := range page {
			types[r.Type] = true
		}
	})
	for _, typ := range []string{"RRSIG", "NSEC", "TYPE65534"} {
		if types[typ] {
			t.Errorf("records of type %s are listed", typ)
		}
	}
	if !cov.Complete() || !types["DNSKEY"] || !types["CNAME"] {
		t.Errorf("coverage %+v, types %v", cov, types)
	}
	wantDone(t, apply(t, a, remove(rec("app", "A", "192.0.2.1", "i-1")), remove(rec("alias", "CNAME", "app.example.org")))...)
	if got := append(values(t, n, "app", ""), values(t, n, "alias", "")...); len(got) != 0 {
		t.Errorf("values %v", got)
	}
}
