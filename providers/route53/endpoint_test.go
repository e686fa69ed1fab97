package route53_test

import (
	"os"
	"path/filepath"
	"testing"

	"rollcall/providers"
	"rollcall/providers/route53"
)

func TestTheConfiguredEndpointWinsOverEnvironmentAndProfile(t *testing.T) {
	_, of := startSim(t)
	keys, err := of.AWS.Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const nowhere = "http://127.0.0.1:1"
	file := filepath.Join(t.TempDir(), "config")
	text := "[profile ops]\nregion = us-east-1\nendpoint_url = " + nowhere + "\nservices = away\naws_access_key_id = " + keys.AccessKeyID + "\naws_secret_access_key = " + keys.SecretAccessKey +
		"\n[services away]\nroute_53 =\n  endpoint_url = " + nowhere + "\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"AWS_CONFIG_FILE": file, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_PROFILE": "", "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "",
		"AWS_ENDPOINT_URL": nowhere, "AWS_ENDPOINT_URL_ROUTE_53": nowhere,
	} {
		t.Setenv(name, value)
	}
	a, err := route53.New(route53.Config{Profile: "ops", Endpoint: of.Endpoint})
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	if cov := a.Zones(t.Context(), func(p []providers.Zone) { rows += len(p) }); !cov.Complete() || rows == 0 {
		t.Errorf("%d zones, coverage %+v", rows, cov)
	}
}
