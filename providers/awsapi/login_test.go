package awsapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"rollcall/providers"
	"rollcall/providers/sim/awsfront"
	"rollcall/providers/sim/world"
)

// account is the account of the embedded clouds, with three roles: ops for its user, guarded with an MFA code, and workload for a
// token.
type account struct {
	url string
	world.Credentials
	calls sync.Map // actions of STS that were called
}

const roleOf = "arn:aws:iam::123456789012:role/"

func newAccount(t *testing.T) *account {
	t.Helper()
	w := world.New(world.Options{Seed: 1, Clock: providers.Clock{Time: time.Now}, Delays: world.Delays{Boot: time.Hour, Agent: time.Hour, Stop: time.Hour, Forget: time.Hour, Propagate: time.Hour}})
	a := &account{Credentials: w.Credentials}
	front := awsfront.New(w)
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		for _, action := range []string{"AssumeRole", "AssumeRoleWithWebIdentity"} {
			if strings.Contains(string(body), "Action="+action+"&") {
				n, _ := a.calls.LoadOrStore(action, new(int))
				*n.(*int)++ // a test makes one call after the other
			}
		}
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		front.ServeHTTP(rw, r)
	}))
	t.Cleanup(srv.Close)
	a.url = srv.URL
	s, err := Open(Options{Source: "x", Region: "us-east-1", Endpoint: a.url, Env: files(t, "", "", a.keys()...)})
	if err != nil {
		t.Fatal(err)
	}
	api := iam.NewFromConfig(s.Config, func(o *iam.Options) { o.BaseEndpoint = s.Endpoint(iam.ServiceID) })
	user, issuer := `"AWS":"arn:aws:iam::123456789012:root"`, strings.TrimPrefix(world.WebIdentityIssuer, "https://")
	for role, trust := range map[string]string{
		"ops":      `"Principal":{` + user + `},"Action":"sts:AssumeRole"`,
		"guarded":  `"Principal":{` + user + `},"Action":"sts:AssumeRole","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}`,
		"workload": `"Principal":{"Federated":"arn:aws:iam::123456789012:oidc-provider/` + issuer + `"},"Action":"sts:AssumeRoleWithWebIdentity"`,
	} {
		if _, err := api.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: &role, AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":{"Effect":"Allow",` + trust + `}}`)}); err != nil {
			t.Fatal(err)
		}
	}
	return a
}

// keys are the variables of the account's user.
func (a *account) keys() []string {
	return []string{"AWS_ACCESS_KEY_ID=" + a.AWSKeyID, "AWS_SECRET_ACCESS_KEY=" + a.AWSSecret}
}

// session are the variables of a session of a role.
func (a *account) session(role string, in time.Duration) []string {
	k := a.SessionKeys(world.Session{Role: role, Name: "tester", Until: time.Now().Add(in)})
	return []string{"AWS_ACCESS_KEY_ID=" + k.KeyID, "AWS_SECRET_ACCESS_KEY=" + k.Secret, "AWS_SESSION_TOKEN=" + k.Token}
}

// who opens the account and returns who STS says that it is, and the session.
func (a *account) who(t *testing.T, o Options) (string, *Session, error) {
	t.Helper()
	o.Source, o.Region, o.Env = "x", "us-east-1", o.Env.With("AWS_ENDPOINT_URL="+a.url)
	s, err := Open(o)
	if err != nil {
		return "", nil, err
	}
	out, err := Call(t.Context(), s.Read, "ask who this is", s.sts().GetCallerIdentity, &sts.GetCallerIdentityInput{})
	if err != nil {
		return "", s, err
	}
	return aws.ToString(out.Arn), s, nil
}

// profiles are the config of all ways to credentials that need no other server.
func (a *account) profiles(token string) string {
	role := "\nrole_session_name = tester\nrole_arn = " + roleOf
	return "[profile base]\naws_access_key_id = " + a.AWSKeyID + "\naws_secret_access_key = " + a.AWSSecret +
		"\n[profile ops]\nsource_profile = base" + role + "ops\n" +
		"[profile ofenv]\ncredential_source = Environment" + role + "ops\n" +
		"[profile ofcontainer]\ncredential_source = EcsContainer" + role + "ops\n" +
		"[profile ofmachine]\ncredential_source = Ec2InstanceMetadata" + role + "ops\n" +
		"[profile web]\nweb_identity_token_file = " + token + role + "workload\n" +
		"[profile twice]\nsource_profile = web" + role + "ops\n" +
		"[profile unknown]\nsource_profile = base" + role + "nobody\n" +
		"[profile guarded]\nsource_profile = base\nmfa_serial = " + a.MFASerial() + role + "guarded\n" +
		fmt.Sprintf("[profile helper]\ncredential_process = echo '{\"Version\": 1, \"AccessKeyId\": \"%s\", \"SecretAccessKey\": \"%s\"}'\n", a.AWSKeyID, a.AWSSecret)
}

