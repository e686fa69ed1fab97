package ui_test

import (
	"slices"
	"strings"
	"testing"

	"rollcall/ui"
	"rollcall/ui/common"
)

// typedBefore is a fake of a machine on which this was typed in an earlier run.
func typedBefore(_ *ui.Options, f *fake) {
	f.typedBefore = map[common.Prompt]common.History{
		common.PromptCommands: {"records finding:dead", "journal"},
		common.PromptFilters:  {"type:MX", "name:mail"},
	}
}

// recalls waits until what was typed before has been read, which may take longer than the rows.
func (r *rig) recalls() *rig {
	r.t.Helper()
	r.untilTrue("what was typed before", func() bool { return len(r.m.History) > 0 })
	return r
}

func (r *rig) rememberedAre(want ...string) {
	r.t.Helper()
	r.untilTrue("what is kept: "+strings.Join(want, ", "), func() bool {
		r.f.mu.Lock()
		defer r.f.mu.Unlock()
		return slices.Equal(r.f.remembered, want)
	})
}

func TestUpBringsEarlierFiltersBackTheNewestFirstAndAppliesThem(t *testing.T) {
	r := newRig(t, 140, 40, typedBefore).ready().recalls()
	r.press("tab", "/")
	r.typeText("type:TXT")
	r.until("DNS 2/27")
	r.press("up")
	r.until("DNS 1/27 · /type:MX")
	r.press("up")
	r.until("/name:mail")
	r.press("up") // there is no older one
	r.press("down", "down")
	r.until("DNS 2/27 · /type:TXT")
	r.press("enter")
	r.rememberedAre("filters: type:TXT")
	r.press("esc", "/", "up", "up")
	r.until("/type:MX")
	r.press("enter")
	r.rememberedAre("filters: type:TXT", "filters: type:MX")
	r.press("esc", "/", "up", "up", "up")
	r.until("/name:mail") // type:MX is there once
	r.press("esc")
	if len(r.f.remembered) != 2 {
		t.Errorf("a filter that was left is kept: %q", r.f.remembered)
	}
}

func TestUpBringsEarlierCommandsBackAndEnterRunsThem(t *testing.T) {
	r := newRig(t, 140, 40, typedBefore).ready().recalls()
	r.press(":", "up")
	r.has(":records finding:dead")
	r.press("up")
	r.has(":journal")
	r.press("down", "enter")
	r.until("/finding:dead")
	r.rememberedAre("commands: records finding:dead")
	r.press(":")
	r.typeText("find")
	r.press("up", "down")
	r.has(":find")
	r.press("enter")
	r.until("Findings 5")
	r.rememberedAre("commands: records finding:dead", "commands: findings")
	r.press(":", "up")
	r.has(":findings")
	r.press("esc", ":")
	r.typeText("q")
	r.press("enter")
	if n := len(r.f.remembered); n != 2 {
		t.Errorf("quit is kept: %q", r.f.remembered)
	}
}

func TestInThePaletteUpMovesThroughTheListOnceItHasBeenEntered(t *testing.T) {
	r := newRig(t, 140, 40, typedBefore).ready()
	r.press(":", "down", "down", "up")
	if l := r.line("▌ instances"); l == "" {
		t.Error("up does not move in the list")
	}
}

func TestNothingTypedIsKeptByTheDemoAndByReadOnlyRuns(t *testing.T) {
	for name, change := range map[string]func(*ui.Options, *fake){
		"demo":      func(o *ui.Options, _ *fake) { o.Demo = true },
		"read-only": func(o *ui.Options, _ *fake) { o.ReadOnly = true },
	} {
		r := newRig(t, 140, 40, change).ready()
		r.filtered("type:MX", "/type:MX")
		r.press("esc", "/", "up")
		r.until("/type:MX") // within the run it is known
		r.press("esc", ":")
		r.typeText("journal")
		r.press("enter")
		r.until("Journal")
		if len(r.f.remembered) != 0 {
			t.Errorf("%s: %q", name, r.f.remembered)
		}
	}
}
