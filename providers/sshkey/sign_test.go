package sshkey

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh/agent"

	"rollcall/providers/providertest"
)

var at = time.Date(2026, 11, 3, 12, 0, 0, 0, time.UTC)

// run runs a program of OpenSSH and returns its output.
func run(t *testing.T, env []string, in []byte, name string, args ...string) string {
	t.Helper()
	c := exec.Command(name, args...)
	c.Env = append(os.Environ(), env...)
	c.Stdin = bytes.NewReader(in)
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return string(out)
}

// startAgent starts OpenSSH's own agent and returns its socket and a folder of keys, which it holds.
func startAgent(t *testing.T, kinds ...string) (socket, dir string) {
	t.Helper()
	socket, dir = providertest.SSHAgent(t)
	for _, kind := range kinds {
		file := filepath.Join(dir, kind)
		run(t, nil, nil, "ssh-keygen", "-q", "-t", kind, "-N", "", "-C", kind, "-f", file)
		run(t, []string{"SSH_AUTH_SOCK=" + socket}, nil, "ssh-add", "-q", file)
	}
	return socket, dir
}

func allowedLineOf(t *testing.T, principals, dir, kind string) string {
	t.Helper()
	public, err := os.ReadFile(filepath.Join(dir, kind+".pub"))
	if err != nil {
		t.Fatal(err)
	}
	return principals + " " + string(public)
}

func allowed(t *testing.T, text string) *Allowed {
	t.Helper()
	a, err := ParseAllowed([]byte(text), "allowed_signers")
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestSSHKeygenVerifiesWhatAnAgentSignedAndTheOtherWayRound(t *testing.T) {
	t.Parallel()
	kinds := []string{"ecdsa", "ed25519", "rsa"}
	socket, dir := startAgent(t, kinds...)
	text := []byte(`{"entries":[{"who":"ana@ops-1"}],"id":"X"}`)
	for _, kind := range kinds {
		line := allowedLineOf(t, "ana@*", dir, kind)
		list := filepath.Join(dir, kind+".allowed")
		if err := os.WriteFile(list, []byte(line), 0o600); err != nil {
			t.Fatal(err)
		}
		sig, err := (&Signer{Socket: socket, Key: filepath.Join(dir, kind+".pub")}).Sign(text, "ana@ops-1")
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, kind+".ours")
		if err := os.WriteFile(file, []byte(sig), 0o600); err != nil {
			t.Fatal(err)
		}
		out := run(t, nil, text, "ssh-keygen", "-Y", "verify", "-f", list, "-I", "ana@ops-1", "-n", Namespace, "-s", file)
		if !strings.Contains(out, "Good \"rollcall\" signature for ana@ops-1") {
			t.Errorf("%s: %s", kind, out)
		}
		theirs := run(t, []string{"SSH_AUTH_SOCK=" + socket}, text, "ssh-keygen", "-q", "-Y", "sign", "-f", filepath.Join(dir, kind+".pub"), "-n", Namespace)
		theirs = theirs[strings.Index(theirs, "-----BEGIN"):]
		if key, by, err := allowed(t, line).Prove(text, theirs, "ana@ops-2", at); err != nil || by != "ana@*" || !strings.Contains(key, "SHA256:") {
			t.Errorf("%s: %q, %q, %v", kind, key, by, err)
		}
	}
	if sig, err := (&Signer{Socket: socket}).Sign(text, "ana@ops-1"); err != nil {
		t.Error(err)
	} else if key, _, err := new(Allowed).Prove(text, sig, "ana@ops-1", at); err != nil || !strings.HasPrefix(key, "ed25519 SHA256:") {
		t.Errorf("without sign_key: %q, %v", key, err)
	}
}

