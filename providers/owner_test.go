package providers

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var anOwner = Owner{Fleet: "7f3a9c1e", Cloud: "0123456789", Instance: "c2f0a1b2-3c4d-4e5f-8a9b-0c1d2e3f4a5b", Registered: time.Unix(1_790_000_000, 0).UTC()}

func TestAMarkerThatIsWrittenIsReadBackTheSame(t *testing.T) {
	quiesced := anOwner
	quiesced.Quiesced = true
	host := anOwner
	host.Instance = "host:web1.example"
	for _, o := range []Owner{
		anOwner, quiesced, host,
		anOwner.For("A", "255.255.255.255"), quiesced.For("A", "255.255.255.255"),
		quiesced.For("AAAA", "2001:DB8:0:0::1"),
		{Fleet: "f", Cloud: "c", Instance: "i-0", Registered: time.Unix(0, 0).UTC(), Type: "SRV", Value: "0 0 80 a.example"},
	} {
		s, err := o.Encode()
		if err != nil {
			t.Fatalf("%+v: %v", o, err)
		}
		if len(s) > MarkerLimit {
			t.Errorf("%q has %d characters", s, len(s))
		}
		got, err := DecodeOwner(s)
		if err != nil {
			t.Fatalf("%q: %v", s, err)
		}
		if d := cmp.Diff(o, got); d != "" {
			t.Errorf("%q: %s", s, d)
		}
	}
}

func TestAValueThatDoesNotFitIsOwnedByItsDigest(t *testing.T) {
	for _, v := range []struct{ typ, value, other string }{
		{"SRV", "10 10 4218 A-Long-Host-Name-Indeed.rack7.Example.org.", "10 11 4218 a-long-host-name-indeed.rack7.example.org"},
		{"AAAA", "2001:0db8:1111:2222:3333:4444:5555:6666", "2001:db8:1111:2222:3333:4444:5555:6667"},
	} {
		s, err := anOwner.For(v.typ, v.value).Encode()
		if err != nil {
			t.Fatal(err)
		}
		o, err := DecodeOwner(s)
		if err != nil || !strings.HasPrefix(o.Value, "~") {
			t.Fatalf("%q: %+v %v", s, o, err)
		}
		if !o.Owns(v.typ, strings.ToLower(v.value)) {
			t.Errorf("%q does not own %q", s, v.value)
		}
		if o.Owns(v.typ, v.other) || o.Owns("TXT", v.value) {
			t.Errorf("%q owns another value", s)
		}
		if again, err := o.Encode(); err != nil || again != s {
			t.Errorf("written again: %q, %v", again, err)
		}
	}
}

func TestAQuiescedMarkerOfALongValueFitsForAFleetIdOfTheUsualLength(t *testing.T) {
	for typ, value := range map[string]string{"SRV": "10 10 4218 a-long-host-name-indeed.rack7.example.org", "AAAA": "2001:db8:1111:2222:3333:4444:5555:6666"} {
		o := anOwner.For(typ, value)
		o.Quiesced = true
		if s, err := o.Encode(); err != nil {
			t.Errorf("%s: %v", typ, err)
		} else if got, err := DecodeOwner(s); err != nil || !got.Quiesced || !got.Owns(typ, value) {
			t.Errorf("%q is read as %+v, %v", s, got, err)
		}
	}
}

