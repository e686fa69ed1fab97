package cli

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"rollcall/providers"
	"rollcall/providers/launch"
	"rollcall/ui/common"
)

// formBackend is what the launch form talks to, on the embedded clouds.
func formBackend(t *testing.T) *backend {
	t.Helper()
	return newBackend(watching(t))
}

// rendered is a launch of one node in each of the clouds.
func rendered(t *testing.T, b *backend, service string, values map[string]string, clouds ...string) launch.Spec {
	t.Helper()
	d := b.Defaults(t.Context(), service)
	for k, v := range values {
		d.Values[k] = v
	}
	spec := launch.Spec{ID: launch.NewID(), Service: service, Template: d.Template, NamePrefix: d.NamePrefix}
	for _, c := range clouds {
		req := common.RenderRequest{Template: d.Template, Service: service, Cloud: c, Values: d.Values}
		r, err := b.Render(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		if l, err := b.Lint(t.Context(), req, r); err != nil || l.Failed() || len(l.Sizes) != 1 {
			t.Errorf("lint of %s: %+v, %v", c, l, err)
		}
		spec.Nodes = append(spec.Nodes, launch.Target{Cloud: c, Count: 1, Image: d.Clouds[c].Image, Size: d.Clouds[c].Size, UserData: r.Text})
	}
	return spec
}

func TestTheFormSaysAndMakesTheProfileThatTheCommandMakes(t *testing.T) {
	newWorld(t)
	b := formBackend(t)
	spec := rendered(t, b, "v1._theservice._tcp.unilans.net", map[string]string{"register": "agent"}, "aws-use1", "aws-euw1", "joyent-east")
	for _, made := range []bool{false, true} {
		plans, err := b.Profiles(t.Context(), spec, "svc-nodes")
		if err != nil || len(plans) != 1 || plans[0].Account != "123456789012" || (len(plans[0].Missing) == 0) != made || !strings.Contains(plans[0].Policy, "route53:ChangeResourceRecordSets") {
			t.Fatalf("made %v: %+v, %v", made, plans, err)
		}
		if made {
			break
		}
		with, err := b.MakeProfiles(t.Context(), spec, "svc-nodes")
		if err != nil || with.Nodes[0].Profile != "svc-nodes" || with.Nodes[1].Profile != "svc-nodes" || with.Nodes[2].Profile != "" {
			t.Fatalf("%+v, %v", with.Nodes, err)
		}
		r := b.Launch(t.Context(), with, func(launch.Node) {})
		if !r.OK() {
			t.Errorf("%+v", r)
		}
	}
	for name, want := range map[string]string{"a/b": "IAM takes letters", "rollcall-node": "was not made for these nodes"} {
		if _, err := b.Profiles(t.Context(), spec, name); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "--") {
			t.Errorf("%s: %v", name, err)
		}
	}
	none := rendered(t, b, "v1._theservice._tcp.unilans.net", map[string]string{"register": "console"}, "aws-use1")
	if _, err := b.Profiles(t.Context(), none, "x"); err == nil || !strings.HasPrefix(err.Error(), "the nodes in aws-use1 do not register themselves") {
		t.Errorf("%v", err)
	}
}

func TestTheJournalHasTheValuesOfTheFormWithoutSecretOnes(t *testing.T) {
	newWorld(t)
	b := formBackend(t)
	spec := rendered(t, b, theWWW, map[string]string{"greeting": "Ahoy"}, "aws-use1")
	spec.Given = map[string]string{"greeting": "Ahoy", "ttl": "ghp_0123456789abcdefghijklmnopqrstuvwxyzAB", "unheard": "of"}
	if r := b.Launch(t.Context(), spec, func(launch.Node) {}); !r.OK() {
		t.Fatalf("%+v", r)
	}
	l := journalOf(t)[0].Launch
	if l == nil || !maps.Equal(l.Set, map[string]string{"greeting": "Ahoy"}) || !slices.Equal(l.Withheld, []string{"ttl"}) {
		t.Errorf("%+v", l)
	}
	if last := b.Defaults(t.Context(), theWWW).Last; last.Values["greeting"] != "Ahoy" || !slices.Equal(last.Withheld, []string{"ttl"}) {
		t.Errorf("%+v", last)
	}
	must(t, "launch", "--cloud", "aws-use1", "--service", theWWW, "--yes")
	if last := b.Defaults(t.Context(), theWWW).Last; last.Values == nil || len(last.Values) > 0 {
		t.Errorf("none was given: %+v", last)
	}
}

func TestTheConsoleLogOfACloudIsReadWhereItHasOne(t *testing.T) {
	newWorld(t)
	b := formBackend(t)
	for _, c := range b.Snapshot().Clouds {
		i := c.Instances[0]
		text, err := b.ConsoleLog(t.Context(), i.Ref())
		if c.Cloud.Provider == providers.EC2 {
			if err != nil || !strings.Contains(text, "Linux version") {
				t.Errorf("%s: %q, %v", i.ID, text, err)
			}
		} else if providers.KindOf(err) != providers.KindInvalid || text != "" {
			t.Errorf("%s: %q, %v", i.ID, text, err)
		}
	}
	if _, err := b.ConsoleLog(t.Context(), providers.InstanceRef{Cloud: "nowhere", ID: "i-1"}); err == nil {
		t.Error("a cloud that is not there has a log")
	}
}

func TestTheFormKnowsTheLastLaunchOfAServiceFromTheJournal(t *testing.T) {
	newWorld(t)
	b := formBackend(t)
	if d := b.Defaults(t.Context(), theWWW); !d.Last.Time.IsZero() || d.Last.Why != "the journal has no launch of "+theWWW {
		t.Errorf("before the first: %+v", d.Last)
	}
	must(t, "launch", "--cloud", "aws-use1=2,joyent-east", "--service", theWWW, "--name", "web", "--size", "aws-use1=t3.small", "--yes")
	must(t, "launch", "--cloud", "aws-euw1", "--service", "v1._theservice._tcp.unilans.net", "--yes")
	last := b.Defaults(t.Context(), theWWW).Last
	if last.Why != "" || last.Time.IsZero() || last.Who == "" || last.Template != "nginx-roundrobin" || last.NamePrefix != "web" || len(last.Clouds) != 2 {
		t.Fatalf("%+v", last)
	}
	if use1, east := last.Clouds["aws-use1"], last.Clouds["joyent-east"]; use1.Count != 2 || use1.Size != "t3.small" || use1.Image == "" || east.Count != 1 || east.Size == "" {
		t.Errorf("%+v", last.Clouds)
	}
}