func TestASignatureIsNoProofOfAnotherTextAuthorKeyNamespaceOrTime(t *testing.T) {
	t.Parallel()
	socket, dir := startAgent(t, "ed25519", "ecdsa")
	text := []byte("text")
	sig, err := (&Signer{Socket: socket}).Sign(text, "ana@ops-1")
	if err != nil {
		t.Fatal(err)
	}
	ana := allowedLineOf(t, "ana@*,!ana@old", dir, "ed25519")
	with := func(options string) string { return strings.Replace(ana, " ", " "+options+" ", 1) }
	other := strings.TrimSpace(run(t, []string{"SSH_AUTH_SOCK=" + socket}, text, "ssh-keygen", "-q", "-Y", "sign", "-f", filepath.Join(dir, "ed25519.pub"), "-n", "git"))
	for name, c := range map[string]struct{ list, text, sig, who, want string }{
		"another text":         {ana, "texT", sig, "ana@ops-1", "does not fit"},
		"another namespace":    {ana, "text", other[strings.Index(other, "-----BEGIN"):], "ana@ops-1", "does not fit"},
		"damaged":              {ana, "text", sig[:40], "ana@ops-1", "damaged"},
		"another author":       {ana, "text", sig, "ben@ops-1", "is that of ana@*,!ana@old by allowed_signers, and not of ben@ops-1"},
		"an excluded host":     {ana, "text", sig, "ana@old", "and not of ana@old"},
		"a key that is not in": {allowedLineOf(t, "*", dir, "ecdsa"), "text", sig, "ana@ops-1", "is not allowed: allowed_signers does not name it"},
		"for git only":         {with(`namespaces="git,file"`), "text", sig, "ana@ops-1", "only for other namespaces"},
		"too early":            {with(`valid-after="20270101"`), "text", sig, "ana@ops-1", "not at the time of the entry"},
		"too late":             {with(`valid-before="20260101000000Z"`), "text", sig, "ana@ops-1", "not at the time of the entry"},
		"in time":              {with(`namespaces="rollcall",valid-after="20260101Z",valid-before="20270101Z"`), "text", sig, "ana@ops-1", ""},
	} {
		_, _, err := allowed(t, c.list).Prove([]byte(c.text), c.sig, c.who, at)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhyNothingCanBeSignedIsOneLine(t *testing.T) {
	t.Parallel()
	socket, dir := startAgent(t, "ecdsa")
	empty, _ := startAgent(t)
	locked, _ := startAgent(t, "ed25519")
	if err := Agent(locked, func(a agent.ExtendedAgent) error { return a.Lock([]byte("x")) }); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		signer Signer
		want   string
	}{
		{Signer{}, "there is no ssh-agent: SSH_AUTH_SOCK is not set"},
		{Signer{Socket: "/nowhere/agent"}, "the ssh-agent of SSH_AUTH_SOCK is not reached: start one and ssh-add the key: dial unix /nowhere/agent"},
		{Signer{Socket: empty}, "it has no keys, or is locked"},
		{Signer{Socket: locked}, "it has no keys, or is locked"},
		{Signer{Socket: socket}, "it does not hold an ed25519 key: ssh-add adds a key, sign_key in the config names another"},
		{Signer{Socket: socket, Key: "SHA256:AAAA"}, "it does not hold the key SHA256:AAAA"},
		{Signer{Socket: socket, Key: filepath.Join(dir, "ecdsa")}, "is not a public key: name the file that ends in .pub"},
		{Signer{Socket: socket, Key: filepath.Join(dir, "none.pub")}, "no such file"},
	} {
		_, err := c.signer.Sign([]byte("text"), "ana@ops-1")
		checked := c.signer.Check("ana@ops-1")
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") || checked == nil || checked.Error() != err.Error() {
			t.Errorf("want %q:\n%v\n%v", c.want, err, checked)
		}
	}
}

func TestAListOfAllowedSignersThatCannotBeUsedNamesTheLine(t *testing.T) {
	t.Parallel()
	_, dir := startAgent(t, "ed25519")
	good := allowedLineOf(t, "ana@*", dir, "ed25519")
	for text, want := range map[string]string{
		"":                    "names no signer",
		"# a comment\n":       "names no signer",
		good + "ana@* junk":   "line 2: there is no public key",
		"ana@*\n":             "line 1: there is no public key",
		`"ana b" ` + good[6:]: "",
		strings.Replace(good, " ", " cert-authority ", 1):       "line 1: certificate authorities are not supported",
		strings.Replace(good, " ", ` valid-after="soon" `, 1):   `"soon" is no time`,
		strings.Replace(good, " ", ` from="*.example.com" `, 1): `the option "from" is not known`,
	} {
		_, err := ParseAllowed([]byte(text), "allowed_signers")
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
