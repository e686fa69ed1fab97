package reader

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"rollcall/providers"
)

// publishTimeout limits the calls that write or read the rows of a source: the largest object over a slow line. A store
// ends a call by itself when nothing passes.
const publishTimeout = 20 * time.Minute

// Rows are the rows of one source to publish.
type Rows struct {
	Source
	// Same says that the rows are those that were published last.
	Same bool
	// Encode returns the rows in the form that a Subscriber's caller decodes. It is not called for rows
	// that are Same, unless this is the first time on behalf of a lease.
	Encode func() []byte
	// Changes returns what differs from the rows that were published last, or nil if that cannot be said. It may be nil itself.
	Changes func() []byte
}

// Publisher writes rows for the other members. It is not safe for concurrent use.
type Publisher struct {
	store      providers.Store
	fleet, who string

	lease   uint64
	objects map[string]written // by key
	index   string             // version of the index; "" if not known
	cleared bool               // rows of earlier leases were removed
}

// written is what the store has of one source.
type written struct {
	version, sum string // of the object of all rows; sum is "" if it must be written anew
	size         int    // of it
	step         uint64 // of it
	latest       uint64 // last step that was written, or may have been
	parts        []Part
	since        int // bytes of the parts after step
}

// rewriteAt is which part of the size of all rows changes may have until all rows are written again, and partsKept for how
// many steps objects of changes remain, some longer than the index names them.
const (
	rewriteAt = 4
	partsKept = 2 * maxParts
)

// set sets where the rows are.
func (w *written) set(s *Source) { s.Sum, s.Step, s.Parts = w.sum, w.step, w.parts }

// NewPublisher returns a publisher of a fleet's rows. It does no I/O.
func NewPublisher(s providers.Store, fleet, who string) *Publisher {
	return &Publisher{store: s, fleet: fleet, who: who}
}

// NewerError means that a holder of a newer lease has written the index. Nothing may be written any more.
type NewerError struct{ Number uint64 }

func (e *NewerError) Error() string {
	return fmt.Sprintf("a watch with the newer lease %d publishes the rows", e.Number)
}

// Publish writes the rows that have changed, and then the index, on behalf of a lease. ages is called right before each
// write of the index and sets the ages in it.
func (p *Publisher) Publish(ctx context.Context, lease uint64, all []Rows, ages func([]Source)) error {
	if lease != p.lease {
		p.lease, p.objects, p.cleared = lease, map[string]written{}, false
	}
	sources := make([]Source, 0, len(all))
	for i := range all {
		r := &all[i]
		s := r.Source
		s.Object = objectOf(lease, &s)
		if err := p.writeRows(ctx, &s, r); err != nil {
			if newest := Newest(ctx, p.store); newest > lease {
				return &NewerError{newest}
			}
			return fmt.Errorf("publish the rows of %s: %w", s.Name, err)
		}
		sources = append(sources, s)
	}
	if err := p.writeIndex(ctx, sources, ages); err != nil {
		return fmt.Errorf("publish the index of rows: %w", err)
	}
	if !p.cleared {
		p.cleared = p.clear(ctx) == nil // otherwise it is tried at the next time
	}
	return nil
}

// writeRows writes what has changed of the rows of one source, and sets where they are.
func (p *Publisher) writeRows(ctx context.Context, s *Source, r *Rows) error {
	was, known := p.objects[s.Object]
	if known && r.Same && was.sum != "" {
		was.set(s)
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, publishTimeout)
	defer cancel()
	before := was
	if known && was.sum != "" && r.Changes != nil {
		if changes := r.Changes(); changes != nil {
			if err := p.writeChanges(ctx, s.Object, &was, changes); err != nil {
				before.sum, before.latest, before.parts = "", was.latest, nil
				p.objects[s.Object] = before
				return err
			}
			p.objects[s.Object] = was
			if was.since <= was.size/rewriteAt && was.latest-was.step < maxParts {
				was.set(s)
				return nil
			}
		}
	}
	return p.writeAll(ctx, s, r, was, known, was.latest > before.latest)
}

