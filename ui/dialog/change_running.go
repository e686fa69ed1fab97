package dialog

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/dnsview/rows"
	"rollcall/ui/common"
	"rollcall/ui/theme"
)

// What the console shows of the changes that run.

// running returns the running changes, oldest first.
func (cs *Changes) running() []*change {
	var out []*change
	for _, id := range slices.Sorted(maps.Keys(cs.byID)) {
		if c := cs.byID[id]; c.stage == stageRunning {
			out = append(out, c)
		}
	}
	return out
}

// Count returns the number of running changes.
func (cs *Changes) Count() int { return len(cs.running()) }

// Running returns a line for each running change, with the names of its nodes.
func (cs *Changes) Running() []string {
	var out []string
	for _, c := range cs.running() {
		line := c.what
		if n := c.request.Instances; len(n) > 1 {
			names := make([]string, len(n))
			for i := range n {
				names[i] = common.Clean(cmp.Or(n[i].Name, n[i].ID))
			}
			line += ": " + strings.Join(names, ", ")
		}
		if c.isReplacement() {
			line += "; the next start offers to go on"
		}
		out = append(out, line)
	}
	return out
}

// NoteDoing shows in the Context what the running changes do to instances.
func (cs *Changes) NoteDoing() {
	all := map[rows.InstanceKey]common.Doing{}
	for _, c := range cs.running() {
		if c.isReplacement() {
			maps.Copy(all, c.replacing())
			continue
		}
		what := string(c.request.Verb) + "ing"
		switch c.request.Verb {
		case index.VerbQuiesce:
			what = "quiescing"
		case index.VerbPower:
			what = map[plan.PowerAction]string{plan.PowerStart: "starting", plan.PowerStop: "stopping", plan.PowerReboot: "rebooting", plan.PowerTerminate: "terminating"}[c.request.Action]
		}
		d := common.Doing{What: what}
		if c.wait.Total > 0 {
			d.Until = c.wait.At.Add(c.wait.Left)
		}
		for _, ref := range c.request.Instances {
			all[rows.KeyOf(ref)] = d
		}
	}
	if len(all) > 0 || cs.Doing.Load() != nil {
		cs.Doing.Store(&all)
	}
}

// Line returns the line about running changes, or nil.
func (cs *Changes) Line() *common.Line {
	r := cs.running()
	if len(r) == 0 {
		return nil
	}
	c := r[0]
	l := common.NewLine(cs.Theme).Gap(1).Add(theme.Notice, cs.Theme.Wait+" "+c.what)
	if c.wait.Total > 0 {
		l.Add(theme.Dim, ": waits "+rows.Age(max(c.wait.Left-cs.Now().Sub(c.wait.At), 0)))
	} else if c.lastText != "" {
		l.Add(theme.Dim, ": "+c.lastText)
	}
	if len(r) > 1 {
		l.Add(theme.Dim, fmt.Sprintf("  +%d", len(r)-1))
	}
	return l
}

// ShowAgain opens the dialog of the oldest change that runs without one. It reports whether there is one.
func (cs *Changes) ShowAgain() bool {
	for _, c := range cs.running() {
		if !cs.shows(c) {
			c.dialog = true
			cs.Open(&changeDialog{changes: cs, c: c})
			return true
		}
	}
	return false
}
