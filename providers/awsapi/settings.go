package awsapi

import (
	"bytes"
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"

	"rollcall/providers"
)

// settings are what an environment and a profile of the AWS config files say. Credentials are in login.
type settings struct {
	env      providers.Environment
	profile  config.SharedConfig
	named    bool   // the config of rollcall names the profile, so that keys in the environment do not count
	endpoint string // of rollcall's config; may be empty
	service  string // the only service of endpoint, by its name in the SDK; empty if it has all of them
}

// readSettings reads the files. A profile that is named but in no file is KindAuth.
func readSettings(o Options) (*settings, error) {
	s := &settings{env: o.Env, named: o.Profile != "", endpoint: o.Endpoint}
	if o.Objects || isAmazons(o.Endpoint, o.Service) {
		s.service = o.Service
	}
	if o.AWS != nil {
		s.env, s.profile = providers.EnvironmentOf(), config.SharedConfig{Region: o.AWS.Region}
		return s, nil
	}
	ofEnv := firstSet(o.Env, "AWS_PROFILE", "AWS_DEFAULT_PROFILE")
	name := cmp.Or(o.Profile, ofEnv, "default")
	files := []string{awsFile(o.Env, "AWS_CONFIG_FILE", "config"), awsFile(o.Env, "AWS_SHARED_CREDENTIALS_FILE", "credentials")}
	var err error
	s.profile, err = readProfile(name, files)
	missing, isMissing := errors.AsType[config.SharedConfigProfileNotExistError](err)
	services := s.profile.ServicesSectionName
	switch {
	case err == nil && services != "" && s.profile.Services.ServiceValues == nil:
		return s, setUpError(o.Source, fmt.Sprintf("profile %s has services = %s, and %s has no section [services %s] with endpoints: correct the name, or add that section", Clean(name), Clean(services), files[0], Clean(services)))
	case err == nil:
		return s, nil
	case isMissing && missing.Profile == name && o.Profile == "" && (ofEnv == "" || ofEnv == "default" || s.keys().HasKeys()):
		return s, nil // the environment may have all that is needed
	case isMissing && missing.Profile == name:
		where := "profile " + Clean(name)
		if o.Profile == "" {
			where += " of AWS_PROFILE"
		}
		return s, setUpError(o.Source, fmt.Sprintf("the %s is not in the AWS config files (%s): correct the name, or run aws configure --profile %s", where, strings.Join(files, " or "), providers.ShellQuote(Clean(name))))
	}
	if isMissing {
		return s, setUpError(o.Source, fmt.Sprintf("source_profile of profile %s is %s, which is not in the AWS config files (%s): correct the name, or add that profile", Clean(name), Clean(missing.Profile), strings.Join(files, " or ")))
	}
	if p, file, has, lacks := halfKeys(name, files); p != "" {
		return s, setUpError(o.Source, fmt.Sprintf("profile %s in %s has %s and no %s: add it there, or run aws configure --profile %s", Clean(p), file, has, lacks, providers.ShellQuote(Clean(p))))
	}
	if loop := roleLoop(name, files); loop != nil {
		return s, setUpError(o.Source, fmt.Sprintf("each of these profiles takes its credentials from the next (source_profile), and the last from one before: %s: let one of them have credentials of its own", Clean(strings.Join(loop, ", "))))
	}
	return s, &providers.Error{Kind: providers.KindAuth, Source: o.Source, Op: "read profile " + Clean(name) + " of the AWS config files", Err: brief(err)}
}

// firstSet returns the value of the first variable that is set.
func firstSet(env providers.Environment, names ...string) string {
	for _, n := range names {
		if v := env.Getenv(n); v != "" {
			return v
		}
	}
	return ""
}

// awsFile returns the path in a variable, or that of a file in the folder .aws.
func awsFile(env providers.Environment, variable, name string) string {
	home, err := env.Home()
	path := env.Getenv(variable)
	rest, inHome := strings.CutPrefix(path, "~/")
	switch {
	case path != "" && !inHome:
		return path
	case err != nil:
		return os.DevNull
	}
	return filepath.Join(home, cmp.Or(rest, filepath.Join(".aws", name)))
}

