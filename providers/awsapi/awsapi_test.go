package awsapi

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/ec2rolecreds"

	"rollcall/providers"
	"rollcall/providers/budget"
)

func TestEveryCodeHasTheKindOfWhatACallerCanDo(t *testing.T) {
	for code, want := range map[string]providers.Kind{
		"RequestLimitExceeded": providers.KindThrottled, "Throttling": providers.KindThrottled, "Client.RequestLimitExceeded": providers.KindThrottled,
		"AuthFailure": providers.KindAuth, "UnauthorizedOperation": providers.KindAuth, "ExpiredToken": providers.KindAuth,
		"InvalidClientTokenId": providers.KindAuth, "SignatureDoesNotMatch": providers.KindAuth, "RequestExpired": providers.KindAuth,
		"InsufficientInstanceCapacity": providers.KindLimit, "Server.InsufficientInstanceCapacity": providers.KindLimit,
		"InstanceLimitExceeded": providers.KindLimit, "AddressLimitExceeded": providers.KindLimit, "TooManyHostedZones": providers.KindLimit,
		"InvalidParameterValue": providers.KindInvalid, "InvalidParameterCombination": providers.KindInvalid, "InvalidInstanceID.Malformed": providers.KindInvalid,
		"InvalidInstanceID.NotFound": providers.KindNotFound, "InvalidGroup.NotFound": providers.KindNotFound, "NoSuchHostedZone": providers.KindNotFound,
		"IncorrectInstanceState": providers.KindConflict, "IdempotentParameterMismatch": providers.KindConflict, "PriorRequestNotComplete": providers.KindConflict,
		"InvalidKeyPair.Duplicate": providers.KindConflict, "InvalidChangeBatch": providers.KindInvalid,
		"InternalError": providers.KindUnreachable, "Unavailable": providers.KindUnreachable, "InvalidNextToken": providers.KindIncomplete,
	} {
		if got, ok := kindOfCode(code); !ok || got != want {
			t.Errorf("%s is %q, want %q", code, got, want)
		}
	}
	if k, ok := kindOfCode("SomethingNew"); ok {
		t.Errorf("an unknown code is %q", k)
	}
}

func TestAStatusAloneNeverSaysThatSomethingIsNotThere(t *testing.T) {
	for status := 200; status < 600; status++ {
		if k := kindOfStatus(status); k == providers.KindNotFound || k == providers.KindGone {
			t.Errorf("status %d is %q", status, k)
		}
	}
}

// transport notes the request that it is given.
type transport struct{ got *http.Request }

func (tr *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	tr.got = r
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("<FooResponse/>")), Request: r}, nil
}

// watched is a body that must be closed.
type watched struct {
	io.Reader
	closed bool
}

func (w *watched) Close() error {
	w.closed = true
	return nil
}

func TestTheBodyOfARequestIsCopiedToARequestOfItsOwn(t *testing.T) {
	body := &watched{Reader: strings.NewReader("Action=DescribeInstances")}
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, "http://aws.test/", body)
	if err != nil {
		t.Fatal(err)
	}
	tr := &transport{}
	resp, err := newClient(tr, time.Minute).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if tr.got == req || tr.got.Body == req.Body || !body.closed {
		t.Error("the SDK's own request or body went to the transport")
	}
	for _, read := range []func() (io.ReadCloser, error){func() (io.ReadCloser, error) { return tr.got.Body, nil }, tr.got.GetBody} {
		r, err := read()
		if err != nil {
			t.Fatal(err)
		}
		if b, _ := io.ReadAll(r); string(b) != "Action=DescribeInstances" || tr.got.ContentLength != int64(len(b)) {
			t.Errorf("the body is %q of %d bytes", b, tr.got.ContentLength)
		}
	}
}

