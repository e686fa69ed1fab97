package apply_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/providers/journal"
	"rollcall/providers/providertest"
	"rollcall/providers/sim/world"
)

// slaughter is a scenario of which a process is killed at every step: what it begins with,
// the plan that is carried out, and how a fresh process goes on.
type slaughter struct {
	name   string
	nodes  int
	cloud  string                                      // of the nodes
	before func(k *killing)                            // makes the nodes ready
	plan   func(k *killing, v *dnsview.View) plan.Plan // what the victim carries out
	again  func(k *killing, v *dnsview.View) plan.Plan // what is left of it afterwards; as plan when nil
}

func slaughters() []slaughter {
	die := func(k *killing) {
		for _, i := range k.nodes {
			k.do(k.cloud, i.ID, world.PowerLoss)
		}
		k.clk.Advance(11 * time.Minute) // no marker is too young
	}
	quiesce := func(k *killing, v *dnsview.View) plan.Plan { return plan.Quiesce(v, k.refs()...) }
	reap := func(k *killing, v *dnsview.View) plan.Plan { return plan.Deregister(v, k.ours(v)...) }
	undo := func(k *killing, _ *dnsview.View) plan.Plan {
		p, err := k.c.engine().UndoPlan(k.run)
		if err != nil {
			return plan.Plan{Skipped: []string{err.Error()}}
		}
		return p
	}
	return []slaughter{
		{name: "deregister", nodes: 2, cloud: east, before: die, plan: reap},
		{name: "quiesce", nodes: 2, cloud: east, plan: quiesce},
		{name: "drain", nodes: 1, cloud: use1, plan: func(k *killing, v *dnsview.View) plan.Plan { return plan.Drain(v, k.refs()...) }},
		{
			name: "return", nodes: 2, cloud: east, before: func(k *killing) { k.c.must(quiesce(k, k.look())) },
			plan: func(k *killing, v *dnsview.View) plan.Plan { return plan.Return(v, k.refs()...) },
		},
		{
			name: "undo", nodes: 2, cloud: east, before: func(k *killing) {
				die(k)
				k.run = k.c.must(reap(k, k.look())).Run
			},
			plan: undo,
		},
		{
			name: "register", nodes: 2, cloud: east, before: func(k *killing) { k.empty() },
			plan: func(k *killing, v *dnsview.View) plan.Plan { return plan.Register(v, "", k.refs()...) },
		},
		{
			name: "adopt", nodes: 2, cloud: east, before: func(k *killing) {
				k.empty()
				for _, i := range k.nodes {
					k.enter(k.zone, i.Name+"."+k.zone, "A", i.Public.String())
				}
			},
			plan: func(k *killing, v *dnsview.View) plan.Plan {
				var ids []providers.Identity
				for _, i := range k.nodes {
					if r := record(k.t, v, i.Name+"."+k.zone, "A", i.Public.String()); len(r.Owners) == 0 {
						ids = append(ids, r.Identity())
					}
				}
				return plan.Adopt(v, ids...)
			},
		},
	}
}

// wound is one moment at which a victim dies.
type wound struct {
	point int // of the victim's own, from 1
	write int // or a write of its, from 1
	fate  fate
	torn  bool // its last write to the journal is only half on disk
	what  string
}

// wounds lists every moment at which a run can be killed that came by these points and sent so many writes.
// Of points of one kind in a row, such as the seconds of a wait, it takes the first and the last.
func wounds(names []string, writes int) []wound {
	kind := func(i int) string {
		if i < 0 || i >= len(names) {
			return ""
		}
		return strings.ReplaceAll(names[i], waiting, "it tells: waiting ")
	}
	var out []wound
	for i, name := range names {
		if kind(i-1) == kind(i) && kind(i) == kind(i+1) {
			continue
		}
		out = append(out, wound{point: i + 1, what: name})
		ended := strings.HasPrefix(name, "it tells: ended") && (i == 0 || !strings.HasPrefix(names[i-1], "it tells: ended"))
		if name == beforeCall || ended {
			out = append(out, wound{point: i + 1, torn: true, what: name + ", and the last line of the journal is torn"})
		}
	}
	for w := range writes {
		for _, f := range []fate{dropped, late, unheard} {
			out = append(out, wound{write: w + 1, fate: f, what: string(f)})
		}
	}
	return out
}

// tear cuts the last line of a journal in half, as a machine does that dies while it writes. The note
// of the last line, which is written after it, is then still that of the line before.
func tear(t *testing.T, path string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(data, []byte("\n"))
	lines = lines[:len(lines)-1] // behind the last newline there is nothing
	last := lines[len(lines)-1]
	whole := bytes.Join(lines[:len(lines)-1], nil)
	note := ""
	if len(lines) > 1 {
		var l struct {
			Seq  uint64
			Hash string
		}
		if err := json.Unmarshal(lines[len(lines)-2], &l); err != nil {
			t.Fatal(err)
		}
		note = fmt.Sprintf("%d %s\n", l.Seq, l.Hash)
	}
	if err := os.WriteFile(path, append(bytes.Clone(whole), last[:len(last)/2]...), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+".lock", []byte(note), 0o600); err != nil {
		t.Fatal(err)
	}
}

