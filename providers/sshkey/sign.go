package sshkey

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"rollcall/providers"
)

// Namespace is the namespace of signatures, as of ssh-keygen -Y verify -n.
const Namespace = "rollcall"

// Signer signs with a key of an ssh-agent. It is safe for concurrent use.
type Signer struct {
	Socket string // of the agent: SSH_AUTH_SOCK
	// Key is the fingerprint of the key, or a file with its public key. If it is empty, the agent's first ed25519 key signs.
	Key string
	// Allowed returns who may sign. A key that the list does not allow for the author signs nothing. It may be nil.
	Allowed func() (*Allowed, error)
	Clock   providers.Clock // for the times of that list
}

// Check returns why nothing can be signed for an author now. It asks for no signature, so an agent that asks a person to
// confirm does not.
func (s *Signer) Check(who string) error {
	return s.withKey(who, func(ssh.Signer) error { return nil })
}

// Sign returns the signature of an author's text in the armored form of SSHSIG (PROTOCOL.sshsig of OpenSSH).
func (s *Signer) Sign(text []byte, who string) (string, error) {
	var out string
	err := s.withKey(who, func(key ssh.Signer) error {
		sig, err := sshsig.Sign(bytes.NewReader(text), key, sshsig.HashSHA512, Namespace)
		if err != nil {
			return fmt.Errorf("the key %s did not sign: %w", ssh.FingerprintSHA256(key.PublicKey()), err)
		}
		out = string(sshsig.Armor(sig))
		_, err = keyOf(text, out) // an old agent signs RSA with SHA-1, which no verifier takes
		return err
	})
	return out, err
}

// withKey calls f with the key that signs, if it may sign for the author now.
func (s *Signer) withKey(who string, f func(ssh.Signer) error) error {
	if s.Socket == "" {
		return errors.New("there is no ssh-agent: SSH_AUTH_SOCK is not set")
	}
	is, what, err := s.wanted()
	if err != nil {
		return err
	}
	allowed := &Allowed{}
	if s.Allowed != nil {
		if allowed, err = s.Allowed(); err != nil {
			return err
		}
	}
	var refused error // not by the agent
	err = Agent(s.Socket, func(a agent.ExtendedAgent) error {
		keys, err := a.Signers()
		if err != nil {
			return err
		}
		i := slices.IndexFunc(keys, func(k ssh.Signer) bool { return is(k.PublicKey()) })
		switch {
		case len(keys) == 0:
			return errors.New("it has no keys, or is locked: ssh-add adds a key, ssh-add -X unlocks it")
		case i < 0:
			return fmt.Errorf("it does not hold %s: ssh-add adds a key, sign_key in the config names another", what)
		}
		if len(allowed.lines) > 0 {
			if _, refused = allowed.permits(keys[i].PublicKey(), who, s.Clock.Now()); refused != nil {
				return nil
			}
		}
		return f(keys[i])
	})
	return errors.Join(err, refused)
}

// wanted returns what recognises the key that signs, and a description of it.
func (s *Signer) wanted() (is func(ssh.PublicKey) bool, what string, err error) {
	switch {
	case s.Key == "":
		return func(k ssh.PublicKey) bool { return k.Type() == ssh.KeyAlgoED25519 }, "an ed25519 key", nil
	case isFingerprint(s.Key):
		return func(k ssh.PublicKey) bool { return Matches(k, s.Key) }, "the key " + providers.Brief(s.Key), nil
	}
	data, err := os.ReadFile(s.Key)
	if err != nil {
		return nil, "", fmt.Errorf("read the public key that signs: %w", err)
	}
	public, _, _, _, err := ssh.ParseAuthorizedKey(data)
	if err != nil {
		return nil, "", fmt.Errorf("%s is not a public key: name the file that ends in .pub", s.Key)
	}
	want := public.Marshal()
	return func(k ssh.PublicKey) bool { return bytes.Equal(k.Marshal(), want) }, "the key of " + s.Key, nil
}

// isFingerprint reports whether a text is the fingerprint of a key, as ssh-keygen -l prints it, and not a file.
func isFingerprint(s string) bool {
	return strings.HasPrefix(s, "SHA256:") || strings.HasPrefix(s, "MD5:")
}

// keyOf returns the key whose signature of a text this is.
func keyOf(text []byte, signature string) (ssh.PublicKey, error) {
	sig, err := sshsig.Unarmor([]byte(signature))
	if err != nil {
		return nil, errors.New("the signature is damaged, or of a kind that is not safe")
	}
	if err := sshsig.Verify(bytes.NewReader(text), sig, sig.PublicKey, sig.HashAlgorithm, Namespace); err != nil {
		return nil, errors.New("the signature does not fit what was written")
	}
	return sig.PublicKey, nil
}

// describe returns type and fingerprint of a key.
func describe(key ssh.PublicKey) string {
	kind := strings.TrimPrefix(key.Type(), "ssh-")
	return cmp.Or(kind, "key") + " " + ssh.FingerprintSHA256(key)
}
