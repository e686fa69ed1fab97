package filter

import (
	"testing"

	"pgregory.net/rapid"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/dnsview/rows"
	"rollcall/providers"
)

// anyRow makes a row with odd values.
func anyRow(t *rapid.T) Row {
	text := rapid.OneOf(rapid.SampledFrom([]string{"", "www-01", "WWW-Canary", "bücher-ÄÖ", "İstanbul", "192.0.2.1", "a b", "x\x00y", "\xff\xfe", "xn--bcher-kva.example"}), rapid.String())
	i := &providers.Instance{Name: text.Draw(t, "name"), ID: text.Draw(t, "id"), Type: text.Draw(t, "type"), Tags: providers.TagsOf(map[string]string{text.Draw(t, "tag"): text.Draw(t, "value")})}
	return rows.NewInstance(dnsview.Inspect(&providers.Snapshot{}, index.Options{}), i)
}

func text(r Row) string { return string(AppendText(nil, r)) }

var someFilter = rapid.StringMatching(`([-!]?(name~|~|state:|tag\.env=|tag\.a:b=|tag\.a:|ttl>)?[a-zäİ0-9.]{1,4} ?){0,3}`)

func TestARowPassesByItsTextIfAndOnlyIfItPassesByItsValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := anyRow(t)
		f, err := Parse(someFilter.Draw(t, "filter"))
		if err != nil {
			t.Skip()
		}
		if got, want := f.MatchText(r, text(r)), f.Match(r); got != want {
			t.Fatalf("%q of %q: %v, want %v", f, text(r), got, want)
		}
	})
}

func TestWhatPassesANarrowerFilterPassesTheWiderOne(t *testing.T) {
	narrowed := 0
	rapid.Check(t, func(t *rapid.T) {
		r := anyRow(t)
		old := someFilter.Draw(t, "old")
		a, err := Parse(old)
		if err != nil {
			t.Skip()
		}
		b, err := Parse(rapid.SampledFrom([]string{old + rapid.StringMatching(`[a-z0-9. ]{1,3}`).Draw(t, "more"), someFilter.Draw(t, "another")}).Draw(t, "new"))
		if err != nil || !b.Narrows(a) {
			return
		}
		narrowed++
		if b.Match(r) && !a.Match(r) {
			t.Fatalf("%q passes %q, and not %q", text(r), b, a)
		}
	})
	if narrowed == 0 {
		t.Error("no filter was narrower")
	}
}

func TestAFilterIsKnownToBeNarrowerWhileItIsTyped(t *testing.T) {
	for _, c := range []struct {
		old, new string
		want     bool
	}{
		{"", "w", true},
		{"ww", "www", true},
		{"state:r", "state:ru", true},
		{"name~can", "name~canary", true},
		{"state:running", "state:running canary", true},
		{"w", "ww", true},
		{"www", "ww", false},
		{"-w", "-ww", false},
		{"state:run", "state:run,stop", false},
		{"state=run", "state=running", false},
		{"name~a.b", "name~a.bc", true},
		{"name~^a", "name~^ab", false}, // a regular expression
		{"ttl>1", "ttl>10", false},
		{"~can", "~cana", true},
		{"~can", "can", false},
		{"can", "~can", false},
		{"!w", "!ww", false},
		{"~^a", "~^ab", false},
		{"tag.a:b=c", "tag.a:b=cd", false}, // the name may end at two places
		{"tag.a:b=c", "tag.a:b=c www", true},
		{"tag.a:b", "tag.a:bc", true},
	} {
		a, err := Parse(c.old)
		if err != nil {
			t.Fatal(err)
		}
		b, err := Parse(c.new)
		if err != nil {
			t.Fatal(err)
		}
		if got := b.Narrows(a); got != c.want {
			t.Errorf("%q after %q: %v", c.new, c.old, got)
		}
	}
}
