package rows

import (
	"cmp"
	"errors"
	"slices"
	"strconv"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/providers"
)

// Source is a cloud, a zone or a local file with its coverage. It is also its JSON.
type Source struct {
	Identity    string    `json:"identity"`    // the name, as the rows of all kinds have it
	Name        string    `json:"name"`        // of a cloud or a zone, or path of a file
	Kind        string    `json:"kind"`        // cloud, zone or file
	Provider    string    `json:"provider"`    // such as ec2
	State       string    `json:"state"`       // complete, partial, failed, stale or unread
	Rows        int       `json:"rows"`        // how many instances or records it has
	AgeSeconds  *float64  `json:"age_seconds"` // of its rows
	Error       *string   `json:"error"`       // why it was not read completely, or null
	Account     string    `json:"account"`     // id of the account
	Region      string    `json:"region"`      // of a cloud
	CloudKey    string    `json:"key"`         // key of a cloud
	Production  bool      `json:"production"`  // whether the config marks it so
	Credentials string    `json:"credentials"` // where they come from, such as "profile prod"
	BudgetLeft  *int      `json:"budget_left"` // null if the provider has no limit
	ReadBy      *string   `json:"read_by"`     // the member of the team that has read it, such as "watch on ops-1"; null if this rollcall has
	Wire        *WireZone `json:"wire"`        // null for clouds, and unless name servers were queried

	AsOf   *time.Time `json:"as_of"`    // when the read began that its rows are of, or null
	Extent string     `json:"coverage"` // the state, as the rows of all kinds have it

	Shown        int                     `json:"-"` // rows on a screen: without terminated instances and owner markers
	Seen         providers.CoverageState `json:"-"` // the state at the last See
	ASCII        bool                    `json:"-"` // the name is shown as it is on the wire
	at           time.Time               // time of the last See
	StoreErr     error                   `json:"-"` // why no newer rows of ReadBy could be read
	Coverage     providers.Coverage      `json:"-"`
	RowsFrom     time.Time               `json:"-"`
	Earlier      bool                    `json:"-"` // its rows are those of an earlier run
	RetryAt      time.Time               `json:"-"`
	Reading      bool                    `json:"-"`
	Unconfigured bool                    `json:"-"` // cloud that left the config
	Holders      int                     `json:"-"` // addresses that are not of instances
	Lame         bool                    `json:"-"` // zone that is not delegated to its servers
	Unresolvable bool                    `json:"-"` // zone that resolvers cannot resolve
}

// Kinds of sources.
const (
	KindCloud = "cloud"
	KindZone  = "zone"
	KindFile  = "file"
)

// Sources returns the sources of a snapshot, clouds first. Complete reads older than maxAge at now are stale.
func Sources(s *providers.Snapshot, now time.Time, maxAge time.Duration) []Source {
	rows := make([]Source, 0, len(s.Clouds)+len(s.Zones))
	for i := range s.Clouds {
		c := &s.Clouds[i]
		r := newSource(c.Cloud.Name, KindCloud, c.Cloud.Provider, c.Coverage, c.RowsFrom, c.BudgetLeft, now, maxAge)
		r.Rows, r.Reading, r.RetryAt, r.Production = len(c.Instances), c.Reading, c.RetryAt, c.Production
		r.Unconfigured, r.Holders, r.Credentials = c.Unconfigured, len(c.Addresses), providers.Clean(c.From)
		r.Account, r.Region, r.CloudKey = providers.Clean(cmp.Or(c.Coverage.Account, c.Cloud.Account)), providers.Clean(c.Cloud.Region), string(cmp.Or(c.Coverage.Key, c.Cloud.Key))
		r.Earlier, r.Shown, r.ReadBy, r.StoreErr = c.Earlier, c.Left, readBy(c.ReadBy), c.StoreErr
		for k := range c.Instances {
			if !c.Instances[k].State.Dead() {
				r.Shown++
			}
		}
		rows = append(rows, r)
	}
	for i := range s.Zones {
		z := &s.Zones[i]
		r := newSource(z.Zone.Name, KindZone, z.Zone.Provider, z.Coverage, z.RowsFrom, z.BudgetLeft, now, maxAge)
		r.Rows, r.Reading, r.RetryAt, r.Account = len(z.Records), z.Reading, z.RetryAt, providers.Clean(cmp.Or(z.Coverage.Account, z.Zone.Account))
		r.Credentials = providers.Clean(z.From)
		r.Earlier, r.Shown, r.ReadBy, r.StoreErr = z.Earlier, z.Left, readBy(z.ReadBy), z.StoreErr
		for k := range z.Records {
			if !z.Records[k].IsMarker() {
				r.Shown++
			}
		}
		rows = append(rows, r)
	}
	return rows
}

func newSource(name, kind string, p providers.Provider, c providers.Coverage, from time.Time, left int, now time.Time, maxAge time.Duration) Source {
	r := Source{Identity: providers.Clean(name), Name: providers.Clean(name), AsOf: moment(from), Kind: kind, Provider: string(p), Coverage: c, RowsFrom: from}
	r.SetState(now, maxAge)
	if !from.IsZero() {
		age := Seconds(now.Sub(from))
		r.AgeSeconds = &age
	}
	if c.Err != nil {
		r.Error = cleanText(c.Err.Error())
	}
	if left >= 0 {
		r.BudgetLeft = &left
	}
	return r
}

