package launcher

import (
	"cmp"
	"errors"
	"path/filepath"
	"strings"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/config"
	"rollcall/cmd/rollcall/words"
	"rollcall/userdata"
)

// OwnTemplates returns the folder of the operator's templates beside the config in use.
func OwnTemplates(a *app.Program) string {
	return filepath.Join(filepath.Dir(cmp.Or(a.Config, a.Env.Getenv(config.EnvConfig), config.DefaultPath(a.Env))), "templates")
}

// LoadTemplates returns the built-in templates and the operator's own: those beside the config in use, which take
// precedence, and those beside the default config. The error has a line for each unreadable file; all others are still
// returned.
func LoadTemplates(a *app.Program) (*userdata.Templates, error) {
	own := func(file string) string { return filepath.Join(filepath.Dir(file), "templates") }
	dir := own(config.DefaultPath(a.Env))
	all, err := userdata.Builtin().LoadDir(dir)
	if used := cmp.Or(a.Config, a.Env.Getenv(config.EnvConfig)); used != "" && !a.Demo && own(used) != dir {
		more, wrong := all.LoadDir(own(used))
		return more, errors.Join(err, wrong)
	}
	return all, err
}

// TemplatesOf returns all templates and reports unreadable ones.
func TemplatesOf(a *app.Program) *userdata.Templates {
	all, err := LoadTemplates(a)
	if err != nil {
		for l := range strings.Lines(err.Error()) {
			a.Logf("rollcall: %s", words.Clean(strings.TrimRight(l, "\n")))
		}
	}
	return all
}
