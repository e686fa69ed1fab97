package dnsview_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/dnsview/rows"
	"rollcall/dnsview/tree"
	"rollcall/providers"
)

// everything returns what is shown and printed of a view, without the times of its evidence.
func everything(v *dnsview.View, j *rows.Joined, found []*rows.Finding) string {
	var b strings.Builder
	put := func(o any) {
		text, err := json.Marshal(o)
		if err != nil {
			panic(err)
		}
		b.Write(append(text, '\n'))
	}
	for i, f := range timeless(v) {
		put(rows.NewFinding(v, &f).Object())
		put([]any{f.Key(), f.OneKey, f.Address, v.Findings[i].Key()})
	}
	put(v.Sources)
	put(v.Counts())
	for _, r := range found {
		put([]any{r.Key(), r.About, r.Where, r.ID(), r.Certain(), r.Finding.Class})
	}
	for _, r := range j.Instances {
		put(r.Object())
		put(j.Instance(r.Key()) == r)
		put([]any{r.Ref(), r.Address(), r.Service, r.Type(), r.Records(), r.CountRecords(), len(r.Findings)})
	}
	for _, r := range j.Records {
		put(r.Object())
		put([]any{r.Key(), r.Name(), r.Value(), r.Node, r.Instances(), r.Production(), len(r.Findings), r.Wire, v.ControllerOf(r.Rec)})
	}
	members := func(m *tree.Members) {
		put([]any{m.Name, m.Kind, m.Zone, m.Live, m.Minimum, m.Running, m.Records, m.Clouds, m.Thin(), classesOf(m.Findings), m.Declared, m.Declared == v.Service(m.Name)})
		put(areOf(v, m.Findings))
		for _, n := range m.Nodes {
			put([]any{areOf(v, n.Findings), n.Instance == nil || n.Instance == v.Instance(n.Ref.Key, n.Ref.ID), recordsAreOf(v, slices.Concat(n.Records, n.Hosts, n.Markers))})
			put([]any{n.Key(), n.Ref, n.State, n.Live, n.Records, n.Hosts, n.Markers, n.Host, n.SRV, n.Guessed, n.Weight, n.TTL, n.Addresses, n.Health, n.Fleet, classesOf(n.Findings)})
		}
	}
	for _, s := range tree.Of(v) {
		members(&s.Members)
		put(s.Listed)
		for _, i := range s.Incarnations {
			members(&i.Members)
			put([]any{i.Label, i.PTR, i.TXT, i.Closed, recordsAreOf(v, i.PTR)})
		}
	}
	for _, z := range v.Index.Zones {
		put([]any{z.Name, z.State, z.Why, v.Index.Capacity[z.Name], v.Index.ReadOnlyZones[z.Name]})
	}
	for _, m := range v.Index.QuiescedMarkers {
		put([]any{m.Zone.Name, m.Zone.View.Coverage.Started, m.Record, m.Owner, v.Index.QuiescedThere(m), len(v.Index.QuiescedAt[m.Name])})
	}
	return b.String()
}

// areOf reports whether all findings are those of a view, and not those of an earlier one.
func areOf(v *dnsview.View, list []*dnsview.Finding) bool {
	return !slices.ContainsFunc(list, func(f *dnsview.Finding) bool { return index.Position(v.Findings, f) < 0 })
}

// recordsAreOf reports the same of records.
func recordsAreOf(v *dnsview.View, list []*providers.Record) bool {
	return !slices.ContainsFunc(list, func(r *providers.Record) bool { _, ok := v.Index.PlaceOf(r); return !ok })
}

// nodesTaken counts the nodes of services that were taken over from those of another view.
func nodesTaken(v, was *dnsview.View) (n int) {
	addresses := map[*netip.Addr]bool{}
	each := func(v *dnsview.View, do func(a *netip.Addr)) {
		for _, s := range tree.Of(v) {
			for _, node := range s.Nodes {
				if len(node.Addresses) > 0 {
					do(&node.Addresses[0])
				}
			}
		}
	}
	each(was, func(a *netip.Addr) { addresses[a] = true })
	each(v, func(a *netip.Addr) {
		if addresses[a] {
			n++
		}
	})
	return n
}

