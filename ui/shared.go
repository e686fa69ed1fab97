package ui

import (
	"context"
	"fmt"
	"time"

	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/ui/theme"
)

// shared is what the root model lends its screens: the latest picture of the sources, and
// the means to show a message, to open a dialog and to begin a change. Like the model it is
// used by the goroutine of Update alone.
type shared struct {
	fleetID string // empty when the config has none
	backend Backend
	keymap  KeyMap
	// bindings are what each key does.
	bindings map[string]Action
	theme    *theme.Theme
	now      func() time.Time
	ctx      context.Context // ends when the console quits
	cancel   context.CancelFunc

	w, h             int
	readOnly, paused bool

	model   *viewModel // nil until the first snapshot was joined
	sources []rows.Source

	dialogs []dialog
	status  status
	// current returns what the row under the cursor of the screen on top is about.
	current func() subject
	// reload has the screen on top read again what only it shows.
	reload func() tea.Cmd
	// goTo shows the row of a record, or of an instance, in the fleet; see Model.goTo.
	goTo func(id providers.Identity, k rows.InstanceKey) (exists, visible bool)

	// start begins a change. With oneKey it runs as soon as it is planned; else a dialog asks first.
	start func(w ChangeRequest, what string, oneKey bool) tea.Cmd

	lastID uint64
}

// nextID returns the number of a change, a launch or a question: an answer that bears another
// number is late.
func (sh *shared) nextID() uint64 {
	sh.lastID++
	return sh.lastID
}

// refusedReadOnly reports whether the console is read-only, and shows so when it is.
func (sh *shared) refusedReadOnly() bool {
	if sh.readOnly {
		sh.notify(toneWarn, "read-only: "+sh.keymap.label(ActReadOnly)+" switches it")
	}
	return sh.readOnly
}

// hiddenMarks reports whether every mark of a list is hidden, and shows that nothing is acted
// on then.
func (sh *shared) hiddenMarks(l table) bool {
	visible, hidden := l.Marks()
	if hidden == 0 || visible > 0 {
		return false
	}
	by := "by the filter"
	if l.filterText() == "" {
		by = "in folded rows"
	}
	sh.notify(toneWarn, fmt.Sprintf("%d marked, all hidden %s: nothing is acted on that cannot be seen", hidden, by))
	return true
}

// textWidth returns the width of the text of a dialog, in cells.
func (sh *shared) textWidth() int { return max(min(sh.w-8, 100), 20) }

// allRead reports whether every source has been read at least once, well or not.
func (sh *shared) allRead() bool {
	for i := range sh.sources {
		if sh.sources[i].Coverage.State == providers.CoverageNone {
			return false
		}
	}
	return len(sh.sources) > 0
}

// allComplete reports whether every source was read whole.
func (sh *shared) allComplete() bool {
	for i := range sh.sources {
		if sh.sources[i].Seen != providers.CoverageComplete {
			return false
		}
	}
	return len(sh.sources) > 0
}

// recordsByID returns the rows of the records with these identities. The filter of the
// records' pane does not matter: they were chosen by a row that is seen.
func (sh *shared) recordsByID(ids []providers.Identity) []*rows.Record {
	if len(ids) == 0 || sh.model == nil {
		return nil
	}
	wanted := make(map[providers.Identity]bool, len(ids))
	for _, id := range ids {
		wanted[id] = true
	}
	var out []*rows.Record
	for _, r := range sh.model.Records {
		if wanted[r.ID] {
			out = append(out, r)
		}
	}
	return out
}
