package cloudflare

import (
	"cmp"
	"net/url"
	"slices"

	"rollcall/providers"
	"rollcall/providers/adapter"
)

// Adapter returns the Cloudflare provider.
func Adapter() adapter.Adapter {
	return adapter.Adapter{
		Declaration: providers.Declaration{
			Provider: providers.Cloudflare, Traits: traits(), ServesDNS: true,
			Keys: []providers.Key{
				{Name: "token_env", Kind: providers.KeyVariable, Help: "environment variable that holds the token; empty for " + tokenVariables[0]},
				{Name: "token_file", Kind: providers.KeyPath, Help: "file that holds the token"},
				{Name: "token_command", Kind: providers.KeyText, Help: "command that prints the token, such as that of a password manager; it has no terminal and 15 seconds"},
				{Name: "endpoint", Kind: providers.KeyURL, Help: "URL of the API, instead of Cloudflare's own"},
			},
			ZonePage: recordsPage, Hosts: []string{"api.cloudflare.com"},
			Check: func(s providers.Settings) (what, do string) {
				n := 0
				for _, k := range []string{"token_env", "token_file", "token_command"} {
					n += min(len(s.Get(k)), 1)
				}
				if n > 1 {
					return "has several places for its token", "keep one of token_env, token_file and token_command"
				}
				return "", ""
			},
			Hints: slices.Concat(tokenVariables, globalKeys), Secrets: slices.Concat(tokenVariables, globalKeys),
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

// traitsOf returns the traits of a zone with a plan, or of any if the plan is empty.
func traitsOf(plan string) providers.Traits {
	t := traits()
	switch plan {
	case "":
	case "enterprise":
		t.TTLs.Min = t.TTLs.Least
	default:
		t.TTLs.Least = t.TTLs.Min
	}
	return t
}

func open(o adapter.Opening) (a adapter.Account, err error) {
	t, err := tokenOf(o.Settings, o.Env, o.Clock)
	a.From = t.from
	endpoint, place := o.Settings.Get("endpoint"), cmp.Or(o.Settings.Get("token_command"), t.from)
	a.Budget = o.Budgets.Account("cloudflare "+place+" "+endpoint, string(providers.Cloudflare), defaultRate, defaultBurst)
	if err != nil {
		return a, &providers.Error{Kind: providers.KindAuth, Source: o.Name, Op: "set up", Err: err}
	}
	account, err := New(Config{BaseURL: endpoint, Budget: a.Budget, Clock: o.Clock, Env: o.Env, token: t})
	if err != nil {
		return a, err
	}
	a.DNS = account
	return a, nil
}