// metadata serves the role of an instance (EC2 User Guide, "Retrieve security credentials from instance metadata") and, at /container,
// credentials of a container.
func (a *account) metadata(t *testing.T) string {
	t.Helper()
	keys := func(w http.ResponseWriter) {
		_, _ = fmt.Fprintf(w, `{"Code":"Success","AccessKeyId":"%s","SecretAccessKey":"%s","Token":"","Expiration":"%s"}`, a.AWSKeyID, a.AWSSecret, time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
	}
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /latest/api/token", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", "21600")
		_, _ = io.WriteString(w, "t")
	})
	mux.HandleFunc("GET /latest/meta-data/iam/security-credentials/{$}", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "node") })
	mux.HandleFunc("GET /latest/meta-data/iam/security-credentials/node", func(w http.ResponseWriter, _ *http.Request) { keys(w) })
	mux.HandleFunc("GET /container", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "of-the-pod" {
			http.Error(w, `{"code":"AccessDenied","message":"no token"}`, http.StatusForbidden)
			return
		}
		keys(w)
	})
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	return srv.URL
}

func TestEachWayToCredentialsLeadsToItsOwnerAndSaysWhereTheyCameFrom(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	machine := a.metadata(t)
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte(a.WebIdentityToken("pod", time.Now().Add(time.Hour))), 0o600); err != nil {
		t.Fatal(err)
	}
	env := files(t, a.profiles(token), "")
	config := env.Getenv("AWS_CONFIG_FILE")
	const user, session = "arn:aws:iam::123456789012:user/ops", "arn:aws:sts::123456789012:assumed-role/"
	pod := []string{"AWS_CONTAINER_CREDENTIALS_FULL_URI=" + machine + "/container", "AWS_CONTAINER_AUTHORIZATION_TOKEN=of-the-pod"}
	for name, c := range map[string]struct {
		profile   string
		variables []string
		who, from string
	}{
		"keys of the environment":          {"", a.keys(), user, "AWS_ACCESS_KEY_ID"},
		"a session of the environment":     {"", a.session("ops", time.Hour), session + "ops/tester", "AWS_ACCESS_KEY_ID"},
		"a profile":                        {"base", nil, user, "profile base in " + config},
		"a profile, beside an environment": {"base", a.session("ops", time.Hour), user, "profile base in " + config},
		"a role":                           {"ops", nil, session + "ops/tester", "profile ops, role " + roleOf + "ops with profile base in " + config},
		"a role of AWS_PROFILE":            {"", []string{"AWS_PROFILE=ops"}, session + "ops/tester", "profile ops, role " + roleOf + "ops with profile base in " + config},
		"a role with keys of the env":      {"ofenv", a.keys(), session + "ops/tester", "profile ofenv, role " + roleOf + "ops with AWS_ACCESS_KEY_ID"},
		"a role with those of a container": {"ofcontainer", pod, session + "ops/tester", "profile ofcontainer, role " + roleOf + "ops with AWS_CONTAINER_CREDENTIALS_FULL_URI"},
		"a container":                      {"", pod, user, "AWS_CONTAINER_CREDENTIALS_FULL_URI"},
		"a role with that of the machine":  {"ofmachine", []string{"AWS_EC2_METADATA_SERVICE_ENDPOINT=" + machine}, session + "ops/tester", "profile ofmachine, role " + roleOf + "ops with role of the EC2 instance"},
		"the role of the machine":          {"", []string{"AWS_EC2_METADATA_SERVICE_ENDPOINT=" + machine}, user, "role of the EC2 instance"},
		"a token of a profile":             {"web", nil, session + "workload/tester", "profile web, role " + roleOf + "workload with the token in " + token},
		"a token of the environment":       {"", []string{"AWS_WEB_IDENTITY_TOKEN_FILE=" + token, "AWS_ROLE_ARN=" + roleOf + "workload", "AWS_ROLE_SESSION_NAME=pod-7"}, session + "workload/pod-7", "AWS_WEB_IDENTITY_TOKEN_FILE, role " + roleOf + "workload with the token in " + token},
		"a helper":                         {"helper", nil, user, "profile helper, credential_process"},
	} {
		who, s, err := a.who(t, Options{Profile: c.profile, Env: env.With(c.variables...)})
		if err != nil || who != c.who || s.From() != c.from {
			from := ""
			if s != nil {
				from = s.From()
			}
			t.Errorf("%s: %s from %q, %v", name, who, from, err)
		}
	}
}

