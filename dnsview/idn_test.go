package dnsview_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
)

func TestUnicodeNamesBecomeALabelsAndInstanceNamesStay(t *testing.T) {
	for in, want := range map[string]string{
		"www.example.com":                      "www.example.com",
		"bücher.example":                       "xn--bcher-kva.example",
		"BÜCHER.Example.":                      "xn--bcher-kva.Example.",
		"www.bücher。example":                   "www.xn--bcher-kva.example",
		"_x._tcp.bücher.example":               "_x._tcp.xn--bcher-kva.example",
		"Büro v1._theservice._tcp.bücher.test": "Büro v1._theservice._tcp.xn--bcher-kva.test",
		`Büro\.1._http._tcp.example`:           `Büro\.1._http._tcp.example`,
		"faß.example":                          "xn--fa-hia.example",
		"*.bücher.example":                     "*.xn--bcher-kva.example",
		"i-1._rollcall.www.bücher.example":     "i-1._rollcall.www.xn--bcher-kva.example",
		`b\195\188cher.example`:                `b\195\188cher.example`, // another name
		"xn--bcher-kva.example":                "xn--bcher-kva.example",
	} {
		if got, err := index.ALabels(in); err != nil || got != want {
			t.Errorf("%s: %q, %v", in, got, err)
		}
	}
	for _, bad := range []string{"a\u200bü\ufffe.example", "\u0301x.example", "ü" + strings.Repeat("a", 70) + ".example", "א1a.example", "b\xfccher.example"} {
		if got, err := index.ALabels(bad); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %q, %v", bad, got, err)
		}
	}
}

func TestALabelsAreShownReadableWhereTheyComeBackAsThemselves(t *testing.T) {
	for in, want := range map[string]string{
		"xn--bcher-kva.example":                               "bücher.example",
		"xn--bcher-kva.example:www.xn--bcher-kva.example/A/1": "bücher.example:www.bücher.example/A/1",
		"10 10 80 a.xn--bcher-kva.example":                    "10 10 80 a.bücher.example",
		"www.example.com":                                     "www.example.com",
		"ax--xn--bcher-kva.example":                           "ax--xn--bcher-kva.example",
		"xn--.example":                                        "xn--.example",
		"xn--zz--.example":                                    "xn--zz--.example",
		"xn--a.example":                                       "xn--a.example",
	} {
		if got := index.Readable(in); got != want {
			t.Errorf("%s: %q", in, got)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringMatching(`(xn--[a-z0-9-]{0,12}\.){1,3}[a-z]{2}`)).Draw(t, "text")
		shown := index.Readable(text)
		if back, err := index.ALabels(shown); index.IsASCII(text) && err == nil && back != text {
			t.Fatalf("%q is shown as %q, which is read as %q", text, shown, back)
		}
	})
}

func TestARecordIsNamedWithUnicodeNamesToo(t *testing.T) {
	for in, want := range map[string][4]string{
		"bücher.example:www.bücher.example/A/192.0.2.1":     {"xn--bcher-kva.example", "www.xn--bcher-kva.example", "A", "192.0.2.1"},
		"www.example.com/CNAME/bücher.example":              {"", "www.example.com", "CNAME", "xn--bcher-kva.example"},
		"_x._tcp.example.com/SRV/10 10 80 a.bücher.example": {"", "_x._tcp.example.com", "SRV", "10 10 80 a.xn--bcher-kva.example"},
		"bücher.example/TXT/\"bücher.example\"":             {"", "xn--bcher-kva.example", "TXT", "\"bücher.example\""},
	} {
		zone, name, typ, value, ok := dnsview.SplitRecord(in)
		if got := [4]string{zone, name, typ, value}; !ok || got != want {
			t.Errorf("%s: %q", in, got)
		}
	}
}
