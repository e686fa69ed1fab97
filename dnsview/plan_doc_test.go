package dnsview_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode"

	"pgregory.net/rapid"

	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
)

func docOf(t *testing.T) plan.Doc {
	t.Helper()
	w := newWorld()
	w.remove(tritonB, true)
	w.remove(ec2A, false)
	p := plan.DeregisterDead(w.view())
	return p.Doc(func(s *plan.Step) []index.GuardResult {
		if s.Change.Before.Type == "SRV" {
			return []index.GuardResult{index.Passed(index.GuardCoverage, "2 clouds were read completely"), index.Unproven(index.GuardOwner, "nobody answered", "an answer"), index.Failed(index.GuardGrace, "too young", "")}
		}
		return []index.GuardResult{{Guard: index.GuardMinimum, Why: "sd-02.unilans.net would have no A record any more", Satisfy: "type the name", Confirm: "sd-02.unilans.net"}}
	})
}

func TestAPlanIsShownAsText(t *testing.T) {
	d := docOf(t)
	want := `Deregister 2 dead entries
2 steps, checksum ` + d.Checksum + `

  1. Delete ` + sdSRVTriton + `: its owner c2f0a1b2 in joyent-east is gone, and its address is in no inventory
     - v1._theservice._tcp.unilans.net 30 SRV 10 10 4218 sd-02.unilans.net ; owner ` + tritonB + ` of fleet 7f3a9c1e
     guard coverage passes: 2 clouds were read completely
     guard owner fails, since nothing is known: nobody answered
       what would satisfy it: an answer
     guard grace fails: too young

  2. Delete sd-02.unilans.net A 165.225.128.2: its owner c2f0a1b2 in joyent-east is gone, and its address is in no inventory
     - sd-02.unilans.net 30 A 165.225.128.2 ; owner ` + tritonB + ` of fleet 7f3a9c1e
     only after step 1
     guard minimum fails: sd-02.unilans.net would have no A record any more
       what would satisfy it: type "sd-02.unilans.net"

left alone:
  - www.scalability.expert A 34.200.16.1: nothing certain is known of its owner i-0aaaaaaaaaaaaaaa1: aws-use1 does not list it, and was not asked for it by id yet
`
	if got := d.Text(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestAPlanThatIsShownSaysWhichTextAStepWaitsFor(t *testing.T) {
	d := docOf(t)
	d.Steps[1].State, d.Steps[1].Waits = "refused", true
	again := d.Steps[1]
	again.ID = 3
	d.Steps = append(d.Steps, again)
	const guard = `guard minimum waits for the typed text "sd-02.unilans.net"`
	text := d.Text()
	for _, want := range []string{"     " + guard + ": sd-02.unilans.net would have no A record any more\n     waits for the typed text\n", "     " + guard + ", as for step 2\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	md := d.Markdown()
	if want := `| minimum | waits for the typed text "sd-02.unilans.net" | sd-02.unilans.net would have no A record any more |  |`; !strings.Contains(md, want) {
		t.Errorf("no %s in\n%s", want, md)
	}
	if strings.Contains(text+md, "minimum fails") || strings.Contains(text+md, "refused") {
		t.Errorf("%s%s", text, md)
	}
}

func TestAPlanIsShownAsMarkdown(t *testing.T) {
	d := docOf(t)
	want := `# Deregister 2 dead entries

2 steps, checksum ` + "`" + d.Checksum + "`" + `.

1. Delete v1.\_theservice.\_tcp.unilans.net SRV 10 10 4218 sd-02.unilans.net: its owner c2f0a1b2 in joyent-east is gone, and its address is in no inventory

   ` + "```diff" + `
   - v1._theservice._tcp.unilans.net 30 SRV 10 10 4218 sd-02.unilans.net ; owner ` + tritonB + ` of fleet 7f3a9c1e
   ` + "```" + `

   | guard | state | why | what would satisfy it |
   |---|---|---|---|
   | coverage | passes | 2 clouds were read completely |  |
   | owner | not known | nobody answered | an answer |
   | grace | fails | too young |  |

2. Delete sd-02.unilans.net A 165.225.128.2: its owner c2f0a1b2 in joyent-east is gone, and its address is in no inventory
`
	if got := d.Markdown(); !strings.HasPrefix(got, want) || !strings.Contains(got, "\n## Left alone\n\n- www.scalability.expert A 34.200.16.1: nothing") {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestAPlanIsShownAsJSON(t *testing.T) {
	d := docOf(t)
	b, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	var back plan.Doc
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	if back.Text() != d.Text() || back.Steps[1].Needs[0] != 1 || back.Steps[0].Before.Owners[0].Registered != longAgo {
		t.Errorf("%s", b)
	}
	for _, want := range []string{`"verb":"deregister"`, `"checksum":"` + d.Checksum, `"op":"delete"`, `"reason":"dead"`, `"guard":"coverage","pass":true`, `"confirm":"sd-02.unilans.net"`} {
		if !strings.Contains(string(b), want) {
			t.Errorf("%s is not in %s", want, b)
		}
	}
	empty, err := json.Marshal(plan.Plan{}.Doc(nil))
	if err != nil || !strings.Contains(string(empty), `"steps":[],"skipped":[]`) {
		t.Errorf("%s %v", empty, err)
	}
}

func TestAChangeIsShownWithAllThatChanges(t *testing.T) {
	before := cfRecord(wwwName, "165.225.128.1", keyEast, tritonA)
	after := before
	after.TTL, after.AutoTTL, after.Proxied = 300, true, true
	after.Owners = []providers.Owner{before.Owners[0]}
	after.Owners[0].Quiesced = true
	plain := providers.Record{Zone: cfZone, Name: "x." + cfZone, Type: "A", TTL: 5, Value: "192.0.2.1", Comment: `say "hi"`, SetID: "eu", Weight: 7, Policy: "weighted"}
	p := plan.Plan{Verb: index.VerbUpdate, Steps: []plan.Step{
		{ID: 1, Kind: plan.StepChange, Change: &providers.Change{Op: providers.OpUpdate, Before: before, After: after}},
		{ID: 2, Kind: plan.StepChange, Change: &providers.Change{Op: providers.OpCreate, After: plain}},
		{ID: 3, Kind: plan.StepWait, Wait: time.Minute, Needs: []int{1, 2}},
	}}
	d := p.Doc(nil)
	var got []string
	for i := range d.Steps {
		for _, l := range d.Steps[i].Diff() {
			got = append(got, string(l.Sign)+" "+l.Text)
		}
	}
	want := []string{
		"- " + wwwName + " 60 A 165.225.128.1 ; owner " + tritonA + " of fleet 7f3a9c1e",
		"+ " + wwwName + " auto A 165.225.128.1 ; proxied; owner " + tritonA + " of fleet 7f3a9c1e, quiesced",
		`+ x.scalability.expert 5 A 192.0.2.1 ; set eu; weight 7; weighted; comment "say \"hi\""`,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if d.Steps[2].Wait != 60 || !strings.Contains(d.Text(), "only after steps 1, 2") {
		t.Errorf("%s", d.Text())
	}
}

// Nothing that comes from outside steers a terminal, or breaks out of the place in which Markdown shows it.
func TestNothingFromOutsideSteersWhatShowsAPlan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		odd := rapid.StringOfN(rapid.SampledFrom([]rune("a\x1b\x00\x07\n\r\t`|*_#<>[]()\\\u202e\u2028\u009b~&é")), 0, 12, -1)
		r := providers.Record{Name: odd.Draw(t, "name"), Type: "TXT", Value: odd.Draw(t, "value"), Comment: odd.Draw(t, "comment"), SetID: odd.Draw(t, "set"), Policy: odd.Draw(t, "policy")}
		r.Owners = []providers.Owner{{Fleet: odd.Draw(t, "fleet"), Instance: odd.Draw(t, "instance")}}
		p := plan.Plan{Title: odd.Draw(t, "title"), Skipped: []string{odd.Draw(t, "skipped")}, Steps: []plan.Step{{
			ID: 1, Kind: plan.StepChange, Sentence: odd.Draw(t, "sentence"), Zone: odd.Draw(t, "zone"), Change: &providers.Change{Op: providers.OpUpdate, Before: r, After: r},
			Instance: providers.InstanceRef{ID: "i" + odd.Draw(t, "id"), Name: odd.Draw(t, "inst")},
		}}}
		d := p.Doc(func(*plan.Step) []index.GuardResult {
			return []index.GuardResult{index.Failed(index.GuardOwner, odd.Draw(t, "why"), odd.Draw(t, "satisfy"))}
		})
		for _, s := range []string{d.Text(), d.Markdown()} {
			for _, c := range s {
				if c != '\n' && (unicode.IsControl(c) || unicode.Is(unicode.Cf, c) || c == '\u2028') {
					t.Fatalf("%q has %q", s, c)
				}
			}
		}
		lines := strings.Count(d.Text(), "\n")
		if most := 11; lines > most {
			t.Fatalf("%d lines: %q", lines, d.Text())
		}
		fences := 0
		for line := range strings.Lines(d.Markdown()) {
			if strings.HasPrefix(strings.TrimLeft(line, " "), "```") {
				fences++
			}
			if strings.HasPrefix(strings.TrimLeft(line, " "), "| owner") && strings.Count(strings.ReplaceAll(strings.ReplaceAll(line, `\\`, ""), `\|`, ""), "|") != 5 {
				t.Fatalf("a row breaks: %q", line)
			}
		}
		if fences != 2 {
			t.Fatalf("%d fences: %q", fences, d.Markdown())
		}
	})
}
