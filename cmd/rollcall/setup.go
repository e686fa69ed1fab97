package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"rollcall/cmd/rollcall/config"
	"rollcall/providers"
	"rollcall/providers/budget"
	"rollcall/providers/cloudflare"
	"rollcall/providers/ec2"
	"rollcall/providers/fleet"
	"rollcall/providers/route53"
	"rollcall/providers/triton"
)

// cloudSource is one cloud, set up or not.
type cloudSource struct {
	name       string
	provider   providers.Provider
	region     string
	production bool
	compute    providers.Compute
	budget     *budget.Account
	pos        config.Pos
	err        error
	late       *setUp[cloudSource] // that had not ended when the session began; nil for none
}

// zoneSource is one zone with the account that it is asked of, set up or not.
type zoneSource struct {
	name     string
	id       string // of the zone, where the config gives it
	provider providers.Provider
	dns      providers.DNS
	budget   *budget.Account
	pos      config.Pos
	err      error
	late     *setUp[zoneSource] // as that of cloudSource
}

// sourceSet are the clouds and zones of a session. One that could not be set up is replaced once it can
// be: readers take the lists as they are at one moment.
type sourceSet struct {
	mu       sync.Mutex
	clouds   []cloudSource
	zones    []zoneSource
	accounts *accounts // set once; nil where nothing is set up again
}

// clouds returns the clouds of the session. The list is not to be changed.
func (s *session) clouds() []cloudSource {
	s.set.mu.Lock()
	defer s.set.mu.Unlock()
	return s.set.clouds
}

// zones returns the zones of the session. The list is not to be changed.
func (s *session) zones() []zoneSource {
	s.set.mu.Lock()
	defer s.set.mu.Unlock()
	return s.set.zones
}

// setUpCloud sets up a cloud of the config anew, and returns the adapter or why there is none.
func (s *session) setUpCloud(i int) (fleet.Compute, error) {
	late := s.clouds()[i].late
	if late == nil {
		late = begin(func() cloudSource { return s.set.accounts.cloud(&s.config.Clouds[i]) })
	}
	c := late.wait() // for a file that may hang: no lock is held
	s.set.mu.Lock()
	defer s.set.mu.Unlock()
	s.set.clouds = slices.Clone(s.set.clouds)
	s.set.clouds[i] = c
	if c.err != nil {
		return nil, c.err
	}
	return c.compute, nil
}

// setUpZone sets up the account of a zone of the config anew, and returns its adapter or why there is none.
func (s *session) setUpZone(i int) (fleet.DNS, error) {
	late := s.zones()[i].late
	if late == nil {
		late = begin(func() zoneSource { return s.set.accounts.zone(&s.config.Zones[i]) })
	}
	z := late.wait()
	s.set.mu.Lock()
	defer s.set.mu.Unlock()
	s.set.zones = slices.Clone(s.set.zones)
	s.set.zones[i] = z
	if z.err != nil {
		return nil, z.err
	}
	return z.dns, nil
}

// Cloudflare lets a user make 1,200 requests in five minutes, over all tokens
// and zones ("Cloudflare API rate limits"). A burst takes a sixth of it at most,
// so that a person who works in the dashboard beside rollcall is not locked out.
const (
	cloudflareRate  = 1000.0 / 300
	cloudflareBurst = 200
)

// CloudAPI publishes no limit. Operators set one per account; this stays well
// below the ones that are known.
const (
	tritonRate  = 20
	tritonBurst = 100
)

// accounts makes adapters, one for each account: zones of one account share
// its adapter, and everything that one provider counts together shares a budget.
type accounts struct {
	now     func() time.Time
	notify  func(budget.Retrying)
	mu      sync.Mutex // guards the maps
	dns     map[string]dnsAccount
	budgets map[string]*budget.Account
}

type dnsAccount struct {
	dns    providers.DNS
	budget *budget.Account
	err    error
}

// newAccounts makes no account yet. notify is called when a call is made again; see budget.WithNotify.
func newAccounts(now func() time.Time, notify func(budget.Retrying)) *accounts {
	return &accounts{now: now, notify: notify, dns: map[string]dnsAccount{}, budgets: map[string]*budget.Account{}}
}

func (a *accounts) budget(key string, make func() *budget.Account) *budget.Account {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, ok := a.budgets[key]; !ok {
		a.budgets[key] = make()
	}
	return a.budgets[key]
}

