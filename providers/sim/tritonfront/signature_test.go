package tritonfront

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha256"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

func TestEverySignatureOfTheClientsIsAccepted(t *testing.T) {
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		signer    crypto.Signer
		algorithm string
		target    bool
	}{
		{rsaKey(), "rsa-sha256", true},
		{rsaKey(), "rsa-sha256", false},
		{rsaKey(), "rsa-sha1", false},
		{rsaKey(), "RSA-SHA256", false},
		{ec, "ecdsa-sha256", true},
	} {
		s := newSite(t, c.signer)
		s.algorithm, s.target = strings.ToLower(c.algorithm), c.target
		var acct struct{ ID, Login string }
		if res := s.do("GET", "/my", nil, &acct); res.StatusCode != 200 || acct.Login != "ops" || acct.ID != s.w.Credentials.TritonAccountID {
			t.Errorf("%s, target %v: %d %+v", c.algorithm, c.target, res.StatusCode, acct)
		}
	}
}

func TestADateThatEndsInUTCIsTakenAsItWasSigned(t *testing.T) {
	s := rsaSite(t)
	s.target = false
	s.date = func() string { return time.Now().UTC().Format(time.RFC1123) }
	if res := s.do("GET", "/my", nil, nil); res.StatusCode != 200 {
		t.Error(res.Status)
	}
}

func TestAUserOfTheAccountSignsWithHisOwnKey(t *testing.T) {
	s := rsaSite(t)
	fp := ssh.FingerprintLegacyMD5(s.public)
	s.keyID = "/ops/users/deploy/keys/" + fp
	if res := s.do("GET", "/my", nil, nil); res.StatusCode != 200 {
		t.Error(res.Status)
	}
	s.keyID = "/ops/users/nobody/keys/" + fp
	s.refused("GET", "/my", nil, 401, "InvalidCredentials")
}

func TestWrongCredentialsAreRefused(t *testing.T) {
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	s := rsaSite(t)
	right := s.signer
	s.signer = other // signs under the name of a key that it is not
	s.refused("GET", "/my/machines", nil, 401, "InvalidCredentials")
	s.signer = right
	for _, id := range []string{"/ops/keys/00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff", "/mallory/keys/" + ssh.FingerprintLegacyMD5(s.public), "ops", "/ops/nokeys/x"} {
		s.keyID = id
		s.refused("GET", "/my/machines", nil, 401, "InvalidCredentials")
	}
	s.keyID, s.algorithm = "", "hmac-sha256"
	s.refused("GET", "/my/machines", nil, 401, "InvalidCredentials")
	s.algorithm = "rsa-sha256"
	for _, d := range []time.Duration{-301 * time.Second, 302 * time.Second} {
		s.date = func() string { return time.Now().Add(d).UTC().Format(http.TimeFormat) }
		s.refused("GET", "/my/machines", nil, 400, "InvalidHeader")
	}
	res, err := http.Get(s.url + "/my/machines")
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != 401 {
		t.Errorf("without a signature: %s", res.Status)
	}
}

func TestASignatureForOnePathDoesNotOpenAnother(t *testing.T) {
	s := rsaSite(t)
	a, err := http.NewRequest("GET", s.url+"/my", nil)
	if err != nil {
		t.Fatal(err)
	}
	a.Header.Set("Date", s.date())
	b := a.Clone(t.Context())
	b.Method = http.MethodDelete
	b.Header.Set("Authorization", s.sign(a))
	res, err := http.DefaultClient.Do(b)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != 401 {
		t.Error(res.Status)
	}
}
