// Package adapter is how the package of a provider says what it is. Each exports one function Adapter, and cmd/rollcall/app
// lists these functions: a provider is a package and one line there. The declaration itself is data, a providers.Declaration;
// here is what makes accounts of it, which rests on budgets. It imports providers and budget only.
package adapter

import (
	"rollcall/providers"
	"rollcall/providers/budget"
)

// Adapter is one provider.
type Adapter struct {
	providers.Declaration

	// Open makes an account. It reads local files and the environment only. Budget and From of what it returns are set with an error too.
	Open func(Opening) (Account, error)
	// Discovered returns how the cloud is written into a config that the environment alone leads to. opened is zero until it was opened;
	// when the name is another one then, it is opened anew with name and settings. It is nil where the environment leads to no cloud.
	Discovered func(opened Account) (name string, settings providers.Settings)
}

// Opening says what account is opened.
type Opening struct {
	Name     string // of the source that it is opened for
	Settings providers.Settings
	Clock    providers.Clock
	Budgets  *budget.Pool // what the provider counts together takes one budget of it
}

// Account is an account as it was opened.
type Account struct {
	Compute providers.Compute // nil when it runs no instances
	DNS     providers.DNS     // nil when it hosts no zones
	Region  string            // of its instances, where it is known without asking
	Budget  *budget.Account   // nil when nothing is counted
	From    string            // where its credentials come from, such as "profile prod" or "CLOUDFLARE_API_TOKEN"; never a secret
}
