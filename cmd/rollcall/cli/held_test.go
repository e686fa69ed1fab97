package cli

import (
	"encoding/base64"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"testing"

	"rollcall/cmd/rollcall/exit"
	"rollcall/providers/launch"
	"rollcall/providers/providertest"
	"rollcall/ui/common"
	"rollcall/userdata"
)

func TestWhatRollcallItselfHoldsGoesIntoNoUserDataWhicheverWayItIsLaunched(t *testing.T) {
	newWorld(t)
	setenv(t, "CF_API_TOKEN", "made-up-0123456789-of-nobody-at-all")
	b64 := base64.StdEncoding.EncodeToString
	texts := map[string]string{}
	for _, name := range []string{"CLOUDFLARE_API_TOKEN", "AWS_SECRET_ACCESS_KEY", "CF_API_TOKEN"} {
		v := getenv(t, name)
		if v == "" {
			t.Fatalf("the world sets no %s", name)
		}
		texts["raw "+name], texts["base64 "+name], texts["hex "+name] = "#!/bin/sh\n: "+v+"\n", "#!/bin/sh\n: "+b64([]byte("a "+v))+"\n", "#!/bin/sh\n: "+hex.EncodeToString([]byte(v))+"\n"
		texts["split "+name] = "#!/bin/sh\n: " + v[:len(v)/2] + "\\\n" + v[len(v)/2:] + "\n"
	}
	before := len(objects(t, "ls", "instances", "-o", "json"))
	b := formBackend(t)
	for n, how := range slices.Sorted(maps.Keys(texts)) {
		if !providertest.InPart(n+2*(n/3), 3) { // of each encoding another name
			continue
		}
		text := texts[how]
		ownTemplates(t, map[string]string{"own.sh": "---\nname: own\nhelp: h\n---\n" + text})
		for _, args := range [][]string{
			{"launch", "--cloud", "aws-use1", "--template", "own", "--name", "own", "--yes"},
			{"launch", "--cloud", "joyent-east", "--template", "own", "--name", "own", "--dry-run"},
			{"userdata", "lint", "own"},
			{"userdata", "render", "own"},
			{"userdata", "render", "own", "-o", "asg"},
		} {
			r := rollcall(t, args...)
			if r.code != exit.Failed || !strings.Contains(r.err, "which rollcall works with") {
				t.Errorf("%s: %v: exit code %d, %s", how, args, r.code, r.err)
			}
			for _, name := range []string{"CLOUDFLARE_API_TOKEN", "AWS_SECRET_ACCESS_KEY", "CF_API_TOKEN"} {
				if strings.Contains(r.err, getenv(t, name)) {
					t.Errorf("%s: %v shows the value", how, args)
				}
			}
		}
		l, err := b.Lint(t.Context(), common.RenderRequest{Template: "bare", Cloud: "aws-use1"}, userdata.Rendered{Text: []byte(text), Plain: []byte(text)})
		if err != nil || !l.Failed() {
			t.Errorf("%s: the form's lint says %+v, %v", how, l, err)
		}
		spec := launch.Spec{ID: launch.NewID(), Template: "own", NamePrefix: "own", Nodes: []launch.Target{{Cloud: "aws-use1", Count: 1, UserData: []byte(text)}}}
		if r := b.Launch(t.Context(), spec, func(launch.Node) {}); r.OK() || len(r.Nodes) > 0 || len(r.Problems) != 1 || !strings.Contains(r.Problems[0], "which rollcall works with") {
			t.Errorf("%s: the form launches: %+v", how, r)
		}
	}
	if after := len(objects(t, "ls", "instances", "-o", "json")); after != before {
		t.Errorf("%d instances before, %d after", before, after)
	}
}

func TestANarrowTokenIsGivenByTheExplicitChoiceAndTheConsolesOwnNever(t *testing.T) {
	newWorld(t)
	setenv(t, "NODE_TOKEN", "n4rrow-Token-of-the-nodes-0123456789")
	choice := func(token string) []string {
		return []string{"launch", "--cloud", "aws-use1", "--service", "www.scalability.expert", "--set", "token_source=script", "--set", "token=" + token, "--set", "token_in_script=yes-i-know", "--metadata", "cloudflare-token=NODE_TOKEN", "--cloud", "joyent-east", "--dry-run"}
	}
	if r := rollcall(t, choice(getenv(t, "NODE_TOKEN"))...); r.code != exit.Done || !strings.Contains(r.err, "stands in the script") {
		t.Errorf("a narrow one: exit code %d, %s", r.code, r.err)
	}
	if r := rollcall(t, choice(getenv(t, "CLOUDFLARE_API_TOKEN"))...); r.code != exit.Failed || !strings.Contains(r.err, "which rollcall works with") {
		t.Errorf("the console's own: exit code %d, %s", r.code, r.err)
	}
	// Elsewhere than where the choice puts it, the nodes' token is no better than another.
	ownTemplates(t, map[string]string{"own.sh": "---\nname: own\nhelp: h\n---\n#!/bin/sh\n: " + base64.StdEncoding.EncodeToString([]byte(getenv(t, "NODE_TOKEN"))) + "\n"})
	if r := rollcall(t, "launch", "--cloud", "joyent-east", "--template", "own", "--name", "own", "--metadata", "cloudflare-token=NODE_TOKEN", "--dry-run"); r.code != exit.Failed || !strings.Contains(r.err, "the metadata cloudflare-token of nodes") {
		t.Errorf("encoded in a script: exit code %d, %s", r.code, r.err)
	}
}
