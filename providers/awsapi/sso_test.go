package awsapi

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // the AWS CLI names its files so
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// portal is a server of IAM Identity Center and of aws login, in the form of "CreateToken" in the OIDC API Reference, of
// "GetRoleCredentials" in the Portal API Reference, and of "CreateOAuth2Token" in the Sign-In API Reference. It hands out the
// keys of a session for a token that it has renewed itself.
func (a *account) portal(t *testing.T) string {
	t.Helper()
	keys := a.session("ops", time.Hour)
	for i := range keys {
		_, keys[i], _ = strings.Cut(keys[i], "=")
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in map[string]any
		_ = json.NewDecoder(r.Body).Decode(&in) // a GET has none
		var out any
		switch {
		case r.URL.Path == "/token" && in["grantType"] == "refresh_token" && in["refreshToken"] == "old-refresh" && in["clientId"] == "client" && in["clientSecret"] == "hush":
			out = map[string]any{"accessToken": "renewed", "tokenType": "Bearer", "expiresIn": 3600, "refreshToken": "next-refresh"}
		case r.URL.Path == "/federation/credentials" && r.Header.Get("X-Amz-Sso_bearer_token") == "renewed" && r.URL.Query().Get("role_name") == "ops" && r.URL.Query().Get("account_id") == "123456789012":
			out = map[string]any{"roleCredentials": map[string]any{"accessKeyId": keys[0], "secretAccessKey": keys[1], "sessionToken": keys[2], "expiration": time.Now().Add(time.Hour).UnixMilli()}}
		case r.URL.Path == "/v1/token" && in["grantType"] == "refresh_token" && in["refreshToken"] == "old-refresh" && in["clientId"] == "client" && strings.Count(r.Header.Get("DPoP"), ".") == 2:
			out = map[string]any{"accessToken": map[string]any{"accessKeyId": keys[0], "secretAccessKey": keys[1], "sessionToken": keys[2]}, "tokenType": "aws_sigv4", "expiresIn": 900, "refreshToken": "next-refresh"}
		default:
			w.Header().Set("X-Amzn-Errortype", "InvalidGrantException")
			w.WriteHeader(http.StatusBadRequest)
			out = map[string]any{"error": "invalid_grant", "error_description": "not the token that was handed out"}
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(out)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// cached writes a file of a cache of the AWS CLI.
func cached(t *testing.T, path string, content map[string]any) {
	t.Helper()
	text, err := json.Marshal(content)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(path), 0o700)
	}
	if err == nil {
		err = os.WriteFile(path, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestATokenOfSSOThatIsOverIsRenewedWithoutAPerson(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	portal := a.portal(t)
	env := files(t, "[profile sso]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = ops\n[sso-session corp]\nsso_region = us-east-1\nsso_start_url = https://corp.example/start\n", "",
		"AWS_ENDPOINT_URL_SSO="+portal, "AWS_ENDPOINT_URL_SSO_OIDC="+portal)
	path := filepath.Join(env.Getenv("HOME"), ".aws", "sso", "cache", fmt.Sprintf("%x.json", sha1.Sum([]byte("corp")))) //nolint:gosec // as above
	token := map[string]any{
		"startUrl": "https://corp.example/start", "region": "us-east-1", "accessToken": "old", "expiresAt": time.Now().Add(-time.Hour).UTC().Format(time.RFC3339),
		"clientId": "client", "clientSecret": "hush", "registrationExpiresAt": time.Now().Add(time.Hour).UTC().Format(time.RFC3339), "refreshToken": "old-refresh",
	}
	cached(t, path, token)
	if who, _, err := a.who(t, Options{Profile: "sso", Env: env}); err != nil || !strings.Contains(who, ":assumed-role/ops/tester") {
		t.Fatalf("%s, %v", who, err)
	}
	if text, err := os.ReadFile(path); err != nil || !strings.Contains(string(text), "next-refresh") {
		t.Errorf("the AWS CLI could not go on with %s, %v", text, err)
	}
	token["refreshToken"] = "revoked"
	cached(t, path, token)
	if who, _, err := a.who(t, Options{Profile: "sso", Env: env}); err == nil || !strings.Contains(err.Error(), "run aws sso login --profile sso") {
		t.Errorf("%s, %v", who, err)
	}
}

func TestASessionOfAWSLoginThatIsOverIsRenewedWithoutAPerson(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	const session = "arn:aws:iam::123456789012:user/ops"
	cache := t.TempDir()
	env := files(t, "[profile in]\nlogin_session = "+session+"\n", "", "AWS_ENDPOINT_URL_SIGNIN="+a.portal(t), "AWS_LOGIN_CACHE_DIRECTORY="+cache)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(cache, fmt.Sprintf("%x.json", sha256.Sum256([]byte(session))))
	token := map[string]any{
		"accessToken": map[string]any{"accessKeyId": "AKIAOLD", "secretAccessKey": "s", "sessionToken": "t", "accountId": "123456789012", "expiresAt": time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)},
		"tokenType":   "aws_sigv4", "refreshToken": "old-refresh", "identityToken": "id", "clientId": "client",
		"dpopKey": string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})),
	}
	cached(t, path, token)
	if who, _, err := a.who(t, Options{Profile: "in", Env: env}); err != nil || !strings.Contains(who, ":assumed-role/ops/tester") {
		t.Fatalf("%s, %v", who, err)
	}
	token["refreshToken"] = "revoked"
	cached(t, path, token)
	if who, _, err := a.who(t, Options{Profile: "in", Env: env}); err == nil || !strings.Contains(err.Error(), "run aws login --profile in") {
		t.Errorf("%s, %v", who, err)
	}
}
