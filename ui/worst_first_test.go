package ui_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/charmbracelet/x/exp/golden"

	"rollcall/providers"
	"rollcall/ui"
	"rollcall/ui/theme"
)

// listed returns the lines of the screen that have one of the texts, each as the text that it has.
func (r *rig) listed(texts ...string) (out []string) {
	for l := range strings.SplitSeq(r.screen(), "\n") {
		for _, x := range texts {
			if strings.Contains(l, x) {
				out = append(out, x)
			}
		}
	}
	return out
}

func TestBothPanesBeginWithWhatNeedsAPersonAndSayTheirOrder(t *testing.T) {
	r := newRig(t, 160, 40).ready()
	r.has("Instances 30 · worst first", "DNS 27 · worst first")
	if got, want := r.listed("165.225.1.9 ", "54.9.9.9 ", "54.1.80.3 ", "203.0.113.9 "), []string{"165.225.1.9 ", "54.9.9.9 ", "54.1.80.3 ", "203.0.113.9 "}; !slices.Equal(got, want) {
		t.Errorf("the records: %q, want %q", got, want)
	}
	if l := r.cursorLine(); !strings.Contains(l, "east-www-04") || !strings.Contains(l, "missing") {
		t.Errorf("the cursor is not on the worst: %q", l)
	}
	r.press("z")
	if got, want := r.listed("✖ missing", "▲ stopped", "use1-build-07 "), []string{"✖ missing", "▲ stopped", "use1-build-07 "}; !slices.Equal(got, want) {
		t.Errorf("the instances: %q, want %q", got, want)
	}
	r.press("z", "s")
	r.has("Instances 30 · by cloud", "DNS 27 · worst first", "sorted by cloud")
	for range 12 {
		r.press("s")
		if strings.Contains(r.screen(), "Instances 30 · worst first") {
			r.has("sorted worst first")
			return
		}
	}
	t.Errorf("no key leads back to the worst first:\n%s", r.screen())
}

func TestWhatIsOnlyForInformationIsNotBeforeTheRest(t *testing.T) {
	r := newRig(t, 160, 40).ready()
	if got, want := r.listed("MX ", "○ foreign"), []string{"MX ", "○ foreign"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestWhatIsSnoozedTakesItsPlaceByNameAgain(t *testing.T) {
	r := newRig(t, 160, 40).ready()
	first := func() string { return r.listed("165.225.1.9 ", "54.9.9.9 ")[0] }
	if first() != "165.225.1.9 " {
		t.Fatal(first())
	}
	r.press("tab", "Z")
	r.until("for, and why")
	r.typeText("2h known")
	r.press("enter")
	r.untilTrue("the other dead record is the first", func() bool { return first() == "54.9.9.9 " })
}

func TestTheServicesFoldWhatIsWellAndCountIt(t *testing.T) {
	r := foldedRig(t, 140, 40)
	r.has("worst first", "› +14 www.scalab", "› +2 v1", "c2f0a1ff  ", "n9.v1", "✖ missing")
	r.hasNot("use1-www-01", "use1-svc-05")
	r.press("right")
	r.until("use1-www-01")
	r.hasNot("use1-svc-05")
	if got, want := r.listed("c2f0a1ff  ", "use1-www-01", "-ams-www-03"), []string{"c2f0a1ff  ", "-ams-www-03", "use1-www-01"}; !slices.Equal(got, want) {
		t.Errorf("the nodes: %q, want %q", got, want)
	}
	r.press("left")
	r.until("› +17 www.scalab")
	r.hasNot("c2f0a1ff  ")
	r.press("z")
	r.until("use1-www-01", "use1-svc-05", "c2f0a1ff  ")
	r.has("fold what is well")
	r.press("z")
	r.until("› +14 www.scalab")
	r.hasNot("use1-www-01", "use1-svc-05")
}

func TestANodeThatBecomesWellIsNotFoldedAwayFromUnderTheCursor(t *testing.T) {
	r := foldedRig(t, 140, 40)
	r.on("-ams-www-03")
	r.f.publish(func(s *providers.Snapshot) {
		for i := range s.Clouds[3].Instances {
			if n := &s.Clouds[3].Instances[i]; n.Name == "-ams-www-03" {
				n.State, n.PublicIPs = providers.StateRunning, []netip.Addr{netip.MustParseAddr("54.1.80.3")}
			}
		}
	})
	r.untilTrue("it runs", func() bool { return strings.Contains(r.line("ams-www-03"), "running") })
	if l := r.cursorLine(); !strings.Contains(l, "ams-www-03") {
		t.Errorf("the cursor is on %q", l)
	}
}

func TestTheFoldedServicesInEverySize(t *testing.T) {
	for _, c := range []struct {
		name string
		w, h int
		o    theme.Options
	}{
		{"40x10", 40, 10, theme.Options{}},
		{"80x24", 80, 24, theme.Options{}},
		{"120x40", 120, 40, theme.Options{}},
		{"200x60", 200, 60, theme.Options{}},
		{"NoColor", 120, 40, theme.Options{NoColor: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, c.w, c.h, func(o *ui.Options, _ *fake) { o.Theme = c.o })
			r.until("Instances 30")
			r.press("V")
			r.until("Services 2", "› +14 www")
			golden.RequireEqual(t, r.grid(c.w, c.h))
		})
	}
}
