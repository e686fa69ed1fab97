package config

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"rollcall/dnsview/index"
	"rollcall/providers"
	"rollcall/providers/textfile"
)

// EnvConfig is the environment variable with the path of the config file.
const EnvConfig = "ROLLCALL_CONFIG"

// FileName is the config's path below the user's config folder.
const FileName = "rollcall/config.yaml"

// DefaultPath returns $XDG_CONFIG_HOME/rollcall/config.yaml.
func DefaultPath(env providers.Environment) string {
	return filepath.Join(home(env, "XDG_CONFIG_HOME", ".config"), filepath.FromSlash(FileName))
}

// StateDir returns $XDG_STATE_HOME/rollcall, the folder of journals and last snapshots.
func StateDir(env providers.Environment) string {
	return filepath.Join(home(env, "XDG_STATE_HOME", ".local/state"), "rollcall")
}

// CheckStateDir returns an *Error if the environment names no place for StateDir. A journal in a folder that all share, or
// that goes with the next boot, would be lost to undo and to the guards.
func CheckStateDir(env providers.Environment) error {
	if _, err := env.Home(); err != nil && !filepath.IsAbs(env.Getenv("XDG_STATE_HOME")) {
		return &Error{What: "HOME is not set, so that the journal of changes has no place", Do: "set HOME, or XDG_STATE_HOME to a folder that stays"}
	}
	return nil
}

// home returns an XDG variable. By its specification relative paths are ignored.
func home(env providers.Environment, variable, fallback string) string {
	if d := env.Getenv(variable); filepath.IsAbs(d) {
		return d
	}
	h, err := env.Home()
	if err != nil {
		h = os.TempDir()
	}
	return filepath.Join(h, filepath.FromSlash(fallback))
}

// Find returns the file to read: the flag's, else ROLLCALL_CONFIG's, else the default one. It returns "" if none is
// given and the default one does not exist.
func Find(env providers.Environment, flag string) (path string, err error) {
	named, by := flag, "--config"
	if named == "" {
		named, by = env.Getenv(EnvConfig), EnvConfig
	}
	if named != "" {
		if _, err := os.Stat(named); err != nil {
			what := "cannot be read: " + reason(err)
			if errors.Is(err, fs.ErrNotExist) {
				what = "there is no such file"
			}
			return "", &Error{Pos: Pos{File: named}, What: what, Do: "correct " + by + ", or write one with rollcall config init"}
		}
		return named, nil
	}
	path = DefaultPath(env)
	if _, err := os.Stat(path); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return "", nil
		}
		return "", &Error{Pos: Pos{File: path}, What: "cannot be read: " + reason(err), Do: "make it readable"}
	}
	return path, nil
}

func reason(err error) string {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return pe.Err.Error()
	}
	return err.Error()
}

// The largest sizes in bytes of a config file, and of a list of public ranges, which has some two million.
const (
	maxConfig = 1 << 20
	maxRanges = 64 << 20
)

// tooMuch returns the error of a config file that is too long or too deeply nested.
func tooMuch(path string, bad *textfile.Error) *Error {
	return &Error{Pos: Pos{File: path, Line: bad.Line, Column: bad.Column}, What: "this is no config of rollcall: " + bad.Why, Do: "look whether it is the file that you meant"}
}

// Load reads and checks a config file. Its error is an *Error or Errors, or says that ctx ended before the file was
// read. rules describe what the file may contain.
func Load(ctx context.Context, path string, rules Rules) (*Config, error) {
	data, err := textfile.ReadContext(ctx, path, maxConfig)
	if ctx.Err() != nil {
		return nil, err
	}
	if bad, ok := errors.AsType[*textfile.Error](err); ok {
		return nil, tooMuch(path, bad)
	}
	if err != nil {
		return nil, &Error{Pos: Pos{File: path}, What: "cannot be read: " + reason(err), Do: "make it readable"}
	}
	c, err := Parse(path, data, rules)
	if err != nil {
		return nil, err
	}
	if c.RangesFile != "" {
		c.ReadRanges()
	}
	return c, nil
}

