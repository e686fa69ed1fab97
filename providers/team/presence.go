package team

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"

	"rollcall/providers"
)

// Presence shows to the team that this rollcall runs, and what it changes, and has who else is here. It costs a list and
// a write every half minute, and a read for each member whose object has another version since: one that came, or began
// or ended a change. The version of an S3 object is that of its content, unless the bucket encrypts with KMS keys. Which
// member is silent follows from the times of the objects, so from the clock of the store.
//
// It is safe for concurrent use.
type Presence struct {
	store providers.Store
	clock providers.Clock
	wake  chan struct{}

	mu      sync.Mutex
	me      Member // in times of this machine
	version string // of its object
	written []byte // its content
	at      time.Time
	shift   time.Duration // of the clock of the store from that of this machine
	others  map[string]seenMember
	away    error
	left    bool

	syncing sync.Mutex
}

// seenMember is another member as last read, in times of the store.
type seenMember struct {
	version string
	member  Member
	well    bool // it could be read
	here    bool
}

// NewPresence returns the presence of a rollcall, which is seen by others from the first Sync on.
func NewPresence(s providers.Store, who string, clock providers.Clock) *Presence {
	return &Presence{
		store: s, clock: clock, wake: make(chan struct{}, 1), others: map[string]seenMember{},
		me: Member{Format: format, ID: rand.Text(), Who: who, Since: clock.Now()},
	}
}

// SetWork replaces what this rollcall changes now, and its name in the journal. Run writes that at once.
func (p *Presence) SetWork(writer string, work []Work) {
	p.mu.Lock()
	p.me.Work, p.me.Writer = slices.Clone(work), writer
	p.mu.Unlock()
	p.Wake()
}

// Wake has Run call sync at once.
func (p *Presence) Wake() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// Run calls sync, which calls Sync, every half minute, every ten seconds while another member changes something, and after
// SetWork, until ctx ends. Then it leaves. In between it calls look every ten seconds; look may be nil.
func (p *Presence) Run(ctx context.Context, sync, look func(context.Context)) {
	pause := soonAgain // those that came at the same time are seen soon
	for {
		sync(ctx)
		if p.othersWork() {
			pause = min(pause, busyEvery)
		}
		for pause > 0 {
			step := pause
			if look != nil {
				step = min(pause, busyEvery)
			}
			if !p.sleep(ctx, step) {
				break
			}
			if pause -= step; pause > 0 {
				look(ctx)
			}
		}
		pause = renewEvery
		if ctx.Err() != nil {
			p.Leave()
			return
		}
	}
}

// sleep waits and reports whether neither Wake was called nor ctx ended meanwhile.
func (p *Presence) sleep(ctx context.Context, d time.Duration) bool {
	wait, cancel := context.WithCancel(ctx)
	defer cancel()
	slept := make(chan error, 1)
	go func() { slept <- p.clock.Sleep(wait, d) }()
	select {
	case err := <-slept:
		return err == nil
	case <-p.wake:
		return false
	}
}

// othersWork reports whether another member that is here changes something.
func (p *Presence) othersWork() bool {
	return slices.ContainsFunc(p.Members(), func(m Member) bool { return len(m.Work) > 0 })
}

// Away returns why the store could not be used the last time, or nil.
func (p *Presence) Away() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.away
}

// Members returns the others that are here, by name, in times of this machine. After an error they are those of the last
// read.
func (p *Presence) Members() (others []Member) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.others {
		if s.here && s.well {
			others = append(others, s.member.shifted(-p.shift))
		}
	}
	slices.SortFunc(others, func(a, b Member) int { return strings.Compare(a.Who+"\n"+a.ID, b.Who+"\n"+b.ID) })
	return others
}

// Sync reads who is here, and renews the object of this rollcall if that is due or it has changed.
func (p *Presence) Sync(ctx context.Context) error {
	p.syncing.Lock()
	defer p.syncing.Unlock()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := p.readOthers(ctx)
	if err == nil {
		err = p.renew(ctx)
	}
	p.mu.Lock()
	p.away = err
	p.mu.Unlock()
	return err
}

// Read is Sync without being seen.
func (p *Presence) Read(ctx context.Context) error {
	p.syncing.Lock()
	defer p.syncing.Unlock()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return p.readOthers(ctx)
}

func (p *Presence) readOthers(ctx context.Context) error {
	list, err := p.store.ListObjects(ctx, membersPrefix, maxMembers)
	if err != nil {
		return err
	}
	p.mu.Lock()
	before := p.others
	p.mu.Unlock()
	now := map[string]seenMember{}
	shift, removed := time.Duration(0), false
	for i := range list {
		o := &list[i]
		if o.Asked.IsZero() {
			o.Asked = p.clock.Now()
		}
		shift = o.Asked.Sub(p.clock.Now())
		silent := o.Asked.Sub(o.Modified)
		s := before[o.Key]
		s.here = silent <= goneAfter
		switch {
		case o.Key == membersPrefix+p.me.ID:
			continue
		case silent > removedAfter && !removed:
			removed = true
			_ = p.store.Delete(ctx, o.Key) // it is tried again at the next read
			continue
		case s.here && (s.version != o.Version || !s.well):
			got, err := p.store.Get(ctx, o.Key)
			if providers.KindOf(err) == providers.KindNotFound {
				continue // it has left
			}
			if err != nil {
				return err
			}
			s.version = o.Version
			s.member, err = parseMember(&got)
			s.well = err == nil // what cannot be read is left out
		}
		if s.member.Heard = (time.Time{}); silent > 2*renewEvery {
			s.member.Heard = o.Modified
		}
		now[o.Key] = s
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.others = now
	if len(list) > 0 {
		p.shift = shift
	}
	return nil
}

// renew writes the object of this rollcall.
func (p *Presence) renew(ctx context.Context) error {
	p.mu.Lock()
	data, err := json.Marshal(p.me.shifted(p.shift.Round(time.Second)))
	key, version := membersPrefix+p.me.ID, p.version
	due := p.version == "" || p.clock.Now().Sub(p.at).Abs() >= renewEvery-time.Second || !bytes.Equal(data, p.written)
	left := p.left
	p.mu.Unlock()
	if err != nil || left || !due {
		return err
	}
	if version != "" {
		version, err = p.store.PutIfMatch(ctx, key, data, version)
	}
	switch providers.KindOf(err) {
	case providers.KindConflict, providers.KindNotFound, providers.KindUncertain: // it was removed, or an answer was lost
		version = ""
		if o, getErr := p.store.Get(ctx, key); getErr == nil {
			version, err = p.store.PutIfMatch(ctx, key, data, o.Version)
		} else if providers.KindOf(getErr) == providers.KindNotFound {
			err = nil
		}
	}
	if version == "" && err == nil {
		version, err = p.store.PutIfAbsent(ctx, key, data)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		version = versionAfter(p.version, err)
	} else {
		p.at, p.written = p.clock.Now(), data
	}
	p.version = version
	return err
}

// versionAfter returns the version that is compared at the next write after an error: one that no object has if the
// object may have been written.
func versionAfter(version string, err error) string {
	if version == "" && providers.KindOf(err) == providers.KindUncertain {
		return "?"
	}
	return version
}

// Leave removes the object of this rollcall. Without it the others see it for a minute and a half more.
func (p *Presence) Leave() {
	p.syncing.Lock()
	defer p.syncing.Unlock()
	p.mu.Lock()
	written := p.version != ""
	p.left = true
	p.mu.Unlock()
	if !written {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience/4)
	defer cancel()
	_ = p.store.Delete(ctx, membersPrefix+p.me.ID)
}
