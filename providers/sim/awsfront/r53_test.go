package awsfront

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"rollcall/providers/sim/world"
)

func itoa(n int) string { return strconv.Itoa(n) }

func TestInvalidBatchesAreRefusedInTheWordsOfRoute53(t *testing.T) {
	s := newSite(t)
	if a := s.change(
		set("CREATE", "www.unilans.net", "A", "198.51.100.1"), set("CREATE", "alias.unilans.net", "CNAME", "target.example.net"),
		weighted("CREATE", "w.unilans.net", "one", 1),
	); a.status != 200 {
		t.Fatal(a.body)
	}
	for _, c := range []struct {
		changes []string
		code    string
		message string
	}{
		{[]string{set("CREATE", "WWW.unilans.net.", "A", "198.51.100.2")}, "InvalidChangeBatch", "[Tried to create resource record set [name='www.unilans.net.', type='A'] but it already exists]"},
		{[]string{set("DELETE", "none.unilans.net", "A", "198.51.100.2")}, "InvalidChangeBatch", "[Tried to delete resource record set [name='none.unilans.net.', type='A'] but it was not found]"},
		{[]string{set("DELETE", "www.unilans.net", "A", "198.51.100.2")}, "InvalidChangeBatch", "[Tried to delete resource record set [name='www.unilans.net.', type='A'] but the values provided do not match the current values]"},
		{[]string{strings.Replace(set("DELETE", "www.unilans.net", "A", "198.51.100.1"), ">60<", ">61<", 1)}, "InvalidChangeBatch", "[Tried to delete resource record set [name='www.unilans.net.', type='A'] but the values provided do not match the current values]"},
		{
			[]string{set("CREATE", "www.unilans.net", "A", "198.51.100.2"), set("DELETE", "none.unilans.net", "A", "198.51.100.2"), set("CREATE", "good.unilans.net", "A", "198.51.100.2")},
			"InvalidChangeBatch", "[Tried to create resource record set [name='www.unilans.net.', type='A'] but it already exists, Tried to delete resource record set [name='none.unilans.net.', type='A'] but it was not found]",
		},
		{[]string{set("CREATE", "www.unilans.net", "CNAME", "x.example.net")}, "InvalidChangeBatch", "[RRSet of type CNAME with DNS name www.unilans.net. is not permitted as it conflicts with other records with the same DNS name in zone unilans.net.]"},
		{[]string{set("CREATE", "alias.unilans.net", "A", "198.51.100.2")}, "InvalidChangeBatch", "[RRSet of type A with DNS name alias.unilans.net. is not permitted because a conflicting RRSet of type CNAME with the same DNS name already exists in zone unilans.net.]"},
		{[]string{set("CREATE", "unilans.net", "CNAME", "x.example.net")}, "InvalidChangeBatch", "[RRSet of type CNAME with DNS name unilans.net. is not permitted at apex in zone unilans.net.]"},
		{[]string{set("CREATE", "www.example.net", "A", "198.51.100.2")}, "InvalidChangeBatch", "[RRSet with DNS name www.example.net. is not permitted in zone unilans.net.]"},
		{[]string{set("CREATE", "notunilans.net", "A", "198.51.100.2")}, "InvalidChangeBatch", "[RRSet with DNS name notunilans.net. is not permitted in zone unilans.net.]"},
		{[]string{set("CREATE", "a..unilans.net", "A", "198.51.100.2")}, "InvalidChangeBatch", "[FATAL problem: DomainLabelEmpty (Domain label is empty) encountered with 'a..unilans.net']"},
		{[]string{set("CREATE", "n.unilans.net", "A", "256.1.1.1")}, "InvalidChangeBatch", "[Invalid Resource Record: 'FATAL problem: ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address) encountered with '256.1.1.1'']"},
		{[]string{set("CREATE", "n.unilans.net", "AAAA", "198.51.100.2")}, "InvalidChangeBatch", "[Invalid Resource Record: 'FATAL problem: AAAARRDATAIllegalIPv6Address (Value is not a valid IPv6 address) encountered with '198.51.100.2'']"},
		{[]string{set("CREATE", "n.unilans.net", "TXT", "unquoted")}, "InvalidChangeBatch", "[Invalid Resource Record: 'FATAL problem: InvalidCharacterString (Value should be enclosed in quotation marks) encountered with 'unquoted'']"},
		{[]string{set("CREATE", "n.unilans.net", "TXT", `"`+strings.Repeat("x", 256)+`"`)}, "InvalidChangeBatch", "[Invalid Resource Record: 'FATAL problem: CharacterStringTooLong (Value is too long) encountered with"},
		{[]string{set("CREATE", "n.unilans.net", "SRV", "10 4218 node.unilans.net")}, "InvalidChangeBatch", "[Invalid Resource Record: 'FATAL problem: SRVRRDATANotFourFields"},
		{[]string{set("CREATE", "n.unilans.net", "SRV", "10 10 70000 node.unilans.net")}, "InvalidChangeBatch", "[Invalid Resource Record: 'FATAL problem: SRVRRDATAIllegalNumber"},
		{[]string{set("CREATE", "n.unilans.net", "MX", "mail.unilans.net")}, "InvalidChangeBatch", "[Invalid Resource Record: 'FATAL problem: MXRRDATANotTwoFields"},
		{[]string{set("CREATE", "n.unilans.net", "A", "198.51.100.2", "198.51.100.2")}, "InvalidChangeBatch", "[Duplicate Resource Record: '198.51.100.2']"},
		{[]string{set("CREATE", "n.unilans.net", "CNAME", "a.net", "b.net")}, "InvalidChangeBatch", "[RRSet of type CNAME"},
		{[]string{set("UPSERT", "n.unilans.net", "A", "198.51.100.2"), set("UPSERT", "N.unilans.net.", "A", "198.51.100.3")}, "InvalidChangeBatch", "[The request contains an invalid set of changes for a resource record set 'A n.unilans.net.']"},
		{[]string{strings.Replace(set("DELETE", "unilans.net", "NS", "ns-101.awsdns-12.example.com.", "ns-702.awsdns-24.example.net."), ">60<", ">172800<", 1)}, "InvalidChangeBatch", "[A HostedZone must contain at least one NS record for the zone itself.]"},
		{[]string{set("CREATE", "w.unilans.net", "A", "198.51.100.2")}, "InvalidChangeBatch", "[RRSet with DNS name w.unilans.net., type A cannot be created because a non-simple RRSet with the same name and type already exists.]"},
		{[]string{weighted("CREATE", "www.unilans.net", "one", 1)}, "InvalidChangeBatch", "[RRSet with DNS name www.unilans.net., type A, SetIdentifier one cannot be created because a non-weighted RRSet with the same name and type already exists.]"},
		{[]string{weighted("CREATE", "w.unilans.net", "one", 1)}, "InvalidChangeBatch", "[Tried to create resource record set [name='w.unilans.net.', type='A', set-identifier='one'] but it already exists]"},
		{[]string{weighted("CREATE", "w.unilans.net", "two", 256)}, "InvalidInput", ""},
		{[]string{strings.Replace(weighted("CREATE", "w.unilans.net", "two", 1), "<SetIdentifier>two</SetIdentifier>", "", 1)}, "InvalidInput", "Invalid request: Missing field 'SetIdentifier' in Change with [Action=CREATE, Name=w.unilans.net, Type=A, SetIdentifier=null]"},
		{[]string{strings.Replace(set("CREATE", "n.unilans.net", "A", "198.51.100.2"), "<TTL>60</TTL>", "", 1)}, "InvalidInput", "Invalid request: Missing field 'TTL' in Change with [Action=CREATE, Name=n.unilans.net, Type=A, SetIdentifier=null]"},
		{[]string{`<Change><Action>CREATE</Action><ResourceRecordSet><Name>n.unilans.net</Name><Type>A</Type></ResourceRecordSet></Change>`}, "InvalidInput", "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId], but found none in Change with [Action=CREATE, Name=n.unilans.net, Type=A, SetIdentifier=null]"},
		{[]string{set("REPLACE", "n.unilans.net", "A", "198.51.100.2")}, "InvalidInput", ""},
		{[]string{set("CREATE", "n.unilans.net", "LOC", "1 2 3")}, "InvalidInput", ""},
		{nil, "InvalidInput", ""},
		{[]string{"<Change>"}, "InvalidInput", ""},
	} {
		a := s.change(c.changes...)
		if a.status != 400 || a.code() != c.code || !strings.HasPrefix(a.message(), c.message) {
			t.Errorf("%.300v:\n got %d %s %s\nwant %s %s", c.changes, a.status, a.code(), a.message(), c.code, c.message)
		}
	}
	if a := s.r53("hostedzone/" + s.zone().ID + "/rrset?name=good.unilans.net&type=A&maxitems=1"); strings.Contains(a.body, "good.unilans.net.") {
		t.Error("half of a refused batch was made")
	}
}

