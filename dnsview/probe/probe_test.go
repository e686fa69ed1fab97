package probe

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/providers"
	"rollcall/providers/providertest"
)

// node is a target that HTTP asks for at an address of loopback.
func node(id, addr string, h index.Health) Target {
	ap := netip.MustParseAddrPort(addr)
	h.Port = ap.Port()
	return Target{Service: "www.example.com", Instance: providers.InstanceRef{Cloud: "c", Key: "0123456789", ID: id}, Addr: ap.Addr(), Health: h}
}

func serveHTTP(t *testing.T, f http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(f)
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://")
}

// serveBytes answers every connection with the same bytes.
func serveBytes(t *testing.T, b []byte) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				buf := make([]byte, 4096)
				if _, err := c.Read(buf); err == nil {
					_, _ = io.Copy(c, bytes.NewReader(b))
				}
			}()
		}
	}()
	return l.Addr().String()
}

// closedPort is an address of loopback without a listener.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func rounds(p *Prober, c *providertest.Clock, n int, targets ...Target) []Result {
	var out []Result
	for range n {
		out = p.Check(context.Background(), targets)
		c.Advance(time.Minute)
	}
	return out
}

func TestNothingIsContactedUnlessTheChecksAreOn(t *testing.T) {
	p := New(Options{Dial: func(context.Context, string, string) (net.Conn, error) {
		t.Error("a node is contacted")
		return nil, io.EOF
	}})
	r := p.Check(context.Background(), []Target{node("i-1", "127.0.0.1:80", index.Health{HTTP: "/"})})[0]
	if r.State != Unchecked || !strings.Contains(r.Reason, "off") || p.On() || len(Views([]Result{r})) != 0 {
		t.Errorf("%+v", r)
	}
}

func TestAStatusOf200To399Passes(t *testing.T) {
	for code, state := range map[int]State{200: Healthy, 204: Healthy, 302: Healthy, 399: Healthy, 400: Unhealthy, 404: Unhealthy, 500: Unhealthy, 503: Unhealthy} {
		var asked, elsewhere atomic.Int64
		addr := serveHTTP(t, func(w http.ResponseWriter, r *http.Request) {
			asked.Add(1)
			if r.URL.Path != "/health" || r.URL.RawQuery != "full=1" || r.Host != "www.example.com" || r.Method != http.MethodGet {
				elsewhere.Add(1)
			}
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(code)
		})
		c := providertest.NewClock(time.Now())
		r := rounds(New(Options{On: true, Clock: c.Clock}), c, 3, node("i-1", addr, index.Health{HTTP: "/health?full=1"}))[0]
		if r.State != state || asked.Load() != 3 || elsewhere.Load() != 0 {
			t.Errorf("%d: %+v after %d requests", code, r, asked.Load())
		}
		if state == Unhealthy && !strings.Contains(r.Error, fmt.Sprint(code)) {
			t.Errorf("%d: %q", code, r.Error)
		}
	}
}

func TestANameThatIsNoHostIsNotSentAsOne(t *testing.T) {
	var host atomic.Value
	addr := serveHTTP(t, func(_ http.ResponseWriter, r *http.Request) { host.Store(r.Host) })
	n := node("i-1", addr, index.Health{HTTP: "/"})
	n.Service = "v1._theservice._tcp.example.com"
	New(Options{On: true}).Check(context.Background(), []Target{n})
	if host.Load() != addr {
		t.Errorf("%v", host.Load())
	}
}

func TestAnOpenPortPassesATCPCheck(t *testing.T) {
	open := serveBytes(t, nil)
	c := providertest.NewClock(time.Now())
	p := New(Options{On: true, Clock: c.Clock})
	got := rounds(p, c, 3, node("i-1", open, index.Health{TCP: true}), node("i-2", closedPort(t), index.Health{TCP: true}))
	if got[0].State != Healthy || got[1].State != Unhealthy || got[1].Error != "the port is closed" {
		t.Errorf("%+v", got)
	}
}

