package tritonfront

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	_ "crypto/sha1" // the digest of old clients' signatures
	_ "crypto/sha256"
	_ "crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// maxSkew is the largest difference between a request's Date and our clock.
const maxSkew = 300 * time.Second

// caller is the signer of a request.
type caller struct {
	keyID string
	user  string // login of a user of the account; empty for the account itself
}

// signature is a parsed Authorization header of draft-cavage-http-signatures.
type signature struct {
	keyID, algorithm string
	headers          []string
	value            []byte
}

// authenticate checks the request's HTTP signature and returns its signer.
func (f *front) authenticate(r *http.Request, now time.Time) (caller, error) {
	header := r.Header.Get("Authorization")
	scheme, params, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Signature") {
		return caller{}, newError(http.StatusUnauthorized, "InvalidCredentials", "You must make authenticated requests to use CloudAPI")
	}
	sig, err := parseSignature(params)
	if err != nil {
		return caller{}, badSignature(err)
	}
	text, err := signedText(r, sig.headers)
	if err != nil {
		return caller{}, badSignature(err)
	}
	if err := checkDate(r.Header.Get("Date"), now); err != nil {
		return caller{}, badSignature(err)
	}
	key, user, err := f.key(sig.keyID)
	if err != nil {
		return caller{}, err
	}
	if seen := [2]string{header, text}; f.valid.Load() != seen {
		if err := verify(key, sig, []byte(text)); err != nil {
			return caller{}, newError(http.StatusUnauthorized, "InvalidCredentials", err.Error())
		}
		f.valid.Store(seen)
	}
	return caller{keyID: sig.keyID, user: user}, nil
}

func badSignature(err error) *apiError {
	return newError(http.StatusBadRequest, "InvalidHeader", "Authorization signature invalid: "+err.Error())
}

// checkDate compares the Date of a request with the clock. Clients write the zone as GMT or as UTC.
func checkDate(date string, now time.Time) error {
	at, err := http.ParseTime(date)
	if err != nil {
		if at, err = time.Parse(time.RFC1123, date); err != nil {
			return errors.New("date was not in the request, or is not a date")
		}
	}
	if skew := now.Sub(at).Abs(); skew > maxSkew {
		return fmt.Errorf("clock skew of %.1fs was greater than %.0fs", skew.Seconds(), maxSkew.Seconds())
	}
	return nil
}

// parseSignature parses key="value" pairs, including the form of 2012 with the bare signature after them.
func parseSignature(s string) (signature, error) {
	sig := signature{headers: []string{"date"}}
	var value string
	for s = strings.TrimSpace(s); s != ""; s = strings.TrimLeft(s, ", ") {
		name, rest, ok := strings.Cut(s, `="`)
		if !ok || strings.ContainsAny(name, " ,\"") {
			value = s
			break
		}
		v, rest, ok := strings.Cut(rest, `"`)
		if !ok {
			return sig, errors.New("a parameter is not closed")
		}
		switch name {
		case "keyId":
			sig.keyID = v
		case "algorithm":
			sig.algorithm = strings.ToLower(v)
		case "headers":
			sig.headers = strings.Fields(strings.ToLower(v))
		case "signature":
			value = v
		}
		s = rest
	}
	switch {
	case sig.keyID == "":
		return sig, errors.New("keyId was not specified")
	case sig.algorithm == "":
		return sig, errors.New("algorithm was not specified")
	case value == "":
		return sig, errors.New("signature was not specified")
	case len(sig.headers) == 0:
		return sig, errors.New("headers was empty")
	}
	raw, err := base64.StdEncoding.DecodeString(value)
	if err != nil {
		return sig, errors.New("signature is not base64")
	}
	sig.value = raw
	return sig, nil
}

// signedText returns the signed text. It must include a date, or the signature could be reused forever.
func signedText(r *http.Request, headers []string) (string, error) {
	var lines []string
	dated := false
	for _, h := range headers {
		switch h {
		case "(request-target)":
			lines = append(lines, h+": "+strings.ToLower(r.Method)+" "+r.RequestURI)
			continue
		case "request-line":
			lines = append(lines, r.Method+" "+r.RequestURI+" HTTP/1.1")
			continue
		case "host":
			lines = append(lines, h+": "+r.Host)
			continue
		}
		v := r.Header.Values(h)
		if len(v) == 0 {
			return "", fmt.Errorf("%s was not in the request", h)
		}
		dated = dated || h == "date"
		lines = append(lines, h+": "+strings.Join(v, ", "))
	}
	if !dated {
		return "", errors.New("date was not signed")
	}
	return strings.Join(lines, "\n"), nil
}

// key returns the key that /account/keys/ID or /account/users/USER/keys/ID names.
func (f *front) key(keyID string) (ssh.PublicKey, string, error) {
	parts := strings.Split(keyID, "/")
	refuse := func(what, v string) error {
		return newError(http.StatusUnauthorized, "InvalidCredentials", "Invalid "+what+" "+v)
	}
	if len(parts) < 4 || parts[0] != "" {
		return nil, "", newError(http.StatusUnauthorized, "InvalidCredentials", "Invalid KeyId "+keyID+" in authorization header")
	}
	if c := f.w.Credentials; parts[1] != c.TritonAccount && parts[1] != c.TritonAccountID {
		return nil, "", refuse("account", parts[1])
	}
	var keys []ssh.PublicKey
	var user, id string
	switch {
	case parts[2] == "keys":
		keys, id = f.o.Keys, strings.Join(parts[3:], "/") // a SHA256 fingerprint may contain a slash
	case parts[2] == "users" && len(parts) >= 6 && parts[4] == "keys":
		user, id = parts[3], strings.Join(parts[5:], "/")
		var ok bool
		if keys, ok = f.o.Users[user]; !ok {
			return nil, "", refuse("account", user)
		}
	default:
		return nil, "", newError(http.StatusUnauthorized, "InvalidCredentials", "Invalid KeyId "+keyID+" in authorization header")
	}
	for _, k := range keys {
		if id == ssh.FingerprintLegacyMD5(k) || id == ssh.FingerprintSHA256(k) || id == "MD5:"+ssh.FingerprintLegacyMD5(k) {
			return k, user, nil
		}
	}
	return nil, "", refuse("key", id)
}

// errMismatch has the API's text.
var errMismatch = errors.New("The signature we calculated does not match the one you sent")

// verify checks the signature with its algorithm.
func verify(key ssh.PublicKey, sig signature, text []byte) error {
	kind, digest, _ := strings.Cut(sig.algorithm, "-")
	hash, ok := map[string]crypto.Hash{"sha1": crypto.SHA1, "sha256": crypto.SHA256, "sha384": crypto.SHA384, "sha512": crypto.SHA512}[digest]
	if !ok || (kind != "rsa" && kind != "ecdsa") || (kind == "ecdsa" && hash == crypto.SHA1) {
		return fmt.Errorf("%s is not a supported signing algorithm", strings.ToUpper(sig.algorithm))
	}
	ck, ok := key.(ssh.CryptoPublicKey)
	if !ok {
		return errMismatch
	}
	h := hash.New()
	h.Write(text)
	sum := h.Sum(nil)
	switch pub := ck.CryptoPublicKey().(type) {
	case *rsa.PublicKey:
		if kind == "rsa" && rsa.VerifyPKCS1v15(pub, hash, sum, sig.value) == nil {
			return nil
		}
	case *ecdsa.PublicKey:
		if kind == "ecdsa" && ecdsa.VerifyASN1(pub, sum, sig.value) {
			return nil
		}
	}
	return errMismatch
}