func TestCredentialsThatAreWrongAreOneLineThatSaysWhatToDo(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	machine := a.metadata(t)
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte(a.WebIdentityToken("pod", time.Now().Add(-time.Hour))), 0o600); err != nil {
		t.Fatal(err)
	}
	sso := "[profile sso]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = ops\n[sso-session corp]\nsso_region = us-east-1\nsso_start_url = https://corp.example/start\n" +
		"[profile legacy sso]\nsso_start_url = https://corp.example/start\nsso_region = us-east-1\nsso_account_id = 123456789012\nsso_role_name = ops\n[profile half]\nsso_session = corp\n" +
		"[profile over sso]\nsource_profile = sso\nrole_arn = " + roleOf + "ops\n"
	helpers := "[profile sealed]\ncredential_process = printf 'vault is sealed\\nunseal it\\n' >&2; echo TOPSECRET; exit 2\n[profile rubbish]\ncredential_process = echo TOPSECRET\n" +
		"[profile old]\ncredential_process = echo '{\"Version\": 2}'\n[profile keyless]\ncredential_process = echo '{\"Version\": 1, \"SecretAccessKey\": \"TOPSECRET\"}'\n" +
		"[profile late]\ncredential_process = echo '{\"Version\": 1, \"AccessKeyId\": \"A\", \"SecretAccessKey\": \"TOPSECRET\", \"Expiration\": \"2020-01-01T00:00:00Z\"}'\n"
	env := files(t, a.profiles(token)+sso+helpers+"[profile wrong]\naws_access_key_id = AKIANOBODY\naws_secret_access_key = s\n", "")
	config := env.Getenv("AWS_CONFIG_FILE")
	wrongToken := a.session("ops", time.Hour)
	wrongToken[2] += "x"
	for name, c := range map[string]struct {
		profile   string
		variables []string
		want      []string
	}{
		"a wrong key":             {"wrong", nil, []string{"security token included in the request is invalid", "the credentials are of profile wrong in " + config, "write the new keys of profile wrong to " + config}},
		"a wrong secret":          {"", []string{"AWS_ACCESS_KEY_ID=" + a.AWSKeyID, "AWS_SECRET_ACCESS_KEY=x"}, []string{"signature", "are of AWS_ACCESS_KEY_ID: correct AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"}},
		"a session that is over":  {"", a.session("ops", -time.Minute), []string{"is expired", "export new AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN"}},
		"a wrong session token":   {"", wrongToken, []string{"is invalid", "export new AWS_ACCESS_KEY_ID"}},
		"a base that is over":     {"ofenv", a.session("ops", -time.Minute), []string{"role " + roleOf + "ops of profile ofenv could not be assumed with AWS_ACCESS_KEY_ID", "is expired (ExpiredToken)", "export new AWS_ACCESS_KEY_ID"}},
		"a role that is not ours": {"unknown", nil, []string{"role " + roleOf + "nobody of profile unknown could not be assumed", "not authorized to perform: sts:AssumeRole", "see that the role's trust policy names who asks"}},
		"a token that is over":    {"web", nil, []string{"could not be assumed with the token in " + token, "Token expired", "holds a token that is not over"}},
		"a token that is missing": {"", []string{"AWS_WEB_IDENTITY_TOKEN_FILE=" + token + "x", "AWS_ROLE_ARN=" + roleOf + "workload"}, []string{"token in " + token + "x", "no such file"}},
		"a failing helper":        {"sealed", nil, []string{"credential_process of profile sealed: exit status 2: vault is sealed unseal it; run it by hand to see why"}},
		"rubbish of a helper":     {"rubbish", nil, []string{"credential_process of profile rubbish printed 10 bytes that are not the JSON of a credential_process; run it by hand to see what it prints"}},
		"an old helper":           {"old", nil, []string{"printed Version 2 instead of 1"}},
		"a helper without a key":  {"keyless", nil, []string{"printed no AccessKeyId"}},
		"a helper that is late":   {"late", nil, []string{"printed credentials that were over at 2020-01-01T00:00:00Z"}},
		"SSO":                     {"sso", nil, []string{"the SSO session of profile sso is over", "run aws sso login --profile sso"}},
		"SSO of old":              {"legacy sso", nil, []string{"run aws sso login --profile 'legacy sso'"}},
		"SSO below a role":        {"over sso", nil, []string{"run aws sso login --profile sso"}},
		"half of SSO":             {"half", nil, []string{"profile half lacks one of sso_start_url", "run aws configure sso --profile half"}},
		"no container":            {"", []string{"AWS_CONTAINER_CREDENTIALS_FULL_URI=" + machine + "/container"}, []string{"no credentials from AWS_CONTAINER_CREDENTIALS_FULL_URI", "no token"}},
		"no machine":              {"", []string{"AWS_EC2_METADATA_SERVICE_ENDPOINT=" + a.url}, []string{"no role of the EC2 instance from its metadata"}},
	} {
		_, _, err := a.who(t, Options{Profile: c.profile, Env: env.With(c.variables...)})
		if providers.KindOf(err) != providers.KindAuth || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "TOPSECRET") {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if strings.Contains(err.Error(), "sso login") != strings.Contains(name, "SSO") && name != "half of SSO" {
			t.Errorf("%s: aws sso login is no remedy for it, or the only one: %v", name, err)
		}
		for _, w := range c.want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s lacks %q: %v", name, w, err)
			}
		}
	}
}

