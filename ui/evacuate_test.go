package ui_test

import (
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/exp/golden"

	"rollcall/dnsview/index"
	"rollcall/providers"
	"rollcall/providers/journal"
	"rollcall/ui"
)

// sizes are the terminals in which new screens and dialogs are looked at.
var sizes = map[string]struct {
	w, h  int
	theme func(*ui.Options, *fake)
}{
	"40x10": {40, 10, nil}, "80x24": {80, 24, nil}, "120x40": {120, 40, nil}, "200x60": {200, 60, nil},
	"NoColor": {120, 40, func(o *ui.Options, _ *fake) { o.Theme.NoColor = true }},
}

// amsDown makes joyent-ams a cloud whose API does not answer, so that its evacuation must be typed.
func amsDown(_ *ui.Options, f *fake) {
	f.snap.Clouds[3].Coverage = providers.Failed(epoch(), epoch(), &providers.Error{Kind: providers.KindThrottled, Op: "list machines", Source: "joyent-ams"})
	f.refuse, f.ask = index.GuardCoverage, "joyent-ams 3"
}

// amsEvacuated marks joyent-ams as evacuated from both zones, by an entry of the journal too.
func amsEvacuated(until time.Time) func(*ui.Options, *fake) {
	return func(_ *ui.Options, f *fake) {
		key := f.snap.Clouds[3].Cloud.Key
		for i := range f.snap.Zones {
			z := &f.snap.Zones[i]
			m, err := providers.EvacuationRecord(z.Zone.Name, z.Zone.Name, providers.EvacuationOwner(fleetID, key, epoch().Add(-14*time.Minute), until))
			if err != nil {
				panic(err)
			}
			m.ID = "evacuated"
			z.Records = append(z.Records, m)
		}
		f.entries = append(f.entries, journal.Entry{
			ID: "2", Run: "r2", Time: epoch().Add(-14 * time.Minute), Who: "ann@box", Verb: "evacuate", Title: "Evacuate joyent-ams: packet loss", State: journal.Done,
			Instance: &providers.InstanceRef{Cloud: "joyent-ams", Key: key}, Sentence: "Mark joyent-ams as evacuated",
		})
	}
}

func TestACloudIsEvacuatedByItsFullNameOnlyAndItsTextIsTyped(t *testing.T) {
	r := newRig(t, 120, 40, amsDown)
	r.until("Instances 30")
	r.press(":")
	r.typeText("evac")
	r.press("enter")
	r.until("changes something: its whole name runs it")
	r.typeText("uate joyent-ams")
	r.press("enter")
	r.until("evacuate joyent-ams", "www.scalability.expert keeps", "14 steps: 14 wait for the typed text", "guard coverage, waits for the typed text", "joyent-ams 3")
	r.hasNot("refused", "✖ Mark")
	r.typeText("joyent-ams 3")
	r.press("enter")
	r.until("done")
	if len(r.f.runs) != 1 || r.f.runs[0].Verb != index.VerbEvacuate || strings.Join(r.f.typed[0], "") != "joyent-ams 3" {
		t.Errorf("ran %v with %q", r.f.runs, r.f.typed)
	}
}

func TestOnlyAnEvacuatedCloudIsReturned(t *testing.T) {
	r := newRig(t, 120, 40, amsEvacuated(time.Time{}))
	r.until("Instances 30")
	r.press(":")
	r.typeText("return ")
	r.until("return joyent-ams")
	r.hasNot("return joyent-east")
}

func TestTheDialogOfAnEvacuationInEverySize(t *testing.T) {
	for name, c := range sizes {
		t.Run(name, func(t *testing.T) {
			change := []func(*ui.Options, *fake){amsDown}
			if c.theme != nil {
				change = append(change, c.theme)
			}
			r := newRig(t, c.w, c.h, change...)
			r.until("Instances 30")
			r.press(":")
			r.typeText("evacuate joyent-ams")
			r.press("enter")
			r.until("joyent-ams 3")
			golden.RequireEqual(t, r.grid(c.w, c.h))
		})
	}
}

func TestTheOverviewShowsAnEvacuatedCloudInEverySize(t *testing.T) {
	for name, c := range sizes {
		t.Run(name, func(t *testing.T) {
			change := []func(*ui.Options, *fake){atWork, amsEvacuated(epoch().Add(106 * time.Minute))}
			if c.theme != nil {
				change = append(change, c.theme)
			}
			r := newRig(t, c.w, c.h, change...)
			r.press("0")
			r.until("joyent-ams evacuated 14 min ago", "down.", "✖ 0")
			golden.RequireEqual(t, r.grid(c.w, c.h))
		})
	}
}

func TestTheOverviewSaysWhoEvacuatedUntilWhenAndWhatIsInDNSAllTheSame(t *testing.T) {
	r := newRig(t, 200, 40, atWork, amsEvacuated(epoch().Add(106*time.Minute)))
	r.press("0")
	r.until("joyent-ams evacuated 14 min ago by ann@box, for 106 min more", "in DNS all the same", "packet loss")
	r = newRig(t, 200, 40, amsEvacuated(epoch().Add(-5*time.Minute)))
	r.press("0")
	r.until("joyent-ams evacuated 14 min ago by ann@box, until 5 min ago")
}

func TestTheEvacuationOfACloudThatLeftTheConfigCanBeEnded(t *testing.T) {
	r := newRig(t, 120, 40, amsEvacuated(time.Time{}), func(_ *ui.Options, f *fake) {
		f.snap.Clouds = f.snap.Clouds[:3] // also from the last snapshot
	})
	r.until("Instances 23")
	key := string(providers.NewCloudKey(providers.Triton, "123456789012", "eu-ams-1"))
	r.press(":")
	r.typeText("return " + key)
	r.until("it left the config")
	r.press("enter")
	r.until("return "+key, "Forget in unilans.net", "y do it")
	r.clock.Advance(time.Second)
	r.press("y")
	r.untilTrue("the run", func() bool { return len(r.sums()) == 1 })
	if p := r.f.runs[0]; p.Verb != index.VerbReturn || len(p.Steps) != 2 {
		t.Errorf("ran %+v", p)
	}
}
