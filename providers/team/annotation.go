package team

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Annotation is a snooze of a finding, the end of one, or a note about a subject.
type Annotation struct {
	Time     time.Time `json:"time"`
	Who      string    `json:"who"`
	Finding  string    `json:"finding,omitempty"` // key of the finding that is snoozed
	Until    time.Time `json:"until,omitzero"`    // zero for the end of a snooze
	Evidence string    `json:"evidence,omitempty"`
	Subject  string    `json:"subject,omitempty"` // that the note is about
	Text     string    `json:"text,omitempty"`    // reason or note; empty for no note any more

	later map[string]json.RawMessage // fields of a later version of rollcall
}

// plainAnnotation is an Annotation without its methods.
type plainAnnotation Annotation

// UnmarshalJSON keeps fields that this version does not know.
func (a *Annotation) UnmarshalJSON(data []byte) error {
	later, err := unmarshalAll(data, (*plainAnnotation)(a), "time", "who", "finding", "until", "evidence", "subject", "text")
	a.later = later
	return err
}

// MarshalJSON returns all fields, with those that this version does not know.
func (a Annotation) MarshalJSON() ([]byte, error) { return marshalAll(plainAnnotation(a), a.later) }

// about returns what the annotation is about: of two about the same the later one holds.
func (a *Annotation) about() string { return a.Finding + "\n" + a.Subject }

// endsAt returns when the annotation is over; zero if it does not end by itself.
func (a *Annotation) endsAt() time.Time {
	switch {
	case a.Finding != "" && !a.Until.IsZero():
		return a.Until
	case a.Finding != "" || a.Text == "":
		return a.Time
	}
	return time.Time{}
}

// document is the content of the object of annotations. It has one annotation at most for each thing that they are about.
type document struct {
	Format      int          `json:"format"`
	Annotations []Annotation `json:"annotations"`

	later map[string]json.RawMessage
}

type plainDocument document

// parseDocument returns the content of the object, or of none.
func parseDocument(data []byte) (*document, error) {
	d := &document{Format: format}
	if len(data) == 0 {
		return d, nil
	}
	d.Format = 0
	later, err := unmarshalAll(data, (*plainDocument)(d), "format", "annotations")
	d.later = later
	switch {
	case err != nil:
		return nil, fmt.Errorf("the object %s is damaged: %w", boardKey, err)
	case d.Format > format:
		return nil, fmt.Errorf("the object %s has the format %d of a later rollcall, and this one knows %d: update it", boardKey, d.Format, format)
	case d.Format < format:
		return nil, fmt.Errorf("the object %s is damaged: it has no format", boardKey)
	}
	return d, nil
}

func (d *document) text() ([]byte, error) { return marshalAll((*plainDocument)(d), d.later) }

// keptAfterEnd is how long what is over is kept, so that an annotation of a member who was away then is known to be
// older.
const keptAfterEnd = 31 * 24 * time.Hour

// prune removes what was over long ago.
func (d *document) prune(now time.Time) {
	d.Annotations = slices.DeleteFunc(d.Annotations, func(a Annotation) bool {
		end := a.endsAt()
		return !end.IsZero() && now.Sub(end) > keptAfterEnd
	})
}

// merge adds annotations and reports whether that changed something. Of two about the same the one with the later time
// holds. With latest it is the one that is added, whose time is then made the later one.
func (d *document) merge(list []Annotation, latest bool) (changed bool) {
	for k := range list {
		a := &list[k]
		i := slices.IndexFunc(d.Annotations, func(b Annotation) bool { return b.about() == a.about() })
		switch {
		case i < 0:
			d.Annotations = append(d.Annotations, *a)
		case d.Annotations[i].Time.Equal(a.Time) && d.Annotations[i].Who == a.Who:
			continue // it is there
		case d.Annotations[i].Time.Before(a.Time):
			d.Annotations[i] = *a
		case latest:
			a.Time = d.Annotations[i].Time.Add(time.Millisecond)
			d.Annotations[i] = *a
		default:
			continue
		}
		changed = true
	}
	return changed
}

// unmarshalAll parses a JSON object into known, and returns its fields other than those named.
func unmarshalAll(data []byte, known any, names ...string) (map[string]json.RawMessage, error) {
	if err := json.Unmarshal(data, known); err != nil {
		return nil, err
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(data, &all); err != nil {
		return nil, err
	}
	for name := range all {
		if slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) }) {
			delete(all, name)
		}
	}
	if len(all) == 0 {
		return nil, nil //nolint:nilnil // there are no other fields
	}
	return all, nil
}

// marshalAll returns the JSON object of known with other fields.
func marshalAll(known any, others map[string]json.RawMessage) ([]byte, error) {
	data, err := json.Marshal(known)
	if err != nil || len(others) == 0 {
		return data, err
	}
	rest, err := json.Marshal(others)
	if err == nil && (len(data) < 3 || len(rest) < 3) {
		err = errors.New("an object without fields")
	}
	if err != nil {
		return nil, err
	}
	return append(append(data[:len(data)-1], ','), rest[1:]...), nil
}
