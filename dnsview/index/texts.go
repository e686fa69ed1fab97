package index

import (
	"net/netip"
	"strings"

	"rollcall/providers"
)

// Texts makes the texts of findings and rows. Those that are made one after the other share memory, so that a hundred
// thousand of them take few allocations. It is not safe for concurrent use.
type Texts struct{ b strings.Builder }

// The room of one allocation of texts: it doubles from the least to the most.
const (
	textsLeast = 1 << 10
	textsMost  = 1 << 16
)

// room makes room for n more bytes, and returns where they begin.
func (t *Texts) room(n int) int {
	if t.b.Cap()-t.b.Len() < n {
		size := max(n, min(max(2*t.b.Cap(), textsLeast), textsMost))
		t.b = strings.Builder{}
		t.b.Grow(size)
	}
	return t.b.Len()
}

// Join returns the parts as one text.
func (t *Texts) Join(parts ...string) string {
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

// Address returns the text of an address.
func (t *Texts) Address(a netip.Addr) string {
	var b [64]byte
	return t.Of(a.AppendTo(b[:0]))
}

// Of returns bytes as a text.
func (t *Texts) Of(b []byte) string {
	at := t.room(len(b))
	t.b.Write(b)
	return t.b.String()[at:]
}

// Record returns the label of a record, as Record.Label does.
func (t *Texts) Record(r *providers.Record) string {
	p := r.LabelParts()
	return t.Join(p[:]...)
}

// Instance returns the label of an instance, as Label does.
func (t *Texts) Instance(i *providers.Instance) string {
	p := LabelParts(i)
	return t.Join(p[:]...)
}

// Addresses returns the addresses of an instance in a scope, as AddressList does.
func (t *Texts) Addresses(i *providers.Instance, scope AddressScope) string {
	if all := scope.of(i); len(all) == 1 {
		return t.Address(all[0])
	}
	return AddressList(i, scope)
}
