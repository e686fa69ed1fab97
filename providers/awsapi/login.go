package awsapi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/ec2rolecreds"
	"github.com/aws/aws-sdk-go-v2/credentials/endpointcreds"
	"github.com/aws/aws-sdk-go-v2/credentials/logincreds"
	"github.com/aws/aws-sdk-go-v2/credentials/ssocreds"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/aws/aws-sdk-go-v2/service/signin"
	"github.com/aws/aws-sdk-go-v2/service/sso"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	smithyhttp "github.com/aws/smithy-go/transport/http"

	"rollcall/providers"
)

// login is a way to credentials. Its steps are those of the SDK's own chain, which could not be used: it reads the environment of the
// process only, its helpers have the terminal, and it asks no person.
type login struct {
	aws.CredentialsProvider
	from  string // where the credentials come from, in words
	renew string // what an operator does if they are wrong or over
}

// steps makes logins.
type steps struct {
	*settings
	source string
	ask    providers.Asker // nil if there is no person
	client aws.Config      // for the services that hand out credentials, without credentials
	onEC2  func() bool
}

// login returns the way to credentials that the environment or the profile names. An error is KindAuth and says what to do.
func (s *steps) login() (login, error) {
	keys := s.keys()
	switch {
	case s.named:
	case keys.HasKeys():
		return s.ofKeys(keys), nil
	case s.env.Getenv("AWS_WEB_IDENTITY_TOKEN_FILE") != "":
		return s.webIdentity("AWS_WEB_IDENTITY_TOKEN_FILE", s.env.Getenv("AWS_WEB_IDENTITY_TOKEN_FILE"), s.env.Getenv("AWS_ROLE_ARN"), s.env.Getenv("AWS_ROLE_SESSION_NAME"))
	}
	return s.ofProfile(&s.profile)
}

// ofKeys returns the login of keys in the environment.
func (s *steps) ofKeys(keys aws.Credentials) login {
	renew := "correct AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or unset them and set AWS_PROFILE"
	if keys.SessionToken != "" {
		renew = "export new AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or unset them and set AWS_PROFILE"
	}
	return login{credentials.StaticCredentialsProvider{Value: keys}, "AWS_ACCESS_KEY_ID", renew}
}

// ofProfile returns the login of a profile.
func (s *steps) ofProfile(p *config.SharedConfig) (l login, err error) {
	of := "profile " + Clean(p.Profile)
	switch {
	case p.Source != nil:
		l, err = s.ofProfile(p.Source)
	case p.Credentials.HasKeys():
		_, file, _ := strings.Cut(p.Credentials.Source, ": ")
		l = login{credentials.StaticCredentialsProvider{Value: p.Credentials}, of + " in " + Clean(file), "write the new keys of " + of + " to " + Clean(file)}
	case p.CredentialSource != "":
		l, err = s.ofSource(p)
	case p.WebIdentityTokenFile != "":
		return s.webIdentity(of, p.WebIdentityTokenFile, p.RoleARN, p.RoleSessionName)
	case p.SSOSessionName+p.SSORegion+p.SSOAccountID+p.SSOStartURL+p.SSORoleName != "":
		l, err = s.singleSignOn(p)
	case p.LoginSession != "":
		l, err = s.awsLogin(p)
	case p.CredentialProcess != "":
		l = s.process(p)
	case s.env.Getenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")+s.env.Getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI") != "":
		l, err = s.container()
	case s.metadataEndpoint() == "" && !s.onEC2():
		err = setUpError(s.source, "no AWS credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run aws configure")
		if p.Profile != "" && p.Profile != "default" {
			err = setUpError(s.source, of+" holds no credentials: run aws configure --profile "+providers.ShellQuote(Clean(p.Profile))+", or name another")
		}
	default:
		l = s.instanceRole()
	}
	if err == nil && p.RoleARN != "" {
		l = s.role(p, l)
	}
	return l, err
}

