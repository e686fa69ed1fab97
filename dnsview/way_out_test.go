package dnsview_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rollcall/dnsview"
	"rollcall/dnsview/guard"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
)

// namedVerbs are the verbs that a sentence may name for a record, with their plans.
var namedVerbs = map[string]func(*dnsview.View, providers.Identity) plan.Plan{
	"deregister it": func(v *dnsview.View, id providers.Identity) plan.Plan { return plan.Deregister(v, id) },
	"quiesce it":    func(v *dnsview.View, id providers.Identity) plan.Plan { return plan.QuiesceRecords(v, id) },
	"adopt it":      func(v *dnsview.View, id providers.Identity) plan.Plan { return plan.Adopt(v, id) },
	"retarget it":   func(v *dnsview.View, id providers.Identity) plan.Plan { return plan.Retarget(v, id) },
}

// refusals are the verbs that a sentence names and whose plan for the record is empty.
func refusals(v *dnsview.View, r *providers.Record, sentence string) (out []string) {
	sentence = strings.NewReplacer("retarget it to a node by name", "", "retarget its host name", "").Replace(sentence)
	for words, plan := range namedVerbs {
		if !strings.Contains(sentence, words) {
			continue
		}
		p := plan(v, r.Identity())
		if why := strings.Join(p.Skipped, "; "); len(p.Steps) == 0 && !(strings.Contains(why, "takes that out first") && len(idleCommands(v, nil, why)) == 0) {
			out = append(out, words+" says "+strings.Join(p.Skipped, "; "))
		}
	}
	slices.Sort(out)
	return out
}

func TestForEveryReusedEntryThereIsAVerbThatDoesSomethingAndNoRefusalNamesOneThatRefuses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := randomWorld(t)
		v := w.view()
		for i := range v.Findings {
			f := &v.Findings[i]
			if f.Class != dnsview.Reused || v.Options.Fleet == "" || v.Index.ZoneRefused(f.Zone) != "" {
				continue
			}
			if bad := refusals(v, f.Record, f.Reason); len(bad) > 0 {
				t.Fatalf("%s\n%s", f.Reason, strings.Join(bad, "\n"))
			}
			some := strings.Contains(f.Reason, "allow-list of the config")
			for _, plan := range namedVerbs {
				p := plan(v, f.Record.Identity())
				some = some || len(p.Steps) > 0
				for _, s := range p.Skipped {
					if bad := refusals(v, f.Record, s); strings.Contains(s, f.Record.Label()) && len(p.Steps) == 0 && len(bad) > 0 {
						t.Fatalf("%s\n%s\n%s", f.Reason, s, strings.Join(bad, "\n"))
					}
				}
			}
			if !some {
				t.Fatalf("no verb does anything for: %s", f.Reason)
			}
		}
	})
}

// answerAbout returns what a cloud of the world says when it is asked for the owner of a change.
func (w *world) answerAbout(verb index.Verb, c *providers.Change) guard.InstanceAnswer {
	o, ok := guard.InstanceToVerify(verb, c)
	if !ok {
		return guard.InstanceAnswer{}
	}
	for i := range w.snap.Clouds {
		cv := &w.snap.Clouds[i]
		if cv.Cloud.Key != o.Cloud {
			continue
		}
		for n := range cv.Instances {
			if cv.Instances[n].ID == o.Instance {
				return guard.InstanceAnswer{Asked: true, Key: o.Cloud, Instance: &cv.Instances[n]}
			}
		}
		l, _ := cv.Lookup(o.Instance)
		return guard.InstanceAnswer{Asked: true, Key: o.Cloud, Gone: l.Gone && l.Err == nil, NotFound: l.Gone && !l.Final, Instance: l.Instance}
	}
	return guard.InstanceAnswer{Why: "its cloud is not configured"}
}

// refusedFor returns why guards refuse the steps of a plan for good: not for want of evidence, and with nothing that
// could be typed.
func (w *world) refusedFor(v *dnsview.View, p plan.Plan) (why []string) {
	removing := map[providers.Identity]bool{}
	for _, s := range p.Steps {
		if s.Change != nil && s.Change.Op == providers.OpDelete {
			removing[s.Change.Before.Identity()] = true
		}
	}
	for _, s := range p.Steps {
		if s.Change == nil {
			continue
		}
		r := s.Change.Record()
		if r.IsMarker() {
			continue
		}
		e := &guard.Evidence{
			Now: testNow, Fleet: v.Options.Fleet, Verb: p.Verb, Age: time.Hour, Grace: v.Options.CreateGrace, View: v, Change: s.Change, Reason: s.Reason,
			Answer: w.answerAbout(p.Verb, s.Change), Reread: true, Removing: removing, Strands: s.Strands,
		}
		for i := range w.zone(r.Zone).Records {
			if x := w.zone(r.Zone).Records[i]; x.Name == r.Name && x.Type == r.Type {
				e.Found = append(e.Found, x)
			}
		}
		for _, g := range e.CheckNumbered() {
			if (g.Guard == index.GuardInstance || g.Guard == index.GuardAddress) && !g.Pass && !g.NoEvidence && g.Confirm == "" && !strings.Contains(g.Satisfy, "allow-list") && !strings.Contains(g.Satisfy, "wait until") {
				why = append(why, p.Title+": guard "+string(g.Guard)+": "+g.Why+" ("+g.Satisfy+")")
			}
		}
	}
	return why
}

