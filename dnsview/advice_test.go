package dnsview_test

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
)

// commandInSentence finds the commands that a sentence names for one record or instance.
var commandInSentence = regexp.MustCompile(`rollcall (quiesce|remedy|return) ([^ ,;]+/(?:A|AAAA|CNAME|SRV|TXT|PTR)/(?:".*"|[0-9]+ [0-9]+ [0-9]+ [^ ,;]+|[^ ,;]+)|[^ ,;]+)`)

// idleCommands returns the commands of a sentence that would plan nothing, with what they would say.
func idleCommands(v *dnsview.View, f *dnsview.Finding, sentence string) (out []string) {
	for _, m := range commandInSentence.FindAllStringSubmatch(sentence, -1) {
		verb, arg := m[1], m[2]
		var p plan.Plan
		switch verb {
		case "return":
			if arg == "--cloud" { // of a whole cloud
				continue
			}
			o, ok := index.RegisteredOwner(f.Record)
			if !ok || o.Instance != arg || strings.Contains(sentence, "start the node") || strings.Contains(sentence, "once it is well") {
				continue
			}
			p = plan.Return(v, providers.InstanceRef{Key: o.Cloud, ID: o.Instance})
		case "remedy":
			p = plan.ForFindings(v, f)
		default:
			for z := range v.Snapshot.Zones {
				for i := range v.Snapshot.Zones[z].Records {
					if r := &v.Snapshot.Zones[z].Records[i]; v.RecordName(r) == arg && len(p.Steps) == 0 {
						p = plan.QuiesceRecords(v, r.Identity())
					}
				}
			}
		}
		if len(p.Steps) == 0 {
			out = append(out, "rollcall "+verb+" "+arg+" does nothing: "+strings.Join(p.Skipped, "; "))
		}
	}
	return out
}

// There is always a way: a remedy that does something, or a sentence that says what a person does.
func TestEveryFindingHasARemedyThatDoesSomethingOrSaysWhatAPersonDoes(t *testing.T) {
	met := map[dnsview.Class]int{}
	worlds := func(t *rapid.T) *world { return mishaps(t, rapid.Bool().Draw(t, "broken")) }
	inWorlds(t, worlds, met, []dnsview.Class{dnsview.Dead, dnsview.Dangling, dnsview.Missing, dnsview.Half, dnsview.Lame, dnsview.Occluded, dnsview.Ambiguous, dnsview.Thin, dnsview.SRVNoAddress}, func(t rapid.TB, w *world) {
		v := w.view()
		for i := range v.Findings {
			f := &v.Findings[i]
			met[f.Class]++
			advice := v.Advice(f)
			if advice == "" {
				if f.Severity > dnsview.Info {
					t.Fatalf("%s %s: nothing says what to do", f.Class, f.Reason)
				}
				continue
			}
			if f.Remedy == dnsview.NoRemedy {
				if idle := idleCommands(v, f, advice); len(idle) > 0 {
					t.Fatalf("%s %s\nadvice: %s\n%s", f.Class, f.Reason, advice, strings.Join(idle, "\n"))
				}
				continue
			}
			p := plan.ForFindings(v, f)
			if len(p.Steps) > 0 {
				continue // that it removes the finding is a test of its own
			}
			for _, why := range p.Skipped {
				bad := idleCommands(v, f, why)
				if f.Record != nil {
					bad = append(bad, refusals(v, f.Record, why)...)
				}
				if len(bad) > 0 {
					t.Fatalf("%s %s\nits remedy: %s\n%s", f.Class, f.Reason, why, strings.Join(bad, "\n"))
				}
			}
			if !sayWhatToDo.MatchString(strings.Join(p.Skipped, "\n")) {
				t.Fatalf("%s %s\nits remedy does nothing, and nothing says what to do: %q", f.Class, f.Reason, p.Skipped)
			}
		}
	})
}

// inWorlds checks random worlds, and then worlds of fixed seeds until every class was met.
func inWorlds(t *testing.T, worlds func(*rapid.T) *world, met map[dnsview.Class]int, classes []dnsview.Class, check func(rapid.TB, *world)) {
	t.Helper()
	rapid.Check(t, func(t *rapid.T) { check(t, worlds(t)) })
	unmet := func(c dnsview.Class) bool { return met[c] == 0 }
	seeded := rapid.Custom(worlds)
	for seed := 0; seed < 3000 && slices.ContainsFunc(classes, unmet); seed++ {
		check(t, seeded.Example(seed))
	}
	for _, c := range classes {
		if unmet(c) {
			t.Errorf("no world has a finding of class %s: %v", c, slices.Sorted(maps.Keys(met)))
		}
	}
}

// sayWhatToDo matches the reasons of a remedy that does nothing which say what a person does first.
var sayWhatToDo = regexp.MustCompile(`(deregister|quiesce|adopt|retarget|restore|balance) (it|its|this|that)|rollcall [a-z]+|has no room|until it can be|allow-list|at its source|remove (it|its|the|that)|make the record there`)

func TestAdviceIsForEveryClass(t *testing.T) {
	v := newWorld().view()
	for _, c := range dnsview.Classes() {
		f := dnsview.Finding{Class: c, Severity: dnsview.High, Zone: cfZone, Service: wwwName, Name: wwwName}
		if v.Advice(&f) == "" {
			t.Errorf("%s: a finding about a name has no advice", c)
		}
		f.Record = &v.Snapshot.Zones[0].Records[0]
		if v.Advice(&f) == "" && c != dnsview.Reused {
			t.Errorf("%s: a finding about a record has no advice", c)
		}
	}
}
