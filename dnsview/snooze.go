package dnsview

import (
	"regexp"
	"strings"

	"rollcall/dnsview/index"
)

// durations are what a reason says of times, which passes without anything else changing.
var durations = regexp.MustCompile(`\b\d+(\.\d+)? ?(ms|s|min|m|h|d|seconds?|minutes?|hours?|days?)\b`)

// SnoozeEvidence returns what a snooze of the finding rests on: its severity, what it points to and, if it is about a
// name and not about one record or instance, its reason without times. A snooze ends when this changes.
func (f *Finding) SnoozeEvidence() string {
	reason := ""
	if f.Record == nil && f.Instance == nil {
		_, reason = f.Doubt()
		reason = durations.ReplaceAllString(reason, "")
	}
	return strings.Join([]string{f.Severity.String(), string(f.Would), f.Address, reason}, "|")
}

// Snooze returns the snooze that holds for a finding now, or nil: one that is not over, was made after the finding began,
// and rests on the same evidence.
func (v *View) Snooze(f *Finding) *index.Snooze {
	if a := v.Options.Annotations; a == nil || len(a.Snoozes) == 0 {
		return nil
	}
	s, ok := v.Options.Annotations.Snooze(f.Key())
	if !ok || !v.Options.Now.Before(s.Until) || !s.Shared && v.FirstSeen(f).After(s.At) || s.Evidence != f.SnoozeEvidence() {
		return nil
	}
	return &s
}