// FileStamp is the modification time and size of a file, to detect changes. It is zero for a missing file.
type FileStamp struct {
	Modified time.Time
	Size     int64
}

// RangesNow returns the current stamp of RangesFile.
func (c *Config) RangesNow() FileStamp {
	info, err := os.Stat(c.RangesFile)
	if err != nil {
		return FileStamp{}
	}
	return FileStamp{info.ModTime(), info.Size()}
}

// ReadRanges reads RangesFile into Ranges. If that fails, it sets RangesErr and leaves Ranges. This is no mistake in
// the config: without the list, dangling entries still count as dead. It is not safe for concurrent use.
func (c *Config) ReadRanges() {
	c.RangesAt, c.RangesErr = c.RangesNow(), nil // before the file is read, so that a concurrent change is noticed
	listed, err := readRanges(c.RangesFile)
	if err != nil {
		c.RangesErr = &Error{Pos: c.RangesPos, What: "ranges: " + c.RangesFile + err.Error(), Do: "save https://ip-ranges.amazonaws.com/ip-ranges.json there, or leave ranges out"}
		return
	}
	c.Ranges, c.RangesRead = listed, true
}

// readRanges reads a list of public ranges. Its error starts with a space, because it follows the file's name.
func readRanges(path string) (index.PublicRanges, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, errors.New(" is no regular file")
	}
	data, err := textfile.Read(path, maxRanges)
	if err == nil {
		err = textfile.CheckJSON(data)
	}
	if bad, ok := errors.AsType[*textfile.Error](err); ok {
		return nil, fmt.Errorf(" is not Amazon's list: %w", bad)
	}
	if err != nil {
		return nil, errors.New(" cannot be read: " + reason(err))
	}
	listed, err := index.AmazonRanges(data)
	if err != nil {
		return nil, fmt.Errorf(" is not Amazon's list: %w", err)
	}
	return listed, nil
}

// Parse checks the text of a config file. path is only used in errors.
func Parse(path string, data []byte, rules Rules) (*Config, error) {
	r := &reader{file: path, env: rules.Env, providers: rules.Providers, screens: rules.Screens, lists: rules.Columns, anchors: map[string]ast.Node{}}
	c := Empty()
	c.Path = path
	if root := r.parse(bytes.TrimPrefix(data, []byte("\ufeff"))); root != nil {
		r.root(root, c)
		r.check(c)
		r.checkKeys(c, rules.Keys)
		r.checkCommands(c, rules)
	}
	if len(r.errs) > 0 {
		slices.SortStableFunc(r.errs, func(a, b *Error) int { return a.Pos.Line - b.Pos.Line })
		return nil, r.errs
	}
	return c, nil
}

