package cli

import (
	"cmp"
	"strings"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview/apply"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/providers/journal"
	"rollcall/providers/launch"
	"rollcall/ui/common"
)

// Team implements common.Reader.
func (b *backend) Team() *common.Team {
	state := b.s.Team()
	if state == nil {
		return nil
	}
	t := &common.Team{Waiting: state.Waiting, Doing: map[rows.InstanceKey]common.Doing{}}
	if state.Away != nil {
		t.Away = words.Clean(state.Away.Error())
	}
	snap := b.s.Fleet.Snapshot()
	names := map[providers.CloudKey]string{} // the clouds may have other names in the configs of others
	for i := range snap.Clouds {
		names[snap.Clouds[i].Cloud.Key] = snap.Clouds[i].Cloud.Name
	}
	for i := range state.Members {
		m := &state.Members[i]
		name := words.Clean(m.Name())
		t.Members = append(t.Members, common.TeamMember{Name: name, Host: words.Clean(m.Host()), Since: m.Since, Heard: m.Heard})
		for _, w := range m.Work {
			what := words.Clean(w.What)
			t.Work = append(t.Work, common.TeamWork{Who: name, What: what, Text: words.Clean(w.Text), Since: w.Since, Until: w.Until, Heard: m.Heard})
			if !m.Heard.IsZero() {
				what += "?"
			}
			for _, ref := range w.Instances {
				k := rows.InstanceKey{Cloud: cmp.Or(names[ref.Key], ref.Cloud), ID: ref.ID}
				t.Doing[k] = common.Doing{What: what, By: name, Until: w.Until}
			}
		}
	}
	t.Work = append(t.Work, openWork(state.Open)...)
	for _, u := range state.Unfinished {
		t.Unfinished = append(t.Unfinished, common.UnfinishedDrain{Unfinished: u, Text: app.UnfinishedText(u, b.s.Program.Now())})
	}
	return t
}

// openWork returns what the open entries of others change, a line for each run.
func openWork(open []journal.Entry) (out []common.TeamWork) {
	runs := map[string]int{}
	for i := range open {
		e := &open[i]
		if at, ok := runs[e.Run]; ok {
			out[at].Text, _, _ = strings.Cut(out[at].Text, " and more")
			out[at].Text += " and more"
			continue
		}
		runs[e.Run] = len(out)
		name, _, _ := strings.Cut(e.Who, "@")
		out = append(out, common.TeamWork{Who: words.Clean(name), What: "at work on", Text: words.Clean(e.Sentence), Since: e.Time})
	}
	return out
}

// working shows to the team that a plan is carried out; see app.Session.Working.
func working(s *app.Session, p *plan.Plan) (event func(apply.Event), done func()) {
	var refs []providers.InstanceRef
	seen := map[providers.InstanceRef]bool{}
	for i := range p.Steps {
		ref := p.Steps[i].Instance
		if ref.ID != "" && !seen[ref] {
			seen[ref] = true
			refs = append(refs, ref)
		}
	}
	text := providers.CountOf(len(p.Steps), "step")
	switch {
	case len(refs) == 1:
		text = cmp.Or(refs[0].Name, refs[0].ID) + " in " + refs[0].Cloud
	case len(refs) > 1:
		text = providers.CountOf(len(refs), "node")
	case len(p.Steps) == 1:
		text = p.Steps[0].Sentence
	}
	return s.Working(p.Verb, refs, text)
}

func nodesOf(s *launch.Spec) (n int) {
	for i := range s.Nodes {
		n += s.Nodes[i].Count
	}
	return n
}

// launching shows to the team that nodes are launched.
func (b *backend) launching(n int) (done func()) {
	_, done = b.s.Working(index.Verb("launch"), nil, providers.CountOf(n, "node"))
	return done
}
