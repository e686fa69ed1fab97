package wire

import (
	"context"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"
)

// played is a server at the other end of a pipe, in a time that stands still
// while anybody has something to do.
type played struct {
	wg    sync.WaitGroup
	dials int
	// answer returns the reply, or nil for silence. It may wait.
	answer func(q *dns.Msg) *dns.Msg

	mu    sync.Mutex
	names []string
	times []time.Time
	under int // questions under way
	most  int
}

func (p *played) dial(_ context.Context, network, _ string) (net.Conn, error) {
	if network != "udp" {
		return nil, net.ErrClosed
	}
	p.mu.Lock()
	p.dials++
	p.mu.Unlock()
	ours, theirs := net.Pipe()
	p.wg.Go(func() {
		defer theirs.Close()
		buf := make([]byte, dns.MaxMsgSize)
		for {
			n, err := theirs.Read(buf)
			if err != nil {
				return
			}
			q := new(dns.Msg)
			if err := q.Unpack(buf[:n]); err != nil {
				panic(err)
			}
			p.wg.Go(func() { p.handle(theirs, q) })
		}
	})
	return ours, nil
}

func (p *played) handle(c net.Conn, q *dns.Msg) {
	p.mu.Lock()
	p.names = append(p.names, q.Question[0].Name)
	p.times = append(p.times, time.Now())
	p.under++
	p.most = max(p.most, p.under)
	p.mu.Unlock()
	m := p.answer(q)
	p.mu.Lock()
	p.under--
	p.mu.Unlock()
	if m == nil {
		return
	}
	b, err := m.Pack()
	if err != nil {
		panic(err)
	}
	_, _ = c.Write(b)
}

func (p *played) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.names)
}

// answers is the well-behaved answer function.
func answers(f func(m *dns.Msg, tcp bool)) func(q *dns.Msg) *dns.Msg {
	return func(q *dns.Msg) *dns.Msg {
		m := new(dns.Msg)
		m.SetReply(q)
		f(m, false)
		return m
	}
}

func numbered(n int) []Question {
	var qs []Question
	for i := range n {
		qs = append(qs, Question{Name: fmt.Sprintf("n%03d.example.com", i), Type: "A"})
	}
	return qs
}

func TestNoServerIsAskedFasterThanItsRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &played{answer: answers(authority(t, testZone))}
		c := New(Options{Servers: map[string][]string{testZone: {"192.0.2.53:53"}}, Rate: 10, Burst: 5, Dial: p.dial})
		_, got := check(t, c, zone, numbered(60)...)
		p.wg.Wait()
		for i := range p.times {
			n := 0
			for _, at := range p.times[i:] {
				if at.Sub(p.times[i]) < time.Second {
					n++
				}
			}
			if n > 15 {
				t.Fatalf("%d questions in one second", n)
			}
		}
		if len(p.names) != 61 || p.dials != 1 || got["n059.example.com/A"].State != InSync {
			t.Errorf("%d questions over %d sockets", len(p.names), p.dials)
		}
		if took := p.times[60].Sub(p.times[0]); took < 5*time.Second || took > 7*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

func TestNoMoreThanAFewQuestionsToOneServerAreUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		well := answers(authority(t, testZone))
		p := &played{answer: func(q *dns.Msg) *dns.Msg { time.Sleep(300 * time.Millisecond); return well(q) }}
		c := New(Options{Servers: map[string][]string{testZone: {"192.0.2.53:53"}}, Rate: 1e6, Burst: 1000, AtOnce: 3, Dial: p.dial})
		check(t, c, zone, numbered(20)...)
		p.wg.Wait()
		if p.most != 3 {
			t.Errorf("%d at once", p.most)
		}
	})
}

func TestNamesAreAskedInTheOrderGiven(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &played{answer: answers(authority(t, testZone))}
		c := New(Options{Servers: map[string][]string{testZone: {"192.0.2.53:53"}}, AtOnce: 1, Dial: p.dial})
		qs := numbered(30)
		qs[0], qs[20] = qs[20], qs[0]
		var order []string
		c.Check(t.Context(), zone, qs, func(r Result) { order = append(order, r.Name+".") })
		p.wg.Wait()
		if order[0] != "n020.example.com." || order[20] != "n000.example.com." || order[1] != "n001.example.com." {
			t.Errorf("%v", order)
		}
		if !slices.Equal(order, p.names[1:]) { // the zone's SOA comes first
			t.Errorf("results %v, questions %v", order, p.names)
		}
	})
}

