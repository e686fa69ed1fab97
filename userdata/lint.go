package userdata

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"

	"rollcall/providers"
)

// Level is the severity of a lint finding.
type Level string

// The levels of findings.
const (
	LevelError   Level = "error"
	LevelWarning Level = "warning"
)

// LintFinding is one finding of lint in a template.
type LintFinding struct {
	File  string // of the template
	Line  int    // of the template; 0 for the whole
	For   providers.Provider
	Level Level
	Tool  string // rollcall, shellcheck or cloud-init
	Text  string
	Asks  bool // a person must be asked before a launch
	// Missing means that the tool is not installed, so its checks were not made.
	Missing bool
}

// String returns the finding in one line: file, line, level, what.
func (f LintFinding) String() string {
	place := f.File
	if f.Line > 0 {
		place += ":" + strconv.Itoa(f.Line)
	}
	if f.For != "" {
		place += " for " + string(f.For)
	}
	return fmt.Sprintf("%s: %s: %s", place, f.Level, f.Text)
}

// LintSize is the space left below a cloud's limit.
type LintSize struct {
	For        providers.Provider
	Bytes      int // of the text as sent
	Plain      int // of the readable text
	Limit      int
	Left       int
	Compressed bool
}

// LintReport is the result of linting one template.
type LintReport struct {
	Template string
	Findings []LintFinding
	Sizes    []LintSize
}

// Failed reports whether a finding is an error.
func (r *LintReport) Failed() bool {
	return slices.ContainsFunc(r.Findings, func(f LintFinding) bool { return f.Level == LevelError })
}

// LintOptions configure Lint.
type LintOptions struct {
	Values   map[string]string       // variables without value and default get their example
	Declared []providers.Declaration // of all providers
	// Providers are those whose clouds are checked; all if empty.
	Providers []providers.Provider
	// Credentials are the credentials of rollcall itself, which no boot script may contain.
	Credentials []Credential
	// Strict makes a missing tool an error, as CI needs it.
	Strict bool
	// LookPath finds a tool; nil for exec.LookPath.
	LookPath func(string) (string, error)
}

// Lint checks a template. It renders the template with its values and examples, and reports the room left for each
// cloud it fits, findings of shellcheck and of cloud-init's schema, and secrets. The error means that there is no such
// template, or that a tool could not be run.
func (t *Templates) Lint(ctx context.Context, name string, o LintOptions) (LintReport, error) {
	one, err := t.Get(name)
	if err != nil {
		return LintReport{}, Problems{err.Error()}
	}
	l := &linting{t: &one, o: o, report: LintReport{Template: name}}
	if l.o.LookPath == nil {
		l.o.LookPath = exec.LookPath
	}
	l.declarations()
	for i := range o.Declared {
		d := &o.Declared[i]
		asked := slices.Contains(o.Providers, d.Provider)
		if asked || len(o.Providers) == 0 && one.For(&d.Traits) {
			if err := l.one(ctx, d.Provider); err != nil {
				return l.report, err
			}
		}
	}
	return l.report, nil
}

type linting struct {
	t      *Template
	o      LintOptions
	report LintReport
	warned bool   // the rendering has warned already
	part   string // file of the part that is checked; empty for the template's own text
}

// add adds a finding, once if it is the same for both clouds.
func (l *linting) add(f LintFinding) {
	if f.File = l.t.Source; l.part != "" {
		f.File = path.Join(filepath.ToSlash(filepath.Dir(l.t.Source)), l.part)
	}
	for i := range l.report.Findings {
		if g := &l.report.Findings[i]; g.File == f.File && g.Line == f.Line && g.Text == f.Text && g.Level == f.Level {
			if g.For != f.For {
				g.For = ""
			}
			return
		}
	}
	l.report.Findings = append(l.report.Findings, f)
}

// declarations checks the variables that the template declares.
func (l *linting) declarations() {
	for i := range l.t.Variables[len(standardVariables(l.t.Agent)):] {
		v := &l.t.Variables[len(standardVariables(l.t.Agent))+i]
		if v.Default == "" && v.Example == "" {
			l.add(LintFinding{Level: LevelWarning, Tool: "rollcall", Text: "variable " + v.Name + " has neither a default nor an example, so it is tried empty"})
		}
		if v.Help == "" {
			l.add(LintFinding{Level: LevelWarning, Tool: "rollcall", Text: "variable " + v.Name + " has no help"})
		}
		if v.Name != "unit" && !uses(l.t.body, v.Name) && !strings.Contains(l.t.body, "{{"+v.Name+"}}") && !strings.Contains(l.t.body, "{{ "+v.Name+" }}") {
			l.add(LintFinding{Level: LevelWarning, Tool: "rollcall", Text: "variable " + v.Name + " is declared and not used"})
		}
	}
}

