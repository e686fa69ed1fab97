package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"rollcall/cmd/rollcall/launcher"
	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview/apply"
	"rollcall/dnsview/index"
	"rollcall/providers"
	"rollcall/providers/launch"
	"rollcall/ui/common"
	"rollcall/userdata"
)

func (b *backend) Services() []index.Service { return b.s.Config.DeclaredServices() }

func (b *backend) Templates() []userdata.Template { return b.templates.List() }

func (b *backend) Defaults(_ context.Context, service string) common.LaunchDefaults {
	d := b.s.Defaults(b.view(), b.templates, service)
	d.Last = b.s.LastLaunch(service)
	return d
}

func (b *backend) Catalogue(ctx context.Context, cloud string) (providers.Catalogue, error) {
	c, ok := b.s.Cloud(cloud)
	switch {
	case !ok:
		return providers.Catalogue{}, fmt.Errorf("there is no cloud %s", cloud)
	case c.Err != nil:
		return providers.Catalogue{}, c.Err
	}
	return c.Compute.Catalogue(ctx)
}

func (b *backend) Render(_ context.Context, r common.RenderRequest) (userdata.Rendered, error) {
	return b.s.Render(b.view(), b.templates, r)
}

func (b *backend) Lint(ctx context.Context, r common.RenderRequest, text userdata.Rendered) (userdata.LintReport, error) {
	return b.s.Lint(ctx, b.templates, r.Template, r.Cloud, &text)
}

func (b *backend) Profiles(ctx context.Context, spec launch.Spec, name string) ([]common.ProfilePlan, error) {
	if !launcher.IAMName().MatchString(name) {
		return nil, fmt.Errorf("profile %q: IAM takes letters, digits and +=,.@_-, at most 64", name)
	}
	profiles, err := b.s.ProfilesToMake(ctx, &spec, name)
	if err != nil {
		return nil, errors.New(strings.TrimPrefix(err.Error(), "--create-profile: ")) // the console has no such flag
	}
	var out []common.ProfilePlan
	for _, p := range profiles {
		out = append(out, common.ProfilePlan{Account: p.Account, Name: p.Profile.Name, Missing: p.Missing, Policy: p.Profile.Policy})
	}
	return out, nil
}

func (b *backend) MakeProfiles(ctx context.Context, spec launch.Spec, name string) (launch.Spec, error) {
	profiles, err := b.s.ProfilesToMake(ctx, &spec, name)
	if err != nil {
		return spec, err
	}
	if got := b.s.Check(ctx, spec, false); len(got.Refused) > 0 {
		return spec, errors.New(strings.Join(got.Refused, "; "))
	}
	for i := range profiles {
		if err := b.s.MakeProfile(ctx, &profiles[i]); err != nil {
			return spec, err
		}
	}
	return spec, nil
}

func (b *backend) Launch(ctx context.Context, spec launch.Spec, progress func(launch.Node)) launch.Report {
	spec, err := b.s.WithMetadata(b.s.WithOwnTags(spec), nil)
	if err != nil {
		return launch.Report{Spec: spec, Problems: launch.Problems{err.Error()}}
	}
	if err := b.s.RefuseCredentials(ctx, &spec, spec.Given); err != nil {
		return launch.Report{Spec: spec, Problems: launch.Problems{err.Error()}}
	}
	if v := b.view(); v != nil {
		if why := v.WhyServiceHidden(spec.Service); why != "" {
			return launch.Report{Spec: spec, Problems: launch.Problems{"a node of " + words.Clean(spec.Service) + " could not be registered: " + why}}
		}
	}
	if got := b.s.Check(ctx, spec, true); len(got.Refused) > 0 {
		return launch.Report{Spec: spec, Problems: got.Refused}
	}
	defer b.launching(nodesOf(&spec))()
	return launch.Run(ctx, spec, b.s.LaunchClouds(), b.s.Follow(&spec), b.watch(ctx, spec.Service, progress))
}

func (b *backend) JournalAsk(context.Context) *apply.Ask { return b.s.JournalAsk() }

func (b *backend) AnswerJournal(text string) error { return b.s.AnswerJournal(text) }

func (b *backend) Relaunch(ctx context.Context, r launch.Report, progress func(launch.Node)) launch.Report {
	defer b.launching(nodesOf(&r.Spec))()
	return launch.Retry(ctx, r, b.s.LaunchClouds(), b.s.Follow(&r.Spec), b.watch(ctx, r.Spec.Service, progress))
}

// watch returns progress extended by a read of the launch's sources for each new stage, so that the panes show what the
// launch reports.
func (b *backend) watch(ctx context.Context, service string, progress func(launch.Node)) func(launch.Node) {
	zone := ""
	if d := b.s.Config.Declared(service); d != nil {
		zone = d.Zone
	}
	return func(n launch.Node) {
		progress(n)
		switch n.Stage {
		case launch.StagePending, launch.StageRunning, launch.StageFailed:
			go b.s.Fleet.Refresh(context.WithoutCancel(ctx), n.Cloud)
		case launch.StageRegistered:
			go b.s.Fleet.Refresh(context.WithoutCancel(ctx), n.Cloud, zone)
		}
	}
}
