package triton

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"rollcall/providers"
	"rollcall/providers/sshkey"
)

func curves(t *testing.T) map[string]*ecdsa.PrivateKey {
	t.Helper()
	out := map[string]*ecdsa.PrivateKey{}
	for name, c := range map[string]elliptic.Curve{"ecdsa-sha256": elliptic.P256(), "ecdsa-sha384": elliptic.P384(), "ecdsa-sha512": elliptic.P521()} {
		k, err := ecdsa.GenerateKey(c, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		out[name] = k
	}
	return out
}

func openssh(t *testing.T, k crypto.PrivateKey) []byte {
	t.Helper()
	b, err := ssh.MarshalPrivateKey(k, "")
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(b)
}

func pkcs8(t *testing.T, k crypto.PrivateKey) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return pemOf("PRIVATE KEY", der)
}

const someDate = "Sun, 01 Mar 2026 12:00:00 UTC"

// checkSigner signs a date as the SDK would and verifies the header.
func checkSigner(t *testing.T, s *signer, pub crypto.PublicKey, wantAlg string) {
	t.Helper()
	header, err := s.Sign(someDate, false)
	if err != nil {
		t.Fatal(err)
	}
	m := authHeader.FindStringSubmatch(header)
	if m == nil {
		t.Fatalf("header %q", header)
	}
	if m[1] != "/ops/keys/"+md5Of(t, pub) || m[2] != wantAlg || s.DefaultAlgorithm() != wantAlg || s.KeyFingerprint() != md5Of(t, pub) {
		t.Fatalf("header %q, algorithm %s, fingerprint %s", header, s.DefaultAlgorithm(), s.KeyFingerprint())
	}
	sig, err := base64.StdEncoding.DecodeString(m[3])
	if err != nil {
		t.Fatal(err)
	}
	if err := verifySignature(pub, m[2], "date: "+someDate, sig); err != nil {
		t.Fatal(err)
	}
}

func TestKeysInEveryFormSign(t *testing.T) {
	sign := func(name string, data []byte, pub crypto.PublicKey, alg string) {
		t.Run(name, func(t *testing.T) {
			k, err := parseKey(data)
			if err != nil {
				t.Fatal(err)
			}
			checkSigner(t, &signer{account: login, key: k}, pub, alg)
		})
	}
	r := testKey()
	sign("rsa PKCS#1", pkcs1(r), &r.PublicKey, "rsa-sha256")
	sign("rsa PKCS#8", pkcs8(t, r), &r.PublicKey, "rsa-sha256")
	sign("rsa OpenSSH", openssh(t, r), &r.PublicKey, "rsa-sha256")
	for alg, k := range curves(t) {
		der, err := x509.MarshalECPrivateKey(k)
		if err != nil {
			t.Fatal(err)
		}
		sign(alg+" SEC1", pemOf("EC PRIVATE KEY", der), &k.PublicKey, alg)
		sign(alg+" PKCS#8", pkcs8(t, k), &k.PublicKey, alg)
		sign(alg+" OpenSSH", openssh(t, k), &k.PublicKey, alg)
	}
}

func TestASubUserIsInTheKeyID(t *testing.T) {
	k, err := softKey(ecKey())
	if err != nil {
		t.Fatal(err)
	}
	s := &signer{account: login, user: "bot", key: k}
	header, err := s.Sign(someDate, false)
	if err != nil || !strings.Contains(header, `keyId="/ops/users/bot/keys/`+md5Of(t, &ecKey().PublicKey)+`"`) {
		t.Fatalf("%q %v", header, err)
	}
}