func TestOnlyAWSAnswersPass(t *testing.T) {
	for body, good := range map[string]bool{
		`<DescribeInstancesResponse xmlns="x"/>`: true, "<?xml version=\"1.0\"?>\n<ListHostedZonesResponse>": true, `{"Parameters":[]}`: false, "{}": false, "null": false, "[]": false,
		"": false, "  \n": false, "<html></html>": false, "<!DOCTYPE html><html>": false, "<?xml": false, "<Error>": false, "<": false, "ok": false,
	} {
		if err := checkAnswer([]byte(body), false); (err == nil) != good {
			t.Errorf("%q: %v", body, err)
		}
	}
	for body, good := range map[string]bool{`{"Parameters":[]}`: true, "{}": true, "": false, "null": false, "[]": false, "<html></html>": false, "<GetParameterResponse/>": false} {
		if err := checkAnswer([]byte(body), true); (err == nil) != good {
			t.Errorf("%q as JSON: %v", body, err)
		}
	}
}

func TestAFailureKnowsWhetherTheRequestCanHaveArrived(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if conn, _, err := w.(http.Hijacker).Hijack(); err == nil {
			_ = conn.Close()
		}
	}))
	defer srv.Close()
	for url, sent := range map[string]bool{srv.URL: true, "http://127.0.0.1:1": false} {
		req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, url, bytes.NewReader([]byte("x")))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := newClient(http.DefaultTransport, time.Minute).Do(req)
		if resp != nil {
			_ = resp.Body.Close()
		}
		if e, ok := asSendError(err); !ok || e.sent != sent {
			t.Errorf("%s: %#v, want sent %v", url, err, sent)
		}
	}
}

func TestATryEndsAfterItsTimeout(t *testing.T) {
	release := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer srv.Close()
	defer close(release)
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, srv.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := newClient(http.DefaultTransport, 20*time.Millisecond).Do(req)
	if resp != nil {
		_ = resp.Body.Close()
	}
	if providers.KindOf(err) != providers.KindUnreachable {
		t.Errorf("error %v", err)
	}
}

func TestMissingCredentialsAreToldInOneLine(t *testing.T) {
	role := aws.Config{Credentials: aws.NewCredentialsCache(ec2rolecreds.New())}
	static := aws.Config{Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")}
	err := checkCredentials("aws-use1", role, false)
	if providers.KindOf(err) != providers.KindAuth || !strings.Contains(err.Error(), "AWS_PROFILE") || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %v", err)
	}
	for name, e := range map[string]error{"the role of an EC2 instance": checkCredentials("x", role, true), "a key": checkCredentials("x", static, false)} {
		if e != nil {
			t.Errorf("%s: %v", name, e)
		}
	}
}

func TestWhatTheFilesLackIsNamed(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "config")
	if err := os.WriteFile(file, []byte("[profile prod]\nregion = eu-west-1\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = s\n[profile bare]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = s\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, v := range []string{"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL"} {
		t.Setenv(v, "")
	}
	t.Setenv("AWS_CONFIG_FILE", file)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(dir, "none"))
	s, err := Open(Options{Source: "x", Profile: "prod"})
	if err != nil || s.Config.Region != "eu-west-1" {
		t.Fatalf("session %+v, error %v", s, err)
	}
	if _, err = Open(Options{Source: "x", Profile: "nobody"}); providers.KindOf(err) != providers.KindAuth || !strings.Contains(err.Error(), "nobody") {
		t.Errorf("a profile that is not there: %v", err)
	}
	if _, err = Open(Options{Source: "x", Profile: "bare"}); providers.KindOf(err) != providers.KindInvalid || !strings.Contains(err.Error(), "region") {
		t.Errorf("no region: %v", err)
	}
}

