package triton

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"hash"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"rollcall/providers"
	"rollcall/providers/budget"
	"rollcall/providers/providertest"
)

const (
	accountID = "9dce1460-0c4c-4417-ab8b-25ca478c5a78"
	login     = "ops"
)

func uuid(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }

// fake is a CloudAPI written from its documented wire shapes. It checks the
// signature of every request.
type fake struct {
	t   *testing.T
	srv *httptest.Server
	pub crypto.PublicKey

	mu       sync.Mutex
	machines []map[string]any
	deleted  map[string]bool
	calls    []string            // method and path with query
	bodies   []map[string]any    // of posts
	conns    map[string]struct{} // remote addresses seen
	maxLimit int
	// before answers instead of the fake when it returns true.
	before func(w http.ResponseWriter, r *http.Request) bool
	centre func() map[string]string
}

func newFake(t *testing.T, n int) *fake {
	f := &fake{t: t, deleted: map[string]bool{}, conns: map[string]struct{}{}, maxLimit: 1000}
	for i := range n {
		f.machines = append(f.machines, map[string]any{
			"id": uuid(i), "name": fmt.Sprintf("web-%d", i), "state": "running", "image": "img", "package": "g4-1G",
			"ips": []string{"10.0.0.1", fmt.Sprintf("165.225.%d.%d", i/250, i%250+1)}, "primaryIp": fmt.Sprintf("165.225.%d.%d", i/250, i%250+1),
			"created": "2026-03-01T10:00:00.123Z", "metadata": map[string]string{"token": "s3cr3t"}, "tags": map[string]any{"role": "www"},
		})
	}
	f.srv = httptest.NewServer(f)
	f.srv.Config.ErrorLog = nil
	t.Cleanup(f.srv.Close)
	f.centre = func() map[string]string {
		return map[string]string{"other": "https://other.example.com", "us-east-1": f.srv.URL}
	}
	return f
}

var authHeader = regexp.MustCompile(`^Signature keyId="([^"]+)",algorithm="([^"]+)",headers="date",signature="([^"]+)"$`)

func (f *fake) verify(r *http.Request) error {
	m := authHeader.FindStringSubmatch(r.Header.Get("Authorization"))
	if m == nil {
		return fmt.Errorf("authorization %q", r.Header.Get("Authorization"))
	}
	sig, err := base64.StdEncoding.DecodeString(m[3])
	if err != nil {
		return err
	}
	return verifySignature(f.pub, m[2], "date: "+r.Header.Get("Date"), sig)
}

func verifySignature(pub crypto.PublicKey, alg, text string, sig []byte) error {
	kind, name, _ := strings.Cut(alg, "-")
	hashes := map[string]func() hash.Hash{"sha256": sha256.New, "sha384": sha512.New384, "sha512": sha512.New}
	newHash, ok := hashes[name]
	if !ok {
		return fmt.Errorf("algorithm %s", alg)
	}
	h := newHash()
	h.Write([]byte(text))
	switch p := pub.(type) {
	case *rsa.PublicKey:
		if kind != "rsa" {
			return fmt.Errorf("algorithm %s for RSA", alg)
		}
		return rsa.VerifyPKCS1v15(p, crypto.SHA256, h.Sum(nil), sig)
	case *ecdsa.PublicKey:
		if kind != "ecdsa" || !ecdsa.VerifyASN1(p, h.Sum(nil), sig) {
			return fmt.Errorf("ecdsa signature with %s does not verify", alg)
		}
		return nil
	}
	return fmt.Errorf("key %T", pub)
}

