package ui_test

import (
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"rollcall/providers"
	"rollcall/ui"
)

func TestFindingsAt80ColumnsTellApartWhatTheyAreAbout(t *testing.T) {
	r := newRig(t, 80, 24, withDeadService("v1"))
	r.until("Instances 30")
	r.press("f")
	r.until("Findings 6", "SINCE", "REASON")
	r.hasNot("SEVERITY")
	if l := r.line("54.9.9.9"); strings.Contains(l, "n9.v1._theservice._tcp.unilans.net A 54.9.9.9 is") {
		t.Errorf("the reason repeats the subject: %q", l)
	}
	for l := range strings.SplitSeq(r.screen(), "\n") {
		if strings.Contains(l, "✖ dead") && strings.Count(l, "theservice") > 1 {
			t.Errorf("the subject stands there twice: %q", l)
		}
	}
	r.has("165.225.1.9 ", "its owner ")
}

func TestAStateIsNeverCut(t *testing.T) {
	for _, w := range []int{80, 90, 100, 110, 120, 130, 140, 160, 200} {
		r := newRig(t, w, 40, odd)
		r.until("Instances")
		for _, keys := range [][]string{{}, {"tab"}, {"V"}, {"v"}} {
			r.press(keys...)
			for l := range strings.SplitSeq(r.screen(), "\n") {
				for _, cut := range []string{"run…", "termina…", "stopp…", "pend…", "propag…", "unreach…", "misconf…", "short ans…", "in s…"} {
					if strings.Contains(l, cut) {
						t.Errorf("at %d columns after %v: %q", w, keys, l)
					}
				}
			}
			r.press("esc", "esc")
		}
	}
}

func TestWhatWasFoundIsAWordAt120ColumnsAndNeverCut(t *testing.T) {
	r := newRig(t, 120, 40, onWire, func(_ *ui.Options, f *fake) {
		z := &f.snap.Zones[0]
		z.Records = append(z.Records, providers.Record{Zone: z.Zone.Name, Name: "else." + z.Zone.Name, Type: "A", TTL: 60, Value: "203.0.113.79", Owners: []providers.Owner{{Fleet: "00000001", Cloud: "0123456789", Instance: "i-0123456789abcdef0", Registered: epoch()}}})
	})
	r.until("Instances 30", "✖missing", "▲ stopped", "○ other-fleet")
	if l := r.line("✖missing"); !strings.Contains(l, "east-www-04") {
		t.Errorf("%q", l)
	}
	for w := 40; w <= 200; w += 5 {
		r.send(tea.WindowSizeMsg{Width: w, Height: 60})
		for _, k := range []string{"g", "tab"} {
			r.press(k)
			for _, cut := range []string{"miss…", "missi…", "stopp…", "stop…", "○ o…", "other…", "other-…", "dangl…"} {
				if s := r.screen(); strings.Contains(s, cut) {
					t.Errorf("at %d columns: %s", w, r.line(cut))
				}
			}
		}
	}
}

func TestAFindingAboutAMarkerNamesWhatItMarks(t *testing.T) {
	r := newRig(t, 120, 40, func(_ *ui.Options, f *fake) {
		z, o := &f.snap.Zones[1], providers.Owner{Fleet: fleetID, Cloud: f.snap.Clouds[0].Cloud.Key, Instance: f.snap.Clouds[0].Instances[0].ID, Registered: epoch().Add(-72 * time.Hour)}
		text, err := o.For("A", "54.1.20.99").Encode()
		if err != nil {
			t.Fatal(err)
		}
		z.Records = append(z.Records, providers.Record{Zone: z.Zone.Name, Name: providers.MarkerName(o.Instance, "old."+z.Zone.Name), Type: "TXT", TTL: 300, Value: providers.FormatTXT([]string{text})})
	})
	r.until("Instances 30")
	r.press("f")
	r.until("1 orphan-marker", "marker of i-0ab")
	if l := r.line("marker of i-0ab"); !strings.Contains(l, "old.unilans.net") || strings.Contains(l, "rollcall1") {
		t.Errorf("%q", l)
	}
}

func TestTheLabelsOfTagsTellThemApart(t *testing.T) {
	r := newRig(t, 140, 50, func(_ *ui.Options, f *fake) {
		f.snap.Clouds[0].Instances[6].Tags = providers.TagsOf(map[string]string{
			"aws:cloudformation:stack-id": "one", "aws:cloudformation:stack-name": "two", "aws:cloudformation:logical-id": "three", "env": "prod",
		})
	}).ready().byName()
	r.press("enter")
	r.has("aws:cloudformation:stack-id ", "aws:cloudformation:stack-name ", "aws:cloudformation:logical-id ")
	r = newRig(t, 40, 40, func(_ *ui.Options, f *fake) {
		f.snap.Clouds[0].Instances[6].Tags = providers.TagsOf(map[string]string{"aws:cloudformation:stack-id": "one", "aws:cloudformation:stack-name": "two"})
	})
	r.until("Instances 30")
	r.byName().press("enter")
	r.has("tack-id", "ck-name")
}

func TestSRVValuesShowWhatDiffers(t *testing.T) {
	r := newRig(t, 120, 40, func(_ *ui.Options, f *fake) {
		z := &f.snap.Zones[1]
		for _, n := range []string{"01", "02", "03"} {
			z.Records = append(z.Records, providers.Record{Zone: "unilans.net", Name: "v3._theservice._tcp.unilans.net", Type: "SRV", TTL: 60, Value: "10 10 4218 svc-v1-" + n + ".unilans.net"})
		}
	})
	r.until("DNS 30")
	r.press("tab", "G")
	for _, n := range []string{"-01", "-02", "-03"} {
		r.has(n)
	}
}
