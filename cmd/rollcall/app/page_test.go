package app

import (
	"strings"
	"testing"

	"rollcall/cmd/rollcall/config"
	"rollcall/providers"
	"rollcall/providers/adapter"
)

// at is an account at an endpoint.
type at struct {
	providers.Compute
	providers.DNS
	url string
}

func (a at) Endpoint() string { return a.url }

func TestThePageOfARowIsThatOfItsProviderAtItsOwnEndpoint(t *testing.T) {
	page := func(p providers.Provider, endpoint string, i *providers.Instance, z *providers.Zone) (string, error) {
		s := NewSession(&Program{}, &config.Config{},
			[]CloudSource{{Name: "c", Provider: p, Account: adapter.Account{Compute: at{url: endpoint}}}},
			[]ZoneSource{{Name: "example.com", Provider: p, DNSAccount: DNSAccount{Account: adapter.Account{DNS: at{url: endpoint}}}}})
		return s.Page(i, z)
	}
	instance := func(p providers.Provider, region string) *providers.Instance {
		return &providers.Instance{Cloud: "c", Provider: p, Region: region, ID: "i-0&x"}
	}
	zone := func(p providers.Provider) *providers.Zone {
		return &providers.Zone{Name: "example.com", Provider: p, ID: "Z1"}
	}
	for _, c := range []struct {
		provider providers.Provider
		endpoint string
		instance *providers.Instance
		zone     *providers.Zone
		want     string // "" for an error
	}{
		{providers.EC2, "https://ec2.eu-west-1.amazonaws.com", instance(providers.EC2, "eu-west-1"), nil, "https://console.aws.amazon.com/ec2/home?region=eu-west-1#InstanceDetails:instanceId=i-0%26x"},
		{providers.EC2, "https://ec2.cn-north-1.amazonaws.com.cn", instance(providers.EC2, "cn-north-1"), nil, "https://console.amazonaws.cn/"},
		{providers.EC2, "http://127.0.0.1:4566", instance(providers.EC2, "eu-west-1"), nil, ""},
		{providers.EC2, "https://evilamazonaws.com", instance(providers.EC2, "eu-west-1"), nil, ""},
		{providers.Route53, "https://route53.amazonaws.com", nil, zone(providers.Route53), "https://console.aws.amazon.com/route53/v2/hostedzones#ListRecordSets/Z1"},
		{providers.Cloudflare, "https://api.cloudflare.com/client/v4", nil, zone(providers.Cloudflare), "https://dash.cloudflare.com/?to=/:account/example.com/dns/records"},
		{providers.Triton, "https://us-east-1.api.mnx.io", instance(providers.Triton, "us-east-1"), nil, ""},
	} {
		got, err := page(c.provider, c.endpoint, c.instance, c.zone)
		if (err == nil) != (c.want != "") || !strings.HasPrefix(got, c.want) {
			t.Errorf("%s at %s: %q, %v; want %q", c.provider, c.endpoint, got, err, c.want)
		}
	}
}
