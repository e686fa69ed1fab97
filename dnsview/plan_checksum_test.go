package dnsview_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
)

// later is the same world some minutes on: every read is as fresh, and says the same.
func (w *world) later(d time.Duration) *dnsview.View {
	w.opts.Now = w.opts.Now.Add(d)
	for i := range w.snap.Clouds {
		w.snap.Clouds[i].Coverage.Started = w.snap.Clouds[i].Coverage.Started.Add(d)
		w.snap.Clouds[i].Coverage.Finished = w.snap.Clouds[i].Coverage.Finished.Add(d)
	}
	for i := range w.snap.Zones {
		w.snap.Zones[i].Coverage.Started = w.snap.Zones[i].Coverage.Started.Add(d)
		w.snap.Zones[i].Coverage.Finished = w.snap.Zones[i].Coverage.Finished.Add(d)
	}
	return w.view()
}

func TestThePlanOfAMinuteLaterHasTheSameChecksumWhenItDoesTheSame(t *testing.T) {
	for _, c := range []struct {
		name string
		mess func(w *world)
		plan func(w *world, v *dnsview.View) plan.Plan
	}{
		{"deregister", func(w *world) { w.remove(tritonA, true) }, func(_ *world, v *dnsview.View) plan.Plan { return plan.DeregisterDead(v) }},
		{"register on Cloudflare", func(w *world) { w.drop(wwwName, "A", "165") }, func(w *world, v *dnsview.View) plan.Plan { return plan.Register(v, wwwName, w.instance(tritonA).Ref()) }},
		{"register on Route 53", func(w *world) {
			w.drop(v1Name, "SRV", "sd-02")
			w.drop("sd-02.unilans.net", "A", "")
		}, func(w *world, v *dnsview.View) plan.Plan { return plan.Register(v, "", w.instance(tritonB).Ref()) }},
		{"quiesce", func(*world) {}, func(w *world, v *dnsview.View) plan.Plan {
			return plan.Quiesce(v, w.instance(tritonA).Ref(), w.instance(tritonB).Ref())
		}},
		{"adopt", func(w *world) { r := w.record(wwwName, "A", "165"); r.Owners, r.Comment = nil, "" }, func(w *world, v *dnsview.View) plan.Plan {
			return plan.Adopt(v, w.record(wwwName, "A", "165").Identity())
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld()
			c.mess(w)
			a := c.plan(w, w.view())
			b := c.plan(w, w.later(7*time.Minute))
			if len(a.Steps) == 0 || a.Checksum() != b.Checksum() {
				t.Errorf("%s and %s of %v and %v", a.Checksum(), b.Checksum(), sentences(a), sentences(b))
			}
		})
	}
}

func TestWhateverAPlanDoesOtherwiseGivesItAnotherChecksum(t *testing.T) {
	r := cfRecord(wwwName, "165.225.128.1", keyEast, tritonA)
	planned := func(change func(p *plan.Plan, c *providers.Change)) string {
		c := providers.Change{Op: providers.OpUpdate, Before: r, After: r}
		p := plan.Plan{Verb: index.VerbUpdate, Steps: []plan.Step{{ID: 1, Kind: plan.StepChange, Zone: cfZone, Change: &c, Sentence: "so"}, {ID: 2, Kind: plan.StepWait, Wait: time.Minute, Needs: []int{1}}}}
		change(&p, &c)
		return p.Checksum()
	}
	same := planned(func(*plan.Plan, *providers.Change) {})
	if got := planned(func(p *plan.Plan, _ *providers.Change) {
		p.Title, p.Steps[0].Sentence, p.Skipped = "t", "in other words", []string{"x"}
	}); got != same {
		t.Error("words change the checksum")
	}
	seen := map[string]string{same: "nothing"}
	for name, change := range map[string]func(p *plan.Plan, c *providers.Change){
		"the verb":          func(p *plan.Plan, _ *providers.Change) { p.Verb = index.VerbAdopt },
		"the operation":     func(_ *plan.Plan, c *providers.Change) { c.Op = providers.OpDelete },
		"the old value":     func(_ *plan.Plan, c *providers.Change) { c.Before.Value = "192.0.2.1" },
		"the new value":     func(_ *plan.Plan, c *providers.Change) { c.After.Value = "192.0.2.1" },
		"the TTL":           func(_ *plan.Plan, c *providers.Change) { c.After.TTL = 1 },
		"the proxying":      func(_ *plan.Plan, c *providers.Change) { c.After.Proxied = true },
		"a comment":         func(_ *plan.Plan, c *providers.Change) { c.After.Comment = "hello" },
		"the set":           func(_ *plan.Plan, c *providers.Change) { c.After.SetID = "eu" },
		"the owner":         func(_ *plan.Plan, c *providers.Change) { c.After.Owners = []providers.Owner{owner(keyEast, tritonB)} },
		"the old marker":    func(_ *plan.Plan, c *providers.Change) { c.Before.Owners = nil },
		"the provider's id": func(_ *plan.Plan, c *providers.Change) { c.Before.ID = "other" },
		"a change of it":    func(_ *plan.Plan, c *providers.Change) { c.Before.Modified = time.Unix(5, 0) },
		"the zone":          func(p *plan.Plan, _ *providers.Change) { p.Steps[0].Zone = "other" },
		"the wait":          func(p *plan.Plan, _ *providers.Change) { p.Steps[1].Wait++ },
		"the order":         func(p *plan.Plan, _ *providers.Change) { p.Steps[1].Needs = nil },
		"an action":         func(p *plan.Plan, _ *providers.Change) { p.Steps[1].Action = plan.PowerStop },
		"the instance":      func(p *plan.Plan, _ *providers.Change) { p.Steps[1].Instance.ID = "i" },
		"what it undoes":    func(p *plan.Plan, _ *providers.Change) { p.Steps[0].Undoes = "7" },
	} {
		sum := planned(change)
		if other, twice := seen[sum]; twice {
			t.Errorf("%s has the checksum of %s", name, other)
		}
		seen[sum] = name
	}
}

