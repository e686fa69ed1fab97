// Package adapter defines how a provider's package makes its accounts available. Each exports one function Adapter,
// which the package adapters lists: a new provider is a package and one line there, and its name is a word of
// dnsview/filter, as a test of package app says. What a provider can do is data, a
// providers.Declaration: its config keys, their help and their mistakes, ls sources, config check and discovery follow from
// it. The methods of its accounts are those of providers.DNS or providers.Compute, whose comments say what they must
// return. The package imports only providers and budget.
//
// Read Adapter, then Account, and the package zonefile as the smallest example.
package adapter

import (
	"cmp"
	"context"
	"sync"

	"rollcall/providers"
	"rollcall/providers/budget"
)

// Adapter is one provider.
type Adapter struct {
	providers.Declaration

	// Open opens an account. It reads only local files and Opening.Env. Account.Budget and Account.From are set
	// even on error.
	Open func(Opening) (Account, error)
	// Discovered returns the config name of a cloud, and the settings of a cloud or a DNS account, that was found by the
	// environment alone. The settings pin what the environment chose, such as a profile. It is first called with a zero
	// Account; if it returns another name after the account was opened, the account is opened again with that name and those
	// settings. It is nil if the environment leads to no cloud, or has nothing to pin.
	Discovered func(env providers.Environment, opened Account) (name string, settings providers.Settings)
	// Places returns the places, such as regions, of an account that was opened with o in which it has instances or can have
	// some. It is nil if an account is one place.
	Places func(ctx context.Context, o Opening, opened Account) ([]Place, error)
}

// Place is one place of an account, for a cloud of its own in the config.
type Place struct {
	Name     string // short name for the config
	Settings providers.Settings
	Err      error // why it could not be asked, or nil
}

// Compare orders places by name, for slices.SortFunc.
func (p Place) Compare(q Place) int { return cmp.Compare(p.Name, q.Name) }

// Opening holds the arguments of Adapter.Open.
type Opening struct {
	Name     string // of the source that uses the account
	Settings providers.Settings
	Env      providers.Environment
	Clock    providers.Clock
	Budgets  *budget.Pool    // what the provider counts together shares one budget of it
	Ask      providers.Asker // asks a person what only a person knows, such as an MFA code; nil if there is none to ask
	Shared   *sync.Map       // what accounts of one run share, such as a login, under keys that begin with the package's name
}

// Account is an open account.
type Account struct {
	Compute providers.Compute // nil if it runs no instances
	DNS     providers.DNS     // nil if it hosts no zones
	Region  string            // of its instances, if known without asking
	Budget  *budget.Account   // nil if calls are not counted
	// From is where its credentials come from, such as "profile prod" or "CLOUDFLARE_API_TOKEN"; never a secret. It is shown by
	// ls sources (column CREDENTIALS, key credentials), by config check, and in the detail of a source.
	From string
}
