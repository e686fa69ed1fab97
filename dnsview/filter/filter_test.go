package filter

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/dnsview/rows"
	"rollcall/dnsview/tree"
	"rollcall/providers"
	"rollcall/providers/journal"
)

var now = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// view is a snapshot with a running node, its record, and a dead record.
func view() *dnsview.View {
	key := providers.NewCloudKey(providers.EC2, "1", "us-east-1")
	done := providers.Coverage{State: providers.CoverageComplete, Key: key, Started: now, Finished: now}
	o := func(id string) []providers.Owner {
		return []providers.Owner{{Fleet: "f1", Cloud: key, Instance: id, Registered: now.Add(-8 * 24 * time.Hour)}}
	}
	s := &providers.Snapshot{
		Clouds: []providers.CloudView{{
			Cloud: providers.Cloud{Name: "aws-use1", Provider: providers.EC2, Key: key}, Coverage: done,
			Instances: []providers.Instance{{
				Cloud: "aws-use1", Key: key, Provider: providers.EC2, ID: "i-0ab", Name: "www-Canary-01", State: providers.StateRunning, Region: "us-east-1", Type: "t3.small",
				PublicIPs: []netip.Addr{netip.MustParseAddr("192.0.2.1")}, Launched: now.Add(-8 * 24 * time.Hour), Tags: providers.TagsOf(map[string]string{
					"env": "prod", "Team": "Web shop", "user:Owner": "it@example.com", "aws:autoscaling:groupName": "asg-www", "Cost Center": "a b",
					"a=b": "c=d", `say "hi"`: "x", "url": "https://x",
				}),
			}},
			Lookups: map[string]providers.Lookup{"i-0dead": {ID: "i-0dead", Asked: now, Gone: true}},
		}},
		Zones: []providers.ZoneView{{
			Zone: providers.Zone{Name: "scalability.expert", Provider: providers.Cloudflare}, Coverage: done,
			Records: []providers.Record{
				{Zone: "scalability.expert", Name: "www.scalability.expert", Type: "A", TTL: 60, Value: "192.0.2.1", Owners: o("i-0ab")},
				{Zone: "scalability.expert", Name: "www.scalability.expert", Type: "A", TTL: 3600, Value: "192.0.2.9", Proxied: true, Owners: o("i-0dead")},
				{Zone: "scalability.expert", Name: "six.scalability.expert", Type: "AAAA", TTL: 60, Value: "2001:db8::1"},
			},
		}},
	}
	wire := []*index.WireState{{Zone: "scalability.expert", Name: "six.scalability.expert", Type: "AAAA", State: index.WireInSync, Want: []string{"2001:db8::1"}, At: now}}
	return dnsview.Inspect(s, index.Options{Fleet: "f1", Now: now, CreateGrace: time.Minute, Wire: wire, Services: []index.Service{{Name: "www.scalability.expert", Kind: index.RoundRobin}}})
}

