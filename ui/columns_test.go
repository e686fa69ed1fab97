package ui_test

import (
	"strings"
	"testing"

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