// takenInParts reports whether some nodes of one service were taken over from another view, and others were not.
func takenInParts(v, was *dnsview.View) bool {
	before := map[*netip.Addr]bool{}
	for _, s := range tree.Of(was) {
		for _, n := range s.Nodes {
			if len(n.Addresses) > 0 {
				before[&n.Addresses[0]] = true
			}
		}
	}
	return slices.ContainsFunc(tree.Of(v), func(s *tree.Service) bool {
		some, others := false, false
		for _, n := range s.Nodes {
			if len(n.Addresses) > 0 {
				some, others = some || before[&n.Addresses[0]], others || !before[&n.Addresses[0]]
			}
		}
		return some && others
	})
}

func classesOf(list []*dnsview.Finding) (out []string) {
	for _, f := range list {
		out = append(out, string(f.Class)+" "+f.Reason)
	}
	return out
}

// observe changes what was observed of a world.
func (w *world) observe(t *rapid.T) {
	w.opts.Observed++
	ago := func(what string) time.Time {
		return w.opts.Now.Add(-time.Duration(rapid.IntRange(0, 900).Draw(t, what)) * time.Second)
	}
	w.opts.Wire, w.opts.WireZones, w.opts.Health = slices.Clone(w.opts.Wire), slices.Clone(w.opts.WireZones), slices.Clone(w.opts.Health)
	switch rapid.IntRange(0, 4).Draw(t, "observed") {
	case 0:
		w.opts.Wire, w.opts.WireZones, w.opts.Health = nil, nil, nil
	case 1:
		if i := w.anyone(t); i != nil {
			w.opts.Health = append(w.opts.Health, index.HealthState{
				Service: rapid.SampledFrom([]string{wwwName, v1Name}).Draw(t, "service"), Key: i.Key, ID: i.ID, Failed: rapid.IntRange(0, 3).Draw(t, "failed"), Of: 3, At: ago("checked"),
			})
		}
	case 2:
		z := index.WireZone{Zone: rapid.SampledFrom([]string{cfZone, r53Zone}).Draw(t, "zone"), State: index.WireInSync, At: ago("zone asked")}
		if rapid.Bool().Draw(t, "lame") {
			z.State = index.WireLame
		}
		if rapid.Bool().Draw(t, "unresolved") {
			z.Unresolved, z.Confirmed = []string{"9.9.9.9 answers SERVFAIL"}, rapid.Bool().Draw(t, "confirmed")
		}
		w.opts.WireZones = append(w.opts.WireZones, z)
	default:
		if r := w.some(t); r != nil {
			w.opts.Wire = slices.DeleteFunc(w.opts.Wire, func(s *index.WireState) bool { return s.Zone == r.Zone && s.Name == r.Name && s.Type == r.Type })
			w.opts.Wire = append(w.opts.Wire, &index.WireState{
				Zone: r.Zone, Name: r.Name, Type: r.Type, Want: []string{r.Value}, At: ago("asked"), Since: ago("since"), Until: ago("until").Add(600 * time.Second),
				State:   rapid.SampledFrom([]index.WireVerdict{index.WireInSync, index.WirePropagating, index.WireSplit, index.WireCached, index.WireLame, index.WireBroken, index.WireUnreachable}).Draw(t, "state"),
				Answers: []index.WireAnswer{{Server: "ns1", Resolver: true, Values: []string{"192.0.2.1"}, TTL: 300, At: ago("answered")}},
			})
		}
	}
}

// again returns the snapshot in lists of sources of its own.
func (w *world) again() *providers.Snapshot {
	s := *w.snap
	s.Seq++
	s.Clouds, s.Zones = slices.Clone(s.Clouds), slices.Clone(s.Zones)
	return &s
}

// changeState changes the state of a source.
func (w *world) changeState(t *rapid.T) {
	c := &w.snap.Clouds[rapid.IntRange(0, len(w.snap.Clouds)-1).Draw(t, "cloud")].Coverage
	if rapid.Bool().Draw(t, "zone") {
		c = &w.snap.Zones[rapid.IntRange(0, len(w.snap.Zones)-1).Draw(t, "which")].Coverage
	}
	if c.Err != nil {
		c.State, c.Err = providers.CoverageComplete, nil
		return
	}
	c.State, c.Err = rapid.SampledFrom([]providers.CoverageState{providers.CoverageFailed, providers.CoveragePartial}).Draw(t, "state"), errors.New("no answer")
}

