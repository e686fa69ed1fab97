package awsapi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/ec2rolecreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"rollcall/providers"
	"rollcall/providers/budget"
)

// DefaultTimeout limits one try of one call, including reading the answer.
const DefaultTimeout = 30 * time.Second

// Options select an account.
type Options struct {
	Source        string // name of the cloud or account, for errors
	Region        string // empty for the environment's or the profile's
	DefaultRegion string // used if neither has one; empty makes that an error
	Profile       string // profile in the shared config; empty for AWS_PROFILE or the default chain
	Endpoint      string // overrides every service's endpoint; empty for AWS_ENDPOINT_URL and its variants, else Amazon
	Budget        *budget.Account
	HTTPClient    *http.Client  // its Transport is used; nil for the SDK's own
	Timeout       time.Duration // of one try; 0 for DefaultTimeout
	Clock         providers.Clock
	Env           providers.Environment // the SDK reads the process's by itself; of another see loadGiven
	Objects       bool                  // successful answers are of any form, or empty: those of S3
	AWS           *aws.Config           // used as it is, for tests and for callers that have one
}

// Session is access to one account: a config for SDK clients, and the budget and retry rules of their calls.
type Session struct {
	// Config is for service clients, which never retry by themselves. Every client also needs the result of Endpoint,
	// unless it is nil.
	Config aws.Config
	providers.Clock

	source   string
	endpoint *string
	budget   *budget.Account
	sts      func() *sts.Client // one for all calls: a client learns how far the clocks differ
}

// Open finds credentials, region and endpoint. It reads only local files and Options.Env. Missing credentials are
// KindAuth, with one line that says what to do.
func Open(o Options) (*Session, error) {
	cfg, err := load(o)
	if err != nil {
		return nil, err
	}
	cfg.Region = cmp.Or(o.Region, cfg.Region, o.DefaultRegion)
	if cfg.Region == "" {
		return nil, &providers.Error{
			Kind: providers.KindInvalid, Source: o.Source, Op: "set up",
			Err: errors.New("no region: set region in the config, AWS_REGION, or region in the profile"),
		}
	}
	acct := o.Budget
	if acct == nil {
		acct = budget.New(o.Source, 0, 1)
	}
	var endpoint *string
	if o.Endpoint == "" && !o.Env.OfProcess() {
		o.Endpoint = o.Env.Getenv("AWS_ENDPOINT_URL")
	}
	if o.Endpoint != "" {
		endpoint = aws.String(o.Endpoint)
		cfg.BaseEndpoint = endpoint
	}
	client := newClient(acct.TransportFor(baseTransport(o.HTTPClient, cfg.HTTPClient), isThrottled), cmp.Or(o.Timeout, DefaultTimeout))
	client.objects = o.Objects
	cfg.HTTPClient = client
	cfg.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	if cfg.Credentials != nil {
		cfg.Credentials = &namedCredentials{next: cfg.Credentials, profile: cmp.Or(o.Profile, o.Env.Getenv("AWS_PROFILE"))}
	}
	s := &Session{Config: cfg, source: o.Source, endpoint: endpoint, budget: acct, Clock: o.Clock}
	s.sts = sync.OnceValue(func() *sts.Client {
		return sts.NewFromConfig(cfg, func(o *sts.Options) { o.BaseEndpoint = cmp.Or(endpoint, o.BaseEndpoint) })
	})
	return s, nil
}

// Endpoint returns the endpoint of every service, or nil if the environment and the profile decide per service. It must
// be set in the Options of every client, because a client prefers AWS_ENDPOINT_URL_EC2 and the like to the BaseEndpoint
// of Config.
func (s *Session) Endpoint() *string { return s.endpoint }

// Budget returns the account's budget; never nil.
func (s *Session) Budget() *budget.Account { return s.budget }

// Source returns the name for errors.
func (s *Session) Source() string { return s.source }

func load(o Options) (aws.Config, error) {
	var opts []func(*config.LoadOptions) error
	switch {
	case o.AWS != nil:
		return o.AWS.Copy(), nil
	case !o.Env.OfProcess():
		return loadGiven(o)
	}
	if o.Profile != "" {
		opts = append(opts, config.WithSharedConfigProfile(o.Profile))
	}
	if o.Region != "" {
		opts = append(opts, config.WithRegion(o.Region))
	}
	return loadShared(o, opts)
}

