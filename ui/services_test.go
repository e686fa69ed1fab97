package ui_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/exp/golden"

	"rollcall/dnsview/index"
	"rollcall/providers"
	"rollcall/ui"
	"rollcall/ui/theme"
)

// servicesRig shows the services, with all that is folded at first.
func servicesRig(t *testing.T, w, h int, change ...func(*ui.Options, *fake)) *rig {
	t.Helper()
	r := foldedRig(t, w, h, change...)
	r.press("z")
	r.untilTrue("all is unfolded", func() bool { return !strings.Contains(r.screen(), "› ") })
	return r
}

// foldedRig shows the services as they come.
func foldedRig(t *testing.T, w, h int, change ...func(*ui.Options, *fake)) *rig {
	t.Helper()
	r := newRig(t, w, h, change...)
	r.until("Instances 30", "DNS 27")
	r.press("V")
	r.until("Services 2 · 20 nodes", "www.scal")
	return r
}

// on puts the cursor on the first row with the text, from above.
func (r *rig) on(text string) {
	r.t.Helper()
	r.press("g")
	for range 60 {
		if strings.Contains(r.cursorLine(), text) {
			return
		}
		r.press("j")
	}
	r.t.Fatalf("no row has %q:\n%s", text, r.screen())
}

// cursorLine is the line that the cursor is on.
func (r *rig) cursorLine() string {
	for l := range strings.SplitSeq(r.screen(), "\n") {
		if strings.HasPrefix(l, "│▌") {
			return l
		}
	}
	return ""
}

// checked is a fake whose nodes were asked for their health.
func checked(_ *ui.Options, f *fake) {
	c := f.snap.Clouds
	f.health = []index.HealthState{
		{Service: "www.scalability.expert", Key: c[0].Cloud.Key, ID: c[0].Instances[0].ID, Of: 3, At: epoch()},
		{Service: "www.scalability.expert", Key: c[0].Cloud.Key, ID: c[0].Instances[1].ID, Failed: 3, Of: 3, Error: "HTTP 503", At: epoch().Add(-4 * time.Second)},
		{Service: "www.scalability.expert", Key: c[1].Cloud.Key, ID: c[1].Instances[0].ID, Failed: 1, Of: 3, At: epoch()},
	}
}

func TestScreenServices120x40(t *testing.T) {
	r := servicesRig(t, 120, 40, checked)
	r.on("www-02")
	golden.RequireEqual(t, r.grid(120, 40))
}

func TestScreenServices80x24(t *testing.T) {
	r := servicesRig(t, 80, 24, func(o *ui.Options, _ *fake) { o.Theme = theme.Options{NoColor: true} })
	r.on("use1-svc-05")
	golden.RequireEqual(t, r.grid(80, 24))
}

func TestTheServicesShowNodesWithWeightPortStateAndHealth(t *testing.T) {
	r := servicesRig(t, 140, 40, checked)
	for text, want := range map[string][]string{
		"use1-www-01": {"aws-use1", "✓ running", "60 54.1.20.1", "✓ 3 of 3 ok"},
		"use1-www-02": {"✖ 0 of 3 ok", "▲ unhealthy"},
		"euw1-www-01": {"▲ 2 of 3 ok"},
		"ams-www-01":  {"not checked"},
		"ams-www-03":  {"▲ stopped"},
		"c2f0a1ff":    {"✖ dead"},
		"svc-05":      {"✓ running", " 0     10 4218", "n1.v1._theserv"},
		"n9.v1":       {"✖ dead", "54.9.9.9"},
		"  v1  ":      {"PTR ✓ TXT ✓", "2 live"},
	} {
		l := r.line(text)
		for _, w := range want {
			if !strings.Contains(l, w) {
				t.Errorf("%q is not in %q", w, l)
			}
		}
	}
	if l := r.line("www.scalability.expert"); !strings.Contains(l, "14 live, min 2") || !strings.Contains(l, "4 clouds") || !strings.Contains(l, "findings") {
		t.Errorf("the service: %q", l)
	}
}

func TestAWeightIsChangedInTwoFieldsThroughAPlan(t *testing.T) {
	r := servicesRig(t, 140, 40)
	r.on("svc-05")
	r.press("e")
	r.has("Priority and weight of use1-svc-05", "priority  0", "weight    10")
	empty := []string{"backspace", "backspace", "backspace", "backspace", "backspace", "backspace"}
	for text, why := range map[string]string{"heavy": `weight: "heavy" is no number from 0 to 65535`, "70000": `weight: "70000" is no number from 0 to 65535`, "-1": `weight: "-1" is no number`} {
		r.press("tab")
		r.press(empty...)
		r.typeText(text)
		r.press("enter")
		r.has(why)
		r.press("tab")
	}
	if len(r.f.plans) != 0 {
		t.Fatal("a plan was made of what is no number")
	}
	r.press("tab")
	r.press(empty...)
	r.press("1", "0", "enter")
	r.has("nothing is changed: write another number")
	r.press("backspace", "backspace", "0", "tab", "backspace", "5", "enter")
	r.until("balance use1-svc-05", "change 0 10 4218 n1.v1._theservice._tcp.unilans.net to 5 0 4218", "y do it")
	if w := r.f.plans[0]; w.Verb != index.VerbBalance || *w.Priority != 5 || *w.Weight != 0 || len(w.Records) != 1 {
		t.Errorf("%+v", w)
	}
	r.clock.Advance(time.Second)
	r.press("y")
	r.until("✓ change 0 10 4218", "u undo")
	r.press("esc")
	r.until("svc-05")
	r.untilTrue("the weight in the list", func() bool { return strings.Contains(r.line("svc-05"), " 5      0 4218") })
	if l := r.cursorLine(); !strings.Contains(l, "svc-05") {
		t.Errorf("the cursor has left its node: %q", l)
	}
}

