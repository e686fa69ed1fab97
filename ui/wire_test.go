package ui_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/exp/golden"

	"rollcall/dnsview/index"
	"rollcall/providers"
	"rollcall/ui"
	"rollcall/ui/theme"
)

// onWire has two name servers and a resolver answer for every name of the
// world as the API says, a few names excepted.
func onWire(o *ui.Options, f *fake) {
	at := epoch().Add(-12 * time.Second)
	values := map[[3]string][]string{}
	var order [][3]string
	for i := range f.snap.Zones {
		for _, r := range f.snap.Zones[i].Records {
			k := [3]string{r.Zone, r.Name, r.Type}
			if values[k] == nil {
				order = append(order, k)
			}
			values[k] = append(values[k], r.Value)
		}
	}
	for _, k := range order {
		want := values[k]
		w := &index.WireState{
			Zone: k[0], Name: k[1], Type: k[2], State: index.WireInSync, Want: want, Agree: 2, Servers: 2, At: at, Since: at.Add(-4 * time.Minute),
			Reason: "2 authoritative servers answer as the API says, and so does 1 resolver",
		}
		for n, name := range []string{"ns1.example.net (192.0.2.1:53)", "ns2.example.net (192.0.2.2:53)", "9.9.9.9:53"} {
			w.Answers = append(w.Answers, index.WireAnswer{Server: name, Resolver: n == 2, Values: want, TTL: 60, At: at, Agrees: true})
		}
		old := append(slices.Clone(want[1:]), "198.51.100.1")
		switch k[1] + " " + k[2] {
		case "www.scalability.expert A":
			w.State, w.Agree, w.Reason = index.WireSplit, 1, "the authoritative servers disagree"
			w.Answers[1].Values, w.Answers[1].Agrees = old, false
		case "mail.scalability.expert A":
			w.State, w.Until, w.Reason = index.WireCached, at.Add(time.Minute), "the authoritative servers are in sync, and 1 resolver still answers 198.51.100.1"
			w.Answers[2].Values, w.Answers[2].Agrees = old, false
		case "n1.v1._theservice._tcp.unilans.net A":
			w.State, w.Agree, w.Reason = index.WirePropagating, 0, "2 authoritative servers answer that there is no such name"
			for i := range w.Answers {
				w.Answers[i].Values, w.Answers[i].Agrees = nil, false
			}
		case "n2.v1._theservice._tcp.unilans.net A":
			w.State, w.Agree, w.Reason = index.WireUnreachable, 0, "no authoritative server replies"
			for i := range w.Answers {
				w.Answers[i] = index.WireAnswer{Server: w.Answers[i].Server, Resolver: i == 2, Failure: "no reply in time", At: at}
			}
		case "scalability.expert MX":
			w.Resolves = true
		case "scalability.expert TXT":
			w = &index.WireState{Zone: k[0], Name: k[1], Type: k[2], State: index.WireWaiting, Want: want, At: epoch(), Since: epoch()}
		}
		f.wire = append(f.wire, w)
	}
	f.zones = []index.WireZone{{Zone: "scalability.expert", State: index.WireInSync, Reason: "2 authoritative servers serve it", At: at}}
}

func TestScreenWire160x40(t *testing.T) {
	r := newRig(t, 160, 40, onWire).ready()
	golden.RequireEqual(t, r.grid(160, 40))
}

func TestScreenWire120x40(t *testing.T) {
	r := newRig(t, 120, 40, onWire).ready()
	golden.RequireEqual(t, r.grid(120, 40))
}

func TestScreenWire80x24(t *testing.T) {
	r := newRig(t, 80, 24, onWire).ready()
	golden.RequireEqual(t, r.grid(80, 24))
}

func TestScreenWireASCII(t *testing.T) {
	r := newRig(t, 160, 40, onWire, func(o *ui.Options, _ *fake) { o.Theme = theme.Options{NoColor: true, ASCII: true} }).ready()
	s := r.grid(160, 40)
	for _, c := range ansi.Strip(s) {
		if c > 0x7e {
			t.Fatalf("%q is not ASCII", c)
		}
	}
	golden.RequireEqual(t, s)
}

