package app

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

// CloudSource is one cloud, set up or not.
type CloudSource struct {
	Name       string
	Provider   providers.Provider
	region     string
	production bool
	Compute    providers.Compute
	Budget     *budget.Account
	Pos        config.Pos
	Err        error
	late       *setUp[CloudSource] // that had not ended when the session began; nil for none
}

// ZoneSource is one zone with the account that it is asked of, set up or not.
type ZoneSource struct {
	Name     string
	Id       string // of the zone, where the config gives it
	Provider providers.Provider
	Dns      providers.DNS
	Budget   *budget.Account
	Pos      config.Pos
	Err      error
	late     *setUp[ZoneSource] // as that of cloudSource
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
	return z.Dns, nil
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

// Accounts makes adapters, one for each account: zones of one account share
// its adapter, and everything that one provider counts together shares a budget.
type Accounts struct {
	now     func() time.Time
	notify  func(budget.Retrying)
	mu      sync.Mutex // guards the maps
	dns     map[string]DNSAccount
	budgets map[string]*budget.Account
}

// DNSAccount is an account at a DNS provider, set up or not.
type DNSAccount struct {
	Dns    providers.DNS
	budget *budget.Account
	Err    error
}

// NewAccounts makes no account yet. notify is called when a call is made again; see budget.WithNotify.
func NewAccounts(now func() time.Time, notify func(budget.Retrying)) *Accounts {
	return &Accounts{now: now, notify: notify, dns: map[string]DNSAccount{}, budgets: map[string]*budget.Account{}}
}

func (a *Accounts) budget(key string, make func() *budget.Account) *budget.Account {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, ok := a.budgets[key]; !ok {
		a.budgets[key] = make()
	}
	return a.budgets[key]
}

// cloud sets up one cloud. It does no I/O but to read local credentials.
func (a *Accounts) cloud(c *config.Cloud) CloudSource {
	s := CloudSource{Name: c.Name, Provider: c.Provider, region: c.Region, production: c.Production, Pos: c.Pos}
	switch c.Provider {
	case providers.EC2:
		s.Budget = a.budget("ec2 "+c.Profile+" "+c.Region+" "+c.Endpoint, func() *budget.Account {
			return ec2.NewBudget(c.Name, budget.WithClock(a.now), budget.WithNotify(a.notify))
		})
		cloud, err := ec2.New(ec2.Config{Name: c.Name, Region: c.Region, Profile: c.Profile, Endpoint: c.Endpoint, Budget: s.Budget, Now: a.now})
		if err != nil {
			s.Err = err
			return s
		}
		s.Compute, s.region = cloud, cloud.Region()
	case providers.Triton:
		url := cmp.Or(c.URL, c.Endpoint)
		s.Budget = a.budget("triton "+c.Profile+" "+url+" "+c.Account, func() *budget.Account {
			return budget.New(c.Name, tritonRate, tritonBurst, budget.WithClock(a.now), budget.WithNotify(a.notify))
		})
		cloud, err := triton.New(triton.Config{
			Name: c.Name, URL: url, Account: c.Account, User: c.User, KeyID: c.KeyID, KeyFile: c.KeyFile,
			Profile: c.Profile, InsecureTLS: c.InsecureTLS, Budget: s.Budget, Now: a.now,
		})
		if err != nil {
			s.Err = err
			return s
		}
		s.Compute = cloud
	}
	return s
}

// zone sets up one zone. It does no I/O but to read local credentials.
func (a *Accounts) zone(z *config.Zone) ZoneSource {
	acc := a.DNSAccount(z.Provider, z.Profile, z.TokenEnv, z.Endpoint)
	return ZoneSource{Name: z.Name, Id: z.ID, Provider: z.Provider, Dns: acc.Dns, Budget: acc.budget, Pos: z.Pos, Err: acc.Err}
}

// DNSAccount sets up an account at a DNS provider, or returns the one that was set up before. It does no I/O but to read
// local credentials.
func (a *Accounts) DNSAccount(p providers.Provider, profile, tokenEnv, endpoint string) DNSAccount {
	key := string(p) + " " + profile + " " + tokenEnv + " " + endpoint
	a.mu.Lock()
	acc, ok := a.dns[key]
	a.mu.Unlock()
	if ok && acc.Err == nil {
		return acc
	}
	acc.Err = nil
	if p == providers.Cloudflare {
		env := cmp.Or(tokenEnv, "CLOUDFLARE_API_TOKEN")
		acc.budget = a.budget(key, func() *budget.Account {
			return budget.New("cloudflare", cloudflareRate, cloudflareBurst, budget.WithClock(a.now), budget.WithNotify(a.notify))
		})
		token := os.Getenv(env)
		if token == "" {
			acc.Err = providers.Errorf(providers.KindAuth, "set up", "no Cloudflare token: set %s to an API token that may read and edit DNS", env)
		} else if c, err := cloudflare.New(cloudflare.Config{Token: token, BaseURL: endpoint, Budget: acc.budget, Now: a.now}); err != nil {
			acc.Err = err
		} else {
			acc.Dns = c
		}
	} else {
		acc.budget = a.budget(key, func() *budget.Account {
			return route53.NewBudget("route53", budget.WithClock(a.now), budget.WithNotify(a.notify))
		})
		if r, err := route53.New(route53.Config{Profile: profile, Endpoint: endpoint, Budget: acc.budget, Now: a.now}); err != nil {
			acc.Err = err
		} else {
			acc.Dns = r
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.dns[key] = acc
	return acc
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
		clouds = append(clouds, s.within(ctx, CloudSource{Name: of.Name, Provider: of.Provider, region: of.Region, production: of.Production, Pos: of.Pos, Err: errSlow(of.Name), late: s}))
	}
	for i, s := range ofZones {
		of := &c.Zones[i]
		zones = append(zones, s.within(ctx, ZoneSource{Name: of.Name, Id: of.ID, Provider: of.Provider, Pos: of.Pos, Err: errSlow(of.Name), late: s}))
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

// Cause is an error without the name of its source, which the caller tells.
func Cause(err error) string {
	if e, ok := errors.AsType[*providers.Error](err); ok && e.Err != nil {
		return e.Err.Error()
	}
	return err.Error()
}