func (f *fake) fail(w http.ResponseWriter, status int, code, msg string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"code": code, "message": msg})
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.calls = append(f.calls, r.Method+" "+r.URL.RequestURI())
	f.conns[r.RemoteAddr] = struct{}{}
	before := f.before
	f.mu.Unlock()
	if err := f.verify(r); err != nil {
		f.t.Errorf("%s %s: %v", r.Method, r.URL, err)
		f.fail(w, http.StatusUnauthorized, "InvalidCredentials", err.Error())
		return
	}
	if before != nil && before(w, r) {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	id := strings.TrimPrefix(r.URL.Path, "/"+login+"/machines/")
	switch {
	case r.URL.Path == "/"+login:
		_ = json.NewEncoder(w).Encode(map[string]string{"id": accountID, "login": login})
	case r.URL.Path == "/"+login+"/datacenters":
		_ = json.NewEncoder(w).Encode(f.centre())
	case r.URL.Path == "/"+login+"/machines" && r.Method == http.MethodHead:
		w.Header().Set("X-Resource-Count", strconv.Itoa(len(f.machines)))
	case r.URL.Path == "/"+login+"/machines" && r.Method == http.MethodGet:
		f.list(w, r)
	case r.URL.Path == "/"+login+"/machines" && r.Method == http.MethodPost:
		f.create(w, r)
	case r.Method == http.MethodPost:
		var body map[string]any
		_ = json.NewDecoder(r.Body).Decode(&body)
		f.bodies = append(f.bodies, body)
		w.WriteHeader(http.StatusAccepted)
	case f.deleted[id]:
		f.fail(w, http.StatusGone, "ResourceNotFound", "VM was destroyed")
	case r.Method == http.MethodDelete && f.has(id):
		f.deleted[id] = true
		w.WriteHeader(http.StatusNoContent)
	default:
		for _, m := range f.machines {
			if m["id"] == id {
				_ = json.NewEncoder(w).Encode(m)
				return
			}
		}
		f.fail(w, http.StatusNotFound, "ResourceNotFound", "VM not found")
	}
}

func (f *fake) has(id string) bool {
	return slices.ContainsFunc(f.machines, func(m map[string]any) bool { return m["id"] == id })
}

func (f *fake) list(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	rows := []map[string]any{}
	for _, m := range f.machines {
		tags, _ := m["tags"].(map[string]any)
		match := true
		for k, v := range q {
			if name, ok := strings.CutPrefix(k, "tag."); ok && tags[name] != v[0] {
				match = false
			}
		}
		if match {
			rows = append(rows, m)
		}
	}
	offset, _ := strconv.Atoi(q.Get("offset"))
	limit, _ := strconv.Atoi(q.Get("limit"))
	limit = min(limit, f.maxLimit)
	offset = min(offset, len(rows))
	rows = rows[offset:min(offset+limit, len(rows))]
	w.Header().Set("X-Query-Limit", strconv.Itoa(f.maxLimit))
	w.Header().Set("X-Resource-Count", strconv.Itoa(len(rows)))
	_ = json.NewEncoder(w).Encode(rows)
}

func (f *fake) create(w http.ResponseWriter, r *http.Request) {
	var body map[string]any
	_ = json.NewDecoder(r.Body).Decode(&body)
	f.bodies = append(f.bodies, body)
	tags := map[string]any{}
	for k, v := range body {
		if name, ok := strings.CutPrefix(k, "tag."); ok {
			tags[name] = v
		}
	}
	m := map[string]any{
		"id": uuid(900000 + len(f.machines)), "name": body["name"], "state": "provisioning", "image": body["image"], "package": body["package"],
		"ips": []string{}, "networks": []string{}, "created": "2026-03-01T10:00:00Z", "tags": tags,
	}
	f.machines = append(f.machines, m)
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(m)
}

func (f *fake) called(prefix string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, c := range f.calls {
		if strings.HasPrefix(c, prefix) {
			n++
		}
	}
	return n
}

// testKey is made once: RSA keys take their time.
var testKey = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
})

var ecKey = sync.OnceValue(func() *ecdsa.PrivateKey {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return k
})

func pemOf(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func pkcs1(k *rsa.PrivateKey) []byte { return pemOf("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(k)) }

func write(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func md5Of(t *testing.T, pub crypto.PublicKey) string {
	t.Helper()
	p, err := ssh.NewPublicKey(pub)
	if err != nil {
		t.Fatal(err)
	}
	return ssh.FingerprintLegacyMD5(p)
}

// cloud returns an adapter for the fake with an ECDSA key.
func (f *fake) cloud(change ...func(*Config)) *Cloud {
	f.t.Helper()
	der, err := x509.MarshalECPrivateKey(ecKey())
	if err != nil {
		f.t.Fatal(err)
	}
	f.pub = &ecKey().PublicKey
	clk := providertest.NewClock(time.Now()).Clock
	cfg := Config{
		Name: "joyent-east", URL: f.srv.URL, Account: login, KeyFile: write(f.t, "id", pemOf("EC PRIVATE KEY", der)),
		Budget: budget.New("t", 0, 1, budget.WithClock(clk)), Clock: clk, Env: providers.EnvironmentOf(), Home: f.t.TempDir(),
	}
	for _, ch := range change {
		ch(&cfg)
	}
	c, err := New(cfg)
	if err != nil {
		f.t.Fatal(err)
	}
	return c
}

// deadAddress is an address without a listener.
func deadAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return "http://" + l.Addr().String()
}
