package awsfront

import (
	"encoding/json"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rollcall/providers/providertest"
	"rollcall/providers/sim/world"
)

// The AWS CLI is a client of others. Where it is not installed
// these tests are left out.

// cli runs the AWS CLI against one world.
type cli struct {
	t   *testing.T
	w   *world.World
	env []string
	dir string
}

func newCLI(t *testing.T) *cli {
	t.Helper()
	if testing.Short() {
		t.Skip("make quick leaves this to make test")
	}
	if _, err := exec.LookPath("aws"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("the AWS CLI is not installed, and CI requires it")
		}
		t.Skip("the AWS CLI is not installed")
	}
	w := testWorld(time.Now)
	s := httptest.NewServer(New(w))
	t.Cleanup(s.Close)
	dir := t.TempDir()
	return &cli{t: t, w: w, dir: dir, env: []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "AWS_CONFIG_FILE=" + filepath.Join(dir, "none"), "AWS_SHARED_CREDENTIALS_FILE=" + filepath.Join(dir, "none"),
		"AWS_EC2_METADATA_DISABLED=true", "AWS_ENDPOINT_URL=" + s.URL, "AWS_DEFAULT_REGION=us-east-1", "AWS_REGION=us-east-1",
		"AWS_ACCESS_KEY_ID=" + w.Credentials.AWSKeyID, "AWS_SECRET_ACCESS_KEY=" + w.Credentials.AWSSecret,
		"AWS_MAX_ATTEMPTS=1", "AWS_PAGER=", "AWS_DEFAULT_OUTPUT=json", "LC_ALL=C.UTF-8", "NO_PROXY=*",
	}}
}

// run returns what the CLI answers, or what it says on its error output.
func (c *cli) run(args string, more ...string) (stdout, stderr string, err error) {
	c.t.Helper()
	stdout, stderr, err = providertest.AWS(c.t.Context(), c.dir, c.env, append(strings.Fields(args), more...)...)
	return stdout, strings.TrimSpace(stderr), err
}

// ok returns the JSON that a command prints, and fails the test when the command fails.
func (c *cli) ok(args string, more ...string) map[string]any {
	c.t.Helper()
	out, errs, err := c.run(args, more...)
	if err != nil {
		c.t.Fatalf("aws %s %v: %v\n%s", args, more, err, errs)
	}
	got := map[string]any{}
	if strings.TrimSpace(out) != "" {
		if err := json.Unmarshal([]byte(out), &got); err != nil {
			c.t.Fatalf("aws %s: %v in %s", args, err, out)
		}
	}
	return got
}

// refused runs a command that must fail with an error code.
func (c *cli) refused(code, args string, more ...string) {
	c.t.Helper()
	_, errs, err := c.run(args, more...)
	if err == nil || !strings.Contains(errs, "("+code+")") {
		c.t.Errorf("aws %s: %v, %s; want %s", args, err, errs, code)
	}
}

// rows returns the list under a key.
func rows(m map[string]any, key string) []map[string]any {
	list, _ := m[key].([]any)
	out := make([]map[string]any, len(list))
	for i, x := range list {
		out[i], _ = x.(map[string]any)
	}
	return out
}

func (c *cli) file(name, text string) string {
	c.t.Helper()
	p := filepath.Join(c.dir, name)
	if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
		c.t.Fatal(err)
	}
	return "file://" + p
}

func TestTheAWSCLIListsInstancesInPages(t *testing.T) {
	t.Parallel()
	c := newCLI(t)
	_, total := c.w.Instances("aws-use1", nil, 0, 0)
	got := c.ok("ec2 describe-instances --page-size 5")
	n := 0
	for _, r := range rows(got, "Reservations") {
		n += len(rows(r, "Instances"))
	}
	if n != total {
		t.Errorf("%d instances of %d", n, total)
	}
	got = c.ok("ec2 describe-instances --filters Name=tag:service,Values=w?w Name=instance-state-name,Values=running --query", "{Rows: Reservations[].Instances[].{id: InstanceId, ip: PublicIpAddress, tags: Tags}}")
	for _, r := range rows(got, "Rows") {
		if r["ip"] == nil || !strings.HasPrefix(r["id"].(string), "i-0") {
			t.Errorf("row %v", r)
		}
	}
	if len(rows(got, "Rows")) == 0 {
		t.Error("no running www node")
	}
}

