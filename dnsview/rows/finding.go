package rows

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/providers"
)

// Finding is the row of a finding in a view.
type Finding struct {
	*dnsview.Finding // its texts are not clean

	// For a screen, clean:
	About, Where, Why string

	view *dnsview.View
	key  string
}

// NewFinding returns the row of a finding of a view.
func NewFinding(v *dnsview.View, f *dnsview.Finding) *Finding {
	r := newFinding(v, f, &index.Texts{})
	return &r
}

func newFinding(v *dnsview.View, f *dnsview.Finding, t *index.Texts) Finding {
	key := f.KeyParts()
	r := Finding{Finding: f, view: v, key: t.Join(key[:]...), Why: providers.Clean(f.Reason)}
	switch {
	case f.Record != nil && f.Record.IsMarker():
		instance, name, _ := providers.SplitMarkerName(f.Record.Name)
		r.About = providers.Clean(t.Join("marker of ", ShortID(instance), " at ", name))
		r.Where = providers.Clean(f.Record.Zone)
	case f.Record != nil:
		r.About = providers.Clean(t.Join(f.Record.Name, " ", f.Record.Type, " ", f.Record.Value))
		r.Where = providers.Clean(f.Record.Zone)
	case f.Instance != nil:
		r.About = providers.Clean(cmp.Or(f.Instance.Name, f.Instance.ID))
		r.Where = providers.Clean(f.Instance.Cloud)
	default:
		r.About = providers.Clean(cmp.Or(f.Name, f.Service, f.Zone, f.Cloud))
		r.Where = providers.Clean(cmp.Or(f.Cloud, f.Zone))
	}
	return r
}

// Findings returns the rows of all findings of a view in its order, the most severe first.
func Findings(v *dnsview.View) []*Finding { return FindingsAfter(nil, v) }

// FindingsAfter returns what Findings does, with the texts of those among the rows of an earlier view, all of them or none,
// whose findings the view has too.
func FindingsAfter(last []*Finding, v *dnsview.View) []*Finding {
	out, list := make([]*Finding, len(v.Findings)), make([]Finding, len(v.Findings))
	var same []int32
	if len(last) > 0 && len(last) == len(last[0].view.Findings) {
		same = v.TakenFrom(last[0].view)
	}
	index.Parallel(len(out), rowsOfPart, func(from, to int) {
		var text index.Texts
		for i := from; i < to; i++ {
			if out[i] = &list[i]; same != nil && same[i] >= 0 {
				list[i] = *last[same[i]]
				list[i].Finding, list[i].view = &v.Findings[i], v
				continue
			}
			list[i] = newFinding(v, &v.Findings[i], &text)
		}
	})
	return out
}

// Key returns the identity of the row.
func (r *Finding) Key() string { return r.key }

// ID returns the class, and the subject in the form of the command line.
func (r *Finding) ID() string { return string(r.Class) + " " + r.subjectName() }

// Identity returns what commands take for what the finding is about: a record, else an instance, else a name.
func (r *Finding) Identity() string { return r.subjectName() }

// subjectName returns the subject of the finding: a record, else an instance, else a name.
func (r *Finding) subjectName() string {
	if r.Record != nil {
		return providers.Clean(r.view.RecordName(r.Record))
	}
	return about(refOf(r.Instance), r.Name, r.Service, r.Zone, r.Cloud)
}

func about(i *Ref, names ...string) string {
	if i != nil {
		return i.Cloud + "/" + i.ID
	}
	return providers.Clean(cmp.Or(names...))
}

// FindingTable returns the columns of tables.
func FindingTable() []Column[*Finding] {
	return []Column[*Finding]{
		{
			Title: "SEVERITY", Text: func(r *Finding) string { return r.Severity.String() },
			Key: func(r *Finding) string { return strconv.Itoa(int(dnsview.Critical) - int(r.Severity)) },
		},
		{Title: "CLASS", Text: func(r *Finding) string { return string(r.Class) }},
		{Title: "ABOUT", Text: func(r *Finding) string { return r.view.Options.Readable(r.subjectName()) }},
		{Title: "REMEDY", Text: func(r *Finding) string { return string(r.Remedy) }},
		{Title: "REASON", Text: func(r *Finding) string { return r.view.Options.Readable(r.Why) }},
		{Title: "ADVICE", Wide: true, Text: func(r *Finding) string { return providers.Clean(r.view.Advice(r.Finding)) }},
		{
			Title: "SINCE", Wide: true, Aging: true, Text: func(r *Finding) string { return Age(r.view.Options.Now.Sub(r.view.FirstSeen(r.Finding))) },
			Key:     func(r *Finding) string { return r.view.FirstSeen(r.Finding).UTC().Format(time.RFC3339Nano) },
			Machine: func(r *Finding) string { return r.view.FirstSeen(r.Finding).UTC().Format(time.RFC3339) },
		},
		{Title: "CERTAIN", Wide: true, Text: func(r *Finding) string { return strconv.FormatBool(r.Certain()) }},
		{Title: "SNOOZED", Wide: true, Text: (*Finding).snoozed},
		{Title: "CLOUD", Wide: true, Text: func(r *Finding) string { return providers.Clean(r.Cloud) }},
		{Title: "ZONE", Wide: true, Text: func(r *Finding) string { return r.view.Options.Readable(providers.Clean(r.Zone)) }},
		{Title: "SERVICE", Wide: true, Text: func(r *Finding) string { return r.view.Options.Readable(providers.Clean(r.Service)) }},
	}
}