func TestForEveryAlarmingEntryOfOursTheGuardsLetSomeVerbThrough(t *testing.T) {
	met := map[dnsview.Class]int{}
	worlds := func(t *rapid.T) *world { return mishaps(t, false) }
	inWorlds(t, worlds, met, []dnsview.Class{dnsview.Dead, dnsview.Dangling, dnsview.Reused, dnsview.Moved}, func(t rapid.TB, w *world) {
		v := w.view()
		if len(w.snap.Clouds) > 2 {
			return // one account under two names: neither is complete
		}
		for i := range v.Findings {
			f := &v.Findings[i]
			if f.Record == nil || f.Severity < dnsview.High || v.Options.Fleet == "" || v.Index.ZoneRefused(f.Zone) != "" || !v.Index.IsOurs(f.Record) || f.Record.IsMarker() || v.Index.IsGlue(f.Record) {
				continue
			}
			met[f.Class]++
			var refused []string
			through := false
			for _, p := range []plan.Plan{plan.ForFindings(v, f), plan.Deregister(v, f.Record.Identity()), plan.QuiesceRecords(v, f.Record.Identity()), plan.Retarget(v, f.Record.Identity())} {
				if len(p.Steps) == 0 {
					refused = append(refused, p.Skipped...)
					continue
				}
				why := w.refusedFor(v, p)
				through = through || len(why) == 0
				refused = append(refused, why...)
			}
			if !through {
				t.Fatalf("%s: %s\n%s", f.Class, f.Reason, strings.Join(refused, "\n"))
			}
			if f.Remedy == dnsview.NoRemedy {
				continue
			}
			if p := plan.ForFindings(v, f); len(p.Steps) > 0 {
				if why := w.refusedFor(v, p); len(why) > 0 {
					t.Fatalf("the remedy of %s: %s\n%s", f.Class, f.Reason, strings.Join(why, "\n"))
				}
			}
		}
	})
}

func TestNoRefusalForARecordWithoutAMarkerNamesAVerbThatRefusesIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := randomWorld(t)
		for _, zone := range []string{cfZone, r53Zone} {
			w.plain(zone, "MX", "10 mail."+zone)
			w.plain(zone, "CAA", `0 issue "ca.example.net"`)
			w.plain("note."+zone, "TXT", `"a note"`)
			w.plain("alias."+zone, "CNAME", "elsewhere.example.net")
		}
		v := w.view()
		for z := range v.Snapshot.Zones {
			for i := range v.Snapshot.Zones[z].Records {
				r := &v.Snapshot.Zones[z].Records[i]
				if index.Marked(r) || v.Options.Fleet == "" || v.Index.ZoneRefused(r.Zone) != "" {
					continue
				}
				for verb, plan := range namedVerbs {
					p := plan(v, r.Identity())
					for _, s := range p.Skipped {
						if bad := refusals(v, r, s); len(p.Steps) == 0 && len(bad) > 0 {
							t.Fatalf("%s: %s\n%s", verb, s, strings.Join(bad, "\n"))
						}
					}
				}
			}
		}
	})
}

func TestAReusedEntryAtANameThatNobodyResolvesNamesNoVerbThatWritesThere(t *testing.T) {
	w := newWorld()
	w.cut(wwwName, "NS", "ns1.other.example")
	old := w.instance(ec2A).PublicIPs
	w.instance(ec2A).PublicIPs, w.instance(tritonA).PublicIPs = []netip.Addr{netip.MustParseAddr("34.200.16.77")}, old
	v := w.view()
	n := 0
	for i := range v.Findings {
		if f := &v.Findings[i]; f.Class == dnsview.Reused {
			n++
			if bad := refusals(v, f.Record, f.Reason); len(bad) > 0 || len(plan.QuiesceRecords(v, f.Record.Identity()).Steps) == 0 {
				t.Errorf("%s\n%q", f.Reason, bad)
			}
		}
	}
	if n != 1 {
		t.Errorf("%d findings", n)
	}
}

func TestAReusedEntryThatIsGlueNamesNoVerbAsNoneWritesThere(t *testing.T) {
	w := newWorld()
	w.cut("sub."+cfZone, "NS", wwwName) // the addresses of www are what a delegation needs
	w.cut(wwwName, "NS", wwwName)
	old := w.instance(ec2A).PublicIPs
	w.instance(ec2A).PublicIPs, w.instance(tritonA).PublicIPs = []netip.Addr{netip.MustParseAddr("34.200.16.77")}, old
	v := w.view()
	n := 0
	for i := range v.Findings {
		f := &v.Findings[i]
		if f.Class != dnsview.Reused {
			continue
		}
		n++
		for _, verb := range []string{"retarget", "quiesce", "deregister"} {
			if strings.Contains(f.Reason, verb) || strings.Contains(v.Advice(f), verb) {
				t.Errorf("%s is refused there: %s; %s", verb, f.Reason, v.Advice(f))
			}
		}
		if !strings.Contains(v.Advice(f), "provider") || f.Remedy != dnsview.NoRemedy {
			t.Errorf("advice %q, remedy %q", v.Advice(f), f.Remedy)
		}
	}
	if n == 0 {
		t.Error("no entry is reused")
	}
}