func TestTheAWSCLILaunchesTagsAndTerminates(t *testing.T) {
	t.Parallel()
	c := newCLI(t)
	script := "#!/bin/sh\necho 'hällo & <world>'\n"
	got := c.ok("ec2 run-instances --image-id ami-0d3b1a2f4c5e60718 --instance-type t3.micro --count 2 --client-token one-launch --subnet-id subnet-0a1b2c3d4e5f60718 "+
		"--key-name ops --tag-specifications ResourceType=instance,Tags=[{Key=Name,Value=new},{Key=env,Value=test}] --metadata-options HttpTokens=required --user-data", c.file("script", script))
	made := rows(got, "Instances")
	if len(made) != 2 || made[0]["State"].(map[string]any)["Name"] != "pending" {
		t.Fatalf("launched %v", got)
	}
	id, other := made[0]["InstanceId"].(string), made[1]["InstanceId"].(string)
	if i, err := c.w.Instance("aws-use1", id); err != nil || string(i.UserData) != script || i.Name != "new" {
		t.Errorf("instance %+v, %v", i, err)
	}
	c.ok("ec2 create-tags --tags Key=env,Value=prod Key=note,Value= --resources", id, other)
	if i, err := c.w.Instance("aws-use1", other); err != nil || i.Tags["env"] != "prod" || len(i.Tags) != 3 {
		t.Errorf("tags %v, %v", i.Tags, err)
	}
	got = c.ok("ec2 terminate-instances --instance-ids", id)
	change := rows(got, "TerminatingInstances")[0]
	if change["CurrentState"].(map[string]any)["Name"] != "shutting-down" {
		t.Errorf("terminated: %v", change)
	}
	c.refused("InvalidInstanceID.NotFound", "ec2 terminate-instances --instance-ids i-0123456789abcdef0")
}

func TestTheAWSCLIReadsAConsoleLog(t *testing.T) {
	t.Parallel()
	c := newCLI(t)
	list, _ := c.w.Instances("aws-use1", nil, 0, 1)
	got := c.ok("ec2 get-console-output --latest --instance-id", list[0].ID)
	if text, _ := got["Output"].(string); got["InstanceId"] != list[0].ID || !strings.Contains(text, "Linux version 6.1.0") || got["Timestamp"] == nil {
		t.Errorf("%v", got)
	}
	c.refused("InvalidInstanceID.NotFound", "ec2 get-console-output --instance-id i-0123456789abcdef0")
}

func TestTheAWSCLIReadsTheCatalogueAndTheAddresses(t *testing.T) {
	t.Parallel()
	c := newCLI(t)
	if got := rows(c.ok("ec2 describe-images --owners 136693071363 --filters Name=name,Values=debian-12-*"), "Images"); len(got) != 1 || got[0]["OwnerId"] != "136693071363" {
		t.Errorf("images %v", got)
	}
	if got := rows(c.ok("ec2 describe-instance-types --page-size 5"), "InstanceTypes"); len(got) != len(c.w.Sizes("aws-use1")) {
		t.Errorf("%d instance types", len(got))
	}
	if got := rows(c.ok("ec2 describe-addresses"), "Addresses"); len(got) != 1 || got[0]["PublicIp"] != "34.201.50.10" {
		t.Errorf("addresses %v", got)
	}
	live, _ := c.w.Instances("aws-use1", func(i *world.Instance) bool { return i.Private.IsValid() }, 0, 0)
	if got := rows(c.ok("ec2 describe-network-interfaces --page-size 5"), "NetworkInterfaces"); len(got) != len(live)+1 {
		t.Errorf("%d interfaces, want one for each of %d instances and the load balancer's", len(got), len(live))
	}
}

