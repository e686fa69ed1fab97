package screen

import (
	"fmt"
	"strings"
	"time"

	"charm.land/bubbles/v2/key"

	"rollcall/dnsview"
	"rollcall/dnsview/dnssd"
	"rollcall/dnsview/index"
	"rollcall/dnsview/rows"
	"rollcall/dnsview/tree"
	"rollcall/providers"
	"rollcall/ui/common"
	"rollcall/ui/dialog"
	"rollcall/ui/theme"
)

// maxInDetail is the largest number of findings in the details of a service.
const maxInDetail = 30

// detail opens the details of a row.
func (v *servicesScreen) detail(r *rows.ServiceLine) {
	f := &dialog.Facts{T: v.Theme, W: v.TextWidth()}
	keys := map[string]common.DialogAction{"w": common.Do{A: common.ActWhy}}
	hints := common.KeyHints("w", "why")
	offer := func(a common.Action, does string) {
		if k := v.KeyMap.Label(a); k != "" && !(v.ReadOnly && a.Changes()) {
			keys[k] = common.Do{A: a}
			hints = append(hints, common.KeyHint(k, does))
		}
	}
	switch {
	case r.Node != nil:
		v.nodeFacts(f, r)
		if r.Node.State == tree.NodeQuiesced {
			offer(common.ActReturn, "return")
			break
		}
		if balanced(r) {
			offer(common.ActBalance, "weight")
		}
		offer(common.ActQuiesce, "quiesce")
	case r.Incarnation != nil:
		v.incarnationFacts(f, r)
	default:
		v.memberFacts(f, r)
	}
	found := r.Findings
	f.Findings(found[:min(len(found), maxInDetail)])
	if n := len(found) - maxInDetail; n > 0 {
		f.Out = append(f.Out, v.Theme.Paint(theme.Dim, fmt.Sprintf("and %d more", n)))
	}
	v.Open(&dialog.Text{Title: r.Name, Lines: f.Out, Hints: hints, Keys: keys})
}

func (v *servicesScreen) nodeFacts(f *dialog.Facts, r *rows.ServiceLine) {
	n := r.Node
	f.Add("service", n.Service)
	f.Add("state", v.nodeStateText(r))
	f.Add("cloud", n.Ref.Cloud)
	f.Add("node", strings.TrimSpace(n.Ref.Name+"  "+n.Ref.ID))
	f.Add("host", n.Host)
	if n.HasSRV {
		f.Add("SRV", fmt.Sprintf("priority %s  weight %s  port %d", r.Priority(), r.Weight(), n.SRV.Port))
		if n.Guessed {
			f.Add("", "likely: the marker has no room for the whole value; a return looks for the true one")
		}
	} else if n.Weighted {
		f.Add("weight", r.Weight()+", of its record set")
	}
	switch ttl := r.TTL(); ttl {
	case "":
	case "auto":
		f.Add("ttl", "auto, counts as 300 s")
	default:
		f.Add("ttl", ttl+" s")
	}
	f.Add("addresses", dialog.Addresses(n.Addresses))
	f.Add("health", v.health(r))
	if i := n.Instance; i != nil {
		f.Add("instance", string(i.State)+"  "+i.Type+"  "+dialog.Addresses(i.PublicIPs))
	}
	if t := attributesOf(r.Incarnation); len(t) > 0 {
		f.Head("TXT of " + common.Clean(r.Incarnation.Label))
		f.Attributes(t)
	}
	f.Records("Records", n.Records)
	f.Records("Host name", n.Hosts)
	f.Records("Markers", n.Markers)
	for _, o := range ownersOf(n) {
		f.Head("Owner marker")
		f.Add("instance", o.Instance)
		f.Add("cloud key", string(o.Cloud))
		f.Add("registered", o.Registered.Format(time.RFC3339)+", "+rows.Age(v.Now().Sub(o.Registered))+" ago")
	}
}

// nodeStateText returns the state of a node in a few words, and who took it out.
func (v *servicesScreen) nodeStateText(r *rows.ServiceLine) string {
	s := string(r.Node.State)
	switch {
	case r.Node.State != tree.NodeQuiesced:
		return s
	case r.TakenOut == nil:
		return s + ", by whom the journal of this machine does not know"
	}
	return s + " by " + r.TakenOut.By + ", " + rows.Age(v.Now().Sub(r.TakenOut.At)) + " ago"
}

