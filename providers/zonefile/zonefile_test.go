package zonefile

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rollcall/providers"
)

const text = `
$TTL 1h
@	IN SOA ns1 hostmaster ( 7 3600 600 86400 300 ) ; relative to the zone
	NS ns1
	NS ns2.example.net.
ns1	300 A 192.0.2.1
www	60 IN A 192.0.2.10
www	60 IN A 192.0.2.11
WWW	AAAA 2001:DB8:0:0::10
txt	TXT "one" "two; \"three\""
_http._tcp PTR My\032Page._http._tcp
My\032Page._http._tcp SRV 0 5 80 www
$ORIGIN sub.example.org.
a	MX 10 mail
elsewhere.example.net. A 192.0.2.66
old	CH TXT "of another class"
odd	TYPE65400 \# 2 beef
marker._rollcall.www.example.org. TXT "%s"
`

// zoneOf returns the account of a file that holds a text.
func zoneOf(t *testing.T, text string) *Account {
	t.Helper()
	file := filepath.Join(t.TempDir(), "example.org.zone")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return New("Example.org.", file, providers.Clock{})
}

func list(t *testing.T, a *Account) (rows []providers.Record) {
	t.Helper()
	cov := a.Records(t.Context(), providers.Zone{}, func(page []providers.Record) { rows = append(rows, page...) })
	if !cov.Complete() || cov.Rows != len(rows) {
		t.Fatalf("%+v", cov)
	}
	return rows
}

func TestAMasterFileIsListedAsItsNameServersAnswer(t *testing.T) {
	a := zoneOf(t, strings.ReplaceAll(text, "%s", "not a marker"))
	var got []string
	for _, r := range list(t, a) {
		got = append(got, fmt.Sprintf("%s %d %s %s", r.Name, r.TTL, r.Type, r.Value))
	}
	want := []string{
		"example.org 3600 SOA ns1.example.org. hostmaster.example.org. 7 3600 600 86400 300",
		"example.org 3600 NS ns1.example.org",
		"example.org 3600 NS ns2.example.net",
		"ns1.example.org 300 A 192.0.2.1",
		"www.example.org 60 A 192.0.2.10",
		"www.example.org 60 A 192.0.2.11",
		"www.example.org 3600 AAAA 2001:db8::10",
		`txt.example.org 3600 TXT "one" "two; \"three\""`,
		`_http._tcp.example.org 3600 PTR My\032Page._http._tcp.example.org`,
		`my\032page._http._tcp.example.org 3600 SRV 0 5 80 www.example.org`,
		"a.sub.example.org 3600 MX 10 mail.sub.example.org",
		`odd.sub.example.org 3600 TYPE65400 \# 2 beef`,
		`marker._rollcall.www.example.org 3600 TXT "not a marker"`,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	zone, err := providers.FindZone(t.Context(), a, "example.org", providers.ZoneChoice{}, "")
	if err != nil || zone.Name != "example.org" || zone.ID == "" || !zone.ReadOnly || strings.Join(zone.NameServers, " ") != "ns1.example.org ns2.example.net" {
		t.Errorf("%+v, %v", zone, err)
	}
}

func TestALookupReturnsOneNameWithTheOwnersThatMarkersSay(t *testing.T) {
	owner := providers.Owner{Fleet: "7f3a", Cloud: "0123456789", Instance: "i-0a1b2c3d4e5f60718", Type: "A", Value: "192.0.2.10", Registered: time.Unix(1_700_000_000, 0).UTC()}
	marker, err := owner.Encode()
	if err != nil {
		t.Fatal(err)
	}
	a := zoneOf(t, strings.NewReplacer("%s", marker, "marker._rollcall.www", owner.Instance+"._rollcall.www").Replace(text))
	rows, err := a.Lookup(t.Context(), providers.Zone{}, "WWW.example.org.", "A")
	if err != nil || len(rows) != 2 {
		t.Fatalf("%+v, %v", rows, err)
	}
	if o, ok := rows[0].Owner(); !ok || o.Instance != owner.Instance {
		t.Errorf("the owner of %s is %+v", rows[0].Value, rows[0].Owners)
	}
	if all, err := a.Lookup(t.Context(), providers.Zone{}, "www.example.org", ""); err != nil || len(all) != 3 {
		t.Errorf("any type: %+v, %v", all, err)
	}
	if none, err := a.Lookup(t.Context(), providers.Zone{}, "mail.example.org", "A"); err != nil || len(none) != 0 {
		t.Errorf("a name that is not there: %+v, %v", none, err)
	}
}

func TestAFileThatIsReplacedIsReadAnew(t *testing.T) {
	a := zoneOf(t, strings.ReplaceAll(text, "%s", ""))
	before := len(list(t, a))
	if err := os.WriteFile(a.file, []byte(strings.ReplaceAll(text, "%s", "")+"new A 192.0.2.20\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if after := len(list(t, a)); after != before+1 {
		t.Errorf("%d rows, and %d before", after, before)
	}
}

func TestAFileThatCannotBeReadWholeIsAFailedReadAndNeverAShorterList(t *testing.T) {
	missing := New("example.org", filepath.Join(t.TempDir(), "none"), providers.Clock{})
	for what, c := range map[string]struct {
		a    *Account
		kind providers.Kind
		says string
	}{
		"no file":                      {missing, providers.KindNotFound, "there is no file"},
		"an empty file":                {zoneOf(t, ""), providers.KindInvalid, "has no SOA record of example.org"},
		"the SOA of another zone":      {zoneOf(t, "example.net. 60 SOA a b 1 2 3 4 5\n"), providers.KindInvalid, "has no SOA record of example.org"},
		"an address that is none":      {zoneOf(t, "@ 60 SOA a b 1 2 3 4 5\nwww A 192.0.2.300\n"), providers.KindInvalid, "line: 2"},
		"a file that is cut off":       {zoneOf(t, "@ 60 SOA a b ( 1 2 3\n"), providers.KindInvalid, "example.org.zone"},
		"an include that is not there": {zoneOf(t, "@ 60 SOA a b 1 2 3 4 5\n$INCLUDE none.zone\n"), providers.KindInvalid, "none.zone"},
	} {
		cov := c.a.Records(t.Context(), providers.Zone{}, func(page []providers.Record) { t.Errorf("%s: %d rows", what, len(page)) })
		zones := c.a.Zones(t.Context(), func(page []providers.Zone) { t.Errorf("%s: %v", what, page) })
		_, err := c.a.Lookup(t.Context(), providers.Zone{}, "www.example.org", "A")
		for _, err := range []error{cov.Err, zones.Err, err} {
			if providers.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s: %v", what, err)
			}
		}
	}
}

func TestAFileThatEndsWithinARecordIsNotReadAsAWholeOne(t *testing.T) {
	whole := "@ 60 SOA a b ( 1 2 3 4 5 )\nwww A 192.0.2.1\ntxt TXT ( \"one\" \"two\" )\n"
	list(t, zoneOf(t, whole))
	for _, cut := range []string{"( 1", "( 1 2 3", "5 )\nwww", "www A", "TXT", "( \"on", "( \"one\" "} {
		text := whole[:strings.Index(whole, cut)+len(cut)]
		if cov := zoneOf(t, text).Records(t.Context(), providers.Zone{}, func([]providers.Record) {}); cov.Complete() || cov.Err == nil {
			t.Errorf("%q is read as a whole zone", text)
		}
	}
}
