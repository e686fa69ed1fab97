package ui_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"testing/fstest"

	"rollcall/dnsview/apply"
	"rollcall/dnsview/index"
	"rollcall/providers"
	"rollcall/providers/adapters"
	"rollcall/providers/launch"
	"rollcall/ui/common"
	"rollcall/userdata"
)

// ownTemplate is the operator's template as a file.
const ownTemplate = "---\nname: own\nhelp: h\nvariables:\n  - {name: key, help: h, secret: true}\n  - {name: ipv6, type: bool, default: 'false'}\n  - {name: hosts, type: int, default: '3', pattern: '[1-9]'}\n---\n#!/bin/sh\n# rollcall: values\nuse \"$key\" \"$hosts\"\n"

// fakeJournal asks until it is answered.
type fakeJournal struct {
	ask      *apply.Ask
	answered []string
}

func (f *fake) JournalAsk(context.Context) *apply.Ask {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.journal.ask
}

func (f *fake) AnswerJournal(text string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.journal.answered, f.journal.ask = append(f.journal.answered, text), nil
	return nil
}

func (f *fake) Services() []index.Service { return f.services }

func (f *fake) Templates() []userdata.Template {
	return []userdata.Template{{Name: "nginx", Help: "nginx behind a round-robin name", Format: "sh", After: "nginx.service", Builtin: true, Variables: []userdata.Variable{
		{Name: "name", Type: userdata.TypeDomain, Help: "name that the node registers", Required: true, Example: "www.example.com"},
		{Name: "port", Type: userdata.TypePort, Default: "80", Help: "port that nginx listens on"},
		{Name: "register", Type: userdata.TypeEnum, Default: "agent", Options: []string{"agent", "console"}, Help: "who puts the node into DNS"},
	}}, {Name: "own", Help: "a template of an operator", Format: "sh", Source: "/etc/templates/own.sh", Variables: []userdata.Variable{
		{Name: "key", Type: userdata.TypeString, Secret: true, Help: "a key that nobody is to see"},
		{Name: "ipv6", Type: userdata.TypeBool, Default: "false", Help: "IPv6 too"},
		{Name: "hosts", Type: userdata.TypeInt, Default: "3", Help: "a help that is so long that one line of the form is not enough for it, since it says what the number counts and what happens when it is too small"},
	}}}
}

func (f *fake) Defaults(_ context.Context, service string) common.LaunchDefaults {
	return common.LaunchDefaults{
		Last:     f.last,
		Template: "nginx", NamePrefix: "www", Values: map[string]string{"name": service},
		Clouds: map[string]common.CloudDefaults{"aws-use1": {Count: 1, Image: "ami-0b", Size: "t3.micro"}, "joyent-ams": {Image: "img-1", Size: "g4-highcpu-1G"}},
	}
}

func (f *fake) Catalogue(_ context.Context, cloud string) (providers.Catalogue, error) {
	if cloud == "aws-use1" || cloud == "aws-euw1" {
		return providers.Catalogue{
			Images: []providers.Image{{ID: "ami-0a", Name: "Debian", Version: "12"}, {ID: "ami-0b", Name: "Ubuntu", Version: "24.04"}},
			Sizes:  []providers.Size{{ID: "t3.nano", Name: "t3.nano", VCPUs: 2, MemoryMiB: 512}, {ID: "t3.micro", Name: "t3.micro", VCPUs: 2, MemoryMiB: 1024}}, KeyPairs: []string{"ops"},
		}, nil
	}
	return providers.Catalogue{
		Images: []providers.Image{{ID: "img-1", Name: "ubuntu-certified", Version: "24.04"}},
		Sizes:  []providers.Size{{ID: "g4-highcpu-1G", Name: "g4-highcpu-1G", VCPUs: 1, MemoryMiB: 1024}},
	}, nil
}

func (f *fake) Render(_ context.Context, r common.RenderRequest) (userdata.Rendered, error) {
	if r.Template == "own" {
		set, err := (&userdata.Templates{}).Load(fstest.MapFS{"own.sh": {Data: []byte(ownTemplate)}})
		if err != nil {
			return userdata.Rendered{}, err
		}
		return set.Render("own", userdata.Input{Provider: providers.EC2, Declared: adapters.Declarations(), Values: r.Values})
	}
	if r.Values["name"] == "" {
		return userdata.Rendered{}, userdata.Problems{"template nginx: variable name is not set: give the name that the node registers"}
	}
	text := "#!/bin/sh\n# nginx behind " + r.Values["name"] + "\nset -eu\nexport PORT=" + r.Values["port"] + "\napt-get install -y nginx\n\x1b[31mevil\x1b[0m\nrollcall-agent register\n"
	return userdata.Rendered{Text: []byte(text), Limit: 16384, Left: 16384 - len(text), Agent: &userdata.AgentConfig{Register: cmp.Or(r.Values["register"], "agent"), Health: userdata.Health{HTTP: "/", Port: 80}}}, nil
}

func (f *fake) Lint(_ context.Context, r common.RenderRequest, text userdata.Rendered) (userdata.LintReport, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.linted = append(f.linted, r.Cloud+" "+r.Values["port"])
	return userdata.LintReport{Template: r.Template, Findings: f.lints[r.Cloud]}, f.lintErr
}

func (f *fake) Profiles(_ context.Context, s launch.Spec, name string) ([]common.ProfilePlan, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if name == "taken" {
		return nil, fmt.Errorf("the role %s is not rollcall's own", name)
	}
	return []common.ProfilePlan{{Account: "123456789012", Name: name, Missing: f.missing, Policy: `{"Version": "2012-10-17"}`}}, nil
}

func (f *fake) MakeProfiles(_ context.Context, s launch.Spec, name string) (launch.Spec, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.made = append(f.made, name)
	if f.makeErr != nil {
		return s, f.makeErr
	}
	for i := range s.Nodes {
		s.Nodes[i].Profile = name
	}
	return s, nil
}

func (f *fake) Launch(ctx context.Context, s launch.Spec, progress func(launch.Node)) launch.Report {
	f.mu.Lock()
	f.launches = append(f.launches, s)
	hold, fail := f.hold, f.fail
	f.mu.Unlock()
	r := launch.Report{Spec: s}
	for _, t := range s.Nodes {
		for i := range t.Count {
			n := launch.Node{Cloud: t.Cloud, Index: i, Name: fmt.Sprintf("%s-0a1b-%d", s.NamePrefix, i+1), Stage: launch.StagePending, Since: f.now()}
			n.Instance = providers.Instance{ID: fmt.Sprintf("i-new-%d", i), Cloud: t.Cloud}
			progress(n)
			if hold != nil {
				select {
				case <-hold:
				case <-ctx.Done():
					return r
				}
			}
			n.Stage = launch.StageRegistered
			if fail && i == t.Count-1 {
				n.Stage, n.Message = launch.StageFailed, "the cloud has no room: InsufficientInstanceCapacity"
			}
			progress(n)
			r.Nodes = append(r.Nodes, n)
		}
	}
	return r
}

func (f *fake) Relaunch(_ context.Context, r launch.Report, progress func(launch.Node)) launch.Report {
	f.mu.Lock()
	f.relaunch = append(f.relaunch, r.Spec.ID)
	f.mu.Unlock()
	r.Nodes = slices.Clone(r.Nodes)
	for i := range r.Nodes {
		r.Nodes[i].Stage, r.Nodes[i].Message = launch.StageRegistered, ""
		progress(r.Nodes[i])
	}
	return r
}
