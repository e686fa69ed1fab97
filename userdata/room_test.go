package userdata

import (
	"fmt"
	"maps"
	"testing"

	"rollcall/providers"
)

// roomOnEC2 is the number of bytes, as sent, that a built-in template leaves on EC2 for an operator's own text.
const roomOnEC2 = 6144

// inTheField returns values as a service in production has them, on top of the examples.
func inTheField(one *Template, dns string) Input {
	in := Input{
		Provider: providers.EC2, Declared: declared, Fleet: "7f3a9c1e", Place: "us-east-1", ZoneID: "Z08927841N2VHJ3KQ1X7A",
		Values: example(one),
	}
	maps.Copy(in.Values, map[string]string{
		"service": "www.checkout.emea.production.example.com", "zone": "emea.production.example.com", "dns": dns, "register": RegisterAgent, "ttl": "120",
		"ipv6": "true", "port": "8443", "health_path": "/healthz/ready?from=rollcall", "health_command": "", "health_need": "4", "health_of": "5", "recheck": "900",
	})
	if dns == "cloudflare" {
		in.ZoneID, in.Values["token_key"] = "023e105f4ecef8ad9ca31a8372d0c353", "/production/emea/rollcall/cloudflare-token"
	}
	for i := range one.Variables {
		switch v := &one.Variables[i]; v.Name {
		case "host":
			maps.Copy(in.Values, map[string]string{"service": "v12._checkout-api._tcp.emea.production.example.com", "host": "{name}.checkout", "priority": "10", "weight": "50"})
		case "greeting":
			in.Values[v.Name] = "Checkout EMEA, served by"
		case "packages":
			in.Values[v.Name] = "nginx-light prometheus-node-exporter jq"
		}
	}
	return in
}

func TestEveryBuiltinTemplateLeavesAnOperatorSixKilobytesOfEC2WithTheValuesOfAServiceInProduction(t *testing.T) {
	for _, one := range Builtin().List() {
		for _, dns := range []string{"cloudflare", "route53"} {
			t.Run(fmt.Sprintf("%s %s", one.Name, dns), func(t *testing.T) {
				r, err := Render(one.Name, inTheField(&one, dns))
				if err != nil {
					t.Fatal(err)
				}
				t.Logf("%d bytes are sent, %d left", len(r.Text), r.Left)
				if r.Left < roomOnEC2 {
					t.Errorf("%d bytes are left, %d too few", r.Left, roomOnEC2-r.Left)
				}
			})
		}
	}
}
