package userdata

import (
	"testing"

	"rollcall/providers"
)

// BenchmarkABuiltinScriptIsLintedBeforeItsLaunch is what a launch waits for, without shellcheck.
func BenchmarkABuiltinScriptIsLintedBeforeItsLaunch(b *testing.B) {
	set := Builtin()
	r, err := set.Render("nginx-roundrobin", Input{Provider: providers.Triton, Declared: declared, Fleet: "7f3a9c1e", Values: values("register", RegisterAgent)})
	if err != nil {
		b.Fatal(err)
	}
	held := []Credential{{What: "a token", Value: []byte(heldToken)}, {What: "a key", Value: []byte(heldAWS)}}
	b.ReportAllocs()
	for b.Loop() {
		l, err := set.LintRendered(b.Context(), "nginx-roundrobin", providers.Triton, &r, LintOptions{Declared: declared, Credentials: held, LookPath: noTools})
		if err != nil || l.Failed() {
			b.Fatal(err, lines(l))
		}
	}
}
