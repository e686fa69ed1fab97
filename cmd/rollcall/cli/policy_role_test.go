package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rollcall/cmd/rollcall/exit"
	"rollcall/cmd/rollcall/launcher"
	"rollcall/providers"
	"rollcall/providers/providertest"
	"rollcall/providers/sim"
	"rollcall/providers/sim/world"
)

// The policies that rollcall policy aws prints are held against the AWS CLI, with the credentials of a
// role that has them and nothing else.

// awsCLI runs the AWS CLI in the home folder of the test as a client of the world, with further environment.
func awsCLI(t *testing.T, env []string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	dir := getenv(t, "HOME")
	env = append(append(environment(t).List(), "AWS_MAX_ATTEMPTS=1", "AWS_PAGER=", "AWS_DEFAULT_REGION=us-east-1", "AWS_REGION=us-east-1", "AWS_EC2_METADATA_DISABLED=true"), env...)
	stdout, stderr, err = providertest.AWS(t.Context(), dir, env, append(args, "--output", "json")...)
	return stdout, strings.TrimSpace(stderr), err
}

func mustAWS(t *testing.T, env []string, args ...string) string {
	t.Helper()
	out, errs, err := awsCLI(t, env, args...)
	if err != nil {
		t.Fatalf("aws %v: %v: %s", args, err, errs)
	}
	return out
}

// assumed makes a role with a policy and returns the environment of a client that has assumed it.
func assumed(t *testing.T, role string, policy any) []string {
	t.Helper()
	need(t, "aws")
	text, err := json.Marshal(policy)
	if err != nil {
		t.Fatal(err)
	}
	mustAWS(t, nil, "iam", "create-role", "--role-name", role, "--assume-role-policy-document", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"sts:AssumeRole"}}`)
	mustAWS(t, nil, "iam", "put-role-policy", "--role-name", role, "--policy-name", "p", "--policy-document", string(text))
	out := mustAWS(t, nil, "sts", "assume-role", "--role-arn", "arn:aws:iam::123456789012:role/"+role, "--role-session-name", "i-0123")
	d := decode[struct {
		Credentials struct{ AccessKeyID, SecretAccessKey, SessionToken string }
	}](t, strings.ReplaceAll(out, "AccessKeyId", "AccessKeyID"))
	c := d.Credentials
	return []string{"AWS_ACCESS_KEY_ID=" + c.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + c.SecretAccessKey, "AWS_SESSION_TOKEN=" + c.SessionToken}
}

// theZone is the id of the world's Route 53 zone.
func theZone(s *sim.Sim) string { return s.World().Zones(providers.Route53)[0].ID }

// changeBatch writes a change batch into a file.
func changeBatch(t *testing.T, changes ...string) string {
	t.Helper()
	var list []string
	for _, c := range changes {
		f := strings.SplitN(c, " ", 4) // action, name, type, value
		value, err := json.Marshal(f[3])
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, fmt.Sprintf(`{"Action":%q,"ResourceRecordSet":{"Name":%q,"Type":%q,"TTL":60,"ResourceRecords":[{"Value":%s}]}}`, f[0], f[1], f[2], value))
	}
	path := filepath.Join(t.TempDir(), "batch.json")
	if err := os.WriteFile(path, []byte(`{"Changes":[`+strings.Join(list, ",")+`]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	return "file://" + path
}

func TestThePolicyOfTheNodesAllowsWhatTheAgentDoesAndNothingElse(t *testing.T) {
	s := newWorld(t)
	d := decode[launcher.AWSPolicies](t, must(t, "policy", "aws", "-o", "json"))
	env := assumed(t, "nodes", d.RolePolicy)
	zone := theZone(s)
	const node = "i-0123456789abcdef0"
	change := func(changes ...string) []string {
		return []string{"route53", "change-resource-record-sets", "--hosted-zone-id", zone, "--change-batch", changeBatch(t, changes...)}
	}
	host, marker := "CREATE new-1.unilans.net A 192.0.2.7", "CREATE "+node+"._rollcall.new-1.unilans.net TXT \"rollcall1 x\""
	for _, args := range [][]string{
		{"sts", "get-caller-identity"},
		{"route53", "list-hosted-zones-by-name", "--dns-name", "unilans.net"},
		{"route53", "list-resource-record-sets", "--hosted-zone-id", zone},
		change(host, marker),
		change("CREATE "+node+"._rollcall."+theV1+" TXT \"rollcall1 x\"", "CREATE "+node+"._rollcall.NEW-2.unilans.net. TXT \"rollcall1 y\""),
		change(strings.Replace(host, "CREATE", "DELETE", 1), strings.Replace(marker, "CREATE", "DELETE", 1)),
		{"ssm", "get-parameter", "--name", "/rollcall/cloudflare-token", "--with-decryption"},
	} {
		_, errs, err := awsCLI(t, env, args...)
		if err != nil && !strings.Contains(errs, "(ParameterNotFound)") {
			t.Errorf("aws %v: %s", args[:2], errs)
		}
	}
	out := mustAWS(t, env, "sts", "get-caller-identity")
	if !strings.Contains(out, "arn:aws:sts::123456789012:assumed-role/nodes/i-0123") {
		t.Errorf("it is %s", out)
	}
	for _, args := range [][]string{
		change("CREATE unilans.net A 192.0.2.7"),                                                                          // the zone's own name
		change("CREATE new-1.unilans.net MX 10 mail.example."),                                                            // another type
		change("UPSERT new-1.unilans.net A 192.0.2.7"),                                                                    // another action
		change(host, "UPSERT new-1.unilans.net A 192.0.2.8"),                                                              // one of several
		{"route53", "change-resource-record-sets", "--hosted-zone-id", "Z0OTHER", "--change-batch", changeBatch(t, host)}, // another zone
		{"route53", "list-hosted-zones"},
		{"route53", "get-change", "--id", "C0123"},
		{"ssm", "get-parameter", "--name", "/rollcall/other", "--with-decryption"},
		{"ssm", "put-parameter", "--name", "/rollcall/cloudflare-token", "--value", "x", "--type", "SecureString", "--overwrite"},
		{"ec2", "describe-instances"},
	} {
		if _, errs, err := awsCLI(t, env, args...); err == nil || !strings.Contains(errs, "(AccessDenied") && !strings.Contains(errs, "(UnauthorizedOperation)") || !strings.Contains(errs, "is not authorized to perform: ") {
			t.Errorf("aws %v: %v, %s", args, err, errs)
		}
	}
}