// failAndAnswer has the name servers of a zone give no answer while its source fails, or an answer once it is back.
func (w *world) failAndAnswer(t *rapid.T) {
	z := &w.snap.Zones[rapid.IntRange(0, len(w.snap.Zones)-1).Draw(t, "which")]
	state, verdicts := providers.CoverageFailed, []index.WireVerdict{index.WireBroken, index.WireUnreachable}
	if z.Coverage.Err != nil {
		state, verdicts = providers.CoverageComplete, []index.WireVerdict{index.WireInSync, index.WireInSync, index.WireBroken}
	}
	if z.Coverage.State, z.Coverage.Err = state, nil; state == providers.CoverageFailed {
		z.Coverage.Err = errors.New("no answer")
	}
	w.opts.Observed++
	w.opts.Wire = slices.DeleteFunc(slices.Clone(w.opts.Wire), func(s *index.WireState) bool { return s.Zone == z.Zone.Name })
	for i := range z.Records {
		r := &z.Records[i]
		if rapid.Bool().Draw(t, "asked") {
			w.opts.Wire = append(w.opts.Wire, &index.WireState{
				Zone: r.Zone, Name: r.Name, Type: r.Type, Want: []string{r.Value}, At: w.opts.Now, Since: w.opts.Now,
				State: rapid.SampledFrom(verdicts).Draw(t, "verdict"), Reason: "as it was asked",
			})
		}
	}
}

// changeOption changes what does not come from a source.
func (w *world) changeOption(t *rapid.T) {
	switch rapid.IntRange(0, 5).Draw(t, "option") {
	case 4:
		w.opts.Allow = rapid.SampledFrom([][]netip.Prefix{nil, {netip.MustParsePrefix("165.225.0.0/16")}, {netip.MustParsePrefix("34.200.16.1/32")}}).Draw(t, "allowed")
	case 5:
		w.opts.Ranges = rapid.SampledFrom([]index.PublicRanges{nil, index.PublishedRanges()}).Draw(t, "ranges")
	case 0:
		w.opts.Fleet = rapid.SampledFrom([]string{testFlt, "", "other"}).Draw(t, "fleet")
	case 1:
		w.opts.BootGrace = time.Duration(rapid.IntRange(0, 20).Draw(t, "boot grace")) * time.Minute
	case 2:
		w.opts.CreateGrace = time.Duration(rapid.IntRange(0, 20).Draw(t, "grace")) * time.Minute
	default:
		w.opts.Services = slices.Clone(w.opts.Services)
		w.opts.Services[0].Minimum = rapid.IntRange(0, 3).Draw(t, "minimum")
	}
}

// withoutChains takes everything of DNS-SD out of a world.
func (w *world) withoutChains() {
	w.opts.Services = slices.DeleteFunc(slices.Clone(w.opts.Services), func(s index.Service) bool { return s.Kind == index.DNSSD })
	for n := range w.snap.Zones {
		z := &w.snap.Zones[n]
		z.Records = slices.DeleteFunc(slices.Clone(z.Records), func(r providers.Record) bool {
			return r.Type == "SRV" || r.Type == "PTR" || r.Type == "TXT" && strings.Contains(r.Name, "._tcp.")
		})
	}
}

