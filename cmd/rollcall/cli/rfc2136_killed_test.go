package cli

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"rollcall/providers/journal"
)

// updateProxy stands before a name server. The next update calls met, which forwards it or not, and returns whether the answer
// goes back.
type updateProxy struct {
	mu  sync.Mutex
	met func(forward func()) (answered bool)
}

func (p *updateProxy) start(t *testing.T, server string) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go p.serve(c, server)
		}
	}()
	return l.Addr().String()
}

func (p *updateProxy) serve(client net.Conn, server string) {
	defer client.Close()
	back, err := net.Dial("tcp", server)
	if err != nil {
		return
	}
	defer back.Close()
	exchange := func(m []byte) (answer []byte) {
		if _, err := back.Write(m); err != nil {
			return nil
		}
		return readMessage(back)
	}
	for m := readMessage(client); m != nil; m = readMessage(client) {
		if m[4]>>3&15 != 5 { // a question: a transfer has many messages, so the rest is copied
			if _, err := back.Write(m); err != nil {
				return
			}
			go func() { _, _ = io.Copy(client, back) }()
			continue
		}
		p.mu.Lock()
		met := p.met
		p.met = nil
		p.mu.Unlock()
		var answer []byte
		forward := func() { answer = exchange(m) }
		if met == nil {
			forward()
		} else if !met(forward) {
			return
		}
		_, _ = client.Write(answer)
	}
}

// readMessage returns the next message with its length before it, or nil.
func readMessage(c net.Conn) []byte {
	var size [2]byte
	if _, err := io.ReadFull(c, size[:]); err != nil {
		return nil
	}
	m := make([]byte, 2+int(binary.BigEndian.Uint16(size[:])))
	copy(m, size[:])
	if _, err := io.ReadFull(c, m[2:]); err != nil || len(m) < 14 {
		return nil
	}
	return m
}

func TestARollcallThatIsKilledDuringAnUpdateOfBINDLeavesNothingUnknown(t *testing.T) {
	s := newWorld(t)
	n, owner := bindZone(t, s)
	proxy := &updateProxy{}
	reconfigure(t, "server: \""+n.Addr+"\"", "server: \""+proxy.start(t, n.Addr)+"\"")
	dead := "example.org:app.example.org/A/" + owner.Value
	before := served(t, n, "app.example.org", "A")
	for _, c := range []struct {
		says string
		met  func(kill, forward func())
		made bool
	}{
		{"and the update is lost with it", func(kill, _ func()) { kill() }, false},
		{"and the update is made after its death", func(kill, forward func()) { kill(); forward() }, true},
		{"and the update was made", func(kill, forward func()) { forward(); kill() }, true},
	} {
		t.Run(c.says, func(t *testing.T) {
			killedRollcall(t, proxy, c.met, "deregister", dead, "--confirm", "app.example.org")
			if there := len(served(t, n, "app.example.org", "A")) == 1; there == c.made {
				t.Fatalf("BIND serves it: %v", there)
			}
			r := rollcall(t, "journal", "-o", "json")
			e := decode[[]journal.Entry](t, r.out)[0] // the newest
			if want := map[bool]journal.State{true: journal.Done, false: journal.Failed}[c.made]; e.State != want || !e.LookedUp || !strings.Contains(r.err, "was left open by a rollcall that was stopped") {
				t.Errorf("entry %s is %s, want %s; %s\n%s", e.ID, e.State, want, e.Note, r.err)
			}
			if !c.made {
				must(t, "deregister", dead, "--confirm", "app.example.org")
			}
			must(t, "undo")
			if after := served(t, n, "app.example.org", "A"); !slices.Equal(after, before) {
				t.Errorf("after the undo BIND serves %v, and it was %v", after, before)
			}
			must(t, "journal", "--verify")
		})
	}
}

// killedRollcall runs a command line in a process that is killed at its first update.
func killedRollcall(t *testing.T, proxy *updateProxy, met func(kill, forward func()), args ...string) {
	t.Helper()
	var out bytes.Buffer
	cmd := exec.CommandContext(t.Context(), "rollcall", args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = environment(t).List(), &out, &out
	ended, carriedOut := make(chan struct{}), make(chan struct{})
	proxy.mu.Lock()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	proxy.met = func(forward func()) bool {
		defer close(carriedOut)
		met(func() {
			_ = cmd.Process.Kill()
			<-ended
		}, forward)
		return false
	}
	proxy.mu.Unlock()
	err := cmd.Wait()
	close(ended)
	if err == nil || cmd.ProcessState.String() != "signal: killed" {
		t.Fatalf("%v\n%s", err, out.String())
	}
	<-carriedOut
}
