package sshagent

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// Messages of the agent protocol (draft-ietf-sshm-ssh-agent section 5.1).
const (
	msgFailure    = 5
	msgIdentities = 11
	msgSign       = 13
)

const maxMessage = 256 << 10

// converse serves one connection until it ends. The agent only lists the key and signs. A request to add or remove keys
// fails, so that no client affects the next one. Such requests do not reach the library, which would log each of them.
func (a *Agent) converse(ring agent.Agent, c net.Conn) {
	for {
		var size [4]byte
		if _, err := io.ReadFull(c, size[:]); err != nil {
			return
		}
		n := binary.BigEndian.Uint32(size[:])
		if n == 0 || n > maxMessage {
			return
		}
		msg := make([]byte, n)
		if _, err := io.ReadFull(c, msg); err != nil {
			return
		}
		if !a.answers(msg) {
			if _, err := c.Write([]byte{0, 0, 0, 1, msgFailure}); err != nil {
				return
			}
			continue
		}
		one := struct {
			io.Reader
			io.Writer
		}{io.MultiReader(bytes.NewReader(size[:]), bytes.NewReader(msg)), c}
		// It ends after its one message. A write error shows at the next read.
		_ = agent.ServeAgent(ring, one)
	}
}

// answers reports whether this agent supports a message.
func (a *Agent) answers(msg []byte) bool {
	switch msg[0] {
	case msgIdentities:
		return true
	case msgSign:
		var req struct {
			Key   []byte `sshtype:"13"`
			Data  []byte
			Flags uint32
		}
		if ssh.Unmarshal(msg, &req) != nil || !bytes.Equal(req.Key, a.public.Marshal()) {
			return false
		}
		if a.public.Type() != ssh.KeyAlgoRSA {
			clear(msg[len(msg)-4:]) // the flags apply to RSA only, but clients always send them; OpenSSH's agent ignores them
			return true
		}
		switch agent.SignatureFlags(req.Flags) {
		case 0, agent.SignatureFlagRsaSha256, agent.SignatureFlagRsaSha512:
			return true
		}
	}
	return false
}