func weighted(action, name, id string, weight int) string {
	return `<Change><Action>` + action + `</Action><ResourceRecordSet><Name>` + name + `</Name><Type>A</Type><SetIdentifier>` + id + `</SetIdentifier><Weight>` + itoa(weight) +
		`</Weight><TTL>60</TTL>` + records("198.51.100.9") + `</ResourceRecordSet></Change>`
}

func TestABatchHoldsAThousandElementsAnd32000CharactersAndAnUpsertCountsTwice(t *testing.T) {
	s := newSite(t)
	batch := func(action string, n int, value func(i int) string) answer {
		var b []string
		for i := range n {
			b = append(b, set(action, action+itoa(i)+".limits.unilans.net", "TXT", value(i)))
		}
		return s.change(b...)
	}
	short := func(int) string { return `"x"` }
	long := func(int) string { return `"` + strings.Repeat("x", 198) + `"` } // 200 characters
	for _, c := range []struct {
		action  string
		n       int
		value   func(int) string
		message string
	}{
		{"CREATE", 1001, short, "[Number of records limit of 1000 exceeded.]"},
		{"UPSERT", 501, short, "[Number of records limit of 1000 exceeded.]"},
		{"CREATE", 161, long, "[RDATA character limit of 32000 exceeded.]"},
		{"UPSERT", 81, long, "[RDATA character limit of 32000 exceeded.]"},
		{"UPSERT", 500, short, ""},
		{"CREATE", 1000, short, ""},
		{"UPSERT", 80, long, ""},
	} {
		a := batch(c.action, c.n, c.value)
		if c.message == "" && a.status != 200 || c.message != "" && (a.code() != "InvalidChangeBatch" || a.message() != c.message) {
			t.Errorf("%d %s of %d characters: %.200s", c.n, c.action, len(c.value(0)), a.body)
		}
	}
}