func TestWhatChangedSinceAPlanWasShownIsLeftAloneAndTold(t *testing.T) {
	w := newWorld()
	w.remove(tritonA, true)
	w.remove(tritonB, true)
	text, err := json.Marshal(plan.DeregisterDead(w.view()).Doc(nil))
	if err != nil {
		t.Fatal(err)
	}
	var shown plan.Doc
	if err := json.Unmarshal(text, &shown); err != nil {
		t.Fatal(err)
	}
	v := w.later(time.Minute)
	if p := plan.DeregisterDead(v).AsShown(&shown); len(p.Steps) != len(shown.Steps) || len(p.Skipped) != 0 {
		t.Fatalf("nothing has changed, and yet: %v, %v", sentences(p), p.Skipped)
	}
	// The SRV value has another TTL now: it stays, and so does its host name.
	w.record(v1Name, "SRV", "sd-02").TTL++
	w.remove(ec2B, true)
	p := plan.DeregisterDead(w.view()).AsShown(&shown)
	for _, s := range p.Steps {
		if s.Change.Before.Value != "165.225.128.1" {
			t.Errorf("it would do: %s", s.Sentence)
		}
	}
	skipped := strings.Join(p.Skipped, "\n")
	if len(p.Steps) != 1 || p.Steps[0].ID != 1 || !strings.Contains(skipped, "is not as the plan showed it, and is left alone: Delete "+v1Name+" SRV 10 10 4218 sd-02") ||
		!strings.Contains(skipped, "it needs a step that is not taken: Delete sd-02.unilans.net") || !strings.Contains(skipped, "is another change now: Delete "+v1Name) {
		t.Errorf("%v\n%s", sentences(p), skipped)
	}
}

func TestAPlanThatWasEditedAfterItWasShownDoesOnlyWhatItStillShows(t *testing.T) {
	w := newWorld()
	w.remove(tritonA, true)
	w.remove(tritonB, true)
	whole := plan.DeregisterDead(w.view())
	for name, edit := range map[string]func(*plan.Doc){
		"all steps taken out":    func(d *plan.Doc) { d.Steps = nil },
		"the first taken out":    func(d *plan.Doc) { d.Steps = d.Steps[1:] },
		"another value":          func(d *plan.Doc) { d.Steps[0].Before.Value = "192.0.2.1" },
		"another name":           func(d *plan.Doc) { d.Steps[0].Before.Name = "live.unilans.net" },
		"another zone":           func(d *plan.Doc) { d.Steps[0].Zone = "example.com" },
		"another owner":          func(d *plan.Doc) { d.Steps[0].Before.Owners[0].Fleet = "c0ffee42" },
		"another change":         func(d *plan.Doc) { d.Steps[0].Op = providers.OpCreate },
		"another step checksum":  func(d *plan.Doc) { d.Steps[0].Checksum = "0000000000000000" },
		"a record that was kept": func(d *plan.Doc) { d.Steps[0].After = d.Steps[0].Before },
	} {
		d := whole.Doc(nil)
		edit(&d)
		p := whole.AsShown(&d)
		if len(p.Steps) >= len(whole.Steps) || len(p.Skipped) == 0 {
			t.Errorf("%s: %d of %d steps are left, skipped %q", name, len(p.Steps), len(whole.Steps), p.Skipped)
		}
		for _, s := range p.Steps {
			if s.Checksum() == whole.Steps[0].Checksum() {
				t.Errorf("%s: it would do: %s", name, s.Sentence)
			}
		}
	}
}

func TestAStepThatIsShownWithItsStateTellsIt(t *testing.T) {
	d := docOf(t)
	d.Steps[0].State, d.Steps[0].Why = "refused", "owner: nobody answered"
	d.Steps[1].State, d.Steps[1].Why, d.Steps[1].Guards = "skipped", "it needs another step", nil
	for _, text := range []string{d.Text(), d.Markdown()} {
		if !strings.Contains(text, " refused\n") || !strings.Contains(text, " skipped: it needs another step\n") {
			t.Errorf("%s", text)
		}
	}
}
