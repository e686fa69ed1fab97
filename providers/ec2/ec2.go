// Package ec2 is the adapter of Amazon EC2: one account in one region as a providers.Compute. No other package uses the
// EC2 SDK.
package ec2

import (
	"cmp"
	"context"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsec2 "github.com/aws/aws-sdk-go-v2/service/ec2"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"rollcall/providers"
	"rollcall/providers/awsapi"
	"rollcall/providers/budget"
	"rollcall/providers/itemcache"
)

// MaxUserData is EC2's limit of user data in bytes, before base64 encoding (EC2 User Guide, "Run commands when you
// launch an EC2 instance").
const MaxUserData = 16384

// pageSize is the maximum page of DescribeInstances and DescribeNetworkInterfaces.
const pageSize = 1000

// Config selects the cloud. The zero value of every field is usable.
type Config struct {
	Name       string          // short name from the config; the region when empty
	Region     string          // empty for AWS_REGION or the profile's
	Profile    string          // profile in the shared AWS config; empty for AWS_PROFILE or the default chain
	Endpoint   string          // overrides the endpoints of EC2, STS and Elastic Load Balancing; empty for AWS_ENDPOINT_URL and its variants, else Amazon
	Budget     *budget.Account // the account's rate budget; nil for none
	HTTPClient *http.Client    // its Transport is used; nil for the SDK's own
	Clock      providers.Clock
	Env        providers.Environment
	Ask        providers.Asker // asks a person for the code of an MFA device; nil if there is none to ask
	Shared     *sync.Map       // what accounts of one run share, such as a login; nil for nothing
	AWS        *aws.Config     // whose region and credentials are used instead of looking for some, for tests
}

// Cloud is one EC2 account in one region. It is safe for concurrent use.
type Cloud struct {
	name   string
	region string
	s      *awsapi.Session
	ec2    *awsec2.Client
	elb    *elb.Client // of Elastic Load Balancing, version 2

	instances  itemcache.Cache[[]providers.Instance] // of a reservation
	rows       itemcache.Rows[providers.Instance]
	interfaces itemcache.Cache[[]providers.Address] // of a network interface
	addresses  itemcache.Rows[providers.Address]

	dryRuns     atomic.Bool // the endpoint is known to honour DryRun
	newProfiles sync.Map    // name of an instance profile -> time.Time of its creation by CreateProfile
}

var (
	_ providers.Compute         = (*Cloud)(nil)
	_ providers.AddressHolder   = (*Cloud)(nil)
	_ providers.InstancesGetter = (*Cloud)(nil)
	_ providers.TargetReader    = (*Cloud)(nil)
)

// EC2's limits for an account in a region: 20 describe calls a second after a burst of 100 (EC2 Developer Guide,
// "Request throttling").
const (
	budgetRate  = 20
	budgetBurst = 100
)

// New returns the adapter. It reads only local files and the environment. A missing credential is KindAuth, a missing
// region KindInvalid.
func New(cfg Config) (*Cloud, error) {
	s, err := awsapi.Open(awsapi.Options{
		Source: cmp.Or(cfg.Name, cfg.Region, string(providers.EC2)), Region: cfg.Region, Profile: cfg.Profile, Service: awsec2.ServiceID, Endpoint: cfg.Endpoint,
		Budget: cfg.Budget, HTTPClient: cfg.HTTPClient, Clock: cfg.Clock, AWS: cfg.AWS, Env: cfg.Env, Ask: cfg.Ask, Shared: cfg.Shared,
	})
	if err != nil {
		return nil, err
	}
	return &Cloud{
		name: cmp.Or(cfg.Name, s.Config.Region), region: s.Config.Region, s: s,
		ec2: awsec2.NewFromConfig(s.Config, func(o *awsec2.Options) { o.BaseEndpoint = s.Endpoint(awsec2.ServiceID) }),
		elb: elb.NewFromConfig(s.Config, func(o *elb.Options) { o.BaseEndpoint = s.Endpoint(elb.ServiceID) }),
	}, nil
}

// Credentials implements providers.CredentialHolder.
func (c *Cloud) Credentials(ctx context.Context) ([]providers.Credential, error) {
	return c.s.Credentials(ctx)
}

// From returns where the credentials come from, in words.
func (c *Cloud) From() string { return c.s.From() }

// Name returns the short name of the cloud.
func (c *Cloud) Name() string { return c.name }

// Region returns the region in use, e.g. "us-east-1".
func (c *Cloud) Region() string { return c.region }

// Endpoint returns the URL of the API.
func (c *Cloud) Endpoint() string {
	if e := c.ec2.Options().BaseEndpoint; e != nil {
		return *e
	}
	return "https://ec2." + c.ec2.Options().Region + ".amazonaws.com"
}

// Identify implements providers.Identifier by asking STS.
func (c *Cloud) Identify(ctx context.Context) (providers.Cloud, error) {
	account, err := c.s.AccountID(ctx)
	cloud := providers.Cloud{Name: c.name, Provider: providers.EC2, Traits: traits(), Region: c.region, Account: account}
	if err != nil {
		return cloud, err
	}
	cloud.Key = providers.NewCloudKey(providers.EC2, cloud.Account, c.region)
	return cloud, nil
}
