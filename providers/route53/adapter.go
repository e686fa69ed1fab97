package route53

import (
	"net/url"

	"rollcall/providers"
	"rollcall/providers/adapter"
	"rollcall/providers/awsapi"
)

// Adapter returns the Route 53 provider.
func Adapter() adapter.Adapter {
	return adapter.Adapter{
		Declaration: providers.Declaration{
			Provider: providers.Route53, Traits: traits(), ServesDNS: true, IDPrefix: "/hostedzone/",
			Keys: []providers.Key{
				awsapi.ProfileKey,
				{Name: "endpoint", Kind: providers.KeyURL, Help: "URL of the API, instead of Amazon's own"},
			},
			ZonePage: recordsPage, Hosts: awsapi.Hosts,
			Hints: awsapi.Hints, Secrets: awsapi.Secrets,
		},
		Open: open,
		Discovered: func(env providers.Environment, _ adapter.Account) (string, providers.Settings) {
			return "", providers.SettingsOf("profile", awsapi.ProfileOf(env))
		},
	}
}

// recordsPage returns the page of a zone's records in Amazon's console.
func recordsPage(z *providers.Zone) string {
	return awsapi.Console("") + "/route53/v2/hostedzones#ListRecordSets/" + url.PathEscape(z.ID)
}

// traits returns the traits of Route 53. Limits are from "Quotas" in the Developer Guide; that of a set's values cannot
// be raised.
func traits() providers.Traits {
	return providers.Traits{
		Title: "Route 53", Access: providers.AccessIAM, Markers: providers.MarkerInBatch, ListsSOA: true, Quota: 10_000, QuotaRaised: true,
		Sets: &providers.RecordSetLimits{Values: 400, BatchValues: 1000, BatchChars: 32_000, Weight: 255},
	}
}

func open(o adapter.Opening) (a adapter.Account, err error) {
	profile, endpoint := o.Settings.Get("profile"), o.Settings.Get("endpoint")
	a.From = awsapi.CredentialSource(o.Env, profile)
	a.Budget = o.Budgets.Account("route53 "+profile+" "+endpoint, string(providers.Route53), budgetRate, budgetBurst)
	account, err := New(Config{Profile: profile, Endpoint: endpoint, Budget: a.Budget, Clock: o.Clock, Env: o.Env, Ask: o.Ask, Shared: o.Shared})
	if err != nil {
		return a, err
	}
	a.DNS, a.From = account, account.From()
	return a, nil
}
