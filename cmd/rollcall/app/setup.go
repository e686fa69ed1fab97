package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"rollcall/cmd/rollcall/config"
	"rollcall/providers"
	"rollcall/providers/adapter"
	"rollcall/providers/fleet"
)

// CloudSource is one cloud, set up or not.
type CloudSource struct {
	Name       string
	Provider   providers.Provider
	production bool
	adapter.Account
	Pos  config.Pos
	Err  error
	late *setUp[CloudSource] // that had not ended when the session began; nil for none
}

// ZoneSource is one zone with the account that it is asked of, set up or not.
type ZoneSource struct {
	Name     string
	ID       string // of the zone, where the config has it
	Provider providers.Provider
	DNSAccount
	Pos  config.Pos
	late *setUp[ZoneSource] // as that of cloudSource
}

// sourceSet are the clouds and zones of a session. One that could not be set up is replaced once it can
// be: readers take the lists as they are at one moment.
type sourceSet struct {
	mu       sync.Mutex
	clouds   []CloudSource
	zones    []ZoneSource
	accounts *Accounts // set once; nil where nothing is set up again
}

// Clouds returns the clouds of the session. The list is not to be changed.
func (s *Session) Clouds() []CloudSource {
	s.set.mu.Lock()
	defer s.set.mu.Unlock()
	return s.set.clouds
}

// Zones returns the zones of the session. The list is not to be changed.
func (s *Session) Zones() []ZoneSource {
	s.set.mu.Lock()
	defer s.set.mu.Unlock()
	return s.set.zones
}

// setUpCloud sets up a cloud of the config anew, and returns the adapter or why there is none.
func (s *Session) setUpCloud(i int) (fleet.Compute, error) {
	late := s.Clouds()[i].late
	if late == nil {
		late = begin(func() CloudSource { return s.set.accounts.cloud(&s.Config.Clouds[i]) })
	}
	c := late.wait() // for a file that may hang: no lock is held
	s.set.mu.Lock()
	defer s.set.mu.Unlock()
	s.set.clouds = slices.Clone(s.set.clouds)
	s.set.clouds[i] = c
	if c.Err != nil {
		return nil, c.Err
	}
	return c.Compute, nil
}

// setUpZone sets up the account of a zone of the config anew, and returns its adapter or why there is none.
func (s *Session) setUpZone(i int) (fleet.DNS, error) {
	late := s.Zones()[i].late
	if late == nil {
		late = begin(func() ZoneSource { return s.set.accounts.zone(&s.Config.Zones[i]) })
	}
	z := late.wait()
	s.set.mu.Lock()
	defer s.set.mu.Unlock()
	s.set.zones = slices.Clone(s.set.zones)
	s.set.zones[i] = z
	if z.Err != nil {
		return nil, z.Err
	}
	return z.DNS, nil
}

// Configured sets up everything that a config names, side by side, without reaching for the
// network. A source that cannot be set up, or not within setUpLimit, has the error: it is a failed source, and
// the others go on without it.
func (a *Accounts) Configured(ctx context.Context, c *config.Config) (clouds []CloudSource, zones []ZoneSource) {
	ctx, cancel := context.WithTimeout(ctx, setUpLimit)
	defer cancel()
	ofClouds, ofZones := make([]*setUp[CloudSource], len(c.Clouds)), make([]*setUp[ZoneSource], len(c.Zones))
	for i := range c.Clouds {
		ofClouds[i] = begin(func() CloudSource { return a.cloud(&c.Clouds[i]) })
	}
	for i := range c.Zones {
		ofZones[i] = begin(func() ZoneSource { return a.zone(&c.Zones[i]) })
	}
	for i, s := range ofClouds {
		of := &c.Clouds[i]
		clouds = append(clouds, s.within(ctx, CloudSource{Name: of.Name, Provider: of.Provider, Account: adapter.Account{Region: of.Settings.Get("region")}, production: of.Production, Pos: of.Pos, Err: errSlow(of.Name), late: s}))
	}
	for i, s := range ofZones {
		of := &c.Zones[i]
		zones = append(zones, s.within(ctx, ZoneSource{Name: of.Name, ID: of.ID, Provider: of.Provider, Pos: of.Pos, DNSAccount: DNSAccount{Err: errSlow(of.Name)}, late: s}))
	}
	return clouds, zones
}

// setUpLimit is for how long a session waits for its sources to be set up before it goes on without some.
const setUpLimit = 5 * time.Second

// errSlow is the error of a source whose set-up has not ended within setUpLimit.
func errSlow(name string) error {
	return &providers.Error{Kind: providers.KindUnreachable, Source: name, Op: "set up", Err: fmt.Errorf(
		"setting it up has not ended within %s: its key file, or a file of its profile, is not answered; see that it can be read, or name another in the config", setUpLimit)}
}

// setUp is the set-up of one source. It reads files, which may hang: it then goes on while nothing waits for it.
type setUp[T any] struct {
	ended  chan struct{}
	result T // once ended is closed
}

func begin[T any](f func() T) *setUp[T] {
	s := &setUp[T]{ended: make(chan struct{})}
	go func() {
		defer close(s.ended)
		s.result = f()
	}()
	return s
}

// wait returns what came of it.
func (s *setUp[T]) wait() T {
	<-s.ended
	return s.result
}

// within returns what came of it, or instead when ctx ends before.
func (s *setUp[T]) within(ctx context.Context, instead T) T {
	select {
	case <-s.ended:
		return s.result
	default:
	}
	select {
	case <-s.ended:
		return s.result
	case <-ctx.Done():
		return instead
	}
}

// Cause returns the text of an error without the name of its source, which the caller prints.
func Cause(err error) string {
	if e, ok := errors.AsType[*providers.Error](err); ok && e.Err != nil {
		return e.Err.Error()
	}
	return err.Error()
}
