package awsapi

import (
	"cmp"
	"errors"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"rollcall/providers"
	"rollcall/providers/budget"
)

// DefaultTimeout is how long nothing may come in one try of one call.
const DefaultTimeout = 30 * time.Second

// Options select an account.
type Options struct {
	Source        string // name of the cloud or account, for errors
	Region        string // empty for the environment's or the profile's
	DefaultRegion string // used if neither has one; empty makes that an error
	Profile       string // profile in the shared config; empty for AWS_PROFILE or the default chain
	Service       string // the one that the account is for, by its name in the SDK (ServiceID)
	Endpoint      string // empty for AWS_ENDPOINT_URL and its variants, else Amazon. It is that of Service alone if it is Amazon's own or a store of objects, else that of all services, as of an emulator
	Budget        *budget.Account
	HTTPClient    *http.Client  // its Transport is used; nil for the SDK's own
	Timeout       time.Duration // how long nothing may come in one try; 0 for DefaultTimeout
	Clock         providers.Clock
	Env           providers.Environment
	Objects       bool            // successful answers are of any form, or empty: those of S3
	Ask           providers.Asker // asks for MFA codes; nil if there is no person to ask
	Shared        *sync.Map       // logins that the accounts of one run share; nil for none
	AWS           *aws.Config     // its credentials are used, for tests and for callers that have them
}

// Session is access to one account: a config for SDK clients, and the budget and retry rules of their calls.
type Session struct {
	// Config is for service clients, which never retry by themselves. Every client also needs the result of Endpoint.
	Config aws.Config
	providers.Clock

	source   string
	settings *settings
	login    login
	budget   *budget.Account
	sts      func() *sts.Client // one for all calls: a client learns how far the clocks differ
}

// Open finds credentials, region and endpoints. It reads only local files and Options.Env. Missing credentials are
// KindAuth, with one line that says what to do.
func Open(o Options) (*Session, error) {
	from, err := readSettings(o)
	if err != nil {
		return nil, err
	}
	region := cmp.Or(o.Region, from.region(), o.DefaultRegion)
	if region == "" {
		return nil, &providers.Error{
			Kind: providers.KindInvalid, Source: o.Source, Op: "set up",
			Err: errors.New("no region: set region in the config, AWS_REGION, or region in the profile"),
		}
	}
	sdk, err := from.transport()
	if err != nil {
		return nil, setUpError(o.Source, err.Error())
	}
	acct := o.Budget
	if acct == nil {
		acct = budget.New(o.Source, 0, 1)
	}
	s := &Session{source: o.Source, settings: from, budget: acct, Clock: o.Clock}
	s.Config = aws.Config{Region: region, ConfigSources: []any{from}, HTTPClient: sdk}
	if o.AWS != nil {
		s.login = login{CredentialsProvider: o.AWS.Credentials, from: "the caller"}
	} else if s.login, err = sharedLogin(o, from, s.Config); err != nil {
		return nil, err
	}
	transport := http.RoundTripper(sdk.GetTransport())
	if o.HTTPClient != nil && o.HTTPClient.Transport != nil {
		transport = o.HTTPClient.Transport
	}
	client := newClient(acct.TransportFor(transport, isThrottled), cmp.Or(o.Timeout, DefaultTimeout))
	client.objects = o.Objects
	s.Config.Credentials, s.Config.HTTPClient = s.login, client
	s.Config.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	s.sts = sync.OnceValue(func() *sts.Client {
		return sts.NewFromConfig(s.Config, func(o *sts.Options) { o.BaseEndpoint = s.Endpoint(sts.ServiceID) })
	})
	return s, nil
}

// sharedLogin returns the login of o, which all accounts with the same profile, endpoint and region of STS share: a person is asked
// once for them.
func sharedLogin(o Options, from *settings, cfg aws.Config) (login, error) {
	cfg.Region = cmp.Or(from.region(), stsRegion(cfg.Region))
	l, err := (&steps{settings: from, source: o.Source, ask: o.Ask, client: cfg, onEC2: onEC2}).login()
	if err != nil || o.Shared == nil {
		return l, err
	}
	kept, _ := o.Shared.LoadOrStore("awsapi "+o.Profile+"\x00"+aws.ToString(from.endpointOf(sts.ServiceID))+"\x00"+cfg.Region, l)
	return kept.(login), nil
}

// stsRegion returns the region in which a role is assumed if neither environment nor profile name one: one for each partition.
func stsRegion(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "cn-north-1"
	case strings.HasPrefix(region, "us-gov-"):
		return "us-gov-west-1"
	}
	return "us-east-1"
}

// Endpoint returns the endpoint of a service, by its name in the SDK (ServiceID), or nil for Amazon's own: that of Options, if it is
// for this service, then
// AWS_ENDPOINT_URL_SERVICE, AWS_ENDPOINT_URL, the section of services of the profile, and its endpoint_url. It must be set
// in the Options of every client, because a client's own rules know only the environment of the process.
func (s *Session) Endpoint(service string) *string { return s.settings.endpointOf(service) }

// From returns where the credentials come from, in words.
func (s *Session) From() string { return s.login.from }

// Budget returns the account's budget; never nil.
func (s *Session) Budget() *budget.Account { return s.budget }

// Source returns the name for errors.
func (s *Session) Source() string { return s.source }

func setUpError(source, text string) error {
	return &providers.Error{Kind: providers.KindAuth, Source: source, Op: "set up", Err: errors.New(text)}
}

// onEC2 reports whether this machine is an EC2 instance, according to its firmware.
func onEC2() bool {
	vendor, _ := os.ReadFile("/sys/class/dmi/id/sys_vendor") // Nitro
	uuid, _ := os.ReadFile("/sys/hypervisor/uuid")           // Xen
	return strings.Contains(string(vendor), "Amazon EC2") || strings.HasPrefix(string(uuid), "ec2")
}