// loadGiven is load in another environment than the process's, which is all that the SDK reads by itself. It knows the keys,
// AWS_PROFILE and the paths of the two files, AWS_REGION, and in Open AWS_ENDPOINT_URL: what embedded clouds set.
func loadGiven(o Options) (aws.Config, error) {
	env := o.Env.Getenv
	key := aws.Credentials{AccessKeyID: env("AWS_ACCESS_KEY_ID"), SecretAccessKey: env("AWS_SECRET_ACCESS_KEY"), SessionToken: env("AWS_SESSION_TOKEN"), Source: "AWS_ACCESS_KEY_ID"}
	switch o.Profile = cmp.Or(o.Profile, env("AWS_PROFILE")); {
	case o.Profile == "" && !key.HasKeys():
		return aws.Config{}, checkCredentials(o.Source, aws.Config{}, false)
	case o.Profile == "":
		return aws.Config{Region: env("AWS_REGION"), Credentials: aws.NewCredentialsCache(credentials.StaticCredentialsProvider{Value: key})}, nil
	}
	cfg, err := loadShared(o, []func(*config.LoadOptions) error{
		config.WithSharedConfigProfile(o.Profile), config.WithSharedConfigFiles([]string{env("AWS_CONFIG_FILE")}), config.WithSharedCredentialsFiles([]string{env("AWS_SHARED_CREDENTIALS_FILE")}),
	})
	cfg.Region = env("AWS_REGION")
	for _, source := range cfg.ConfigSources {
		if profile, ok := source.(config.SharedConfig); ok {
			cfg.Region = cmp.Or(cfg.Region, profile.Region)
		}
	}
	return cfg, err
}

func loadShared(o Options, opts []func(*config.LoadOptions) error) (aws.Config, error) {
	cfg, err := config.LoadDefaultConfig(context.Background(), opts...)
	if err != nil {
		if p, ok := errors.AsType[config.SharedConfigProfileNotExistError](err); ok {
			return cfg, setUpError(o.Source, "the profile "+Clean(p.Profile)+" is not in the AWS config files: run aws configure --profile, or name another")
		}
		return cfg, &providers.Error{Kind: providers.KindAuth, Source: o.Source, Op: "read the AWS config files", Err: brief(err)}
	}
	return cfg, checkCredentials(o.Source, cfg, onEC2())
}

// checkCredentials rejects the last link of the SDK's chain, the role of the EC2 instance, on a machine that is not
// one, where asking for it would only time out.
func checkCredentials(source string, cfg aws.Config, onEC2 bool) error {
	if cfg.Credentials == nil || (!onEC2 && aws.IsCredentialsProvider(cfg.Credentials, (*ec2rolecreds.Provider)(nil))) {
		return setUpError(source, "no AWS credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run aws configure (or aws sso login)")
	}
	return nil
}

func setUpError(source, text string) error {
	return &providers.Error{Kind: providers.KindAuth, Source: source, Op: "set up", Err: errors.New(text)}
}

// onEC2 reports whether this machine is an EC2 instance, according to its firmware.
func onEC2() bool {
	vendor, _ := os.ReadFile("/sys/class/dmi/id/sys_vendor") // Nitro
	uuid, _ := os.ReadFile("/sys/hypervisor/uuid")           // Xen
	return strings.Contains(string(vendor), "Amazon EC2") || strings.HasPrefix(string(uuid), "ec2")
}

// baseTransport returns the caller's transport, or the SDK's, which supports AWS_CA_BUNDLE.
func baseTransport(given *http.Client, sdk aws.HTTPClient) http.RoundTripper {
	if given != nil && given.Transport != nil {
		return given.Transport
	}
	if b, ok := sdk.(*awshttp.BuildableClient); ok {
		return b.GetTransport()
	}
	return awshttp.NewBuildableClient().GetTransport()
}

// namedCredentials turns errors of the credentials into KindAuth.
type namedCredentials struct {
	next    aws.CredentialsProvider
	profile string
}

// credentialsPatience is how long credentials may take. It is shorter than the silence limit of a read, so that the
// error names them.
const credentialsPatience = 12 * time.Second

// Retrieve implements aws.CredentialsProvider.
func (n *namedCredentials) Retrieve(ctx context.Context) (aws.Credentials, error) {
	limited, cancel := context.WithTimeout(ctx, credentialsPatience)
	defer cancel()
	c, err := n.next.Retrieve(limited)
	if err == nil || ctx.Err() != nil {
		return c, err
	}
	hint := "check the credentials"
	if n.profile != "" {
		hint += " of profile " + Clean(n.profile)
	}
	if limited.Err() != nil {
		return c, &providers.Error{Kind: providers.KindAuth, Op: hint, Err: fmt.Errorf("they have not come within %s: its credential_process, or the service that they come from, is not answered", credentialsPatience)}
	}
	return c, &providers.Error{Kind: providers.KindAuth, Op: hint + ", or run aws sso login", Err: brief(err)}
}
