package dnsview

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"rollcall/providers"
)

// namedVerbs are the verbs that a sentence may name for a record, with their plans.
var namedVerbs = map[string]func(*View, providers.Identity) Plan{
	"deregister it": func(v *View, id providers.Identity) Plan { return PlanDeregister(v, id) },
	"quiesce it":    func(v *View, id providers.Identity) Plan { return PlanQuiesceRecords(v, id) },
	"adopt it":      func(v *View, id providers.Identity) Plan { return PlanAdopt(v, id) },
	"retarget it":   func(v *View, id providers.Identity) Plan { return PlanRetarget(v, id) },
}

// refusals are the verbs that a sentence names and whose plan for the record is empty.
func refusals(v *View, r *providers.Record, sentence string) (out []string) {
	sentence = strings.NewReplacer("retarget it to a node by name", "", "retarget its host name", "").Replace(sentence)
	for words, plan := range namedVerbs {
		if !strings.Contains(sentence, words) {
			continue
		}
		if p := plan(v, r.Identity()); len(p.Steps) == 0 {
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
			if f.Class != Reused || v.index.zoneRefused(f.Zone) != "" {
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
					if bad := refusals(v, f.Record, s); strings.Contains(s, subject(f.Record)) && len(p.Steps) == 0 && len(bad) > 0 {
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
