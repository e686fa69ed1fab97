package cli

import (
	"encoding/base64"
	"encoding/hex"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"rollcall/cmd/rollcall/exit"
	"rollcall/providers/launch"
	"rollcall/providers/providertest"
)

// What the console itself works with is a node's by no way: not by metadata, a tag, a name or a variable, in no encoding.
func TestWhatRollcallItselfHoldsIsHandedToNodesByNoOtherWayEither(t *testing.T) {
	newWorld(t)
	b64 := base64.StdEncoding.EncodeToString
	encodings := map[string]func(string) string{
		"raw": func(s string) string { return s }, "base64": func(s string) string { return b64([]byte("x" + s)) },
		"hex": func(s string) string { return hex.EncodeToString([]byte(s)) }, "url": url.QueryEscape,
		"json": func(s string) string { return `{"token":"` + s + `"}` },
	}
	before := len(objects(t, "ls", "instances", "-o", "json"))
	b := formBackend(t)
	for n, how := range slices.Sorted(maps.Keys(encodings)) {
		encode := encodings[how]
		for m, name := range []string{"CLOUDFLARE_API_TOKEN", "AWS_SECRET_ACCESS_KEY"} {
			if !providertest.InPart(n+2*m, 4) {
				continue
			}
			v := getenv(t, name)
			setenv(t, "GIVEN", encode(v))
			given := getenv(t, "GIVEN")
			base := []string{"launch", "--cloud", "joyent-east", "--service", theWWW, "--yes"}
			for what, more := range map[string][]string{
				"metadata": {"--metadata", "cloudflare-token=GIVEN"},
				"variable": {"--set", "greeting=" + given}, "dry run": {"--metadata", "cloudflare-token=GIVEN", "--dry-run"},
			} {
				r := rollcall(t, append(append([]string{}, base...), more...)...)
				if r.code != exit.Failed || !strings.Contains(r.err, "which rollcall works with") {
					t.Errorf("%s %s as %s: exit code %d, %s", how, name, what, r.code, r.err)
				}
				if strings.Contains(r.err+r.out, v) {
					t.Errorf("%s %s as %s: the value is shown", how, name, what)
				}
			}
			spec := launch.Spec{ID: launch.NewID(), Template: "own", NamePrefix: "own", Tags: map[string]string{"note": given}, Nodes: []launch.Target{{Cloud: "joyent-east", Count: 1, UserData: []byte("#!/bin/sh\n")}}}
			if r := b.Launch(t.Context(), spec, func(launch.Node) {}); r.OK() || len(r.Nodes) > 0 || !strings.Contains(strings.Join(r.Problems, ""), "in tag note") {
				t.Errorf("%s: the form launches: %+v", how, r)
			}
		}
	}
	if after := len(objects(t, "ls", "instances", "-o", "json")); after != before {
		t.Errorf("%d instances before, %d after", before, after)
	}
	if r := rollcall(t, "launch", "--cloud", "joyent-east", "--service", theWWW, "--metadata", "cloudflare-token=NODE_TOKEN", "--dry-run"); r.code != exit.Done {
		t.Errorf("a token of the nodes' own is refused: %d %s", r.code, r.err)
	}
}