// readProfile reads a profile from the config file and the credentials file, as the SDK reads them. It also takes files
// that begin with a byte order mark, and section names in quotes as the AWS CLI writes them. A file that cannot be read
// counts as empty, as for the SDK.
func readProfile(name string, files []string) (config.SharedConfig, error) {
	paths := make([]string, len(files))
	for i, f := range files {
		text, err := os.ReadFile(f)
		plain := plainProfiles(text)
		if paths[i] = f; err != nil || bytes.Equal(text, plain) {
			continue
		}
		path, remove, err := asFile(plain)
		if err != nil {
			return config.SharedConfig{}, fmt.Errorf("read %s: %w", f, err)
		}
		defer remove()
		paths[i] = path
	}
	p, err := config.LoadSharedConfigProfile(context.Background(), name, func(o *config.LoadSharedConfigOptions) {
		o.ConfigFiles, o.CredentialsFiles = paths[:1], paths[1:]
	})
	for i, f := range files { // the SDK names the file that it has read
		p.Credentials.Source = strings.Replace(p.Credentials.Source, paths[i], f, 1)
		for s := p.Source; s != nil; s = s.Source {
			s.Credentials.Source = strings.Replace(s.Credentials.Source, paths[i], f, 1)
		}
	}
	return p, err
}

// Lines of a config file that the SDK reads otherwise than the AWS CLI: it takes the quotes for a part of a section's name, and
// removes the first and the last quote of a command such as "/opt/my helper" --role "x".
var (
	quotedSection = regexp.MustCompile(`(?m)^([ \t]*\[[ \t]*(?:profile|sso-session|services)[ \t]+)(?:"([^"\r\n]*)"|'([^'\r\n]*)')([ \t]*\])`)
	quotedCommand = regexp.MustCompile(`(?m)^(credential_process[ \t]*=[ \t]*)(["'][^#;\n]*["'])([ \t]*(?:[ \t][#;].*)?)$`)
)

// plainProfiles returns the text of a config file in the form that the SDK understands.
func plainProfiles(text []byte) []byte {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
	text = quotedSection.ReplaceAll(text, []byte("$1$2$3$4"))
	return quotedCommand.ReplaceAll(text, []byte(`$1"$2"$3`))
}

var (
	profileSection = regexp.MustCompile(`^[ \t]*\[[ \t]*(?:profile[ \t]+)?([^\]]*?)[ \t]*\]`)
	profileSetting = regexp.MustCompile(`^(\w+)[ \t]*=[ \t]*(.*?)[ \t]*$`)
)

// eachSetting calls f for each setting of each profile in files. One that cannot be read counts as empty.
func eachSetting(files []string, f func(file, profile, key, value string)) {
	for _, file := range files {
		text, _ := os.ReadFile(file)
		at := ""
		for line := range strings.Lines(string(plainProfiles(text))) {
			line = strings.TrimRight(line, "\n")
			if m := profileSection.FindStringSubmatch(line); m != nil {
				at = m[1]
			} else if m := profileSetting.FindStringSubmatch(line); m != nil {
				f(file, at, m[1], m[2])
			}
		}
	}
}

// halfKeys returns the first profile, of one and those that it takes its credentials from, with one half of a pair of keys in a
// file, and both halves' names. It returns "" if there is none.
func halfKeys(name string, files []string) (profile, file, has, lacks string) {
	const id, secret = "aws_access_key_id", "aws_secret_access_key"
	source, set := map[string]string{}, map[[3]string]bool{}
	eachSetting(files, func(file, profile, key, value string) {
		if set[[3]string{file, profile, key}] = true; key == "source_profile" {
			source[profile] = value
		}
	})
	for range len(source) + 1 {
		for _, f := range files {
			switch hasID := set[[3]string{f, name, id}]; {
			case hasID == set[[3]string{f, name, secret}]:
			case hasID:
				return name, f, id, secret
			default:
				return name, f, secret, id
			}
		}
		name = source[name]
	}
	return "", "", "", ""
}

// roleLoop returns the profiles from one on that lead to each other by source_profile, with the first that comes again at the
// end. It returns nil if they do not.
func roleLoop(name string, files []string) []string {
	source := map[string]string{}
	eachSetting(files, func(_, profile, key, value string) {
		if key == "source_profile" {
			source[profile] = value
		}
	})
	chain := []string{name}
	for {
		next, ok := source[chain[len(chain)-1]]
		if !ok {
			return nil
		}
		again := slices.Contains(chain, next)
		if chain = append(chain, next); again {
			return chain
		}
	}
}

