package ui_test

import (
	"testing"

	"rollcall/ui"
)

func TestAConsoleThatBeganReadOnlyFinishesWhatIsOpenOnceItAllowsChanges(t *testing.T) {
	allowed := 0
	r := newRig(t, 120, 40, func(o *ui.Options, f *fake) {
		o.ReadOnly = true
		o.AllowWrites = func() {
			f.mu.Lock()
			defer f.mu.Unlock()
			allowed++
			f.leftOpen = []string{"journal entry 7 was left open, and is done now"}
		}
	})
	r.ready()
	r.press("R")
	r.until("journal entry 7 was left open")
	r.press("R", "R")
	if allowed != 1 {
		t.Errorf("writes were allowed %d times", allowed)
	}
}
