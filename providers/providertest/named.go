package providertest

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// The TSIG key of every Named, as its config and key file have it.
const (
	NamedKey    = "update."
	NamedSecret = "cm9sbGNhbGwtcm9sbGNhbGwtcm9sbGNhbGwhISEhISE="
)

// Named is a running BIND on a loopback port, in a folder of its own.
type Named struct {
	Dir  string
	Addr string // host:port, for UDP and TCP
	Port string

	t    *testing.T
	path string
	cmd  *exec.Cmd
	log  syncBuffer
	done chan struct{}
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// NamedPath returns the path of named. It skips the test where there is none, unless CI is set.
func NamedPath(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("make quick leaves this to make test")
	}
	path, err := exec.LookPath("named")
	if err != nil {
		path = "/usr/sbin/named" // often not on the path of a user
		_, err = os.Stat(path)
	}
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("named (Debian: bind9) is not installed, and CI must have it")
		}
		t.Skip("named (Debian: bind9) is not installed")
	}
	return path
}

// freePort finds a loopback port that is free for UDP and TCP.
func freePort(t *testing.T) string {
	t.Helper()
	for range 20 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		p, err := net.ListenPacket("udp", l.Addr().String())
		_ = l.Close()
		if err != nil {
			continue
		}
		_ = p.Close()
		_, port, _ := net.SplitHostPort(l.Addr().String())
		return port
	}
	t.Fatal("no port is free for both UDP and TCP")
	return ""
}

// StartNamed runs BIND with zone files by name. The config goes on after the begin of the options statement, which has
// no validation of DNSSEC unless the config has it.
func StartNamed(t *testing.T, config string, zones map[string]string) *Named {
	t.Helper()
	path := NamedPath(t)
	port := freePort(t)
	n := &Named{t: t, path: path, Dir: t.TempDir(), Addr: "127.0.0.1:" + port, Port: port}
	for name, text := range zones {
		n.Write(name+".zone", text)
	}
	validation := "dnssec-validation no;"
	if strings.Contains(config, "dnssec-validation") {
		validation = ""
	}
	n.Write("update.key", `key "`+NamedKey+`" { algorithm hmac-sha256; secret "`+NamedSecret+`"; };`+"\n")
	n.Write("named.conf", strings.NewReplacer("DIR", n.Dir, "PORT", port, "VALIDATION", validation).Replace(`
controls { };
include "DIR/update.key";
options {
	directory "DIR"; pid-file "DIR/named.pid"; session-keyfile "DIR/session.key";
	listen-on port PORT { 127.0.0.1; }; listen-on-v6 { none; };
	VALIDATION empty-zones-enable no; notify no; minimal-responses no;
`)+config)
	t.Cleanup(func() {
		n.Kill()
		if t.Failed() {
			t.Logf("named at %s:\n%s", n.Addr, n.log.String())
		}
	})
	n.Start()
	return n
}

// Start starts BIND again after Kill, on the same port.
func (n *Named) Start() {
	n.t.Helper()
	done := make(chan struct{})
	n.cmd, n.done = exec.Command(n.path, "-g", "-n", "1", "-c", filepath.Join(n.Dir, "named.conf")), done
	cmd := n.cmd
	cmd.Stdout, cmd.Stderr = &n.log, &n.log
	if err := cmd.Start(); err != nil {
		n.t.Fatal(err)
	}
	go func() {
		_ = cmd.Wait()
		close(done)
	}()
}

// Kill ends BIND at once, without its writing anything more.
func (n *Named) Kill() {
	_ = n.cmd.Process.Kill()
	<-n.done
}

// Signal sends a signal to BIND.
func (n *Named) Signal(s os.Signal) {
	n.t.Helper()
	if err := n.cmd.Process.Signal(s); err != nil {
		n.t.Fatal(err)
	}
}

// Write writes a file in the folder.
func (n *Named) Write(name, text string) {
	n.t.Helper()
	if err := os.WriteFile(filepath.Join(n.Dir, name), []byte(text), 0o600); err != nil {
		n.t.Fatal(err)
	}
}

// Until waits for an answer that ok takes. what says what is waited for.
func (n *Named) Until(name string, qtype uint16, what string, ok func(m *dns.Msg) bool) {
	n.t.Helper()
	m := new(dns.Msg)
	m.SetQuestion(dns.Fqdn(name), qtype)
	c := &dns.Client{Timeout: 2 * time.Second}
	for range 600 {
		select {
		case <-n.done:
			n.t.Fatalf("named at %s has ended:\n%s", n.Addr, n.log.String())
		default:
		}
		if in, _, err := c.Exchange(m, n.Addr); err == nil && ok(in) {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	n.t.Fatalf("named at %s does not get there: %s\n%s", n.Addr, what, n.log.String())
}

// UntilServed waits until BIND serves a zone.
func (n *Named) UntilServed(zone string) {
	n.t.Helper()
	n.Until(zone, dns.TypeSOA, "serving "+zone, func(m *dns.Msg) bool { return m.Rcode == dns.RcodeSuccess && len(m.Answer) > 0 })
}

// Update changes a zone as nsupdate does (RFC 2136).
func (n *Named) Update(zone string, change func(m *dns.Msg)) {
	n.t.Helper()
	m := new(dns.Msg)
	m.SetUpdate(dns.Fqdn(zone))
	change(m)
	m.SetTsig(NamedKey, dns.HmacSHA256, 300, time.Now().Unix())
	c := &dns.Client{Net: "tcp", TsigSecret: map[string]string{NamedKey: NamedSecret}, Timeout: 10 * time.Second}
	in, _, err := c.Exchange(m, n.Addr)
	if err != nil || in.Rcode != dns.RcodeSuccess {
		n.t.Fatalf("the update is refused: %v %v", err, in)
	}
}
