package dnsview_test

import (
	"encoding/json"
	"strings"
	"testing"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
)

func TestARecordIsSplitWhereItsTypeStandsWhateverItsNameIsMadeOf(t *testing.T) {
	for in, want := range map[string][4]string{
		"www.example.com/A/192.0.2.1":              {"", "www.example.com", "A", "192.0.2.1"},
		"example.com:www.example.com/a/192.0.2.1":  {"example.com", "www.example.com", "A", "192.0.2.1"},
		"ȿȿȿȿȿȿ.example.com/A/192.0.2.1":           {"", "xn--1maaaaaa.example.com", "A", "192.0.2.1"},
		"ıııııı.example.com/srv/0 0 1 a.b":         {"", "xn--cfaaaaaa.example.com", "SRV", "0 0 1 a.b"},
		"0/25.2.0.192.in-addr.arpa/NS/ns1.example": {"", "0/25.2.0.192.in-addr.arpa", "NS", "ns1.example"},
		"sl/ash/a/b.example.com/A/192.0.2.1":       {"", "sl/ash/a/b.example.com", "A", "192.0.2.1"},
		"sl/txt/b.example.com/CNAME/c.example.com": {"", "sl/txt/b.example.com", "CNAME", "c.example.com"},
		`b.example.com/TXT/"/A/"`:                  {"", "b.example.com", "TXT", `"/A/"`},
		"ΐΐΐΐΐΐΐΐΐΐ/txt/ŉŉŉŉ":                      {"", "xn--owaaaaaaaaaa", "TXT", "ŉŉŉŉ"},
	} {
		zone, name, typ, value, ok := dnsview.SplitRecord(in)
		if got := [4]string{zone, name, typ, value}; !ok || got != want {
			t.Errorf("%s: %q, %v, want %q", in, got, ok, want)
		}
	}
}

func FuzzARecordThatIsSplitIsMadeOfItsParts(f *testing.F) {
	for _, s := range []string{"www.example.com/A/192.0.2.1", "z:a/b/AAAA/2001:db8::1#set", "ȿȿȿ/a/x", "/A/", "a/A/", ":/A/:", `\046.a/TXT/"x"`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		_, name, typ, value, ok := dnsview.SplitRecord(s)
		if !ok {
			return
		}
		if !strings.HasSuffix(s, value) || !strings.EqualFold(s[len(s)-len(value)-len(typ)-2:len(s)-len(value)], "/"+typ+"/") {
			t.Errorf("%q was split into %q, %q, %q", s, name, typ, value)
		}
		if again := providers.CanonicalName(name); again != name {
			t.Errorf("the name %q is spelt %q the second time", name, again)
		}
	})
}

func FuzzAPlanFileIsShownAndHeldAgainstAPlanWhateverItHolds(f *testing.F) {
	c := providers.Change{Op: providers.OpDelete, Before: providers.Record{Zone: "example.com", Name: "www.example.com", Type: "A", TTL: 60, Value: "192.0.2.1"}}
	planned := plan.Plan{Verb: index.VerbDeregister, Title: "Delete it", Steps: []plan.Step{{ID: 1, Kind: plan.StepChange, Zone: "example.com", Change: &c, Sentence: "Delete it"}, {ID: 2, Kind: plan.StepWait, Needs: []int{1}}}}
	text, err := json.Marshal(planned.Doc(nil))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"checksum":"x","steps":[{"id":1,"op":"delete","before":null,"needs":[1,2,-1],"guards":[{}]}]}`))
	f.Add([]byte(`{"steps":[{"before":{"owners":[{}]},"after":{},"wait_seconds":-9223372036854775808,"instance":{}}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var d plan.Doc
		if json.Unmarshal(text, &d) != nil {
			return
		}
		_, _ = d.Text(), d.Markdown()
		p := planned.AsShown(&d)
		if len(p.Steps) > len(planned.Steps) {
			t.Errorf("a file has added steps to a plan: %+v", p)
		}
		for _, l := range p.Skipped {
			if index.Clean(l) != l {
				t.Errorf("what is said can steer a terminal: %q", l)
			}
		}
	})
}
