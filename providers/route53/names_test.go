package route53_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"rollcall/providers"
	"rollcall/providers/route53"
)

func TestNamesComeFromOctalEscapesAndGoBack(t *testing.T) {
	for _, c := range []struct{ wire, name, back string }{
		{`\052.unilans.net.`, `*.unilans.net`, `*.unilans.net.`},
		{`WWW.Unilans.NET.`, `www.unilans.net`, `www.unilans.net.`},
		{`a.\052.unilans.net.`, `a.*.unilans.net`, `a.\052.unilans.net.`},
		{`v1\040beta._x._tcp.unilans.net.`, `v1\032beta._x._tcp.unilans.net`, `v1\040beta._x._tcp.unilans.net.`},
		{`a\056b.unilans.net.`, `a\.b.unilans.net`, `a\056b.unilans.net.`},
		{`host\072db1._rollcall.www.unilans.net.`, `host:db1._rollcall.www.unilans.net`, `host\072db1._rollcall.www.unilans.net.`},
		{`\303\274.unilans.net.`, `\195\188.unilans.net`, `\303\274.unilans.net.`},
	} {
		if got := route53.NameFromWire(c.wire); got != c.name {
			t.Errorf("%s was read as %s, want %s", c.wire, got, c.name)
		}
		if got := route53.NameToWire(c.name); got != c.back {
			t.Errorf("%s was written as %s, want %s", c.name, got, c.back)
		}
	}
}

func TestValuesComeInTheirCanonicalFormAndGoBack(t *testing.T) {
	for _, c := range []struct{ typ, wire, value, back string }{
		{"A", "54.1.2.3", "54.1.2.3", "54.1.2.3"},
		{"AAAA", "2001:DB8:0:0::1", "2001:db8::1", "2001:db8::1"},
		{"CNAME", "Web.unilans.net", "Web.unilans.net", "Web.unilans.net."},
		{"SRV", "0 10 4218 node\\0521.unilans.net.", `0 10 4218 node*1.unilans.net`, `0 10 4218 node\0521.unilans.net.`},
		{"PTR", `v1\040beta._x._tcp.unilans.net.`, `v1\032beta._x._tcp.unilans.net`, `v1\040beta._x._tcp.unilans.net.`},
		{"MX", "10  mail.unilans.net.", "10 mail.unilans.net", "10 mail.unilans.net."},
		{"TXT", `"a b" "c"`, `"a b" "c"`, `"a b" "c"`},
		{"TXT", `"\"quoted\" back\\slash"`, `"\"quoted\" back\\slash"`, `"\"quoted\" back\\slash"`},
		{"TXT", `"\303\274"`, `"\195\188"`, `"\303\274"`},
		{"CAA", `0 issue "letsencrypt.org"`, `0 issue "letsencrypt.org"`, `0 issue "letsencrypt.org"`},
	} {
		if got := route53.ValueFromWire(c.typ, c.wire); got != c.value {
			t.Errorf("%s %s was read as %s, want %s", c.typ, c.wire, got, c.value)
		}
		if got := route53.ValueToWire(c.typ, c.value); got != c.back {
			t.Errorf("%s %s was written as %s, want %s", c.typ, c.value, got, c.back)
		}
	}
}

func TestEveryTextAndEveryNameSurviveTheWire(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := make([]string, rapid.IntRange(1, 3).Draw(t, "parts"))
		for i := range parts {
			parts[i] = string(rapid.SliceOfN(rapid.Byte(), 0, 600).Draw(t, "part"))
		}
		value := providers.FormatTXT(parts)
		if back := route53.ValueFromWire("TXT", route53.ValueToWire("TXT", value)); back != value {
			t.Errorf("%s came back as %s", value, back)
		}
		label := string(rapid.SliceOfN(rapid.Byte(), 1, 63).Draw(t, "label"))
		name := providers.CanonicalName(providers.EscapeLabel(label) + ".unilans.net")
		if back := route53.NameFromWire(route53.NameToWire(name)); back != name {
			t.Errorf("%s came back as %s", name, back)
		}
	})
}

func TestEveryRoutingPolicyCanBeReadBackFromItsLine(t *testing.T) {
	for want, set := range map[string]types.ResourceRecordSet{
		"weighted":                                 {Weight: aws.Int64(0)},
		"weighted health=hc-1":                     {Weight: aws.Int64(7), HealthCheckId: aws.String("hc-1")},
		"multivalue health=hc-1":                   {MultiValueAnswer: aws.Bool(true), HealthCheckId: aws.String("hc-1")},
		"region=eu-west-1":                         {Region: types.ResourceRecordSetRegionEuWest1},
		"failover=PRIMARY":                         {Failover: types.ResourceRecordSetFailoverPrimary},
		"continent=EU":                             {GeoLocation: &types.GeoLocation{ContinentCode: aws.String("EU")}},
		"country=US subdivision=*":                 {GeoLocation: &types.GeoLocation{CountryCode: aws.String("US"), SubdivisionCode: aws.String("*")}},
		"cidr-collection=c%201 cidr-location=l%25": {CidrRoutingConfig: &types.CidrRoutingConfig{CollectionId: aws.String("c 1"), LocationName: aws.String("l%")}},
		"near-latitude=1.5 near-longitude=-2 near-bias=-9": {GeoProximityLocation: &types.GeoProximityLocation{
			Coordinates: &types.Coordinates{Latitude: aws.String("1.5"), Longitude: aws.String("-2")}, Bias: aws.Int32(-9),
		}},
	} {
		got := route53.PolicyOf(&set)
		if got != want {
			t.Errorf("%+v is described as %q, want %q", set, got, want)
		}
		var back types.ResourceRecordSet
		if err := route53.SetPolicy(&back, got, aws.ToInt64(set.Weight)); err != nil {
			t.Error(err)
		}
		if d := cmp.Diff(set, back, cmpopts.IgnoreUnexported(types.ResourceRecordSet{}, types.GeoLocation{}, types.CidrRoutingConfig{}, types.GeoProximityLocation{}, types.Coordinates{})); d != "" {
			t.Errorf("%q came back with a difference: %s", got, d)
		}
	}
	for _, bad := range []string{"traffic-policy=t-1", "alias-zone=Z2", "shiny=yes", "near-bias=x"} {
		if err := route53.SetPolicy(&types.ResourceRecordSet{}, bad, 0); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}
