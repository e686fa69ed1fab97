// Package cloudflare is the adapter for DNS zones at Cloudflare.
package cloudflare

import (
	"net/http"
	"time"

	"rollcall/providers"
	"rollcall/providers/budget"
)

// Config says with which token to read and write. An empty token is looked for
// in CLOUDFLARE_API_TOKEN, an empty base URL in CLOUDFLARE_BASE_URL.
type Config struct {
	Name    string // the account's short name, for errors; "cloudflare" when empty
	Token   string // API token; the old global keys are not supported
	BaseURL string // e.g. https://api.cloudflare.com/client/v4

	Budget *budget.Account  // nil for a budget of its own
	Now    func() time.Time // nil for time.Now

	Transport http.RoundTripper   // what carries requests; nil for a transport of its own
	Getenv    func(string) string // nil for os.Getenv
}

// Account is the DNS of one API token. It implements providers.DNS.
type Account struct{ providers.DNS }

// New makes an account. It does no I/O; without a token it fails with KindAuth.
func New(cfg Config) (*Account, error) {
	if cfg.Token == "" {
		return nil, providers.Errorf(providers.KindAuth, "set up", "no token")
	}
	return &Account{}, nil
}
