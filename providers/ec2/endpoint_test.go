package ec2_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"rollcall/providers/ec2"
)

// elsewhere points every way in which the environment and the profile can name an endpoint to a port
// that nothing listens on, with the credentials of the embedded clouds.
func elsewhere(t *testing.T, keyID, secret string) {
	t.Helper()
	const nowhere = "http://127.0.0.1:1"
	file := filepath.Join(t.TempDir(), "config")
	text := "[profile ops]\nregion = us-east-1\nendpoint_url = " + nowhere + "\nservices = away\naws_access_key_id = " + keyID + "\naws_secret_access_key = " + secret + "\n[services away]\n"
	for _, s := range []string{"ec2", "sts", "iam", "route_53", "elastic_load_balancing_v2"} {
		text += s + " =\n  endpoint_url = " + nowhere + "\n"
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"AWS_CONFIG_FILE": file, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_PROFILE": "", "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "",
		"AWS_ENDPOINT_URL": nowhere, "AWS_ENDPOINT_URL_EC2": nowhere, "AWS_ENDPOINT_URL_STS": nowhere, "AWS_ENDPOINT_URL_IAM": nowhere, "AWS_ENDPOINT_URL_ROUTE_53": nowhere, "AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING_V2": nowhere,
	} {
		t.Setenv(name, value)
	}
}

func TestTheConfiguredEndpointWinsOverEnvironmentAndProfileForEveryService(t *testing.T) {
	s, of := startSim(t, 0)
	node := s.World().TargetGroups("aws-use1")[0].Targets[0]
	keys, err := of.AWS.Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	elsewhere(t, keys.AccessKeyID, keys.SecretAccessKey)
	c, err := ec2.New(ec2.Config{Name: "aws-use1", Profile: "ops", Region: "us-east-1", Endpoint: of.Endpoint})
	if err != nil {
		t.Fatal(err)
	}
	if c.Endpoint() != of.Endpoint {
		t.Errorf("EC2 is asked at %s", c.Endpoint())
	}
	for service, call := range map[string]func(context.Context) error{
		"sts": func(ctx context.Context) error { _, err := c.Identify(ctx); return err },
		"ec2": func(ctx context.Context) error { _, err := c.Catalogue(ctx); return err },
		"elb": func(ctx context.Context) error {
			if got := c.TargetGroups(ctx, []string{node.ID}); got.Unknown != "" || len(got.Groups) != 1 {
				return fmt.Errorf("%+v", got)
			}
			return nil
		},
		"iam": func(ctx context.Context) error { _, err := c.MissingProfile(ctx, testProfile("www-nodes")); return err },
	} {
		if err := call(t.Context()); err != nil {
			t.Errorf("%s: %v", service, err)
		}
	}
}
