package userdata

import (
	"context"
	"os/exec"

	"rollcall/providers"
)

// LintRendered checks a text that was rendered for one launch for secrets and with shellcheck and cloud-init's schema.
// It does not repeat warnings of the rendering. If a tool cannot be run, or not in time, it returns an error together
// with the findings so far.
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
