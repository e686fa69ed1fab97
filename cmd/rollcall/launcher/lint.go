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

// lintTime is how long the tools may take over one boot script that is about to
// be launched: someone waits for it.
const lintTime = 20 * time.Second

// Lint looks at a boot script as one cloud would be given it. A tool that cannot be
// run, or not in time, is reported like one that is missing.
func (s *Launcher) Lint(ctx context.Context, templates *userdata.Templates, template, cloud string, r *userdata.Rendered) (userdata.LintReport, error) {
	c, ok := s.Cloud(cloud)
	if !ok {
		return userdata.LintReport{}, fmt.Errorf("there is no cloud %s", cloud)
	}
	ctx, cancel := context.WithTimeout(ctx, lintTime)
	defer cancel()
	l, err := templates.LintRendered(ctx, template, c.Provider, r, userdata.LintOptions{Held: s.held(ctx)})
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

// Finding is what lint says of the boot script of some clouds.
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

// addFindings adds what lint says of one cloud's script; what it says of
// several is said once.
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

// LintErrors counts the findings that keep a launch from starting.
func LintErrors(list []Finding) int {
	n := 0
	for _, f := range list {
		if f.Level == string(userdata.LevelError) {
			n++
		}
	}
	return n
}
