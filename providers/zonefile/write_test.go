package zonefile

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rollcall/providers"
	"rollcall/providers/providertest"
)

var taken = time.Date(2026, 11, 28, 3, 0, 0, 0, time.UTC)

// checkZone loads a master file with BIND's named-checkzone. CI has it.
func checkZone(t rapid.TB, file string) (ok bool, said string) {
	path, err := exec.LookPath("named-checkzone")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("named-checkzone is not installed, and CI requires it")
		}
		t.Skip("named-checkzone is not installed")
	}
	args := []string{"-k", "fail", "example.org", file} // as named does for its own zones
	if text, err := os.ReadFile(file); err == nil && strings.Contains(string(text), "check-names ignore") {
		args = args[2:]
	}
	out, err := exec.Command(path, args...).CombinedOutput()
	return err == nil, string(out)
}

// written writes a zone into a file and reads it back. BIND must take it.
func written(t rapid.TB, dir string, z providers.Zone, records []providers.Record) (left []Left, back []providers.Record, text string) {
	t.Helper()
	var b strings.Builder
	left, err := Write(&b, &z, records, taken)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "example.org.zone")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if ok, said := checkZone(t, file); !ok {
		t.Fatalf("BIND does not take\n%s\n%s", b.String(), said)
	}
	cov := New("example.org", file, providers.Clock{}).Records(context.Background(), providers.Zone{}, func(page []providers.Record) { back = append(back, page...) })
	if cov.Err != nil {
		t.Fatal(cov.Err)
	}
	return left, back, b.String()
}

func rec(name, typ, value string) providers.Record {
	return providers.Record{Zone: "example.org", Name: providers.SpellName(name), Type: typ, TTL: 60, Value: providers.SpellValue(typ, value)}
}

func TestAZoneIsWrittenAsBINDLoadsItAndWhatDNSLacksIsAComment(t *testing.T) {
	alias := rec("front.example.org", "A", "lb.elb.amazonaws.com")
	alias.Alias = true
	one, two := rec("w.example.org", "CNAME", "a.example.net"), rec("w.example.org", "CNAME", "b.example.net")
	one.SetID, two.SetID = "one", "two"
	same := rec("www.example.org", "A", "192.0.2.10")
	same.SetID = "other"
	longer := rec("www.example.org", "A", "192.0.2.11")
	longer.TTL = 3600
	auto := rec("cdn.example.org", "A", "192.0.2.12")
	auto.TTL, auto.AutoTTL, auto.Comment = 1, true, "a marker\nin two lines"
	records := []providers.Record{
		rec("www.example.org", "A", "192.0.2.10"), same, longer, auto, alias, one, two,
		rec("example.org", "CNAME", "flat.example.net"), rec("example.org", "TXT", `"v=spf1 -all"`),
		rec("sub.example.org", "NS", "ns.sub.example.org"), rec("glue.example.org", "NS", "ns.glue.example.org"), rec("ns.glue.example.org", "A", "192.0.2.53"),
		rec("v1._http._tcp.example.org", "SRV", "0 5 80 www.example.org"), rec(`my\032page._http._tcp.example.org`, "TXT", `"a;b" "\"c\""`),
		rec("bad.example.org", "A", "not an address"), rec("elsewhere.example.net", "A", "192.0.2.9"),
	}
	left, back, text := written(t, t.TempDir(), providers.Zone{Name: "example.org", NameServers: []string{"ns1.example.net", "ns2.example.net"}}, records)
	var names []string
	for _, l := range left {
		names = append(names, l.Record.Name+" "+l.Record.Type)
		if !strings.Contains(text, "; not in this file, "+l.Why+": "+l.Record.Name+" ") {
			t.Errorf("%s %s is no comment", l.Record.Name, l.Record.Type)
		}
	}
	want := []string{"bad.example.org A", "elsewhere.example.net A", "example.org CNAME", "front.example.org A", "sub.example.org NS", "w.example.org CNAME", "w.example.org CNAME"}
	if !slices.Equal(names, want) {
		t.Errorf("left are %q, want %q", names, want)
	}
	var got []string
	for _, r := range back {
		if r.Type == "A" {
			got = append(got, r.String()+" "+(time.Duration(r.TTL)*time.Second).String())
		}
	}
	if want := []string{"example.org:cdn.example.org/A/192.0.2.12 5m0s", "example.org:ns.glue.example.org/A/192.0.2.53 1m0s", "example.org:www.example.org/A/192.0.2.10 1m0s", "example.org:www.example.org/A/192.0.2.11 1m0s"}; !slices.Equal(got, want) {
		t.Errorf("read back are %q, want %q", got, want)
	}
	if !strings.Contains(text, "192.0.2.12 ; a marker in two lines\n") {
		t.Error("the comment of a record is lost")
	}
	if !strings.HasPrefix(strings.Split(text, "\n")[1], "example.org.\t3600\tIN\tSOA\tns1.example.net. ") {
		t.Errorf("the file begins with\n%.300s", text)
	}
}

