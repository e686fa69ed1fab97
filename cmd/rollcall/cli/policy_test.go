package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"rollcall/cmd/rollcall/exit"
	"rollcall/cmd/rollcall/launcher"
	"rollcall/userdata"
)

func TestThePoliciesOfTheConfigNameItsZonesNamesAndTypes(t *testing.T) {
	newWorld(t)
	d := decode[launcher.AWSPolicies](t, must(t, "policy", "aws", "-o", "json"))
	if d.Role != "rollcall-node" || d.RolePolicy == nil || d.TritonPolicy == nil || d.TrustPolicy.Statement[0].Principal["Service"] != "ec2.amazonaws.com" {
		t.Fatalf("%+v", d)
	}
	for _, p := range []*userdata.Policy{d.RolePolicy, d.TritonPolicy} {
		writes := 0
		for _, s := range p.Statement {
			if !slices.Contains(s.Action, "route53:ChangeResourceRecordSets") {
				continue
			}
			writes++
			names := s.Condition["ForAllValues:StringLike"]["route53:ChangeResourceRecordSetsNormalizedRecordNames"]
			if len(s.Resource) != 1 || !strings.HasPrefix(s.Resource[0], "arn:aws:route53:::hostedzone/Z") || len(names) != 4 || !strings.HasSuffix(names[0], "._theservice._tcp.unilans.net") {
				t.Errorf("%+v", s)
			}
			if types := s.Condition["ForAllValues:StringEquals"]["route53:ChangeResourceRecordSetsRecordTypes"]; !slices.Equal(types, []string{"A", "SRV", "TXT"}) {
				t.Errorf("types %q", types)
			}
		}
		if writes != 2 {
			t.Errorf("%d statements that write", writes)
		}
	}
	if !slices.ContainsFunc(d.ConsolePolicy.Statement, func(s userdata.Statement) bool {
		return slices.Equal(s.Action, []string{"route53:GetChange"}) && slices.Equal(s.Resource, []string{"arn:aws:route53:::change/*"})
	}) {
		t.Errorf("the console may not ask how far a change has got: %+v", d.ConsolePolicy)
	}
	text := must(t, "policy", "aws", "--service", "v1._theservice._tcp.unilans.net", "--role", "mine")
	for _, want := range []string{"aws iam create-role --role-name mine", "aws iam create-instance-profile --instance-profile-name mine", "arn:aws:iam::123456789012:role/mine", "mine-triton", "# note: "} {
		if !strings.Contains(text, want) {
			t.Errorf("the text lacks %q", want)
		}
	}
	if strings.Contains(text, "v2._theservice") || strings.Contains(text, "ssm:GetParameter") {
		t.Error("a service that was not asked for is in the policy")
	}
}

func TestAPolicyThatIAMWouldNotTakeIsTold(t *testing.T) {
	newWorld(t)
	text, err := os.ReadFile(getenv(t, "ROLLCALL_CONFIG"))
	if err != nil {
		t.Fatal(err)
	}
	var more strings.Builder
	for n := range 20 {
		fmt.Fprintf(&more, "services:\n  - {name: v%d._more._tcp.unilans.net, kind: dns-sd, zone: unilans.net, port: 80}\n", n+1)
	}
	many := strings.Replace(string(text), "services:\n", "services:\n"+strings.ReplaceAll(more.String(), "services:\n", ""), 1)
	config := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(config, []byte(many), 0o600); err != nil {
		t.Fatal(err)
	}
	const want = "characters, and IAM takes"
	if d := decode[launcher.AWSPolicies](t, must(t, "policy", "aws", "-o", "json", "--config", config)); strings.Count(strings.Join(d.Notes, "\n"), want) != 2 {
		t.Errorf("notes %q", d.Notes)
	}
	if text := must(t, "policy", "aws"); strings.Contains(text, want) {
		t.Errorf("two services are said to be too many:\n%s", text)
	}
}

