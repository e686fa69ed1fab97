package ec2

import (
	"net/url"
	"strings"

	"rollcall/providers"
	"rollcall/providers/adapter"
	"rollcall/providers/awsapi"
)

// Adapter returns the EC2 provider.
func Adapter() adapter.Adapter {
	return adapter.Adapter{
		Declaration: providers.Declaration{
			Provider: providers.EC2, Traits: traits(), Computes: true,
			Keys: []providers.Key{
				{Name: "region", Kind: providers.KeyText, Help: "empty for the one of the environment or the profile"},
				awsapi.ProfileKey,
				{Name: "endpoint", Kind: providers.KeyURL, Help: "URL of the API, instead of Amazon's own"},
			},
			InstancePage: instancePage, Hosts: awsapi.Hosts,
			Hints: awsapi.Hints, Secrets: awsapi.Secrets,
		},
		Open:       open,
		Discovered: discovered,
		Places:     places,
	}
}

// instancePage returns the page of an instance in Amazon's console.
func instancePage(i *providers.Instance) string {
	return awsapi.Console(i.Region) + "/ec2/home?region=" + url.QueryEscape(i.Region) + "#InstanceDetails:instanceId=" + url.QueryEscape(i.ID)
}

func traits() providers.Traits {
	return providers.Traits{
		Title: "EC2", InstanceRoles: true, KeyPairs: true, ScalingGroups: true, IDPattern: "i-*", StopReleases: true, ManyByID: maxIDs,
		UserData: 16384, CloudInit: true, // raw, before base64 (EC2 User Guide, "Run commands on your Linux instance at launch")
	}
}

func open(o adapter.Opening) (a adapter.Account, err error) {
	region, profile, endpoint := o.Settings.Get("region"), o.Settings.Get("profile"), o.Settings.Get("endpoint")
	a.From, a.Region = awsapi.CredentialSource(o.Env, profile), region
	a.Budget = o.Budgets.Account("ec2 "+profile+" "+region+" "+endpoint, o.Name, budgetRate, budgetBurst)
	c, err := New(Config{Name: o.Name, Region: region, Profile: profile, Endpoint: endpoint, Budget: a.Budget, Clock: o.Clock, Env: o.Env, Ask: o.Ask, Shared: o.Shared})
	if err != nil {
		return a, err
	}
	a.Compute, a.Region, a.From = c, c.Region(), c.From()
	return a, nil
}

// discovered returns the region and the profile that the environment leads to.
func discovered(env providers.Environment, opened adapter.Account) (name string, settings providers.Settings) {
	if opened.Compute == nil {
		return "aws", nil
	}
	return shortRegion(opened.Region), providers.SettingsOf("region", opened.Region, "profile", awsapi.ProfileOf(env))
}

// shortRegion returns a short name as operators write it: us-east-1 is aws-use1.
func shortRegion(region string) string {
	parts := strings.Split(region, "-")
	if len(parts) < 3 {
		return "aws-" + region
	}
	var b strings.Builder
	b.WriteString("aws-" + strings.Join(parts[:len(parts)-2], ""))
	direction := parts[len(parts)-2]
	for _, d := range []string{"north", "south", "central", "east", "west"} {
		if rest, ok := strings.CutPrefix(direction, d); ok {
			b.WriteByte(d[0])
			direction = rest
		}
	}
	if direction != "" { // in northeast, the second half
		b.WriteByte(direction[0])
	}
	b.WriteString(parts[len(parts)-1])
	return b.String()
}