func TestTheAWSCLIChangesRecordSetsOfEveryType(t *testing.T) {
	t.Parallel()
	c := newCLI(t)
	zones := rows(c.ok("route53 list-hosted-zones"), "HostedZones")
	if len(zones) != 1 || zones[0]["Name"] != world.Route53Zone+"." {
		t.Fatalf("zones %v", zones)
	}
	zone := zones[0]["Id"].(string)
	all := rows(c.ok("route53 list-resource-record-sets --page-size 7 --hosted-zone-id", zone), "ResourceRecordSets")
	if want := int(zones[0]["ResourceRecordSetCount"].(float64)); len(all) != want {
		t.Errorf("%d record sets, want %d", len(all), want)
	}
	values := map[string]string{
		"A": "198.51.100.7", "AAAA": "2001:db8::7", "CNAME": "target.example.net", "TXT": `\"two words\" \"and \\\" more\"`,
		"SRV": "10 20 4218 node.unilans.net", "PTR": "v9._theservice._tcp.unilans.net",
	}
	var changes []string
	for typ, v := range values {
		changes = append(changes, `{"Action":"CREATE","ResourceRecordSet":{"Name":"cli-`+strings.ToLower(typ)+`.unilans.net","Type":"`+typ+`","TTL":60,"ResourceRecords":[{"Value":"`+v+`"}]}}`)
	}
	batch := c.file("batch", `{"Comment":"by the CLI","Changes":[`+strings.Join(changes, ",")+`]}`)
	got := c.ok("route53 change-resource-record-sets --hosted-zone-id", zone, "--change-batch", batch)
	if got["ChangeInfo"].(map[string]any)["Status"] != "PENDING" {
		t.Errorf("change %v", got)
	}
	c.ok("route53 wait resource-record-sets-changed --id", got["ChangeInfo"].(map[string]any)["Id"].(string))
	for _, s := range rows(c.ok("route53 list-resource-record-sets --start-record-name cli-a.unilans.net --start-record-type A --max-items 1 --hosted-zone-id", zone), "ResourceRecordSets") {
		if s["Name"] != "cli-a.unilans.net." || rows(s, "ResourceRecords")[0]["Value"] != "198.51.100.7" {
			t.Errorf("record set %v", s)
		}
	}
	c.refused("InvalidChangeBatch", "route53 change-resource-record-sets --hosted-zone-id "+zone, "--change-batch", batch)
}

func TestTheAWSCLISetsUpARoleForTheNodes(t *testing.T) {
	t.Parallel()
	c := newCLI(t)
	trust := c.file("trust", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)
	policy := c.file("policy", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"route53:ChangeResourceRecordSets","Resource":"*"}]}`)
	c.ok("iam create-role --role-name node --assume-role-policy-document", trust)
	got := c.ok("iam get-role --role-name node")["Role"].(map[string]any)
	if got["Arn"] != "arn:aws:iam::"+c.w.Credentials.AWSAccount+":role/node" || got["AssumeRolePolicyDocument"].(map[string]any)["Version"] != "2012-10-17" {
		t.Errorf("role %v", got)
	}
	c.ok("iam put-role-policy --role-name node --policy-name dns --policy-document", policy)
	c.ok("iam create-instance-profile --instance-profile-name node")
	c.ok("iam add-role-to-instance-profile --instance-profile-name node --role-name node")
	if got := c.ok("sts get-caller-identity"); got["Account"] != c.w.Credentials.AWSAccount {
		t.Errorf("identity %v", got)
	}
}

func TestTheAWSCLIIsRefusedWithWrongCredentials(t *testing.T) {
	t.Parallel()
	c := newCLI(t)
	c.env = append(c.env, "AWS_SECRET_ACCESS_KEY=wrong")
	c.refused("AuthFailure", "ec2 describe-instances")
	c.refused("SignatureDoesNotMatch", "route53 list-hosted-zones")
	c.env = append(c.env, "AWS_ACCESS_KEY_ID=AKIANOBODYKNOWSTHIS1")
	c.refused("InvalidClientTokenId", "sts get-caller-identity")
}
