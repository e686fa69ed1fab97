// Package route53 is the adapter of Amazon Route 53: one account as a providers.WritableDNS. No other package uses the
// Route 53 SDK.
package route53

import (
	"cmp"
	"context"
	"net/http"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsr53 "github.com/aws/aws-sdk-go-v2/service/route53"

	"rollcall/providers"
	"rollcall/providers/awsapi"
	"rollcall/providers/budget"
	"rollcall/providers/recordset"
)

// Config selects the account. The zero value of every field is usable.
type Config struct {
	Name       string          // name of the account, for errors; "route53" when empty
	Profile    string          // profile in the shared AWS config; empty for AWS_PROFILE or the default chain
	Region     string          // signing region; empty for the profile's, else us-east-1
	Endpoint   string          // overrides the endpoint; empty for AWS_ENDPOINT_URL and its variants, else Amazon
	Budget     *budget.Account // the account's rate budget; nil for none
	HTTPClient *http.Client    // its Transport is used; nil for the SDK's own
	Clock      providers.Clock
	Env        providers.Environment
	Ask        providers.Asker // asks a person for the code of an MFA device; nil if there is none to ask
	Shared     *sync.Map       // what accounts of one run share, such as a login; nil for nothing
	AWS        *aws.Config     // whose region and credentials are used instead of looking for some, for tests
}

// Account is one Route 53 account. It is safe for concurrent use.
type Account struct {
	s      *awsapi.Session
	api    *awsr53.Client
	writer recordset.Writer

	mu      sync.Mutex
	servers map[string][]string    // zone id -> its delegation set, which never changes
	caches  map[string]*setCache   // zone id -> its record sets as the last read has decoded them
	ranges  map[string][]zoneRange // zone id -> the ranges in which it can be read side by side
}

var (
	_ providers.WritableDNS       = (*Account)(nil)
	_ providers.RecordExpecter    = (*Account)(nil)
	_ providers.AccountIdentifier = (*Account)(nil)
)

// AccountID implements providers.AccountIdentifier by asking STS.
func (a *Account) AccountID(ctx context.Context) (string, error) { return a.s.AccountID(ctx) }

// Credentials implements providers.CredentialHolder.
func (a *Account) Credentials(ctx context.Context) ([]providers.Credential, error) {
	return a.s.Credentials(ctx)
}

// From returns where the credentials come from, in words.
func (a *Account) From() string { return a.s.From() }

// The budget of one account.
const (
	budgetRate  = 10
	budgetBurst = 50
	// budgetReserve is how much of the burst listings leave to changes, beside half of the rate.
	budgetReserve = 20
)

// Endpoint returns the URL of the API.
func (a *Account) Endpoint() string {
	if e := a.api.Options().BaseEndpoint; e != nil {
		return *e
	}
	return "https://route53.amazonaws.com"
}

// New returns the adapter. It reads only local files and the environment. A missing credential is KindAuth.
func New(cfg Config) (*Account, error) {
	name := cmp.Or(cfg.Name, string(providers.Route53))
	s, err := awsapi.Open(awsapi.Options{
		Source: name, Region: cfg.Region, DefaultRegion: "us-east-1", Profile: cfg.Profile, Service: awsr53.ServiceID, Endpoint: cfg.Endpoint,
		Budget: cfg.Budget, HTTPClient: cfg.HTTPClient, Clock: cfg.Clock, AWS: cfg.AWS, Env: cfg.Env, Ask: cfg.Ask, Shared: cfg.Shared,
	})
	if err != nil {
		return nil, err
	}
	api := awsr53.NewFromConfig(s.Config, func(o *awsr53.Options) { o.BaseEndpoint = s.Endpoint(awsr53.ServiceID) })
	if cfg.Budget != nil {
		cfg.Budget.Reserve(budgetReserve)
	}
	return &Account{
		s: s, api: api, writer: recordset.Writer{Spelling: spelling, Limits: limits, Clock: providers.Clock{Time: s.Now, Wait: s.Sleep}},
		servers: map[string][]string{}, caches: map[string]*setCache{}, ranges: map[string][]zoneRange{},
	}, nil
}
