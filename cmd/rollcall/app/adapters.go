package app

import (
	"slices"
	"strings"
	"sync"

	"rollcall/cmd/rollcall/config"
	"rollcall/providers"
	"rollcall/providers/adapter"
	"rollcall/providers/adapters"
	"rollcall/providers/budget"
)

// Computing returns the names of the providers that run instances.
func Computing() (names []string) {
	for _, d := range adapters.Declarations() {
		if d.Computes {
			names = append(names, string(d.Provider))
		}
	}
	return names
}

// CredentialHint lists the environment variables to set if there are no credentials at all.
func CredentialHint() string {
	var names []string
	for _, d := range adapters.Declarations() {
		if len(d.Hints) > 0 && !slices.Contains(names, d.Hints[0]) {
			names = append(names, d.Hints[0])
		}
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

// Accounts opens one adapter per account. Zones of one account share an adapter, and everything that a provider counts
// together shares a budget.
type Accounts struct {
	program  *Program
	env      providers.Environment
	clock    providers.Clock
	budgets  *budget.Pool
	adapters []adapter.Adapter
	mu       sync.Mutex // guards dns
	dns      map[string]DNSAccount
}

// DNSAccount is an account at a DNS provider, set up or not.
type DNSAccount struct {
	adapter.Account
	Err error
}

// NewAccounts returns an empty Accounts, whose calls a.Calls keeps. notify is called when a call is repeated; see
// budget.WithNotify.
func NewAccounts(a *Program, notify func(budget.Retrying)) *Accounts {
	budgets := budget.NewPool(budget.WithClock(a.Clock), budget.WithNotify(notify), budget.WithCalls(a.Calls.add))
	return &Accounts{program: a, env: a.Env, clock: a.Clock, budgets: budgets, adapters: adapters.All(), dns: map[string]DNSAccount{}}
}

// open opens an account. It reads only local credentials and files.
func (a *Accounts) open(p providers.Provider, name string, settings providers.Settings) (adapter.Account, error) {
	i := slices.IndexFunc(a.adapters, func(x adapter.Adapter) bool { return x.Provider == p })
	if i < 0 {
		return adapter.Account{}, providers.Errorf(providers.KindInvalid, "set up", "there is no provider %s", p)
	}
	return a.adapters[i].Open(a.opening(name, settings))
}

// opening returns the arguments to open an account with.
func (a *Accounts) opening(name string, settings providers.Settings) adapter.Opening {
	return adapter.Opening{Name: name, Settings: settings, Env: a.env, Clock: a.clock, Budgets: a.budgets, Ask: a.program.Ask, Shared: &a.program.shared}
}

func (a *Accounts) cloud(c *config.Cloud) CloudSource {
	s := CloudSource{Name: c.Name, Provider: c.Provider, production: c.Production, Pos: c.Pos}
	s.Account, s.Err = a.open(c.Provider, c.Name, c.Settings)
	return s
}

func (a *Accounts) zone(z *config.Zone) ZoneSource {
	return ZoneSource{Name: z.Name, ZoneChoice: z.ZoneChoice, Provider: z.Provider, DNSAccount: a.DNSAccount(z.Provider, z.Name, z.Settings), Pos: z.Pos}
}

// DNSAccount sets up an account at a DNS provider, or returns the existing one of zones with the same settings.
func (a *Accounts) DNSAccount(p providers.Provider, zone string, settings providers.Settings) DNSAccount {
	var key strings.Builder
	key.WriteString(string(p))
	for _, x := range settings {
		key.WriteString("\x00" + x.Key + "=" + x.Value)
	}
	if adapters.Declared(p).OneZone {
		key.WriteString("\x00" + zone)
	}
	a.mu.Lock()
	acc, ok := a.dns[key.String()]
	a.mu.Unlock()
	if ok && acc.Err == nil {
		return acc
	}
	acc.Account, acc.Err = a.open(p, zone, settings)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.dns[key.String()] = acc
	return acc
}
