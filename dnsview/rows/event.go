package rows

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/providers"
	"rollcall/providers/journal"
)

// EventKind is a kind of event of a timeline.
type EventKind string

// The kinds of events.
const (
	EventBegun  EventKind = "begun"  // a finding was established
	EventEnded  EventKind = "ended"  // a finding is over
	EventState  EventKind = "state"  // an instance changed its state
	EventChange EventKind = "change" // rollcall changed something
)

// Event is one line of a timeline, and the row of it. Its texts are clean.
type Event struct {
	Time     time.Time `json:"time"`
	Kind     EventKind `json:"event"`
	Severity string    `json:"severity,omitempty"` // of a finding
	Class    string    `json:"class,omitempty"`    // of a finding
	Finding  string    `json:"finding,omitempty"`  // dnsview's Finding.Key, clean
	Names    []string  `json:"names"`              // what it is about: domain names, records, instance ids and names, services
	Text     string    `json:"text"`               // one sentence
	Who      string    `json:"who,omitempty"`      // of a change: user@host
	Entry    string    `json:"entry,omitempty"`    // of a change: its entry of the journal
}

// Key returns the identity of the row.
func (e *Event) Key() string {
	return e.Time.Format(time.RFC3339Nano) + " " + string(e.Kind) + " " + e.Text
}

// EventTable returns the columns of tables.
func EventTable(ascii bool) []Column[*Event] {
	return []Column[*Event]{
		{Title: "TIME", Text: func(e *Event) string { return e.Time.Local().Format(time.DateTime) }, Key: func(e *Event) string { return e.Time.UTC().Format(time.RFC3339Nano) }},
		{Title: "EVENT", Text: func(e *Event) string { return string(e.Kind) }},
		{Title: "SEVERITY", Text: func(e *Event) string { return e.Severity }},
		{Title: "CLASS", Text: func(e *Event) string { return e.Class }},
		{Title: "WHO", Text: func(e *Event) string { return e.Who }},
		{Title: "WHAT", Text: func(e *Event) string {
			if ascii {
				return e.Text
			}
			return index.Readable(e.Text)
		}},
	}
}

