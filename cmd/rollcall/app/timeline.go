package app

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
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
	maxEventLine = 1 << 20
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

// appendEvents appends events in one write. A file that has become too large is put aside first.
func appendEvents(path string, events []rows.Event) error {
	var lines bytes.Buffer
	for i := range events {
		line, err := json.Marshal(events[i])
		if err != nil {
			return fmt.Errorf("record an event: %w", err)
		}
		lines.Write(line)
		lines.WriteByte('\n')
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("make the state folder: %w", err)
	}
	if info, err := os.Stat(path); err == nil && info.Size() > timelineBytes {
		if err := os.Rename(path, path+".1"); err != nil {
			return fmt.Errorf("put the timeline aside: %w", err)
		}
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("record events: %w", err)
	}
	if _, err = f.Write(lines.Bytes()); err != nil {
		_ = f.Close()
		return fmt.Errorf("record events: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("record events: %w", err)
	}
	return nil
}

// Timeline returns what happened to a name since a time, oldest first: events that were recorded in the state folder, and
// the changes among entries of the journal. A line that cannot be read is left out.
func Timeline(state, name string, entries []journal.Entry, since time.Time) ([]rows.Event, error) {
	var all []rows.Event
	for _, file := range []string{timelineName + ".1", timelineName} {
		events, err := readEvents(filepath.Join(state, file))
		if err != nil {
			return nil, err
		}
		all = append(all, events...)
	}
	for i := range entries {
		all = append(all, rows.NewChangeEvent(&entries[i]))
	}
	return slices.DeleteFunc(rows.Timeline(all), func(e rows.Event) bool { return e.Time.Before(since) || !e.About(name) }), nil
}

func readEvents(path string) (out []rows.Event, err error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("read the timeline: %w", err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, maxEventLine)
	for lines.Scan() {
		var e rows.Event
		if json.Unmarshal(lines.Bytes(), &e) == nil && e.Kind != "" {
			out = append(out, e)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return out, nil
}
