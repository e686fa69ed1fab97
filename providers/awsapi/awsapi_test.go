package awsapi

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"rollcall/providers"
	"rollcall/providers/budget"
	"rollcall/providers/providertest"
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

func TestThrottlingIsCountedWhateverStatusItComesWith(t *testing.T) {
	now := time.Now()
	throttled := budget.State{Throttles: 1, BlockedUntil: now.Add(time.Second)}
	for _, c := range []struct {
		status int
		body   string
		want   budget.State
	}{
		{400, `<ErrorResponse><Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>`, throttled},
		{503, `<Response><Errors><Error><Code>RequestLimitExceeded</Code></Error></Errors></Response>`, throttled},
		{400, `{"__type":"com.amazonaws.ssm#ThrottlingException","message":"slow down"}`, throttled},
		{400, `<ErrorResponse><Error><Code>InvalidInput</Code></Error></ErrorResponse>`, budget.State{Left: -1, Refused: 1}},
		{503, `<html>a proxy</html>`, budget.State{Left: -1, Failures: 1}},
		{200, `<DescribeResponse><Code>Throttling</Code></DescribeResponse>`, budget.State{Left: -1, Good: 1}},
	} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(c.status)
			_, _ = io.WriteString(w, c.body)
		}))
		acct := budget.New("x", 0, 1, budget.WithClock(providertest.NewClock(now).Clock))
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
		c.want.Calls = 1
		if got := acct.State(); got != c.want {
			t.Errorf("%d %s: %+v", c.status, c.body, got)
		}
		srv.Close()
	}
}
