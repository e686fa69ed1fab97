package launcher

import (
	"cmp"
	"errors"
	"path/filepath"
	"strings"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/config"
	"rollcall/cmd/rollcall/exit"
	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview/index"
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

// RenderFor renders a template for nodes of a service, which may be nil. It returns a usage error if the template is for another
// kind of service.
func RenderFor(all *userdata.Templates, name string, in userdata.Input, service *index.Service) (userdata.Rendered, error) {
	t, err := all.Get(name)
	if err != nil {
		return all.Render(name, in)
	}
	if err := checkKind(&t, t.Agent, service); err != nil {
		return userdata.Rendered{}, err
	}
	out, err := all.Render(name, in)
	if err == nil && out.Agent != nil {
		err = checkKind(&t, out.Agent.Kind, service)
	}
	return out, err
}

// checkKind returns a usage error if a service is of another kind than the one whose nodes a template registers.
func checkKind(t *userdata.Template, kind string, service *index.Service) error {
	if service == nil || kind == "" || kind == userdata.AnyKind || kind == string(service.Kind) {
		return nil
	}
	return exit.Usagef("the template %s registers nodes of a %s service, and %s is a %s service: take %s, or another template for that kind",
		words.Clean(t.Name), kind, words.Clean(service.Name), service.Kind, userdata.DefaultTemplate(string(service.Kind)))
}