func TestAViewThatTakesOverWhatHoldsIsThatOfAFullInspection(t *testing.T) {
	again, narrow, moved, nodes, parts, states := 0, 0, 0, 0, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		defer dnsview.SetPart(rapid.SampledFrom([]int{1, 3, 4096}).Draw(t, "part"))()
		w := mishapsAndQuiesce(t)
		if rapid.IntRange(0, 2).Draw(t, "without DNS-SD") == 0 {
			w.withoutChains()
		}
		if i := w.anyone(t); i != nil {
			i.Launched = w.opts.Now.Add(-time.Duration(rapid.IntRange(0, 900).Draw(t, "launched")) * time.Second)
		}
		if r := w.some(t); r != nil && len(r.Owners) > 0 {
			r.Owners = slices.Clone(r.Owners)
			r.Owners[0].Registered = w.opts.Now.Add(-time.Duration(rapid.IntRange(-300, 900).Draw(t, "registered")) * time.Second)
		}
		v := w.view()
		joined, found := rows.Join(v), rows.Findings(v)
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			before, step := everything(v, joined, found), ""
			w.snap = w.again()
			switch n := rapid.IntRange(0, 22).Draw(t, "step"); {
			case n > 19:
				step = "name servers"
				w.failAndAnswer(t)
			case n < 3:
				step = "observed"
				w.observe(t)
			case n < 5:
				step = "later"
				w.opts.Now = w.opts.Now.Add(time.Duration(rapid.SampledFrom([]int{0, 1, 7, 31, 150, 700}).Draw(t, "seconds")) * time.Second)
				was := w.snap
				w.snap = w.readAgain(w.opts.Now.Add(-time.Second))
				for i := range was.Clouds {
					if !was.Clouds[i].Coverage.Complete() {
						w.snap.Clouds[i].Coverage, w.snap.Clouds[i].RowsFrom = was.Clouds[i].Coverage, was.Clouds[i].RowsFrom
					}
				}
				for i := range was.Zones {
					if !was.Zones[i].Coverage.Complete() {
						w.snap.Zones[i].Coverage, w.snap.Zones[i].RowsFrom = was.Zones[i].Coverage, was.Zones[i].RowsFrom
					}
				}
			case n < 17:
				step = "rows: "
				for range rapid.SampledFrom([]int{1, 1, 1, 2, 4}).Draw(t, "changes") {
					if rapid.IntRange(0, 2).Draw(t, "of any kind") == 0 {
						step += w.changeRows(t) + " "
					} else {
						step += w.changeRow(t) + " "
					}
				}
				if rapid.IntRange(0, 3).Draw(t, "and time passes") == 0 {
					w.opts.Now = w.opts.Now.Add(time.Duration(rapid.IntRange(0, 30).Draw(t, "seconds")) * time.Second)
				}
			case n < 18:
				step = "state"
				w.changeState(t)
			case n < 19:
				step = "option"
				w.changeOption(t)
			}
			w.opts.Seen = v.Seen()
			was := v
			v = dnsview.InspectAfter(was, w.snap, w.opts)
			wasJoined, wasFound := joined, found
			joined, found = rows.JoinAfter(wasJoined, v), rows.FindingsAfter(found, v)
			whole := dnsview.Inspect(w.snap, w.opts)
			if got, want := everything(v, joined, found), everything(whole, rows.Join(whole), rows.Findings(whole)); got != want {
				t.Fatalf("after %s the view is not that of a full inspection:\n%s", step, differing(got, want))
			}
			if got := everything(was, wasJoined, wasFound); got != before {
				t.Fatalf("after %s the earlier view is another one:\n%s", step, differing(got, before))
			}
			later := w.opts
			later.Now = later.Now.Add(time.Duration(rapid.IntRange(0, 700).Draw(t, "later")) * time.Second)
			if got, want := v.StillHolds(w.snap, later), whole.StillHolds(w.snap, later); got && !want {
				t.Fatalf("after %s it holds for %v: %v, and that of a full inspection: %v", step, later.Now.Sub(w.opts.Now), got, want)
			}
			if step == "state" && v.Index.SameRows(was.Index) {
				states++
			}
			if v.TookOver() {
				again++
				if !v.Index.SameRows(was.Index) {
					narrow++
					if nodesTaken(v, was) > 0 {
						nodes++
					}
					if takenInParts(v, was) {
						parts++
					}
				}
				if cameOrWent(v.Index, was.Index) {
					moved++
				}
			}
		}
	})
	text := fmt.Sprintf("%d views took something over, %d of them though rows had changed, %d though records had come or gone, %d with nodes of services, %d with some nodes of a service and not all; %d kept their rows though a source was in another state", again, narrow, moved, nodes, parts, states)
	if again == narrow || moved == 0 || narrow == moved || nodes == 0 || parts == 0 || states == 0 {
		t.Error(text)
	}
	t.Log(text)
}

// differing returns the lines in which two texts differ.
func differing(got, want string) string {
	a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
	var out []string
	for i := range max(len(a), len(b)) {
		var x, y string
		if i < len(a) {
			x = a[i]
		}
		if i < len(b) {
			y = b[i]
		}
		if x != y {
			out = append(out, fmt.Sprintf("got:  %s\nwant: %s", x, y))
		}
		if len(out) == 3 {
			break
		}
	}
	return strings.Join(out, "\n")
}
