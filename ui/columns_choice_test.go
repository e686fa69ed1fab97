package ui_test

import (
	"slices"
	"strings"
	"testing"

	"rollcall/ui"
	"rollcall/ui/common"
	"rollcall/ui/screen"
)

// head returns the titles of the pane that has this one.
func (r *rig) head(title string) string { return r.line(title) }

func TestColumnsAreHiddenShownAndMovedAndKeptForTheNextRun(t *testing.T) {
	r := newRig(t, 200, 40).ready()
	r.press("c")
	r.has("Columns of the instances", "✓ CLOUD", "  TAGS", "space show")
	r.press("j", "J", "space") // NAME behind ID, and hidden
	r.press("K", "K")          // and first
	r.press("G")               // no key of the dialog
	for range 30 {
		r.press("down")
	}
	r.press("space") // the last one: NOTE
	r.press("up", "up", "space", "esc")
	r.has("CLOUD")
	r.press("c", "space", "enter") // CLOUD hidden
	r.untilTrue("no CLOUD", func() bool { return !strings.Contains(r.screen(), "CLOUD") })
	if l := r.head("ADDRESS"); !strings.Contains(l, "NAME") {
		t.Errorf("the heading: %q", l)
	}
	r.untilTrue("it is kept", func() bool {
		r.f.mu.Lock()
		defer r.f.mu.Unlock()
		return slices.ContainsFunc(r.f.remembered, func(l string) bool {
			return strings.HasPrefix(l, "columns of the instances: NAME,ID,STATE,ADDRESS")
		})
	})
	r.press("tab", "c")
	r.has("Columns of the records", "✓ VALUE", "  OWNER")
	r.press("J", "enter") // TTL and so on stay; NAME behind ZONE
	r.untilTrue("another order", func() bool {
		l := r.head("VALUE")
		return strings.Index(l, "ZONE") < strings.LastIndex(l, "NAME")
	})
	r.press("c", "r", "enter")
	r.untilTrue("as it was", func() bool {
		l := r.head("VALUE")
		return strings.LastIndex(l, "NAME") < strings.Index(l, "ZONE")
	})
}

func TestTheColumnsOfAnEarlierRunAreShownAndUnknownOnesLeftOut(t *testing.T) {
	r := newRig(t, 160, 40, func(_ *ui.Options, f *fake) {
		f.typedBefore = map[common.Prompt]common.History{"columns of the instances": {"IMAGE,NAME,NONSENSE", "CLOUD"}, "columns of the records": {"default", "NAME"}}
	})
	r.until("Instances 30", "IMAGE", "VALUE")
	r.untilTrue("only these", func() bool {
		return !strings.Contains(r.screen(), "CLOUD") && strings.Index(r.head("IMAGE"), "IMAGE") < strings.Index(r.head("IMAGE"), "NAME")
	})
}

func TestAtLeastOneColumnIsShown(t *testing.T) {
	r := newRig(t, 120, 40, func(_ *ui.Options, f *fake) {
		f.typedBefore = map[common.Prompt]common.History{"columns of the instances": {"NAME"}}
	})
	r.until("Instances 30")
	r.untilTrue("one column", func() bool { return !strings.Contains(r.screen(), "CLOUD") })
	r.press("c", "space", "enter")
	r.has("show at least one column", "Columns of the instances")
}

func TestTheOrderStaysWithItsColumnWhenColumnsChange(t *testing.T) {
	r := newRig(t, 200, 40).ready()
	r.press("s", "s")
	r.until("by name", "NAME↑")
	r.press("c", "space", "enter") // CLOUD hidden
	r.untilTrue("no CLOUD", func() bool { return !strings.Contains(r.screen(), "CLOUD") })
	r.has("by name", "NAME↑")
	r.press("c", "space", "enter") // NAME hidden
	r.until("worst first")
}

func TestWideShowsOnePaneWithTheColumnsOfAWideTable(t *testing.T) {
	r := newRig(t, 250, 40).ready()
	r.hasNot("REGION")
	r.press("W")
	r.until("REGION", "PROVIDER", "wide: the columns of ls -o wide too")
	r.hasNot("DNS 27")
	r.press("W")
	r.until("DNS 27")
	r.hasNot("REGION")
	r.press("f")
	r.until("Findings")
	r.press("c")
	r.has("columns are chosen in the instances and the records")
}

func TestTheColumnsOfTheConfigAreShownAndThoseThatAreChosenGoFirst(t *testing.T) {
	config := func(o *ui.Options, _ *fake) {
		o.Columns = map[string][]string{"instances": {"image", "name"}, "records": {"value", "name"}}
	}
	r := newRig(t, 160, 40, config)
	r.until("IMAGE")
	r.untilTrue("the columns of the config in both panes", func() bool {
		l := r.head("IMAGE")
		return !strings.Contains(l, "CLOUD") && !strings.Contains(l, "TYPE") && strings.Index(l, "IMAGE") < strings.Index(l, "NAME") && strings.Index(l, "VALUE") < strings.LastIndex(l, "NAME")
	})
	r.press("c")
	r.has("✓ IMAGE", "✓ NAME", "  CLOUD")
	r.press("space", "enter") // IMAGE hidden
	r.untilTrue("no IMAGE", func() bool { return !strings.Contains(r.screen(), "IMAGE") })
	r.press("c", "r", "enter") // as in the config again
	r.until("IMAGE")
	r.untilTrue("that is kept", func() bool {
		r.f.mu.Lock()
		defer r.f.mu.Unlock()
		return len(r.f.remembered) == 2 && r.f.remembered[1] == "columns of the instances: default"
	})

	r = newRig(t, 160, 40, config, func(_ *ui.Options, f *fake) {
		f.typedBefore = map[common.Prompt]common.History{"columns of the instances": {"CLOUD,NAME"}}
	})
	r.until("CLOUD", "VALUE")
	r.untilTrue("no IMAGE", func() bool { return !strings.Contains(r.screen(), "IMAGE") })
}

func TestAConfigCanNameEachColumn(t *testing.T) {
	r := newRig(t, 250, 40, func(o *ui.Options, _ *fake) { o.Columns = screen.Columns() })
	r.until("CLOUD", "NAME", "VALUE")
	if n := len(screen.Columns()["instances"]); n < 15 {
		t.Errorf("the instances have %d columns", n)
	}
}
