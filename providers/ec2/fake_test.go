package ec2_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"rollcall/providers/budget"
	"rollcall/providers/ec2"
	"rollcall/providers/providertest"
)

// handlers answer by the Action of the request. One that is missing fails the test.
type handlers map[string]http.HandlerFunc

func staticConfig(region string) *aws.Config {
	return &aws.Config{Region: region, Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", "")}
}

// fakeCloud is a cloud whose API is played by h. Its clock stands still but for pauses.
func fakeCloud(t *testing.T, h handlers) (*ec2.Cloud, *providertest.Clock) {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Errorf("the request cannot be read: %v", err)
		}
		action := r.PostForm.Get("Action")
		f := h[action]
		if f == nil && action == "GetCallerIdentity" {
			f = identity("123456789012")
		}
		if f == nil && action == "DescribeInstanceStatus" {
			f = statusAnswer(r.PostForm.Get("InstanceId.1"), "")
		}
		if f == nil && action == "DescribeTargetGroups" {
			f = groupsXML("")
		}
		if f == nil {
			t.Errorf("unexpected call %s", action)
			http.Error(w, "unexpected", http.StatusTeapot)
			return
		}
		f(w, r)
	}))
	t.Cleanup(srv.Close)
	clk := providertest.NewClock(time.Unix(1_800_000_000, 0))
	c, err := ec2.New(ec2.Config{
		Name: "aws-use1", AWS: staticConfig("us-east-1"), Endpoint: srv.URL,
		Budget: budget.New("aws", 0, 1, budget.WithClock(clk.Clock)), Clock: clk.Clock,
	})
	if err != nil {
		t.Fatal(err)
	}
	return c, clk
}

func identity(account string) http.HandlerFunc {
	return xmlAnswer(`<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Account>` + account +
		`</Account><Arn>arn:aws:iam::` + account + `:user/x</Arn><UserId>AIDA</UserId></GetCallerIdentityResult></GetCallerIdentityResponse>`)
}

// statusAnswer is the answer about an instance whose checks pass, with more in it.
func statusAnswer(id, more string) http.HandlerFunc {
	return xmlAnswer(`<DescribeInstanceStatusResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><instanceStatusSet><item><instanceId>` + id +
		`</instanceId><instanceState><code>16</code><name>running</name></instanceState>` + more + `<systemStatus><status>ok</status></systemStatus><instanceStatus><status>ok</status></instanceStatus></item></instanceStatusSet></DescribeInstanceStatusResponse>`)
}

func xmlAnswer(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/xml")
		_, _ = w.Write([]byte(body))
	}
}

func apiError(status int, code, message string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, `<?xml version="1.0"?><Response><Errors><Error><Code>%s</Code><Message>%s</Message></Error></Errors><RequestID>r-1</RequestID></Response>`, code, message)
	}
}

// describeAnswer is a page of DescribeInstances with one reservation for each item.
func describeAnswer(next string, items ...string) string {
	var b strings.Builder
	b.WriteString(`<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><reservationSet>`)
	for _, i := range items {
		b.WriteString(`<item><reservationId>r-1</reservationId><instancesSet><item>` + i + `</item></instancesSet></item>`)
	}
	b.WriteString(`</reservationSet>`)
	if next != "" {
		b.WriteString(`<nextToken>` + next + `</nextToken>`)
	}
	b.WriteString(`</DescribeInstancesResponse>`)
	return b.String()
}

func running(id string) string {
	return `<instanceId>` + id + `</instanceId><instanceState><code>16</code><name>running</name></instanceState>`
}

// sequence answers with each handler once, and with the last one from then on.
func sequence(hs ...http.HandlerFunc) http.HandlerFunc {
	var mu sync.Mutex
	n := 0
	return func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		h := hs[min(n, len(hs)-1)]
		n++
		mu.Unlock()
		h(w, r)
	}
}

// hangUp takes the request and closes the connection without an answer.
func hangUp(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		_ = conn.Close()
	}
}
