package userdata

import (
	"context"
	"os/exec"

	"rollcall/providers"
)

// LintRendered looks at a text that was rendered for one launch: which secrets stand
// in it, and what shellcheck and cloud-init's schema have against it. What the rendering has warned of is not said again. The error says that
// a tool could not be run, or not in time; what was found until then is given all the same.
func (t *Templates) LintRendered(ctx context.Context, name string, p providers.Provider, r *Rendered, o LintOptions) (LintReport, error) {
	one, err := t.Get(name)
	if err != nil {
		return LintReport{}, Problems{err.Error()}
	}
	l := &linting{t: &one, o: o, report: LintReport{Template: name}, warned: true}
	if l.o.LookPath == nil {
		l.o.LookPath = exec.LookPath
	}
	l.report.Sizes = []LintSize{{For: p, Bytes: len(r.Text), Plain: len(r.Plain), Limit: r.Limit, Left: r.Left, Compressed: r.Compressed()}}
	l.secrets(p, r)
	err = l.tools(ctx, p, r)
	return l.report, err
}
