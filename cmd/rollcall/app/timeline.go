package app

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview"
	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/providers/journal"
)

// What findings began and ended, and which instances changed their state, is appended to a file in the state folder, one JSON
// object a line. Several processes may append; rows.Timeline takes away what they recorded twice.

const (
	timelineName = "timeline.jsonl"
	// timelineBytes is the size from which on the file is put aside as timelineName + ".1", in place of the one before.
	timelineBytes = 8 << 20
	// eventsAtOnce is the largest number of events that one scan records, the worst first.
	eventsAtOnce = 2000
)

// recordEvents appends what is different in v, by which seen were seen: of findings against those that were seen before, of
// instances against the last complete reads of this process.
func (s *Session) recordEvents(before, seen map[string]time.Time, v *dnsview.View) {
	if s.State == "" {
		return
	}
	events := append(findingEvents(before, seen, v), s.stateEvents(v)...)
	if len(events) == 0 {
		return
	}
	if err := appendEvents(filepath.Join(s.State, timelineName), events[:min(len(events), eventsAtOnce)]); err != nil && !s.timelineReported {
		s.timelineReported = true
		s.Report("rollcall: the timeline cannot be kept: %s", words.Clean(err.Error()))
	}
}

// findingEvents returns the findings above info that began and ended.
func findingEvents(before, seen map[string]time.Time, v *dnsview.View) (out []rows.Event) {
	now := v.Options.Now
	for i := range v.Findings {
		f := &v.Findings[i]
		if f.Class == dnsview.Unknown || f.Severity == dnsview.Info {
			continue
		}
		if _, known := before[f.Key()]; !known {
			out = append(out, rows.NewFindingEvent(f, now))
		}
	}
	for key := range before {
		if _, still := seen[key]; !still && !strings.HasPrefix(key, string(dnsview.Unknown)+"|") {
			out = append(out, rows.NewEndEvent(key, now))
		}
	}
	return out
}

// stateEvents returns the instances whose state changed since the last complete read of their cloud.
func (s *Session) stateEvents(v *dnsview.View) (out []rows.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lastInstances == nil {
		s.lastInstances = map[string][]providers.Instance{}
	}
	for c := range v.Snapshot.Clouds {
		cloud := &v.Snapshot.Clouds[c]
		if cloud.Earlier || cloud.Coverage.State != providers.CoverageComplete {
			continue
		}
		last, known := s.lastInstances[cloud.Cloud.Name]
		s.lastInstances[cloud.Cloud.Name] = cloud.Instances
		if !known || providers.ShareRows(last, cloud.Instances) {
			continue
		}
		was := make(map[string]*providers.Instance, len(last))
		for i := range last {
			was[last[i].ID] = &last[i]
		}
		event := func(i *providers.Instance, from, to providers.InstanceState) {
			out = append(out, rows.NewStateEvent(i, v.ServiceOfInstance(i), from, to, v.Options.Now))
		}
		for n := range cloud.Instances {
			i := &cloud.Instances[n]
			if before := was[i.ID]; before == nil {
				event(i, "", i.State)
			} else if before.State != i.State {
				event(i, before.State, i.State)
			}
			delete(was, i.ID)
		}
		for _, i := range was {
			event(i, i.State, "")
		}
	}
	return out
}

// appendEvents appends events. A file that has become too large is put aside first.
func appendEvents(path string, events []rows.Event) error {
	if info, err := os.Stat(path); err == nil && info.Size() > timelineBytes {
		if err := os.Rename(path, path+".1"); err != nil {
			return fmt.Errorf("put the timeline aside: %w", err)
		}
	}
	return appendLines(path, events...)
}

// Timeline returns what happened to a name since a time, oldest first: events that were recorded in the state folder, and
// the changes among entries of the journal. A line that cannot be read is left out.
func Timeline(state, name string, entries []journal.Entry, since time.Time) ([]rows.Event, error) {
	var all []rows.Event
	for _, file := range []string{timelineName + ".1", timelineName} {
		events, err := readLines[rows.Event](filepath.Join(state, file))
		if err != nil {
			return nil, err
		}
		all = append(all, events...)
	}
	for i := range entries {
		all = append(all, rows.NewChangeEvent(&entries[i]))
	}
	return slices.DeleteFunc(rows.Timeline(all), func(e rows.Event) bool { return e.Time.Before(since) || e.Kind == "" || !e.About(name) }), nil
}
