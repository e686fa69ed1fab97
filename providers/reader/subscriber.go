package reader

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"rollcall/providers"
)

// maxRows is the largest size in bytes of one source's rows when unpacked: a million rows.
const maxRows = 512 << 20

// Received is what was published about one source.
type Received struct {
	Source
	Who string // user@host that has read it
	// Read is when the last finished read began, and RowsFrom when the one began that the rows come from, both by the clock
	// of this machine.
	Read, RowsFrom time.Time
	// Data and Changes are as the publisher's caller has encoded them. Without Data the rows are those received before, with
	// Changes applied in their order.
	Data    []byte
	Changes [][]byte
	Err     error // why its rows could not be read; those received before are still the ones that the next Changes lead on from
}

// Subscriber reads what a watch publishes. It is not safe for concurrent use.
type Subscriber struct {
	store providers.Store
	fleet string
	clock providers.Clock

	version string          // of the index as last read
	asked   time.Time       // when it was read
	held    map[string]held // by source
	failed  bool            // rows of the last index are missing
}

// NewSubscriber returns a subscriber to a fleet's rows. It does no I/O.
func NewSubscriber(s providers.Store, fleet string, clock providers.Clock) *Subscriber {
	return &Subscriber{store: s, fleet: fleet, clock: clock, held: map[string]held{}}
}

// Forget has the next Poll return all rows: those received before are not kept any more.
func (s *Subscriber) Forget() {
	s.version, s.held, s.failed = "", map[string]held{}, false
}

// Poll reads the index, and the rows that have changed. changed is false if the index is the one that was read before.
// Without an index, or with one that cannot be used, the error says why.
func (s *Subscriber) Poll(ctx context.Context) (all []Received, changed bool, err error) {
	began := s.clock.Now()
	o, err := s.get(ctx)
	if err != nil {
		return nil, false, err
	}
	if o.Data == nil && o.Version == s.version && !s.failed {
		s.asked = began
		return nil, false, nil
	}
	x, err := parseIndex(o.Data, s.fleet)
	if err != nil {
		s.version = ""
		return nil, false, &providers.Error{Kind: providers.KindIncomplete, Source: "team store " + s.store.Name(), Op: "read " + indexKey, Err: err}
	}
	written, known := s.writtenAt(o, began)
	if !known { // it is believed once a second one has arrived
		s.version, s.asked = o.Version, began
		return nil, false, nil
	}
	s.version, s.asked, s.failed = o.Version, began, false
	next := make(map[string]held, len(x.Sources))
	for i := range x.Sources {
		r := Received{Source: x.Sources[i], Who: x.Who}
		r.Read, r.RowsFrom = written.Add(-r.Age), written.Add(-r.RowsAge)
		id := r.Kind + "\x00" + string(r.Provider) + "\x00" + r.Name
		is, was := heldOf(&r.Source), s.held[id]
		if was != is {
			if r.Err = s.receive(ctx, &r, was); r.Err != nil {
				s.failed, is = true, was
			}
		}
		if is != (held{}) {
			next[id] = is
		}
		all = append(all, r)
	}
	s.held = next
	return all, true, nil
}

// get reads the index if it has changed.
func (s *Subscriber) get(ctx context.Context) (providers.Object, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if s.version == "" || s.failed {
		return s.store.Get(ctx, indexKey)
	}
	return s.store.GetChanged(ctx, indexKey, s.version)
}

// writtenAt returns when the index was written, in the time of this machine: by the clock of the store, or else at the
// earliest since the last look. known is false if neither says.
func (s *Subscriber) writtenAt(o providers.Object, began time.Time) (at time.Time, known bool) {
	switch {
	case !o.Asked.IsZero() && !o.Modified.IsZero():
		return began.Add(-max(0, o.Asked.Sub(o.Modified))), true
	case s.version != "" && !s.asked.IsZero():
		return s.asked, true
	}
	return time.Time{}, false
}

// held names the rows of one source.
type held struct {
	object string
	step   uint64
	sum    string // of the object, in format 1, which has no steps
}

func heldOf(s *Source) held {
	h := held{object: s.Object, step: s.latest()}
	if h.step == 0 {
		h.sum = s.Sum
	}
	return h
}

// receive reads the changes of a source since the rows that are held, or else all rows.
func (s *Subscriber) receive(ctx context.Context, r *Received, was held) (err error) {
	parts, ok := r.after(was.step)
	if !ok || was.object != r.Object || was.step == 0 {
		if r.Data, err = s.read(ctx, &r.Source, r.Object, r.Sum); err != nil {
			return err
		}
		parts, _ = r.after(r.Step)
	}
	r.Changes = make([][]byte, len(parts))
	errs := make([]error, len(parts))
	var wg sync.WaitGroup
	for i, p := range parts {
		wg.Go(func() { r.Changes[i], errs[i] = s.read(ctx, &r.Source, p.Object, p.Sum) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		r.Data, r.Changes = nil, nil
		return errs[slices.IndexFunc(errs, func(err error) bool { return err != nil })]
	}
	return nil
}

// read returns an object of the rows of a source.
func (s *Subscriber) read(ctx context.Context, src *Source, object, sum string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, publishTimeout)
	defer cancel()
	o, err := s.store.Get(ctx, object)
	if err != nil {
		return nil, err
	}
	bad := func(err error) error {
		return &providers.Error{Kind: providers.KindIncomplete, Source: "team store " + s.store.Name(), Op: "read the rows of " + providers.Clean(src.Name), Err: err}
	}
	if sumOf(o.Data) != sum {
		return nil, bad(errors.New("the object is not the one of the index"))
	}
	data, err := unpack(o.Data, maxRows)
	if err != nil {
		return nil, bad(err)
	}
	return data, nil
}

func pack(data []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestSpeed)
	if err == nil {
		_, err = w.Write(data)
	}
	if err == nil {
		err = w.Close()
	}
	return out.Bytes(), err
}

// unpack returns what was packed, unless it has more than most bytes.
func unpack(packed []byte, most int) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, errors.New("it is damaged: it cannot be unpacked")
	}
	data, err := io.ReadAll(io.LimitReader(r, int64(most)+1))
	switch {
	case err != nil:
		return nil, errors.New("it is damaged: it cannot be unpacked")
	case len(data) > most:
		return nil, fmt.Errorf("unpacked it has more than %d bytes, and that is the most", most)
	}
	return data, nil
}
