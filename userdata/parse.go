package userdata

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

//go:embed templates/*.sh
var builtin embed.FS

// The formats of a boot script, by the ending of the template's file.
const (
	FormatScript      = "sh"
	FormatCloudConfig = "cloud-config"
)

// A template is a text file: a head in YAML between two lines of three
// hyphens, then the boot script as it is, but for three things.
//
//   - The line "# rollcall: values" becomes one assignment for each variable
//     that the script uses, quoted for the shell. The script then uses plain shell variables,
//     so that no value can break out of its place.
//   - The line "# rollcall: agent" becomes the agent, its config and its units.
//   - In a cloud-config a scalar that is {{name}} becomes the variable's value,
//     quoted for YAML.
//
// A line keeps its indentation, so that both work inside a YAML block too.
const (
	headMark   = "---"
	valuesLine = "# rollcall: values"
	agentLine  = "# rollcall: agent"
)

// head is what stands before the script.
type head struct {
	Name      string     `yaml:"name"`
	Help      string     `yaml:"help"`
	Agent     string     `yaml:"agent"`
	After     string     `yaml:"after"`
	Variables []Variable `yaml:"variables"`
}

var (
	templateName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)
	variableName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`)
	unitName     = regexp.MustCompile(`^[A-Za-z0-9@_.:-]+\.(service|target)$`)
)

// parse reads one template.
func parse(file string, text []byte) (Template, error) {
	fail := func(format string, args ...any) (Template, error) {
		return Template{}, fmt.Errorf("template %s: %s", file, fmt.Sprintf(format, args...))
	}
	text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
	rest, ok := bytes.CutPrefix(text, []byte(headMark+"\n"))
	top, body, ok2 := bytes.Cut(rest, []byte("\n"+headMark+"\n"))
	if !ok || !ok2 {
		return fail("it does not begin with a head between two lines of ---")
	}
	var h head
	if err := yaml.UnmarshalWithOptions(top, &h, yaml.Strict()); err != nil {
		return fail("%s", strings.Join(strings.Fields(strings.SplitN(yaml.FormatError(err, false, false), "\n", 2)[0]), " "))
	}
	t := Template{Name: h.Name, Help: h.Help, Agent: h.Agent, After: h.After, Variables: h.Variables, Source: file, Format: FormatScript, body: string(body)}
	if ext := path.Ext(file); ext == ".yaml" || ext == ".yml" {
		t.Format = FormatCloudConfig
	}
	switch {
	case !templateName.MatchString(t.Name):
		return fail("name %q: it takes lower-case letters, digits and hyphens", t.Name)
	case t.Agent != "" && t.Agent != "round-robin" && t.Agent != "dns-sd":
		return fail("agent %q: it is round-robin, dns-sd or nothing", t.Agent)
	case t.After != "" && !unitName.MatchString(t.After):
		return fail("after %q is no name of a systemd unit", t.After)
	case t.Format == FormatScript && !strings.HasPrefix(t.body, "#!"):
		return fail("the script does not begin with #!")
	case t.Format == FormatCloudConfig && !strings.HasPrefix(t.body, "#cloud-config\n"):
		return fail("the text does not begin with #cloud-config")
	case (t.Agent != "") != hasLine(t.body, agentLine):
		return fail("a template with an agent has the line %q, and only such a one", agentLine)
	}
	t.Variables = append(standardVariables(t.Agent), t.Variables...)
	seen := map[string]bool{}
	for i := range t.Variables {
		v := &t.Variables[i]
		if v.Type == "" {
			v.Type = TypeString
		}
		if seen[v.Name] {
			return fail("variable %s is declared twice", v.Name)
		}
		seen[v.Name] = true
		if err := v.declared(); err != nil {
			return fail("variable %s: %v", v.Name, err)
		}
	}
	for _, m := range placeholder.FindAllStringSubmatch(t.body, -1) {
		if t.Format == FormatCloudConfig && !seen[m[1]] {
			return fail("it uses the variable %s, which it does not declare", m[1])
		}
	}
	return t, nil
}

func hasLine(body, line string) bool {
	for l := range strings.Lines(body) {
		if strings.TrimSpace(l) == line {
			return true
		}
	}
	return false
}

// Builtin gives the templates that come with rollcall.
func Builtin() *Templates {
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
	panic(fmt.Sprintf("userdata: the embedded templates: %v", err)) // a test reads them all
}

// Load adds the templates in the top folder of fsys (*.sh, *.yaml) to the
// set and gives the new set. An operator's template hides a built-in one of the same name.
func (t *Templates) Load(fsys fs.FS) (*Templates, error) {
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return nil, fmt.Errorf("read the templates: %w", err)
	}
	out := &Templates{list: slices.Clone(t.list)}
	from := map[string]string{}
	for _, e := range entries {
		if ext := path.Ext(e.Name()); e.IsDir() || ext != ".sh" && ext != ".yaml" && ext != ".yml" {
			continue
		}
		text, err := fs.ReadFile(fsys, e.Name())
		if err != nil {
			return nil, fmt.Errorf("read the templates: %w", err)
		}
		one, err := parse(e.Name(), text)
		if err != nil {
			return nil, err
		}
		if other, ok := from[one.Name]; ok {
			return nil, fmt.Errorf("template %s: %s has the name %s already", e.Name(), other, one.Name)
		}
		from[one.Name] = e.Name()
		out.list = slices.DeleteFunc(out.list, func(o Template) bool { return o.Name == one.Name })
		out.list = append(out.list, one)
	}
	slices.SortFunc(out.list, func(a, b Template) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

// List gives all templates, sorted by name.
func (t *Templates) List() []Template { return slices.Clone(t.list) }

// Get gives the template of that name. The error names those that there are.
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
