package reader

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"rollcall/providers"
)

const (
	leaseKey    = "reader"
	leaseFormat = 1

	// renewEvery is the time between two renewals, lookEvery between two looks of one who waits.
	renewEvery = 5 * time.Second
	lookEvery  = renewEvery / 2
	// term is how long after the start of its last renewal a holder works. It is shorter than silence, so that a holder
	// that cannot reach the store has ended before another begins.
	term = 20 * time.Second
	// silence is after how long without a renewal another takes over.
	silence = 24 * time.Second
	// leastSeen is how long one who waits has itself seen no renewal before it believes the clock of the store.
	leastSeen = 2*renewEvery + time.Second
	// aloneAfter is after how long without an answer of the store a watcher works by itself.
	aloneAfter = 30 * time.Second
	// callTimeout limits one call.
	callTimeout = 8 * time.Second
)

// State is what a watcher may do.
type State string

// The states of a lease.
const (
	Waiting State = "waiting" // another one holds the lease, or that is not known yet
	Holding State = "holding" // this one reads for the team
	// Alone means that the store has not answered for a while. A watcher then reads for itself, and publishes nothing.
	Alone State = "alone"
)

// Options describe who wants a lease.
type Options struct {
	Store providers.Store
	Who   string // such as watch@host
	Clock providers.Clock
	// Known, if not nil, returns the highest number of a lease that is known from elsewhere. A lease that is made anew
	// gets a higher one.
	Known func() uint64
	// Log is called with a line for a person whenever the state changes. It may be nil.
	Log func(line string)
}

// Lease is held by at most one of several processes that share a store. It has a number that grows whenever it changes
// hands, and what its holder writes carries it. All methods are safe for concurrent use.
type Lease struct {
	o       Options
	id      string
	changes chan struct{}

	mu      sync.Mutex
	state   State
	number  uint64    // of the lease that is held, or was
	until   time.Time // end of what is held, by this machine's clock
	version string    // of the object as last read or written
	seenAt  time.Time // when this version was first seen
	highest uint64    // number ever seen
	heard   time.Time // last answer of the store
	holder  string    // of the lease, as last read
}

// leaseObject is the content of the object.
type leaseObject struct {
	Format   int    `json:"format"`
	Number   uint64 `json:"number"`
	ID       string `json:"id"`     // of the process that holds it
	Holder   string `json:"holder"` // for a person
	Beat     string `json:"beat"`   // differs with each renewal, so that the version does
	Released bool   `json:"released,omitempty"`
}

// NewLease returns a lease that is not held. It does no I/O.
func NewLease(o Options) *Lease {
	return &Lease{o: o, id: rand.Text(), changes: make(chan struct{}, 1), state: Waiting, heard: o.Clock.Now()}
}

// Changes returns a channel that receives after the state has changed.
func (l *Lease) Changes() <-chan struct{} { return l.changes }

// State returns what this process may do now, and who holds the lease as far as it knows.
func (l *Lease) State() (s State, holder string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.expire()
	return l.state, l.holder
}

// Held returns the number of the lease if it is held now.
func (l *Lease) Held() (number uint64, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.expire()
	return l.number, l.state == Holding
}

// expire ends what is held when its time is over. The caller holds mu.
func (l *Lease) expire() {
	if l.state == Holding && !l.o.Clock.Now().Before(l.until) {
		l.become(Waiting, "the lease of the team's reader was not renewed in time: another watch may read now")
	}
}

// become changes the state. The caller holds mu.
func (l *Lease) become(s State, why string) {
	if l.state == s {
		return
	}
	l.state = s
	select {
	case l.changes <- struct{}{}:
	default:
	}
	if l.o.Log != nil {
		l.o.Log(why)
	}
}

// Lost ends what is held because something newer was seen, such as a higher number in what another has written.
func (l *Lease) Lost(number uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.highest = max(l.highest, number)
	if l.state == Holding && number > l.number {
		l.become(Waiting, fmt.Sprintf("another watch has the lease of the team's reader with number %d: this one waits", number))
	}
}

// Run takes the lease when it is free, renews it and takes it again, until ctx ends. Then it releases it.
func (l *Lease) Run(ctx context.Context) {
	for {
		l.step(ctx)
		pause := lookEvery
		if _, holding := l.Held(); holding {
			pause = renewEvery
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			l.release(context.WithoutCancel(ctx))
			return
		}
	}
}

// step renews the lease, or looks whether it can be taken.
func (l *Lease) step(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	l.mu.Lock()
	l.expire()
	holding := l.state == Holding
	l.mu.Unlock()
	var err error
	if holding {
		err = l.renew(ctx)
	} else {
		err = l.look(ctx)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.expire()
	if now := l.o.Clock.Now(); err == nil {
		l.heard = now
		if l.state == Alone {
			l.become(Waiting, "the store of the team answers again")
		}
	} else if l.state == Waiting && ctx.Err() != context.Canceled && now.Sub(l.heard) >= aloneAfter {
		l.become(Alone, "the store of the team does not answer, so this watch reads for itself: "+providers.Clean(err.Error()))
	}
}

// Reread reads the lease from the store and returns its number if this process still holds it.
func (l *Lease) Reread(ctx context.Context) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	number, ok := l.Held()
	if !ok {
		return 0, errNotHeld
	}
	_, is, err := l.read(ctx)
	switch {
	case err != nil:
		return 0, fmt.Errorf("the lease of the team's reader cannot be read again: %w", err)
	case is.ID != l.id || is.Number != number || is.Released:
		l.Lost(max(is.Number, number+1))
		return 0, errNotHeld
	}
	if _, ok := l.Held(); !ok { // the answer took too long
		return 0, errNotHeld
	}
	return number, nil
}

