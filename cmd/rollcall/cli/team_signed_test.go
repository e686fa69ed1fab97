package cli

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/exit"
	"rollcall/providers/providertest"
	"rollcall/providers/sim"
)

// openSSH runs a program of OpenSSH with an agent.
func openSSH(t *testing.T, socket string, in []byte, name string, args ...string) string {
	t.Helper()
	c := exec.Command(name, args...)
	c.Env, c.Stdin = append(os.Environ(), "SSH_AUTH_SOCK="+socket), bytes.NewReader(in)
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return string(out)
}

// newSigningTeam is newWorld and newTeam with an agent of OpenSSH that has the key of the embedded Triton and the one in
// dir/ana, which signs.
func newSigningTeam(t *testing.T) (store, socket, dir string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	newWorld(t, func(o *sim.Options) { o.Key = key })
	socket, dir = providertest.SSHAgent(t)
	block, err := ssh.MarshalPrivateKey(key, "triton")
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "triton"), pem.EncodeToMemory(block), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	openSSH(t, socket, nil, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", filepath.Join(dir, "ana"))
	openSSH(t, socket, nil, "ssh-add", "-q", filepath.Join(dir, "triton"), filepath.Join(dir, "ana"))
	setenv(t, "SSH_AUTH_SOCK", socket)
	store, machine := newTeam(t)
	machine("a")
	return store, socket, dir
}