func TestAFilterPassesWhatAllItsTermsHoldOf(t *testing.T) {
	v := view()
	for _, c := range []struct {
		filter   string
		instance bool
		records  string // of the three, in order: + passes, . does not
		findings string // dead, foreign
	}{
		{"", true, "+++", "++"},
		{"state:running", true, "+..", ".."},
		{"state:run cloud:AWS", true, "+..", ".."},
		{"cloud:aws", true, "++.", "+."},
		{"state:stopped,running", true, "+..", ".."},
		{"state=run", false, "...", ".."},
		{"-state=running", false, ".++", "++"},
		{"tag.env=prod", true, "+..", ".."},
		{"tag.Team:web", true, "+..", ".."},
		{`tag.Team="web shop"`, true, "+..", ".."},
		{"tag.none=", false, "...", ".."},
		{"name~canary", true, "...", ".."},
		{"-name~canary", false, "+++", "++"},
		{`name~^www`, true, "++.", "+."},
		{`name~^six\.`, false, "..+", ".+"},
		{"age>7d", true, "++.", "+."},
		{"age<7d", false, "...", ".."},
		{"age>9d", false, "...", ".."},
		{"ttl>300", false, ".+.", "+."},
		{"ttl<5m", false, "+.+", ".+"},
		{"finding:dead", false, ".+.", "+."},
		{`wire="in sync"`, false, "..+", ".+"},
		{"-wire:in", true, "++.", "+."},
		{"class=dead", false, ".+.", "+."},
		{"severity:high", false, ".+.", "+."},
		{"-finding:dead", true, "+.+", ".+"},
		{"type:a", false, "+++", "++"},
		{"type=a", false, "++.", "+."},
		{"type:t3", true, "...", ".."},
		{"proxied:yes", false, ".+.", "+."},
		{"owner=", false, "..+", ".+"},
		{"owner:i-0dead", false, ".+.", "+."},
		{"node:i-0d", false, ".+.", "+."},
		{"service:www", true, "++.", "+."},
		{"zone:scal", true, "+++", "++"},
		{"provider:cloudflare", false, "+++", "++"},
		{"value:192.0.2.9", false, ".+.", "+."},
		{"ip:192.0.2.1", true, "+..", ".."},
		{"2001:db8", false, "..+", ".+"},
		{"192.0.2.9", false, ".+.", "+."},
		{"wwwcan", true, "...", ".."},
		{"WC01", true, "...", ".."},
		{"-wwwcan", false, "+++", "++"},
		{"region:us-east", true, "+..", ".."},
		{"fleet:f1", false, "++.", "+."},
		{"dead", false, ".+.", "+."}, // the words on the screen
		{"-dead", true, "+.+", ".+"},
		{"!dead", true, "+.+", ".+"},
		{"foreign", false, "..+", ".+"},
		{"(gone)", false, ".+.", ".."},
		{"proxied", false, ".+.", ".."},
		{`"in sync"`, false, "..+", ".."},
		{"name=www", false, "++.", "+."},
		{"name=www.scalability.expert", false, "++.", "+."},
		{"name:six", false, "..+", ".+"},
		{"name=six", false, "..+", ".+"},
		{"-name=www", true, "..+", ".+"},
		{`~^www-canary-\d+$`, true, "+..", ".."},
		{`!~^www-canary-\d+$`, false, ".++", "++"},
		{"~canary", true, "+..", ".."},
		{"~wwwcan", false, "...", ".."}, // contains, and not fuzzily
		{`tag."user:Owner"=it@example.com`, true, "+..", ".."},
		{"tag.user:Owner=it@example.com", true, "+..", ".."},
		{"tag.user:Owner:it@", true, "+..", ".."},
		{"-tag.user:Owner=it@example.com", false, ".++", "++"},
		{"tag.user:Owner~example", true, "+..", ".."},
		{`tag.user:Owner="it@example.com"`, true, "+..", ".."},
		{"tag.user:Owner=other", false, "...", ".."},
		{"tag.aws:autoscaling:groupName=asg-www", true, "+..", ".."},
		{"tag.aws:autoscaling:groupName:asg", true, "+..", ".."},
		{`tag."Cost Center"="a b"`, true, "+..", ".."},
		{`tag."a=b"=c=d`, true, "+..", ".."},
		{"tag.a=b=c=d", true, "+..", ".."},
		{`tag."say \"hi\""=x`, true, "+..", ".."},
		{"tag.url:https://x", true, "+..", ".."},
	} {
		f, err := Parse(c.filter)
		if err != nil {
			t.Errorf("%s: %v", c.filter, err)
			continue
		}
		if got := f.Match(rows.NewInstance(v, &v.Snapshot.Clouds[0].Instances[0])); got != c.instance {
			t.Errorf("%s: instance %v", c.filter, got)
		}
		marks := func(n int, pass func(int) bool) string {
			var b strings.Builder
			for i := range n {
				if pass(i) {
					b.WriteByte('+')
				} else {
					b.WriteByte('.')
				}
			}
			return b.String()
		}
		rs := v.Snapshot.Zones[0].Records
		if got := marks(len(rs), func(i int) bool { return f.Match(rows.NewRecord(v, &rs[i])) }); got != c.records {
			t.Errorf("%s: records %s, want %s", c.filter, got, c.records)
		}
		if len(v.Findings) != 2 {
			t.Fatalf("findings %+v", v.Findings)
		}
		if got := marks(2, func(i int) bool { return f.Match(rows.NewFinding(v, &v.Findings[i])) }); got != c.findings {
			t.Errorf("%s: findings %s, want %s", c.filter, got, c.findings)
		}
	}
}

