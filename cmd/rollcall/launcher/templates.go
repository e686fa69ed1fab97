package launcher

import (
	"path/filepath"
	"strings"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/config"
	"rollcall/cmd/rollcall/words"
	"rollcall/userdata"
)

// templatesDir is where operators keep templates of their own.
func templatesDir() string { return filepath.Join(filepath.Dir(config.DefaultPath()), "templates") }

// LoadTemplates returns the built-in templates and the operator's own. The error
// has a line for each file that cannot be read; the rest is there all the same.
func LoadTemplates() (*userdata.Templates, error) { return userdata.Builtin().LoadDir(templatesDir()) }

// TemplatesOf returns all templates, and reports those that cannot be read.
func TemplatesOf(a *app.Program) *userdata.Templates {
	all, err := LoadTemplates()
	if err != nil {
		for l := range strings.Lines(err.Error()) {
			a.Say("rollcall: %s", words.Clean(strings.TrimRight(l, "\n")))
		}
	}
	return all
}