// namesOf appends texts that are not empty, clean and each once.
func namesOf(out []string, names ...string) []string {
	for _, n := range names {
		if n = providers.Clean(n); n != "" && !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}

func namesOfRecord(out []string, r *providers.Record) []string {
	out = namesOf(out, r.Name, r.Name+"/"+r.Type+"/"+r.Value, r.Value)
	if srv, ok := providers.ParseSRV(r.Value); ok && r.Type == "SRV" {
		out = namesOf(out, srv.Target)
	}
	for _, o := range r.Owners {
		out = namesOf(out, o.Instance)
	}
	return out
}

func namesOfInstance(out []string, i *providers.InstanceRef) []string {
	if i == nil || i.ID == "" {
		return out
	}
	return namesOf(out, i.ID, i.Name, i.Cloud+"/"+i.ID)
}

// NewFindingEvent returns the event that a finding was established.
func NewFindingEvent(f *dnsview.Finding, at time.Time) Event {
	e := Event{Time: at.UTC(), Kind: EventBegun, Severity: f.Severity.String(), Class: string(f.Class), Finding: providers.Clean(f.Key()), Text: providers.Clean(f.Reason)}
	if f.Record != nil {
		e.Names = namesOfRecord(e.Names, f.Record)
	}
	e.Names = namesOf(namesOfInstance(e.Names, f.Instance), f.Name, f.Service, f.Zone, f.Cloud)
	return e
}

// NewEndEvent returns the event that a finding, by its Finding.Key, is over.
func NewEndEvent(key string, at time.Time) Event {
	class, subject, _ := strings.Cut(providers.Clean(key), "|")
	parts := strings.Split(subject, "|")
	return Event{
		Time: at.UTC(), Kind: EventEnded, Class: class, Finding: providers.Clean(key), Names: namesOf(nil, parts...), Text: "no longer " + class + ": " + keySubject(parts),
	}
}

// keySubject returns in words what a finding is about, by the parts of its key behind the class: service and zone, then
// zone, name, type, value and id of a record, or key and id of an instance, or a name.
func keySubject(parts []string) string {
	const fieldsOfRecord = 7
	if len(parts) >= fieldsOfRecord {
		return strings.Join(parts[3:6], " ")
	}
	return cmp.Or(parts[len(parts)-1], parts[0])
}

// NewStateEvent returns the event that an instance changed its state; from is empty for one that was not listed before, to for
// one that is not listed any more.
func NewStateEvent(i *providers.Instance, service string, from, to providers.InstanceState, at time.Time) Event {
	text := index.Label(i) + " is " + string(cmp.Or(to, "not listed any more"))
	if from != "" {
		text += ", and was " + string(from)
	}
	return Event{
		Time: at.UTC(), Kind: EventState, Text: providers.Clean(text),
		Names: namesOf(namesOfInstance(nil, &providers.InstanceRef{Cloud: i.Cloud, Key: i.Key, ID: i.ID, Name: i.Name}), service, i.Cloud),
	}
}

// NewChangeEvent returns the event of an entry of the journal.
func NewChangeEvent(e *journal.Entry) Event {
	out := Event{
		Time: e.Time.UTC(), Kind: EventChange, Class: providers.Clean(e.Reason), Who: providers.Clean(e.Who), Entry: providers.Clean(e.ID),
		Text: providers.Clean(e.Verb + ": " + e.Sentence + " (" + string(e.State) + ")"), Names: namesOf(nil, e.Zone),
	}
	row := Entry{Entry: *e}
	for _, r := range row.changedRecords() {
		out.Names = namesOfRecord(out.Names, r)
	}
	node := row.node()
	out.Names = namesOfInstance(out.Names, &node)
	return out
}

// About reports whether the event is about a name as an operator types it: a domain name with or without its zone, a record as
// dnsview.SplitRecord takes it, a node's name or id, with its cloud or without, a service, a cloud or a zone.
func (e *Event) About(name string) bool {
	if e.names(name) {
		return true
	}
	if zone, of, typ, value, ok := dnsview.SplitRecord(name); ok {
		of += "/" + typ + "/"
		set := max(0, strings.LastIndexByte(value, '#'))
		return (e.names(of+value) || set > 0 && e.names(of+value[:set])) && (!strings.Contains(zone, ".") || e.names(zone)) // an id has no dot
	}
	cloud, node, ok := strings.Cut(name, "/")
	return ok && e.names(cloud) && e.names(node)
}

// names reports whether a name is one of the event's, or the first label of one.
func (e *Event) names(name string) bool {
	name = strings.TrimSuffix(strings.ToLower(name), ".")
	return name != "" && slices.ContainsFunc(e.Names, func(n string) bool {
		n = strings.ToLower(n)
		rest, short := strings.CutPrefix(n, name)
		return short && (rest == "" || rest[0] == '.' && !strings.Contains(name, "."))
	})
}

// Timeline returns events in order of time, without what several processes recorded of the same.
func Timeline(events []Event) []Event {
	slices.SortStableFunc(events, func(a, b Event) int { return a.Time.Compare(b.Time) })
	last := map[string]EventKind{} // by finding, and by the text of states
	names := map[string][]string{}
	out := events[:0]
	for _, e := range events {
		switch e.Kind {
		case EventBegun, EventEnded:
			if last[e.Finding] == e.Kind {
				continue
			}
			last[e.Finding] = e.Kind
			if e.Kind == EventBegun {
				names[e.Finding] = e.Names
			} else {
				e.Names = namesOf(slices.Clone(e.Names), names[e.Finding]...)
			}
		case EventState:
			at := strings.Join(e.Names, " ")
			if last[at] == EventKind(e.Text) {
				continue
			}
			last[at] = EventKind(e.Text)
		}
		out = append(out, e)
	}
	return out
}
