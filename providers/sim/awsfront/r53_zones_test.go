package awsfront

import (
	"strings"
	"testing"

	"rollcall/providers"
	"rollcall/providers/sim/world"
)

func TestTheAWSCLIMakesAndDeletesPublicAndPrivateZones(t *testing.T) {
	t.Parallel()
	c := newCLI(t)
	id := func(m map[string]any) string { return m["HostedZone"].(map[string]any)["Id"].(string) }
	public := c.ok("route53 create-hosted-zone --name Shop.example --caller-reference one")
	if ns := public["DelegationSet"].(map[string]any)["NameServers"].([]any); len(ns) != 2 || public["VPC"] != nil || public["ChangeInfo"].(map[string]any)["Status"] != "PENDING" {
		t.Fatalf("public: %v", public)
	}
	if got := c.ok("route53 get-change --id", public["ChangeInfo"].(map[string]any)["Id"].(string)); got["ChangeInfo"].(map[string]any)["Status"] != "INSYNC" {
		t.Errorf("its change: %v", got)
	}
	private := c.ok("route53 create-hosted-zone --name shop.example --caller-reference two --vpc VPCRegion=us-east-1,VPCId=vpc-0a1b2c3d4e5f60718 --hosted-zone-config Comment=inside,PrivateZone=true")
	if private["DelegationSet"] != nil || private["VPC"].(map[string]any)["VPCId"] != "vpc-0a1b2c3d4e5f60718" {
		t.Fatalf("private: %v", private)
	}
	config := private["HostedZone"].(map[string]any)["Config"].(map[string]any)
	if config["PrivateZone"] != true || config["Comment"] != "inside" {
		t.Errorf("its config: %v", config)
	}
	got := c.ok("route53 get-hosted-zone --id", id(private))
	if vpcs := rows(got, "VPCs"); len(vpcs) != 1 || vpcs[0]["VPCRegion"] != "us-east-1" || got["DelegationSet"] != nil {
		t.Errorf("get: %v", got)
	}
	if got := rows(c.ok("route53 list-hosted-zones"), "HostedZones"); len(got) != 3 {
		t.Errorf("%d zones", len(got))
	}
	if got := rows(c.ok("route53 list-hosted-zones-by-name --dns-name shop.example --max-items 2"), "HostedZones"); len(got) != 2 || got[0]["Name"] != "shop.example." || got[1]["Name"] != "shop.example." {
		t.Errorf("by name: %v", got)
	}
	if got := rows(c.ok("route53 list-hosted-zones --hosted-zone-type PrivateHostedZone"), "HostedZones"); len(got) != 1 || got[0]["Id"] != id(private) {
		t.Errorf("private ones: %v", got)
	}
	c.refused("HostedZoneAlreadyExists", "route53 create-hosted-zone --name other.example --caller-reference one")
	c.refused("ConflictingDomainExists", "route53 create-hosted-zone --name shop.example --caller-reference three --vpc VPCRegion=us-east-1,VPCId=vpc-0a1b2c3d4e5f60718")
	c.refused("InvalidInput", "route53 create-hosted-zone --name other.example --caller-reference four --hosted-zone-config PrivateZone=true")
	c.refused("InvalidVPCId", "route53 create-hosted-zone --name other.example --caller-reference five --vpc VPCRegion=us-east-1,VPCId=vpc-x")
	c.refused("InvalidDomainName", "route53 create-hosted-zone --caller-reference six --name", "a..example")
	c.refused("InvalidDomainName", "route53 create-hosted-zone --caller-reference seven --name", "bücher.example")
	c.refused("PublicZoneVPCAssociation", "route53 associate-vpc-with-hosted-zone --vpc VPCRegion=us-east-1,VPCId=vpc-0a1b2c3d --hosted-zone-id", id(public))
	c.ok("route53 associate-vpc-with-hosted-zone --vpc VPCRegion=eu-west-1,VPCId=vpc-0a1b2c3d --hosted-zone-id", id(private))
	c.ok("route53 disassociate-vpc-from-hosted-zone --vpc VPCRegion=us-east-1,VPCId=vpc-0a1b2c3d4e5f60718 --hosted-zone-id", id(private))
	c.refused("LastVPCAssociation", "route53 disassociate-vpc-from-hosted-zone --vpc VPCRegion=eu-west-1,VPCId=vpc-0a1b2c3d --hosted-zone-id", id(private))

	change := func(action string) string {
		return c.file(action, `{"Changes":[{"Action":"`+action+`","ResourceRecordSet":{"Name":"www.shop.example","Type":"A","TTL":60,"ResourceRecords":[{"Value":"10.0.0.1"}]}}]}`)
	}
	c.ok("route53 change-resource-record-sets --hosted-zone-id "+id(private), "--change-batch", change("CREATE"))
	c.refused("HostedZoneNotEmpty", "route53 delete-hosted-zone --id", id(private))
	if _, ok := c.w.ZoneOf("www.shop.example"); !ok {
		t.Error("the public zone is not served")
	}
	c.ok("route53 delete-hosted-zone --id", id(public))
	if z, ok := c.w.ZoneOf("www.shop.example"); ok {
		t.Errorf("%s is served though only the private zone is left", z.ID)
	}
	c.ok("route53 change-resource-record-sets --hosted-zone-id "+id(private), "--change-batch", change("DELETE"))
	c.ok("route53 delete-hosted-zone --id", id(private))
	c.refused("NoSuchHostedZone", "route53 get-hosted-zone --id", id(private))
}

func TestAZoneOfTheWorldIsFoundByEveryListingAsSoonAsItIsThere(t *testing.T) {
	s := newSite(t)
	z := s.w.AddZone(world.ZoneSpec{Name: "later.example", Provider: providers.Route53, Reference: "r"})
	if a := s.send(request{service: "route53", method: "GET", path: r53Path + "hostedzone"}); !strings.Contains(a.body, z.ID) {
		t.Errorf("it is not listed: %s", a.body)
	}
	if err := s.w.RemoveZone(z); err != nil {
		t.Fatal(err)
	}
	if a := s.send(request{service: "route53", method: "GET", path: r53Path + "hostedzone/" + z.ID + "/rrset"}); a.code() != "NoSuchHostedZone" {
		t.Errorf("after it went: %d %s", a.status, a.body)
	}
}