func TestAFilterThatCannotBeReadSaysWhereInOneLine(t *testing.T) {
	for _, c := range []struct {
		filter string
		pos    int
		why    string
	}{
		{"state:running colour:red", 14, `no field "colour"`},
		{"statee=x", 0, `no field "statee"`},
		{"name~", 5, "wants something"},
		{"name~[", 5, "regular expression"},
		{`name="x`, 5, "never closed"},
		{`name="x"y`, 8, "space is missing"},
		{"state:", 6, "wants a value"},
		{"age>soon", 4, "not a duration"},
		{"age>-5m", 4, "not a duration"},
		{"age:7d", 3, "compared with > or <"},
		{"ttl>x", 4, "not a number"},
		{"name>x", 4, "compares ages and TTLs only"},
		{"tag=x", 0, "wants the name of a tag"},
		{"tag.=x", 0, "wants the name of a tag"},
		{"a -", 2, "minus"},
		{"a !", 2, "exclamation mark"},
		{"~", 1, "wants something"},
		{"~[", 1, "regular expression"},
		{"state:runing", 6, "the nearest is running"},
		{"-state:runing", 7, "the nearest is running"},
		{"state=runing", 6, "the nearest is running"},
		{"state~unning!", 6, "the nearest is running"},
		{"state:running,stoped", 6, "the nearest is stopped"},
		{"finding:dangeling", 8, "the nearest is dangling"},
		{"class:ded", 6, "the nearest is dead"},
		{"severity:hihg", 9, "the nearest is high"},
		{"provider:rout53", 9, "the nearest is route53"},
		{"proxied:maybe", 8, "it is one of yes, no"},
		{"state:xyzzy", 6, "it is one of pending, running"},
		{"wire:splitt", 5, "the nearest is split"},
		{"staet:running", 0, "the nearest is state"},
		{`tag."x`, 4, "never closed"},
		{`tag."x"`, 7, "after the name of the tag"},
		{`tag."x"y`, 7, "after the name of the tag"},
		{"tag.env", 0, "wants the name of a tag"},
	} {
		_, err := Parse(c.filter)
		e, ok := errors.AsType[*Error](err)
		if !ok || e.Pos != c.pos || !strings.Contains(e.Error(), c.why) || strings.Contains(e.Error(), "\n") {
			t.Errorf("%s: %v", c.filter, err)
		}
	}
}

func TestNoTextMakesTheParserFailOtherwiseThanByAnError(t *testing.T) {
	v := view()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringMatching(`-?(name|state|tag\.[a-z]|tag\."?[a-z:= ]*"?|age|ttl|)[:=~<>]"?[a-z0-9 .,\\"]*`)).Draw(t, "filter")
		f, err := Parse(text)
		if err != nil {
			if e, ok := errors.AsType[*Error](err); !ok || e.Pos < 0 || e.Pos > len(text) {
				t.Fatal(err)
			}
			return
		}
		for i := range v.Snapshot.Zones[0].Records {
			f.Match(rows.NewRecord(v, &v.Snapshot.Zones[0].Records[i]))
		}
		f.Match(rows.NewInstance(v, &v.Snapshot.Clouds[0].Instances[0]))
	})
}