// writeChanges writes an object of changes.
func (p *Publisher) writeChanges(ctx context.Context, object string, w *written, changes []byte) error {
	packed, err := pack(changes)
	if err != nil {
		return err
	}
	w.latest++
	part := Part{Step: w.latest, Object: partOf(object, w.latest), Sum: sumOf(packed)}
	if _, err := p.store.PutIfAbsent(ctx, part.Object, packed); err != nil {
		o, getErr := p.store.Get(ctx, part.Object) // a reply may have been lost
		if getErr != nil || sumOf(o.Data) != part.Sum {
			return err
		}
	}
	w.parts, w.since = append(slices.Clone(w.parts), part), w.since+len(packed)
	if len(w.parts) > maxParts {
		w.parts = w.parts[1:]
	}
	if w.latest > partsKept {
		_ = p.store.Delete(ctx, partOf(object, w.latest-partsKept)) // otherwise the next holder removes it
	}
	return nil
}

// writeAll writes the object of all rows. With changed, changes that lead to them were written, so members that have the
// rows from before need not read it.
func (p *Publisher) writeAll(ctx context.Context, s *Source, r *Rows, was written, known, changed bool) error {
	packed, err := pack(r.Encode())
	if err != nil {
		return err
	}
	now := written{version: was.version, sum: sumOf(packed), size: len(packed), latest: was.latest, parts: was.parts}
	if known && was.sum == now.sum && was.step == was.latest {
		was.set(s)
		return nil
	}
	if !changed {
		now.latest++
		now.parts = nil
	}
	now.step = now.latest
	if !known {
		now.version, err = p.store.PutIfAbsent(ctx, s.Object, packed)
	} else {
		now.version, err = p.store.PutIfMatch(ctx, s.Object, packed, was.version)
	}
	switch providers.KindOf(err) {
	case providers.KindConflict, providers.KindUncertain, providers.KindNotFound: // a reply was lost, or another process had this number
		o, getErr := p.store.Get(ctx, s.Object)
		if getErr != nil {
			delete(p.objects, s.Object)
			return err
		}
		err = nil
		if now.version = o.Version; sumOf(o.Data) != now.sum {
			p.objects[s.Object] = written{version: now.version, latest: now.latest} // it is replaced at the next time
			return providers.Errorf(providers.KindConflict, "write "+s.Object, "it is not what was written")
		}
	}
	if err != nil {
		return err
	}
	p.objects[s.Object] = now
	now.set(s)
	return nil
}

// writeIndex replaces the index, unless a newer holder has written it.
func (p *Publisher) writeIndex(ctx context.Context, sources []Source, ages func([]Source)) error {
	for try := 0; ; try++ {
		ages(sources)
		x := index{Format: indexFormat, Fleet: p.fleet, Lease: p.lease, Who: p.who, Beat: rand.Text(), Sources: sources}
		data, err := json.Marshal(&x)
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(ctx, callTimeout)
		version := p.index
		if version == "" {
			version, err = p.store.PutIfAbsent(ctx, indexKey, data)
		} else {
			version, err = p.store.PutIfMatch(ctx, indexKey, data, version)
		}
		if err == nil {
			p.index = version
			cancel()
			return nil
		}
		p.index = ""
		kind := providers.KindOf(err)
		again := kind == providers.KindConflict || kind == providers.KindUncertain || kind == providers.KindNotFound
		if again {
			var newest uint64
			if p.index, newest, err = p.look(ctx, err); newest > p.lease {
				err, again = &NewerError{newest}, false
			}
		}
		cancel()
		if !again || try == 2 {
			return err
		}
	}
}

// look returns the version of the index and the number of the lease in it. An index that cannot be parsed is replaced.
func (p *Publisher) look(ctx context.Context, because error) (version string, lease uint64, err error) {
	o, err := p.store.Get(ctx, indexKey)
	if err != nil {
		return "", 0, because
	}
	var x index
	_ = json.Unmarshal(o.Data, &x)
	return o.Version, x.Lease, because
}

// clear removes the rows of earlier leases.
func (p *Publisher) clear(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, publishTimeout)
	defer cancel()
	keys, err := p.store.ListAfter(ctx, rowsPrefix, "", 2*maxSources)
	if err != nil {
		return err
	}
	for _, k := range keys {
		var of uint64
		if n, _ := fmt.Sscanf(k, rowsPrefix+"%012d/", &of); n == 1 && of < p.lease {
			if err := p.store.Delete(ctx, k); err != nil {
				return err
			}
		}
	}
	return nil
}

// Newest returns the number of the lease on whose behalf the index was written, or 0.
func Newest(ctx context.Context, s providers.Store) uint64 {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	o, err := s.Get(ctx, indexKey)
	var x index
	if err != nil || json.Unmarshal(o.Data, &x) != nil {
		return 0
	}
	return x.Lease
}