// ofSource returns the login of credential_source.
func (s *steps) ofSource(p *config.SharedConfig) (login, error) {
	keys := s.keys()
	switch {
	case p.CredentialSource == "Ec2InstanceMetadata":
		return s.instanceRole(), nil
	case p.CredentialSource == "EcsContainer":
		return s.container()
	case p.CredentialSource != "Environment":
		return login{}, setUpError(s.source, fmt.Sprintf("credential_source of profile %s is %q: write Environment, EcsContainer or Ec2InstanceMetadata", Clean(p.Profile), Clean(p.CredentialSource)))
	case !keys.HasKeys():
		return login{}, setUpError(s.source, "profile "+Clean(p.Profile)+" takes its keys from the environment (credential_source), which has none: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
	}
	return s.ofKeys(keys), nil
}

// singleSignOn returns the login of a profile with IAM Identity Center. Sessions are those of aws sso login.
func (s *steps) singleSignOn(p *config.SharedConfig) (login, error) {
	cfg, key := s.client.Copy(), p.SSOStartURL
	cfg.Region = p.SSORegion
	if p.SSOSession != nil {
		cfg.Region, key = p.SSOSession.SSORegion, p.SSOSession.Name
	}
	if cfg.Region == "" || key == "" || p.SSOAccountID == "" || p.SSORoleName == "" {
		return login{}, setUpError(s.source, "profile "+Clean(p.Profile)+" lacks one of sso_start_url, sso_region, sso_account_id and sso_role_name: run aws configure sso --profile "+providers.ShellQuote(Clean(p.Profile)))
	}
	path, err := ssocreds.StandardCachedTokenFilepath(key)
	if err == nil && !s.env.OfProcess() {
		path = filepath.Join(awsFile(s.env, "", filepath.Join("sso", "cache")), filepath.Base(path))
	}
	if err != nil {
		return login{}, setUpError(s.source, err.Error())
	}
	portal := sso.NewFromConfig(cfg, func(o *sso.Options) { o.BaseEndpoint = s.endpointOf(sso.ServiceID) })
	provider := ssocreds.New(portal, p.SSOAccountID, p.SSORoleName, p.SSOStartURL, func(o *ssocreds.Options) {
		o.CachedTokenFilepath = path
		if p.SSOSession != nil {
			o.SSOTokenProvider = ssocreds.NewSSOTokenProvider(ssooidc.NewFromConfig(cfg, func(o *ssooidc.Options) { o.BaseEndpoint = s.endpointOf(ssooidc.ServiceID) }), path)
		}
	})
	renew := "run aws sso login --profile " + providers.ShellQuote(Clean(p.Profile))
	return s.step(login{provider, "profile " + Clean(p.Profile) + ", SSO", renew}, func(err error) error {
		if _, ok := errors.AsType[*smithyhttp.RequestSendError](err); ok || errors.Is(err, errSlow) {
			return fmt.Errorf("the SSO portal of profile %s is not reached: %s", Clean(p.Profile), Clean(err.Error()))
		}
		return fmt.Errorf("the SSO session of profile %s is over, or has no access: %s (%s)", Clean(p.Profile), renew, Clean(err.Error()))
	}), nil
}

// awsLogin returns the login of a profile with a session of aws login.
func (s *steps) awsLogin(p *config.SharedConfig) (login, error) {
	path, err := logincreds.StandardCachedTokenFilepath(p.LoginSession, s.env.Getenv("AWS_LOGIN_CACHE_DIRECTORY"))
	if err != nil {
		return login{}, setUpError(s.source, Clean(err.Error()))
	}
	service := signin.NewFromConfig(s.client, func(o *signin.Options) { o.BaseEndpoint = s.endpointOf(signin.ServiceID) })
	renew := "run aws login --profile " + providers.ShellQuote(Clean(p.Profile))
	return s.step(login{logincreds.New(service, path), "profile " + Clean(p.Profile) + ", aws login", renew}, func(err error) error {
		return fmt.Errorf("the session of profile %s: %s; %s", Clean(p.Profile), Clean(err.Error()), renew)
	}), nil
}

// container returns the login of the credentials that a container's environment points to.
func (s *steps) container() (login, error) {
	variable, at := "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", s.env.Getenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
	if at != "" {
		at = "http://169.254.170.2" + at
	} else {
		variable = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
		at = s.env.Getenv(variable)
	}
	u, err := url.Parse(at)
	switch {
	case at == "":
		return login{}, setUpError(s.source, "the credential_source is EcsContainer, but neither AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor AWS_CONTAINER_CREDENTIALS_FULL_URI is set")
	case err != nil || u.Host == "" || (u.Scheme != "https" && !isLocal(u.Hostname())):
		return login{}, setUpError(s.source, variable+" is not an address to fetch credentials from: write an https URL, or http with an address of this machine, of ECS or of EKS")
	}
	provider := endpointcreds.New(at, func(o *endpointcreds.Options) {
		o.AuthorizationToken = s.env.Getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN")
		if file := s.env.Getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"); file != "" {
			o.AuthorizationTokenProvider = endpointcreds.TokenProviderFunc(func() (string, error) {
				text, err := os.ReadFile(file)
				return string(text), err
			})
		}
	})
	return s.step(login{provider, variable, "see what answers at " + variable}, func(err error) error {
		return fmt.Errorf("no credentials from %s: %s; see what answers there", variable, Clean(err.Error()))
	}), nil
}

