package wire

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"

	"rollcall/providers"
)

// The small internet of these tests: the server of com, that of example.com and
// a resolver, each a named of its own on a loopback port. Zones speak of the
// first two by unused addresses, and the dialer leads there.
const (
	childAddr    = "192.0.2.53"
	parentAddr   = "192.0.2.54"
	updateKey    = "update."
	updateSecret = "cm9sbGNhbGwtcm9sbGNhbGwtcm9sbGNhbGwhISEhISE="
)

// named is one running BIND.
type named struct {
	dir  string
	addr string
	port string
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

func namedPath(t *testing.T) string {
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
	for range tries {
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

// startNamed runs BIND with some statements of its config, and zone files by name.
func startNamed(t *testing.T, path, config string, zones map[string]string) *named {
	t.Helper()
	port := freePort(t)
	n := &named{dir: t.TempDir(), addr: "127.0.0.1:" + port, port: port, done: make(chan struct{})}
	for name, text := range zones {
		n.write(t, name+".zone", text)
	}
	validation := "dnssec-validation no;"
	if strings.Contains(config, "dnssec-validation") {
		validation = ""
	}
	n.write(t, "named.conf", strings.NewReplacer("DIR", n.dir, "PORT", port, "VALIDATION", validation).Replace(`
controls { };
key "`+updateKey+`" { algorithm hmac-sha256; secret "`+updateSecret+`"; };
options {
	directory "DIR"; pid-file "DIR/named.pid"; session-keyfile "DIR/session.key";
	listen-on port PORT { 127.0.0.1; }; listen-on-v6 { none; };
	VALIDATION empty-zones-enable no; notify no; minimal-responses no;
`)+config)
	n.cmd = exec.Command(path, "-g", "-n", "1", "-c", filepath.Join(n.dir, "named.conf"))
	n.cmd.Stdout, n.cmd.Stderr = &n.log, &n.log
	if err := n.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = n.cmd.Wait()
		close(n.done)
	}()
	t.Cleanup(func() {
		_ = n.cmd.Process.Kill()
		<-n.done
		if t.Failed() {
			t.Logf("named at %s:\n%s", n.addr, n.log.String())
		}
	})
	return n
}

func (n *named) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(n.dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// until waits for an answer of the server that ok takes.
func (n *named) until(t *testing.T, name string, qtype uint16, what string, ok func(m *dns.Msg) bool) {
	t.Helper()
	m := new(dns.Msg)
	m.SetQuestion(dns.Fqdn(name), qtype)
	c := &dns.Client{Timeout: 2 * time.Second}
	for range 600 {
		select {
		case <-n.done:
			t.Fatalf("named at %s has ended:\n%s", n.addr, n.log.String())
		default:
		}
		if in, _, err := c.Exchange(m, n.addr); err == nil && ok(in) {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("named at %s does not get there: %s\n%s", n.addr, what, n.log.String())
}

// update changes the zone as nsupdate does (RFC 2136).
func (n *named) update(t *testing.T, change func(m *dns.Msg)) {
	t.Helper()
	m := new(dns.Msg)
	m.SetUpdate("example.com.")
	change(m)
	m.SetTsig(updateKey, dns.HmacSHA256, 300, time.Now().Unix())
	c := &dns.Client{Net: "tcp", TsigSecret: map[string]string{updateKey: updateSecret}, Timeout: 10 * time.Second}
	in, _, err := c.Exchange(m, n.addr)
	if err != nil || in.Rcode != dns.RcodeSuccess {
		t.Fatalf("the update is refused: %v %v", err, in)
	}
}

func zoneFile(serial int, lines ...string) string {
	return fmt.Sprintf("$TTL 300\n@ IN SOA ns1 dns %d 3600 600 86400 120\n@ IN NS ns1\n@ IN NS ns2\nns1 IN A %s\nns2 IN A %s\n%s\n", serial, childAddr, childAddr, strings.Join(lines, "\n"))
}

func TestRealNameServersThroughAChangeOfTheirZone(t *testing.T) {
	path := namedPath(t)
	parent := startNamed(t, path, "recursion no; };\nzone \"com\" { type primary; file \"com.zone\"; };\n", map[string]string{
		"com": "$TTL 300\n@ IN SOA a dns 1 3600 600 86400 120\n@ IN NS a\na IN A " + parentAddr + "\nexample IN NS ns1.example\nexample IN NS ns2.example\nns1.example IN A " + childAddr + "\nns2.example IN A " + childAddr + "\n",
	})
	var big []string
	for i := range 90 { // more than fits into a datagram
		big = append(big, "big IN A 198.51.100."+strconv.Itoa(i+1))
	}
	child := startNamed(t, path, `recursion no; };
zone "example.com" { type primary; file "example.com.zone"; allow-update { key "`+updateKey+`"; }; };
zone "static.net" { type primary; file "static.net.zone"; };
`, map[string]string{
		"example.com": zoneFile(1, append(big, "www IN A 192.0.2.1", "alias IN CNAME www", "loop1 IN CNAME loop2", "loop2 IN CNAME loop1",
			`_x._tcp IN SRV 1 2 80 www`, `text IN TXT "a b" "c\"d"`, "sub IN NS ns.elsewhere.net.")...),
		"static.net": zoneFile(1, "www IN A 192.0.2.1"),
	})
	forward := func(zone string, to *named) string {
		return fmt.Sprintf("zone %q { type forward; forward only; forwarders { 127.0.0.1 port %s; }; };\n", zone, to.port)
	}
	resolver := startNamed(t, path, "recursion yes; qname-minimization off; max-ncache-ttl 3600; };\n"+
		forward("com", parent)+forward("example.com", child), nil)
	for _, w := range []struct {
		n    *named
		name string
	}{{parent, "com"}, {child, "example.com"}, {child, "static.net"}, {resolver, "com"}} {
		w.n.until(t, w.name, dns.TypeSOA, "serving "+w.name, func(m *dns.Msg) bool { return m.Rcode == dns.RcodeSuccess && len(m.Answer) > 0 })
	}

	own := providers.Zone{Name: "example.com", NameServers: []string{"ns1.example.com", "ns2.example.com"}}
	real := map[string]string{childAddr + ":53": child.addr, parentAddr + ":53": parent.addr, resolver.addr: resolver.addr}
	dial := func(ctx context.Context, network, addr string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, real[addr])
	}
	c := New(Options{Resolvers: []string{resolver.addr}, Rate: 1e6, Burst: 1000, Timeout: 10 * time.Second, Dial: dial})
	all := Question{Name: "big.example.com", Type: "A"}
	for i := range 90 {
		all.Want = append(all.Want, "198.51.100."+strconv.Itoa(i+1))
	}
	ask := func(t *testing.T, q ...Question) map[string]Result {
		t.Helper()
		z, got := check(t, c, own, q...)
		if z.State != ZoneInSync || z.From != FromParent || len(z.Servers) != 1 || z.Servers[0].Serial == 0 || len(z.Problems) != 0 {
			t.Errorf("%+v", z)
		}
		return got
	}

	t.Run("names of every kind are in sync at the server and the resolver", func(t *testing.T) {
		got := ask(t, www("192.0.2.1"), all,
			Question{Name: "alias.example.com", Type: "CNAME", Want: []string{"www.example.com"}},
			Question{Name: "_x._tcp.example.com", Type: "SRV", Want: []string{"1 2 80 WWW.example.com."}},
			Question{Name: "text.example.com", Type: "TXT", Want: []string{`"a b" "c\"d"`}},
			Question{Name: "example.com", Type: "NS", Want: []string{"ns1.example.com", "ns2.example.com"}})
		for k, r := range got {
			if r.State != InSync || r.Agree != 1 || len(r.Answers) != 2 || !r.Answers[1].Agrees {
				t.Errorf("%s: %s %s %+v", k, r.State, r.Reason, r.Answers)
			}
		}
		if r := got["big.example.com/A"]; !r.Answers[0].TCP || !r.Answers[1].TCP || len(r.Answers[0].Values) != 90 {
			t.Errorf("%+v", r.Answers)
		}
	})
	t.Run("a loop of aliases is told", func(t *testing.T) {
		r := ask(t, Question{Name: "loop1.example.com", Type: "CNAME", Want: []string{"loop2.example.com"}})["loop1.example.com/CNAME"]
		wantState(t, r, Broken, "lead back to loop1.example.com")
	})
	t.Run("a delegation inside the zone is in sync", func(t *testing.T) {
		r := ask(t, Question{Name: "sub.example.com", Type: "NS", Want: []string{"ns.elsewhere.net"}})["sub.example.com/NS"]
		if !r.Answers[0].Agrees {
			t.Errorf("%+v", r)
		}
	})
	t.Run("what is written down and not yet served is propagating, then cached, and its TTL counts down", func(t *testing.T) {
		wantState(t, ask(t, www("192.0.2.1"))["www.example.com/A"], InSync)
		wantState(t, ask(t, www("192.0.2.2"))["www.example.com/A"], Propagating, "192.0.2.1")
		child.update(t, func(m *dns.Msg) {
			m.RemoveRRset([]dns.RR{rr(t, oldWWW)})
			m.Insert([]dns.RR{rr(t, newWWW)})
		})
		r := ask(t, www("192.0.2.2"))["www.example.com/A"]
		wantState(t, r, Cached, "192.0.2.1")
		if a := r.Answers[1]; a.TTL == 0 || a.TTL > 300 || r.Until != a.Expires() || r.Left(a.At) > 300*time.Second {
			t.Errorf("%+v", r)
		}
		again := ask(t, www("192.0.2.2"))["www.example.com/A"]
		if again.Answers[1].TTL > r.Answers[1].TTL || again.Since != r.Since {
			t.Errorf("first %+v\nthen %+v", r, again)
		}
	})
	t.Run("a name that a resolver was asked for too early is negative-cached", func(t *testing.T) {
		q := Question{Name: "late.example.com", Type: "A", Want: []string{"192.0.2.7"}}
		wantState(t, ask(t, q)["late.example.com/A"], Propagating, "no such name")
		child.update(t, func(m *dns.Msg) { m.Insert([]dns.RR{rr(t, "late.example.com. 60 IN A 192.0.2.7")}) })
		r := ask(t, q)["late.example.com/A"]
		wantState(t, r, NegativeCached)
		if left := r.Until.Sub(r.Answers[1].At); left <= 0 || left > 120*time.Second {
			t.Errorf("until %v", left)
		}
	})
	t.Run("a name that was taken out is cached where it was asked for", func(t *testing.T) {
		child.update(t, func(m *dns.Msg) { m.RemoveName([]dns.RR{rr(t, newWWW)}) })
		r := ask(t, www())["www.example.com/A"]
		wantState(t, r, Cached)
		got, err := values(c.Answers(context.Background(), own, "www.example.com", "A", 1))
		if err != nil || len(got) != 0 {
			t.Errorf("%v, %v", got, err)
		}
	})
	t.Run("a zone file that is read again on a signal", func(t *testing.T) {
		static := providers.Zone{Name: "static.net"}
		c := New(Options{Servers: map[string][]string{"static.net": {child.addr}}, Timeout: 10 * time.Second})
		q := Question{Name: "www.static.net", Type: "A", Want: []string{"192.0.2.2"}}
		z, got := check(t, c, static, q)
		wantState(t, got["www.static.net/A"], Propagating)
		if z.Servers[0].Serial != 1 {
			t.Errorf("%+v", z.Servers)
		}
		// The file's time has seconds only: what was written within one second of the load would not be seen.
		child.write(t, "static.net.zone", zoneFile(2, "www IN A 192.0.2.2"))
		later := time.Now().Add(2 * time.Second)
		if err := os.Chtimes(filepath.Join(child.dir, "static.net.zone"), later, later); err != nil {
			t.Fatal(err)
		}
		if err := child.cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		child.until(t, "static.net", dns.TypeSOA, "the new serial", func(m *dns.Msg) bool {
			return len(m.Answer) == 1 && m.Answer[0].(*dns.SOA).Serial == 2
		})
		z, got = check(t, c, static, q)
		wantState(t, got["www.static.net/A"], InSync)
		if z.Servers[0].Serial != 2 {
			t.Errorf("%+v", z.Servers)
		}
	})
	t.Run("a zone that the server does not have is lame", func(t *testing.T) {
		c := New(Options{Servers: map[string][]string{"nobody.net": {child.addr}}, Timeout: 10 * time.Second})
		z, got := check(t, c, providers.Zone{Name: "nobody.net"}, Question{Name: "www.nobody.net", Type: "A", Want: []string{"192.0.2.2"}})
		wantState(t, got["www.nobody.net/A"], Lame, "REFUSED")
		if z.State != ZoneLame {
			t.Errorf("%+v", z)
		}
	})
	t.Run("a server that is ended is unreachable", func(t *testing.T) {
		_ = child.cmd.Process.Kill()
		<-child.done
		z, got := check(t, c, own, www("192.0.2.2"))
		wantState(t, got["www.example.com/A"], Unreachable)
		if z.State != ZoneUnreachable {
			t.Errorf("%+v", z)
		}
	})
}