func TestASilentServerIsLeftAloneLongerAndLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &played{answer: func(*dns.Msg) *dns.Msg { return nil }}
		c := New(Options{Servers: map[string][]string{testZone: {"192.0.2.53:53"}}, Dial: p.dial})
		var probes []time.Time
		for range 3600 { // an hour of a console that looks each second
			before := p.count()
			z, got := check(t, c, zone, www("192.0.2.2"))
			if z.State != ZoneUnreachable || got["www.example.com/A"].State != Unreachable {
				t.Fatalf("%+v", z)
			}
			if p.count() > before {
				probes = append(probes, time.Now())
			}
			time.Sleep(time.Second)
		}
		p.wg.Wait()
		if len(probes) < 15 || len(probes) > 25 {
			t.Errorf("asked %d times in an hour", len(probes))
		}
		longest := time.Duration(0)
		for i := range probes[1:] {
			longest = max(longest, probes[i+1].Sub(probes[i]))
		}
		if longest < longPause || longest > longPause+10*time.Second {
			t.Errorf("left alone for %v at most", longest)
		}
	})
}

func TestAServerThatComesBackIsAskedAsBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		well := answers(authority(t, testZone))
		var mu sync.Mutex
		down := true
		p := &played{answer: func(q *dns.Msg) *dns.Msg {
			mu.Lock()
			defer mu.Unlock()
			if down {
				return nil
			}
			return well(q)
		}}
		c := New(Options{Servers: map[string][]string{testZone: {"192.0.2.53:53"}}, Dial: p.dial})
		for range silentLimit {
			check(t, c, zone)
		}
		if z, _ := check(t, c, zone); z.Servers[0].Outcome != BackingOff {
			t.Errorf("%+v", z.Servers)
		}
		mu.Lock()
		down = false
		mu.Unlock()
		time.Sleep(firstPause)
		if z, _ := check(t, c, zone); z.State != ZoneInSync {
			t.Errorf("%+v", z)
		}
		p.wg.Wait()
	})
}

func TestAServerThatIsSilentAboutOneZoneIsAskedAboutOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		other := zone
		other.Name = "example.net"
		well := answers(authority(t, "example.net"))
		p := &played{answer: func(q *dns.Msg) *dns.Msg {
			if q.Question[0].Name == "example.com." {
				return nil
			}
			return well(q)
		}}
		at := []string{"192.0.2.53:53"}
		c := New(Options{Servers: map[string][]string{testZone: at, "example.net": at}, Dial: p.dial})
		for range silentLimit + 1 {
			check(t, c, zone)
		}
		if z, _ := check(t, c, other); z.State != ZoneInSync {
			t.Errorf("%+v", z)
		}
		p.wg.Wait()
	})
}

func TestAServerThatSaysNoToOneNameAfterTheOtherIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		well := authority(t, testZone)
		p := &played{answer: answers(func(m *dns.Msg, tcp bool) {
			if well(m, tcp); m.Question[0].Qtype != dns.TypeSOA {
				m.Rcode = dns.RcodeRefused // how some servers say: not so fast
			}
		})}
		c := New(Options{Servers: map[string][]string{testZone: {"192.0.2.53:53"}}, AtOnce: 1, Dial: p.dial, Rate: 1e6, Burst: 1000})
		_, got := check(t, c, zone, numbered(500)...)
		p.wg.Wait()
		if n := p.count(); n != noLimit+1 {
			t.Errorf("%d questions", n)
		}
		if r := got["n499.example.com/A"]; r.Answers[0].Outcome != BackingOff || r.State != Unreachable {
			t.Errorf("%+v", r)
		}
	})
}

func TestAStoppedCheckEndsAndGivesNoHalfResults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		well := answers(authority(t, testZone))
		p := &played{answer: func(q *dns.Msg) *dns.Msg { time.Sleep(100 * time.Millisecond); return well(q) }}
		c := New(Options{Servers: map[string][]string{testZone: {"192.0.2.53:53", "192.0.2.54:53"}}, AtOnce: 2, Dial: p.dial})
		ctx, cancel := context.WithCancel(t.Context())
		n := 0
		start := time.Now()
		c.Check(ctx, zone, numbered(1000), func(r Result) {
			if n++; n == 10 {
				cancel()
			}
			if r.State != InSync || len(r.Answers) != 2 || r.Answers[0].At.IsZero() || r.Answers[1].At.IsZero() {
				t.Errorf("%+v", r)
			}
		})
		if n < 10 || n > 20 || time.Since(start) > 2*time.Second {
			t.Errorf("%d results in %v", n, time.Since(start))
		}
		p.wg.Wait()
	})
}