// values returns the values to render the template with.
func (l *linting) values() map[string]string {
	out := maps.Clone(l.o.Values)
	if out == nil {
		out = map[string]string{}
	}
	for i := range l.t.Variables {
		v := &l.t.Variables[i]
		if _, given := out[v.Name]; !given && v.Default == "" && !v.Secret {
			out[v.Name] = v.Example
		}
		if _, given := out[v.Name]; !given && v.Name == "register" {
			out[v.Name] = RegisterAgent // the script is longest with it
		}
	}
	return out
}

func (l *linting) one(ctx context.Context, p providers.Provider) error {
	values := l.values()
	r, err := l.t.render(Input{Provider: p, Declared: l.o.Declared, Values: values, Fleet: "lint"})
	if problems, ok := errors.AsType[Problems](err); ok {
		for _, text := range problems {
			l.add(LintFinding{For: p, Level: LevelError, Tool: "rollcall", Text: strings.TrimPrefix(text, "template "+l.t.Name+": ")})
		}
	}
	if r.Plain == nil {
		return nil
	}
	l.report.Sizes = append(l.report.Sizes, LintSize{For: p, Bytes: len(r.Text), Plain: len(r.Plain), Limit: r.Limit, Left: r.Left, Compressed: r.Compressed()})
	if r.Left >= 0 && r.Left < lowSpace {
		l.add(LintFinding{For: p, Level: LevelWarning, Tool: "rollcall", Text: fmt.Sprintf("only %d bytes are left below the limit of %d", r.Left, r.Limit)})
	}
	l.secrets(p, &r)
	return l.tools(ctx, p, &r)
}

// tools runs the programs that check the format of a text and of its other parts.
func (l *linting) tools(ctx context.Context, p providers.Provider, r *Rendered) error {
	kind, err := kindOf(r.script)
	if err != nil {
		return err
	}
	if err := l.partTools(ctx, p, part{kind: kind, text: r.script}, r.scriptLine); err != nil {
		return err
	}
	for _, other := range l.t.parts {
		if other.own {
			continue
		}
		l.part = other.name
		err := l.partTools(ctx, p, other, func(n int) int { return n })
		if l.part = ""; err != nil {
			return err
		}
	}
	return nil
}

// partTools checks the format of one part.
func (l *linting) partTools(ctx context.Context, p providers.Provider, of part, line func(int) int) error {
	switch {
	case of.kind == "text/jinja2":
		l.add(LintFinding{For: p, Line: line(1), Level: LevelWarning, Tool: "rollcall", Text: "cloud-init renders it on the node: neither shellcheck nor the schema check has seen it"})
		return nil
	case of.kind == "text/cloud-config":
		if err := l.schema(ctx, p, of.text, line); err != nil {
			return err
		}
		return l.shellcheck(ctx, p, runcmd(of.text), func(int) int { return 0 })
	case shellScript.Match(of.text):
		return l.shellcheck(ctx, p, of.text, line)
	}
	return nil
}

var shellScript = regexp.MustCompile(`^#![^\n]*\b(?:ba|da|k)?sh\b`)

// line returns the template line of a line of the readable form, 0 for one of another part.
func (r *Rendered) line(n int) int { return r.scriptLine(n - r.above) }

// scriptLine returns the template line of a line of the template's own text.
func (r *Rendered) scriptLine(n int) int {
	if n < 1 || n > len(r.origin) {
		return 0
	}
	return r.origin[n-1]
}

// secrets searches for secrets. Values of secret variables are expected: lint warns of them, and a person is asked
// before a launch.
func (l *linting) secrets(p providers.Provider, r *Rendered) {
	whole := withoutAgent(Readable(r.Plain))
	lines := strings.Split(string(whole), "\n")
	for _, name := range slices.Sorted(maps.Keys(r.secret)) {
		at, there := 0, false
		for n, line := range lines {
			if hidden := hide(line, r.secret[name]); hidden != line {
				if lines[n] = hidden; !there {
					at, there = r.line(n+1), true
				}
			}
		}
		text := "the value of " + name + " stands in the script. Everybody who can describe the instance, read its metadata from any process on it, or see the launch template then has it"
		if name == "token" {
			if text = "the token stands in the script, as token_in_script asks"; !l.warned {
				text += ". " + tokenRisk
			}
		}
		if there {
			l.add(LintFinding{For: p, Line: at, Level: LevelWarning, Tool: "rollcall", Text: text, Asks: true})
		}
	}
	plain := []byte(strings.Join(lines, "\n"))
	all := sync.OnceValue(func() []reading { return readings(plain) })
	found := credentialsIn(plain, all, nodeCredentials(l.o.Credentials))
	if bytes.Equal(plain, whole) {
		found = append(credentialsIn(plain, all, consoleCredentials(l.o.Credentials)), found...)
	} else {
		found = append(FindCredentials(whole, consoleCredentials(l.o.Credentials)), found...)
	}
	for _, s := range secretsIn(plain, all) {
		if !slices.ContainsFunc(found, func(h Secret) bool { return h.Line == s.Line }) {
			found = append(found, s)
		}
	}
	for _, s := range found {
		l.add(LintFinding{For: p, Line: r.line(s.Line), Level: LevelError, Tool: "rollcall", Text: s.What + "; user data is no place for secrets"})
	}
}

