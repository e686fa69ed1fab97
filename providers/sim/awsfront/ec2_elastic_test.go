package awsfront

import (
	"strings"
	"testing"
	"time"

	"rollcall/providers"
	"rollcall/providers/sim/world"
)

// describe returns one instance as the CLI sees it, once it runs.
func (c *cli) describe(id string) map[string]any {
	c.t.Helper()
	for range 100 {
		i := rows(rows(c.ok("ec2 describe-instances --instance-ids "+id), "Reservations")[0], "Instances")[0]
		if i["State"].(map[string]any)["Name"] == "running" {
			return i
		}
		time.Sleep(50 * time.Millisecond)
	}
	c.t.Fatal("it never ran")
	return nil
}

func TestTheAWSCLIGivesAnElasticAddressToAnInstanceAndTakesItAway(t *testing.T) {
	t.Parallel()
	c := newCLI(t)
	a := c.ok("ec2 allocate-address --domain vpc --tag-specifications", "ResourceType=elastic-ip,Tags=[{Key=for,Value=www}]")
	id, ip := a["AllocationId"].(string), a["PublicIp"].(string)
	inst, _ := c.w.Instances("aws-use1", func(i *world.Instance) bool { return i.State == providers.StateRunning && !i.Elastic }, 0, 2)
	one, two := inst[0].ID, inst[1].ID
	c.refused("InvalidAllocationID.NotFound", "ec2 associate-address --allocation-id eipalloc-00000000000000000 --instance-id "+one)
	c.refused("InvalidInstanceID.NotFound", "ec2 associate-address --allocation-id "+id+" --instance-id i-00000000000000000")
	c.refused("DryRunOperation", "ec2 associate-address --dry-run --allocation-id "+id+" --instance-id "+one)
	assoc := c.ok("ec2 associate-address --allocation-id " + id + " --instance-id " + one)["AssociationId"].(string)
	if i := c.describe(one); i["PublicIpAddress"] != ip {
		t.Errorf("its address is %v, want %s", i["PublicIpAddress"], ip)
	}
	c.refused("Resource.AlreadyAssociated", "ec2 associate-address --no-allow-reassociation --allocation-id "+id+" --instance-id "+two)
	c.refused("InvalidIPAddress.InUse", "ec2 release-address --allocation-id "+id)
	got := rows(c.ok("ec2 describe-addresses --allocation-ids "+id), "Addresses")[0]
	if got["InstanceId"] != one || got["AssociationId"] != assoc || rows(got, "Tags")[0]["Value"] != "www" {
		t.Errorf("%v", got)
	}
	// It stays with the account over a stop, and moves to another instance.
	c.ok("ec2 associate-address --allocation-id " + id + " --instance-id " + two)
	if i := c.describe(one); i["PublicIpAddress"] == ip || i["PublicIpAddress"] == nil {
		t.Errorf("the first has %v", i["PublicIpAddress"])
	}
	assoc = rows(c.ok("ec2 describe-addresses --public-ips "+ip), "Addresses")[0]["AssociationId"].(string)
	c.ok("ec2 disassociate-address --association-id " + assoc)
	c.refused("InvalidAssociationID.NotFound", "ec2 disassociate-address --association-id "+assoc)
	if i := c.describe(two); i["PublicIpAddress"] == ip {
		t.Error("it still has the address")
	}
	c.ok("ec2 release-address --allocation-id " + id)
	c.refused("InvalidAllocationID.NotFound", "ec2 describe-addresses --allocation-ids "+id)
}

func TestTheAWSCLILaunchesWithAPrivateAddressOnlyAndWithIPv6(t *testing.T) {
	t.Parallel()
	c := newCLI(t)
	const run = "ec2 run-instances --image-id ami-0d3b1a2f4c5e60718 --instance-type t3.micro "
	launch := func(more string) map[string]any {
		return c.describe(rows(c.ok(run+more), "Instances")[0]["InstanceId"].(string))
	}
	i := launch("--subnet-id subnet-0a1b2c3d4e5f60718 --no-associate-public-ip-address")
	if i["PublicIpAddress"] != nil || i["PrivateIpAddress"] == nil || i["PublicDnsName"] != "" {
		t.Errorf("%v", i)
	}
	if nic := rows(i, "NetworkInterfaces")[0]; nic["Association"] != nil {
		t.Errorf("%v", nic)
	}
	i = launch("--subnet-id subnet-0a1b2c3d4e5f60718 --ipv6-address-count 2")
	v6 := rows(rows(i, "NetworkInterfaces")[0], "Ipv6Addresses")
	if len(v6) != 2 || i["PublicIpAddress"] == nil || v6[0]["Ipv6Address"] == v6[1]["Ipv6Address"] || !strings.HasPrefix(v6[0]["Ipv6Address"].(string), "2600:1f18:") || i["Ipv6Address"] != v6[0]["Ipv6Address"] {
		t.Errorf("%v, %v", i["Ipv6Address"], v6)
	}
	// An instance without a public address can be given an elastic one, and has none again afterwards.
	id := launch("--no-associate-public-ip-address")["InstanceId"].(string)
	a := c.ok("ec2 allocate-address")
	assoc := c.ok("ec2 associate-address --allocation-id " + a["AllocationId"].(string) + " --instance-id " + id)["AssociationId"].(string)
	if i := c.describe(id); i["PublicIpAddress"] != a["PublicIp"] {
		t.Errorf("%v", i["PublicIpAddress"])
	}
	c.ok("ec2 disassociate-address --association-id " + assoc)
	if i := c.describe(id); i["PublicIpAddress"] != nil {
		t.Errorf("%v", i["PublicIpAddress"])
	}
}

func TestTheAWSCLITakesOnARoleByItsProfile(t *testing.T) {
	t.Parallel()
	c := newCLI(t)
	c.ok("iam create-role --role-name reader --assume-role-policy-document", trustRoot)
	c.ok("iam put-role-policy --role-name reader --policy-name p --policy-document", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ec2:Describe*","Resource":"*"}]}`)
	config := c.file("config", "[profile taken]\nrole_arn = arn:aws:iam::123456789012:role/reader\ncredential_source = Environment\nrole_session_name = me\nduration_seconds = 900\n")
	c.env = append(c.env, "AWS_CONFIG_FILE="+strings.TrimPrefix(config, "file://"))
	if got := c.ok("sts get-caller-identity --profile taken"); got["Arn"] != "arn:aws:sts::123456789012:assumed-role/reader/me" {
		t.Errorf("%v", got)
	}
	c.ok("ec2 describe-addresses --profile taken")
	c.refused("UnauthorizedOperation", "ec2 allocate-address --profile taken")
}