func TestEveryValueOfAClosedFieldCanBeFilteredBy(t *testing.T) {
	var all []string
	for _, s := range []providers.InstanceState{
		providers.StatePending, providers.StateRunning, providers.StateStopping, providers.StateStopped, providers.StateTerminating, providers.StateTerminated,
		providers.StateFailed, providers.StateOffline, providers.StateUnknown,
	} {
		all = append(all, "state:"+string(s))
	}
	for _, s := range []tree.NodeState{
		tree.NodeRunning, tree.NodeByHand, tree.NodeQuiesced, tree.NodeDead, tree.NodeMissing, tree.NodeHalf, tree.NodeStarting, tree.NodeOutside, tree.NodeForeign,
		tree.NodeUnmarked, tree.NodeOtherFleet, tree.NodeAmbiguous, tree.NodeUnknown,
	} {
		all = append(all, `state:"`+string(s)+`"`)
	}
	for _, s := range []journal.State{journal.Begun, journal.Done, journal.Failed, journal.Refused, journal.Unknown} {
		all = append(all, "state:"+string(s))
	}
	for _, s := range []providers.CoverageState{providers.CoverageComplete, providers.CoveragePartial, providers.CoverageFailed, providers.CoverageStale} {
		all = append(all, "state:"+string(s))
	}
	for _, k := range []providers.Kind{
		providers.KindAuth, providers.KindThrottled, providers.KindUnreachable, providers.KindIncomplete, providers.KindNotFound, providers.KindInvalid,
	} {
		s := rows.Source{Kind: rows.KindCloud, Coverage: providers.Coverage{State: providers.CoverageFailed, Err: providers.Errorf(k, "list", "x")}}
		s.SetState(now, time.Hour)
		all = append(all, `state:"`+s.Problem()+`"`)
	}
	for _, w := range []index.WireVerdict{
		index.WireInSync, index.WireCached, index.WireNegativeCached, index.WirePropagating, index.WireSplit, index.WireBroken, index.WireUnreachable, index.WireLame,
		index.WireUnchecked, index.WireWaiting,
	} {
		all = append(all, `wire="`+string(w)+`"`)
	}
	for _, p := range []providers.Provider{providers.EC2, providers.Triton, providers.Cloudflare, providers.Route53} {
		all = append(all, "provider="+string(p))
	}
	for _, c := range dnsview.Classes() {
		all = append(all, "finding="+string(c))
	}
	for s := dnsview.Info; s <= dnsview.Critical; s++ {
		all = append(all, "severity="+s.String())
	}
	for _, text := range all {
		if _, err := Parse(text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestWhatIsHalfTypedChangesNothing(t *testing.T) {
	for _, c := range []struct {
		typed, applies string
		wrong          bool
	}{
		{"", "", false},
		{"a", "", false},
		{"ag", "", false},
		{"age", "", false},
		{"age>", "", true},
		{"age>7", "", true},
		{"age>7d", "age>7d", false},
		{"cloud:aws st", "cloud:aws", false},
		{"cloud:aws state", "cloud:aws", false},
		{"cloud:aws state:", "cloud:aws", true},
		{"cloud:aws state:r", "cloud:aws state:r", false},
		{"cloud:aws state:runi", "cloud:aws", true},
		{"cloud:aws -na", "cloud:aws", false},
		{"cloud:aws !na", "cloud:aws", false},
		{"cloud:aws -", "cloud:aws", true},
		{"cloud:aws name~", "cloud:aws", true},
		{"cloud:aws name~[", "cloud:aws", true},
		{`cloud:aws name="a`, "cloud:aws", true},
		{`cloud:aws tag."a`, "cloud:aws", true},
		{"cloud:aws tag", "cloud:aws", false},
		{"cloud:aws tag.a", "cloud:aws", true},
		{"cloud:aws colour:red", "cloud:aws", true},
		{"www", "www", false},
		{"canary", "canary", false},
		{`"age"`, `"age"`, false},
	} {
		f, err := ParseTyped(c.typed)
		if f.String() != c.applies || (err != nil) != c.wrong {
			t.Errorf("%q applies %q, %v", c.typed, f, err)
		}
		want, err := Parse(c.applies)
		if err != nil || len(want.terms) != len(f.terms) {
			t.Errorf("%q has %d terms, want %d; %v", c.typed, len(f.terms), len(want.terms), err)
		}
	}
}

func BenchmarkFilter100000Rows(b *testing.B) {
	v := view()
	r := rows.NewInstance(v, &v.Snapshot.Clouds[0].Instances[0])
	for _, text := range []string{"canary", "state:running tag.env=prod -name~x", "nothing"} {
		f, err := Parse(text)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("%q", text), func(b *testing.B) {
			for b.Loop() {
				for range 100_000 {
					f.Match(r)
				}
			}
		})
	}
}