func TestRecordSetsComeInPagesOfAtMost300FromAnyPlaceOn(t *testing.T) {
	s := newSite(t)
	var b []string
	for i := range 700 {
		b = append(b, set("CREATE", "p"+itoa(i)+".unilans.net", "A", "198.51.100.1"))
	}
	if a := s.change(b...); a.status != 200 {
		t.Fatal(a.body)
	}
	total := setCount(s.zone())
	c := route53.NewFromConfig(s.config("us-east-1"))
	for _, limit := range []*int32{nil, aws.Int32(1000), aws.Int32(97)} {
		p := route53.NewListResourceRecordSetsPaginator(c, &route53.ListResourceRecordSetsInput{HostedZoneId: aws.String(s.zone().ID), MaxItems: limit})
		seen := map[string]bool{}
		for p.HasMorePages() {
			out, err := p.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if len(out.ResourceRecordSets) > 300 {
				t.Errorf("a page of %d", len(out.ResourceRecordSets))
			}
			for _, r := range out.ResourceRecordSets {
				seen[aws.ToString(r.Name)+" "+string(r.Type)] = true
			}
		}
		if len(seen) != total {
			t.Errorf("%d of %d record sets", len(seen), total)
		}
	}
	out, err := c.ListResourceRecordSets(t.Context(), &route53.ListResourceRecordSetsInput{
		HostedZoneId: aws.String(s.zone().ID), StartRecordName: aws.String("P5.unilans.net"), StartRecordType: types.RRTypeA, MaxItems: aws.Int32(1),
	})
	if err != nil || aws.ToString(out.ResourceRecordSets[0].Name) != "p5.unilans.net." {
		t.Errorf("from p5 on: %+v, %v", out, err)
	}
	for _, q := range []string{"?type=A", "?name=x&identifier=y", "?name=x&type=NOPE", "?maxitems=0", "?maxitems=x"} {
		if a := s.r53("hostedzone/" + s.zone().ID + "/rrset" + q); a.code() != "InvalidInput" {
			t.Errorf("%s: %s", q, a.body)
		}
	}
}

