package rfc2136

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rollcall/providers"
)

const secret = "cm9sbGNhbGwtcm9sbGNhbGwtcm9sbGNhbGwhISEhISE="

func TestAKeyFileIsReadAsBINDReadsIt(t *testing.T) {
	want := Key{Name: "rollcall.example.org", Algorithm: "hmac-sha256.", Secret: secret}
	for what, text := range map[string]string{
		"tsig-keygen":   "key \"rollcall.example.org\" {\n\talgorithm hmac-sha256;\n\tsecret \"" + secret + "\";\n};\n",
		"one line":      `key rollcall.example.org. { secret ` + secret + `; algorithm "HMAC-SHA256"; };`,
		"with comments": "# ours\n// and /* theirs\n/* key \"other\" { }; */ key \"Rollcall.Example.org\" { algorithm hmac-sha256; // the usual\nsecret \"" + secret + "\"; };",
	} {
		if got, err := parseKey(text); err != nil || got != want {
			t.Errorf("%s: %+v, %v", what, got, err)
		}
	}
}

func TestAKeyFileThatCannotBeUsedSaysWhyWithoutItsSecret(t *testing.T) {
	for text, says := range map[string]string{
		"": "this is no key file of BIND",
		"-----BEGIN OPENSSH PRIVATE KEY-----\n" + secret:                                       "this is no key file of BIND",
		`key "a" { algorithm hmac-md5; secret "` + secret + `"; };`:                            `the algorithm "hmac-md5" is not known: use hmac-sha256`,
		`key "a" { algorithm hmac-sha256; };`:                                                  "its secret is not base64",
		`key "a" { algorithm hmac-sha256; secret "` + secret + `!"; };`:                        "its secret is not base64",
		`key "a" { secret "` + secret + `"; };`:                                                `the algorithm "" is not known`,
		`key "a" { algorithm hmac-sha256; secret "` + secret + `"; }`:                          "one file holds one key",
		`key "a" { algorithm hmac-sha256; secret "` + secret + `"; }; key "b" { };`:            "one file holds one key",
		`key "a" { algorithm hmac-sha256; secret "` + secret + `"; port 53; };`:                `the key has no "port"`,
		`key "` + strings.Repeat("a", 64) + `" { algorithm hmac-sha256; secret "c2VjcmV0"; };`: "is no name of a key",
	} {
		path := filepath.Join(t.TempDir(), "tsig.key")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := ReadKey(path)
		if providers.KindOf(err) != providers.KindAuth || !strings.Contains(err.Error(), path+": ") || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), secret) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := ReadKey(filepath.Join(t.TempDir(), "none")); providers.KindOf(err) != providers.KindAuth || !strings.Contains(err.Error(), "tsig-keygen") {
		t.Error(err)
	}
}
