// Package triton is the adapter for Joyent Triton's CloudAPI.
//
// The SDK signs and sends requests, but bodies are decoded here. The SDK's decoders exit the process on a package whose
// disk they cannot read, panic on a tag that is not a bool, count offsets in 16 bits and keep metadata values, which
// can be secrets.
package triton

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/joyent/triton-go/authentication"
	"github.com/joyent/triton-go/client"

	"rollcall/providers"
	"rollcall/providers/budget"
	"rollcall/providers/itemcache"
)

// Cloud is one Triton account in one data centre. It implements providers.Compute and is safe for concurrent use.
type Cloud struct {
	name    string
	account string        // whose instances they are; another account may sign
	roles   string        // taken up in every call (RBAC), joined by commas; empty for the default ones
	base    client.Client // copied for each call: the SDK writes to it
	signer  *signer
	budget  *budget.Account
	clock   providers.Clock

	self     atomic.Pointer[providers.Cloud] // result of the last Identify
	machines itemcache.Cache[*providers.Instance]
	rows     itemcache.Rows[providers.Instance]

	mu        sync.Mutex
	launching map[string]chan struct{} // current launches of this process
}

var _ providers.Compute = (*Cloud)(nil)

// CloudAPI publishes no limit, and operators set one per account. These values are well below the known ones.
const (
	defaultRate  = 20
	defaultBurst = 100
)

// New returns a cloud. It reads only local files: profiles of the triton CLI and a key file. If something is missing,
// it returns a one-line *providers.Error of KindAuth.
func New(cfg Config) (*Cloud, error) {
	cfg, _, err := cfg.resolve()
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(cfg.URL)
	if err != nil {
		return nil, &providers.Error{Kind: providers.KindInvalid, Source: cfg.Name, Op: "set up", Err: err}
	}
	s, err := cfg.signer()
	if err != nil {
		return nil, &providers.Error{Kind: providers.KindAuth, Source: cfg.Name, Op: "set up", Err: err}
	}
	if cfg.Budget == nil {
		cfg.Budget = budget.New(cfg.Name, defaultRate, defaultBurst, budget.WithClock(cfg.Clock))
	}
	base := cfg.Transport
	if base == nil {
		base = newTransport(cfg.InsecureTLS)
	}
	return &Cloud{
		name: cfg.Name, account: cmp.Or(cfg.ActAs, cfg.Account), roles: strings.Join(cfg.Roles, ","), budget: cfg.Budget, clock: cfg.Clock,
		launching: map[string]chan struct{}{}, signer: s,
		// The SDK's constructor fails without signers even if the agent works, and it uses package state and the
		// environment.
		base: client.Client{
			HTTPClient:  &http.Client{Transport: &recorder{base: cfg.Budget.Transport(base)}, CheckRedirect: noRedirect},
			Authorizers: []authentication.Signer{s},
			TritonURL:   *u, AccountName: cfg.Account, Username: cfg.User,
		},
	}, nil
}

// Endpoint returns the URL of CloudAPI.
func (c *Cloud) Endpoint() string { return c.base.TritonURL.String() }

func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func newTransport(insecure bool) http.RoundTripper {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = pagesAtOnce
	if insecure {
		t.TLSClientConfig = &tls.Config{InsecureSkipVerify: true} //nolint:gosec // the operator asked for it, as the triton CLI allows
	}
	return t
}

// signer returns the signer of the key: from the key file, else ssh-agent, else ~/.ssh.
func (c *Config) signer() (*signer, error) {
	s := &signer{account: c.Account, user: c.User}
	if c.KeyFile != "" {
		k, err := keyFile(c.KeyFile, c.KeyID)
		if err != nil {
			return nil, err
		}
		s.key = k
		return s, nil
	}
	socket, id, dir := c.AgentSocket, c.KeyID, filepath.Join(c.Home, ".ssh")
	if socket == "" {
		k, err := keyInDir(dir, id)
		if err != nil {
			return nil, err
		}
		if k == nil {
			return nil, fmt.Errorf("no private key with the fingerprint %s in %s, and no ssh-agent (SSH_AUTH_SOCK is not set)", providers.Brief(id), dir)
		}
		s.key = k
		return s, nil
	}
	s.find = func() (*key, error) {
		k, err := agentKey(socket, id)
		if k != nil {
			return k, nil
		}
		onDisk, diskErr := keyInDir(dir, id)
		if onDisk != nil {
			return onDisk, nil
		}
		if err != nil {
			err = fmt.Errorf("%w; or name the private key with key_file in the config", err)
		}
		if err = errors.Join(err, diskErr); err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("no key with the fingerprint %s in the ssh-agent or in %s: ssh-add it", providers.Brief(id), dir)
	}
	return s, nil
}
