package awsfront

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"rollcall/providers/sim/world"
)

// Signature version 4 by "Create a signed AWS API request" of the IAM User Guide. Presigned requests are not supported.
const (
	algorithm = "AWS4-HMAC-SHA256"
	// maxSkew is the largest difference between the time of a signature and ours: a request must reach AWS within five
	// minutes of its time stamp (the same guide, "Why requests are signed").
	maxSkew    = 5 * time.Minute
	dateFormat = "20060102T150405Z"
)

// scope holds a request's claims about its signature before they are verified.
type scope struct {
	keyID, date, region, service string
	signed                       []string
	signature                    string
}

// authProblem is why a signature is refused; empty if it is valid.
type authProblem string

const (
	missing      authProblem = "missing"
	incomplete   authProblem = "incomplete"
	unknownKey   authProblem = "unknown key"
	badSignature authProblem = "bad signature"
	expired      authProblem = "expired"
	notYet       authProblem = "not yet"
	spent        authProblem = "spent" // the credentials' session has ended
)

// parseAuthorization parses an Authorization header.
func parseAuthorization(h string) (scope, bool) {
	rest, ok := strings.CutPrefix(h, algorithm+" ")
	if !ok {
		return scope{}, false
	}
	var s scope
	for part := range strings.SplitSeq(rest, ",") {
		k, v, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch k {
		case "Credential":
			f := strings.Split(v, "/")
			if len(f) != 5 || f[4] != "aws4_request" {
				return scope{}, false
			}
			s.keyID, s.date, s.region, s.service = f[0], f[1], f[2], f[3]
		case "SignedHeaders":
			s.signed = strings.Split(v, ";")
		case "Signature":
			s.signature = v
		}
	}
	return s, s.keyID != "" && s.signature != "" && slices.Contains(s.signed, "host")
}

// verify checks the signature of a call.
func verify(c *call, cred *world.Credentials, users *iamStore, now time.Time) authProblem {
	h := c.r.Header.Get("Authorization")
	if h == "" {
		return missing
	}
	s, ok := parseAuthorization(h)
	if !ok {
		return incomplete
	}
	stamp := c.r.Header.Get("X-Amz-Date")
	at, err := time.Parse(dateFormat, stamp)
	if err != nil || !slices.Contains(s.signed, "x-amz-date") {
		return incomplete
	}
	secret := cred.AWSSecret
	if token := c.r.Header.Get("X-Amz-Security-Token"); token != "" {
		// A user's key is long-term, and has no session token.
		session, keys, ok := cred.Session(token)
		if !ok || keys.KeyID != s.keyID || !slices.Contains(s.signed, "x-amz-security-token") {
			return unknownKey
		}
		c.session, secret = &session, keys.Secret
	} else if s.keyID != cred.AWSKeyID {
		if c.user, secret, ok = users.userOfKey(s.keyID); !ok {
			return unknownKey
		}
	}
	hash := sha256.Sum256(c.body)
	payload := hex.EncodeToString(hash[:])
	if given := c.r.Header.Get("X-Amz-Content-Sha256"); given != "" && given != payload {
		return badSignature // UNSIGNED-PAYLOAD is for S3 only
	}
	want := sign(secret, s, stamp, canonicalRequest(c.r, s.signed, payload))
	if s.date != stamp[:8] || subtle.ConstantTimeCompare([]byte(want), []byte(s.signature)) != 1 {
		return badSignature
	}
	switch {
	case c.session != nil && !now.Before(c.session.Until):
		return spent
	case now.Sub(at) > maxSkew:
		return expired
	case at.Sub(now) > maxSkew:
		return notYet
	}
	return ""
}

func sign(secret string, s scope, stamp, canonical string) string {
	sum := sha256.Sum256([]byte(canonical))
	text := strings.Join([]string{algorithm, stamp, s.date + "/" + s.region + "/" + s.service + "/aws4_request", hex.EncodeToString(sum[:])}, "\n")
	key := []byte("AWS4" + secret)
	for _, part := range []string{s.date, s.region, s.service, "aws4_request", text} {
		m := hmac.New(sha256.New, key)
		m.Write([]byte(part))
		key = m.Sum(nil)
	}
	return hex.EncodeToString(key)
}

// canonicalRequest returns the text that the client signed, from the received request.
func canonicalRequest(r *http.Request, signed []string, payload string) string {
	var b strings.Builder
	b.WriteString(r.Method + "\n")
	path := cmp.Or(r.URL.EscapedPath(), "/")
	b.WriteString(uriEncode(path, true) + "\n") // encoded twice, as every service but S3 requires
	b.WriteString(canonicalQuery(r.URL.RawQuery) + "\n")
	for _, name := range signed {
		b.WriteString(name + ":" + headerValue(r, name) + "\n")
	}
	b.WriteString("\n" + strings.Join(signed, ";") + "\n" + payload)
	return b.String()
}

// headerValue returns a header as signed. net/http removes some headers from the map.
func headerValue(r *http.Request, name string) string {
	switch name {
	case "host":
		return r.Host
	case "content-length":
		return strconv.FormatInt(r.ContentLength, 10)
	}
	values := slices.Clone(r.Header.Values(name))
	for i, v := range values {
		values[i] = strings.Join(strings.Fields(v), " ")
	}
	return strings.Join(values, ",")
}

func canonicalQuery(raw string) string {
	if raw == "" {
		return ""
	}
	var pairs []string
	for p := range strings.SplitSeq(raw, "&") {
		k, v, _ := strings.Cut(p, "=")
		pairs = append(pairs, recode(k)+"="+recode(v))
	}
	slices.Sort(pairs)
	return strings.Join(pairs, "&")
}

func recode(s string) string {
	if u, err := url.QueryUnescape(s); err == nil {
		s = u
	}
	return uriEncode(s, false)
}

// uriEncode escapes all but the unreserved characters of RFC 3986, and slashes if they are kept.
func uriEncode(s string, keepSlash bool) string {
	const hexDigits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.', c == '~', c == '/' && keepSlash:
			b.WriteByte(c)
		default:
			b.WriteByte('%')
			b.WriteByte(hexDigits[c>>4])
			b.WriteByte(hexDigits[c&15])
		}
	}
	return b.String()
}