func TestAPersonIsAskedOnceForAnMFACodeThatAllAccountsOfARunShare(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	env := files(t, a.profiles("none"), "")
	var asked []providers.Question
	answers := []string{"000000", a.MFACode(time.Now())}
	o := Options{Profile: "guarded", Env: env, Shared: new(sync.Map), Ask: func(_ context.Context, q providers.Question) (string, error) {
		asked = append(asked, q)
		return answers[len(asked)-1], nil
	}}
	for range 3 {
		if who, _, err := a.who(t, o); err != nil || who != "arn:aws:sts::123456789012:assumed-role/guarded/tester" {
			t.Fatalf("%s, %v", who, err)
		}
	}
	text := "MFA code of " + a.MFASerial() + " for profile guarded"
	if !slices.Equal(asked, []providers.Question{{Text: text}, {Text: text, Note: "that code was not accepted"}}) {
		t.Errorf("asked %q", asked)
	}
}

func TestWithoutAnMFACodeThereIsOneLineThatSaysWhatToDo(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	env := files(t, a.profiles("none"), "")
	for name, c := range map[string]struct {
		ask  providers.Asker
		want string
	}{
		"no terminal": {nil, "profile guarded needs a code of the MFA device " + a.MFASerial() + ", and there is no terminal to ask at: run this in a terminal, or export the keys of a session with aws configure export-credentials --profile guarded --format env"},
		"no answer": {func(context.Context, providers.Question) (string, error) {
			return "", errors.New("it was left unanswered")
		}, "no MFA code of " + a.MFASerial() + " for profile guarded: it was left unanswered"},
		"no code":         {func(context.Context, providers.Question) (string, error) { return "12", nil }, "is not a code of six digits"},
		"one wrong code":  {func(context.Context, providers.Question) (string, error) { return "000000", nil }, "wait for the next code of " + a.MFASerial()},
		"the base is bad": {func(context.Context, providers.Question) (string, error) { t.Error("asked in vain"); return "", nil }, "exit status 1"},
	} {
		e := env
		if name == "the base is bad" {
			e = files(t, "[profile bad]\ncredential_process = exit 1\n[profile guarded]\nsource_profile = bad\nmfa_serial = "+a.MFASerial()+"\nrole_arn = "+roleOf+"guarded\n", "")
		}
		_, _, err := a.who(t, Options{Profile: "guarded", Env: e, Ask: c.ask})
		if providers.KindOf(err) != providers.KindAuth || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
