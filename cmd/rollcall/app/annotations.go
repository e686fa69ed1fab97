package app

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"rollcall/cmd/rollcall/exit"
	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/providers/team"
)

// Snoozes and notes are appended to a file in the state folder, which the consoles, watches and commands of this machine
// share. What was written last of a finding or subject holds. With a team they are in its store; see shared.go.

const (
	// AnnotationsName is the file of snoozes and notes in the state folder.
	AnnotationsName = "annotations.jsonl"
	// LongestSnooze is how long a snooze may last: what is not dealt with by then is looked at again.
	LongestSnooze = 30 * 24 * time.Hour
	// longestAnnotation is the longest reason or note, in characters.
	longestAnnotation = 500
)

type annotation = team.Annotation

// annotationsFile is what was read of the file, and when it was written, with what the team had then.
type annotationsFile struct {
	written time.Time
	size    int64
	lines   []annotation
	err     error

	team int // generation of what the team has
	made *index.Annotations
}

// annotations returns what operators wrote. The file is read again if it was written to.
func (s *Session) annotations() *index.Annotations {
	if s.State == "" {
		return nil
	}
	shared, generation := s.sharedAnnotations()
	path := filepath.Join(s.State, AnnotationsName)
	info, err := os.Stat(path)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		if len(shared) == 0 {
			s.annotated = annotationsFile{}
			return nil
		}
		info = nil
	}
	a := &s.annotated
	switch {
	case info == nil && (a.made == nil || a.size > 0):
		*a = annotationsFile{}
	case info != nil && (a.made == nil || !a.written.Equal(info.ModTime()) || a.size != info.Size()):
		lines, err := readLines[annotation](path)
		*a = annotationsFile{written: info.ModTime(), size: info.Size(), lines: lines, err: err}
		if err != nil {
			s.Report("rollcall: snoozes and notes cannot be read, so nothing is snoozed: %s", words.Clean(err.Error()))
		}
	}
	if a.made == nil || a.team != generation {
		a.made, a.team = annotationsOf(a.lines, shared), generation
	}
	return a.made
}

// AnnotationsErr returns why snoozes and notes could not be read, or nil. It reads nothing.
func (s *Session) AnnotationsErr() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.annotated.err
}

// annotationsOf returns what holds after all lines of this machine, and then those of a team.
func annotationsOf(lines, shared []annotation) *index.Annotations {
	out := &index.Annotations{Snoozes: map[string]index.Snooze{}, Notes: map[string]index.Note{}}
	for i, l := range slices.Concat(lines, shared) {
		switch {
		case l.Finding != "" && l.Until.IsZero():
			delete(out.Snoozes, l.Finding)
		case l.Finding != "":
			out.Snoozes[l.Finding] = index.Snooze{Until: l.Until, Reason: l.Text, Who: l.Who, At: l.Time, Evidence: l.Evidence, Shared: i >= len(lines)}
		case l.Subject != "" && l.Text == "":
			delete(out.Notes, l.Subject)
		case l.Subject != "":
			out.Notes[l.Subject] = index.Note{Text: l.Text, Who: l.Who, At: l.Time}
		}
	}
	return out
}

// CheckSnooze returns a usage error for a time or reason that a snooze cannot have.
func CheckSnooze(d time.Duration, reason string) error {
	switch {
	case d <= 0:
		return exit.Usagef("a snooze needs a time, such as 2h or 3d, after which the findings come back")
	case d > LongestSnooze:
		return exit.Usagef("a snooze lasts up to %s, and %s is longer", words.Short(LongestSnooze), words.Short(d))
	case strings.TrimSpace(reason) == "":
		return exit.Usagef("a snooze needs a reason: those who are on call next read it")
	}
	return nil
}

// Snooze keeps findings out of alarms for a time, with a reason; see CheckSnooze.
func (s *Session) Snooze(found []*dnsview.Finding, d time.Duration, reason string) error {
	if err := CheckSnooze(d, reason); err != nil {
		return err
	}
	return s.annotate(reason, func(l annotation) (out []annotation) {
		l.Until, l.Text = l.Time.Add(d), reason
		for _, f := range found {
			l.Finding, l.Evidence = f.Key(), f.SnoozeEvidence()
			out = append(out, l)
		}
		return out
	})
}

// Unsnooze ends the snoozes of findings.
func (s *Session) Unsnooze(found []*dnsview.Finding) error {
	return s.annotate("", func(l annotation) (out []annotation) {
		for _, f := range found {
			l.Finding = f.Key()
			out = append(out, l)
		}
		return out
	})
}

// Note writes a note about a subject; an empty text takes it away.
func (s *Session) Note(subject, text string) error {
	return s.annotate(text, func(l annotation) []annotation {
		l.Subject, l.Text = subject, text
		return []annotation{l}
	})
}

// annotate appends the lines that are made of one with time and operator.
func (s *Session) annotate(text string, lines func(annotation) []annotation) error {
	if n := utf8.RuneCountInString(text); n > longestAnnotation {
		return exit.Usagef("the text has %d characters; up to %d are kept", n, longestAnnotation)
	}
	list := lines(annotation{Time: s.Program.Now().UTC(), Who: Who()})
	if s.Config.Team.Store() != "" {
		return s.annotateShared(list)
	}
	return appendLines(filepath.Join(s.State, AnnotationsName), list...)
}