// asFile returns a path under which text can be read once, by way of a pipe: secrets are not written to a disk.
func asFile(text []byte) (path string, remove func(), err error) {
	r, w, err := os.Pipe()
	if err != nil {
		return "", nil, err
	}
	go func() {
		_, _ = w.Write(text) // fails if nothing reads it to its end
		_ = w.Close()
	}()
	return fmt.Sprintf("/dev/fd/%d", r.Fd()), func() { _ = r.Close() }, nil
}

// keys returns the keys in the environment.
func (s *settings) keys() aws.Credentials {
	return aws.Credentials{
		AccessKeyID: firstSet(s.env, "AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY"), SecretAccessKey: firstSet(s.env, "AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY"),
		SessionToken: s.env.Getenv("AWS_SESSION_TOKEN"), Source: "AWS_ACCESS_KEY_ID",
	}
}

// region returns the region of the environment or the profile.
func (s *settings) region() string {
	return cmp.Or(firstSet(s.env, "AWS_REGION", "AWS_DEFAULT_REGION"), s.profile.Region)
}

// endpointOf returns the endpoint of a service, by its name in the SDK, or nil for Amazon's own. The order is that of "Service-specific
// endpoints" in the AWS SDKs and Tools Reference Guide.
func (s *settings) endpointOf(service string) *string {
	if s.endpoint != "" && (s.service == "" || s.service == service) {
		return aws.String(s.endpoint)
	}
	ignore := s.env.Getenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
	if strings.EqualFold(ignore, "true") || (ignore == "" && aws.ToBool(s.profile.IgnoreConfiguredEndpoints)) {
		return nil
	}
	ofService, _, _ := s.profile.GetServiceBaseEndpoint(context.Background(), service) // has no error
	name := strings.ReplaceAll(strings.ToUpper(service), " ", "_")
	if e := cmp.Or(firstSet(s.env, "AWS_ENDPOINT_URL_"+name, "AWS_ENDPOINT_URL"), ofService, s.profile.BaseEndpoint); e != "" {
		return aws.String(e)
	}
	return nil
}

// isAmazons reports whether an endpoint is one of Amazon's own for a service, such as https://ec2.eu-west-1.api.aws or that of a VPC.
// It answers for no other service.
func isAmazons(endpoint, service string) bool {
	u, err := url.Parse(endpoint)
	if err != nil || !slices.ContainsFunc(Hosts, func(h string) bool { return strings.HasSuffix(u.Hostname(), "."+h) }) {
		return false
	}
	label, labels := strings.ToLower(strings.ReplaceAll(service, " ", "")), strings.Split(u.Hostname(), ".")
	return slices.Contains(labels, label) || slices.Contains(labels, label+"-fips")
}

// GetUseFIPSEndpoint is called by the SDK's clients.
func (s *settings) GetUseFIPSEndpoint(context.Context) (aws.FIPSEndpointState, bool, error) {
	switch v := s.env.Getenv("AWS_USE_FIPS_ENDPOINT"); {
	case strings.EqualFold(v, "true"):
		return aws.FIPSEndpointStateEnabled, true, nil
	case strings.EqualFold(v, "false"):
		return aws.FIPSEndpointStateDisabled, true, nil
	}
	return s.profile.GetUseFIPSEndpoint(context.Background())
}

// GetUseDualStackEndpoint is called by the SDK's clients.
func (s *settings) GetUseDualStackEndpoint(context.Context) (aws.DualStackEndpointState, bool, error) {
	switch v := s.env.Getenv("AWS_USE_DUALSTACK_ENDPOINT"); {
	case strings.EqualFold(v, "true"):
		return aws.DualStackEndpointStateEnabled, true, nil
	case strings.EqualFold(v, "false"):
		return aws.DualStackEndpointStateDisabled, true, nil
	}
	return s.profile.GetUseDualStackEndpoint(context.Background())
}

// transport returns the SDK's HTTP transport, with the certificates of AWS_CA_BUNDLE or the profile's ca_bundle.
func (s *settings) transport() (*awshttp.BuildableClient, error) {
	client := awshttp.NewBuildableClient()
	path := cmp.Or(s.env.Getenv("AWS_CA_BUNDLE"), s.profile.CustomCABundle)
	if path == "" {
		return client, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the certificates of AWS_CA_BUNDLE or ca_bundle: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s holds no certificates; AWS_CA_BUNDLE or ca_bundle names it", path)
	}
	return client.WithTransportOptions(func(t *http.Transport) { t.TLSClientConfig.RootCAs = pool }), nil
}
