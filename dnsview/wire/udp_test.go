package wire

import (
	"net"
	"testing"

	"github.com/miekg/dns"
)

func TestAWaitThatEndsLeavesTheNextOneWithItsIDAlone(t *testing.T) {
	ours, theirs := net.Pipe()
	defer theirs.Close()
	x := newMux(ours)
	ask := func() (*dns.Msg, *waiter) {
		m := new(dns.Msg)
		m.SetQuestion("www.example.com.", dns.TypeA)
		m.Id = 5
		w, err := x.register(m)
		if err != nil {
			t.Fatal(err)
		}
		return m, w
	}
	first, w := ask()
	if other, _ := ask(); other.Id == first.Id {
		t.Error("two questions under way have one id")
	}
	reply := new(dns.Msg)
	reply.SetReply(first)
	b := packed(reply)[0]
	x.deliver(b)
	next, w2 := ask() // before the first has seen that its reply is there
	x.forget(first.Id, w)
	if next.Id != first.Id {
		t.Fatalf("id %d is not free", first.Id)
	}
	x.deliver(b)
	if len(w.reply) != 1 || len(w2.reply) != 1 {
		t.Errorf("%d replies to the first, %d to the next", len(w.reply), len(w2.reply))
	}
}
