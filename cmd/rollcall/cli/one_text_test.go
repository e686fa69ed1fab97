package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"rollcall/cmd/rollcall/exit"
	"rollcall/dnsview/apply"
	"rollcall/dnsview/index"
	"rollcall/providers"
)

func TestOneConfirmAnswersAllGuardsOfAPlan(t *testing.T) {
	newWorld(t)
	good, err := os.ReadFile(getenv(t, "ROLLCALL_CONFIG"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "c.yaml")
	text := regexp.MustCompile(`provider: (cloudflare|route53)`).ReplaceAllString(string(good), "provider: $1, threshold: 0%, from: 1")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	r := rollcall(t, "--config", path, "deregister", "--dead")
	m := regexp.MustCompile(`give --confirm '([^']+)'`).FindAllStringSubmatch(r.err, -1)
	if r.code != exit.Failed || len(m) != 1 || !strings.Contains(m[0][1], "scalability.expert ") || !strings.Contains(m[0][1], "unilans.net ") {
		t.Fatalf("exit code %d, asked for %v\n%s%s", r.code, m, r.out, r.err)
	}
	if r := rollcall(t, "--config", path, "deregister", "--dead", "--confirm", m[0][1]+"0"); r.code != exit.Failed || !strings.Contains(r.err, "give --confirm '"+m[0][1]+"'") {
		t.Fatalf("another text: exit code %d\n%s%s", r.code, r.out, r.err)
	}
	must(t, "--config", path, "deregister", "--dead", "--confirm", m[0][1])
	if n := len(recordsOf(t, "dead")) + len(recordsOf(t, "dangling")); n != 0 {
		t.Errorf("%d are still there", n)
	}
}

func TestTheTextOfATerminationNamesWhatItsGuardsAskFor(t *testing.T) {
	node := func(name string) providers.InstanceRef { return providers.InstanceRef{ID: "i-" + name, Name: name} }
	empty := apply.Ask{Guard: index.GuardMinimum, Text: "www.example.org"}
	many := apply.Ask{Guard: index.GuardThreshold, Text: "2"}
	for _, c := range []struct {
		nodes []providers.InstanceRef
		asks  []apply.Ask
		want  string
	}{
		{nil, nil, "y"},
		{nil, []apply.Ask{empty}, "www.example.org"},
		{[]providers.InstanceRef{node("a")}, []apply.Ask{empty, many}, "a www.example.org 2"},
		{[]providers.InstanceRef{node("a"), node("b")}, []apply.Ask{many, empty}, "2 www.example.org"},
	} {
		if want, _ := toType(c.nodes, c.asks); want != c.want {
			t.Errorf("%q is typed, want %q", want, c.want)
		}
	}
	for _, c := range []struct {
		typed, want []string
	}{
		{nil, nil},
		{[]string{"2"}, []string{"2"}},
		{[]string{"www.example.org 2"}, []string{"www.example.org", "2"}},
		{[]string{"2", "www.example.org"}, []string{"2", "www.example.org"}},
		{[]string{"www.example.org 3"}, []string{"www.example.org 3"}},
	} {
		if got := answered([]apply.Ask{empty, many}, c.typed); !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, want %q", c.typed, got, c.want)
		}
	}
}
