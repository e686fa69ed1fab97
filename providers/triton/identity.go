package triton

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"rollcall/providers"
)

// Identify implements providers.Identifier. GET /:login returns the account's id. GET /:login/datacenters returns the
// data centres, of which the cloud is the one with the URL in use. If none has it (a private name, an address, an old
// version), the URL's host serves as the data centre. One data centre reached by two such URLs has two keys; markers
// with the other key count as unknown, never as dead.
func (c *Cloud) Identify(ctx context.Context) (providers.Cloud, error) {
	var account struct {
		ID    string `json:"id"`
		Login string `json:"login"`
	}
	var centres map[string]string
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		_, err := c.read(gctx, request{op: "ask for the account", method: http.MethodGet}, &account)
		if e, ok := errors.AsType[*providers.Error](err); ok && providers.IsGone(err) {
			// Here "not found" is about the account, and must not be taken to mean that a machine is gone.
			return &providers.Error{Kind: providers.KindAuth, Source: c.name, Op: e.Op, Code: e.Code, Err: errors.New(e.Err.Error())}
		}
		if err == nil && account.ID == "" {
			err = &providers.Error{Kind: providers.KindIncomplete, Source: c.name, Op: "ask for the account", Err: errors.New("the answer has no account id")}
		}
		return err
	})
	g.Go(func() (err error) {
		centres, err = c.dataCentres(gctx)
		return err
	})
	if err := g.Wait(); err != nil {
		return providers.Cloud{}, err
	}
	place := dataCentre(&c.base.TritonURL, centres)
	self := providers.Cloud{
		Name: c.name, Provider: providers.Triton, Traits: traits(), Region: place, Account: account.ID,
		Key: providers.NewCloudKey(providers.Triton, account.ID, place),
	}
	c.self.Store(&self)
	return self, nil
}

// dataCentres returns the URLs of the data centres by name; none if this CloudAPI has no list of them.
func (c *Cloud) dataCentres(ctx context.Context) (centres map[string]string, err error) {
	_, err = c.read(ctx, request{op: "list data centres", method: http.MethodGet, path: []string{"datacenters"}}, &centres)
	if providers.KindOf(err) == providers.KindNotFound {
		err = nil
	}
	return centres, err
}

// dataCentre returns the name of the data centre with the URL, or the URL's host.
func dataCentre(own *url.URL, centres map[string]string) string {
	found := ""
	for name, address := range centres {
		if u, err := url.Parse(address); err == nil && hostPort(u) == hostPort(own) && (found == "" || name < found) {
			found = name
		}
	}
	if found == "" {
		return strings.ToLower(own.Host)
	}
	return providers.Brief(found)
}

func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return strings.ToLower(u.Hostname()) + ":" + port
}

// currentIdentity returns the result of the last Identify, and calls Identify if there is none. A Cloud's URL, account
// and key never change, so this is the identity of the cloud that answers.
func (c *Cloud) currentIdentity(ctx context.Context) (providers.Cloud, error) {
	if self := c.self.Load(); self != nil {
		return *self, nil
	}
	return c.Identify(ctx)
}

// Addresses lists no addresses: every address of a Triton account belongs to a machine.
func (c *Cloud) Addresses(ctx context.Context, _ func([]providers.Address)) providers.Coverage {
	started := c.clock.Now()
	self, err := providers.IdentityOf(ctx, c.Identify)
	if err != nil {
		return providers.Failed(started, c.clock.Now(), err)
	}
	return providers.Coverage{
		State: providers.CoverageComplete, Key: self.Key, Account: self.Account, Expected: 0,
		Started: started, Finished: c.clock.Now(),
	}
}

// parseTime parses CloudAPI's times. It returns zero for a malformed one.
func parseTime(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}