// onRecord puts the cursor on a record and opens its detail.
func (r *rig) onRecord(filter string) {
	r.t.Helper()
	r.press("tab", "/")
	r.typeText(filter)
	r.press("enter")
	r.until("DNS 1/")
	r.press("enter")
	r.until("On the wire")
}

func TestScreenWireDetail(t *testing.T) {
	r := newRig(t, 120, 40, onWire).ready()
	r.onRecord("value:54.1.20.1 type:A name:www")
	golden.RequireEqual(t, r.grid(120, 40))
}

func TestEveryStateOnTheWireHasAWordOrACount(t *testing.T) {
	for _, c := range []struct {
		state index.WireVerdict
		want  string
	}{
		{index.WireInSync, "✓ 2/2"},
		{index.WirePropagating, "◌ propagating"},
		{index.WireSplit, "▲ split"},
		{index.WireCached, "○ cached"},
		{index.WireNegativeCached, "○ neg. cached"},
		{index.WireBroken, "✖ broken"},
		{index.WireUnreachable, "✖ unreachable"},
		{index.WireLame, "✖ lame"},
	} {
		r := newRig(t, 160, 40, onWire, func(_ *ui.Options, f *fake) {
			for i := range f.wire {
				f.wire[i].State, f.wire[i].Agree, f.wire[i].Resolves = c.state, 2, false
				f.wire[i].At, f.wire[i].Since = epoch(), epoch()
			}
		})
		r.until("Instances 30", "mail ")
		r.press("tab", "/")
		r.typeText("name:mail")
		r.press("enter")
		r.until("DNS 1/27")
		if l := r.line("203.0.113.9"); !strings.Contains(l, c.want+" ") {
			t.Errorf("%s: %q is not in %q", c.state, c.want, l)
		}
	}
}

func TestTheTroubledNamesComeFirstWhenSortedByTheWire(t *testing.T) {
	r := newRig(t, 160, 50, onWire).ready()
	r.press("tab")
	for range 12 {
		r.press("s")
		if strings.Contains(r.screen(), "by wire") {
			break
		}
	}
	r.until("WIRE↑")
	last := 0
	for _, word := range []string{"unreachable", "differs", "split", "cached", "│", "✓ 2/2"} {
		at := strings.Index(r.screen()[last:], word)
		if at < 0 {
			t.Fatalf("no %q below the one before:\n%s", word, r.screen())
		}
		last += at
	}
}

func TestARemainingTTLCountsDownWhileTheDetailIsOpen(t *testing.T) {
	r := newRig(t, 120, 40, onWire).ready()
	r.onRecord("name:mail")
	r.has("resolver 9.9.9.9:53", "48s left", "forgotten    in 48s", "asked        12s ago, like this for 4m")
	r.clock.Advance(20 * time.Second)
	r.has("28s left", "forgotten    in 28s", "asked        32s ago")
	r.clock.Advance(time.Minute)
	r.has("0s left")
	r.hasNot("forgotten")
}

func TestTheDetailFollowsWhatNameServersAnswer(t *testing.T) {
	r := newRig(t, 120, 40, onWire).ready()
	r.onRecord("name:n1")
	r.has("✖ differs", "nothing")
	r.f.publish(func(s *providers.Snapshot) {
		for i := range r.f.wire {
			if w := r.f.wire[i]; strings.HasPrefix(w.Name, "n1.") {
				w.State, w.Agree, w.Reason = index.WireInSync, 2, "they have heard of it"
			}
		}
	})
	r.until("they have heard of it", "✓ in sync")
	r.press("esc")
	r.hasNot("On the wire")
}

func TestTheDetailSaysHowAServersAnswerDiffers(t *testing.T) {
	r := newRig(t, 140, 40, onWire).ready()
	r.onRecord("value:54.1.20.1 type:A name:www")
	r.has("15 of 16, without 54.1.20.1, and 198.51.100.1")
	r = newRig(t, 140, 40, onWire).ready()
	r.onRecord("name:n2.v1")
	r.has("no answer: no reply in time", "✖ unreachable")
}

