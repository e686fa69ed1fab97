package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/exit"
	"rollcall/providers/journal"
)

func TestWhereNothingCanBeSignedAChangeSaysWhyOnceAndLeavesNothingInTheJournal(t *testing.T) {
	store, socket, dir := newSigningTeam(t)
	me := app.Who()
	ana := filepath.Join(dir, "ana")
	public, err := os.ReadFile(ana + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	openSSH(t, socket, nil, "ssh-keygen", "-q", "-t", "ed25519", "-N", "a passphrase", "-f", filepath.Join(dir, "locked"))
	locked, err := os.ReadFile(filepath.Join(dir, "locked.pub"))
	if err != nil {
		t.Fatal(err)
	}
	list, published := filepath.Join(dir, "list"), filepath.Join(store, app.SignersKey)
	write := func(file, text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	join := []string{"service", "join", "--service", "www.scalability.expert", "--host", "legacy.scalability.expert", "--address", "198.51.100.7"}
	for _, c := range []struct {
		name, agent, team, list, published, want string
	}{
		{"no agent", "", "", "", "", "there is no ssh-agent: SSH_AUTH_SOCK is not set"},
		{"an agent that is gone", filepath.Join(dir, "none"), "", "", "", "the ssh-agent of SSH_AUTH_SOCK is not reached: start one and ssh-add the key: dial unix " + filepath.Join(dir, "none")},
		{"a private key that the agent does not hold", socket, ", sign_key: " + filepath.Join(dir, "locked"), "", "", "locked is not a public key: name the file that ends in .pub"},
		{"a key with a passphrase that the agent does not hold", socket, ", sign_key: " + filepath.Join(dir, "locked.pub"), "", "", "it does not hold the key of " + filepath.Join(dir, "locked.pub") + ": ssh-add adds a key"},
		{"no list where the config names it", socket, ", allowed_signers: " + list, "", "", "open " + list + ": no such file"},
		{"an empty list", socket, ", allowed_signers: " + list, "# none yet", "", list + " names no signer"},
		{"a list that is another thing", socket, ", allowed_signers: " + list, "<html>", "", list + ", line 1: there is no public key"},
		{"a list without the own key", socket, ", allowed_signers: " + list, me + " " + string(locked), "", "is not allowed: " + list + " does not name it"},
		{"a list of the store without the own key", socket, "", "", me + " " + string(locked), "is not allowed: the object signers in " + store + " does not name it"},
		{"a list of the store that is another thing", socket, "", "", "<html>", "the object signers in " + store + ", line 1: there is no public key"},
		{"a list of the store with the key of another", socket, "", "", "ben@* " + string(public), "is that of ben@* by the object signers in " + store + ", and not of " + me},
	} {
		t.Run(c.name, func(t *testing.T) {
			setEnvironment(t, environment(t).With("SSH_AUTH_SOCK="+c.agent))
			setTeam(t, "store: "+store+", sign: true"+c.team)
			for file, text := range map[string]string{list: c.list, published: c.published} {
				if text != "" {
					write(file, text)
				} else if err := os.Remove(file); err != nil && !os.IsNotExist(err) {
					t.Fatal(err)
				}
			}
			r := rollcall(t, join...)
			if all := r.out + r.err; r.code != exit.Failed || strings.Count(all, c.want) < 1 || strings.Count(all, c.want) > 2 || !strings.Contains(r.err, "--confirm "+me) {
				t.Errorf("exit code %d, want %q:\n%s%s", r.code, c.want, r.out, r.err)
			}
			r = rollcall(t, "config", "check")
			if _, why, ok := strings.Cut(r.err, "nothing that this machine changes can be signed: "); r.code != exit.Usage || !ok || !strings.Contains(why, c.want) {
				t.Errorf("config check: exit code %d, want %q:\n%s", r.code, c.want, r.err)
			}
			if objects, _ := filepath.Glob(filepath.Join(store, "journal", "*")); len(objects) > 0 {
				t.Errorf("the journal has %q", objects)
			}
		})
	}
	must(t, append(join, "--confirm", me)...)
	if e := journalOf(t)[0]; e.Verb != "join" || e.State != journal.Done {
		t.Errorf("%+v", e)
	}
	if r := rollcall(t, "journal", "--verify"); r.code == exit.Failed || !strings.Contains(r.err, "of "+me+" not signed: ") {
		t.Errorf("exit code %d, %s", r.code, r.err)
	}
}

func TestALaunchThatCannotBeSignedSaysWhyAndGoesOnOnceItsAuthorIsTyped(t *testing.T) {
	newWorld(t)
	store, machine := newTeam(t)
	machine("a")
	setTeam(t, "store: "+store+", sign: true") // the agent has the key of Triton only
	me := app.Who()
	args := []string{"launch", "--cloud", "aws-use1=2", "--service", theWWW, "--yes"}
	r := rollcall(t, args...)
	if r.code != exit.Failed || strings.Count(r.err+r.out, "cannot be signed as "+me) != 1 || !strings.Contains(r.err, "--confirm "+me) {
		t.Fatalf("exit code %d, %s%s", r.code, r.out, r.err)
	}
	must(t, append(args, "--confirm", me)...)
	if e := journalOf(t)[0]; e.Verb != "launch" || e.State != journal.Done {
		t.Errorf("%+v", e)
	}
}