// setTeam writes team: of the config anew.
func setTeam(t *testing.T, text string) {
	t.Helper()
	file := getenv(t, "ROLLCALL_CONFIG")
	old, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, _, _ := strings.Cut(string(old), "team: ")
	if err := os.WriteFile(file, []byte(before+"team: {"+text+"}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// objectsOfJournal returns the batches of a journal as a program reads them that knows the form only from its description.
func objectsOfJournal(t *testing.T, store string) (texts []string, signatures []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(store, "journal", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var o struct {
			Body struct {
				Batch map[string]any `json:"batch"`
			} `json:"body"`
		}
		d := json.NewDecoder(bytes.NewReader(data))
		d.UseNumber()
		if err := d.Decode(&o); err != nil {
			t.Fatal(err)
		}
		s, ok := o.Body.Batch["signature"].(map[string]any)
		if !ok {
			continue
		}
		signatures = append(signatures, s["sshsig"].(string))
		delete(s, "sshsig")
		if entries, ok := o.Body.Batch["entries"].([]any); ok {
			for _, e := range entries {
				delete(e.(map[string]any), "id")
			}
		}
		var text bytes.Buffer
		enc := json.NewEncoder(&text)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(o.Body.Batch); err != nil {
			t.Fatal(err)
		}
		texts = append(texts, strings.TrimSuffix(text.String(), "\n"))
	}
	return texts, signatures
}

func TestASignedJournalOfATeamIsProvedByRollcallAndBySSHKeygen(t *testing.T) {
	store, socket, dir := newSigningTeam(t)
	public, err := os.ReadFile(filepath.Join(dir, "ana.pub"))
	if err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(dir, "allowed_signers")
	me := app.Who()
	write := func(file, text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(list, me+" "+string(public))
	setTeam(t, "store: "+store+", sign: true, allowed_signers: "+list)
	must(t, "quiesce", "www-01")

	texts, signatures := objectsOfJournal(t, store)
	if len(texts) < 2 {
		t.Fatalf("%d objects are signed", len(texts))
	}
	for i, text := range texts {
		file := filepath.Join(dir, "sig")
		write(file, signatures[i])
		if out := openSSH(t, socket, []byte(text), "ssh-keygen", "-Y", "verify", "-f", list, "-I", me, "-n", "rollcall", "-s", file); !strings.Contains(out, `Good "rollcall" signature for `+me) {
			t.Errorf("%s", out)
		}
	}
	verify := func(code int, want ...string) {
		t.Helper()
		r := rollcall(t, "journal", "--verify")
		if r.code != code {
			t.Errorf("exit code %d, not %d: %s", r.code, code, r.err)
		}
		for _, w := range want {
			if !strings.Contains(r.err+r.out, w) {
				t.Errorf("%q is missing in\n%s%s", w, r.err, r.out)
			}
		}
	}
	verify(exit.Done, "the journal is whole", "of "+me+" signed with ed25519 SHA256:", "the key of "+me+" by "+list, "PROVED BY")

	openSSH(t, socket, nil, "ssh-add", "-q", "-d", filepath.Join(dir, "ana.pub"))
	for _, dry := range []string{"", "--dry-run"} {
		r := rollcall(t, strings.Fields("quiesce www-02 "+dry)...)
		if !strings.Contains(r.err+r.out, "cannot be signed as "+me+": ssh-agent: it does not hold an ed25519 key") || dry == "" && (r.code != exit.Failed || !strings.Contains(r.err, "--confirm "+me)) {
			t.Fatalf("exit code %d, %s%s", r.code, r.out, r.err)
		}
	}
	must(t, "quiesce", "www-02", "--confirm", me)
	verify(exit.Done, "of "+me+" not signed: ", "not signed")

	write(list, "ben@* "+string(public))
	verify(exit.Failed, "object 1 of the team's journal is not proved to be by "+me+": the key ed25519 SHA256:", "is that of ben@*")
	setTeam(t, "store: "+store)
	verify(exit.Unknown, "it is not known whose these keys are")
	write(filepath.Join(store, app.SignersKey), "*@* "+string(public))
	verify(exit.Done, "the key of *@* by the object signers in "+store)
	write(filepath.Join(store, app.SignersKey), "junk")
	if r := rollcall(t, "journal", "--verify"); r.code != exit.Failed || !strings.Contains(r.err, "the object signers in "+store+", line 1: there is no public key") {
		t.Errorf("exit code %d, %s", r.code, r.err)
	}
}

func TestAKeyThatMayNotSignForTheAuthorIsRefusedBeforeTheChange(t *testing.T) {
	store, socket, dir := newSigningTeam(t)
	public := func(name string) string {
		text, err := os.ReadFile(filepath.Join(dir, name+".pub"))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	openSSH(t, socket, nil, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", filepath.Join(dir, "ben"))
	me, list, published := app.Who(), filepath.Join(dir, "allowed_signers"), filepath.Join(store, app.SignersKey)
	both := me + " " + public("ben") + "ben@* " + public("ana")
	for _, c := range []struct{ name, file, published, want string }{
		{"the key is of another author", both, "", "is that of ben@* by " + list + ", and not of " + me},
		{"the list lacks the key", me + " " + public("ben"), "", "is not allowed: " + list + " does not name it"},
		{"the file is missing", "", "", "open " + list + ": no such file"},
		{"the key is of another author by the object of the store", "", both, "is that of ben@* by the object signers in " + store + ", and not of " + me},
	} {
		team, file := "store: "+store+", sign: true", list
		if c.published != "" {
			file = published
		} else {
			team += ", allowed_signers: " + list
		}
		setTeam(t, team)
		if text := c.file + c.published; text != "" {
			if err := os.MkdirAll(store, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		} else if err := os.Remove(list); err != nil {
			t.Fatal(err)
		}
		r := rollcall(t, "quiesce", "www-01")
		if r.code != exit.Failed || !strings.Contains(r.err+r.out, c.want) || !strings.Contains(r.err, "--confirm "+me) {
			t.Errorf("%s: exit code %d, %s%s", c.name, r.code, r.out, r.err)
		}
		if texts, _ := objectsOfJournal(t, store); len(texts) > 0 {
			t.Fatalf("%s: %d objects are signed", c.name, len(texts))
		}
		if c.name == "the file is missing" {
			if r := rollcall(t, "config", "check", "--offline"); r.code != exit.Usage || !strings.Contains(r.err, c.want) {
				t.Errorf("config check: exit code %d, %s", r.code, r.err)
			}
		}
	}
	must(t, "quiesce", "www-01", "--confirm", me)
	if r := rollcall(t, "journal", "--verify"); r.code != exit.Done || !strings.Contains(r.err, "of "+me+" not signed: ") {
		t.Errorf("exit code %d, %s", r.code, r.err)
	}
	setTeam(t, "store: "+store+", sign: true")
	if err := os.Rename(store, store+"-away"); err != nil {
		t.Fatal(err)
	}
	must(t, "quiesce", "www-02", "--confirm", store) // by the list that was read last
	if err := os.Rename(store+"-away", store); err != nil {
		t.Fatal(err)
	}
	if r := rollcall(t, "journal", "--verify"); r.code != exit.Done || strings.Contains(r.err, "signed with") {
		t.Errorf("exit code %d, %s", r.code, r.err)
	}
}
