package ui_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/exp/golden"

	"rollcall/dnsview/index"
	"rollcall/providers"
	"rollcall/providers/journal"
	"rollcall/ui"
)

// atWork adds what an overview shows: a service that is down, one that is thin, one of another fleet, a change, and answers of
// name servers.
func atWork(_ *ui.Options, f *fake) {
	f.services = append(
		f.services, index.Service{Name: "down.scalability.expert", Kind: index.RoundRobin, Minimum: 1},
		index.Service{Name: "thin.scalability.expert", Kind: index.RoundRobin, Minimum: 3},
	)
	use1, z := &f.snap.Clouds[0], &f.snap.Zones[0]
	for _, r := range []providers.Record{
		{Name: "thin.scalability.expert", Type: "A", Value: use1.Instances[0].PublicIPs[0].String(), ID: "t1", Owners: []providers.Owner{{Fleet: fleetID, Cloud: use1.Cloud.Key, Instance: use1.Instances[0].ID, Registered: epoch().Add(-time.Hour)}}},
		{Name: "theirs.scalability.expert", Type: "A", Value: "203.0.113.99", ID: "t2", Owners: []providers.Owner{{Fleet: "c0ffee42", Cloud: "0123456789", Instance: "i-1", Registered: epoch().Add(-time.Hour)}}},
	} {
		r.Zone, r.TTL = z.Zone.Name, 60
		z.Records = append(z.Records, r)
	}
	onWire(nil, f)
	f.entries = []journal.Entry{{
		ID: "1", Run: "r1", Time: epoch().Add(-14 * time.Minute), Who: "ann@box", Verb: "quiesce", State: journal.Done, Sentence: "Delete thin",
		Change: &providers.Change{Op: providers.OpDelete, Before: providers.Record{Zone: z.Zone.Name, Name: "thin.scalability.expert", Type: "A", Value: "203.0.113.1"}},
	}}
}

func TestTheOverviewShowsServicesByCloudWithTheWorstFirst(t *testing.T) {
	r := newRig(t, 160, 40, atWork)
	r.until("Instances 30")
	r.press("0")
	r.until("Overview", "down.scalability.expert", "✖ 0 of min 1", "▲ 1 of min 3", "14m quiesce by ann@box")
	r.hasNot("theirs.scalability.expert")
	r.press("j", "enter")
	r.has("thin.scalability.expert", "aws-use1: 1 well, 0 not well, 0 unknown, 0 not in DNS")
	r.press("esc", "esc")
	r.until("Instances 30")
}

func TestWhatTheOverviewCannotKnowIsNotUnwell(t *testing.T) {
	r := newRig(t, 160, 40, func(o *ui.Options, f *fake) {
		atWork(o, f)
		c := &f.snap.Clouds[3]
		c.Cloud.Key, c.Instances = "", nil
		c.Coverage, c.RowsFrom = providers.Failed(epoch(), epoch(), &providers.Error{Kind: providers.KindAuth, Op: "list machines", Source: "joyent-ams"}), time.Time{}
	})
	r.until("aws-use1")
	r.press("0")
	r.until("Overview", "OTHER", "○○○○ 0/4")
	r.press("/")
	r.typeText("www")
	r.press("enter")
	r.until("Overview 1/4")
	r.press("enter")
	r.until("other: 0 well, 0 not well, 4 unknown, 0 not in DNS")
}

func TestTheOverviewInEverySize(t *testing.T) {
	for name, c := range map[string]struct {
		w, h  int
		theme func(*ui.Options, *fake)
	}{
		"40x10": {40, 10, nil}, "80x24": {80, 24, nil}, "120x40": {120, 40, nil}, "200x60": {200, 60, nil},
		"NoColor": {120, 40, func(o *ui.Options, _ *fake) { o.Theme.NoColor = true }},
	} {
		t.Run(name, func(t *testing.T) {
			change := []func(*ui.Options, *fake){atWork}
			if c.theme != nil {
				change = append(change, c.theme)
			}
			r := newRig(t, c.w, c.h, change...)
			r.press("0")
			r.until("Overview", "down.", "✖ 0")
			golden.RequireEqual(t, r.grid(c.w, c.h))
		})
	}
}

func TestTheCellsOfAnOverviewHaveOneForm(t *testing.T) {
	bar := regexp.MustCompile(`[━✖○─]+ \d+/\d+`)
	for _, w := range []int{70, 76, 80, 84, 90, 100, 120, 160} {
		r := newRig(t, w, 24, atWork)
		r.press("0")
		r.until("Overview", "down.", "✖ 0")
		for line := range strings.Lines(r.screen()) {
			bars, cells := len(bar.FindAllString(line, -1)), strings.Count(line, "/")
			if strings.Contains(line, "www.") && strings.HasPrefix(line, "│") && bars != 0 && bars != cells {
				t.Errorf("%d columns: %d of %d cells are bars: %s", w, bars, cells, line)
			}
		}
	}
}

func TestTheFirstScreenIsTheOneOfTheConfigAndTheFleetLiesBelowIt(t *testing.T) {
	r := newRig(t, 160, 40, atWork, func(o *ui.Options, _ *fake) { o.FirstScreen = "overview" })
	r.until("Overview", "down.scalability.expert", "✖ 0 of min 1")
	r.press("esc")
	r.until("Instances 30", "DNS")
}
