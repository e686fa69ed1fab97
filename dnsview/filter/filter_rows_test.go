package filter

import (
	"errors"
	"testing"
	"time"

	"rollcall/dnsview/rows"
	"rollcall/dnsview/tree"
	"rollcall/providers"
	"rollcall/providers/journal"
)

func TestNodesAndServicesPassByWhatTheirColumnsShow(t *testing.T) {
	v := view()
	s := tree.Of(v)[0]
	if len(s.Nodes) != 2 {
		t.Fatalf("%+v", s.Nodes)
	}
	for _, c := range []struct {
		filter, nodes string // the running and the dead node
		service       bool
	}{
		{"", "++", true},
		{"canary", "+.", false},
		{"www.scal", "++", true},
		{"state:running", "+.", false},
		{"state:dead", ".+", false},
		{"-state:dead", "+.", true},
		{"cloud:aws", "++", true},
		{"finding:dead", ".+", true},
		{"severity:high", ".+", true},
		{"tag.env=prod", "+.", false},
		{"ip:192.0.2.9", ".+", false},
		{"value:192.0.2.1", "+.", false},
		{"name~canary", "+.", false},
		{"node:i-0dead", ".+", false},
		{"id=i-0ab", "+.", false},
		{"service:www", "++", true},
		{"zone:scalability.expert", "++", true},
		{"ttl>300", ".+", false},
		{"age>7d", "++", false},
		{"type=a", "++", false},
		{"type:round", "..", true},
		{"proxied:yes", ".+", false},
	} {
		f, err := Parse(c.filter)
		if err != nil {
			t.Errorf("%s: %v", c.filter, err)
			continue
		}
		got := map[tree.NodeState]string{}
		for _, n := range s.Nodes {
			got[n.State] = "."
			if f.Match(rows.NewNode(v, n)) {
				got[n.State] = "+"
			}
		}
		if got := got[tree.NodeRunning] + got[tree.NodeDead]; got != c.nodes || f.Match(&rows.Service{Members: &s.Members}) != c.service {
			t.Errorf("%s: nodes %s, service %v", c.filter, got, f.Match(&rows.Service{Members: &s.Members}))
		}
	}
}

func TestAFilterTakesLettersWhoseLowerCaseIsLongerOrShorter(t *testing.T) {
	v := view()
	i := &v.Snapshot.Clouds[0].Instances[0]
	i.Name = "ȺȺȺ-İstanbul-KELVIN"
	i.Tags = providers.NewTags(append(i.Tags, providers.Tag{Name: "Ⱥ", Value: "ȺB"}))
	for _, c := range []struct {
		text string
		want bool
	}{
		{"tag.ȺȺȺȺȺȺ=", false},
		{"TAG.ȺȺȺȺȺȺ:x", false},
		{"tag.Ⱥ=Ⱥb", true},
		{"tag.Ⱥ=ⱥB", true},
		{"tag.Ⱥ~ⱥb", true},
		{"tag.Ⱥ:ⱥ", true},
		{"tag.Ⱥ:b,Ⱥ", true},
		{"name:ⱥⱥ", true},
		{"name:Ⱥⱥ", true},
		{"name=ȺȺȺ-İstanbul-kelvin", true},
		{"name~İST", true},
		{"ȺȺk", true},
		{"-ȺȺx", true},
		{"name:x", false},
		{"ẞẞẞẞẞẞ", false},
		{"ȺȺȺȺȺȺȺȺ:", false},
	} {
		f, err := Parse(c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if got := f.Match(rows.NewInstance(v, i)); got != c.want {
			t.Errorf("%s: %v", c.text, got)
		}
	}
}

func FuzzAFilterIsRefusedWithItsPlaceOrMatches(f *testing.F) {
	for _, s := range []string{"state:running cloud:aws tag.env=prod -name~canary age>7d finding:dead", "tag.ȺȺȺȺȺȺ=", `name="a b" -"x"`, "name~^w[", "ttl<5m ip:192.0.2.1,198.51.100.1", "-", "tag.=", "İ:", "age>9999999w", "name:,", "\xff:\xff", "who~(?i:a{1000})"} {
		f.Add(s)
	}
	v := view()
	entry := rows.Entries([]journal.Entry{{ID: "1", Who: "me@Ⱥ", Sentence: "delete Ⱥ", Verb: "undo", State: "done", Time: now.Add(-time.Hour)}}, now)[0]
	f.Fuzz(func(t *testing.T, s string) {
		q, err := Parse(s)
		if err != nil {
			e, ok := errors.AsType[*Error](err)
			if !ok || e.Pos < 0 || e.Pos > len(s) {
				t.Errorf("%q: %#v", s, err)
			}
			return
		}
		if q.String() != s {
			t.Errorf("%q became %q", s, q.String())
		}
		for i := range v.Snapshot.Clouds[0].Instances {
			q.Match(rows.NewInstance(v, &v.Snapshot.Clouds[0].Instances[i]))
		}
		for i := range v.Snapshot.Zones[0].Records {
			q.Match(rows.NewRecord(v, &v.Snapshot.Zones[0].Records[i]))
		}
		for i := range v.Findings {
			q.Match(rows.NewFinding(v, &v.Findings[i]))
		}
		q.Match(entry)
	})
}