var errNotHeld = providers.Errorf(providers.KindConflict, "read the lease of the team's reader", "this watch does not hold it any more")

// read returns the object and its content. The content of an object that is not there, or is no lease, is zero.
func (l *Lease) read(ctx context.Context) (providers.Object, leaseObject, error) {
	o, err := l.o.Store.Get(ctx, leaseKey)
	var is leaseObject
	if err != nil {
		return o, is, err
	}
	if json.Unmarshal(o.Data, &is) != nil {
		is = leaseObject{}
	}
	if is.Format > leaseFormat {
		return o, is, providers.Errorf(providers.KindInvalid, "read the lease of the team's reader", "a later release wrote it in a form that this one does not know: install that release")
	}
	return o, is, nil
}

// renew writes the lease once more.
func (l *Lease) renew(ctx context.Context) error {
	l.mu.Lock()
	version, number := l.version, l.number
	l.mu.Unlock()
	return l.write(ctx, version, number)
}

// write creates or replaces the object, and holds the lease if that succeeds.
func (l *Lease) write(ctx context.Context, version string, number uint64) error {
	began := l.o.Clock.Now()
	mine := leaseObject{Format: leaseFormat, Number: number, ID: l.id, Holder: l.o.Who, Beat: rand.Text()}
	data, err := json.Marshal(mine)
	if err != nil {
		return err
	}
	var now string
	if version == "" {
		now, err = l.o.Store.PutIfAbsent(ctx, leaseKey, data)
	} else {
		now, err = l.o.Store.PutIfMatch(ctx, leaseKey, data, version)
	}
	switch providers.KindOf(err) {
	case "":
	case providers.KindConflict, providers.KindNotFound, providers.KindUncertain:
		o, is, getErr := l.read(ctx)
		if k := providers.KindOf(getErr); k != "" && (k != providers.KindNotFound || version == "" && providers.KindOf(err) == providers.KindUncertain) {
			return err // it is renewed or looked at again while there is time
		}
		if is != mine { // a reply may have been lost, and the write made
			l.note(o, is)
			if is.ID == l.id && is.Number == number && !is.Released {
				return nil // an earlier renewal stands, and this one is made again while there is time
			}
			l.mu.Lock()
			defer l.mu.Unlock()
			l.become(Waiting, "another watch has taken the lease of the team's reader: this one waits")
			return nil
		}
		now = o.Version
	default:
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.version, l.seenAt, l.number, l.holder = now, l.o.Clock.Now(), number, l.o.Who
	l.highest = max(l.highest, number)
	if l.until = began.Add(term); l.o.Clock.Now().Before(l.until) {
		l.become(Holding, fmt.Sprintf("this watch reads for the team: it holds the lease with number %d", number))
	}
	return nil
}

// note records what was read.
func (l *Lease) note(o providers.Object, is leaseObject) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if o.Version != l.version {
		l.version, l.seenAt = o.Version, l.o.Clock.Now()
	}
	l.highest, l.holder = max(l.highest, is.Number), providers.Clean(is.Holder)
}

// look reads the lease and takes it if there is none, if it was released, or if its holder is silent.
func (l *Lease) look(ctx context.Context) error {
	o, is, err := l.read(ctx)
	none := providers.KindOf(err) == providers.KindNotFound
	if err != nil && !none {
		return err
	}
	l.note(o, is)
	l.mu.Lock()
	seen := l.o.Clock.Now().Sub(l.seenAt)
	number := l.highest
	l.mu.Unlock()
	byStore := time.Duration(0)
	if !o.Asked.IsZero() && !o.Modified.IsZero() {
		byStore = o.Asked.Sub(o.Modified)
	}
	if !none && !is.Released && seen < silence && (byStore < silence || seen < leastSeen) {
		return nil
	}
	if l.o.Known != nil {
		number = max(number, l.o.Known())
	}
	return l.write(ctx, o.Version, number+1)
}

// release lets another take the lease at once.
func (l *Lease) release(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	number, ok := l.Held()
	if !ok {
		return
	}
	l.mu.Lock()
	version := l.version
	l.become(Waiting, "the lease of the team's reader is released")
	l.mu.Unlock()
	data, err := json.Marshal(leaseObject{Format: leaseFormat, Number: number, ID: l.id, Holder: l.o.Who, Beat: rand.Text(), Released: true})
	if err == nil {
		_, _ = l.o.Store.PutIfMatch(ctx, leaseKey, data, version) // otherwise it grows old
	}
}
