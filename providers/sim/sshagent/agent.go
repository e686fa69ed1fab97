// Package sshagent is an ssh-agent with the one key that the embedded Triton accepts. It speaks the agent protocol
// (draft-ietf-sshm-ssh-agent) over a unix socket, so that the user's ~/.ssh is not needed.
package sshagent

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// keyBits is the size of the key; CloudAPI requires RSA of at least 2048 bits.
const keyBits = 2048

// maxSocketPath is the longest path of a socket: sun_path has 104 bytes on some systems and 108 on others, with the
// final zero.
const maxSocketPath = 100

// rsaKey returns the default key of this process's agents. It is made once, since that takes longer than all the rest.
var rsaKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, keyBits) })

// Agent is a running ssh-agent.
type Agent struct {
	public   ssh.PublicKey
	listener net.Listener
	socket   string
	own      string // folder that Close removes, or empty

	mu     sync.Mutex
	conns  map[net.Conn]struct{}
	closed bool
	wg     sync.WaitGroup
}

// Start serves a key on a socket in dir, which it creates with mode 0700 if missing. If dir is empty, or the socket's
// path would be too long, it uses a new temporary folder that Close removes. A nil key means an RSA key, which every
// client of Triton supports; an ECDSA key is made at once, and signs in a tenth of the time.
func Start(dir, comment string, key crypto.Signer) (*Agent, error) {
	if key == nil {
		made, err := rsaKey()
		if err != nil {
			return nil, fmt.Errorf("make the ssh-agent's key: %w", err)
		}
		key = made
	}
	public, err := ssh.NewPublicKey(key.Public())
	if err != nil {
		return nil, fmt.Errorf("make the ssh-agent's key: %w", err)
	}
	ring := agent.NewKeyring()
	if err := ring.Add(agent.AddedKey{PrivateKey: key, Comment: comment}); err != nil {
		return nil, fmt.Errorf("put the key into the ssh-agent: %w", err)
	}
	a := &Agent{public: public, conns: map[net.Conn]struct{}{}}
	if err := a.listen(dir); err != nil {
		return nil, err
	}
	a.wg.Go(func() { a.serve(ring) })
	return a, nil
}

func (a *Agent) listen(dir string) error {
	if dir == "" || len(filepath.Join(dir, "agent.sock")) > maxSocketPath {
		own, err := os.MkdirTemp("", "rollcall-agent-")
		if err != nil {
			return fmt.Errorf("make a directory for the ssh-agent: %w", err)
		}
		a.own, dir = own, own
	} else if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make a directory for the ssh-agent: %w", err)
	}
	a.socket = filepath.Join(dir, "agent.sock")
	// A socket left by a killed run would prevent the new one.
	if fi, err := os.Lstat(a.socket); err == nil && fi.Mode()&os.ModeSocket != 0 {
		if c, err := net.Dial("unix", a.socket); err == nil {
			_ = c.Close()
			return fmt.Errorf("listen for the ssh-agent: %s is in use by another process", a.socket)
		}
		_ = os.Remove(a.socket)
	}
	l, err := net.Listen("unix", a.socket)
	if err != nil {
		return errors.Join(fmt.Errorf("listen for the ssh-agent: %w", err), a.clean())
	}
	a.listener = l
	if err := os.Chmod(a.socket, 0o600); err != nil {
		return errors.Join(fmt.Errorf("close the ssh-agent's socket to others: %w", err), l.Close(), a.clean())
	}
	return nil
}

func (a *Agent) serve(ring agent.Agent) {
	for {
		c, err := a.listener.Accept()
		if err != nil {
			return
		}
		a.mu.Lock()
		if a.closed {
			a.mu.Unlock()
			_ = c.Close()
			return
		}
		a.conns[c] = struct{}{}
		a.mu.Unlock()
		a.wg.Go(func() {
			defer func() {
				_ = c.Close()
				a.mu.Lock()
				delete(a.conns, c)
				a.mu.Unlock()
			}()
			a.converse(ring, c)
		})
	}
}

// Socket returns the path of the socket, for SSH_AUTH_SOCK.
func (a *Agent) Socket() string { return a.socket }

// PublicKey returns the public half of the key.
func (a *Agent) PublicKey() ssh.PublicKey { return a.public }

// Fingerprint returns the MD5 fingerprint of the key as CloudAPI writes key ids: sixteen hex pairs with colons.
func (a *Agent) Fingerprint() string { return ssh.FingerprintLegacyMD5(a.public) }

// Close ends all connections, removes the socket, and waits for the agent's goroutines.
func (a *Agent) Close() error {
	a.mu.Lock()
	if a.closed {
		a.mu.Unlock()
		return nil
	}
	a.closed = true
	for c := range a.conns {
		_ = c.Close()
	}
	a.mu.Unlock()
	err := a.listener.Close()
	a.wg.Wait()
	return errors.Join(err, a.clean())
}

func (a *Agent) clean() error {
	if a.own == "" {
		return nil
	}
	return os.RemoveAll(a.own)
}