// health returns what is known of the health of a node.
func (v *servicesScreen) health(r *rows.ServiceLine) string {
	h, d := r.Node.Health, r.Members.Declared
	switch {
	case h != nil:
		s := rows.Passed(h) + ", " + rows.Age(v.Now().Sub(h.At)) + " ago"
		if h.Error != "" {
			s += "; the last one failed: " + h.Error
		}
		return s
	case d == nil:
		return "not checked: the service is not declared"
	case d.Health.HTTP == "" && !d.Health.TCP:
		return "not checked: the service declares no check that can be made from here"
	}
	return "not checked yet: no outcome of a check is known here"
}

// attributesOf returns the attributes in the TXT record of an incarnation.
func attributesOf(i *tree.Incarnation) dnssd.TXT {
	if i == nil || i.TXT == nil {
		return nil
	}
	return dnssd.TXTOf(i.TXT.Value)
}

// ownersOf returns the owners in the markers of a node, each instance once.
func ownersOf(n *tree.Node) []providers.Owner {
	var out []providers.Owner
	for _, r := range n.Records {
		for _, o := range r.Owners {
			if len(out) == 0 || !out[0].Same(o) {
				out = append(out, o)
			}
		}
	}
	return out
}

func (v *servicesScreen) incarnationFacts(f *dialog.Facts, r *rows.ServiceLine) {
	i := r.Incarnation
	f.Add("name", i.Name)
	v.memberFacts(f, r)
	if i.Closed {
		f.Add("closed", `an SRV value of "." says that it is decidedly not available`)
	}
	f.Head("Announced by")
	for _, p := range i.PTR {
		f.Add("PTR", p.Name)
	}
	if len(i.PTR) == 0 {
		f.Add("PTR", "none: clients that browse do not find it")
	}
	if i.TXT == nil {
		f.Add("TXT", "none")
		return
	}
	f.Add("TXT", i.TXT.Value)
	f.Head("Attributes, which anyone can read")
	f.Attributes(attributesOf(i))
}

func (v *servicesScreen) memberFacts(f *dialog.Facts, r *rows.ServiceLine) {
	o := r.Members
	f.Add("kind", string(o.Kind))
	f.Add("zone", o.Zone)
	live := providers.CountOf(o.Live, "live member")
	if o.Minimum > 0 {
		live += fmt.Sprintf(", %d is the minimum", o.Minimum)
	}
	f.Add("members", live)
	f.Add("clouds", strings.Join(o.Clouds, "  "))
	switch d := o.Declared; {
	case d != nil:
		text := ""
		if d.TTL > 0 {
			text += fmt.Sprintf("TTL %d  ", d.TTL)
		}
		if o.Kind == index.DNSSD {
			text += fmt.Sprintf("port %d  priority %d  weight %d", d.Port, d.Priority, d.WeightOfNew())
		}
		f.Add("declared", strings.TrimSpace(text+"  "+strings.Join(d.Clouds, " ")))
	case r.Incarnation == nil && len(r.Service.Incarnations) > 0:
		listed := "yes"
		if !r.Service.Listed {
			listed = "no: who browses for service types does not find it"
		}
		f.Add("listed", listed)
	default:
		f.Add("declared", "no: the config does not know it")
	}
	states := map[tree.NodeState]int{}
	for _, n := range o.Nodes {
		states[n.State]++
	}
	var counts []string
	for _, s := range nodeStates() {
		if n := states[s]; n > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", n, s))
			delete(states, s)
		}
	}
	f.Add("nodes", strings.Join(counts, "  "))
}

// nodeStates returns the states of nodes in counting order.
func nodeStates() []tree.NodeState {
	return []tree.NodeState{
		tree.NodeRunning, tree.NodeByHand, tree.NodeQuiesced, tree.NodeDead, tree.NodeMissing, tree.NodeHalf, tree.NodeStarting,
		tree.NodeState(providers.StateStopped), tree.NodeState(providers.StatePending), tree.NodeOutside, tree.NodeForeign, tree.NodeUnmarked,
		tree.NodeOtherFleet, tree.NodeAmbiguous, tree.NodeUnknown,
	}
}

