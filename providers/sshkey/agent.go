// Package sshkey works with SSH keys: it reaches the ssh-agent, recognises a key by its fingerprint, signs texts in the
// form of SSHSIG and verifies them by a list of allowed signers. It imports providers only. Read Agent, then Signer and
// Allowed.
package sshkey

import (
	"fmt"
	"net"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"rollcall/providers"
)

// Patience is how long an agent may take; one that asks a person to confirm needs a moment. It is shorter than the
// silence limit of a read, so that the error names the agent.
const Patience = 12 * time.Second

// ListPatience is how long an agent may take to list its keys, before anything else is asked of it. That needs no person, so
// that one that is stopped holds nothing up for longer.
const ListPatience = 5 * time.Second

// Agent runs f on a new connection to the ssh-agent at a socket. A connection per call is cheap, whereas an agent client
// serialises its calls and dies with its connection. It is safe for concurrent use.
func Agent(socket string, f func(agent.ExtendedAgent) error) error {
	conn, err := net.DialTimeout("unix", socket, ListPatience)
	if err != nil {
		return fmt.Errorf("the ssh-agent of SSH_AUTH_SOCK is not reached: start one and ssh-add the key: %w", err)
	}
	defer func() { _ = conn.Close() }()
	client := agent.NewClient(conn)
	within := func(limit time.Duration, ask func() error) error {
		began := time.Now()
		_ = conn.SetDeadline(began.Add(limit)) // a unix socket takes deadlines
		err := ask()
		if err != nil && time.Since(began) >= limit { // the agent's client hides the cause
			return fmt.Errorf("the ssh-agent at %s has not answered for %s: see whether it is stopped, or waits for a person (ssh-add -l)", providers.Brief(socket), limit)
		}
		if err != nil {
			return fmt.Errorf("ssh-agent: %w", err)
		}
		return nil
	}
	if err := within(ListPatience, func() error { _, err := client.List(); return err }); err != nil {
		return err
	}
	return within(Patience, func() error { return f(client) })
}

// Matches reports whether a key has the fingerprint: MD5 with or without colons and prefix, SHA256 with or without
// prefix and padding.
func Matches(public ssh.PublicKey, fingerprint string) bool {
	f := strings.TrimSpace(fingerprint)
	if s, ok := strings.CutPrefix(f, "SHA256:"); ok {
		f = s
	}
	if strings.TrimRight(f, "=") == strings.TrimPrefix(ssh.FingerprintSHA256(public), "SHA256:") {
		return true
	}
	f = strings.TrimPrefix(strings.ToLower(f), "md5:")
	plain := strings.ReplaceAll(f, ":", "")
	return plain != "" && plain == strings.ReplaceAll(ssh.FingerprintLegacyMD5(public), ":", "")
}