func TestTheScopesOfCloudflareTokensAreTheZonesOfTheConfig(t *testing.T) {
	newWorld(t)
	d := decode[cloudflareTokens](t, must(t, "policy", "cloudflare", "-o", "json"))
	if len(d.Nodes) != 1 || len(d.Console.Policies) != 1 || len(d.Console.Policies[0].Resources) != 1 || len(d.Console.Policies[0].PermissionGroups) != 2 {
		t.Errorf("%+v", d)
	}
	for id := range d.Console.Policies[0].Resources {
		if !strings.HasPrefix(id, "com.cloudflare.api.account.zone.") || len(id) != len("com.cloudflare.api.account.zone.")+32 {
			t.Errorf("resource %s", id)
		}
	}
	if text := must(t, "policy", "cloudflare"); !strings.Contains(text, "the token of a node can change every record of its zone") {
		t.Errorf("the text says %s", text)
	}
}

func TestMistakesOfPolicyAreOneLine(t *testing.T) {
	newWorld(t)
	for args, want := range map[string]string{
		"policy":                               "needs a command",
		"policy aws --service nope.example":    "the config declares no service",
		"policy aws --zone-id unilans.net":     "write ZONE=ID",
		"policy aws --zone-id nope.example=Z1": "write ZONE=ID",
		"policy aws --role a/b":                "IAM takes letters",
		"policy cloudflare x":                  "takes no argument",
	} {
		if r := rollcall(t, strings.Fields(args)...); r.code != exit.Usage || !strings.Contains(r.err, want) || strings.Count(r.err, "\n") != 1 || r.out != "" {
			t.Errorf("%s: exit code %d, %q", args, r.code, r.err)
		}
	}
}

func TestALaunchMakesRoleAndProfileOnRequestAndSaysSoFirst(t *testing.T) {
	newWorld(t)
	service := "v1._theservice._tcp.unilans.net"
	args := []string{"launch", "--cloud", "aws-use1,aws-euw1,joyent-east", "--service", service, "--create-profile", "svc-nodes", "--set", "register=agent"}
	r := rollcall(t, append(args, "--dry-run")...)
	if r.code != exit.Done || !strings.Contains(r.err, "in AWS account 123456789012 this will be created:") || !strings.Contains(r.err, "role svc-nodes") || strings.Count(r.err, "this will be created") != 1 {
		t.Fatalf("exit code %d: %s", r.code, r.err)
	}
	r = rollcall(t, append(args, "--yes")...)
	if r.code != exit.Done || !strings.Contains(r.err, "this will be created") { // the dry run made nothing
		t.Fatalf("exit code %d: %s", r.code, r.err)
	}
	r = rollcall(t, append(args, "--yes")...)
	if r.code != exit.Done || !strings.Contains(r.err, "has the instance profile svc-nodes already, with this policy") {
		t.Errorf("exit code %d: %s", r.code, r.err)
	}
	for args, want := range map[string]string{
		"--cloud aws-use1 --service " + service + " --create-profile rollcall-node":                             "was not made for these nodes",
		"--cloud aws-use1 --service v2._theservice._tcp.unilans.net --create-profile svc-nodes":                 "was not made for these nodes",
		"--cloud joyent-east --service " + service + " --create-profile x":                                      "none of the clouds is an EC2 cloud",
		"--cloud aws-use1 --service " + service + " --create-profile x --set register=console":                  "they need no rights",
		"--cloud aws-use1 --service " + service + " --create-profile x --instance-profile y":                    "leave out --instance-profile",
		"--cloud aws-use1 --service " + service + " --create-profile a/b":                                       "IAM takes letters",
		"--cloud aws-use1 --service " + service + " --create-profile svc-nodes --set host={id}.nodes --dry-run": "has another policy",
	} {
		if r := rollcall(t, append([]string{"launch", "--yes"}, strings.Fields(args)...)...); r.code == exit.Done || !strings.Contains(r.err, want) || r.out != "" {
			t.Errorf("%s: exit code %d, %q", args, r.code, r.err)
		}
	}
}