func TestTheConsoleWorksWithThePolicyThatIsPrintedForItAndWithNoMore(t *testing.T) {
	s := newWorld(t)
	d := decode[launcher.AWSPolicies](t, must(t, "policy", "aws", "-o", "json"))
	for _, kv := range assumed(t, "console", d.ConsolePolicy) {
		k, v, _ := strings.Cut(kv, "=")
		setenv(t, k, v)
	}
	if r := rollcall(t, "ls", "sources", "-o", "json"); r.code != exit.Done || strings.Contains(r.out, `"failed"`) {
		t.Fatalf("exit code %d, %s", r.code, r.out)
	}
	row := decode[launchRow](t, must(t, "launch", "--cloud", "aws-use1", "--service", theV1, "--instance-profile", launcher.NodeRole, "--yes", "--wait", "-o", "json"))
	must(t, "terminate", row.Nodes[0].ID, "--yes", "--no-drain")
	must(t, "deregister", "--dead")
	if r := rollcall(t, "launch", "--cloud", "aws-use1", "--service", theV1, "--set", "register=agent", "--create-profile", "more", "--yes"); r.code != exit.Failed || !strings.Contains(r.err, "is not authorized to perform: iam:") {
		t.Errorf("it made a profile: %s", r.err)
	}
	// What no launch of rollcall has tagged is not its own.
	stranger, _ := s.World().Instances("aws-use1", func(i *world.Instance) bool {
		return i.State == providers.StateRunning && i.Tags[providers.TagLaunch] == ""
	}, 0, 1)
	if r := rollcall(t, "reboot", stranger[0].ID, "--yes"); r.code != exit.Failed || !strings.Contains(r.out+r.err, "is not authorized to perform: ec2:RebootInstances") {
		t.Errorf("%s%s", r.out, r.err)
	}
}

func TestTheCommandsThatArePrintedForTritonGiveItsNodesWhatTheyNeedAndNothingElse(t *testing.T) {
	need(t, "aws")
	s := newWorld(t)
	d := decode[launcher.AWSPolicies](t, must(t, "policy", "aws", "-o", "json"))
	if d.TritonPolicy == nil {
		t.Fatal("no policy for Triton")
	}
	if err := os.WriteFile(filepath.Join(getenv(t, "HOME"), "triton.json"), []byte(d.TritonPolicy.JSON()), 0o600); err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(must(t, "policy", "aws"), "Nodes on Triton")
	arn, env := "", []string{}
	for line := range strings.Lines(text) {
		args, ok := strings.CutPrefix(strings.TrimSpace(line), "#   aws ")
		if !ok || strings.Contains(args, "role") && !strings.Contains(args, d.TritonUser) {
			continue
		}
		args = strings.Replace(args, "<the ARN that was answered>", arn, 1)
		out := mustAWS(t, nil, strings.Fields(args)...)
		got := struct {
			Policy    struct{ Arn string }
			AccessKey struct {
				ID     string `json:"AccessKeyId"`
				Secret string `json:"SecretAccessKey"`
			}
		}{}
		if strings.TrimSpace(out) != "" {
			if err := json.Unmarshal([]byte(out), &got); err != nil {
				t.Fatal(err)
			}
		}
		if got.Policy.Arn != "" {
			arn = got.Policy.Arn
		}
		if got.AccessKey.ID != "" {
			env = []string{"AWS_ACCESS_KEY_ID=" + got.AccessKey.ID, "AWS_SECRET_ACCESS_KEY=" + got.AccessKey.Secret}
		}
	}
	if len(env) == 0 {
		t.Fatalf("the commands made no key:\n%s", text)
	}
	zone, node := theZone(s), "c2f0a1b2-0000-4000-8000-000000000001"
	change := func(changes ...string) []string {
		return []string{"route53", "change-resource-record-sets", "--hosted-zone-id", zone, "--change-batch", changeBatch(t, changes...)}
	}
	mustAWS(t, env, change("CREATE new-1.unilans.net A 192.0.2.7", "CREATE "+node+"._rollcall.new-1.unilans.net TXT \"rollcall1 x\"")...)
	for _, args := range [][]string{
		change("CREATE unilans.net A 192.0.2.7"),
		change("CREATE new-2.unilans.net MX 10 mail.example."),
		change("UPSERT new-1.unilans.net A 192.0.2.7"),
		{"route53", "list-hosted-zones"},
		{"route53", "create-hosted-zone", "--name", "mine.example", "--caller-reference", "x"},
		{"ssm", "get-parameter", "--name", "/rollcall/cloudflare-token", "--with-decryption"},
		{"ec2", "describe-instances"},
		{"iam", "create-access-key"},
	} {
		if _, errs, err := awsCLI(t, env, args...); err == nil || !strings.Contains(errs, "(AccessDenied") && !strings.Contains(errs, "(UnauthorizedOperation)") || !strings.Contains(errs, "user/"+d.TritonUser+" is not authorized to perform: ") {
			t.Errorf("aws %v: %v, %s", args, err, errs)
		}
	}
}
