package wire

import (
	"context"
	"fmt"
	"testing"

	"github.com/miekg/dns"
)

// BenchmarkAThousandNames asks one server on loopback for a whole zone, without a rate.
func BenchmarkAThousandNames(b *testing.B) {
	rest := rr2(soaText(testZone))
	addr := raw(b, "127.0.0.1", true, func(q *dns.Msg, _ bool) [][]byte {
		return answering(q, func(m *dns.Msg) {
			if q.Question[0].Qtype == dns.TypeSOA {
				m.Answer = []dns.RR{rest}
				return
			}
			m.Answer = []dns.RR{&dns.A{Hdr: dns.RR_Header{Name: q.Question[0].Name, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: 60}, A: []byte{192, 0, 2, 1}}}
		})
	})
	var qs []Question
	for i := range 1000 {
		qs = append(qs, Question{Name: fmt.Sprintf("n%04d.example.com", i), Type: "A", Want: []string{"192.0.2.1"}})
	}
	c := New(fast(Options{Servers: map[string][]string{testZone: {addr}}, Rate: 1e9, Burst: 1e6}))
	b.ReportAllocs()
	for b.Loop() {
		well := 0
		c.Check(context.Background(), zone, qs, func(r Result) {
			if r.State == InSync {
				well++
			}
		})
		if well != len(qs) {
			b.Fatalf("%d of %d names are in sync", well, len(qs))
		}
	}
}
