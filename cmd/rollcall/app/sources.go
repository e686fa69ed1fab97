package app

import (
	"fmt"
	"os"
	"strings"
	"time"

	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/providers/budget"
	"rollcall/providers/fleet"

	"golang.org/x/term"
)

// RangesSource is the name of the list of public ranges among the sources.
const RangesSource = "ranges"

// SourceRows returns the rows of all sources of a view: clouds, zones, and the list of public ranges if it is
// unreadable.
func (s *Session) SourceRows(v *dnsview.View) []rows.Source {
	list := rows.WithWire(rows.Sources(v.Snapshot, s.Program.Now(), s.StaleAfter()), v)
	for i := range list {
		list[i].ASCII = v.Options.ASCII
	}
	if err := s.RangesErr(); err != nil {
		list = append(list, rows.File(RangesSource, err))
	}
	return list
}

// SourceAPI is how a source is asked.
type SourceAPI struct {
	Endpoint string // URL of its API, if it has one
	Account  string // name of its account among the calls
	Budget   budget.State
	Counted  bool // Budget is known
}

// API returns how the named source is asked.
func (s *Session) API(name string) SourceAPI {
	s.set.mu.Lock()
	defer s.set.mu.Unlock()
	for i := range s.set.clouds {
		if c := &s.set.clouds[i]; c.Name == name {
			return apiOf(c.Compute, c.Budget)
		}
	}
	for i := range s.set.zones {
		if z := &s.set.zones[i]; z.Name == name {
			return apiOf(z.DNS, z.Budget)
		}
	}
	return SourceAPI{}
}

func apiOf(adapter any, b *budget.Account) (out SourceAPI) {
	if e, ok := adapter.(interface{ Endpoint() string }); ok {
		out.Endpoint = words.Clean(e.Endpoint())
	}
	if b != nil {
		out.Account, out.Budget, out.Counted = b.Name(), b.State(), true
	}
	return out
}

// syncRanges reads the list of public ranges again if its file has changed. While it is unreadable the last good list
// stays.
func (s *Session) syncRanges() {
	s.rangesMu.Lock()
	defer s.rangesMu.Unlock()
	if c := s.Config; c.RangesFile != "" && c.RangesNow() != c.RangesAt {
		c.ReadRanges()
	}
}

// ranges returns the list of public ranges.
func (s *Session) ranges() index.PublicRanges {
	s.rangesMu.Lock()
	defer s.rangesMu.Unlock()
	return s.Config.Ranges
}

// RangesErr returns why the list of public ranges could not be read, and what that means, or nil.
func (s *Session) RangesErr() error {
	s.rangesMu.Lock()
	defer s.rangesMu.Unlock()
	switch {
	case s.Config.RangesErr == nil:
		return nil
	case s.Config.RangesRead:
		return fmt.Errorf("%w; until then the list that was read before stays in use", s.Config.RangesErr)
	}
	return fmt.Errorf("%w; until then an entry that dangles may show as dead", s.Config.RangesErr)
}

// When a one-shot command first reports what it is waiting for, and the longest pause between reports.
const (
	firstReport = 5 * time.Second
	// firstReportToPerson is firstReport for someone who waits at a terminal.
	firstReportToPerson = time.Second
	maxReportPause      = time.Minute
)

// note is Report for what --quiet leaves out.
func (s *Session) note(format string, args ...any) {
	if !s.Program.Quiet {
		s.Report(format, args...)
	}
}

// reportReads regularly reports which sources are being read and their progress, until stop is called.
func (s *Session) reportReads() (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		pause := firstReport
		if out, ok := s.Program.Err.(*os.File); ok && term.IsTerminal(int(out.Fd())) {
			pause = firstReportToPerson
		}
		t := time.NewTimer(pause)
		defer t.Stop()
		for {
			select {
			case <-t.C:
				pause = min(2*pause, maxReportPause)
				t.Reset(pause)
				if line := readingText(s.Fleet.Reading()); line != "" && !s.Program.asking.Load() {
					s.note("rollcall: %s", line)
				}
			case <-done:
				return
			}
		}
	}()
	return func() {
		close(done)
		<-ended
	}
}

// readingText returns the progress of reads as text.
func readingText(reads []fleet.Progress) string {
	var out []string
	for _, p := range reads {
		text := "no answer yet"
		if p.Rows > 0 {
			text = providers.CountOf(p.Rows, "row")
		}
		out = append(out, fmt.Sprintf("%s (%s, %s)", words.Clean(p.Name), text, words.Short(p.Since)))
	}
	if len(out) == 0 {
		return ""
	}
	return "reading " + strings.Join(out, ", ")
}

// NeverRead reports whether a source could not be set up, so that no read of it ends.
func (s *Session) NeverRead(name string) bool {
	for i := range s.Clouds() {
		if s.Clouds()[i].Name == name {
			return s.Clouds()[i].Err != nil
		}
	}
	for i := range s.Zones() {
		if providers.SameName(s.Zones()[i].Name, name) {
			return s.Zones()[i].Err != nil
		}
	}
	return true
}