func (r *reader) root(n ast.Node, c *Config) {
	r.mapping(n, "the config", fields{
		"fleet": to(r, &c.Fleet, "fleet", r.fleet),
		"clouds": func(n ast.Node) {
			r.list(n, "clouds", func(n ast.Node) { c.Clouds = append(c.Clouds, r.cloud(n)) })
		},
		"zones": func(n ast.Node) {
			r.list(n, "zones", func(n ast.Node) { c.Zones = append(c.Zones, r.zone(n)) })
		},
		"services": func(n ast.Node) {
			r.list(n, "services", func(n ast.Node) { c.Services = append(c.Services, r.service(n)) })
		},
		"guards": func(n ast.Node) {
			r.mapping(n, "guards", fields{
				"age":       r.toDuration(&c.Guards.Age, "age", time.Second, time.Hour),
				"threshold": r.toShare(&c.Guards.Threshold, "threshold"),
				"from":      toNumber(r, &c.Guards.From, "from", 1, mostRecords),
				"grace":     r.toDuration(&c.Guards.Grace, "grace", 0, 24*time.Hour),
				"boot":      r.toDuration(&c.Guards.BootGrace, "boot", 0, 24*time.Hour),
				"wire":      r.toDuration(&c.Guards.WireGrace, "wire", time.Second, 24*time.Hour),
				"allow":     r.toPrefixes(&c.Guards.Allow, "allow"),
			})
		},
		"refresh":   r.toDuration(&c.Refresh, "refresh", time.Second, 24*time.Hour),
		"resolvers": r.toAddresses(&c.Resolvers, "resolver"),
		"wire":      r.toBool(&c.Wire, "wire"),
		"probe":     r.toBool(&c.Probe, "probe"),
		"ranges": func(n ast.Node) {
			c.RangesPos = r.pos(n)
			r.toPath(&c.RangesFile, "ranges")(n)
		},
		"team":         func(n ast.Node) { r.team(n, c) },
		"state":        to(r, &c.State, "state", r.state),
		"theme":        to(r, &c.Theme, "theme", r.theme),
		"first_screen": to(r, &c.FirstScreen, "first_screen", r.firstScreen),
		"columns":      func(n ast.Node) { r.columns(n, c) },
		"mouse":        r.toBool(&c.Mouse, "mouse"),
		"keys":         func(n ast.Node) { r.keys(n, c) },
		"commands": func(n ast.Node) {
			r.list(n, "commands", func(n ast.Node) { c.Commands = append(c.Commands, r.command(n)) })
		},
	})
}

// ValidFleet reports whether a fleet id fits into an owner marker.
func ValidFleet(s string) bool {
	return len(s) >= 1 && len(s) <= 16 && !strings.ContainsFunc(s, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' && c != '.'
	})
}

// fleet reads a fleet id that fits into an owner marker together with a machine's UUID.
func (r *reader) fleet(n ast.Node, s string) (string, bool) {
	wrong := !ValidFleet(s)
	if wrong {
		r.fail(n, "write up to 16 letters and digits, or let rollcall config init choose one", "the fleet id %q cannot stand in an owner marker", s)
	}
	return s, !wrong
}

// state reads the name of one folder, and rejects paths that leave the state folder.
func (r *reader) state(n ast.Node, s string) (string, bool) {
	wrong := s == "" || s != filepath.Base(s) || strings.HasPrefix(s, ".")
	if wrong {
		r.fail(n, "write the name of one folder", "state %q is not a plain name", s)
	}
	return s, !wrong
}

// firstScreen reads which screen the console shows at first.
func (r *reader) firstScreen(n ast.Node, s string) (string, bool) {
	wrong := len(r.screens) > 0 && !slices.Contains(r.screens, s)
	if wrong {
		r.fail(n, didYouMean(s, r.screens, "there are "+strings.Join(r.screens, ", ")), "there is no screen %q", s)
	}
	return s, !wrong
}

// theme reads which palette the console uses.
func (r *reader) theme(n ast.Node, s string) (string, bool) {
	wrong := !slices.Contains([]string{"auto", "dark", "light"}, s)
	if wrong {
		r.fail(n, "write auto, dark or light", "there is no theme %q", s)
	}
	return s, !wrong
}

// ParseResolvers parses the value of ROLLCALL_RESOLVERS: host or host:port, separated by commas or white space.
func ParseResolvers(s string) ([]string, error) {
	var out []string
	for f := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == ',' || r == ' ' }) {
		a, err := resolverAddress(f)
		if err != nil {
			return nil, err
		}
		out = append(out, a)
	}
	return out, nil
}

// toAddresses reads a list of DNS servers. what names one of them in errors.
func (r *reader) toAddresses(dst *[]string, what string) func(ast.Node) {
	return toList(r, dst, what+"s", what, func(n ast.Node, s string) (string, bool) {
		a, err := resolverAddress(s)
		if err != nil {
			r.fail(n, "write an address, or address:port", "%s %q: %s", what, s, err)
		}
		return a, err == nil
	})
}