// readBy returns the member that has read a source, or nil for this rollcall.
func readBy(who string) *string {
	if who == "" {
		return nil
	}
	return cleanText(who)
}

// Origin returns who has read the rows if that was another member, such as "watch on ops-1, 12 s ago", and whether newer
// ones could not be read, or "".
func (s *Source) Origin(now time.Time) string {
	age, ok := s.RowsAge(now)
	if s.ReadBy == nil || !ok {
		return deref(s.ReadBy)
	}
	origin := *s.ReadBy + ", " + strconv.Itoa(int(max(0, age).Seconds())) + " s ago"
	if s.StoreErr != nil {
		origin += ", " + s.storeProblem()
	}
	return origin
}

// storeProblem returns why no newer rows could be read from the team's store in a few words.
func (s *Source) storeProblem() string {
	switch providers.KindOf(s.StoreErr) {
	case providers.KindIncomplete:
		return "newer rows damaged"
	case providers.KindAuth:
		return "store refuses"
	case providers.KindNotFound:
		return "not published now"
	}
	return "store not answering"
}

// File returns an unreadable local file as a failed source.
func File(name string, err error) Source {
	return newSource(name, KindFile, "", providers.Coverage{State: providers.CoverageFailed, Err: err}, time.Time{}, -1, time.Time{}, 0)
}

// Key returns the identity of the row.
func (s *Source) Key() string { return s.Name }

// SetState sets the state at now, because a complete read becomes stale with time.
func (s *Source) SetState(now time.Time, maxAge time.Duration) {
	s.at, s.Seen = now, s.Coverage.At(now, maxAge)
	s.State = StateName(s.Seen)
	s.Extent = s.State
}

// Unread is the state of a source without a finished read.
const Unread = "unread"

// StateName returns the JSON name of a state.
func StateName(s providers.CoverageState) string { return cmp.Or(string(s), Unread) }

// shown returns the name as it is shown.
func (s *Source) shown() string {
	if s.ASCII {
		return s.Name
	}
	return index.Readable(s.Name)
}

// WithWire sets the state of the name servers of the zones in list.
func WithWire(list []Source, v *dnsview.View) []Source {
	for i := range v.Snapshot.Zones {
		z := &v.Snapshot.Zones[i].Zone
		for n := range list {
			if list[n].Kind == KindZone && providers.SameName(list[n].Name, z.Name) {
				list[n].Wire = newWireZone(v.WireZone(z.Name))
			}
		}
	}
	return list
}

// WithFindings sets Lame and Unresolvable of the zones in list.
func WithFindings(list []Source, v *dnsview.View) []Source {
	for i := range v.Findings {
		f := &v.Findings[i]
		if f.Class != dnsview.Lame && f.Class != dnsview.Unresolvable {
			continue
		}
		k := slices.IndexFunc(list, func(s Source) bool { return s.Kind == KindZone && s.Name == providers.Clean(f.Zone) })
		if k >= 0 {
			list[k].Lame = list[k].Lame || f.Class == dnsview.Lame
			list[k].Unresolvable = list[k].Unresolvable || f.Class == dnsview.Unresolvable
		}
	}
	return list
}

// Problem returns what is wrong with a source in a few words, or "".
func (s *Source) Problem() string {
	switch s.Seen {
	case providers.CoverageComplete:
		switch {
		case s.Unresolvable:
			return string(dnsview.Unresolvable)
		case s.Lame:
			return string(dnsview.Lame)
		}
		return ""
	case providers.CoverageNone:
		return "reading"
	case providers.CoverageStale:
		return "stale"
	}
	if errors.Is(s.Coverage.Err, providers.ErrSilent) {
		return "no answer"
	}
	switch providers.KindOf(s.Coverage.Err) {
	case providers.KindAuth:
		return "refused"
	case providers.KindThrottled:
		return "throttled"
	case providers.KindUnreachable:
		return "unreachable"
	case providers.KindIncomplete:
		return "short answer"
	case providers.KindNotFound:
		return "not found"
	case providers.KindInvalid:
		return "misconfigured"
	}
	if s.Kind == KindFile {
		return "unreadable"
	}
	return string(s.Seen)
}

// RowsAge returns the age of the rows, and whether there are any.
func (s *Source) RowsAge(now time.Time) (time.Duration, bool) {
	from := s.RowsFrom
	if from.IsZero() && s.Seen == providers.CoverageComplete {
		from = s.Coverage.Started
	}
	return now.Sub(from), !from.IsZero()
}

// ErrorText returns the error of the source, or else why no newer rows could be read from the team's store, or "".
func (s *Source) ErrorText() string {
	if s.Error == nil && s.StoreErr != nil {
		return s.storeProblem() + ": " + providers.Clean(s.StoreErr.Error())
	}
	return deref(s.Error)
}