// tool returns the path of a program. It reports a missing one once.
func (l *linting) tool(name, what string) (string, bool) {
	path, err := l.o.LookPath(name)
	if err == nil {
		return path, true
	}
	level := LevelWarning
	if l.o.Strict {
		level = LevelError
	}
	l.add(LintFinding{Level: level, Tool: name, Text: name + " is not installed: " + what, Missing: true})
	return "", false
}

// toolTime limits the run of a program.
const toolTime = time.Minute

func (l *linting) shellcheck(ctx context.Context, p providers.Provider, script []byte, line func(int) int) error {
	if len(script) == 0 {
		return nil
	}
	path, ok := l.tool("shellcheck", "the script was not checked")
	if !ok {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, toolTime)
	defer cancel()
	c := exec.CommandContext(ctx, path, "--format=json1", "-")
	c.Stdin = bytes.NewReader(script)
	var said bytes.Buffer
	c.Stderr = &said
	out, err := c.Output()
	var found struct {
		Comments []struct {
			Line    int
			Level   string
			Code    int
			Message string
		}
	}
	if jsonErr := json.Unmarshal(out, &found); jsonErr != nil {
		return fmt.Errorf("shellcheck: %w: %s", cmp.Or(err, jsonErr), oneLine(said.String()))
	}
	for _, c := range found.Comments {
		f := LintFinding{For: p, Line: line(c.Line), Level: LevelWarning, Tool: "shellcheck", Text: fmt.Sprintf("%s (SC%d)", oneLine(c.Message), c.Code)}
		if c.Level == "error" || c.Level == "warning" {
			f.Level = LevelError
		}
		l.add(f)
	}
	return nil
}

// runcmd returns the commands of a cloud-config's runcmd as one shell script, as cloud-init runs them. It returns nil
// for a text that is not YAML.
func runcmd(text []byte) []byte {
	var doc struct {
		Runcmd []any `yaml:"runcmd"`
	}
	if unmarshal(text, &doc) != nil {
		return nil // the schema check reports it
	}
	b := []byte("#!/bin/sh\n")
	for _, c := range doc.Runcmd {
		if s, ok := c.(string); ok {
			b = append(append(b, s...), '\n')
		}
	}
	return b
}

// schema runs cloud-init, offline, to check a #cloud-config.
func (l *linting) schema(ctx context.Context, p providers.Provider, text []byte, line func(int) int) error {
	var doc map[string]any
	if err := unmarshal(text, &doc); err != nil {
		at, what := yamlMistake(err)
		l.add(LintFinding{For: p, Line: line(at), Level: LevelError, Tool: "rollcall", Text: what})
		return nil
	}
	path, ok := l.tool("cloud-init", "the cloud-config was not checked against its schema")
	if !ok {
		return nil
	}
	dir, err := os.MkdirTemp("", "rollcall-lint-")
	if err != nil {
		return fmt.Errorf("check the schema: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	file := filepath.Join(dir, "user-data")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return fmt.Errorf("check the schema: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, toolTime)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, "schema", "--config-file", file).CombinedOutput()
	if _, ran := errors.AsType[*exec.ExitError](err); err != nil && !ran {
		return fmt.Errorf("cloud-init: %w", err)
	}
	report := oneLine(strings.ReplaceAll(string(out), file, "the cloud-config"))
	if err == nil && !strings.Contains(strings.ToLower(report), "deprecat") {
		return nil
	}
	f := LintFinding{For: p, Level: LevelError, Tool: "cloud-init", Text: report}
	if err == nil {
		f.Level = LevelWarning
	}
	if m := schemaPlace.FindStringSubmatch(report); m != nil {
		n, _ := strconv.Atoi(m[1]) // digits
		f.Line = line(n)
	}
	l.add(f)
	return nil
}

var schemaPlace = regexp.MustCompile(`format-l(\d+)\.c\d+`)

// oneLine returns a program's output as one line without control characters.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == unicode.ReplacementChar {
			return ' '
		}
		return r
	}, s)), " ")
	if r := []rune(s); len(r) > 500 {
		s = string(r[:500]) + "…"
	}
	return s
}