func TestNamesAreReadAndAnsweredInOctalEscapes(t *testing.T) {
	s := newSite(t)
	if a := s.change(set("CREATE", "*.star.unilans.net", "A", "198.51.100.1"), set("CREATE", `a\040b\056c.unilans.net`, "A", "198.51.100.1")); a.status != 200 {
		t.Fatal(a.body)
	}
	a := s.r53("hostedzone/" + s.zone().ID + "/rrset")
	for _, want := range []string{`<Name>\052.star.unilans.net.</Name>`, `<Name>a\040b\056c.unilans.net.</Name>`} {
		if !strings.Contains(a.body, want) {
			t.Errorf("no %s", want)
		}
	}
	if a := s.change(set("DELETE", `\052.star.unilans.net`, "A", "198.51.100.1")); a.status != 200 {
		t.Errorf("deleted by its escaped name: %s", a.body)
	}
}

func TestValuesAreReadAndAnsweredInOctalEscapesAndServedAsTheyAreMeant(t *testing.T) {
	for _, c := range []struct{ typ, value, served string }{
		{"PTR", `My\040Web\056B\303\274ro._http._tcp.unilans.net.`, `My\032Web\.B\195\188ro._http._tcp.unilans.net.`},
		{"SRV", `1 2 80 a\052b.unilans.net.`, `1 2 80 a*b.unilans.net.`},
		{"TXT", `"caf\303\251 \"q\" \\101"`, `"caf\195\169 \"q\" \\101"`},
	} {
		s := newSite(t)
		if a := s.change(set("CREATE", "x.unilans.net", c.typ, c.value)); a.status != 200 {
			t.Fatal(a.body)
		}
		s.at = s.at.Add(time.Second)
		sets, _ := s.zone().Served("x.unilans.net")
		if got := sets[c.typ].Values; !slices.Equal(got, []string{c.served}) {
			t.Errorf("%s %s is served as %q", c.typ, c.value, got)
		}
		a := s.r53("hostedzone/" + s.zone().ID + "/rrset?name=x.unilans.net")
		if want := "<Value>" + strings.ReplaceAll(c.value, `"`, "&#34;") + "</Value>"; !strings.Contains(a.body, want) {
			t.Errorf("%s %s is answered as %s", c.typ, c.value, a.body)
		}
		if a := s.change(set("DELETE", "x.unilans.net", c.typ, c.value)); a.status != 200 {
			t.Errorf("deleted by its escaped value: %s", a.body)
		}
	}
}

