package triton

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha256" // SHA-256 for crypto.Hash
	_ "crypto/sha512" // SHA-384 and SHA-512 for crypto.Hash
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"rollcall/providers"
	"rollcall/providers/sshkey"
)

// algorithm is a signature algorithm of CloudAPI: its name in the Authorization header, and its hash. RSA uses PKCS #1
// v1.5, ECDSA signatures are ASN.1 DER. rsa-sha1 is never used.
type algorithm struct {
	name string
	hash crypto.Hash
}

// algorithmOf returns the algorithm of a public key by its SSH type.
func algorithmOf(key ssh.PublicKey) (algorithm, error) {
	switch key.Type() {
	case ssh.KeyAlgoRSA:
		return algorithm{"rsa-sha256", crypto.SHA256}, nil
	case ssh.KeyAlgoECDSA256:
		return algorithm{"ecdsa-sha256", crypto.SHA256}, nil
	case ssh.KeyAlgoECDSA384:
		return algorithm{"ecdsa-sha384", crypto.SHA384}, nil
	case ssh.KeyAlgoECDSA521:
		return algorithm{"ecdsa-sha512", crypto.SHA512}, nil
	}
	return algorithm{}, fmt.Errorf("a key of type %s cannot sign for CloudAPI: use RSA or ECDSA", key.Type())
}

// key is a private key in a file or in an agent.
type key struct {
	public ssh.PublicKey
	alg    algorithm
	sign   func(data []byte) ([]byte, error) // returns the raw signature in CloudAPI's form
	secret [][]byte                          // the secret numbers of a private key; none for a key in an agent
}

// signer implements the SDK's authentication.Signer with a key that is looked up at the first signature. The SDK's own
// signers support RSA only with SHA-1, or guess the ECDSA hash from the length of a number.
type signer struct {
	account, user string
	find          func() (*key, error)

	mu          sync.Mutex
	key         *key
	searchErr   error     // of the last search that was slow and found no key
	searchErrAt time.Time // when that search ended
	date        string    // of the last signature, which the pages of one second share
	auth        string
}

// keepSearchErr is how long the result of a search that was slower than this and found no key is kept.
const keepSearchErr = time.Second

// found returns the key. Concurrent calls share one search, so they wait only once for an agent that hangs.
func (s *signer) found() (*key, error) {
	called := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.key != nil {
		return s.key, nil
	}
	if s.searchErr != nil && called.Before(s.searchErrAt.Add(keepSearchErr)) {
		return nil, authError(s.searchErr)
	}
	k, err := s.find()
	if err != nil {
		if took := time.Since(called); took > keepSearchErr {
			s.searchErr, s.searchErrAt = err, time.Now()
		}
		return nil, authError(err)
	}
	s.key = k
	return k, nil
}

func authError(err error) error {
	return &providers.Error{Kind: providers.KindAuth, Op: "sign", Err: err}
}

// DefaultAlgorithm implements authentication.Signer.
func (s *signer) DefaultAlgorithm() string {
	k, err := s.found()
	if err != nil {
		return ""
	}
	return k.alg.name
}

// KeyFingerprint implements authentication.Signer. It returns the MD5 fingerprint with colons.
func (s *signer) KeyFingerprint() string {
	k, err := s.found()
	if err != nil {
		return ""
	}
	return ssh.FingerprintLegacyMD5(k.public)
}

// Sign implements authentication.Signer. It returns the Authorization header for a Date header, of which it signs the
// literal text: the SDK writes UTC where HTTP has GMT, and sends the same.
func (s *signer) Sign(dateHeader string, _ bool) (string, error) {
	s.mu.Lock()
	date, auth := s.date, s.auth
	s.mu.Unlock()
	if date == dateHeader && auth != "" {
		return auth, nil
	}
	signature, alg, err := s.SignRaw("date: " + dateHeader)
	if err != nil {
		return "", err
	}
	auth = fmt.Sprintf(`Signature keyId="%s",algorithm="%s",headers="date",signature="%s"`, s.keyID(), alg, signature)
	s.mu.Lock()
	s.date, s.auth = dateHeader, auth
	s.mu.Unlock()
	return auth, nil
}

// SignRaw implements authentication.Signer. It returns the base64 signature of a text and the algorithm's name.
func (s *signer) SignRaw(toSign string) (signature, alg string, err error) {
	k, err := s.found()
	if err != nil {
		return "", "", err
	}
	raw, err := k.sign([]byte(toSign))
	if err != nil {
		// A restarted agent may hold other keys, so the next call looks again.
		s.mu.Lock()
		s.key = nil
		s.mu.Unlock()
		return "", "", authError(err)
	}
	return base64.StdEncoding.EncodeToString(raw), k.alg.name, nil
}