var (
	moment = regexp.MustCompile(`\b1[0-9]{9}\b`)
	digest = regexp.MustCompile(`~[0-9a-f]{12}`)
)

// likeness is what the zones hold, in words that are the same for every victim.
func (k *killing) likeness() held {
	k.t.Helper()
	var pairs []string
	for n, i := range k.nodes {
		pairs = append(pairs, i.ID, fmt.Sprintf("<id %d>", n), i.Public.String(), fmt.Sprintf("<address %d>", n), i.Name, fmt.Sprintf("<name %d>", n))
	}
	words := strings.NewReplacer(pairs...)
	out := k.held()
	for n, s := range out {
		out[n] = digest.ReplaceAllString(moment.ReplaceAllString(words.Replace(s), "<time>"), "~")
	}
	slices.Sort(out)
	return out
}

func TestAProcessThatIsKilledAtAnyStepLosesNothingDoesNothingTwiceAndLeavesATrueJournal(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	total := map[string]int{}
	t.Run("all", func(t *testing.T) {
		for z, zone := range zonesPlayed() {
			for turn, s := range slaughters() {
				t.Run(s.name+" in "+zone, func(t *testing.T) {
					t.Parallel()
					n := s.everywhere(t, zone, turn+3*z)
					mu.Lock()
					defer mu.Unlock()
					total[s.name] += n
					total["all"] += n
				})
			}
		}
	})
	t.Logf("kill points: %v", total)
}

// everywhere lets a victim die at each moment of the scenario that this run takes, and returns how many there were. Of a few
// moments each scenario takes others: those of its turn.
func (s *slaughter) everywhere(t *testing.T, zone string, turn int) int {
	k := newKilling(t, s.cloud, zone)
	prepare := func(t *testing.T) plan.Plan {
		k.renew(t, s.nodes)
		if s.before != nil {
			s.before(k)
		}
		p := s.plan(k, k.look())
		if len(p.Steps) == 0 || len(p.Skipped) > 0 {
			t.Fatalf("the plan is %+v", p)
		}
		return p
	}
	p := prepare(t)
	px := &proxies{}
	names, killed := k.send(p, px, 0)
	if killed || len(names) == 0 || px.writes == 0 {
		t.Fatalf("an undisturbed run: killed %v, %d points, %d writes", killed, len(names), px.writes)
	}
	want := k.likeness()
	all, oneOf := wounds(names, px.writes), providertest.Amount(1, 4, 4)
	all = slices.DeleteFunc(all, func(w wound) bool { return w.point%oneOf != 0 }) // a write is point 0
	died := 0
	for n, w := range all {
		if !providertest.InPart(n+turn, 6) {
			continue
		}
		died++
		p := prepare(t)
		before, begun := k.held(), len(k.c.entries())
		_, killed := k.send(p, &proxies{target: w.write, fate: w.fate}, w.point)
		if !killed {
			t.Fatalf("%s: it was not killed at point %d, write %d", w.what, w.point, w.write)
		}
		if w.torn {
			if err := k.c.journal.Close(); err != nil {
				t.Fatal(err)
			}
			tear(t, k.book)
			var err error
			if k.c.journal, err = openJournal(k.book, k.c.Clock); err != nil {
				t.Fatal(err)
			}
			k.c.opts.Journal = k.c.journal
		}
		k.survive(s, w, before, begun, want)
		if t.Failed() {
			t.Fatalf("point %d, write %d: %s", w.point, w.write, w.what)
		}
	}
	return died
}

// survive is what a fresh process does with what a victim has left.
func (k *killing) survive(s *slaughter, w wound, before held, begun int, want held) {
	t := k.t
	res, err := k.c.engine().Resolve(t.Context())
	if err != nil || len(res.Open) > 0 {
		t.Errorf("what was left open: %+v, %v", res.Open, err)
	}
	entries := k.c.entries()
	for _, e := range entries {
		if e.State != journal.Done && e.State != journal.Failed {
			t.Errorf("entry %s is %s: %s %s", e.ID, e.State, e.Sentence, e.Note)
		}
	}
	// A torn line of the journal of a machine is set aside, one of a team's is read from the store again.
	if aside := slices.ContainsFunc(k.c.journal.Problems(), func(p journal.Problem) bool { return p.Side != "" }); aside != (w.torn && k.c.journal.Team() == "") {
		t.Errorf("problems of the journal: %+v", k.c.journal.Problems())
	}
	k.wantReported(before, entries[begun:])
	plan := s.plan
	if s.again != nil {
		plan = s.again
	}
	if p := plan(k, k.look()); len(p.Steps) > 0 {
		if rep := k.c.run(p); !rep.OK() {
			t.Errorf("the rest is not carried out:\n%s", outcomeText(rep))
		}
	}
	got := k.likeness()
	for _, h := range want {
		if !slices.Contains(got, h) {
			t.Errorf("lost is %s", h)
		}
	}
	for _, h := range got {
		if !slices.Contains(want, h) {
			t.Errorf("too much is %s", h)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d values, want %d", len(got), len(want))
	}
	k.wantReported(before, k.c.entries()[begun:])
}