func TestRoutingPoliciesAndAliasesAreKept(t *testing.T) {
	s := newSite(t)
	c := route53.NewFromConfig(s.config("us-east-1"))
	zone := aws.String(s.zone().ID)
	records := []types.ResourceRecord{{Value: aws.String("198.51.100.1")}}
	sets := []types.ResourceRecordSet{
		{Name: aws.String("r.unilans.net."), Type: types.RRTypeA, SetIdentifier: aws.String("a"), Weight: aws.Int64(0), TTL: aws.Int64(60), ResourceRecords: records, HealthCheckId: aws.String("hc")},
		{Name: aws.String("r.unilans.net."), Type: types.RRTypeA, SetIdentifier: aws.String("b"), Weight: aws.Int64(255), TTL: aws.Int64(60), ResourceRecords: records},
		{Name: aws.String("s.unilans.net."), Type: types.RRTypeA, SetIdentifier: aws.String("eu"), GeoLocation: &types.GeoLocation{ContinentCode: aws.String("EU")}, TTL: aws.Int64(60), ResourceRecords: records},
		{Name: aws.String("t.unilans.net."), Type: types.RRTypeA, SetIdentifier: aws.String("m"), MultiValueAnswer: aws.Bool(true), TTL: aws.Int64(60), ResourceRecords: records},
		{Name: aws.String("u.unilans.net."), Type: types.RRTypeA, AliasTarget: &types.AliasTarget{HostedZoneId: aws.String("Z35SXDOTRQ7X7K"), DNSName: aws.String("lb.example.net."), EvaluateTargetHealth: true}},
		{Name: aws.String("v.unilans.net."), Type: types.RRTypeA, SetIdentifier: aws.String("p"), Failover: types.ResourceRecordSetFailoverPrimary, TTL: aws.Int64(60), ResourceRecords: records},
		{Name: aws.String("w.unilans.net."), Type: types.RRTypeA, SetIdentifier: aws.String("l"), Region: types.ResourceRecordSetRegionEuWest1, TTL: aws.Int64(60), ResourceRecords: records},
	}
	change := func(action types.ChangeAction, sets []types.ResourceRecordSet) error {
		b := &types.ChangeBatch{}
		for i := range sets {
			b.Changes = append(b.Changes, types.Change{Action: action, ResourceRecordSet: &sets[i]})
		}
		_, err := c.ChangeResourceRecordSets(t.Context(), &route53.ChangeResourceRecordSetsInput{HostedZoneId: zone, ChangeBatch: b})
		return err
	}
	if err := change(types.ChangeActionCreate, sets); err != nil {
		t.Fatal(err)
	}
	out, err := c.ListResourceRecordSets(t.Context(), &route53.ListResourceRecordSetsInput{HostedZoneId: zone, StartRecordName: aws.String("r.unilans.net"), MaxItems: aws.Int32(7)})
	if err != nil {
		t.Fatal(err)
	}
	var got []types.ResourceRecordSet
	for _, r := range out.ResourceRecordSets {
		if name := aws.ToString(r.Name); len(name) == len("r.unilans.net.") {
			got = append(got, r)
		}
	}
	// What was answered names exactly what is there.
	if err := change(types.ChangeActionDelete, got); err != nil || len(got) < 2 {
		t.Errorf("%d of %d came back; deleted: %v", len(got), len(sets), err)
	}
}

func TestADeleteNamesValuesAndTTLAsTheyStandAndTheNameInAnySpelling(t *testing.T) {
	for typ, v := range map[string]struct{ is, other string }{
		"CNAME": {"Target.unilans.net.", "target.unilans.net."}, "SRV": {"1 1 80 n.unilans.net.", "1 1 80 n.unilans.net"},
		"TXT": {`"ab"`, `"a" "b"`}, "AAAA": {"2001:db8::1", "2001:DB8:0::1"},
	} {
		s := newSite(t)
		for _, c := range []struct{ action, name, value, code string }{
			{"CREATE", "z.unilans.net", v.is, ""}, {"DELETE", "z.unilans.net", v.other, "InvalidChangeBatch"}, {"DELETE", `\132.unilans.net.`, v.is, ""},
		} {
			if a := s.change(set(c.action, c.name, typ, c.value)); a.code() != c.code {
				t.Errorf("%s %s %s: %s", c.action, typ, c.value, a.body)
			}
		}
	}
}

