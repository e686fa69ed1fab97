package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/exit"
	"rollcall/providers"
	"rollcall/providers/providertest"
)

func TestWhoMaySignIsPublishedAndPrinted(t *testing.T) {
	newWorld(t)
	store, machine := newTeam(t)
	machine("a")
	file := filepath.Join(t.TempDir(), "allowed_signers")
	const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIqrq7QEYoVu3IvWBvFmNwDl7nyLmJSfdEzrOBCGG6yG"
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	refused := func(code int, want string, args ...string) {
		t.Helper()
		if r := rollcall(t, append([]string{"team", "signers"}, args...)...); r.code != code || !strings.Contains(r.err, want) {
			t.Errorf("%v: exit code %d, %s", args, r.code, r.err)
		}
	}
	refused(exit.Failed, "has no list of who may sign")
	refused(exit.Failed, "no such file", file)
	write("ana@* junk\n")
	refused(exit.Failed, "line 1: there is no public key", file)
	refused(exit.Failed, "has no list of who may sign") // nothing was written

	for _, text := range []string{"ana@* " + key + "\n", "ana@* " + key + "\nben@* " + key + "\n"} {
		write(text)
		refused(exit.Usage, "--read-only", "--read-only", file)
		for range 2 { // the second time it is there already
			must(t, "team", "signers", file)
		}
		if got := must(t, "team", "signers"); got != text {
			t.Errorf("printed: %q", got)
		}
		if got, err := os.ReadFile(filepath.Join(store, app.SignersKey)); err != nil || string(got) != text {
			t.Errorf("in the store: %q, %v", got, err)
		}
	}
	if err := os.WriteFile(filepath.Join(store, app.SignersKey), []byte("ana@* \x1b[31m\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := must(t, "team", "signers"); strings.Contains(got, "\x1b") {
		t.Errorf("not cleaned: %q", got)
	}
}

func TestAListOfWhoMaySignThatAnotherHasReplacedMeanwhileStays(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]string{"there was none": "", "there was one": "ana@* old"} {
		s := providertest.NewStore(providers.Clock{})
		if before != "" {
			s.Replace(app.SignersKey, []byte(before))
		}
		s.Fail(func(c providertest.StoreCall) providertest.StoreFault {
			if c.Op == "create" || c.Op == "replace" {
				s.Replace(app.SignersKey, []byte("ben@* other"))
			}
			return providertest.StoreFault{}
		})
		if err := putSigners(t.Context(), s, []byte("ana@* new")); err == nil || !strings.Contains(err.Error(), "nothing was replaced") {
			t.Errorf("%s: %v", name, err)
		}
		if o, err := s.Get(t.Context(), app.SignersKey); err != nil || string(o.Data) != "ben@* other" {
			t.Errorf("%s: %q, %v", name, o.Data, err)
		}
		s.Fail(func(c providertest.StoreCall) providertest.StoreFault {
			if c.Op == "replace" {
				return providertest.StoreFault{After: providertest.Lost()}
			}
			return providertest.StoreFault{}
		})
		if err := putSigners(t.Context(), s, []byte("ana@* new")); err != nil {
			t.Errorf("%s: a reply was lost: %v", name, err)
		}
	}
}
