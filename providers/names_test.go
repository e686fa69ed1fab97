package providers

import (
	"slices"
	"strings"
	"testing"
)

func TestANameHasOneSpelling(t *testing.T) {
	for in, want := range map[string]string{
		"WWW.Example.ORG.": "www.example.org", "www.example.org": "www.example.org", `\052.example.org`: "4.example.org", `\042.example.org`: "*.example.org",
		"*.Example.org": "*.example.org", `my\ printer._ipp._tcp.example.org`: `my\032printer._ipp._tcp.example.org`, `my\032printer._ipp`: `my\032printer._ipp`,
		`a\.b.example.org`: `a\.b.example.org`, ".": ".", "": ".", "_sip._TCP.x": "_sip._tcp.x", `caf\195\169.x`: `caf\195\169.x`, "café.x": `caf\195\169.x`, `A\255.x`: `a\255.x`,
	} {
		if got := CanonicalName(in); got != want {
			t.Errorf("CanonicalName(%q) = %q, want %q", in, got, want)
		}
		if again := CanonicalName(CanonicalName(in)); again != CanonicalName(in) {
			t.Errorf("%q: not stable: %q", in, again)
		}
	}
}

func TestANameIsInAZoneLabelByLabel(t *testing.T) {
	for _, c := range []struct {
		name, zone string
		want       bool
	}{
		{"www.example.org", "Example.org.", true},
		{"example.org", "example.org", true},
		{"notexample.org", "example.org", false},
		{`a\.example.org`, "example.org", false},
		{`a\\.example.org`, "example.org", true},
		{"org", "example.org", false},
		{"x.y", ".", true},
	} {
		if got := InZone(c.name, c.zone); got != c.want {
			t.Errorf("InZone(%q, %q) = %v", c.name, c.zone, got)
		}
	}
}

func TestAValueHasOneSpelling(t *testing.T) {
	for _, c := range []struct{ typ, in, want, folded string }{
		{"A", " 192.0.2.1 ", "192.0.2.1", "192.0.2.1"},
		{"AAAA", "2001:0DB8:0:0:0:0:0:1", "2001:db8::1", "2001:db8::1"},
		{"CNAME", "Target.Example.ORG.", "Target.Example.ORG", "target.example.org"},
		{"SRV", "010  5 4218 Host.Example.", "10 5 4218 Host.Example", "10 5 4218 host.example"},
		{"SRV", "0 0 0 .", "0 0 0 .", "0 0 0 ."},
		{"MX", "10 Mail.example.", "10 Mail.example", "10 mail.example"},
		{"TXT", "plain text", `"plain text"`, `"plain text"`},
		{"TXT", `"a"   "b\"c" "\195\169"`, `"a" "b\"c" "\195\169"`, `"a" "b\"c" "\195\169"`},
		{"TXT", `""`, `""`, `""`},
		{"CAA", `0  issue "letsencrypt.org"`, `0 issue "letsencrypt.org"`, `0 issue "letsencrypt.org"`},
	} {
		if got := CanonicalValue(c.typ, c.in); got != c.want {
			t.Errorf("CanonicalValue(%s, %q) = %q, want %q", c.typ, c.in, got, c.want)
		}
		if got := FoldValue(c.typ, c.in); got != c.folded {
			t.Errorf("FoldValue(%s, %q) = %q, want %q", c.typ, c.in, got, c.folded)
		}
	}
}

func TestALongTextIsCutIntoStringsOf255Bytes(t *testing.T) {
	long := make([]byte, 300)
	for i := range long {
		long[i] = 'a'
	}
	parts, ok := ParseTXT(CanonicalValue("TXT", string(long)))
	if !ok || len(parts) != 2 || len(parts[0]) != 255 || len(parts[1]) != 45 {
		t.Errorf("%d parts", len(parts))
	}
}

func TestSplitNameUndoesEscapes(t *testing.T) {
	if got := SplitName(`a\.b.c\032d.e.`); !slices.Equal(got, []string{"a.b", "c d", "e"}) {
		t.Errorf("%q", got)
	}
}