// isLocal reports whether credentials may be fetched from host without TLS ("Container credential provider" in the AWS SDKs and Tools
// Reference Guide).
func isLocal(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip.IsLoopback() || host == "169.254.170.2" || host == "169.254.170.23" || ip.Equal(net.ParseIP("fd00:ec2::23"))
}

// metadataEndpoint returns the address of the instance metadata that the environment or the profile names, or "".
func (s *steps) metadataEndpoint() string {
	return cmp.Or(s.env.Getenv("AWS_EC2_METADATA_SERVICE_ENDPOINT"), s.profile.EC2IMDSEndpoint)
}

// instanceRole returns the login of the role of the EC2 instance that this machine is.
func (s *steps) instanceRole() login {
	o := imds.Options{ClientEnableState: imds.ClientEnabled, Endpoint: s.metadataEndpoint()}
	if strings.EqualFold(s.env.Getenv("AWS_EC2_METADATA_DISABLED"), "true") {
		o.ClientEnableState = imds.ClientDisabled
	}
	mode := strings.ToLower(s.env.Getenv("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"))
	if mode == "ipv6" || (mode == "" && s.profile.EC2IMDSEndpointMode == imds.EndpointModeStateIPv6) {
		o.EndpointMode = imds.EndpointModeStateIPv6
	}
	if o.Endpoint == "" { // otherwise the client reads the environment of the process
		o.Endpoint = "http://169.254.169.254"
		if o.EndpointMode == imds.EndpointModeStateIPv6 {
			o.Endpoint = "http://[fd00:ec2::254]"
		}
	}
	client := imds.New(o)
	provider := ec2rolecreds.New(func(o *ec2rolecreds.Options) { o.Client = client })
	return s.step(login{provider, "role of the EC2 instance", "give the instance a profile with a role"}, func(err error) error {
		return fmt.Errorf("no role of the EC2 instance from its metadata (%s): %s; give the instance a profile with a role, or set AWS_PROFILE", o.Endpoint, Clean(err.Error()))
	})
}

// sts returns a client for the service that hands out roles.
func (s *steps) sts(base aws.CredentialsProvider) *sts.Client {
	cfg := s.client.Copy()
	cfg.Credentials = base
	return sts.NewFromConfig(cfg, func(o *sts.Options) { o.BaseEndpoint = s.endpointOf(sts.ServiceID) })
}

// credentialsPatience is how long a service may take to hand out credentials. It is shorter than the silence limit of a
// read, so that the error names them.
const credentialsPatience = 12 * time.Second

var errSlow = fmt.Errorf("nothing has come within %s", credentialsPatience)

// step returns a login that keeps its credentials until shortly before they are over. Its errors are KindAuth with the text of explain.
func (s *steps) step(l login, explain func(error) error) login {
	next := l.CredentialsProvider
	l.CredentialsProvider = aws.NewCredentialsCache(aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
		limited, cancel := context.WithTimeout(ctx, credentialsPatience)
		defer cancel()
		c, err := next.Retrieve(limited)
		if err == nil {
			return c, nil
		}
		if limited.Err() != nil {
			err = errSlow
		}
		return c, authError(explain(err))
	}), func(o *aws.CredentialsCacheOptions) { o.ExpiryWindow = expiryWindow })
	return l
}

// expiryWindow is how long before their end credentials are fetched anew.
const expiryWindow = time.Minute

// authError returns err as an error of credentials, unless it has a kind.
func authError(err error) error {
	if _, ok := errors.AsType[*providers.Error](err); ok {
		return err
	}
	return &providers.Error{Kind: providers.KindAuth, Op: "get credentials", Err: err}
}
