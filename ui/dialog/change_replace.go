package dialog

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview/apply"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/providers/journal"
	"rollcall/ui/common"
)

// A replacement takes long, so it is stopped from its dialog, and each of its nodes shows its step.

func (c *change) isReplacement() bool { return c.request.Verb == index.VerbReplace }

// maxOutChanges reports whether the limit of a replacement can be changed now: it is one, of several nodes, and does not run yet.
func (c *change) maxOutChanges() bool {
	return c.stage <= stageConfirm && len(c.request.Replacements) == 1 && len(c.request.Replacements[0].Nodes) > 1
}

// maxOutHint returns the key that changes the limit, or nothing.
func (c *change) maxOutHint() []key.Binding {
	if !c.maxOutChanges() {
		return nil
	}
	return common.KeyHints("tab", "max out "+strconv.Itoa(c.nextMaxOut(1)))
}

// nextMaxOut returns the limit of a replacement after n more, or less; after the number of its nodes comes 1.
func (c *change) nextMaxOut(n int) int {
	r := &c.request.Replacements[0]
	return (r.MaxOut-1+n+len(r.Nodes))%len(r.Nodes) + 1
}

// changeMaxOut plans a replacement again with n more nodes out of DNS at a time, or less.
func (d *changeDialog) changeMaxOut(n int) tea.Cmd {
	c, cs := d.c, d.changes
	r := c.request.Replacements[0]
	r.MaxOut = c.nextMaxOut(n)
	c.request.Replacements = []journal.Replacement{r}
	delete(cs.byID, c.gen) // messages of the earlier plan are outdated
	c.gen = cs.NextID()
	cs.byID[c.gen] = c
	c.stage, c.since = stagePlanning, cs.Now()
	return cs.planCmd(c)
}

// limitText returns how many nodes of a replacement are out of DNS at a time.
func (c *change) limitText() string {
	all := c.request.Replacements
	if len(all) == 1 {
		return "at most " + providers.CountOf(all[0].MaxOut, "node") + " out of DNS at a time"
	}
	parts := make([]string, len(all))
	for i := range all {
		parts[i] = fmt.Sprintf("%d of %s", all[i].MaxOut, providers.CountOf(len(all[i].Nodes), "node"))
	}
	return "out of DNS at a time: at most " + strings.Join(parts, ", then ")
}

// stop ends a replacement that runs: no new step begins.
func (c *change) stop() {
	c.stopped, c.lastText = true, "stopping: no other step begins"
	c.cancel()
}

// stopHint returns what can be done about a replacement that was stopped.
func (c *change) stopHint() string {
	return "stopped: what was launched and taken out of DNS stays so; r goes on with it, and so does the next rollcall that is started"
}

// replacing returns what a replacement does now to each node that it replaces.
func (c *change) replacing() map[rows.InstanceKey]common.Doing {
	out := map[rows.InstanceKey]common.Doing{}
	for i := range c.plan.Steps {
		if s := &c.plan.Steps[i]; s.Launch != nil {
			if d := c.replacingBy(s); d.What != "" {
				out[rows.KeyOf(s.Launch.Old)] = d
			}
		}
	}
	return out
}

// replacingBy returns what is done to the node that a launch step replaces.
func (c *change) replacingBy(s *plan.Step) (d common.Doing) {
	state, begun := c.states[s.ID]
	switch {
	case !begun:
		return common.Doing{What: "to be replaced", Short: "waits"}
	case state == "":
		d.Short = cmp.Or(c.stages[s.ID], "launching")
		d.What = "replacing: " + d.Short
		if c.wait.Step == s.ID && c.wait.Total > 0 {
			d.Until = c.wait.At.Add(c.wait.Left)
		}
		return d
	case state != apply.StepDone:
		return d
	}
	i := slices.IndexFunc(c.plan.Steps, func(o plan.Step) bool {
		return o.Kind == plan.StepPower && o.Instance.Key == s.Launch.Old.Key && o.Instance.ID == s.Launch.Old.ID
	})
	if i < 0 {
		return d
	}
	off := &c.plan.Steps[i]
	switch state, begun := c.states[off.ID]; {
	case state != "":
		return d
	case begun:
		return common.Doing{What: "terminating"}
	}
	d.What = "draining"
	if c.wait.Total > 0 && slices.Contains(off.Needs, c.wait.Step) {
		d.Until = c.wait.At.Add(c.wait.Left)
	}
	return d
}
