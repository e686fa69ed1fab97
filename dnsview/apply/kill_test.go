package apply_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/providers/journal"
	"rollcall/providers/providertest"
	"rollcall/providers/sim"
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

// killing is one scenario in one zone.
type killing struct {
	*site
	service string
	base    map[string][]world.Record // the zones as they were before the first victim
	sets    map[string][]world.Set
	nodes   []world.Instance // of the present victim
	made    int
	book    string // its journal
	run     string // what an undo takes back
}

func newKilling(t *testing.T, cloud, zone string) *killing {
	r := newRig(t, sim.Options{Instances: 12})
	k := &killing{site: &site{rig: r, c: r.console(0), cloud: cloud, zone: zone, name: "pool." + zone}, base: map[string][]world.Record{}, sets: map[string][]world.Set{}}
	d := index.Service{Name: k.name, Kind: index.RoundRobin, Zone: zone, TTL: 60, Select: map[string]string{"service": "pool"}}
	stays := k.owner(k.cloud, providers.HostPrefix+"stays", -never)
	k.enter(zone, k.name, "A", "203.0.113.250", stays)
	if zone == sdZone {
		d.Name, d.Kind, d.Port, d.TXT = "v9._pool._tcp."+zone, index.DNSSD, 4218, map[string]string{"txtvers": "1"}
		k.enter(zone, d.Name, "SRV", "0 0 4218 "+k.name, stays)
		k.enter(zone, d.Name, "TXT", `"txtvers=1"`)
		k.enter(zone, "_pool._tcp."+zone, "PTR", d.Name)
	}
	k.service = d.Name
	k.c.opts.Services = append(k.c.opts.Services, d)
	for _, z := range r.world().Zones("") {
		z.View(func(tx *world.Tx) {
			for _, x := range tx.Records() {
				k.base[z.Name] = append(k.base[z.Name], *x)
			}
			for _, x := range tx.Sets() {
				k.sets[z.Name] = append(k.sets[z.Name], *x)
			}
		})
	}
	return k
}

// renew prepares the world for the next victim: zones as they were, and new nodes that are in them.
func (k *killing) renew(t *testing.T, nodes int) {
	t.Helper()
	k.t, k.rig.t, k.c.r.t = t, t, t
	for _, i := range k.nodes {
		if now, err := k.world().Instance(k.cloud, i.ID); err == nil && now.State == providers.StateRunning {
			k.do(k.cloud, i.ID, world.PowerLoss)
		}
	}
	k.empty()
	k.nodes = nil
	for range nodes {
		k.made++
		name := fmt.Sprintf("kill-%03d", k.made)
		i := k.rig.launch(k.cloud, world.Instance{Name: name, Tags: map[string]string{"service": "pool", "Name": name}})
		k.nodes = append(k.nodes, i)
		o := k.owner(k.cloud, i.ID, -never)
		if k.zone == cfZone {
			k.enter(k.zone, k.name, "A", i.Public.String(), o)
			continue
		}
		host := name + "." + k.zone
		k.enter(k.zone, host, "A", i.Public.String(), o)
		k.enter(k.zone, k.service, "SRV", "0 0 4218 "+host, o)
	}
	k.book = filepath.Join(t.TempDir(), "journal")
	j, err := journal.Open(k.book, k.c.Clock, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	k.c.journal, k.c.opts.Journal, k.c.seen = j, j, nil
}

// empty puts the zones back to what they were before the first victim.
func (k *killing) empty() {
	k.t.Helper()
	for _, z := range k.world().Zones("") {
		if _, err := z.Update(func(tx *world.Tx) error {
			for _, x := range slices.Clone(tx.Records()) {
				tx.RemoveRecord(x.ID)
			}
			for _, x := range slices.Clone(tx.Sets()) {
				tx.Delete(x)
			}
			for _, x := range k.base[z.Name] {
				tx.AddRecord(&x)
			}
			for _, x := range k.sets[z.Name] {
				tx.Put(&x)
			}
			return nil
		}); err != nil {
			k.t.Fatal(err)
		}
	}
}

func (k *killing) refs() []providers.InstanceRef {
	var out []providers.InstanceRef
	for _, i := range k.nodes {
		out = append(out, providers.InstanceRef{Cloud: k.cloud, Key: k.owner(k.cloud, "", 0).Cloud, ID: i.ID, Name: i.Name})
	}
	return out
}

// ours returns the records that lead to the nodes.
func (k *killing) ours(v *dnsview.View) []providers.Identity {
	var out []providers.Identity
	for _, ref := range k.refs() {
		for _, r := range v.RecordsOf(ref.Key, ref.ID) {
			if !r.IsMarker() {
				out = append(out, r.Identity())
			}
		}
	}
	return out
}

// send carries the plan out in a process of its own, and returns the points that the process reached. killed
// says that it did not end by itself.
func (k *killing) send(p plan.Plan, px *proxies, target int) (names []string, killed bool) {
	k.t.Helper()
	dir := k.t.TempDir()
	j := job{
		Endpoints: px.between(k.t, k.sim.Endpoints()), Clouds: k.world().Clouds(), Services: k.c.opts.Services, Fleet: k.c.opts.Fleet,
		Journal: k.book, Plan: p, Now: k.clk.Now(), Target: target, Points: filepath.Join(dir, "points"),
	}
	for i := range k.c.opts.Zones {
		j.Zones = append(j.Zones, k.c.opts.Zones[i].Zone)
	}
	if err := writeJSON(filepath.Join(dir, "job"), j); err != nil {
		k.t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), victimEnv+"="+filepath.Join(dir, "job"))
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	dead := make(chan struct{})
	px.mu.Lock() // its first write waits until it can be killed
	err := cmd.Start()
	victim := cmd.Process
	px.kill = func() {
		_ = victim.Kill()
		<-dead
	}
	px.mu.Unlock()
	if err != nil {
		k.t.Fatal(err)
	}
	err = cmd.Wait()
	close(dead)
	px.busy.Wait() // what has arrived is carried out
	if err == nil {
		if err := readJSON(j.Points, &names); err != nil {
			k.t.Fatal(err)
		}
		return names, false
	}
	if s := cmd.ProcessState.String(); s != "signal: killed" {
		k.t.Fatalf("the victim: %s\n%s", s, out.String())
	}
	return nil, true
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
		for z, zone := range []string{cfZone, sdZone} {
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
			if k.c.journal, err = journal.Open(k.book, k.c.Clock, nil); err != nil {
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
	if aside := slices.ContainsFunc(k.c.journal.Problems(), func(p journal.Problem) bool { return p.Side != "" }); aside != w.torn {
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
