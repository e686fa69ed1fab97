package awsfront

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/providers/sim/world"
)

// with returns the CLI with further variables; one without a value is removed.
func (c *cli) with(variables ...string) *cli {
	out := *c
	out.env = slices.Clone(c.env)
	for _, v := range variables {
		name, value, _ := strings.Cut(v, "=")
		out.env = slices.DeleteFunc(out.env, func(kv string) bool { return strings.HasPrefix(kv, name+"=") })
		if value != "" {
			out.env = append(out.env, v)
		}
	}
	return &out
}

func TestTheAWSCLIAssumesRolesByProfileByTokenAndByHand(t *testing.T) {
	t.Parallel()
	c := newCLI(t)
	const all = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`
	for name, trust := range map[string]string{"ops": trustRoot, "workload": trustWorkload, "guarded": trustWithMFA} {
		c.ok("iam create-role --role-name "+name+" --assume-role-policy-document", trust)
		c.ok("iam put-role-policy --policy-name all --role-name "+name+" --policy-document", all)
	}
	dir := t.TempDir()
	token, config := filepath.Join(dir, "token"), filepath.Join(dir, "config")
	text := "[profile keys]\naws_access_key_id = " + c.w.Credentials.AWSKeyID + "\naws_secret_access_key = " + c.w.Credentials.AWSSecret +
		"\n[profile \"my ops\"]\nsource_profile = keys\nrole_arn = arn:aws:iam::123456789012:role/ops\nrole_session_name = tester\n" +
		"[profile web]\nrole_arn = arn:aws:iam::123456789012:role/workload\nrole_session_name = tester\nweb_identity_token_file = " + token + "\n"
	for file, text := range map[string]string{config: text, token: c.w.Credentials.WebIdentityToken("system:serviceaccount:ops:rollcall", time.Now().Add(time.Hour))} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c = c.with("AWS_CONFIG_FILE=" + config)
	none := c.with("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
	who := func(c *cli, want string, args ...string) {
		t.Helper()
		if got := c.ok("sts get-caller-identity", args...)["Arn"]; got != want {
			t.Errorf("%v: %v, want %s", args, got, want)
		}
	}
	who(c, "arn:aws:sts::123456789012:assumed-role/ops/tester", "--profile", "my ops")
	who(none, "arn:aws:sts::123456789012:assumed-role/workload/tester", "--profile", "web")
	who(none.with("AWS_WEB_IDENTITY_TOKEN_FILE="+token, "AWS_ROLE_ARN=arn:aws:iam::123456789012:role/workload", "AWS_ROLE_SESSION_NAME=pod"), "arn:aws:sts::123456789012:assumed-role/workload/pod")
	none.with("AWS_WEB_IDENTITY_TOKEN_FILE="+token, "AWS_ROLE_ARN=arn:aws:iam::123456789012:role/ops").refused("AccessDenied", "sts get-caller-identity")

	guarded := "sts assume-role --role-session-name tester --role-arn arn:aws:iam::123456789012:role/guarded"
	c.refused("AccessDenied", guarded)
	keys, _ := c.ok(guarded+" --serial-number "+c.w.Credentials.MFASerial()+" --token-code", c.w.Credentials.MFACode(time.Now()))["Credentials"].(map[string]any)
	session := func(token any) *cli {
		return none.with("AWS_ACCESS_KEY_ID="+keys["AccessKeyId"].(string), "AWS_SECRET_ACCESS_KEY="+keys["SecretAccessKey"].(string), "AWS_SESSION_TOKEN="+token.(string))
	}
	who(session(keys["SessionToken"]), "arn:aws:sts::123456789012:assumed-role/guarded/tester")
	session(keys["SessionToken"]).ok("ec2 describe-instances --max-items 1")
	session("x").refused("AuthFailure", "ec2 describe-instances")
	session("x").refused("InvalidClientTokenId", "route53 list-hosted-zones")

	over := c.w.Credentials.SessionKeys(world.Session{Role: "ops", Name: "tester", Until: time.Now().Add(-time.Second)})
	late := none.with("AWS_ACCESS_KEY_ID="+over.KeyID, "AWS_SECRET_ACCESS_KEY="+over.Secret, "AWS_SESSION_TOKEN="+over.Token)
	late.refused("RequestExpired", "ec2 describe-instances")
	late.refused("ExpiredToken", "sts get-caller-identity")
}
