package dnsview_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"rollcall/dnsview"
	"rollcall/dnsview/guard"
	"rollcall/dnsview/index"
	"rollcall/dnsview/services"
	"rollcall/dnsview/tree"
	"rollcall/providers"
)

// membersOf returns the members of a view by the name that nodes serve under.
func membersOf(v *dnsview.View) map[string]*tree.Members {
	out := map[string]*tree.Members{}
	for _, s := range tree.Of(v) {
		out[s.Name] = &s.Members
		for _, i := range s.Incarnations {
			out[i.Name] = &i.Members
		}
	}
	return out
}

func TestNoFindingAboutTheMembersOfAServiceContradictsTheTree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := mishapsAndQuiesce(t).view()
		members := membersOf(v)
		thin := map[string]bool{}
		for i := range v.Findings {
			f := &v.Findings[i]
			is := func(c dnsview.Class) bool { return f.Class == c || f.Would == c }
			r := members[f.Service]
			if r == nil {
				continue
			}
			fail := func(why string) {
				t.Fatalf("%s: %s\nthe tree: %d live, %d nodes: %s", f.Class, f.Reason, r.Live, len(r.Nodes), why)
			}
			at := slices.IndexFunc(r.Nodes, func(n *tree.Node) bool {
				return f.Instance != nil && n.Ref.Key == f.Instance.Key && n.Ref.ID == f.Instance.ID && n.Fleet == ""
			})
			switch {
			case is(dnsview.Thin):
				thin[f.Service] = true
				if f.Class == dnsview.Thin && !strings.Contains(f.Reason, " has "+index.Plural(r.Live, "live member", "live members")+",") || r.Live >= r.Minimum {
					fail("it counts others")
				}
			case is(dnsview.OneCloud):
				live := map[services.MemberID]bool{}
				for _, n := range r.Nodes {
					if n.Live {
						live[n.Member] = true
						if n.Instance == nil || n.Instance.Cloud != f.Cloud {
							fail("a live node is elsewhere")
						}
					}
				}
				if !slices.ContainsFunc(f.Evidence, func(e dnsview.Evidence) bool {
					return e.Fact == "runs "+index.Plural(len(live), "live member", "live members")
				}) {
					fail("it counts others")
				}
			case is(dnsview.Missing):
				if at < 0 || r.Nodes[at].Live || len(r.Nodes[at].Records) > 0 {
					fail("the node that it misses is there, or is none")
				}
			case is(dnsview.Half) && f.Instance != nil:
				if at < 0 {
					fail("the node that it is about is none")
				}
			case f.Class == dnsview.Half && strings.Contains(f.Reason, " has "):
				nodes := 0
				for _, n := range r.Nodes {
					if len(n.Records) > 0 {
						nodes++
					}
				}
				if !strings.Contains(f.Reason, " has "+index.Plural(nodes, "node", "nodes")+",") {
					fail("it counts others")
				}
			case is(dnsview.SRVNoPTR), is(dnsview.SRVNoTXT):
				if !slices.ContainsFunc(r.Nodes, func(n *tree.Node) bool { return len(n.Records) > 0 }) {
					fail("no node has an SRV value")
				}
			}
		}
		for name, r := range members {
			if r.Declared != nil && r.Thin() != thin[name] {
				t.Fatalf("%s: thin %v, found %v", name, r.Thin(), thin[name])
			}
		}
	})
}

func TestNoGuardContradictsTheTreeAboutTheMembersThatAServiceKeeps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := mishapsAndQuiesce(t)
		v := w.view()
		var values []*providers.Record
		for _, s := range v.Index.Services {
			for _, m := range s.Records {
				values = append(values, m.Record)
			}
		}
		if len(values) == 0 {
			return
		}
		gone := values[rapid.IntRange(0, len(values)-1).Draw(t, "what goes")]
		running := providers.Instance{State: providers.StateRunning}
		e := &guard.Evidence{
			Now: v.Options.Now, Fleet: v.Options.Fleet, Verb: index.VerbQuiesce, View: v, Reread: true, Answer: guard.InstanceAnswer{Asked: true, Instance: &running},
			Change: &providers.Change{Op: providers.OpDelete, Before: *gone},
		}
		for z := range w.snap.Zones {
			for i := range w.snap.Zones[z].Records {
				if r := w.snap.Zones[z].Records[i]; r.Zone == gone.Zone && r.Name == gone.Name && r.Type == gone.Type {
					e.Found = append(e.Found, r)
				}
			}
		}
		g := e.CheckMinimum()

		for z := range w.snap.Zones {
			w.snap.Zones[z].Records = slices.DeleteFunc(slices.Clone(w.snap.Zones[z].Records), func(r providers.Record) bool { return r.Identity() == gone.Identity() })
		}
		after := membersOf(w.view())[gone.Name]
		keeps := index.Plural(after.Live, "live member", "live members")
		switch {
		case !index.IsQuiesced(gone) && after.Thin() != strings.Contains(g.Why, " would keep "+keeps+","):
			t.Fatalf("%s goes, and the tree has %d live members of at least %d then: %+v", gone, after.Live, after.Minimum, g)
		case g.Pass && !index.IsQuiesced(gone) && !strings.Contains(g.Why, " keeps "+keeps) && g.Confirm == "":
			t.Fatalf("%s goes, and the tree has %d live members then: %+v", gone, after.Live, g)
		}
	})
}

func TestTheGuardOfAnIncarnationThatIsRetiredSeesTheNodesThatTheTreeShows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := mishapsAndQuiesce(t).view()
		for _, s := range tree.Of(v) {
			for _, i := range s.Incarnations {
				if i.Zone == "" {
					continue
				}
				e := &guard.Evidence{View: v, Verb: index.VerbRetire, Change: &providers.Change{Op: providers.OpDelete, Before: providers.Record{Zone: i.Zone, Name: i.Name, Type: "TXT"}}}
				nodes := slices.ContainsFunc(i.Nodes, func(n *tree.Node) bool { return len(n.Records) > 0 })
				if g := e.CheckRetired(); !g.NoEvidence && g.Pass == nodes {
					t.Fatalf("%s has nodes %v: %+v", i.Name, nodes, g)
				}
			}
		}
	})
}
