package world

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
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
