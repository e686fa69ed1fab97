package awsapi

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"rollcall/providers"
)

// files writes a config file and a credentials file, and returns an environment that names them, with further variables.
func files(t *testing.T, config, credentials string, variables ...string) providers.Environment {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"config": config, "credentials": credentials} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return providers.EnvironmentOf("HOME="+dir, "PATH="+os.Getenv("PATH"), "AWS_CONFIG_FILE="+filepath.Join(dir, "config"), "AWS_SHARED_CREDENTIALS_FILE="+filepath.Join(dir, "credentials")).With(variables...)
}

const someKeys = "aws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = s\n"

func TestEndpointsAreThoseOfTheConfigThenOfTheEnvironmentThenOfTheProfileForEveryService(t *testing.T) {
	t.Parallel()
	profile := "[profile bare]\n" + someKeys + "[profile prod]\n" + someKeys + "endpoint_url = http://profile\nservices = away\n[services away]\nec2 =\n  endpoint_url = http://profile-ec2\nroute_53 =\n  endpoint_url = http://profile-r53\n"
	for name, c := range map[string]struct {
		o    Options
		env  []string
		want map[string]string
	}{
		"Amazon's own":           {o: Options{Profile: "bare"}, want: map[string]string{"EC2": "", "Route 53": "", "STS": ""}},
		"the profile's":          {o: Options{Profile: "prod"}, want: map[string]string{"EC2": "http://profile-ec2", "Route 53": "http://profile-r53", "STS": "http://profile", "IAM": "http://profile", "SSM": "http://profile", "SSO OIDC": "http://profile"}},
		"the profile of the env": {env: []string{"AWS_PROFILE=prod"}, want: map[string]string{"EC2": "http://profile-ec2", "STS": "http://profile"}},
		"the environment's": {
			o: Options{Profile: "prod"}, env: []string{"AWS_ENDPOINT_URL=http://env", "AWS_ENDPOINT_URL_ROUTE_53=http://env-r53"},
			want: map[string]string{"EC2": "http://env", "Route 53": "http://env-r53", "STS": "http://env"},
		},
		"one service of the environment": {
			o: Options{Profile: "prod"}, env: []string{"AWS_ENDPOINT_URL_STS=http://env-sts"},
			want: map[string]string{"EC2": "http://profile-ec2", "STS": "http://env-sts", "IAM": "http://profile"},
		},
		"the config's": {
			o: Options{Profile: "prod", Endpoint: "http://config"}, env: []string{"AWS_ENDPOINT_URL=http://env", "AWS_ENDPOINT_URL_EC2=http://env-ec2", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true"},
			want: map[string]string{"EC2": "http://config", "Route 53": "http://config", "STS": "http://config"},
		},
		"the config's, which is Amazon's own for one service": {
			o:    Options{Profile: "prod", Service: "EC2", Endpoint: "https://ec2.us-east-1.api.aws"},
			want: map[string]string{"EC2": "https://ec2.us-east-1.api.aws", "IAM": "http://profile", "STS": "http://profile"},
		},
		"the config's, which is that of a VPC": {
			o: Options{Profile: "prod", Service: "EC2", Endpoint: "https://vpce-0a1-b2.ec2.us-east-1.vpce.amazonaws.com"}, env: []string{"AWS_ENDPOINT_URL_STS=http://env-sts"},
			want: map[string]string{"EC2": "https://vpce-0a1-b2.ec2.us-east-1.vpce.amazonaws.com", "STS": "http://env-sts"},
		},
		"the config's, which is Amazon's own with FIPS": {
			o:    Options{Profile: "prod", Service: "Route 53", Endpoint: "https://route53-fips.amazonaws.com"},
			want: map[string]string{"Route 53": "https://route53-fips.amazonaws.com", "STS": "http://profile"},
		},
		"the config's, which is an emulator on an instance": {
			o:    Options{Profile: "prod", Service: "EC2", Endpoint: "http://ec2-54-1-2-3.compute-1.amazonaws.com:4566"},
			want: map[string]string{"EC2": "http://ec2-54-1-2-3.compute-1.amazonaws.com:4566", "STS": "http://ec2-54-1-2-3.compute-1.amazonaws.com:4566"},
		},
		"the config's, which is a store of objects": {
			o:    Options{Profile: "prod", Service: "S3", Endpoint: "http://minio", Objects: true},
			want: map[string]string{"S3": "http://minio", "STS": "http://profile", "SSO": "http://profile"},
		},
		"ignored": {
			o: Options{Profile: "prod"}, env: []string{"AWS_ENDPOINT_URL=http://env", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true"},
			want: map[string]string{"EC2": "", "Route 53": "", "STS": ""},
		},
	} {
		c.o.Env, c.o.Source, c.o.Region = files(t, profile, "", c.env...), "x", "us-east-1"
		s, err := Open(c.o)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for service, want := range c.want {
			if got := s.Endpoint(service); aws.ToString(got) != want {
				t.Errorf("%s: %s is asked at %v, want %s", name, service, got, want)
			}
		}
	}
}

func TestAProfileMayTellToIgnoreConfiguredEndpoints(t *testing.T) {
	t.Parallel()
	env := files(t, "[default]\nregion = us-east-1\nignore_configured_endpoint_urls = true\nendpoint_url = http://profile\n"+someKeys, "", "AWS_ENDPOINT_URL=http://env")
	if s, err := Open(Options{Env: env}); err != nil || s.Endpoint("EC2") != nil {
		t.Errorf("%v", err)
	}
	if s, err := Open(Options{Env: env.With("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=false")}); err != nil || aws.ToString(s.Endpoint("EC2")) != "http://env" {
		t.Errorf("%v", err)
	}
}

func TestConfigFilesAreReadAsTheyAreInTheField(t *testing.T) {
	t.Parallel()
	windows := strings.NewReplacer("\n", "\r\n")
	const bom = "\ufeff"
	for name, c := range map[string]struct {
		config, credentials, profile, key, region string
	}{
		"a byte order mark":       {bom + "[default]\nregion = eu-west-1\n" + someKeys, "", "", "AKIDEXAMPLE", "eu-west-1"},
		"one before the keys":     {"[default]\nregion = eu-west-1\n", bom + "[default]\n" + someKeys, "", "AKIDEXAMPLE", "eu-west-1"},
		"lines of Windows":        {windows.Replace(bom + "[profile prod]\nregion = eu-west-1\n"), windows.Replace("[prod]\n" + someKeys), "prod", "AKIDEXAMPLE", "eu-west-1"},
		"a name in quotes":        {"[profile \"my prod\"]\nregion = eu-west-1\n" + someKeys, "", "my prod", "AKIDEXAMPLE", "eu-west-1"},
		"a name in single quotes": {"[ profile  'my prod' ] # ours\nregion=eu-west-1\n" + someKeys, "", "my prod", "AKIDEXAMPLE", "eu-west-1"},
		"a name with a blank":     {"[profile my prod]\nregion = eu-west-1\n", "[my prod]\n" + someKeys, "my prod", "AKIDEXAMPLE", "eu-west-1"},
		"a helper in quotes":      {"[profile prod]\nregion = eu-west-1\ncredential_process = \"echo\" '{\"Version\": 1, \"AccessKeyId\": \"OFHELPER\", \"SecretAccessKey\": \"s\"}'\n", "", "prod", "OFHELPER", "eu-west-1"},
	} {
		env := files(t, c.config, c.credentials)
		s, err := Open(Options{Source: "x", Profile: c.profile, Env: env})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		keys, err := s.Config.Credentials.Retrieve(t.Context())
		if err != nil || keys.AccessKeyID != c.key || s.Config.Region != c.region {
			t.Errorf("%s: key %s, region %s, %v", name, keys.AccessKeyID, s.Config.Region, err)
		}
		if strings.Contains(s.From(), "/dev/fd") || c.key == "AKIDEXAMPLE" && !strings.Contains(s.From(), env.Getenv("HOME")) {
			t.Errorf("%s: from %s", name, s.From())
		}
	}
	for text, want := range map[string]string{
		"credential_process = \"/opt/my helper\" --role \"x\"\n":         "credential_process = \"\"/opt/my helper\" --role \"x\"\"\n",
		"credential_process = \"/opt/my helper\" --role \"x\" # ours\n":  "credential_process = \"\"/opt/my helper\" --role \"x\"\" # ours\n",
		"credential_process = /opt/helper --role \"x\"\n":                "credential_process = /opt/helper --role \"x\"\n",
		"[sso-session 'my sso']\n[services \"s\"]\n[profile \"a\\b\"]\n": "[sso-session my sso]\n[services s]\n[profile a\\b]\n",
	} {
		if got := string(plainProfiles([]byte(text))); got != want {
			t.Errorf("%q becomes %q", text, got)
		}
	}
}

func TestWhatTheFilesLackIsNamed(t *testing.T) {
	t.Parallel()
	env := files(t, "[profile prod]\nregion = eu-west-1\n"+someKeys+"[profile bare]\n"+someKeys+"[profile empty]\nregion = eu-west-1\n"+
		"[profile chained]\nregion = eu-west-1\nrole_arn = arn:aws:iam::123456789012:role/ops\nsource_profile = gone\n"+
		"[profile odd]\nregion = eu-west-1\nrole_arn = arn:aws:iam::123456789012:role/ops\ncredential_source = Thin Air\n"+
		"[profile envless]\nregion = eu-west-1\nrole_arn = arn:aws:iam::123456789012:role/ops\ncredential_source = Environment\n"+
		"[profile served]\nregion = eu-west-1\nservices = nowhere\n[profile one]\nregion = eu-west-1\nrole_arn = arn:aws:iam::123456789012:role/ops\nsource_profile = two\n"+
		"[profile two]\nrole_arn = arn:aws:iam::123456789012:role/ops\nsource_profile = three\n[profile three]\nrole_arn = arn:aws:iam::123456789012:role/ops\nsource_profile = two\n"+
		"[profile half]\nregion = eu-west-1\naws_access_key_id = AKIAEXAMPLE\n[profile keyless]\naws_secret_access_key = s3cr3t\n[profile onhalf]\nrole_arn = arn:aws:iam::123456789012:role/ops\nsource_profile = half\n"+
		"[profile roleless]\nregion = eu-west-1\nsource_profile = prod\n", "")
	if s, err := Open(Options{Source: "x", Profile: "prod", Env: env}); err != nil || s.Config.Region != "eu-west-1" {
		t.Fatalf("session %+v, error %v", s, err)
	}
	config := env.Getenv("AWS_CONFIG_FILE")
	for name, c := range map[string]struct {
		o    Options
		kind providers.Kind
		want []string
	}{
		"a profile that is not there":      {Options{Profile: "nobody", Env: env}, providers.KindAuth, []string{"profile nobody is not in the AWS config files (" + config, "run aws configure --profile nobody"}},
		"one of AWS_PROFILE":               {Options{Env: env.With("AWS_PROFILE=nobody")}, providers.KindAuth, []string{"profile nobody of AWS_PROFILE is not in the AWS config files (" + config}},
		"no credentials at all":            {Options{Env: env, Region: "us-east-1"}, providers.KindAuth, []string{"no AWS credentials: set AWS_PROFILE"}},
		"a profile without credentials":    {Options{Profile: "empty", Env: env}, providers.KindAuth, []string{"profile empty holds no credentials: run aws configure --profile empty"}},
		"no region":                        {Options{Profile: "bare", Env: env}, providers.KindInvalid, []string{"no region"}},
		"services without a section":       {Options{Profile: "served", Env: env}, providers.KindAuth, []string{"profile served has services = nowhere, and " + config + " has no section [services nowhere]"}},
		"half of the keys":                 {Options{Profile: "half", Env: env}, providers.KindAuth, []string{"profile half in " + config + " has aws_access_key_id and no aws_secret_access_key: add it there, or run aws configure --profile half"}},
		"the other half":                   {Options{Profile: "keyless", Env: env}, providers.KindAuth, []string{"profile keyless in " + config + " has aws_secret_access_key and no aws_access_key_id"}},
		"half of the keys of a role":       {Options{Profile: "onhalf", Env: env}, providers.KindAuth, []string{"profile half in " + config + " has aws_access_key_id and no aws_secret_access_key"}},
		"roles in a loop":                  {Options{Profile: "one", Env: env}, providers.KindAuth, []string{"takes its credentials from the next (source_profile)", ": one, two, three, two: "}},
		"a source_profile that is missing": {Options{Profile: "chained", Env: env}, providers.KindAuth, []string{"source_profile of profile chained is gone, which is not in the AWS config files (" + config}},
		"an unknown credential_source":     {Options{Profile: "odd", Env: env}, providers.KindAuth, []string{`credential_source of profile odd is "Thin Air": write Environment, EcsContainer or Ec2InstanceMetadata`}},
		"a credential_source without keys": {Options{Profile: "envless", Env: env}, providers.KindAuth, []string{"profile envless takes its keys from the environment", "set AWS_ACCESS_KEY_ID"}},
		"a source_profile without a role":  {Options{Profile: "roleless", Env: env}, providers.KindAuth, []string{"roleless", "role_arn"}},
		"a path that leads elsewhere":      {Options{Env: env.With("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=@203.0.113.7/creds"), Region: "us-east-1"}, providers.KindAuth, []string{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is not an address to fetch credentials from"}},
		"a path that makes a host longer":  {Options{Env: env.With("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=.example.com/creds"), Region: "us-east-1"}, providers.KindAuth, []string{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is not an address to fetch credentials from"}},
		"a container that is nowhere":      {Options{Env: env.With("AWS_CONTAINER_CREDENTIALS_FULL_URI=http://example.com/creds"), Region: "us-east-1"}, providers.KindAuth, []string{"AWS_CONTAINER_CREDENTIALS_FULL_URI is not an address to fetch credentials from"}},
		"a token without a role":           {Options{Env: env.With("AWS_WEB_IDENTITY_TOKEN_FILE=/token"), Region: "us-east-1"}, providers.KindAuth, []string{"AWS_WEB_IDENTITY_TOKEN_FILE names a token, but there is no role for it: set AWS_ROLE_ARN"}},
	} {
		c.o.Source = "x"
		_, err := Open(c.o)
		if providers.KindOf(err) != c.kind || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, w := range c.want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestAnEnvironmentOfItsOwnIsReadInsteadOfTheProcess(t *testing.T) {
	for name, value := range map[string]string{
		"AWS_PROFILE": "of-the-process", "AWS_REGION": "sa-east-1", "AWS_ACCESS_KEY_ID": "OFPROCESS", "AWS_SECRET_ACCESS_KEY": "p", "AWS_ENDPOINT_URL": "http://process.invalid",
		"AWS_ENDPOINT_URL_STS": "http://process.invalid", "AWS_CA_BUNDLE": "/no/such/bundle", "AWS_USE_FIPS_ENDPOINT": "true",
	} {
		t.Setenv(name, value)
	}
	env := files(t, "[profile prod]\nregion = eu-west-1\naws_access_key_id = OFPROFILE\naws_secret_access_key = s\n", "",
		"AWS_ACCESS_KEY_ID=GIVEN", "AWS_SECRET_ACCESS_KEY=s", "AWS_SESSION_TOKEN=t", "AWS_REGION=us-west-2", "AWS_ENDPOINT_URL=http://127.0.0.1:1")
	file := env.Getenv("AWS_CONFIG_FILE")
	for name, c := range map[string]struct {
		o                 Options
		key, region, from string
	}{
		"its keys":                {Options{Env: env}, "GIVEN", "us-west-2", "AWS_ACCESS_KEY_ID"},
		"a region of the config":  {Options{Env: env, Region: "us-east-1"}, "GIVEN", "us-east-1", "AWS_ACCESS_KEY_ID"},
		"a profile of the config": {Options{Env: env, Profile: "prod"}, "OFPROFILE", "us-west-2", "profile prod in " + file},
		"its profile":             {Options{Env: env.Without("AWS_ACCESS_KEY_ID", "AWS_REGION").With("AWS_PROFILE=prod")}, "OFPROFILE", "eu-west-1", "profile prod in " + file},
	} {
		s, err := Open(c.o)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got, err := s.Config.Credentials.Retrieve(t.Context())
		if err != nil || got.AccessKeyID != c.key || s.Config.Region != c.region || aws.ToString(s.Endpoint("STS")) != "http://127.0.0.1:1" {
			t.Errorf("%s: key %s, region %s, endpoint %v, %v", name, got.AccessKeyID, s.Config.Region, s.Endpoint("STS"), err)
		}
		if s.From() != c.from {
			t.Errorf("%s: from %s", name, s.From())
		}
	}
}
