package filter

import "time"

// Source is a cloud, a zone or a file as a filter sees it.
type Source struct {
	Name, Kind     string // kind: cloud, zone or file
	Provider       string
	State, Trouble string // trouble: what is wrong in a word, such as throttled; empty when nothing is
	Account        string
	Region, Key    string
	Error          string
	Age            time.Duration
	Aged           bool // whether Age is known
}

// MatchSource reports whether a source passes.
func (f Filter) MatchSource(s *Source) bool { return f.match(&sourceRow{s}) }

type sourceRow struct{ s *Source }

func (r *sourceRow) name() string               { return r.s.Name }
func (r *sourceRow) age() (time.Duration, bool) { return r.s.Age, r.s.Aged }
func (r *sourceRow) ttl() (uint64, bool)        { return 0, false }

func (r *sourceRow) each(field, _ string, yield func(string) bool) {
	s := r.s
	var values []string
	switch field {
	case "":
		values = []string{s.Name, s.Kind, s.Provider, s.State, s.Trouble, s.Account, s.Region, s.Key, s.Error}
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
		values = []string{s.State, s.Trouble}
	case "region":
		values = []string{s.Region}
	case "id":
		values = []string{s.Key, s.Account}
	}
	for _, v := range values {
		if v != "" && !yield(v) {
			return
		}
	}
}