func TestNeedOfTheLastOfLooksDecide(t *testing.T) {
	var well atomic.Bool
	addr := serveHTTP(t, func(w http.ResponseWriter, _ *http.Request) {
		if !well.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	c := providertest.NewClock(time.Now())
	p := New(Options{On: true, Clock: c.Clock})
	n := node("i-1", addr, index.Health{HTTP: "/", Need: 2, Of: 3})
	for i, s := range []struct {
		well           bool
		state          State
		passed, failed int
	}{
		{true, Uncertain, 1, 0},
		{true, Healthy, 2, 0},
		{false, Healthy, 2, 1},
		{false, Unhealthy, 1, 2},
		{true, Unhealthy, 1, 2},
		{true, Healthy, 2, 1},
		{true, Healthy, 3, 0},
	} {
		well.Store(s.well)
		r := rounds(p, c, 1, n)[0]
		if r.State != s.state || r.Passed != s.passed || r.Failed != s.failed || r.Reason == "" {
			t.Errorf("look %d: %+v", i, r)
		}
	}
}

func TestANodeThatIsContentWithOneOfThreeIsNoFindingWhenTwoFail(t *testing.T) {
	var n atomic.Int64
	addr := serveHTTP(t, func(w http.ResponseWriter, _ *http.Request) {
		if n.Add(1) != 1 {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	c := providertest.NewClock(time.Now())
	got := rounds(New(Options{On: true, Clock: c.Clock}), c, 3, node("i-1", addr, index.Health{HTTP: "/", Need: 1, Of: 3}))
	if got[0].State != Healthy || got[0].Failed != 2 || len(Views(got)) != 0 {
		t.Errorf("%+v", got)
	}
}

func TestANodeIsNotLookedAtBeforeItsIntervalIsOver(t *testing.T) {
	var n atomic.Int64
	addr := serveHTTP(t, func(http.ResponseWriter, *http.Request) { n.Add(1) })
	c := providertest.NewClock(time.Now())
	p := New(Options{On: true, Clock: c.Clock})
	target := node("i-1", addr, index.Health{HTTP: "/", Interval: 30 * time.Second})
	for range 60 {
		p.Check(context.Background(), []Target{target})
		c.Advance(time.Second)
	}
	if n.Load() != 2 {
		t.Errorf("%d looks in a minute", n.Load())
	}
}

func TestANodeThatMovedBeginsAnew(t *testing.T) {
	bad := serveHTTP(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	good := serveHTTP(t, func(http.ResponseWriter, *http.Request) {})
	c := providertest.NewClock(time.Now())
	p := New(Options{On: true, Clock: c.Clock})
	if r := rounds(p, c, 3, node("i-1", bad, index.Health{HTTP: "/"}))[0]; r.State != Unhealthy {
		t.Errorf("%+v", r)
	}
	if r := rounds(p, c, 1, node("i-1", good, index.Health{HTTP: "/"}))[0]; r.State != Uncertain || r.Failed != 0 {
		t.Errorf("%+v", r)
	}
	rounds(p, c, 1)
	if len(p.nodes) != 0 {
		t.Errorf("%d nodes are remembered that are gone", len(p.nodes))
	}
}

func TestOddAnswersAreFailuresAndNoneIsACrash(t *testing.T) {
	for name, b := range map[string][]byte{
		"nothing":            {},
		"no HTTP":            []byte("SSH-2.0-OpenSSH_9.2\r\n"),
		"control characters": []byte("HTTP/1.1 \x1b[31m nope\r\n\r\n"),
		"a strange status":   []byte("HTTP/1.1 999 \x1b[2J\r\n\r\n"),
		"half a header":      []byte("HTTP/1.1 200 OK\r\nContent-Le"),
		"an endless header":  append([]byte("HTTP/1.1 200 OK\r\nX: "), bytes.Repeat([]byte("x"), 4*maxHeader)...),
	} {
		c := providertest.NewClock(time.Now())
		r := rounds(New(Options{On: true, Clock: c.Clock, Timeout: 20 * time.Second}), c, 2, node("i-1", serveBytes(t, b), index.Health{HTTP: "/"}))[0]
		if r.State != Unhealthy || r.Error == "" || strings.ContainsAny(r.Error+r.Reason, "\x1b\r\n") || len(r.Error) > 200 {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func TestALongBodyIsNotWaitedFor(t *testing.T) {
	released := make(chan struct{})
	addr := serveHTTP(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusOK)
		w.(http.Flusher).Flush()
		select {
		case <-r.Context().Done():
		case <-released:
		}
	})
	t.Cleanup(func() { close(released) })
	r := New(Options{On: true, Timeout: time.Minute}).Check(context.Background(), []Target{node("i-1", addr, index.Health{HTTP: "/", Need: 1, Of: 1})})[0]
	if r.State != Healthy {
		t.Errorf("%+v", r)
	}
}

func TestWhatThisMachineHasNoWayToIsNotHeldAgainstANode(t *testing.T) {
	c := providertest.NewClock(time.Now())
	p := New(Options{On: true, Clock: c.Clock, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Err: syscall.ENETUNREACH}
	}})
	got := rounds(p, c, 5, node("i-1", "[2001:db8::1]:80", index.Health{HTTP: "/"}))
	if got[0].State != Uncertain || got[0].Failed != 0 || len(Views(got)) != 0 {
		t.Errorf("%+v", got)
	}
}

// silence never connects, in played time.
func silence(ctx context.Context, _, _ string) (net.Conn, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestASilentNodeAmongOthersIsUnwell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New(Options{On: true, Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
			if addr == "192.0.2.1:80" {
				return silence(ctx, network, addr)
			}
			ours, theirs := net.Pipe()
			theirs.Close()
			return ours, nil
		}})
		var got []Result
		for range 2 {
			got = p.Check(t.Context(), []Target{node("i-1", "192.0.2.1:80", index.Health{TCP: true}), node("i-2", "192.0.2.2:80", index.Health{TCP: true})})
			time.Sleep(time.Minute)
		}
		if got[0].State != Unhealthy || got[0].Error != "no answer in 5s" || got[1].State != Healthy {
			t.Errorf("%+v", got)
		}
		want := []index.HealthState{
			{Service: "www.example.com", Key: "0123456789", ID: "i-1", Failed: 2, Of: 2, Error: "no answer in 5s", At: got[0].At},
			{Service: "www.example.com", Key: "0123456789", ID: "i-2", Of: 2, At: got[1].At},
		}
		if d := cmp.Diff(want, Views(got)); d != "" {
			t.Error(d)
		}
	})
}

func TestNodesThatAreAllSilentMeanThatThisMachineIsCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New(Options{On: true, Dial: silence})
		var got []Result
		for range 5 {
			got = p.Check(t.Context(), []Target{node("i-1", "192.0.2.1:80", index.Health{TCP: true}), node("i-2", "192.0.2.2:80", index.Health{HTTP: "/"})})
			time.Sleep(time.Minute)
		}
		for _, r := range got {
			if r.State != Uncertain || r.Failed != 0 || !strings.Contains(r.Reason, "no node at all") {
				t.Errorf("%+v", r)
			}
		}
	})
}

func TestOnlyAFewLooksAreUnderWayAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		under, most := 0, 0
		p := New(Options{On: true, AtOnce: 4, Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
			mu.Lock()
			under++
			most = max(most, under)
			mu.Unlock()
			conn, err := silence(ctx, network, addr)
			mu.Lock()
			under--
			mu.Unlock()
			return conn, err
		}})
		var targets []Target
		for i := range 20 {
			targets = append(targets, node(fmt.Sprint("i-", i), "192.0.2.1:80", index.Health{TCP: true}))
		}
		start := time.Now()
		p.Check(t.Context(), targets)
		if most != 4 || time.Since(start) != 25*time.Second {
			t.Errorf("%d at once, %v", most, time.Since(start))
		}
	})
}

func TestAStoppedCheckCountsForNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		p := New(Options{On: true, Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
			cancel()
			return silence(ctx, network, addr)
		}})
		got := p.Check(ctx, []Target{node("i-1", "192.0.2.1:80", index.Health{TCP: true}), node("i-2", "192.0.2.2:80", index.Health{TCP: true})})
		for _, r := range got {
			if r.State != Uncertain || r.Failed != 0 || !r.At.IsZero() {
				t.Errorf("%+v", r)
			}
		}
	})
}

func TestWhatCannotBeLookedAtFromHereSaysWhy(t *testing.T) {
	p := New(Options{On: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		t.Error("a node is contacted")
		return nil, io.EOF
	}})
	command := node("i-1", "127.0.0.1:80", index.Health{Command: "true"})
	none := node("i-2", "127.0.0.1:80", index.Health{})
	port := node("i-3", "127.0.0.1:80", index.Health{TCP: true})
	port.Health.Port = 0
	addr := node("i-4", "127.0.0.1:80", index.Health{HTTP: "/"})
	addr.Addr = netip.Addr{}
	for i, word := range []string{"command", "declares no", "no port", "no address"} {
		if r := p.Check(context.Background(), []Target{command, none, port, addr})[i]; r.State != Unchecked || !strings.Contains(r.Reason, word) {
			t.Errorf("%+v", r)
		}
	}
}