func (s *signer) keyID() string {
	id := "/" + s.account
	if s.user != "" {
		id += "/users/" + s.user
	}
	return id + "/keys/" + s.KeyFingerprint()
}

// parseKey parses a private key: PEM as PKCS #1, SEC 1, PKCS #8 or OpenSSH.
func parseKey(data []byte) (*key, error) {
	if block, _ := pem.Decode(data); block != nil && block.Type == "ENCRYPTED PRIVATE KEY" {
		return nil, errEncrypted
	}
	private, err := ssh.ParseRawPrivateKey(data)
	if _, ok := errors.AsType[*ssh.PassphraseMissingError](err); ok {
		return nil, errEncrypted
	}
	if err != nil {
		return nil, err
	}
	switch p := private.(type) {
	case *rsa.PrivateKey, *ecdsa.PrivateKey:
		return softKey(p.(crypto.Signer))
	case *ed25519.PrivateKey:
		return softKey(p)
	}
	return nil, errors.New("this kind of key cannot sign for CloudAPI: use RSA or ECDSA")
}

var errEncrypted = errors.New("the key is encrypted: add it to the ssh-agent (ssh-add) and leave the key file out")

func softKey(private crypto.Signer) (*key, error) {
	public, err := ssh.NewPublicKey(private.Public())
	if err != nil {
		return nil, err
	}
	alg, err := algorithmOf(public)
	if err != nil {
		return nil, err
	}
	return &key{public: public, alg: alg, secret: secretNumbers(private), sign: func(data []byte) ([]byte, error) {
		h := alg.hash.New()
		h.Write(data)
		return private.Sign(rand.Reader, h.Sum(nil), alg.hash)
	}}, nil
}

// secretNumbers returns the parts of a private key that its public key lacks, in the bytes that file formats use.
func secretNumbers(private crypto.Signer) [][]byte {
	switch p := private.(type) {
	case *rsa.PrivateKey:
		out := [][]byte{p.D.Bytes()}
		for _, prime := range p.Primes {
			out = append(out, prime.Bytes())
		}
		return out
	case *ecdsa.PrivateKey:
		if b, err := p.Bytes(); err == nil {
			return [][]byte{b}
		}
	case *ed25519.PrivateKey:
		return [][]byte{p.Seed()}
	case ed25519.PrivateKey:
		return [][]byte{p.Seed()}
	}
	return nil
}

// Credentials implements providers.CredentialHolder.
func (c *Cloud) Credentials(context.Context) ([]providers.Credential, error) {
	k, err := c.signer.found()
	if err != nil {
		return nil, err
	}
	var out []providers.Credential
	for _, n := range k.secret {
		out = append(out, providers.Credential{What: "the private key of " + c.name, Value: n})
	}
	return out, nil
}

// keyFile returns the private key in a file, which must match the fingerprint if there is one.
func keyFile(path, fingerprint string) (*key, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	k, err := parseKey(data)
	if err != nil {
		if _, _, _, _, notPublic := ssh.ParseAuthorizedKey(data); notPublic == nil {
			return nil, fmt.Errorf("%s is a public key: name the file of the private key, which is mostly called %s", path, strings.TrimSuffix(filepath.Base(path), ".pub"))
		}
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if fingerprint != "" && !sshkey.Matches(k.public, fingerprint) {
		return nil, fmt.Errorf("%s: the key's fingerprint is %s, not %s", path, ssh.FingerprintLegacyMD5(k.public), providers.Brief(fingerprint))
	}
	return k, nil
}

// keyInDir looks for the private key with the fingerprint in a directory such as ~/.ssh. It checks public key files
// first, because they also identify encrypted keys.
func keyInDir(dir, fingerprint string) (*key, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, nil // a missing directory has no key
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if !e.Type().IsRegular() {
			continue
		}
		if private, ok := strings.CutSuffix(path, ".pub"); ok {
			data, err := os.ReadFile(path)
			if err != nil {
				continue
			}
			public, _, _, _, err := ssh.ParseAuthorizedKey(data)
			if err != nil || !sshkey.Matches(public, fingerprint) {
				continue
			}
			if _, err := os.Stat(private); err == nil {
				return keyFile(private, fingerprint)
			}
			continue
		}
		data, err := os.ReadFile(path)
		if err != nil || !bytes.Contains(data, []byte("PRIVATE KEY-----")) {
			continue
		}
		if k, err := parseKey(data); err == nil && sshkey.Matches(k.public, fingerprint) {
			return k, nil
		}
	}
	return nil, nil
}