func TestAChangeIsPendingUntilTheNameServersHaveIt(t *testing.T) {
	s := newSite(t)
	a := s.change(set("DELETE", "_services._dns-sd._udp.unilans.net", "PTR", "x.unilans.net"), set("CREATE", "q.unilans.net", "A", "198.51.100.1"))
	if a.code() != "InvalidChangeBatch" {
		t.Errorf("a delete of other values: %s", a.body)
	}
	a = s.change(set("CREATE", "q.unilans.net", "A", "198.51.100.1"), set("CREATE", "q.unilans.net", "TXT", `"1"`))
	_, rest, _ := strings.Cut(a.body, "<Id>/change/")
	id, _, _ := strings.Cut(rest, "</Id>")
	if a := s.r53("change/" + id); !strings.Contains(a.body, "<Status>PENDING</Status>") {
		t.Errorf("at once: %s", a.body)
	}
	s.at = s.at.Add(time.Second)
	if a := s.r53("change/" + id); !strings.Contains(a.body, "<Status>INSYNC</Status>") {
		t.Errorf("later: %s", a.body)
	}
	if a := s.r53("change/C0"); a.status != 404 || a.code() != "NoSuchChange" {
		t.Errorf("another: %s", a.body)
	}
	// An exchange of one set for another in one batch is what an adapter does.
	if a := s.change(set("DELETE", "q.unilans.net", "A", "198.51.100.1"), set("CREATE", "q.unilans.net", "A", "198.51.100.2")); a.status != 200 {
		t.Errorf("exchange: %s", a.body)
	}
	if sets, _ := s.zone().Served("q.unilans.net"); sets["A"].Values[0] != "198.51.100.1" {
		t.Errorf("served before it is in sync: %v", sets)
	}
}

func TestZonesAreListedAndToldWithTheirNameServers(t *testing.T) {
	s := newSite(t)
	c := route53.NewFromConfig(s.config("us-east-1"))
	z, err := c.GetHostedZone(t.Context(), &route53.GetHostedZoneInput{Id: aws.String("/hostedzone/" + s.zone().ID)})
	if err != nil || len(z.DelegationSet.NameServers) != 2 || aws.ToInt64(z.HostedZone.ResourceRecordSetCount) != int64(setCount(s.zone())) || aws.ToString(z.HostedZone.Name) != world.Route53Zone+"." {
		t.Errorf("zone %+v, %v", z, err)
	}
	for from, want := range map[string]int{"": 1, "a.net": 1, world.Route53Zone: 1, "zzz.net": 0} {
		out, err := c.ListHostedZonesByName(t.Context(), &route53.ListHostedZonesByNameInput{DNSName: aws.String(from)})
		if err != nil || len(out.HostedZones) != want {
			t.Errorf("from %q: %d zones, %v", from, len(out.HostedZones), err)
		}
	}
	n, err := c.GetHostedZoneCount(t.Context(), nil)
	if err != nil || aws.ToInt64(n.HostedZoneCount) != 1 {
		t.Errorf("count %+v, %v", n, err)
	}
}

func TestAListingThatBeginsAtANameThatIsNoneIsRefused(t *testing.T) {
	s := newSite(t)
	c := route53.NewFromConfig(s.config("us-east-1"))
	for name, wrong := range map[string]bool{"www.unilans.net": false, "*.unilans.net.": false, "a..unilans.net": true, strings.Repeat("x", 64) + ".unilans.net": true} {
		_, err := c.ListResourceRecordSets(t.Context(), &route53.ListResourceRecordSetsInput{HostedZoneId: aws.String(s.zone().ID), StartRecordName: aws.String(name)})
		if (err != nil) != wrong || wrong && !strings.Contains(err.Error(), "InvalidInput") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
