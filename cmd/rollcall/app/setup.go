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

// CloudSource is one cloud, whether it could be set up or not.
type CloudSource struct {
	Name       string
	Provider   providers.Provider
	production bool
	adapter.Account
	Pos     config.Pos
	Err     error
	pending *setUp[CloudSource] // a set-up that had not ended when the session began, or nil
}

// ZoneSource is one zone with its account, whether it could be set up or not.
type ZoneSource struct {
	Name string
	providers.ZoneChoice
	Provider providers.Provider
	DNSAccount
	Pos     config.Pos
	pending *setUp[ZoneSource] // as in CloudSource
}

// sourceSet holds the clouds and zones of a session. A source that could not be set up is replaced once it can be, so
// readers take a consistent copy of the lists.
type sourceSet struct {
	mu       sync.Mutex
	clouds   []CloudSource
	zones    []ZoneSource
	accounts *Accounts // set once; nil if sources are not set up again
}

// Clouds returns the clouds of the session. The caller must not modify the slice.
func (s *Session) Clouds() []CloudSource {
	s.set.mu.Lock()
	defer s.set.mu.Unlock()
	return s.set.clouds
}

// Zones returns the zones of the session. The caller must not modify the slice.
func (s *Session) Zones() []ZoneSource {
	s.set.mu.Lock()
	defer s.set.mu.Unlock()
	return s.set.zones
}

// setUpCloud sets up a cloud of the config again and returns its adapter or an error.
func (s *Session) setUpCloud(i int) (fleet.Compute, error) {
	c := setUpAgain(&s.set.mu, &s.set.clouds, i, s.Clouds()[i].pending, func() CloudSource { return s.set.accounts.cloud(&s.Config.Clouds[i]) })
	if c.Err != nil {
		return nil, c.Err
	}
	return c.Compute, nil
}

// setUpZone sets up the account of a zone of the config again and returns its adapter or an error.
func (s *Session) setUpZone(i int) (fleet.DNS, error) {
	z := setUpAgain(&s.set.mu, &s.set.zones, i, s.Zones()[i].pending, func() ZoneSource { return s.set.accounts.zone(&s.Config.Zones[i]) })
	if z.Err != nil {
		return nil, z.Err
	}
	return z.DNS, nil
}

// setUpAgain waits for what is pending, or else for start, and replaces a source of a list, which mu guards, by its result.
func setUpAgain[S CloudSource | ZoneSource](mu *sync.Mutex, sources *[]S, i int, pending *setUp[S], start func() S) S {
	if pending == nil {
		pending = startSetUp(start)
	}
	source := pending.wait() // no lock is held, since a file may hang
	mu.Lock()
	defer mu.Unlock()
	*sources = slices.Clone(*sources)
	(*sources)[i] = source
	return source
}

// Configured sets up everything that a config names, concurrently and without network I/O. A source that cannot be set
// up, or not within setUpLimit, is a failed source with that error.
func (a *Accounts) Configured(ctx context.Context, c *config.Config) (clouds []CloudSource, zones []ZoneSource) {
	slow := tooSlow(ctx)
	ctx, cancel := context.WithTimeout(ctx, setUpLimit)
	defer cancel()
	ofClouds, ofZones := make([]*setUp[CloudSource], len(c.Clouds)), make([]*setUp[ZoneSource], len(c.Zones))
	for i := range c.Clouds {
		ofClouds[i] = startSetUp(func() CloudSource { return a.cloud(&c.Clouds[i]) })
	}
	for i := range c.Zones {
		ofZones[i] = startSetUp(func() ZoneSource { return a.zone(&c.Zones[i]) })
	}
	for i, s := range ofClouds {
		of := &c.Clouds[i]
		clouds = append(clouds, s.within(ctx, CloudSource{Name: of.Name, Provider: of.Provider, Account: adapter.Account{Region: of.Settings.Get("region")}, production: of.Production, Pos: of.Pos, Err: slow(of.Name), pending: s}))
	}
	for i, s := range ofZones {
		of := &c.Zones[i]
		zones = append(zones, s.within(ctx, ZoneSource{Name: of.Name, ZoneChoice: of.ZoneChoice, Provider: of.Provider, Pos: of.Pos, DNSAccount: DNSAccount{Err: slow(of.Name)}, pending: s}))
	}
	return clouds, zones
}

// setUpLimit is how long a session waits for its sources before it continues without some.
const setUpLimit = 5 * time.Second

// tooSlow returns a function that makes the error of a source whose set-up has not ended within setUpLimit from now, or before ctx ends.
func tooSlow(ctx context.Context) func(name string) error {
	err := fmt.Errorf("setting it up has not ended within %s: its key file, or a file of its profile, is not answered; see that it can be read, or name another in the config", setUpLimit)
	if end, ok := ctx.Deadline(); ok && time.Until(end) < setUpLimit {
		err = errors.New("the time of --timeout was over before it was set up")
	}
	return func(name string) error {
		return &providers.Error{Kind: providers.KindUnreachable, Source: name, Op: "set up", Err: err}
	}
}

// setUp is the set-up of one source. It reads files, which may hang; it then continues in the background.
type setUp[T any] struct {
	ended  chan struct{}
	result T // valid once ended is closed
}

func startSetUp[T any](f func() T) *setUp[T] {
	s := &setUp[T]{ended: make(chan struct{})}
	go func() {
		defer close(s.ended)
		s.result = f()
	}()
	return s
}

// wait returns the result.
func (s *setUp[T]) wait() T {
	<-s.ended
	return s.result
}

// within returns the result, or instead if ctx ends first.
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

// Cause returns the text of an error without its source's name, which the caller prints.
func Cause(err error) string {
	if e, ok := errors.AsType[*providers.Error](err); ok && e.Err != nil {
		return e.Err.Error()
	}
	return err.Error()
}
