package userdata

import (
	"bytes"
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"

	"rollcall/providers/textfile"
)

//go:embed templates/*.sh templates/*.yaml
var builtin embed.FS

// AnyKind is the agent of a template for services of every kind, which the variable kind or the name selects.
const AnyKind = "any"

// The formats of a boot script, by the template's file extension.
const (
	FormatScript      = "sh"
	FormatCloudConfig = "cloud-config"
)

// A template is a text file: a head in YAML between two lines of three hyphens, then the boot script. In the script
// three things are replaced:
//
//   - The line "# rollcall: values" becomes an assignment, quoted for the shell, for each variable that the script
//     uses. The script uses plain shell variables, so no value can break out of its place.
//   - The line "# rollcall: agent" becomes the agent, its config and its units.
//   - In a cloud-config a scalar {{name}} becomes the variable's value, quoted for YAML.
//
// A script that begins with "## template: jinja" is rendered by cloud-init on the node; what is inserted stays as it is.
// The head's parts make an archive of it and of other files, in the order of the list.
//
// Replaced lines keep their indentation, so they also work inside a YAML block.
const (
	headMark   = "---"
	valuesLine = "# rollcall: values"
	agentLine  = "# rollcall: agent"
)

// head is the YAML before the script.
type head struct {
	Name      string     `yaml:"name"`
	Help      string     `yaml:"help"`
	Agent     string     `yaml:"agent"`
	After     string     `yaml:"after"`
	Parts     []string   `yaml:"parts"`
	Variables []Variable `yaml:"variables"`
}

var (
	// Compiled on first use, as counted repeats take long.
	templateName    = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`) })
	variableName    = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`) })
	cloudConfigLine = regexp.MustCompile(`^#cloud-config[ \t]*\n`)
	unitName        = regexp.MustCompile(`^[A-Za-z0-9@_.:-]+\.(service|target)$`)
)

// parse parses a template, whose parts are files of fsys. An error is one line, with file and line.
func parse(fsys fs.FS, file string, text []byte) (Template, error) {
	fail := func(line int, format string, args ...any) (Template, error) {
		return Template{}, fmt.Errorf("template %s:%d: %s", file, line, fmt.Sprintf(format, args...))
	}
	text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
	rest, ok := bytes.CutPrefix(text, []byte(headMark+"\n"))
	top, body, ok2 := bytes.Cut(rest, []byte("\n"+headMark+"\n"))
	if !ok || !ok2 {
		return fail(1, "it does not begin with a head between two lines of ---, which has at least name: and help:; rollcall userdata new NAME writes a template")
	}
	var h head
	if err := unmarshal(top, &h, yaml.Strict()); err != nil {
		line, what := yamlMistake(err)
		return fail(1+line, "%s", what)
	}
	t := Template{Name: h.Name, Help: h.Help, Agent: h.Agent, After: h.After, Variables: h.Variables, Source: file, Format: FormatScript, body: string(body)}
	t.bodyLine = bytes.Count(top, []byte("\n")) + 4
	if ext := path.Ext(file); ext == ".yaml" || ext == ".yml" {
		t.Format = FormatCloudConfig
	}
	first, script, _ := strings.Cut(t.body, "\n")
	if t.jinja = jinjaHeader.MatchString(strings.TrimRight(first, " \t")); !t.jinja {
		script = t.body
	}
	at := func(key string) int { return 2 + lineOf(string(top), regexp.MustCompile(`^"?`+key+`"?\s*:`)) }
	switch {
	case !templateName().MatchString(t.Name):
		return fail(at("name"), "name %q: it takes lower-case letters, digits and hyphens", t.Name)
	case t.Agent != "" && t.Agent != "round-robin" && t.Agent != "dns-sd" && t.Agent != AnyKind:
		return fail(at("agent"), "agent %q: it is round-robin, dns-sd, any or nothing", t.Agent)
	case t.After != "" && !unitName.MatchString(t.After):
		return fail(at("after"), "after %q is no name of a systemd unit", t.After)
	case t.Format == FormatScript && !strings.HasPrefix(script, "#!"):
		return fail(t.bodyLine, "the script does not begin with #!")
	case t.Format == FormatCloudConfig && !cloudConfigLine.MatchString(script):
		return fail(t.bodyLine, "the text does not begin with #cloud-config")
	case (t.Agent != "") != hasLine(t.body, agentLine):
		return fail(at("agent"), "a template with an agent has the line %q, and only such a one", agentLine)
	}
	if err := t.loadParts(fsys, h.Parts); err != nil {
		return fail(at("parts"), "%v", err)
	}
	own := len(t.Variables)
	t.Variables = append(standardVariables(t.Agent), t.Variables...)
	seen := map[string]bool{}
	for i := range t.Variables {
		v := &t.Variables[i]
		v.Type = cmp.Or(v.Type, TypeString)
		line := 0
		if i >= len(t.Variables)-own {
			line = 2 + lineOf(string(top), regexp.MustCompile(`[-{,\s]"?name"?\s*:\s*["']?`+regexp.QuoteMeta(v.Name)+`["']?\s*([,}#]|$)`))
		}
		if seen[v.Name] {
			return fail(line, "variable %s is declared twice, or is one of those that every template with an agent has", v.Name)
		}
		seen[v.Name] = true
		if err := v.declared(); err != nil {
			return fail(line, "variable %s: %v", v.Name, err)
		}
	}
	if t.Format == FormatCloudConfig {
		n := t.bodyLine
		for line := range strings.Lines(t.body) {
			for _, m := range placeholder.FindAllStringSubmatch(line, -1) {
				if t.jinja && !seen[m[1]] {
					continue // a variable of cloud-init
				}
				if !seen[m[1]] {
					return fail(n, "it uses the variable %s, which it does not declare", m[1])
				}
				if scalarLine.FindStringSubmatch(line) == nil {
					return fail(n, "{{%s}} must be the whole value of a key or a list entry", m[1])
				}
			}
			n++
		}
	}
	return t, nil
}