func TestAnEncryptedKeyIsRefusedInOneClearLine(t *testing.T) {
	b, err := ssh.MarshalPrivateKeyWithPassphrase(testKey(), "", []byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	old := &pem.Block{Type: "RSA PRIVATE KEY", Headers: map[string]string{"Proc-Type": "4,ENCRYPTED", "DEK-Info": "AES-128-CBC,00"}, Bytes: []byte("x")}
	for name, data := range map[string][]byte{
		"OpenSSH": pem.EncodeToMemory(b), "PKCS#8": pemOf("ENCRYPTED PRIVATE KEY", []byte("x")), "PEM": pem.EncodeToMemory(old),
	} {
		_, err := New(Config{Name: "c", URL: "https://x", Account: login, KeyFile: write(t, "id", data), Env: providers.EnvironmentOf(), Home: t.TempDir()})
		if providers.KindOf(err) != providers.KindAuth || !strings.Contains(err.Error(), "encrypted") || !strings.Contains(err.Error(), "ssh-agent") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAKeyThatCannotSignForCloudAPIIsRefused(t *testing.T) {
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"ed25519": openssh(t, ed), "ed25519 PKCS#8": pkcs8(t, ed), "nonsense": []byte("hello"), "empty": nil,
		"a public key": ssh.MarshalAuthorizedKey(mustPublic(t, &testKey().PublicKey)),
	} {
		if _, err := parseKey(data); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

func TestAKeyFileWithAPublicKeyIsRefusedWithTheNameOfThePrivateKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "id_rsa.pub")
	if err := os.WriteFile(path, ssh.MarshalAuthorizedKey(mustPublic(t, &testKey().PublicKey)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := keyFile(path, ""); err == nil || !strings.Contains(err.Error(), path+" is a public key: name the file of the private key, which is mostly called id_rsa") {
		t.Error(err)
	}
}

func mustPublic(t *testing.T, pub crypto.PublicKey) ssh.PublicKey {
	t.Helper()
	p, err := ssh.NewPublicKey(pub)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAFingerprintMatchesInEverySpelling(t *testing.T) {
	p := mustPublic(t, &ecKey().PublicKey)
	md5, sha := ssh.FingerprintLegacyMD5(p), ssh.FingerprintSHA256(p)
	for _, f := range []string{md5, "MD5:" + md5, strings.ReplaceAll(md5, ":", ""), strings.ToUpper(md5), sha, strings.TrimPrefix(sha, "SHA256:"), sha + "=", " " + md5 + "\n"} {
		if !sshkey.Matches(p, f) {
			t.Errorf("%q does not match", f)
		}
	}
	for _, f := range []string{"", ":", "MD5:", "SHA256:", md5[:len(md5)-1], "SHA256:" + strings.ToLower(sha[7:]), "00:" + md5[3:]} {
		if sshkey.Matches(p, f) {
			t.Errorf("%q matches", f)
		}
	}
}

func TestAKeyFileWithAnotherFingerprintIsRefused(t *testing.T) {
	path := write(t, "id", pkcs1(testKey()))
	_, err := New(Config{Name: "c", URL: "https://x", Account: login, KeyFile: path, KeyID: md5Of(t, &ecKey().PublicKey), Env: providers.EnvironmentOf(), Home: t.TempDir()})
	if providers.KindOf(err) != providers.KindAuth || !strings.Contains(err.Error(), md5Of(t, &testKey().PublicKey)) {
		t.Fatal(err)
	}
}

// serveAgent serves an agent on a socket of its own.
func serveAgent(t *testing.T, a agent.Agent) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "agent") // short: a socket's path has about 100 characters
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	path := filepath.Join(dir, "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() { _ = agent.ServeAgent(a, conn); _ = conn.Close() }()
		}
	}()
	return path
}

func ring(t *testing.T, keys ...any) agent.Agent {
	t.Helper()
	a := agent.NewKeyring()
	for _, k := range keys {
		if err := a.Add(agent.AddedKey{PrivateKey: k}); err != nil {
			t.Fatal(err)
		}
	}
	return a
}

func TestKeysInAnAgentSign(t *testing.T) {
	c := curves(t)
	socket := serveAgent(t, ring(t, testKey(), c["ecdsa-sha256"], c["ecdsa-sha384"], c["ecdsa-sha512"]))
	check := func(alg string, pub crypto.PublicKey) {
		for _, id := range []string{md5Of(t, pub), ssh.FingerprintSHA256(mustPublic(t, pub))} {
			cfg := Config{Account: login, KeyID: id, AgentSocket: socket, Home: t.TempDir()}
			s, err := cfg.signer()
			if err != nil {
				t.Fatal(err)
			}
			checkSigner(t, s, pub, alg)
		}
	}
	check("rsa-sha256", &testKey().PublicKey)
	for alg, k := range c {
		check(alg, &k.PublicKey)
	}
}

// An ECDSA signature has a short number now and then: the hash must not follow from its length.
func TestManyAgentSignaturesAllVerify(t *testing.T) {
	k := ecKey()
	socket := serveAgent(t, ring(t, k))
	found, err := agentKey(socket, md5Of(t, &k.PublicKey))
	if err != nil || found == nil {
		t.Fatal(err)
	}
	for i := range 600 {
		text := strings.Repeat("x", i)
		raw, err := found.sign([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := verifySignature(&k.PublicKey, found.alg.name, text, raw); err != nil {
			t.Fatal(i, err)
		}
	}
}

// oldAgent knows no flags and signs RSA with SHA-1.
type oldAgent struct{ agent.Agent }

func TestAnAgentThatSignsWithSHA1IsRefused(t *testing.T) {
	socket := serveAgent(t, oldAgent{ring(t, testKey())})
	cfg := Config{Account: login, KeyID: md5Of(t, &testKey().PublicKey), AgentSocket: socket, Home: t.TempDir()}
	s, err := cfg.signer()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Sign(someDate, false); providers.KindOf(err) != providers.KindAuth {
		t.Fatalf("%v", err)
	}
}

func TestWithoutTheKeyInTheAgentTheOneInTheSSHDirectoryIsUsed(t *testing.T) {
	home := t.TempDir()
	if err := os.Mkdir(filepath.Join(home, ".ssh"), 0o700); err != nil {
		t.Fatal(err)
	}
	put := func(name string, data []byte) {
		if err := os.WriteFile(filepath.Join(home, ".ssh", name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put("config", []byte("Host *\n"))
	put("id_other", openssh(t, ecKey()))
	put("id_rsa", pkcs1(testKey()))
	put("id_rsa.pub", ssh.MarshalAuthorizedKey(mustPublic(t, &testKey().PublicKey)))
	for name, socket := range map[string]string{"no agent": "", "an agent with another key": serveAgent(t, ring(t, curves(t)["ecdsa-sha384"])), "an agent that is gone": filepath.Join(home, "nothing")} {
		for _, pub := range []crypto.PublicKey{&testKey().PublicKey, &ecKey().PublicKey} {
			cfg := Config{Account: login, KeyID: md5Of(t, pub), AgentSocket: socket, Home: home}
			s, err := cfg.signer()
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			alg := "rsa-sha256"
			if _, ok := pub.(*rsa.PublicKey); !ok {
				alg = "ecdsa-sha256"
			}
			checkSigner(t, s, pub, alg)
		}
	}
}

func TestAKeyThatIsNowhereIsAnAuthErrorAndNothingIsSent(t *testing.T) {
	f := newFake(t, 1)
	id := md5Of(t, &ecKey().PublicKey)
	_, err := New(Config{Name: "c", URL: f.srv.URL, Account: login, KeyID: id, Env: providers.EnvironmentOf(), Home: t.TempDir()})
	if providers.KindOf(err) != providers.KindAuth || !strings.Contains(err.Error(), id) {
		t.Fatalf("without an agent: %v", err)
	}
	gone := filepath.Join(t.TempDir(), "agent")
	c := f.cloud(func(c *Config) { c.KeyFile, c.KeyID, c.AgentSocket = "", id, gone })
	_, err = c.Identify(t.Context())
	if providers.KindOf(err) != providers.KindAuth || !strings.Contains(err.Error(), "start one and ssh-add the key") || !strings.Contains(err.Error(), gone) || !strings.Contains(err.Error(), "key_file") {
		t.Fatalf("with an agent that is gone: %v", err)
	}
	c = f.cloud(func(c *Config) { c.KeyFile, c.KeyID, c.AgentSocket = "", id, serveAgent(t, ring(t, testKey())) })
	_, err = c.Identify(t.Context())
	if providers.KindOf(err) != providers.KindAuth || len(f.calls) != 0 {
		t.Fatalf("with an agent that has another key: %v, calls %v", err, f.calls)
	}
}

func TestTheWholeCloudWorksWithAnAgent(t *testing.T) {
	f := newFake(t, 12)
	c := f.cloud(func(c *Config) {
		c.KeyFile, c.KeyID, c.AgentSocket = "", md5Of(t, &testKey().PublicKey), serveAgent(t, ring(t, testKey()))
	})
	f.pub = &testKey().PublicKey
	rows, cov := all(t, c)
	if !cov.Complete() || len(rows) != 12 {
		t.Fatal(cov.Err)
	}
}

func TestAnAgentThatHangsIsWaitedForOnceAndNamed(t *testing.T) {
	if testing.Short() {
		t.Skip("make quick leaves this to make test")
	}
	t.Parallel()
	socket := filepath.Join(t.TempDir(), "agent")
	l, err := net.Listen("unix", socket) // nothing accepts
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	f := newFake(t, 3)
	c := f.cloud(func(c *Config) {
		c.KeyFile, c.KeyID, c.AgentSocket, c.Home = "", md5Of(t, &testKey().PublicKey), socket, t.TempDir()
	})
	began := time.Now()
	_, cov := all(t, c)
	if took := time.Since(began); took < sshkey.ListPatience || took >= sshkey.Patience {
		t.Errorf("it took %s", took)
	}
	if providers.KindOf(cov.Err) != providers.KindAuth || !strings.Contains(cov.Err.Error(), socket+" has not answered for 5s") || len(f.calls) != 0 {
		t.Errorf("%v, calls %v", cov.Err, f.calls)
	}
}