// About returns what the columns do not show of the row under the cursor, and the keys for it.
func (v *servicesScreen) About() (left, right *common.Line) {
	t := v.Theme
	left, right = common.NewLine(t), common.NewLine(t)
	r, ok := v.list.Current()
	if !ok {
		return left, right
	}
	dot := " " + t.Dot + " "
	if f := common.Worst(r.Findings); f != nil && (r.Node == nil || r.Node.State != tree.NodeQuiesced) {
		left, right = findingAbout(v.Context, f)
		if r.Node == nil { // a heading has no records of its own
			right = common.HintLine(t, v.HeadingHints(f)).Gap(1)
		}
		return left, right
	}
	switch n := r.Node; {
	case n != nil:
		left.Add(theme.Plain, r.Name)
		if h := r.Host(); h != "" && h != r.Name {
			left.Add(theme.Dim, " "+h)
		}
		left.Add(theme.Dim, " "+v.nodeStateText(r))
		more := func(what, value string) {
			if value != "" {
				left.Add(theme.Faint, dot).Add(theme.Dim, what+value)
			}
		}
		more("", r.Address())
		more("port ", r.Port())
		more("TTL ", r.TTL())
		right = common.HintLine(t, v.nodeHints(r)).Gap(1)
	case r.Incarnation != nil:
		left.Add(theme.Plain, common.Clean(r.Incarnation.Name))
		for _, p := range attributesOf(r.Incarnation) {
			left.Add(theme.Faint, dot).Add(theme.Dim, common.Clean(p.String()))
		}
	default:
		left.Add(theme.Plain, r.Name).Add(theme.Dim, " "+string(r.Members.Kind)+" in "+common.Clean(r.Members.Zone))
	}
	return left, right
}

func (v *servicesScreen) nodeHints(r *rows.ServiceLine) []key.Binding {
	if v.ReadOnly {
		return nil
	}
	if r.Node.State == tree.NodeQuiesced {
		return common.KeyHints(v.KeyMap.Label(common.ActReturn), "return")
	}
	var out []key.Binding
	if balanced(r) {
		out = append(out, common.KeyHint(v.KeyMap.Label(common.ActBalance), "weight"))
	}
	if r.Node.Live {
		out = append(out, common.KeyHint(v.KeyMap.Label(common.ActQuiesce), "quiesce"))
	}
	return out
}

func (v *servicesScreen) Keys() []KeyHelp {
	out := []KeyHelp{{common.ActBack, "back"}, {common.ActHelp, "help"}, {common.ActDetail, "detail"}}
	if r, ok := v.list.Current(); ok && r.Node != nil {
		out = append(out, KeyHelp{common.ActMark, "mark"})
		if balanced(r) {
			out = append(out, KeyHelp{common.ActBalance, "weight"})
		}
		if r.Node.State == tree.NodeQuiesced {
			out = append(out, KeyHelp{common.ActReturn, "return"})
		} else if r.Node.Live {
			out = append(out, KeyHelp{common.ActQuiesce, "quiesce"})
		}
		if i := r.Node.Instance; i != nil && !i.State.Dead() {
			out = append(out, KeyHelp{common.ActTerminate, "terminate"})
		}
	} else {
		out = append(out, KeyHelp{common.ActLeft, "fold"}, KeyHelp{common.ActRight, "unfold"})
	}
	if v.folds.all {
		out = append(out, KeyHelp{common.ActZoom, "fold what is well"})
	} else {
		out = append(out, KeyHelp{common.ActZoom, "unfold all"})
	}
	return append(out, []KeyHelp{
		{common.ActFilter, "filter"},
		{common.ActSort, "sort"},
		{common.ActUndo, "undo"},
		{common.ActLaunch, "launch"},
		{common.ActPalette, "commands"},
		{common.ActQuit, "quit"},
	}...)
}

// copiedOf returns the text of a row for the copy key: the record in the form of the command line, else the name of the
// row.
func copiedOf(r *rows.ServiceLine, v *dnsview.View) string {
	switch {
	case r.Node == nil:
		return common.Clean(r.Members.Name)
	case len(r.Node.Records) > 0:
		return common.Clean(v.RecordName(r.Node.Records[0]))
	}
	return strings.TrimSpace(common.Clean(r.Node.Ref.ID) + " " + r.Address())
}
