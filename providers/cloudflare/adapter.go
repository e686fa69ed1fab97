package cloudflare

import (
	"cmp"
	"net/url"

	"rollcall/providers"
	"rollcall/providers/adapter"
)

// tokenVariable is the environment variable that holds the token unless a config entry names another.
const tokenVariable = "CLOUDFLARE_API_TOKEN"

// Adapter returns the Cloudflare provider.
func Adapter() adapter.Adapter {
	return adapter.Adapter{
		Declaration: providers.Declaration{
			Provider: providers.Cloudflare, Traits: traits(), ServesDNS: true,
			Keys: []providers.Key{
				{Name: "token_env", Kind: providers.KeyVariable, Help: "environment variable that holds the token; empty for " + tokenVariable},
				{Name: "endpoint", Kind: providers.KeyURL, Help: "URL of the API, instead of Cloudflare's own"},
			},
			ZonePage: recordsPage, Hosts: []string{"api.cloudflare.com"},
			Hints: []string{tokenVariable}, Secrets: []string{tokenVariable, "CLOUDFLARE_API_KEY", "CF_API_TOKEN", "CF_API_KEY"},
		},
		Open: open,
	}
}

// recordsPage returns the deep link to a zone's records in the dashboard, which fills in the account ("Deep links" in its
// documentation).
func recordsPage(z *providers.Zone) string {
	return "https://dash.cloudflare.com/?to=/:account/" + url.PathEscape(z.Name) + "/dns/records"
}

func traits() providers.Traits {
	return providers.Traits{
		Title: "Cloudflare", Access: providers.AccessToken, Proxies: true, Flattens: true, Markers: providers.MarkerInComment,
		TTLs:  &providers.TTLRange{Least: 30, Min: 60, Max: 86400, Auto: 1}, // "Time to Live" in its documentation: 30 in Enterprise zones
		Quota: 3500,                                                         // of a zone on a paid plan ("Records and zone limits")
	}
}

func open(o adapter.Opening) (a adapter.Account, err error) {
	endpoint := o.Settings.Get("endpoint")
	a.From = cmp.Or(o.Settings.Get("token_env"), tokenVariable)
	a.Budget = o.Budgets.Account("cloudflare "+o.Settings.Get("token_env")+" "+endpoint, string(providers.Cloudflare), defaultRate, defaultBurst)
	token := o.Env.Getenv(a.From)
	if token == "" {
		return a, providers.Errorf(providers.KindAuth, "set up", "no Cloudflare token: set %s to an API token that may read and edit DNS", a.From)
	}
	account, err := New(Config{Token: token, BaseURL: endpoint, Budget: a.Budget, Clock: o.Clock, Env: o.Env})
	if err != nil {
		return a, err
	}
	a.DNS = account
	return a, nil
}
