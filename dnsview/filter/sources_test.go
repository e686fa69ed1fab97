package filter

import (
	"testing"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/rows"
	"rollcall/dnsview/tree"
	"rollcall/providers"
)

func TestAFilterChoosesSources(t *testing.T) {
	cloud := rows.Source{Name: "aws-use1", Kind: rows.KindCloud, Provider: "ec2", Account: "123456789012", Region: "us-east-1", CloudKey: "ab12", RowsFrom: now.Add(-time.Minute), Coverage: providers.Coverage{State: providers.CoverageComplete, Finished: now}}
	why := "Rate exceeded"
	zone := rows.Source{Name: "unilans.net", Kind: rows.KindZone, Provider: "route53", Error: &why, Coverage: providers.Coverage{State: providers.CoverageFailed, Err: providers.Errorf(providers.KindThrottled, "list", "%s", why)}}
	cloud.SetState(now, time.Hour)
	zone.SetState(now, time.Hour)
	for _, c := range []struct {
		filter      string
		cloud, zone bool
	}{
		{"", true, true},
		{"provider:ec2", true, false},
		{"-provider:ec2", false, true},
		{"cloud:aws", true, false},
		{"zone:unilans", false, true},
		{"cloud:unilans", false, false},
		{"state:failed", false, true},
		{"state:throttled", false, true},
		{"type=zone", false, true},
		{"region:us", true, false},
		{"id:1234", true, false},
		{"age<2m", true, false},
		{"exceeded", false, true},
		{"name:unilans", false, true},
		{"owner:x", false, false},
	} {
		f, err := Parse(c.filter)
		if err != nil {
			t.Fatal(err)
		}
		if a, b := f.Match(&cloud), f.Match(&zone); a != c.cloud || b != c.zone {
			t.Errorf("%q: %v and %v, want %v and %v", c.filter, a, b, c.cloud, c.zone)
		}
	}
}

func TestAServicePassesByItselfOrByOneOfItsNodes(t *testing.T) {
	node := &tree.Node{State: tree.NodeDead}
	node.Ref.Cloud, node.Ref.Name, node.Ref.ID = "aws-use1", "www-01", "i-1"
	thin := &dnsview.Finding{Class: dnsview.Thin, Severity: dnsview.Critical}
	r := &tree.Members{Name: "www.scalability.expert", Kind: "rr", Zone: "scalability.expert", Clouds: []string{"aws-use1"}, Nodes: []*tree.Node{node}, Findings: []*dnsview.Finding{thin}}
	for text, want := range map[string]bool{
		"cloud:aws": true, "cloud:joyent": false, "www-01": true, "finding:thin": true, "severity:critical": true, "zone:scalability": true,
		"finding:dead": false, "service:www": true, "type:rr": true,
	} {
		f, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := f.Match(&rows.Service{Members: r}) || f.Match(rows.NewNode(nil, node)); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}
