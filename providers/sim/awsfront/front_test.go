package awsfront

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"rollcall/providers"
	"rollcall/providers/sim/world"
)

// testWorld is the default world with delays that a test can wait for.
func testWorld(now func() time.Time) *world.World {
	return world.New(world.Options{Seed: 1, Clock: providers.Clock{Time: now}, Delays: world.Delays{
		Boot: 20 * time.Millisecond, Agent: time.Hour, Stop: time.Hour, Forget: time.Hour, Propagate: 20 * time.Millisecond,
	}})
}

// site is a front on loopback, before a world whose time stands still until it is moved.
type site struct {
	t   *testing.T
	w   *world.World
	at  time.Time // of the world
	url string
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{t: t, at: time.Unix(1_790_000_000, 0)}
	s.w = testWorld(func() time.Time { return s.at })
	srv := httptest.NewServer(New(s.w))
	t.Cleanup(srv.Close)
	s.url = srv.URL
	return s
}

// config is what the SDK needs to talk to the site. It does not retry.
func (s *site) config(region string) aws.Config {
	return aws.Config{
		Region: region, BaseEndpoint: aws.String(s.url), RetryMaxAttempts: 1, HTTPClient: ownBody{},
		Credentials: credentials.NewStaticCredentialsProvider(s.w.Credentials.AWSKeyID, s.w.Credentials.AWSSecret, ""),
	}
}

// ownBody sends each request with a body of its own. With the SDK's, a long answer now
// and then fails with "use of closed network connection".
type ownBody struct{}

func (ownBody) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r = r.Clone(r.Context())
		r.Body = io.NopCloser(bytes.NewReader(b))
	}
	return http.DefaultClient.Do(r)
}

func (s *site) fault(source string, k world.FaultKind) {
	s.t.Helper()
	if err := s.w.SetFault(source, k); err != nil {
		s.t.Fatal(err)
	}
}

// answer is what came back of a raw request.
type answer struct {
	status int
	body   string
	err    error
}

// code is the error code in the answer.
func (a answer) code() string {
	_, rest, _ := strings.Cut(a.body, "<Code>")
	code, _, _ := strings.Cut(rest, "</Code>")
	return code
}

// message is the text of the error in the answer.
func (a answer) message() string {
	var e struct {
		Message  string `xml:"Error>Message"`
		Message2 string `xml:"Errors>Error>Message"`
	}
	if err := xml.Unmarshal([]byte(a.body), &e); err != nil {
		return err.Error()
	}
	return e.Message + e.Message2
}

// request is a raw request and what to do to it between signing and sending.
type request struct {
	service, region, method, path, body string
	header                              map[string]string
	keyID, secret                       string
	at                                  time.Time
	tamper                              func(*http.Request)
}

func (s *site) send(q request) answer {
	s.t.Helper()
	if q.method == "" {
		q.method = http.MethodPost
	}
	if q.region == "" {
		q.region = "us-east-1"
	}
	if q.keyID == "" {
		q.keyID = s.w.Credentials.AWSKeyID
	}
	if q.secret == "" {
		q.secret = s.w.Credentials.AWSSecret
	}
	if q.at.IsZero() {
		q.at = time.Now()
	}
	r, err := http.NewRequestWithContext(s.t.Context(), q.method, s.url+"/"+strings.TrimPrefix(q.path, "/"), strings.NewReader(q.body))
	if err != nil {
		s.t.Fatal(err)
	}
	if q.method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	}
	for k, v := range q.header {
		r.Header.Set(k, v)
	}
	hash := sha256.Sum256([]byte(q.body))
	if err := v4.NewSigner().SignHTTP(s.t.Context(), aws.Credentials{AccessKeyID: q.keyID, SecretAccessKey: q.secret}, r, hex.EncodeToString(hash[:]), q.service, q.region, q.at); err != nil {
		s.t.Fatal(err)
	}
	if q.tamper != nil {
		q.tamper(r)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return answer{err: err}
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, string(b), err}
}

// ec2 sends an action to EC2 in us-east-1, with parameters as name, value, ….
func (s *site) ec2(action string, params ...string) answer {
	s.t.Helper()
	return s.send(request{service: "ec2", body: form("2016-11-15", action, params...)})
}

func (s *site) iam(action string, params ...string) answer {
	s.t.Helper()
	return s.send(request{service: "iam", body: form(iamVersion, action, params...)})
}

func form(version, action string, params ...string) string {
	f := url.Values{"Action": {action}, "Version": {version}}
	for i := 0; i+1 < len(params); i += 2 {
		f.Set(params[i], params[i+1])
	}
	return f.Encode()
}
