package world

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Session is the meaning of temporary credentials: an assumed role, or an instance's role by its profile. It is
// contained in the session token, which only the world can make.
type Session struct {
	Role    string    `json:"role,omitempty"`
	Profile string    `json:"profile,omitempty"` // instance profile whose role it is, if Role is empty
	Name    string    `json:"name"`              // RoleSessionName, or the instance's id
	Policy  string    `json:"policy,omitempty"`  // restricts the role; may be empty
	Until   time.Time `json:"until"`
	MFA     bool      `json:"mfa,omitempty"` // the role was assumed with a code of an MFA device
}

// SessionKeys are temporary credentials.
type SessionKeys struct{ KeyID, Secret, Token string }

// SessionKeys returns the credentials of a session. They are always the same for the same session.
func (c *Credentials) SessionKeys(s Session) SessionKeys {
	s.Until = s.Until.UTC().Truncate(time.Second)
	text, err := json.Marshal(s)
	if err != nil {
		panic(err) // strings and a time
	}
	body := base64.StdEncoding.EncodeToString(text)
	return c.keysOf(body, body+"."+base64.StdEncoding.EncodeToString(c.mac("token", body)))
}

func (c *Credentials) keysOf(body, token string) SessionKeys {
	return SessionKeys{
		KeyID:  "ASIA" + base32.StdEncoding.EncodeToString(c.mac("key id", body))[:16],
		Secret: base64.StdEncoding.EncodeToString(c.mac("secret", body)[:30]),
		Token:  token,
	}
}

func (c *Credentials) mac(what, text string) []byte {
	m := hmac.New(sha256.New, []byte(c.AWSSecret))
	m.Write([]byte(what + "\x00" + text))
	return m.Sum(nil)
}

// Session returns the session of a token, and its credentials. ok is false for a token that the world did not make. The
// caller checks whether the session has ended.
func (c *Credentials) Session(token string) (s Session, keys SessionKeys, ok bool) {
	body, sum, _ := strings.Cut(token, ".")
	given, err := base64.StdEncoding.DecodeString(sum)
	if err != nil || !hmac.Equal(given, c.mac("token", body)) {
		return s, keys, false
	}
	text, err := base64.StdEncoding.DecodeString(body)
	if err != nil || json.Unmarshal(text, &s) != nil {
		return s, keys, false
	}
	return s, c.keysOf(body, token), true
}

// MFASerial returns the ARN of the account's MFA device.
func (c *Credentials) MFASerial() string { return "arn:aws:iam::" + c.AWSAccount + ":mfa/ops" }

// MFAPeriod is how long a code of the MFA device is shown.
const MFAPeriod = 30 * time.Second

// MFACode returns what the account's MFA device shows at a time: a time-based one-time password (RFC 6238).
func (c *Credentials) MFACode(at time.Time) string {
	sum := c.mac("mfa", strconv.FormatInt(at.Unix()/int64(MFAPeriod/time.Second), 10))
	n := binary.BigEndian.Uint32(sum[sum[len(sum)-1]&0xf:]) & 0x7fffffff // RFC 4226, 5.3
	return fmt.Sprintf("%06d", n%1_000_000)
}

// WebIdentity is what a token of the identity provider that the account trusts says (OpenID Connect Core, section 2).
type WebIdentity struct {
	Issuer   string `json:"iss"`
	Audience string `json:"aud"`
	Subject  string `json:"sub"`
	Expires  int64  `json:"exp"` // Unix time
}

// The identity provider that the account trusts, and the audience of its tokens.
const (
	WebIdentityIssuer   = "https://oidc.sim.rollcall.test"
	WebIdentityAudience = "sts.amazonaws.com"
)

var jwtHeader = base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`))

// WebIdentityToken returns a token of the identity provider that the account trusts.
func (c *Credentials) WebIdentityToken(subject string, until time.Time) string {
	claims, err := json.Marshal(WebIdentity{WebIdentityIssuer, WebIdentityAudience, subject, until.Unix()})
	if err != nil {
		panic(err) // strings and a number
	}
	body := jwtHeader + "." + base64.RawURLEncoding.EncodeToString(claims)
	return body + "." + base64.RawURLEncoding.EncodeToString(c.mac("web identity", body))
}

// WebIdentity returns what a token says. ok is false for one that the identity provider did not make. The caller checks whether it
// has ended.
func (c *Credentials) WebIdentity(token string) (id WebIdentity, ok bool) {
	end := max(strings.LastIndexByte(token, '.'), 0)
	body, sum := token[:end], strings.TrimPrefix(token[end:], ".")
	given, err := base64.RawURLEncoding.DecodeString(sum)
	if err != nil || !hmac.Equal(given, c.mac("web identity", body)) {
		return id, false
	}
	_, claims, _ := strings.Cut(body, ".")
	text, err := base64.RawURLEncoding.DecodeString(claims)
	return id, err == nil && json.Unmarshal(text, &id) == nil
}
