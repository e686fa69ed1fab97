package watcher

import (
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"slices"
	"time"

	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview"
	"rollcall/dnsview/rows"
	"rollcall/providers/textfile"
)

// maxRemembered is the largest size in bytes of the file of sent findings.
const maxRemembered = 256 << 20

// sentFinding is a sent finding, as stored in the state folder.
type sentFinding struct {
	Key     string             `json:"key"`
	Since   time.Time          `json:"since"`
	Finding rows.FindingObject `json:"finding"`
	Hook    string             `json:"hook,omitempty"` // of a row that is not a sent finding: the receiver that is owed Event
	Event   *HookEvent         `json:"event,omitempty"`
}

// remember stores the sent findings, so that after a restart they are not sent again and their end is, and what receivers
// are owed.
func (h *hooks) remember(known map[string]*openFinding) {
	h.changed.Store(false)
	rows := []sentFinding{}
	for _, key := range slices.Sorted(maps.Keys(known)) { // those with one subject keep their order
		s := known[key]
		if s.sent {
			rows = append(rows, sentFinding{Key: key, Since: s.since, Finding: s.row})
		}
	}
	for _, r := range h.hooks {
		r.mu.Lock()
		for _, e := range r.owed {
			rows = append(rows, sentFinding{Hook: r.name, Event: &e})
		}
		r.mu.Unlock()
	}
	err := textfile.Write(h.path, func(f *os.File) error { return json.NewEncoder(f).Encode(rows) })
	if err != nil {
		h.say("rollcall: what was sent to hooks cannot be kept for the next start: %s", words.Clean(err.Error()))
	}
}

// remembered returns the findings that were sent before this start.
func (h *hooks) remembered() map[string]*openFinding {
	known := map[string]*openFinding{}
	text, err := textfile.Read(h.path, maxRemembered)
	var rows []sentFinding
	if err == nil {
		err = textfile.CheckJSON(text)
	}
	if err == nil {
		err = json.Unmarshal(text, &rows)
	}
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			h.say("rollcall: what was sent to hooks before is not known, and is sent again: %s", words.Clean(err.Error()))
		}
		return known
	}
	taken := map[string]bool{}
	for _, r := range rows {
		if r.Event != nil {
			if i := slices.IndexFunc(h.hooks, func(to *hook) bool { return to.name == r.Hook }); i >= 0 {
				h.hooks[i].owed = append(h.hooks[i].owed, *r.Event)
			}
			continue
		}
		key := keyOf(&r.Finding, taken) // a former version had other keys
		taken[key] = true
		severity, _ := dnsview.ParseSeverity(r.Finding.Severity)
		known[key] = &openFinding{row: r.Finding, since: r.Since, scans: 2, sent: true, severity: severity}
	}
	return known
}
