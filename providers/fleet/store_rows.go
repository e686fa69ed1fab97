package fleet

import (
	"encoding/binary"
	"net/netip"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"rollcall/providers"
)

// A coder writes values one after the other, or reads them in the same order, so that one function describes both
// directions of a type. What is written is left as it is, since others read it meanwhile. A text is stored once, in a
// table, and elsewhere as its number there. Numbers are varints.
type coder struct {
	writing bool
	former  bool              // zones have what earlier readings showed
	data    []byte            // written so far, or left to read
	texts   []string          // the table
	numbers map[string]uint64 // of the texts, when writing
	parts   []func() bool     // what is left to read of rows; each reports whether it could
	bad     bool              // what was read is not what a coder writes
}

func (c *coder) fail() {
	c.bad, c.data = true, nil
}

func (c *coder) uint(v *uint64) {
	if c.writing {
		c.data = binary.AppendUvarint(c.data, *v)
		return
	}
	u, n := binary.Uvarint(c.data)
	if n <= 0 {
		c.fail()
		*v = 0
		return
	}
	*v, c.data = u, c.data[n:]
}

func number[N ~int64 | ~uint32](c *coder, n *N) {
	u := uint64(*n)
	c.uint(&u)
	if c.writing {
		return
	}
	if *n = N(u); uint64(*n) != u {
		c.fail()
	}
}

func (c *coder) bool(b *bool) {
	var u uint64
	if *b {
		u = 1
	}
	c.uint(&u)
	if c.writing {
		return
	}
	if u > 1 {
		c.fail()
	}
	*b = u == 1
}

func text[S ~string](c *coder, s *S) {
	var n uint64
	if c.writing {
		var known bool
		if n, known = c.numbers[string(*s)]; !known {
			n = uint64(len(c.texts))
			c.numbers[string(*s)], c.texts = n, append(c.texts, string(*s))
		}
	}
	c.uint(&n)
	switch {
	case c.writing:
	case n < uint64(len(c.texts)) && !c.bad:
		*s = S(c.texts[n])
	default:
		c.fail()
	}
}

var zeroTime = time.Time{}.Unix()

// time keeps the moment. A time that was read is in UTC.
func (c *coder) time(t *time.Time) {
	var sec, nsec uint64 // seconds since the zero time
	if c.writing {
		sec, nsec = uint64(t.Unix()-zeroTime), uint64(t.Nanosecond())
	}
	c.uint(&sec)
	c.uint(&nsec)
	switch {
	case c.writing || c.bad:
	case nsec >= uint64(time.Second):
		c.fail()
	default:
		*t = time.Unix(int64(sec)+zeroTime, int64(nsec)).UTC()
	}
}

func (c *coder) address(a *netip.Addr) {
	var b []byte
	if c.writing {
		b, _ = a.MarshalBinary() // never fails
	}
	n := uint64(len(b))
	c.uint(&n)
	switch {
	case c.writing:
		c.data = append(c.data, b...)
	case n > uint64(len(c.data)) || a.UnmarshalBinary(c.data[:n]) != nil:
		c.fail()
	default:
		c.data = c.data[n:]
	}
}

// count writes or reads the length of a list. Each element takes a byte or more.
func (c *coder) count(n int) int {
	u := uint64(n)
	c.uint(&u)
	if !c.writing && u > uint64(len(c.data)) {
		c.fail()
		return 0
	}
	return int(u)
}

// list writes or reads the elements of a list. An empty one is read as nil.
func list[T any](c *coder, s *[]T, each func(*coder, *T)) {
	n := c.count(len(*s))
	if !c.writing && n > 0 {
		*s = make([]T, n)
	}
	for i := range *s {
		each(c, &(*s)[i])
	}
}

// rowsOfPart is how many rows are read as one part.
const rowsOfPart = 4096

// rows writes the elements of a list in parts, or reads how many there are and leaves the parts to readRows.
func rows[T any](c *coder, s *[]T, each func(*coder, *T)) {
	n := c.count(len(*s))
	if !c.writing && n > 0 {
		*s = make([]T, n)
	}
	for part := range slices.Chunk(*s, rowsOfPart) {
		p := &coder{writing: c.writing, texts: c.texts, numbers: c.numbers}
		read := func() bool {
			for i := range part {
				each(p, &part[i])
			}
			return !p.bad && len(p.data) == 0
		}
		if c.writing {
			read()
			c.texts = p.texts
			c.count(len(p.data))
			c.data = append(c.data, p.data...)
			continue
		}
		size := c.count(0)
		p.data, c.data = c.data[:size], c.data[size:]
		c.parts = append(c.parts, read)
	}
}

