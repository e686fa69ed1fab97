package triton

import (
	"encoding/asn1"
	"fmt"
	"math/big"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"rollcall/providers"
	"rollcall/providers/sshkey"
)

// agentKey returns the agent's key with the fingerprint, or nil if the agent has no such key.
func agentKey(socket, fingerprint string) (*key, error) {
	var found *agent.Key
	err := sshkey.Agent(socket, func(a agent.ExtendedAgent) error {
		keys, err := a.List()
		if err != nil {
			return err
		}
		for _, k := range keys {
			if sshkey.Matches(k, fingerprint) {
				found = k
				return nil
			}
		}
		return nil
	})
	if err != nil || found == nil {
		return nil, err
	}
	alg, err := algorithmOf(found)
	if err != nil {
		return nil, err
	}
	return &key{public: found, alg: alg, sign: func(data []byte) ([]byte, error) {
		var sig *ssh.Signature
		err := sshkey.Agent(socket, func(a agent.ExtendedAgent) (err error) {
			sig, err = a.SignWithFlags(found, data, agentFlags(found))
			return err
		})
		if err != nil {
			return nil, err
		}
		return fromSSH(found.Type(), sig)
	}}, nil
}

func agentFlags(k ssh.PublicKey) agent.SignatureFlags {
	if k.Type() == ssh.KeyAlgoRSA {
		return agent.SignatureFlagRsaSha256
	}
	return 0
}

// fromSSH converts an SSH signature to CloudAPI's form: RSA is unchanged, ECDSA changes from two mpints (RFC 5656
// section 3.1.2) to ASN.1 DER. The key's curve determines the hash, not the length of a number. A SHA-1 signature, of
// an agent too old for SHA-2, is an error.
func fromSSH(keyType string, sig *ssh.Signature) ([]byte, error) {
	if keyType == ssh.KeyAlgoRSA {
		if sig.Format != ssh.KeyAlgoRSASHA256 {
			return nil, fmt.Errorf("the agent signed with %s, not rsa-sha2-256: it is too old", providers.Brief(sig.Format))
		}
		return sig.Blob, nil
	}
	if sig.Format != keyType {
		return nil, fmt.Errorf("the agent signed with %s for a key of type %s", providers.Brief(sig.Format), keyType)
	}
	var rs struct{ R, S *big.Int }
	if err := ssh.Unmarshal(sig.Blob, &rs); err != nil {
		return nil, err
	}
	return asn1.Marshal(rs)
}
