package sshagent

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"log"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

func client(t *testing.T, a *Agent) agent.ExtendedAgent {
	t.Helper()
	c, err := net.Dial("unix", a.Socket())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return agent.NewClient(c)
}

func startAgent(t *testing.T, dir string, key crypto.Signer) *Agent {
	t.Helper()
	a, err := Start(dir, "test", key)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	return a
}

func TestTheAgentListsItsKeyAndSignsWithIt(t *testing.T) {
	given, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []struct {
		key     crypto.Signer
		formats map[agent.SignatureFlags]string
	}{
		{nil, map[agent.SignatureFlags]string{0: ssh.KeyAlgoRSA, agent.SignatureFlagRsaSha256: ssh.KeyAlgoRSASHA256, agent.SignatureFlagRsaSha512: ssh.KeyAlgoRSASHA512}},
		{given, map[agent.SignatureFlags]string{0: ssh.KeyAlgoECDSA256, agent.SignatureFlagRsaSha256: ssh.KeyAlgoECDSA256}},
	} {
		a := startAgent(t, "", o.key)
		c := client(t, a)
		keys, err := c.List()
		if err != nil || len(keys) != 1 || ssh.FingerprintLegacyMD5(keys[0]) != a.Fingerprint() || keys[0].Comment != "test" {
			t.Fatalf("%v, %v", keys, err)
		}
		for flags, format := range o.formats {
			sig, err := c.SignWithFlags(a.PublicKey(), []byte("date: now"), flags)
			if err != nil {
				t.Fatal(err)
			}
			if err := a.PublicKey().Verify([]byte("date: now"), sig); err != nil || sig.Format != format {
				t.Errorf("%s: %v", sig.Format, err)
			}
		}
	}
}

func TestNoClientChangesTheAgentNorIsAnythingLogged(t *testing.T) {
	var logged bytes.Buffer
	log.SetOutput(&logged)
	defer log.SetOutput(os.Stderr)
	a := startAgent(t, "", nil)
	c := client(t, a)
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	public, err := ssh.NewPublicKey(&other.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"add": c.Add(agent.AddedKey{PrivateKey: other}), "remove": c.Remove(a.PublicKey()), "remove all": c.RemoveAll(),
		"lock": c.Lock([]byte("x")),
	} {
		if err == nil {
			t.Errorf("%s succeeded", name)
		}
	}
	if _, err := c.Sign(public, []byte("x")); err == nil {
		t.Error("it signed with another key")
	}
	if keys, err := c.List(); err != nil || len(keys) != 1 {
		t.Errorf("%v, %v", keys, err)
	}
	if logged.Len() > 0 {
		t.Errorf("logged: %s", &logged)
	}
}

func TestTheSocketIsNobodyElsesAndIsRemoved(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "d")
	if len(dir) > 80 {
		dir = ""
	}
	a := startAgent(t, dir, nil)
	for path, want := range map[string]os.FileMode{filepath.Dir(a.Socket()): 0o700, a.Socket(): 0o600} {
		if fi, err := os.Stat(path); err != nil || fi.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", path, fi.Mode(), err)
		}
	}
	c := client(t, a)
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(a.Socket()); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	if _, err := c.List(); err == nil {
		t.Error("a connection outlived the agent")
	}
}

func TestADirectoryThatIsTooDeepForASocketIsPassedBy(t *testing.T) {
	a := startAgent(t, filepath.Join(t.TempDir(), strings.Repeat("deep/", 30)), nil)
	if len(a.Socket()) > maxSocketPath {
		t.Errorf("%d characters: %s", len(a.Socket()), a.Socket())
	}
	if _, err := client(t, a).List(); err != nil {
		t.Error(err)
	}
}

func TestASocketThatADeadProcessLeftIsReplacedAndALivingOneIsNot(t *testing.T) {
	dir, err := os.MkdirTemp("", "rc")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, "agent.sock"), Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	startAgent(t, dir, nil)
	if a, err := Start(dir, "second", nil); err == nil {
		_ = a.Close()
		t.Error("it took the socket of another")
	}
}
