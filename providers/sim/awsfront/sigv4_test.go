package awsfront

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestEachAPIRefusesBadCredentialsInItsOwnWords(t *testing.T) {
	s := newSite(t)
	sts := request{service: "sts", body: form(stsVersion, "GetCallerIdentity")}
	ec2 := request{service: "ec2", body: form("2016-11-15", "DescribeInstances")}
	r53 := request{service: "route53", method: http.MethodGet, path: r53Path + "hostedzone"}
	unsigned := func(r *http.Request) { r.Header.Del("Authorization") }
	for _, c := range []struct {
		what   string
		q      request
		change func(*request)
		status int
		code   string
	}{
		{"EC2, unknown key", ec2, func(q *request) { q.keyID = "AKIANOBODY" }, 401, "AuthFailure"},
		{"EC2, wrong secret", ec2, func(q *request) { q.secret = "wrong" }, 401, "AuthFailure"},
		{"EC2, unsigned", ec2, func(q *request) { q.tamper = unsigned }, 403, "MissingAuthenticationToken"},
		{"EC2, old", ec2, func(q *request) { q.at = time.Now().Add(-6 * time.Minute) }, 400, "RequestExpired"},
		{"EC2, no such region", ec2, func(q *request) { q.region = "mars-north-1" }, 401, "AuthFailure"},
		{"STS, unknown key", sts, func(q *request) { q.keyID = "AKIANOBODY" }, 403, "InvalidClientTokenId"},
		{"STS, wrong secret", sts, func(q *request) { q.secret = "wrong" }, 403, "SignatureDoesNotMatch"},
		{"STS, unsigned", sts, func(q *request) { q.tamper = unsigned }, 403, "MissingAuthenticationToken"},
		{"STS, from the future", sts, func(q *request) { q.at = time.Now().Add(6 * time.Minute) }, 403, "SignatureDoesNotMatch"},
		{"STS, session token", sts, func(q *request) {
			q.tamper = func(r *http.Request) { r.Header.Set("X-Amz-Security-Token", "t") }
		}, 403, "InvalidClientTokenId"},
		{"Route 53, unknown key", r53, func(q *request) { q.keyID = "AKIANOBODY" }, 403, "InvalidClientTokenId"},
		{"Route 53, wrong secret", r53, func(q *request) { q.secret = "wrong" }, 403, "SignatureDoesNotMatch"},
		{"Route 53, unsigned", r53, func(q *request) { q.tamper = unsigned }, 403, "MissingAuthenticationToken"},
		{"Route 53, not a signature", r53, func(q *request) {
			q.tamper = func(r *http.Request) { r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=x") }
		}, 400, "IncompleteSignature"},
		{"another body", sts, func(q *request) {
			q.tamper = func(r *http.Request) {
				b := strings.Replace(q.body, "GetCallerIdentity", "GetCallerIdentitY", 1)
				r.Body = io.NopCloser(strings.NewReader(b))
			}
		}, 403, "SignatureDoesNotMatch"},
		{"another query", r53, func(q *request) {
			q.tamper = func(r *http.Request) { r.URL.RawQuery = "maxitems=1" }
		}, 403, "SignatureDoesNotMatch"},
		{"another signed header", sts, func(q *request) {
			q.tamper = func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }
		}, 403, "SignatureDoesNotMatch"},
		{"another host", sts, func(q *request) { q.tamper = func(r *http.Request) { r.Host = "sts.example.com" } }, 403, "SignatureDoesNotMatch"},
	} {
		c.change(&c.q)
		a := s.send(c.q)
		if a.err != nil || a.status != c.status || a.code() != c.code {
			t.Errorf("%s: %d %s (%v), want %d %s", c.what, a.status, a.code(), a.err, c.status, c.code)
		}
	}
}

func TestASignatureIsGoodForAFewMinutesAndForOddQueries(t *testing.T) {
	s := newSite(t)
	for _, d := range []time.Duration{-4 * time.Minute, 0, 4 * time.Minute} {
		if a := s.send(request{service: "sts", body: form(stsVersion, "GetCallerIdentity"), at: time.Now().Add(d)}); a.status != 200 {
			t.Errorf("signed %s from now: %d %s", d, a.status, a.body)
		}
	}
	for _, q := range []string{"dnsname=a%20b", "maxitems=1&dnsname=%2A.x", "dnsname=a%2Fb&dnsname=", "dnsname=%E2%82%AC~-_."} {
		if a := s.send(request{service: "route53", method: http.MethodGet, path: r53Path + "hostedzonesbyname?" + q}); a.code() == "SignatureDoesNotMatch" {
			t.Errorf("query %s is refused: %s", q, a.body)
		}
	}
}

func TestErrorsHaveTheShapeOfTheirProtocol(t *testing.T) {
	s := newSite(t)
	for _, c := range []struct {
		q      request
		pieces []string
	}{
		{request{service: "ec2", body: form("2016-11-15", "MakeCoffee")}, []string{"<Response><Errors><Error><Code>InvalidAction</Code><Message>The action MakeCoffee is not valid for this web service.</Message></Error></Errors><RequestID>"}},
		{request{service: "iam", body: form(iamVersion, "GetRole", "RoleName", "x")}, []string{`<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>The role with name x cannot be found.`}},
		{request{service: "route53", method: http.MethodGet, path: r53Path + "hostedzone/Z0"}, []string{`<ErrorResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><Error><Type>Sender</Type><Code>NoSuchHostedZone</Code><Message>No hosted zone found with ID: Z0</Message></Error><RequestId>`}},
		{request{service: "ssm", body: `{"Name":"x"}`, header: map[string]string{"X-Amz-Target": "AmazonSSM.GetParameter", "Content-Type": "application/x-amz-json-1.1"}}, []string{`"__type":"ParameterNotFound"`}},
	} {
		a := s.send(c.q)
		for _, p := range c.pieces {
			if !strings.Contains(a.body, p) {
				t.Errorf("%s: %s does not have %s", c.q.service, a.body, p)
			}
		}
	}
}
