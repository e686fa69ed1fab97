package awsapi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/ec2rolecreds"

	"rollcall/providers"
	"rollcall/providers/budget"
)

// DefaultTimeout is how long one try of one call may take, its answer read.
const DefaultTimeout = 30 * time.Second

// Options say which account is spoken to, and how.
type Options struct {
	Source        string // name of the cloud or account, for errors
	Region        string // empty: what the environment or the profile says
	DefaultRegion string // used when neither says anything; empty makes that an error
	Profile       string // profile in the shared config; empty: AWS_PROFILE or the default chain
	Endpoint      string // overrides every service's endpoint; empty: AWS_ENDPOINT_URL and its kin, else Amazon
	Budget        *budget.Account
	HTTPClient    *http.Client  // its Transport is used; nil for the SDK's own
	Timeout       time.Duration // of one try; 0 for DefaultTimeout
	Clock         providers.Clock
	AWS           *aws.Config // used instead of loading one; for tests and for callers that have one
}

// Session is a way to one account: a config to make SDK clients from, and the
// budget and manners with which they are called.
type Session struct {
	// Config makes service clients. They never retry by themselves. Each client is
	// given what Endpoint returns, where that is not nil.
	Config aws.Config
	providers.Clock

	source   string
	endpoint *string
	budget   *budget.Account
}

// Open finds credentials, region and endpoint. It reads local files and the
// environment only. Without credentials the error is KindAuth, with one line
// that says what to do.
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
	if o.Endpoint != "" {
		endpoint = aws.String(o.Endpoint)
		cfg.BaseEndpoint = endpoint
	}
	cfg.HTTPClient = newClient(acct.TransportFor(baseTransport(o.HTTPClient, cfg.HTTPClient), saysTooMany), cmp.Or(o.Timeout, DefaultTimeout))
	cfg.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	if cfg.Credentials != nil {
		cfg.Credentials = &namedCredentials{next: cfg.Credentials, profile: profileName(o.Profile)}
	}
	return &Session{Config: cfg, source: o.Source, endpoint: endpoint, budget: acct, Clock: o.Clock}, nil
}

// Endpoint returns where every service of the account is, or nil when the
// environment and the profile decide for each service. It belongs into the Options
// of every client: a client looks up AWS_ENDPOINT_URL_EC2 and its like by itself,
// and prefers them to the BaseEndpoint of Config.
func (s *Session) Endpoint() *string { return s.endpoint }

// Budget is the account's budget; never nil.
func (s *Session) Budget() *budget.Account { return s.budget }

// Source is the name that errors bear.
func (s *Session) Source() string { return s.source }

func load(o Options) (aws.Config, error) {
	if o.AWS != nil {
		return o.AWS.Copy(), nil
	}
	var opts []func(*config.LoadOptions) error
	if o.Profile != "" {
		opts = append(opts, config.WithSharedConfigProfile(o.Profile))
	}
	if o.Region != "" {
		opts = append(opts, config.WithRegion(o.Region))
	}
	cfg, err := config.LoadDefaultConfig(context.Background(), opts...)
	if err != nil {
		if p, ok := errors.AsType[config.SharedConfigProfileNotExistError](err); ok {
			return cfg, setUpError(o.Source, "the profile "+Clean(p.Profile)+" is not in the AWS config files: run aws configure --profile, or name another")
		}
		return cfg, &providers.Error{Kind: providers.KindAuth, Source: o.Source, Op: "read the AWS config files", Err: brief(err)}
	}
	return cfg, checkCredentials(o.Source, cfg, onEC2())
}

// checkCredentials refuses the last link of the SDK's chain, the role of the
// EC2 instance, where this machine is none: asking for it would only time out.
func checkCredentials(source string, cfg aws.Config, onEC2 bool) error {
	if cfg.Credentials == nil || (!onEC2 && aws.IsCredentialsProvider(cfg.Credentials, (*ec2rolecreds.Provider)(nil))) {
		return setUpError(source, "no AWS credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run aws configure (or aws sso login)")
	}
	return nil
}

func setUpError(source, text string) error {
	return &providers.Error{Kind: providers.KindAuth, Source: source, Op: "set up", Err: errors.New(text)}
}

// onEC2 reports whether this machine is an EC2 instance, by its firmware's own word.
func onEC2() bool {
	vendor, _ := os.ReadFile("/sys/class/dmi/id/sys_vendor") // Nitro
	uuid, _ := os.ReadFile("/sys/hypervisor/uuid")           // Xen
	return strings.Contains(string(vendor), "Amazon EC2") || strings.HasPrefix(string(uuid), "ec2")
}

// baseTransport takes the caller's transport, or the one that the SDK made,
// which knows of AWS_CA_BUNDLE.
func baseTransport(given *http.Client, sdk aws.HTTPClient) http.RoundTripper {
	if given != nil && given.Transport != nil {
		return given.Transport
	}
	if b, ok := sdk.(*awshttp.BuildableClient); ok {
		return b.GetTransport()
	}
	return awshttp.NewBuildableClient().GetTransport()
}

// namedCredentials turns the failure to get credentials into KindAuth.
type namedCredentials struct {
	next    aws.CredentialsProvider
	profile string
}

// credentialsPatience is how long credentials may take. It is less than a read may be silent for, so that the error names them.
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

func profileName(p string) string { return cmp.Or(p, os.Getenv("AWS_PROFILE")) }