func TestARecordEqualsItselfOnlyWhenEveryFieldAgrees(t *testing.T) {
	a := Record{Zone: "z", Name: "n", Type: "A", TTL: 60, Value: "192.0.2.1", Owners: []Owner{anOwner}}
	b := a
	b.Owners = []Owner{anOwner}
	if !a.Equal(&b) {
		t.Error("a record differs from its copy")
	}
	for what, change := range map[string]func(*Record){
		"zone": func(r *Record) { r.Zone = "y" }, "name": func(r *Record) { r.Name = "m" }, "type": func(r *Record) { r.Type = "AAAA" },
		"ttl": func(r *Record) { r.TTL++ }, "value": func(r *Record) { r.Value = "192.0.2.2" }, "id": func(r *Record) { r.ID = "1" },
		"set id": func(r *Record) { r.SetID = "1" }, "auto ttl": func(r *Record) { r.AutoTTL = true }, "proxied": func(r *Record) { r.Proxied = true },
		"comment": func(r *Record) { r.Comment = "x" }, "weight": func(r *Record) { r.Weight = 1 }, "policy": func(r *Record) { r.Policy = "x" },
		"alias": func(r *Record) { r.Alias = true }, "owner": func(r *Record) { r.Owners = nil }, "bad marker": func(r *Record) { r.BadMarkers = []string{"x"} },
		"modified": func(r *Record) { r.Modified = anOwner.Registered },
	} {
		c := a
		change(&c)
		if a.Equal(&c) {
			t.Errorf("a change of the %s went unseen", what)
		}
	}
}

func FuzzANameAndAValueAreSpeltTheSameTheSecondTime(f *testing.F) {
	for _, s := range []string{"WWW.Example.com.", `a\.b\046c.example.com`, `\`, `a\`, "..", ".", `\300`, "ȺȺ.example", "_rollcall", "i-1._rollcall.www.example.com", `"a" "b\"\255"`, "10 20 4218 Web-1.Example.com.", "::ffff:192.0.2.1", `\\.`, "a. b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		name := CanonicalName(s)
		if again := CanonicalName(name); again != name {
			t.Errorf("%q is spelt %q, and that %q", s, name, again)
		}
		if !SameName(s, name) || name != "." && !InZone(name, name) {
			t.Errorf("%q is not the same name as %q", s, name)
		}
		for _, l := range SplitName(s) {
			if got := SplitName(EscapeLabel(l)); len(got) != 1 && l != "" || l != "" && got[0] != l {
				t.Errorf("the label %q came back as %q", l, got)
			}
		}
		if instance, of, ok := SplitMarkerName(name); ok && MarkerName(instance, of) != name {
			t.Errorf("%q is the marker of %q at %q, and that is %q", name, instance, of, MarkerName(instance, of))
		}
		for _, typ := range []string{"A", "AAAA", "CNAME", "TXT", "SRV", "MX", "SOA", "CAA", "PTR", "URI"} {
			for what, spell := range map[string]func(typ, value string) string{"canonical": CanonicalValue, "folded": FoldValue} {
				v := spell(typ, s)
				if again := spell(typ, v); again != v {
					t.Errorf("%s %q is %s %q, and that %q", typ, s, what, v, again)
				}
			}
		}
		if parts, ok := ParseTXT(s); ok {
			back, ok := ParseTXT(FormatTXT(parts))
			if !ok || strings.Join(back, "") != strings.Join(parts, "") {
				t.Errorf("the strings %q came back as %q", parts, back)
			}
		}
		if srv, ok := ParseSRV(s); ok {
			if back, ok := ParseSRV(srv.String()); !ok || back != srv {
				t.Errorf("%+v came back as %+v", srv, back)
			}
		}
		records := []Record{{Name: name, Type: "TXT", Value: s}, {Name: MarkerName("i-1", name), Type: "TXT", Value: FormatTXT([]string{s})}, {Name: name, Type: "A", Value: "192.0.2.1"}}
		AttachOwners(records)
	})
}
