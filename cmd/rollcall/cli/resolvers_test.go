package cli

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"rollcall/cmd/rollcall/app"
)

func TestResolversOfTheConfigWinOverTheEnvironmentForEveryCommand(t *testing.T) {
	const ofConfig, ofEnvironment = "127.0.0.1:1053", "127.0.0.1:2053"
	for name, x := range map[string]struct{ resolvers, want string }{
		"both":             {"resolvers: [" + ofConfig + "]\n", ofConfig},
		"environment only": {"", ofEnvironment},
	} {
		t.Run(name, func(t *testing.T) {
			dir := blank(t)
			file := filepath.Join(dir, "config.yaml")
			if err := os.WriteFile(file, []byte("fleet: 0123abcd\n"+x.resolvers+"zones:\n  - {name: example.com, provider: cloudflare}\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			setenv(t, "ROLLCALL_RESOLVERS", ofEnvironment)
			a := &commands{Program: &app.Program{Env: environment(t), In: os.Stdin, Out: io.Discard, Err: t.Output(), Config: file}}
			s, err := a.Open(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			r, err := a.openResolver(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(s.Config.Resolvers, []string{x.want}) || !slices.Equal(r.Servers(), []string{x.want}) {
				t.Errorf("a session asks %v and a client's view %v, want %s for both", s.Config.Resolvers, r.Servers(), x.want)
			}
		})
	}
}
