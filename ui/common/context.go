package common

import (
	"cmp"
	"context"
	"sync/atomic"
	"time"

	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview"
	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/ui/theme"
)

// Context is what screens and dialogs get from the root model: the latest picture of the sources, and functions to show
// a message, to open a dialog and to start a change. Only the goroutine of Update uses it.
type Context struct {
	FleetID string // empty if the config has none
	Backend Backend
	KeyMap  KeyMap
	// Bindings maps keys to actions.
	Bindings map[string]Action
	Theme    *theme.Theme
	Now      func() time.Time
	Ctx      context.Context // ends when the console quits
	Cancel   context.CancelFunc

	Width, Height    int
	ReadOnly, Paused bool

	Picture *Picture // nil until the first snapshot was joined
	Sources []rows.Source

	// History is what was typed at prompts, in this run and before.
	History map[Prompt]History

	Dialogs []Dialog
	Status  Status
	// Messages are those that were shown, the latest last.
	Messages []Status
	// Doing holds what running changes do to instances. It is replaced, never changed.
	Doing atomic.Pointer[map[rows.InstanceKey]Doing]
	// Team is what is known of the other members of the team; nil without one. It is replaced, never changed.
	Team atomic.Pointer[Team]
	// Trends holds what the overview shows of the last hour. It is safe for concurrent use.
	Trends rows.Trends
	// Current returns the subject of the row under the cursor of the top screen.
	Current func() Subject
	// Reload makes the top screen read its own data again.
	Reload func() tea.Cmd
	// GoTo shows the row of a record, or of an instance, in the fleet; see Model.goTo.
	GoTo func(id providers.Identity, k rows.InstanceKey) (exists bool)

	// StartChange starts a change. With oneKey it runs as soon as it is planned; otherwise a dialog asks first.
	StartChange func(w ChangeRequest, what string, oneKey bool) tea.Cmd

	// KeyEvents is whether the terminal reports which keys are held down.
	KeyEvents bool

	lastID    uint64
	typedAt   time.Time // when a dialog last got a printable key
	lastKey   string
	lastKeyAt time.Time
	press     Press // of lastKey
}

// NextID returns a new number for a change, a launch or a query. An answer with another number is outdated.
func (sh *Context) NextID() uint64 {
	sh.lastID++
	return sh.lastID
}

// RefusedReadOnly reports whether the console is read-only, and shows a message if it is.
func (sh *Context) RefusedReadOnly() bool {
	if sh.ReadOnly {
		sh.Notify(ToneWarn, "read-only: "+sh.KeyMap.Label(ActReadOnly)+" switches it")
	}
	return sh.ReadOnly
}

// Readable returns a text clean and as rows show it: with internationalized names in Unicode unless --ascii was given.
func (sh *Context) Readable(text string) string {
	if sh.Picture == nil || sh.Picture.View == nil {
		return Clean(text)
	}
	return Clean(sh.Picture.View.Options.Readable(text))
}

// TextWidth returns the width of a dialog's text in cells.
func (sh *Context) TextWidth() int { return max(min(sh.Width-8, 100), 20) }

// AllRead reports whether every source has been read at least once, successfully or not.
func (sh *Context) AllRead() bool {
	for i := range sh.Sources {
		if sh.Sources[i].Coverage.State == providers.CoverageNone {
			return false
		}
	}
	return len(sh.Sources) > 0
}

// AllComplete reports whether every source was read completely.
func (sh *Context) AllComplete() bool {
	for i := range sh.Sources {
		if sh.Sources[i].Seen != providers.CoverageComplete {
			return false
		}
	}
	return len(sh.Sources) > 0
}

// RecordsByID returns the rows of these records. It ignores the filter of the records' pane, because the records were
// chosen by a visible row.
func (sh *Context) RecordsByID(ids []providers.Identity) []*rows.Record {
	if len(ids) == 0 || sh.Picture == nil {
		return nil
	}
	wanted, names := make(map[providers.Identity]bool, len(ids)), make(map[string]bool, len(ids))
	for _, id := range ids {
		wanted[id], names[id.Name] = true, true
	}
	var out []*rows.Record
	for _, r := range sh.Picture.Records {
		if names[r.Rec.Name] && wanted[r.Key()] {
			out = append(out, r)
		}
	}
	return out
}

// InstanceOf returns the row of an instance, or nil.
func (sh *Context) InstanceOf(ref providers.InstanceRef) *rows.Instance {
	if sh.Picture == nil {
		return nil
	}
	return sh.Picture.Instance(rows.KeyOf(ref))
}

// Describe returns a verb with its objects in a few words.
func Describe(refs []providers.InstanceRef, verb, noun string) string {
	if len(refs) != 1 {
		return verb + " " + providers.CountOf(len(refs), noun)
	}
	what := verb + " " + Clean(cmp.Or(refs[0].Name, refs[0].ID))
	if refs[0].Cloud != "" {
		what += " in " + Clean(refs[0].Cloud)
	}
	return what
}

// Doing is what a running change does to an instance.
type Doing struct {
	What  string    // "draining"
	Short string    // the same in fewer cells; empty if there is no such text
	By    string    // the member of the team who does it; empty for the operator of this console
	Until time.Time // of the current wait, or zero
}

// DoingTo returns what is being done to an instance now, by whom and how long it still waits, or "", and the same in fewer
// cells, which is by whom alone for another member. It is safe for concurrent use.
func (sh *Context) DoingTo(k rows.InstanceKey) (text, short string) {
	var d Doing
	if all := sh.Doing.Load(); all != nil {
		d = (*all)[k]
	}
	if team := sh.Team.Load(); d.What == "" && team != nil {
		d = team.Doing[k]
	}
	text, short = d.What, cmp.Or(d.Short, d.What)
	if d.By != "" {
		text, short = d.What+" by "+d.By, "by "+d.By
	}
	if left := d.Until.Sub(sh.Now()); !d.Until.IsZero() && left > 0 {
		text += " " + seconds(left)
		short += " " + seconds(left)
	}
	return text, short
}

// Subject is what a row is about; fields that do not apply are zero.
type Subject struct {
	Record     *rows.Record // of a row that is or is about a record
	Instance   *rows.Instance
	Finding    *dnsview.Finding // the worst
	Service    string           // the service of the row, or that contains it
	Name       string           // what rollcall timeline calls the row
	Production bool
}
