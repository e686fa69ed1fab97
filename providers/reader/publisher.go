package reader

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"time"

	"rollcall/providers"
)

// publishTimeout limits one call that writes the rows of a source.
const publishTimeout = 60 * time.Second

// Rows are the rows of one source to publish.
type Rows struct {
	Source
	// Same says that the rows are those that were published last.
	Same bool
	// Encode returns the rows in the form that a Subscriber's caller decodes. It is not called for rows
	// that are Same, unless this is the first time on behalf of a lease.
	Encode func() []byte
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

type written struct{ version, sum string }

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

// writeRows writes the rows of one source if they have changed, and sets the sum.
func (p *Publisher) writeRows(ctx context.Context, s *Source, r *Rows) error {
	was, known := p.objects[s.Object]
	if known && r.Same {
		s.Sum = was.sum
		return nil
	}
	packed, err := pack(r.Encode())
	if err != nil {
		return err
	}
	s.Sum = sumOf(packed)
	if known && was.sum == s.Sum {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, publishTimeout)
	defer cancel()
	version := was.version
	if !known {
		version, err = p.store.PutIfAbsent(ctx, s.Object, packed)
	} else {
		version, err = p.store.PutIfMatch(ctx, s.Object, packed, version)
	}
	switch providers.KindOf(err) {
	case providers.KindConflict, providers.KindUncertain, providers.KindNotFound: // a reply was lost, or another process had this number
		var o providers.Object
		if o, err = p.store.Get(ctx, s.Object); err != nil {
			delete(p.objects, s.Object)
			return err
		}
		if version = o.Version; sumOf(o.Data) != s.Sum {
			p.objects[s.Object] = written{version, ""} // it is replaced at the next time
			return providers.Errorf(providers.KindConflict, "write "+s.Object, "it is not what was written")
		}
	}
	if err != nil {
		return err
	}
	p.objects[s.Object] = written{version, s.Sum}
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
