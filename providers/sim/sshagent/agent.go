// Package sshagent is an ssh-agent that holds one key: the key that the embedded Triton accepts. It speaks the agent protocol
// (draft-ietf-sshm-ssh-agent) over a unix socket, so that no one's ~/.ssh is touched.
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

// keyBits is the size of the key; CloudAPI asks for RSA of at least 2048 bits.
const keyBits = 2048

// maxSocketPath is how long a socket's path may be: sun_path has 104 bytes on
// some systems and 108 on others, with the final zero.
const maxSocketPath = 100

// rsaKey returns the key of every agent of this process that is given none: making one takes longer than the rest of a world.
var rsaKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, keyBits) })

// Agent is a running ssh-agent. Close ends it.
type Agent struct {
	public   ssh.PublicKey
	listener net.Listener
	socket   string
	own      string // directory that Close removes, or empty

	mu     sync.Mutex
	conns  map[net.Conn]struct{}
	closed bool
	wg     sync.WaitGroup
}

// Start serves a key on a socket in dir, which is made with mode
// 0700 when it does not exist. Without dir, or when the socket's path would be too long
// for the system, a directory of its own is made under the temporary one and
// removed by Close. When key is nil it is an RSA key, which every client of Triton can use;
// an ECDSA key is made at once, and signs in a tenth of the time.
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
	// A socket left by a run that was killed would refuse the new one.
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

// Socket is the path of the socket, for SSH_AUTH_SOCK.
func (a *Agent) Socket() string { return a.socket }

// PublicKey is the public half of the key.
func (a *Agent) PublicKey() ssh.PublicKey { return a.public }

// Fingerprint is the MD5 fingerprint of the key: sixteen hex pairs with
// colons between, as CloudAPI writes key ids.
func (a *Agent) Fingerprint() string { return ssh.FingerprintLegacyMD5(a.public) }

// Close ends all connections and removes the socket. It returns once no
// goroutine of the agent is left.
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