func TestAnEnvironmentOfItsOwnIsReadInsteadOfTheProcess(t *testing.T) {
	for name, value := range map[string]string{"AWS_PROFILE": "of-the-process", "AWS_REGION": "sa-east-1", "AWS_ACCESS_KEY_ID": "OFPROCESS", "AWS_SECRET_ACCESS_KEY": "p", "AWS_ENDPOINT_URL": "http://process.invalid"} {
		t.Setenv(name, value)
	}
	file := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(file, []byte("[profile prod]\nregion = eu-west-1\naws_access_key_id = OFPROFILE\naws_secret_access_key = s\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := providers.EnvironmentOf("AWS_ACCESS_KEY_ID=GIVEN", "AWS_SECRET_ACCESS_KEY=s", "AWS_SESSION_TOKEN=t", "AWS_REGION=us-west-2", "AWS_ENDPOINT_URL=http://127.0.0.1:1", "AWS_CONFIG_FILE="+file, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull)
	for name, c := range map[string]struct {
		o                 Options
		key, region, from string
	}{
		"its keys":                {Options{Env: env}, "GIVEN", "us-west-2", "AWS_ACCESS_KEY_ID"},
		"a region of the config":  {Options{Env: env, Region: "us-east-1"}, "GIVEN", "us-east-1", "AWS_ACCESS_KEY_ID"},
		"a profile of the config": {Options{Env: env, Profile: "prod"}, "OFPROFILE", "us-west-2", "profile prod"},
		"its profile":             {Options{Env: env.Without("AWS_ACCESS_KEY_ID", "AWS_REGION").With("AWS_PROFILE=prod")}, "OFPROFILE", "eu-west-1", "profile prod of AWS_PROFILE"},
	} {
		s, err := Open(c.o)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got, err := s.Config.Credentials.Retrieve(t.Context())
		if err != nil || got.AccessKeyID != c.key || s.Config.Region != c.region || s.Endpoint() == nil || *s.Endpoint() != "http://127.0.0.1:1" {
			t.Errorf("%s: key %s, region %s, endpoint %v, %v", name, got.AccessKeyID, s.Config.Region, s.Endpoint(), err)
		}
		if from := CredentialSource(c.o.Env, c.o.Profile); from != c.from {
			t.Errorf("%s: from %s", name, from)
		}
	}
	if _, err := Open(Options{Env: env, Profile: "nobody"}); providers.KindOf(err) != providers.KindAuth || !strings.Contains(err.Error(), "nobody") {
		t.Errorf("a profile that is not there: %v", err)
	}
}

func TestThrottlingIsCountedWhateverStatusItComesWith(t *testing.T) {
	for _, c := range []struct {
		status int
		body   string
		want   budget.State
	}{
		{400, `<ErrorResponse><Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>`, budget.State{Throttles: 1}},
		{503, `<Response><Errors><Error><Code>RequestLimitExceeded</Code></Error></Errors></Response>`, budget.State{Throttles: 1}},
		{400, `{"__type":"com.amazonaws.ssm#ThrottlingException","message":"slow down"}`, budget.State{Throttles: 1}},
		{400, `<ErrorResponse><Error><Code>InvalidInput</Code></Error></ErrorResponse>`, budget.State{Refused: 1}},
		{503, `<html>a proxy</html>`, budget.State{Failures: 1}},
		{200, `<DescribeResponse><Code>Throttling</Code></DescribeResponse>`, budget.State{Good: 1}},
	} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(c.status)
			_, _ = io.WriteString(w, c.body)
		}))
		acct := budget.New("x", 0, 1)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := newClient(acct.TransportFor(nil, isThrottled), time.Minute).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil || string(body) != c.body {
			t.Errorf("%d: the caller reads %q, %v", c.status, body, err)
		}
		c.want.Left, c.want.Calls = -1, 1
		if got := acct.State(); got != c.want {
			t.Errorf("%d %s: %+v", c.status, c.body, got)
		}
		srv.Close()
	}
}

func TestCredentialsThatDoNotComeAreNamedBeforeTheReadIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &namedCredentials{profile: "slow", next: aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
			<-ctx.Done()
			return aws.Credentials{}, ctx.Err()
		})}
		began := time.Now()
		_, err := n.Retrieve(t.Context())
		if time.Since(began) != credentialsPatience || providers.KindOf(err) != providers.KindAuth || !strings.Contains(err.Error(), "of profile slow") || !strings.Contains(err.Error(), "have not come within 12s") {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := n.Retrieve(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a caller that has less time: %v", err)
		}
	})
}
