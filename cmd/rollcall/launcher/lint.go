package launcher

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"rollcall/cmd/rollcall/words"
	"rollcall/userdata"
)

// lintTime is how long tools may take for one boot script before a launch, while the operator waits.
const lintTime = 20 * time.Second

// Lint checks a boot script as sent to one cloud. A tool that cannot be run in time is reported like a missing one.
func (s *Launcher) Lint(ctx context.Context, templates *userdata.Templates, template, cloud string, r *userdata.Rendered) (userdata.LintReport, error) {
	c, ok := s.Cloud(cloud)
	if !ok {
		return userdata.LintReport{}, fmt.Errorf("there is no cloud %s", cloud)
	}
	ctx, cancel := context.WithTimeout(ctx, lintTime)
	defer cancel()
	l, err := templates.LintRendered(ctx, template, c.Provider, r, userdata.LintOptions{Credentials: s.credentials(ctx)})
	if err != nil {
		if l.Template == "" {
			return l, err
		}
		why := err.Error()
		if errors.Is(err, context.DeadlineExceeded) {
			why = "a tool did not end in time"
		}
		l.Findings = append(l.Findings, userdata.LintFinding{
			For: c.Provider, Level: userdata.LevelWarning, Tool: "rollcall", Missing: true,
			Text: "not everything was checked: " + why,
		})
	}
	return l, nil
}

// Finding is a lint finding in the boot script of one or more clouds.
type Finding struct {
	Clouds []string `json:"clouds"`
	File   string   `json:"file"`
	Line   int      `json:"line"`
	Level  string   `json:"level"`
	Tool   string   `json:"tool"`
	Text   string   `json:"text"`
}

// String returns the finding as one line.
func (f *Finding) String() string {
	place := ""
	if f.Line > 0 {
		place = fmt.Sprintf("%s:%d: ", f.File, f.Line)
	}
	return fmt.Sprintf("%s: %s%s: %s (%s)", strings.Join(f.Clouds, ", "), place, f.Level, f.Text, f.Tool)
}

// addFindings adds the findings in one cloud's script. It merges equal findings of several clouds.
func addFindings(to []Finding, cloud string, l *userdata.LintReport) []Finding {
	for _, f := range l.Findings {
		n := Finding{Clouds: []string{cloud}, File: words.Clean(f.File), Line: f.Line, Level: string(f.Level), Tool: f.Tool, Text: words.Clean(f.Text)}
		same := slices.IndexFunc(to, func(o Finding) bool {
			return o.File == n.File && o.Line == n.Line && o.Level == n.Level && o.Tool == n.Tool && o.Text == n.Text
		})
		if same >= 0 {
			to[same].Clouds = append(to[same].Clouds, cloud)
		} else {
			to = append(to, n)
		}
	}
	return to
}

// LintErrors returns the number of findings that prevent a launch.
func LintErrors(list []Finding) int {
	n := 0
	for _, f := range list {
		if f.Level == string(userdata.LevelError) {
			n++
		}
	}
	return n
}