func (s *Source) budget() string {
	if s.BudgetLeft == nil {
		return ""
	}
	return strconv.Itoa(*s.BudgetLeft)
}

// Age returns the age in JSON; zero if there are no rows.
func (s *Source) Age() time.Duration {
	return time.Duration(deref(s.AgeSeconds) * float64(time.Second))
}

// FilterName returns the name.
func (s *Source) FilterName() string { return s.Name }

// FilterAge returns the age of the rows at the last SetState.
func (s *Source) FilterAge() (time.Duration, bool) { return s.RowsAge(s.at) }

// FilterTTL returns false: a source has no TTL.
func (s *Source) FilterTTL() (uint64, bool) { return 0, false }

// FilterValues yields the columns of both faces.
func (s *Source) FilterValues(field, _ string, yield func(string) bool) {
	var values []string
	switch field {
	case "":
		values = []string{s.Name, s.Kind, s.Provider, s.State, s.Problem(), s.Account, s.Region, s.CloudKey, s.ErrorText()}
	case "name":
		values = []string{s.Name}
	case "cloud", "zone":
		if s.Kind == field {
			values = []string{s.Name}
		}
	case "type":
		values = []string{s.Kind}
	case "provider":
		values = []string{s.Provider}
	case "state":
		values = []string{s.State, s.Problem()}
	case "region":
		values = []string{s.Region}
	case "id":
		values = []string{s.CloudKey, s.Account}
	}
	for _, v := range values {
		if v != "" && !yield(v) {
			return
		}
	}
}

// SourceTable returns the columns of tables; wire adds the zones' name servers.
func SourceTable(wire bool) []Column[*Source] {
	aged := func(text func(s *Source) string) func(*Source) string {
		return func(s *Source) string {
			if s.AgeSeconds == nil {
				return ""
			}
			return text(s)
		}
	}
	out := []Column[*Source]{
		{Title: "NAME", Text: func(s *Source) string { return s.shown() }},
		{Title: "KIND", Text: func(s *Source) string { return s.Kind }},
		{Title: "PROVIDER", Text: func(s *Source) string { return s.Provider }},
		{Title: "STATE", Text: func(s *Source) string { return s.State }},
		{Title: "ROWS", Text: func(s *Source) string { return strconv.Itoa(s.Rows) }},
		{
			Title: "AGE", Aging: true, Text: aged(func(s *Source) string { return Duration(s.Age()) }),
			Key: aged(func(s *Source) string { return strconv.Itoa(int(*s.AgeSeconds)) }),
		},
		{Title: "BUDGET", Wide: true, Aging: true, Text: (*Source).budget},
		{Title: "ACCOUNT", Wide: true, Text: func(s *Source) string { return s.Account }},
		{Title: "KEY", Wide: true, Text: func(s *Source) string { return s.CloudKey }},
		{Title: "READ BY", Wide: true, Aging: true, Text: func(s *Source) string { return s.Origin(s.at) }, Key: func(s *Source) string { return deref(s.ReadBy) }},
		{Title: "CREDENTIALS", Wide: true, Text: func(s *Source) string { return s.Credentials }},
		{Title: "ERROR", Text: (*Source).ErrorText},
	}
	if wire {
		out = slices.Insert(out, 6, Column[*Source]{Title: "WIRE", Text: func(s *Source) string { return s.Wire.String() }})
	}
	return out
}

// SourceScreen returns the columns of the console; now is called when they are drawn.
func SourceScreen(now func() time.Time) []Column[*Source] {
	return []Column[*Source]{
		{Title: "SOURCE", Min: 10, Max: 32, Text: func(s *Source) string { return s.Name }},
		{Title: "PROVIDER", Min: 8, Max: 10, Priority: 4, Text: func(s *Source) string { return s.Provider }},
		{Title: "STATE", Min: 10, Max: 16, Text: func(s *Source) string { return cmp.Or(s.Problem(), string(s.Seen)) }},
		{Title: "ROWS", Min: 4, Max: 7, Priority: 1, Right: true, Text: func(s *Source) string { return strconv.Itoa(s.Shown) }},
		{Title: "AGE", Min: 4, Max: 5, Priority: 2, Right: true, Text: func(s *Source) string {
			if d, ok := s.RowsAge(now()); ok {
				return Age(d)
			}
			return ""
		}},
		{Title: "BUDGET", Min: 6, Max: 6, Priority: 6, Right: true, Text: (*Source).budget},
		{Title: "RETRY", Min: 5, Max: 6, Priority: 5, Right: true, Text: func(s *Source) string {
			if d := s.RetryAt.Sub(now()); !s.RetryAt.IsZero() && d > 0 {
				return Age(d)
			}
			return ""
		}},
		{Title: "PROD", Min: 4, Max: 4, Priority: 7, Text: func(s *Source) string {
			if s.Production {
				return "yes"
			}
			return ""
		}},
		{Title: "ERROR", Min: 12, Max: 200, Priority: 3, Fill: true, Text: (*Source).ErrorText},
	}
}