// FindingScreen returns the columns of the console; now is called when they are drawn.
func FindingScreen(now func() time.Time) []Column[*Finding] {
	return []Column[*Finding]{
		{
			Title: "FINDING", Min: 9, Max: 18, Priority: -1, Text: func(r *Finding) string { return r.Label() },
			Compare: func(a, b *Finding) int {
				return cmp.Or(cmp.Compare(b.Severity, a.Severity), cmp.Compare(a.Class, b.Class))
			},
		},
		{Title: "SEVERITY", Min: 8, Max: 8, Priority: 8, Text: func(r *Finding) string { return r.Severity.String() }},
		{
			Title: "SINCE", Min: 5, Max: 5, Priority: 4, Right: true,
			Text:    func(r *Finding) string { return Age(max(now().Sub(r.view.FirstSeen(r.Finding)), 0)) },
			Compare: func(a, b *Finding) int { return b.view.FirstSeen(b.Finding).Compare(a.view.FirstSeen(a.Finding)) },
		},
		{
			Title: "ABOUT", Min: 16, Max: 48, Middle: true, Text: func(r *Finding) string { return r.About },
			Compare: func(a, b *Finding) int { return cmp.Compare(a.About, b.About) },
		},
		{
			Title: "WHERE", Min: 8, Max: 20, Priority: 6, Middle: true, Text: func(r *Finding) string { return r.Where },
			Compare: func(a, b *Finding) int { return cmp.Compare(a.Where, b.Where) },
		},
		{Title: "REMEDY", Min: 8, Max: 10, Priority: 3, Text: func(r *Finding) string { return string(r.Remedy) }},
		{Title: "REASON", Min: 20, Max: 80, Priority: 2, Fill: true, Text: (*Finding).reasonAlone},
	}
}

// reasonAlone returns the reason without the subject and the class, which have columns of their own.
func (r *Finding) reasonAlone() string {
	why := r.Why
	if r.Record != nil {
		why = strings.TrimPrefix(why, providers.Clean(r.Record.Label()))
	}
	why = strings.TrimPrefix(why, r.About)
	if r.Instance != nil {
		if rest, ok := strings.CutPrefix(why, " ("+providers.Clean(ShortID(r.Instance.ID))+")"); ok {
			why = strings.TrimPrefix(rest, " in "+r.Where)
		}
	}
	for _, lead := range []string{" is " + string(r.Class) + ":", " dangles:", ":", ","} {
		if rest, ok := strings.CutPrefix(why, lead); ok {
			why = rest
			break
		}
	}
	return strings.TrimSpace(why)
}

// FilterName returns the text that a bare word is fuzzily matched with.
func (r *Finding) FilterName() string {
	switch {
	case r.Finding.Record != nil:
		return r.Finding.Record.Name
	case r.Finding.Instance != nil:
		return r.Finding.Instance.Name
	}
	return r.Finding.Service
}

func (r *Finding) instance() *providers.Instance {
	if r.Finding.Instance == nil {
		return nil
	}
	return r.view.Instance(r.Finding.Instance.Key, r.Finding.Instance.ID)
}

// FilterAge returns the age of the subject.
func (r *Finding) FilterAge() (time.Duration, bool) {
	if r.Finding.Record != nil {
		return NewRecord(r.view, r.Finding.Record).FilterAge()
	}
	if i := r.instance(); i != nil {
		return NewInstance(r.view, i).FilterAge()
	}
	return 0, false
}

// FilterTTL returns the TTL of the record.
func (r *Finding) FilterTTL() (uint64, bool) {
	if r.Finding.Record == nil {
		return 0, false
	}
	return uint64(r.Finding.Record.TTL), true
}

// FilterValues yields the values of a field.
func (r *Finding) FilterValues(field, tag string, yield func(string) bool) {
	f := r.Finding
	switch field {
	case "":
		for _, s := range [...]string{string(f.Class), f.Severity.String(), string(f.Remedy), r.About, f.Reason, f.Cloud, f.Service, f.Zone} {
			if !yield(s) {
				return
			}
		}
	case "finding", "class":
		yield(string(f.Class))
	case "severity":
		yield(f.Severity.String())
	case "snoozed":
		yesNo(r.view.Snooze(f) != nil, yield)
	case "service":
		yield(f.Service)
	case "cloud":
		yield(f.Cloud)
	case "zone":
		yield(f.Zone)
	case "name":
		if (f.Record == nil || yieldNames(f.Record, yield)) && yield(r.FilterName()) && f.Instance != nil {
			yield(f.Instance.Name)
		}
	case "id", "node":
		if f.Instance != nil && yield(f.Instance.ID) && field == "node" {
			yield(f.Instance.Name)
		}
	case "state", "region", "image", "tag":
		if i := r.instance(); i != nil {
			ofInstance(i, field, tag, yield)
		}
	default:
		switch i := r.instance(); {
		case f.Record != nil:
			NewRecord(r.view, f.Record).FilterValues(field, tag, yield)
		case i != nil:
			NewInstance(r.view, i).FilterValues(field, tag, yield)
		}
	}
}
