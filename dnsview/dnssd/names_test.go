package dnssd_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"rollcall/dnsview/dnssd"
	"rollcall/providers"
)

func TestNamesOfDNSSDAreTakenApart(t *testing.T) {
	for _, c := range []struct {
		in   string
		want dnssd.Name
		out  string
	}{
		{"v1._theservice._tcp.unilans.net", dnssd.Name{Instance: "v1", Service: "_theservice", Proto: "_tcp", Domain: "unilans.net"}, ""},
		{"V1._TheService._TCP.Unilans.NET.", dnssd.Name{Instance: "V1", Service: "_theservice", Proto: "_tcp", Domain: "unilans.net"}, "V1._theservice._tcp.unilans.net"},
		{"_theservice._tcp.unilans.net", dnssd.Name{Service: "_theservice", Proto: "_tcp", Domain: "unilans.net"}, ""},
		{"_services._dns-sd._udp.unilans.net", dnssd.Enumeration("unilans.net"), ""},
		{"_printer._sub._http._tcp.example.com", dnssd.Name{Subtype: "_printer", Service: "_http", Proto: "_tcp", Domain: "example.com"}, ""},
		{`Web\.1 of Ada._http._tcp.example.com`, dnssd.Name{Instance: "Web.1 of Ada", Service: "_http", Proto: "_tcp", Domain: "example.com"}, `Web\.1\032of\032Ada._http._tcp.example.com`},
		{`Bücher._http._udp.example.com`, dnssd.Name{Instance: "Bücher", Service: "_http", Proto: "_udp", Domain: "example.com"}, `B\195\188cher._http._udp.example.com`},
		{"_odd._http._tcp.example.com", dnssd.Name{Instance: "_odd", Service: "_http", Proto: "_tcp", Domain: "example.com"}, ""},
	} {
		got, err := dnssd.ParseName(c.in)
		if err != nil {
			t.Errorf("%s: %v", c.in, err)
			continue
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: %s", c.in, d)
		}
		want := c.out
		if want == "" {
			want = c.in
		}
		if got.String() != want {
			t.Errorf("%s is written %s, want %s", c.in, got, want)
		}
		again, err := dnssd.ParseName(got.String())
		if err != nil || again != got {
			t.Errorf("%s comes back as %+v, %v", got, again, err)
		}
	}
}

func TestNamesThatNoZoneCanHoldAreRefusedInOneLine(t *testing.T) {
	long := strings.Repeat("x", 64)
	for in, want := range map[string]string{
		long + "._theservice._tcp.unilans.net":                            "64 bytes, and 63 is the most",
		strings.Repeat("ü", 32) + "._http._tcp.example.com":               "64 bytes, and 63 is the most",
		"v1._theservice._tcp." + strings.Repeat(long[:60]+".", 4) + "net": "255 is the most",
		"www.unilans.net":                  "no DNS-SD name",
		"v1._theservice._sctp.unilans.net": "no DNS-SD name",
		"_theservice._tcp":                 "no DNS-SD name",
		"":                                 "empty",
		"v1.._theservice._tcp.unilans.net": "empty label",
		"v1._the_service._tcp.unilans.net": "letters, digits",
		"v1._-a._tcp.unilans.net":          "letters, digits",
		"v1._a--b._tcp.unilans.net":        "letters, digits",
		"v1._1234._tcp.unilans.net":        "needs a letter",
		"v1._sixteencharacter._tcp.a.net":  "16 characters, and 15 is the most",
		`a\007b._http._tcp.example.com`:    "control character",
		`a\255b._http._tcp.example.com`:    "not UTF-8",
		`a\256b._http._tcp.example.com`:    `\256 is no byte`,
		`a\1b._http._tcp.example.com`:      `\1b. is no byte`,
		`v1._http._tcp.example.com\`:       "ends in a backslash",
		"My.Web._http._tcp.example.com":    `write a dot that belongs to the instance name as \.`,
		`My\.Web._ht tp._tcp.example.com`:  "letters, digits",
	} {
		_, err := dnssd.ParseName(in)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v, want %q", in, err, want)
		}
		if r, ok := errors.AsType[*dnssd.Refusal](err); err != nil && (!ok || r.Kind != providers.KindInvalid) {
			t.Errorf("%q: the error is %T", in, err)
		}
	}
}

func TestANameThatIsRefusedIsShownAsItWasGiven(t *testing.T) {
	const in = `Foo\.Bar (3. OG)._http._tcp.example.com`
	if _, err := dnssd.ParseName(in); err == nil || !strings.Contains(err.Error(), `"`+in+`"`) {
		t.Errorf("%v", err)
	}
}

func TestEveryInstanceNameSurvivesItsPresentation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		label := rapid.StringN(1, 20, 63).Filter(func(s string) bool {
			return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r == 0xfffd })
		}).Draw(t, "label")
		n := dnssd.Name{Instance: label, Service: "_http", Proto: "_tcp", Domain: "example.com"}
		got, err := dnssd.ParseName(n.String())
		if err != nil || got != n {
			t.Fatalf("%q became %+v, %v", label, got, err)
		}
	})
}

func TestHostsLieInTheZoneOfTheirService(t *testing.T) {
	for _, c := range []struct{ in, name, short string }{
		{"web1", "web1.unilans.net", "web1"},
		{"WEB1", "web1.unilans.net", "web1"},
		{"web1.unilans.net", "web1.unilans.net", "web1"},
		{"web1.eu.unilans.net.", "web1.eu.unilans.net", "web1.eu"},
	} {
		name, short, err := dnssd.ParseHost(c.in, "unilans.net")
		if err != nil || name != c.name || short != c.short {
			t.Errorf("%s: %s, %s, %v", c.in, name, short, err)
		}
	}
	for in, want := range map[string]string{
		"": "no name", "unilans.net": "no name", "web1.example.com": "does not lie in unilans.net", "web1.notunilans.net": "does not lie",
		"-web": "letters, digits", "web_1": "letters, digits", "a b": "letters, digits", "*": "letters, digits", strings.Repeat("x", 64): "63 is the most",
	} {
		if _, _, err := dnssd.ParseHost(in, "unilans.net"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", in, err, want)
		}
	}
}

func FuzzANameAndItsAttributesAreReadBackTheSame(f *testing.F) {
	for _, s := range []string{"v1._theservice._tcp.unilans.net", `Foo\.Bar (3\. OG)._http._TCP.example.com.`, "_printer._sub._http._tcp.example.com", "_services._dns-sd._udp.example.com", "ȺȺȺ._http._tcp.x", `a\`, "txtvers=1", "=x", "a\\=b", "Ⱥ=1", "_İ._tcp.x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if n, err := dnssd.ParseName(s); err == nil {
			if back, err := dnssd.ParseName(n.String()); err != nil || back != n {
				t.Errorf("%q is %+v, and comes back as %+v, %v", s, n, back, err)
			}
			_ = n.Canonical()
		}
		_, _, _ = dnssd.ParseHost(s, "unilans.net")
		if txt, err := dnssd.ParsePairs(strings.Split(s, "\n")); err == nil {
			if back := dnssd.TXTOf(txt.Value()); !back.Same(txt) {
				t.Errorf("%q are the attributes %v, and come back as %v", s, txt, back)
			}
		}
		txt := dnssd.TXTOf(s)
		_, _ = txt.Warnings(), txt.Check()
	})
}