func TestATextThatIsNotAMarkerIsSomebodysComment(t *testing.T) {
	for _, s := range []string{"", "ask finance", "rollcall", "rollcall is great", "rollcallx 1 2 3 4", "heritage=external-dns"} {
		if _, err := DecodeOwner(s); !errors.Is(err, ErrNotMarker) {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func TestAMarkerThatCannotBeReadIsAnErrorOfItsOwn(t *testing.T) {
	for _, s := range []string{
		"rollcall1", "rollcall1 f c i", "rollcall1 f c i x", "rollcall1 f c i -5", "rollcall1 f  i 5", "rollcall1 f c i 05", "rollcall1 f c i 5 A", "rollcall1 f c i 5 q A",
		"rollcall2 f c i 5", "rollcall1 f c i 5 A " + strings.Repeat("1", 100), "rollcall1 f c i\x1b 5",
	} {
		if o, err := DecodeOwner(s); err == nil || errors.Is(err, ErrNotMarker) {
			t.Errorf("%q: %+v, %v", s, o, err)
		}
	}
}

func TestAMarkerIsNeverWrittenThatCouldNotBeRead(t *testing.T) {
	for _, o := range []Owner{
		{},
		{Fleet: "f"},
		{Fleet: "f", Cloud: "c"},
		{Fleet: "f f", Cloud: "c", Instance: "i"},
		{Fleet: "f", Cloud: "c", Instance: "i\n"},
		{Fleet: "f", Cloud: "c", Instance: `i"`},
		{Fleet: "f", Cloud: "c", Instance: strings.Repeat("i", 90), Registered: anOwner.Registered},
	} {
		if s, err := o.Encode(); err == nil {
			t.Errorf("%+v was written as %q", o, s)
		}
	}
}

func TestOwnersAreAttachedToTheRecordsThatTheyName(t *testing.T) {
	marker := func(o Owner, name string) Record {
		s, err := o.Encode()
		if err != nil {
			t.Fatal(err)
		}
		return Record{Name: MarkerName(o.Instance, name), Type: "TXT", Value: `"` + s + `"`}
	}
	b := anOwner
	b.Instance = "i-0aaaaaaaaaaaaaaaa"
	rs := []Record{
		{Name: "www.unilans.net", Type: "A", Value: "192.0.2.1"},
		{Name: "www.unilans.net", Type: "A", Value: "192.0.2.2"},
		{Name: "www.unilans.net", Type: "A", Value: "192.0.2.3"},
		{Name: "www.unilans.net", Type: "AAAA", Value: "2001:db8::1"},
		marker(anOwner.For("A", "192.0.2.1"), "www.unilans.net"),
		marker(anOwner.For("AAAA", "2001:DB8::0:1"), "WWW.unilans.net"),
		marker(b.For("A", "192.0.2.2"), "www.unilans.net"),
		marker(anOwner.For("A", "192.0.2.2"), "www.unilans.net"),
		{Name: "broken.unilans.net", Type: "A", Value: "192.0.2.9"},
		{Name: "i-1._rollcall.broken.unilans.net", Type: "TXT", Value: `"rollcall1 what"`},
	}
	AttachOwners(rs)
	want := []int{1, 2, 0, 1}
	for i, n := range want {
		if len(rs[i].Owners) != n {
			t.Errorf("%s has %d owners, want %d", rs[i].String(), len(rs[i].Owners), n)
		}
	}
	if len(rs[8].BadMarkers) != 1 {
		t.Error("a marker that cannot be read left no trace")
	}
	if _, ok := rs[8].Owner(); ok {
		t.Error("a record with an unreadable marker has an owner")
	}
	if _, ok := rs[1].Owner(); ok {
		t.Error("a record with two markers has one owner")
	}
}

func TestAMarkerBelowAnotherInstancesNameOwnsNothing(t *testing.T) {
	s, err := anOwner.For("A", "192.0.2.1").Encode()
	if err != nil {
		t.Fatal(err)
	}
	rs := []Record{
		{Name: "www.unilans.net", Type: "A", Value: "192.0.2.1"},
		{Name: MarkerName("i-0somebodyelse", "www.unilans.net"), Type: "TXT", Value: `"` + s + `"`},
	}
	AttachOwners(rs)
	if len(rs[0].Owners) != 0 || len(rs[0].BadMarkers) != 1 {
		t.Errorf("owners %v, bad %v", rs[0].Owners, rs[0].BadMarkers)
	}
}

func TestTwoMarkersOfOneInstanceMakeOneOwnerAndQuiescedStays(t *testing.T) {
	quiesced := anOwner.For("A", "192.0.2.1")
	quiesced.Quiesced = true
	s, err := quiesced.Encode()
	if err != nil {
		t.Fatal(err)
	}
	rs := []Record{
		{Name: "www.scalability.expert", Type: "A", Value: "192.0.2.1", Owners: []Owner{anOwner}},
		{Name: MarkerName(anOwner.Instance, "www.scalability.expert"), Type: "TXT", Value: `"` + s + `"`},
	}
	AttachOwners(rs)
	if o, ok := rs[0].Owner(); !ok || !o.Quiesced {
		t.Errorf("owners %+v", rs[0].Owners)
	}
}

func FuzzDecodeOwner(f *testing.F) {
	for _, o := range []Owner{anOwner, anOwner.For("A", "192.0.2.1"), anOwner.For("SRV", "0 0 1 "+strings.Repeat("a", 60))} {
		s, err := o.Encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(s)
	}
	f.Add("rollcall1 f c i 5 q")
	f.Fuzz(func(t *testing.T, s string) {
		o, err := DecodeOwner(s)
		if err != nil {
			return
		}
		again, err := o.Encode()
		if err != nil {
			t.Fatalf("%q was read as %+v, which cannot be written: %v", s, o, err)
		}
		if again != s {
			t.Fatalf("%q was written again as %q", s, again)
		}
	})
}