func TestEveryZoneThatIsWrittenIsOneThatBINDTakesAndIsReadBack(t *testing.T) {
	dir := t.TempDir()
	tried := 0
	rapid.Check(t, func(t *rapid.T) {
		if tried++; tried > providertest.Amount(100, 40, 20) { // each starts a program
			return
		}
		name := rapid.SampledFrom([]string{"example.org", "a.example.org", "b.a.example.org", "*.example.org", "_x._tcp.example.org", "under_score.example.org", `dot\.in.example.org`, `ü.example.org`, "xn--bcher-kva.example.org"})
		value := map[string]*rapid.Generator[string]{
			"A": rapid.SampledFrom([]string{"192.0.2.1", "192.0.2.2", "10.0.0.1"}), "AAAA": rapid.SampledFrom([]string{"2001:db8::1", "::ffff:192.0.2.1"}),
			"CNAME": name, "NS": name, "MX": rapid.Map(name, func(n string) string { return "10 " + n }), "SRV": rapid.Map(name, func(n string) string { return "0 1 2 " + n }),
			"TXT": rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 300), func(b []byte) string { return providers.FormatTXT([]string{string(b[:min(len(b), 255)])}) }),
			"CAA": rapid.Just(`0 issue "letsencrypt.org"`), "PTR": name, "DS": rapid.Just("1 8 2 " + strings.Repeat("AB", 32)), "HTTPS": rapid.Just(`1 . alpn="h2"`),
		}
		types := slices.Sorted(func(yield func(string) bool) {
			for typ := range value {
				if !yield(typ) {
					return
				}
			}
		})
		records := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) providers.Record {
			typ := rapid.SampledFrom(types).Draw(t, "type")
			r := rec(name.Draw(t, "name"), typ, value[typ].Draw(t, "value"))
			r.TTL = rapid.SampledFrom([]uint32{0, 60, 1<<31 - 1}).Draw(t, "ttl")
			return r
		}), 0, 12).Draw(t, "records")
		servers := rapid.SliceOfN(rapid.SampledFrom([]string{"ns1.example.net", "ns.example.org"}), 0, 2).Draw(t, "servers")
		left, back, text := written(t, dir, providers.Zone{Name: "example.org", NameServers: servers}, records)
		has := map[string]bool{}
		for i := range back {
			has[back[i].Name+" "+back[i].Type+" "+providers.FoldValue(back[i].Type, back[i].Value)] = true
		}
		for _, l := range left {
			has[l.Record.Name+" "+l.Record.Type+" "+providers.FoldValue(l.Record.Type, l.Record.Value)] = true
		}
		for i := range records {
			if r := &records[i]; !has[r.Name+" "+r.Type+" "+providers.FoldValue(r.Type, r.Value)] {
				t.Fatalf("%s is neither in the file nor a comment:\n%s", r, text)
			}
		}
	})
}