// cloud sets up one cloud. It does no I/O but to read local credentials.
func (a *accounts) cloud(c *config.Cloud) cloudSource {
	s := cloudSource{name: c.Name, provider: c.Provider, region: c.Region, production: c.Production, pos: c.Pos}
	switch c.Provider {
	case providers.EC2:
		s.budget = a.budget("ec2 "+c.Profile+" "+c.Region+" "+c.Endpoint, func() *budget.Account {
			return ec2.NewBudget(c.Name, budget.WithClock(a.now), budget.WithNotify(a.notify))
		})
		cloud, err := ec2.New(ec2.Config{Name: c.Name, Region: c.Region, Profile: c.Profile, Endpoint: c.Endpoint, Budget: s.budget, Now: a.now})
		if err != nil {
			s.err = err
			return s
		}
		s.compute, s.region = cloud, cloud.Region()
	case providers.Triton:
		url := cmp.Or(c.URL, c.Endpoint)
		s.budget = a.budget("triton "+c.Profile+" "+url+" "+c.Account, func() *budget.Account {
			return budget.New(c.Name, tritonRate, tritonBurst, budget.WithClock(a.now), budget.WithNotify(a.notify))
		})
		cloud, err := triton.New(triton.Config{
			Name: c.Name, URL: url, Account: c.Account, User: c.User, KeyID: c.KeyID, KeyFile: c.KeyFile,
			Profile: c.Profile, InsecureTLS: c.InsecureTLS, Budget: s.budget, Now: a.now,
		})
		if err != nil {
			s.err = err
			return s
		}
		s.compute = cloud
	}
	return s
}

// zone sets up one zone. It does no I/O but to read local credentials.
func (a *accounts) zone(z *config.Zone) zoneSource {
	acc := a.dnsAccount(z.Provider, z.Profile, z.TokenEnv, z.Endpoint)
	return zoneSource{name: z.Name, id: z.ID, provider: z.Provider, dns: acc.dns, budget: acc.budget, pos: z.Pos, err: acc.err}
}

func (a *accounts) dnsAccount(p providers.Provider, profile, tokenEnv, endpoint string) dnsAccount {
	key := string(p) + " " + profile + " " + tokenEnv + " " + endpoint
	a.mu.Lock()
	acc, ok := a.dns[key]
	a.mu.Unlock()
	if ok && acc.err == nil {
		return acc
	}
	acc.err = nil
	if p == providers.Cloudflare {
		env := cmp.Or(tokenEnv, "CLOUDFLARE_API_TOKEN")
		acc.budget = a.budget(key, func() *budget.Account {
			return budget.New("cloudflare", cloudflareRate, cloudflareBurst, budget.WithClock(a.now), budget.WithNotify(a.notify))
		})
		token := os.Getenv(env)
		if token == "" {
			acc.err = providers.Errorf(providers.KindAuth, "set up", "no Cloudflare token: set %s to an API token that may read and edit DNS", env)
		} else if c, err := cloudflare.New(cloudflare.Config{Token: token, BaseURL: endpoint, Budget: acc.budget, Now: a.now}); err != nil {
			acc.err = err
		} else {
			acc.dns = c
		}
	} else {
		acc.budget = a.budget(key, func() *budget.Account {
			return route53.NewBudget("route53", budget.WithClock(a.now), budget.WithNotify(a.notify))
		})
		if r, err := route53.New(route53.Config{Profile: profile, Endpoint: endpoint, Budget: acc.budget, Now: a.now}); err != nil {
			acc.err = err
		} else {
			acc.dns = r
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.dns[key] = acc
	return acc
}

// configured sets up everything that a config names, side by side, without reaching for the
// network. A source that cannot be set up, or not within setUpLimit, has the error: it is a failed source, and
// the others go on without it.
func (a *accounts) configured(ctx context.Context, c *config.Config) (clouds []cloudSource, zones []zoneSource) {
	ctx, cancel := context.WithTimeout(ctx, setUpLimit)
	defer cancel()
	ofClouds, ofZones := make([]*setUp[cloudSource], len(c.Clouds)), make([]*setUp[zoneSource], len(c.Zones))
	for i := range c.Clouds {
		ofClouds[i] = begin(func() cloudSource { return a.cloud(&c.Clouds[i]) })
	}
	for i := range c.Zones {
		ofZones[i] = begin(func() zoneSource { return a.zone(&c.Zones[i]) })
	}
	for i, s := range ofClouds {
		of := &c.Clouds[i]
		clouds = append(clouds, s.within(ctx, cloudSource{name: of.Name, provider: of.Provider, region: of.Region, production: of.Production, pos: of.Pos, err: errSlow(of.Name), late: s}))
	}
	for i, s := range ofZones {
		of := &c.Zones[i]
		zones = append(zones, s.within(ctx, zoneSource{name: of.Name, id: of.ID, provider: of.Provider, pos: of.Pos, err: errSlow(of.Name), late: s}))
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

// cause is an error without the name of its source, which the caller tells.
func cause(err error) string {
	if e, ok := errors.AsType[*providers.Error](err); ok && e.Err != nil {
		return e.Err.Error()
	}
	return err.Error()
}
