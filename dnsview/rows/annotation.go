package rows

import (
	"time"

	"rollcall/dnsview"
	"rollcall/providers"
)

// SnoozeObject is the JSON of the snooze of a finding.
type SnoozeObject struct {
	Until  time.Time `json:"until"`  // when it ends
	Reason string    `json:"reason"` // why, in the words of who did it
	By     string    `json:"by"`     // who did it
	At     time.Time `json:"at"`     // when it was done
}

// NoteObject is the JSON of a note.
type NoteObject struct {
	Text string    `json:"text"` // what it says
	By   string    `json:"by"`   // who wrote it
	At   time.Time `json:"at"`   // when it was written
}

// Snooze returns the snooze of the finding that holds now, with clean texts, or nil.
func (r *Finding) Snooze() *SnoozeObject {
	s := r.view.Snooze(r.Finding)
	if s == nil {
		return nil
	}
	return &SnoozeObject{Until: s.Until, Reason: providers.Clean(s.Reason), By: providers.Clean(s.Who), At: s.At}
}

// Snoozed divides findings into those that are not snoozed and those that are, both in their order.
func Snoozed(all []*Finding) (others, snoozed []*Finding) {
	others = make([]*Finding, 0, len(all))
	for _, r := range all {
		if r.view.Snooze(r.Finding) != nil {
			snoozed = append(snoozed, r)
		} else {
			others = append(others, r)
		}
	}
	return others, snoozed
}

// snoozed returns what a column says of the snooze: until when, and why.
func (r *Finding) snoozed() string {
	if s := r.Snooze(); s != nil {
		return s.Until.UTC().Format(time.RFC3339) + " " + s.Reason
	}
	return ""
}

// Note returns the note about the instance, with clean texts, or nil.
func (r *Instance) Note() *NoteObject { return noteOf(r.view, r.ID) }

// Note returns the note about the record, with clean texts, or nil.
func (r *Record) Note() *NoteObject { return noteOf(r.view, r.Subject) }

// Subject returns the record in the form of the command line.
func (r *Record) Subject() string { return providers.Clean(r.view.RecordName(r.Rec)) }

// NoteAbout returns the note about what an identity names, which need not be there any more, or nil.
func NoteAbout(v *dnsview.View, identity string) *NoteObject {
	return noteOf(v, func() string { return identity })
}

// noteOf returns the note about a subject, which is made if there are notes at all.
func noteOf(v *dnsview.View, subject func() string) *NoteObject {
	a := v.Options.Annotations
	if a == nil || len(a.Notes) == 0 {
		return nil
	}
	n, ok := a.Notes[subject()]
	if !ok {
		return nil
	}
	return &NoteObject{Text: providers.Clean(n.Text), By: providers.Clean(n.Who), At: n.At}
}

func (n *NoteObject) text() string {
	if n == nil {
		return ""
	}
	return n.Text
}