func TestSeveralNodesAreQuiescedAndReturnedAtOnce(t *testing.T) {
	r := servicesRig(t, 140, 40)
	r.on("svc-05")
	r.press("space", "space")
	r.has("2 marked")
	r.press("Q")
	r.until("quiesce 2 nodes", "y do it")
	if w := r.f.plans[0]; len(w.Instances) != 2 {
		t.Fatalf("%+v", w)
	}
	r.clock.Advance(time.Second)
	r.press("y")
	r.until("✓ Take v1._theservice._tcp.unilans.net SRV", "u undo")
	r.press("esc")
	r.untilTrue("both are quiesced", func() bool { return strings.Count(r.screen(), "○ quiesced   ") == 2 })
	r.has("2 marked") // marks are identities: the records are gone, the nodes are not
	r.until("quiesced by ops@desk, 0s ago")
	r.press("e")
	r.has("use1-svc-05 is quiesced: return it first")
	r.press("enter")
	r.has("quiesced by ops@desk, 0s ago", "Markers", "b return")
	r.press("b")
	r.until("return 2 nodes", "y do it")
	r.clock.Advance(time.Second)
	r.press("y")
	r.until("✓ Create v1._theservice._tcp.unilans.net SRV 0 10 4218 n1", "esc close")
	r.press("esc")
	r.untilTrue("both are back", func() bool { return !strings.Contains(r.screen(), "○ quiesced") })
	if l := r.line("svc-05"); !strings.Contains(l, "✓ running") {
		t.Errorf("%q", l)
	}
}

func TestOnlyNodesAreMarkedAndActedOn(t *testing.T) {
	r := servicesRig(t, 140, 40)
	r.press("g", "space")
	r.has("nodes are marked, not services")
	r.hasNot("1 marked")
	for _, k := range []string{"Q", "b", "x"} {
		r.press(k)
		r.has("there is no node here to")
	}
	r.press("e")
	r.has("there is no node here: put the cursor on one, or mark several")
	r.on("use1-www-01")
	r.press("e")
	r.has("use1-www-01 has no priority and no weight in DNS")
	if len(r.f.plans) != 0 {
		t.Errorf("%+v", r.f.plans)
	}
}

func TestADeadNodeIsDeregisteredFromItsService(t *testing.T) {
	r := servicesRig(t, 140, 40)
	r.on("c2f0a1ff")
	r.press("d")
	r.until("✓ done: delete www.scalability.expert A 165.225.1.9")
	r.untilTrue("it is gone", func() bool { return !strings.Contains(r.screen(), "c2f0a1ff") })
}

func TestTheFilterKeepsWhatANodeLiesIn(t *testing.T) {
	r := servicesRig(t, 140, 40)
	r.press("/")
	r.typeText("state:dead")
	r.until("Services 5/23 · /state:dead")
	r.press("enter")
	r.has("www.scalability.expert", "c2f0a1ff", "_theservice._tcp", "  v1  ", "n9.v1")
	r.hasNot("use1-www-01")
	r.press("esc")
	r.until("Services 2 · 20 nodes")
	r.press("/")
	r.typeText("service:v1 -state:dead")
	r.until("Services 4/23")
	r.has("svc-05", "svc-06")
}

func TestSortingKeepsNodesBelowTheirServices(t *testing.T) {
	r := servicesRig(t, 140, 40)
	for range 3 {
		r.press("s")
	}
	r.until("by state")
	r.press("S")
	r.until("STATE↓")
	lines := strings.Split(r.screen(), "\n")
	at := func(text string) int {
		return slices.IndexFunc(lines, func(l string) bool { return strings.Contains(l, text) })
	}
	www, typ, v1, stopped, dead, svc := at("│▌  www.scal"), at("_theservice._tcp.u"), at("    v1"), at("▲ stopped"), at("c2f0a1ff"), at("svc-05")
	if !(www >= 0 && www < stopped && stopped < dead && dead < typ && typ < v1 && v1 < svc) && !(typ < v1 && v1 < svc && svc < www && www < stopped && stopped < dead) {
		t.Errorf("www %d, stopped %d, dead %d, type %d, v1 %d, svc %d:\n%s", www, stopped, dead, typ, v1, svc, r.screen())
	}
}