// readRows reads the rows on all CPUs. It reports whether everything was what a coder writes, to its end.
func (c *coder) readRows() bool {
	var next atomic.Int64
	var bad atomic.Bool
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(c.parts)) {
		wg.Go(func() {
			for n := next.Add(1) - 1; int(n) < len(c.parts); n = next.Add(1) - 1 {
				if !c.parts[n]() {
					bad.Store(true)
				}
			}
		})
	}
	wg.Wait()
	return !bad.Load() && !c.bad && len(c.data) == 0
}

func (c *coder) tag(t *providers.Tag) {
	text(c, &t.Name)
	text(c, &t.Value)
}

func (c *coder) instance(i *providers.Instance) {
	text(c, &i.Cloud)
	text(c, &i.Key)
	text(c, &i.Provider)
	text(c, &i.ID)
	text(c, &i.Name)
	text(c, &i.State)
	text(c, &i.Region)
	text(c, &i.Type)
	text(c, &i.Image)
	list(c, &i.PublicIPs, (*coder).address)
	list(c, &i.PrivateIPs, (*coder).address)
	c.time(&i.Launched)
	list(c, (*[]providers.Tag)(&i.Tags), (*coder).tag)
	text(c, &i.LaunchID)
	list(c, &i.ElasticIPs, (*coder).address)
	text(c, &i.Reason)
	text(c, &i.Lifecycle)
}

func (c *coder) holder(a *providers.Address) {
	text(c, &a.Cloud)
	text(c, &a.Key)
	c.address(&a.IP)
	text(c, &a.Kind)
	text(c, &a.ID)
	text(c, &a.Instance)
	text(c, &a.Note)
}

func (c *coder) record(r *providers.Record) {
	text(c, &r.Zone)
	text(c, &r.Name)
	text(c, &r.Type)
	number(c, &r.TTL)
	text(c, &r.Value)
	text(c, &r.ID)
	text(c, &r.SetID)
	c.bool(&r.AutoTTL)
	c.bool(&r.Proxied)
	text(c, &r.Comment)
	number(c, &r.Weight)
	text(c, &r.Policy)
	text(c, &r.Raw)
	number(c, &r.MarkerTTL)
	c.bool(&r.Alias)
	list(c, &r.Owners, (*coder).owner)
	list(c, &r.BadMarkers, text)
	c.time(&r.Modified)
	c.time(&r.Commented)
}

func (c *coder) owner(o *providers.Owner) {
	text(c, &o.Fleet)
	text(c, &o.Cloud)
	text(c, &o.Instance)
	c.time(&o.Registered)
	c.bool(&o.Quiesced)
	text(c, &o.Type)
	text(c, &o.Value)
}

func (c *coder) appearance(a *storedAppearance) {
	text(c, &a.Zone)
	text(c, &a.Name)
	text(c, &a.Type)
	text(c, &a.Value)
	text(c, &a.Cloud)
	text(c, &a.Instance)
	c.time(&a.At)
}

func (c *coder) snapshot(s *stored) {
	c.time(&s.Taken)
	list(c, &s.Clouds, (*coder).cloud)
	list(c, &s.Zones, (*coder).zone)
}

func (c *coder) cloud(s *storedCloud) {
	text(c, &s.Cloud.Name)
	text(c, &s.Cloud.Provider)
	text(c, &s.Cloud.Region)
	text(c, &s.Cloud.Account)
	text(c, &s.Cloud.Key)
	c.bool(&s.Production)
	c.time(&s.RowsFrom)
	rows(c, &s.Instances, (*coder).instance)
	rows(c, &s.Addresses, (*coder).holder)
	number(c, &s.Left)
}

func (c *coder) zone(s *storedZone) {
	text(c, &s.Zone.Name)
	text(c, &s.Zone.ID)
	text(c, &s.Zone.Provider)
	text(c, &s.Zone.Account)
	list(c, &s.Zone.NameServers, text)
	c.bool(&s.Zone.Private)
	c.bool(&s.Zone.Pending)
	c.bool(&s.Zone.ReadOnly)
	c.time(&s.RowsFrom)
	rows(c, &s.Records, (*coder).record)
	c.bool(&s.Whole)
	c.time(&s.Since)
	rows(c, &s.Appeared, (*coder).appearance)
	number(c, &s.Left)
	if c.former {
		list(c, &s.Former, (*coder).formerValue)
	}
}

func (c *coder) formerValue(f *providers.Former) {
	text(c, &f.Name)
	text(c, &f.Type)
	text(c, &f.Value)
	text(c, &f.Cloud)
	text(c, &f.Instance)
	number(c, &f.TTL)
	c.time(&f.Seen)
	c.time(&f.At)
}