func TestTheRowsOwnValueIsNamedFirstAmongMany(t *testing.T) {
	r := newRig(t, 160, 40, onWire).ready()
	r.onRecord("165.225.1.9")
	for _, who := range []string{"· API ", "✓ ns1.example.net", "✓ resolver 9.9.9.9"} {
		if l := r.line(who); !regexp.MustCompile(`\s{2,}165\.225\.1\.9, \S+ and \d+ more`).MatchString(l) {
			t.Errorf("%q", l)
		}
	}
}

func TestALameZoneIsToldInTheLineOfItsSource(t *testing.T) {
	for _, w := range []int{80, 120, 160} {
		r := newRig(t, w, 40, onWire, func(_ *ui.Options, f *fake) {
			f.zones[0].State, f.zones[0].Reason = index.WireLame, "it is delegated to ns.example.org"
			f.zones[0].Problems = []string{"ns.example.org answers for another zone"}
		})
		r.until("Instances 30", "✖ lame")
		if l := r.line("scalability.expert 19"); !strings.Contains(l, "scalability.expert 19 ✖ lame") {
			t.Errorf("%d wide: %s", w, l)
		}
		r.press("v")
		r.until("Sources 6")
		r.press("j", "j", "j", "j", "enter")
		r.until("Name servers", "it is delegated to ns.example.org", "ns.example.org answers for another zone")
	}
}

func TestTheBackendIsToldWhatIsVisibleOnceASecondAndOnlyWhenItChanged(t *testing.T) {
	if testing.Short() {
		t.Skip("make quick leaves this to make test")
	}
	r := newRig(t, 120, 40, onWire).ready()
	reported := func() int {
		r.f.mu.Lock()
		defer r.f.mu.Unlock()
		return len(r.f.visible)
	}
	r.untilTrue("the first word", func() bool { return reported() == 1 })
	if got := r.f.visible[0]; len(got) != 27 || got[6].Name != "mail.scalability.expert" {
		t.Errorf("%d records, %v", len(got), got)
	}
	r.press("tab")
	for range 20 {
		r.press("j", "k")
	}
	if reported() != 1 {
		t.Errorf("told %d times of the same", reported())
	}
	r.press("/")
	r.typeText("name:mail")
	r.press("enter")
	r.until("DNS 1/27")
	r.untilTrue("the second word", func() bool { return reported() == 2 })
	if got := r.f.visible[1]; len(got) != 1 {
		t.Errorf("%v", got)
	}
	r.press("f")
	r.untilTrue("nothing is visible", func() bool { return reported() == 3 && len(r.f.visible[2]) == 0 })
}

func TestNastyAnswersOfNameServersAreHarmless(t *testing.T) {
	nasty := "a\x1b[31mred\x1b]0;title\x07\u009b2J\u202e\r\nend"
	r := newRig(t, 120, 40, onWire, func(_ *ui.Options, f *fake) {
		for i := range f.wire {
			w := f.wire[i]
			w.Reason = nasty
			for k := range w.Answers {
				w.Answers[k].Server, w.Answers[k].Values, w.Answers[k].Agrees = nasty, []string{nasty}, false
			}
		}
	}).ready()
	r.onRecord("name:mail")
	for _, bad := range []string{"\x1b[31m", "\x1b]", "\x07", "\u009b", "\u202e", "\r"} {
		if strings.Contains(r.m.View().Content, bad) {
			t.Errorf("the detail has %q", bad)
		}
	}
	fits(t, "the detail", r.m.View().Content, 120, 40)
}

func TestTheWireDetailFitsEverySize(t *testing.T) {
	r := newRig(t, 120, 40, onWire).ready()
	r.onRecord("value:54.1.20.1 type:A name:www")
	for _, size := range [][2]int{{20, 5}, {40, 10}, {80, 24}, {119, 30}, {250, 70}} {
		r.send(tea.WindowSizeMsg{Width: size[0], Height: size[1]})
		fits(t, fmt.Sprint(size), r.m.View().Content, size[0], size[1])
	}
}
