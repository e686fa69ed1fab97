package s3

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rollcall/providers"
	"rollcall/providers/budget"
)

func TestThePersonIsAskedForTheMFACodeOfTheStoreAsForThatOfACloud(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(path, []byte("[profile base]\naws_access_key_id = AKIAX\naws_secret_access_key = s\n"+
		"[profile guarded]\nsource_profile = base\nrole_arn = arn:aws:iam::123456789012:role/ops\nmfa_serial = arn:aws:iam::123456789012:mfa/ana\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	asked := ""
	s, err := New(Config{
		Bucket: "b", Region: "us-east-1", Profile: "guarded", Budget: budget.New("team store", 0, 1),
		Env: providers.EnvironmentOf("AWS_CONFIG_FILE="+path, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull, "AWS_ENDPOINT_URL=http://127.0.0.1:1"),
		Ask: func(_ context.Context, q providers.Question) (string, error) {
			asked = q.Text
			return "", providers.ErrUnattended
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = s.Get(t.Context(), "journal/000001"); err == nil || !strings.Contains(asked, "MFA code of arn:aws:iam::123456789012:mfa/ana for profile guarded") {
		t.Errorf("asked %q, %v", asked, err)
	}
}