// unmarshal decodes a YAML text that is not nested too deeply.
func unmarshal(text []byte, v any, o ...yaml.DecodeOption) error {
	if err := textfile.CheckYAML(text); err != nil {
		return err
	}
	return yaml.UnmarshalWithOptions(text, v, o...)
}

// yamlMistake returns the line and the text of a YAML error.
func yamlMistake(err error) (line int, what string) {
	if bad, ok := errors.AsType[*textfile.Error](err); ok {
		return bad.Line, bad.Why
	}
	text := strings.Join(strings.Fields(strings.SplitN(yaml.FormatError(err, false, false), "\n", 2)[0]), " ")
	if m := yamlPlace.FindStringSubmatch(text); m != nil {
		line, _ = strconv.Atoi(m[1]) // digits
		return line, m[2]
	}
	return 1, text
}

var yamlPlace = regexp.MustCompile(`^\[(\d+):\d+\] (.*)$`)

// lineOf returns the index of the first line that matches, or 0.
func lineOf(text string, re *regexp.Regexp) int {
	n := 0
	for line := range strings.Lines(text) {
		if re.MatchString(strings.TrimRight(line, "\n")) {
			return n
		}
		n++
	}
	return 0
}

func hasLine(body, line string) bool {
	return slices.ContainsFunc(strings.Split(body, "\n"), func(l string) bool { return strings.TrimSpace(l) == line })
}

// Builtin returns the built-in templates. A set is immutable, so all callers share it.
func Builtin() *Templates { return parsedBuiltin() }

var parsedBuiltin = sync.OnceValue(func() *Templates {
	sub, err := fs.Sub(builtin, "templates")
	if err == nil {
		var t *Templates
		if t, err = (&Templates{}).Load(sub); err == nil {
			for i := range t.list {
				t.list[i].Builtin = true
			}
			return t
		}
	}
	panic(fmt.Sprintf("userdata: the embedded templates: %v", err)) // tests read all of them
})

// Load returns a new set with the templates in the top folder of fsys (*.sh, *.yaml) added. They hide built-in ones of
// the same name. Unreadable templates are left out; the error is Problems with a line for each.
func (t *Templates) Load(fsys fs.FS) (*Templates, error) { return t.load(fsys, "") }

// LoadDir is Load for a folder on disk. A missing folder has no templates. Errors include the folder in file names.
func (t *Templates) LoadDir(dir string) (*Templates, error) {
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return t, nil
	}
	return t.load(os.DirFS(dir), dir)
}

// maxTemplate is the largest size of a template in bytes. The rendered text may have 16 KiB.
const maxTemplate = 1 << 20

func readTemplate(fsys fs.FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	return textfile.ReadAll(f, maxTemplate)
}

func (t *Templates) load(fsys fs.FS, dir string) (*Templates, error) {
	out := &Templates{list: slices.Clone(t.list)}
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return out, Problems{fmt.Sprintf("read the templates: %v", err)}
	}
	var wrong Problems
	from := map[string]string{}
	for _, e := range entries {
		if ext := path.Ext(e.Name()); e.IsDir() || ext != ".sh" && ext != ".yaml" && ext != ".yml" {
			continue
		}
		file := filepath.Join(dir, e.Name())
		text, err := readTemplate(fsys, e.Name())
		if err != nil {
			wrong = append(wrong, fmt.Sprintf("template %s: %v", file, err))
			continue
		}
		one, err := parse(fsys, file, text)
		if err != nil {
			wrong = append(wrong, err.Error())
			continue
		}
		if other, ok := from[one.Name]; ok {
			wrong = append(wrong, fmt.Sprintf("template %s: %s has the name %s already", file, other, one.Name))
			continue
		}
		from[one.Name] = file
		out.list = slices.DeleteFunc(out.list, func(o Template) bool { return o.Name == one.Name })
		out.list = append(out.list, one)
	}
	slices.SortFunc(out.list, func(a, b Template) int { return strings.Compare(a.Name, b.Name) })
	if len(wrong) > 0 {
		return out, wrong
	}
	return out, nil
}

// List returns all templates, sorted by name.
func (t *Templates) List() []Template { return slices.Clone(t.list) }

// Get returns the template of that name. The error for a missing one lists the existing templates.
func (t *Templates) Get(name string) (Template, error) {
	var names []string
	for _, one := range t.list {
		if one.Name == name {
			return one, nil
		}
		names = append(names, one.Name)
	}
	return Template{}, fmt.Errorf("there is no template %q; there are %s", name, strings.Join(names, ", "))
}
