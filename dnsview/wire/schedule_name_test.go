package wire

import (
	"slices"
	"testing"
	"time"

	"rollcall/dnsview/index"
	"rollcall/providers"
)

func ofType(name, typ, value string) providers.Record {
	r := address(name, value)
	r.Type = typ
	return r
}

// typesOf returns the types of the questions about www.example.com, sorted.
func typesOf(t *testing.T, questions []Question) []string {
	t.Helper()
	types := []string{}
	for _, q := range questions {
		if q.Name != "www.example.com" {
			t.Errorf("asked for %s", q.Name)
		}
		types = append(types, q.Type)
	}
	slices.Sort(types)
	return types
}

func TestAllTypesOfANameAreAskedAnewWhenARecordOfItChangesComesOrGoes(t *testing.T) {
	srv := ofType("www", "SRV", "1 5 80 c1.example.com")
	txt, other := ofType("www", "TXT", `"a"`), ofType("www", "TXT", `"b"`)
	cname := ofType("www", "CNAME", "c2.example.com")
	rest := address("a", "192.0.2.1")
	for _, c := range []struct {
		name          string
		before, after []providers.Record
		want          []string
	}{
		{"a CNAME comes", []providers.Record{srv, rest}, []providers.Record{srv, cname, rest}, []string{"CNAME", "SRV"}},
		{"a CNAME goes", []providers.Record{srv, cname, rest}, []providers.Record{srv, rest}, []string{"CNAME", "SRV"}},
		{"a value changes", []providers.Record{srv, txt, rest}, []providers.Record{srv, other, rest}, []string{"SRV", "TXT"}},
		{"nothing changes", []providers.Record{srv, txt, rest}, []providers.Record{rest, txt, srv}, []string{}},
	} {
		z := scheduleOf(c.before...)
		z.answerAll(askedAt, InSync, askedAt, z.questions...)
		now := askedAt.Add(14 * time.Second)
		z.setRecords(zoneRead(c.after...), nil, now)
		ask, _ := z.due(nil, now)
		if types := typesOf(t, ask); !slices.Equal(types, c.want) {
			t.Errorf("%s: %v, not %v", c.name, types, c.want)
		}
		z.answerAll(now, InSync, askedAt, ask...)
		if ask, _ := z.due(nil, now.Add(time.Second)); len(ask) > 0 {
			t.Errorf("%s: asked again: %v", c.name, typesOf(t, ask))
		}
	}
}

func TestTheOtherTypesOfANameAreAskedAnewWhenItsNameServersShowAChange(t *testing.T) {
	srv, cname := ofType("www", "SRV", "1 5 80 c1.example.com"), ofType("www", "CNAME", "c2.example.com")
	z := scheduleOf(srv)
	z.answerAll(askedAt, InSync, askedAt, z.questions...)
	now := askedAt.Add(14 * time.Second)
	z.setRecords(zoneRead(srv, cname), nil, now)
	ask, _ := z.due(nil, now)
	for _, q := range ask { // the servers do not have the CNAME yet
		state := InSync
		if q.Type == "CNAME" {
			state = Propagating
		}
		z.answerAll(now, state, now, q)
	}
	now = now.Add(unsettledSoonest)
	ask, _ = z.due(nil, now)
	if types := typesOf(t, ask); !slices.Equal(types, []string{"CNAME"}) {
		t.Fatalf("%v", types)
	}
	z.answerAll(now, InSync, now, ask...)
	now = now.Add(time.Second)
	ask, _ = z.due(nil, now)
	if types := typesOf(t, ask); !slices.Equal(types, []string{"SRV"}) {
		t.Fatalf("%v", types)
	}
	z.answerAll(now, Propagating, now, ask...)
	if s := z.states(nil, now)[0]; s.Type != "SRV" || s.State != index.WirePropagating {
		t.Errorf("%+v", s)
	}
}