func TestServicesFoldAndUnfold(t *testing.T) {
	r := servicesRig(t, 140, 40)
	r.on("use1-www-02")
	r.press("space", "left")
	if l := r.cursorLine(); !strings.Contains(l, "www.scalability.expert") {
		t.Errorf("left goes to the service, not to %q", l)
	}
	r.press("left")
	r.until("› +17 www.scal")
	r.hasNot("use1-www-02")
	r.has("0 marked, 1 hidden")
	r.press("Q")
	r.has("1 marked, all hidden in folded rows")
	r.press("right")
	r.until("use1-www-02")
	r.has("1 marked")
}

func TestAnIncarnationIsCreatedAndRetiredFromTheServices(t *testing.T) {
	r := servicesRig(t, 140, 40)
	r.on("  v1  ")
	r.press("enter")
	r.has("Announced by", "_theservice._tcp.unilans.net", "Attributes, which anyone can read", "txtvers      1")
	r.press("esc", ":")
	r.typeText("create incarnation")
	r.press("enter")
	r.has("Create an incarnation", "._theservice._tcp.unilans.net", "Anyone can read TXT values")
	r.press("enter")
	r.has("✖")
	r.typeText("v2")
	r.press("tab")
	r.typeText(" =x")
	r.press("enter")
	r.has(`the TXT attribute "=x" has no key before its "="`)
	r.press("backspace", "backspace")
	r.typeText("proto=2")
	r.press("enter")
	r.until("create v2._theservice._tcp.unilans.net", "y do it")
	if w := r.f.plans[0]; w.Verb != index.VerbCreate || w.Name != "v2._theservice._tcp.unilans.net" || !slices.Equal(w.TXT, []string{"txtvers=1", "proto=2"}) {
		t.Errorf("%+v", w)
	}
	r.press("esc", ":")
	r.typeText("retire incarnation")
	r.press("enter")
	r.until("retire v1._theservice._tcp.unilans.net", "y do it")
	if w := r.f.plans[1]; w.Verb != index.VerbRetire || w.Name != "v1._theservice._tcp.unilans.net" {
		t.Errorf("%+v", w)
	}
}

func TestTheServicesAreReadOnlyWithTheRest(t *testing.T) {
	r := servicesRig(t, 140, 40, func(o *ui.Options, _ *fake) { o.ReadOnly = true })
	r.on("svc-05")
	for _, k := range []string{"e", "Q", "b", "x", "d"} {
		r.press(k)
		r.has("read-only: R switches it")
	}
	if len(r.f.plans) != 0 {
		t.Errorf("%+v", r.f.plans)
	}
}

func TestTheDialogsOfServicesFitEverySize(t *testing.T) {
	r := servicesRig(t, 120, 40)
	r.on("svc-05")
	for _, keys := range [][]string{{"e", "x", "enter"}, {"enter"}, {":"}} {
		r.send(tea.WindowSizeMsg{Width: 120, Height: 40})
		r.press(keys...)
		for _, size := range [][2]int{{20, 5}, {30, 10}, {40, 10}, {60, 20}, {80, 24}, {120, 20}, {250, 70}} {
			r.send(tea.WindowSizeMsg{Width: size[0], Height: size[1]})
			fits(t, strings.Join(keys, " "), r.m.View().Content, size[0], size[1])
		}
		r.press("esc")
	}
}

func TestNastyTextsInServicesAreHarmless(t *testing.T) {
	nasty := "a\x1b[31mred\x1b]0;title\x07\u009b2Jx\u202egnp.exe\u2066\u200b\x00\r\nend"
	r := servicesRig(t, 140, 50)
	r.f.publish(func(s *providers.Snapshot) {
		s.Clouds[0].Instances[4].Name = nasty
		z := &s.Zones[1]
		for i := range z.Records {
			if z.Records[i].Type == "TXT" {
				z.Records[i].Value = providers.FormatTXT([]string{nasty, "k" + nasty + "=" + nasty})
			}
		}
	})
	r.until("a[31mred]0;title2J")
	check := func(where string) {
		t.Helper()
		for _, bad := range []string{"\x1b[31m", "\x1b]", "\x07", "\u009b", "\u202e", "\u2066", "\u200b", "\x00", "\r"} {
			if strings.Contains(r.m.View().Content, bad) {
				t.Errorf("%s has %q", where, bad)
			}
		}
		fits(t, where, r.m.View().Content, 140, 50)
	}
	r.on("a[31mred")
	check("the tree")
	for _, k := range []string{"enter", "e", "Q"} {
		r.press(k)
		check(k)
		r.press("esc")
	}
	r.on("  v1  ")
	check("the line about an incarnation")
	r.press("enter")
	check("the incarnation")
}

func benchmarkServicesKeyPress(b *testing.B, n int) {
	m := benchModel(b, n)
	d := &driver{m: m, msgs: make(chan tea.Msg, 64)}
	d.send(key("V"))
	d.until("rows.ServiceLine]")
	pressDownAndUp(b, m)
}

func BenchmarkServicesKeyPress1000Rows(b *testing.B)   { benchmarkServicesKeyPress(b, 1000) }
func BenchmarkServicesKeyPress100000Rows(b *testing.B) { benchmarkServicesKeyPress(b, 100_000) }
