package dnsview

import (
	"net/netip"
	"strings"

	"rollcall/dnsview/index"
	"rollcall/providers"
)

// texts makes the texts of findings. Those that are made one after the other share memory, so that a hundred thousand
// findings take few allocations.
type texts struct{ b strings.Builder }

// The room of one allocation of texts: it doubles from the least to the most.
const (
	textsLeast = 1 << 10
	textsMost  = 1 << 16
)

// room makes room for n more bytes, and returns where they begin.
func (t *texts) room(n int) int {
	if t.b.Cap()-t.b.Len() < n {
		size := max(n, min(max(2*t.b.Cap(), textsLeast), textsMost))
		t.b = strings.Builder{}
		t.b.Grow(size)
	}
	return t.b.Len()
}

// join returns the parts as one text.
func (t *texts) join(parts ...string) string {
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	at := t.room(n)
	for _, p := range parts {
		t.b.WriteString(p)
	}
	return t.b.String()[at:]
}

// address returns the text of an address.
func (t *texts) address(a netip.Addr) string {
	var b [64]byte
	s := a.AppendTo(b[:0])
	at := t.room(len(s))
	t.b.Write(s)
	return t.b.String()[at:]
}

// record returns the label of a record, as Record.Label does.
func (t *texts) record(r *providers.Record) string {
	p := r.LabelParts()
	return t.join(p[:]...)
}

// instance returns the label of an instance, as index.Label does.
func (t *texts) instance(i *providers.Instance) string {
	p := index.LabelParts(i)
	return t.join(p[:]...)
}

// addresses returns the public addresses of an instance, as index.AddressList does.
func (t *texts) addresses(i *providers.Instance) string {
	if len(i.PublicIPs) == 1 {
		return t.address(i.PublicIPs[0])
	}
	return index.AddressList(i)
}