func TestTheNodesToLookAtAreTheRunningOnesOfServicesWithACheck(t *testing.T) {
	public := netip.MustParseAddr("203.0.113.1")
	second := netip.MustParseAddr("203.0.113.2")
	inst := func(id string, state providers.InstanceState, tag string, addrs ...netip.Addr) providers.Instance {
		return providers.Instance{Cloud: "c", Key: "0123456789", ID: id, Name: id, State: state, PublicIPs: addrs, Tags: providers.TagsOf(map[string]string{"service": tag})}
	}
	inside := inst("i-6", providers.StateRunning, "inner", public)
	inside.PrivateIPs = []netip.Addr{netip.MustParseAddr("10.0.0.6")}
	v := dnsview.Inspect(&providers.Snapshot{
		Clouds: []providers.CloudView{{
			Cloud: providers.Cloud{Name: "c", Key: "0123456789"}, Coverage: providers.Coverage{State: providers.CoverageComplete, Key: "0123456789"},
			Instances: []providers.Instance{
				inst("i-1", providers.StateRunning, "www", netip.MustParseAddr("2001:db8::1"), public, second),
				inst("i-2", providers.StateStopped, "www", public),
				inst("i-3", providers.StateRunning, "unchecked", public),
				inst("i-4", providers.StateRunning, "srv"),
				inst("i-5", providers.StateRunning, "srv", netip.MustParseAddr("2001:db8::5")),
				inside,
			},
		}},
		Zones: []providers.ZoneView{{
			Zone: providers.Zone{Name: "example.com"}, Coverage: providers.Coverage{State: providers.CoverageComplete},
			Records: []providers.Record{{Zone: "example.com", Name: "www.example.com", Type: "A", TTL: 60, Value: second.String()}},
		}},
	}, index.Options{Services: []index.Service{
		{Name: "www.example.com", Kind: index.RoundRobin, Zone: "example.com", Select: map[string]string{"service": "www"}, Health: index.Health{HTTP: "/"}},
		{Name: "plain.example.com", Kind: index.RoundRobin, Zone: "example.com", Select: map[string]string{"service": "unchecked"}},
		{Name: "v1._x._tcp.example.com", Kind: index.DNSSD, Zone: "example.com", Port: 4218, Select: map[string]string{"service": "srv"}, Health: index.Health{TCP: true}},
		{Name: "inner.example.com", Kind: index.RoundRobin, Zone: "example.com", Address: index.ScopePrivate, Select: map[string]string{"service": "inner"}, Health: index.Health{TCP: true, Port: 80}},
	}})
	var got []string
	for _, x := range Targets(v) {
		got = append(got, fmt.Sprintf("%s %s %s %d", x.Service, x.Instance.ID, x.Addr, x.Health.Port))
	}
	want := []string{
		"www.example.com i-1 203.0.113.2 0", "v1._x._tcp.example.com i-4 invalid IP 4218", "v1._x._tcp.example.com i-5 2001:db8::5 4218",
		"inner.example.com i-6 10.0.0.6 80", // though it has a public address, and no record yet
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
