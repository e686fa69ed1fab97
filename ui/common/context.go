package common

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview"
	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/ui/theme"
)

// Context is what the root model lends its screens: the latest picture of the sources, and
// the means to show a message, to open a dialog and to begin a change. Like the model it is
// used by the goroutine of Update alone.
type Context struct {
	FleetID string // empty when the config has none
	Backend Backend
	KeyMap  KeyMap
	// Bindings are what each key does.
	Bindings map[string]Action
	Theme    *theme.Theme
	Now      func() time.Time
	Ctx      context.Context // ends when the console quits
	Cancel   context.CancelFunc

	Width, Height    int
	ReadOnly, Paused bool

	Picture *Picture // nil until the first snapshot was joined
	Sources []rows.Source

	Dialogs []Dialog
	Status  Status
	// Current returns what the row under the cursor of the screen on top is about.
	Current func() Subject
	// Reload has the screen on top read again what only it shows.
	Reload func() tea.Cmd
	// GoTo shows the row of a record, or of an instance, in the fleet; see Model.goTo.
	GoTo func(id providers.Identity, k rows.InstanceKey) (exists, visible bool)

	// StartChange begins a change. With oneKey it runs as soon as it is planned; else a dialog asks first.
	StartChange func(w ChangeRequest, what string, oneKey bool) tea.Cmd

	lastID uint64
}

// NextID returns the number of a change, a launch or a question: an answer that bears another
// number is late.
func (sh *Context) NextID() uint64 {
	sh.lastID++
	return sh.lastID
}

// RefusedReadOnly reports whether the console is read-only, and shows so when it is.
func (sh *Context) RefusedReadOnly() bool {
	if sh.ReadOnly {
		sh.Notify(ToneWarn, "read-only: "+sh.KeyMap.Label(ActReadOnly)+" switches it")
	}
	return sh.ReadOnly
}

// TextWidth returns the width of the text of a dialog, in cells.
func (sh *Context) TextWidth() int { return max(min(sh.Width-8, 100), 20) }

// AllRead reports whether every source has been read at least once, well or not.
func (sh *Context) AllRead() bool {
	for i := range sh.Sources {
		if sh.Sources[i].Coverage.State == providers.CoverageNone {
			return false
		}
	}
	return len(sh.Sources) > 0
}

// AllComplete reports whether every source was read whole.
func (sh *Context) AllComplete() bool {
	for i := range sh.Sources {
		if sh.Sources[i].Seen != providers.CoverageComplete {
			return false
		}
	}
	return len(sh.Sources) > 0
}

// RecordsByID returns the rows of the records with these identities. The filter of the
// records' pane does not matter: they were chosen by a row that is seen.
func (sh *Context) RecordsByID(ids []providers.Identity) []*rows.Record {
	if len(ids) == 0 || sh.Picture == nil {
		return nil
	}
	wanted := make(map[providers.Identity]bool, len(ids))
	for _, id := range ids {
		wanted[id] = true
	}
	var out []*rows.Record
	for _, r := range sh.Picture.Records {
		if wanted[r.ID] {
			out = append(out, r)
		}
	}
	return out
}

// Subject is what one row is about, as far as it is about any of these.
type Subject struct {
	Instance   *rows.Instance
	Finding    *dnsview.Finding // the worst
	Service    string           // of which the row is or in which it lies
	Production bool
}
