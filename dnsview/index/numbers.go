package index

import (
	"slices"
	"sync"

	"rollcall/providers"
)

// numbering numbers the records of a zone. A record keeps its number in later indexes that are made from this one, wherever
// it stands. The zero value is for records whose numbers are their positions.
type numbering struct {
	numbers   []int32 // of the records, by their positions
	positions []int32 // of the records, by their numbers; -1 for one that is gone
	began     int     // how many numbers there were first
}

// most returns up to how many numbers the records of the zone may have, with those that are gone.
func (n *numbering) most() int { return n.began + n.began/4 + 64 }

// Numbers returns how many numbers the records of the zone have, with those that are gone.
func (z *ZoneState) Numbers() int {
	if z.positions == nil {
		return len(z.View.Records)
	}
	return len(z.positions)
}

// FirstNumbers returns how many numbers there were when the index was first made; the other ones are higher.
func (z *ZoneState) FirstNumbers() int { return z.began }

// NumberAt returns the number of the record at a position.
func (z *ZoneState) NumberAt(at int) int32 {
	if z.numbers == nil {
		return int32(at)
	}
	return z.numbers[at]
}

// PositionOf returns where the record with a number stands; -1 for one that is gone.
func (z *ZoneState) PositionOf(number int32) int {
	if z.positions == nil {
		return int(number)
	}
	return int(z.positions[number])
}

// renumber numbers the records of the zone after those that they were. It returns false if there are too many numbers.
func (z *ZoneState) renumber(was *ZoneState, e *edits) bool {
	next := was.Numbers()
	n := numbering{
		numbers: make([]int32, len(z.View.Records)), positions: slices.Repeat([]int32{-1}, next+len(e.come)), began: was.began,
	}
	if len(n.positions) > n.most() {
		return false
	}
	for from, to := range e.now {
		if to >= 0 {
			n.numbers[to] = was.NumberAt(from)
		}
	}
	for k, at := range e.come {
		n.numbers[at] = int32(next + k)
	}
	for at, number := range n.numbers {
		n.positions[number] = int32(at)
	}
	z.numbering = n
	return true
}

// tables are what is made of the records of a zone when it is first asked for.
type tables struct {
	mu    sync.Mutex
	names *names
	led   []uint32
}

// names finds the records of a zone by their names.
type names struct {
	zone  *ZoneState
	first Places  // number of one record of each name
	next  []int32 // by number: one of the same name; -1 for none
}

// has returns a function that reports whether the records from a number on have a name.
func (n *names) has(name string) func(number int32) bool {
	return func(number int32) bool {
		for ; number >= 0; number = n.next[number] {
			if at := n.zone.PositionOf(number); at >= 0 {
				return n.zone.View.Records[at].Name == name
			}
		}
		return false
	}
}

// put adds the record with a number.
func (n *names) put(number int32) {
	name := n.zone.View.Records[n.zone.PositionOf(number)].Name
	n.next[number] = n.first.Put(HashName(name), number, n.has(name))
}

func namesOf(z *ZoneState) *names {
	n := &names{z, NewPlaces(z.most()), slices.Repeat([]int32{-1}, z.Numbers())}
	for at := len(z.View.Records) - 1; at >= 0; at-- {
		n.put(z.NumberAt(at))
	}
	return n
}

// Named returns the records of a zone with one name, as they stand there.
func (z *ZoneState) Named(name string) (out []*providers.Record) {
	names := z.names()
	if z.positions == nil {
		for n := names.first.Find(HashName(name), names.has(name)); n >= 0; n = names.next[n] {
			out = append(out, &z.View.Records[n])
		}
		return out
	}
	var at []int
	for n := names.first.Find(HashName(name), names.has(name)); n >= 0; n = names.next[n] {
		if p := z.PositionOf(n); p >= 0 {
			at = append(at, p)
		}
	}
	if !slices.IsSorted(at) {
		slices.Sort(at)
	}
	for _, p := range at {
		out = append(out, &z.View.Records[p])
	}
	return out
}

// names finds the records of the zone by their names.
func (z *ZoneState) names() *names {
	z.tables.mu.Lock()
	defer z.tables.mu.Unlock()
	if z.tables.names == nil {
		z.tables.names = namesOf(z)
	}
	return z.tables.names
}

// led returns for each record of the zone, by its position, a hash of its address; zero for none.
func (z *ZoneState) led() []uint32 {
	z.tables.mu.Lock()
	defer z.tables.mu.Unlock()
	if z.tables.led == nil {
		z.tables.led = make([]uint32, len(z.View.Records))
		for i := range z.View.Records {
			z.tables.led[i] = hashOfAddr(&z.View.Records[i])
		}
	}
	return z.tables.led
}

func hashOfAddr(r *providers.Record) uint32 {
	if a, ok := r.LeadsTo(); ok {
		return uint32(HashAddr(a)) | 1
	}
	return 0
}

// moveTables makes the tables of a zone from those of its earlier records.
func (z *ZoneState) moveTables(e *edits) {
	was := z.tables
	was.mu.Lock()
	defer was.mu.Unlock()
	z.tables = &tables{led: was.led}
	z.exact = sync.OnceValue(valuesOf(z.View.Records))
	if e.now != nil && was.led != nil {
		led := make([]uint32, len(z.View.Records))
		for from, to := range e.now {
			if to >= 0 {
				led[to] = was.led[from]
			}
		}
		for _, at := range e.come {
			led[at] = hashOfAddr(&z.View.Records[at])
		}
		z.tables.led = led
	}
	if was.names == nil {
		return
	}
	n := &names{z, was.names.first, was.names.next}
	if len(e.come) > 0 {
		n.first = n.first.Clone()
		n.next = append(slices.Clone(n.next), slices.Repeat([]int32{-1}, len(e.come))...)
		for _, at := range e.come {
			n.put(z.NumberAt(int(at)))
		}
	}
	z.tables.names = n
}
