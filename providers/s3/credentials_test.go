package s3

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rollcall/providers"
	"rollcall/providers/budget"
)

// stsServer hands out the key ASIASTORE for a role, by either way (AWS STS API Reference, AssumeRole and
// AssumeRoleWithWebIdentity).
func stsServer(t *testing.T) string {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		action := r.FormValue("Action")
		_, _ = fmt.Fprintf(w, `<%[1]sResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><%[1]sResult><Credentials><AccessKeyId>ASIASTORE</AccessKeyId><SecretAccessKey>s</SecretAccessKey>`+
			`<SessionToken>t</SessionToken><Expiration>%[2]s</Expiration></Credentials></%[1]sResult></%[1]sResponse>`, action, time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

func TestAStoreWithAnEndpointOfItsOwnGetsItsCredentialsFromTheEndpointOfSTS(t *testing.T) {
	t.Parallel()
	sts := stsServer(t)
	const role = "\nrole_arn = arn:aws:iam::123456789012:role/store\nrole_session_name = tester\n"
	dir := t.TempDir()
	token := filepath.Join(dir, "token")
	if err := os.WriteFile(token, []byte("a.b.c"), 0o600); err != nil {
		t.Fatal(err)
	}
	config := "[profile base]\naws_access_key_id = AKIAX\naws_secret_access_key = s\n" +
		"[profile role]\nsource_profile = base" + role + "[profile web]\nweb_identity_token_file = " + token + role +
		"[profile services]\nservices = ours\nsource_profile = base" + role + "[services ours]\nsts =\n  endpoint_url = " + sts + "\n"
	path := filepath.Join(dir, "config")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct{ profile, env string }{
		"a role, with the endpoint of STS in the environment":               {"role", "AWS_ENDPOINT_URL_STS=" + sts},
		"a web identity token, with the endpoint of STS in the environment": {"web", "AWS_ENDPOINT_URL_STS=" + sts},
		"a role, with the endpoint of STS in the profile":                   {"services", "AWS_REGION=us-east-1"},
		"a role, with one endpoint of the environment for all services":     {"role", "AWS_ENDPOINT_URL=" + sts},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				if r.Method != http.MethodGet || !strings.Contains(r.Header.Get("Authorization"), "Credential=ASIASTORE/") {
					t.Errorf("the store is sent %s %s %s, signed with %s", r.Method, r.URL, body, r.Header.Get("Authorization"))
				}
				w.WriteHeader(http.StatusNotFound)
				_, _ = io.WriteString(w, "<Error><Code>NoSuchKey</Code></Error>")
			}))
			defer store.Close()
			s, err := New(Config{
				Bucket: "b", Region: "us-east-1", Profile: tc.profile, Endpoint: store.URL, Budget: budget.New("team store", 0, 1),
				Env: providers.EnvironmentOf("AWS_CONFIG_FILE="+path, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull, tc.env),
			})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Get(t.Context(), "journal/000001"); providers.KindOf(err) != providers.KindNotFound {
				t.Error(err)
			}
		})
	}
}
