package awsfront

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"rollcall/providers/sim/world"
)

const trustWithMFA = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"sts:AssumeRole","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}}`

const trustWorkload = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::123456789012:oidc-provider/oidc.sim.rollcall.test"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"oidc.sim.rollcall.test:sub":"system:serviceaccount:ops:rollcall"}}}}`

// sts sends an action to STS.
func (s *site) sts(action string, params ...string) answer {
	s.t.Helper()
	return s.send(request{service: "sts", body: form(stsVersion, action, params...)})
}

// element returns the text of an element of an answer.
func (a answer) element(name string) string {
	_, rest, _ := strings.Cut(a.body, "<"+name+">")
	text, _, _ := strings.Cut(rest, "</"+name+">")
	return text
}

func TestASessionIsGoodWithItsTokenUntilItEnds(t *testing.T) {
	s := newSite(t)
	s.role("ops", trustRoot, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`)
	a := s.sts("AssumeRole", "RoleArn", "arn:aws:iam::123456789012:role/ops", "RoleSessionName", "tester")
	other := s.sts("AssumeRole", "RoleArn", "arn:aws:iam::123456789012:role/ops", "RoleSessionName", "another")
	over := s.w.Credentials.SessionKeys(world.Session{Role: "ops", Name: "tester", Until: time.Now().Add(-time.Second)})
	for _, c := range []struct {
		what, key, secret, token string
		ec2, sts, r53            string // codes; empty for an answer
	}{
		{"the session", a.element("AccessKeyId"), a.element("SecretAccessKey"), a.element("SessionToken"), "", "", ""},
		{"no token", a.element("AccessKeyId"), a.element("SecretAccessKey"), "", "AuthFailure", "InvalidClientTokenId", "InvalidClientTokenId"},
		{"another token", a.element("AccessKeyId"), a.element("SecretAccessKey"), other.element("SessionToken"), "AuthFailure", "InvalidClientTokenId", "InvalidClientTokenId"},
		{"a forged token", a.element("AccessKeyId"), a.element("SecretAccessKey"), a.element("SessionToken")[1:], "AuthFailure", "InvalidClientTokenId", "InvalidClientTokenId"},
		{"a wrong secret", a.element("AccessKeyId"), "wrong", a.element("SessionToken"), "AuthFailure", "SignatureDoesNotMatch", "SignatureDoesNotMatch"},
		{"a session that is over", over.KeyID, over.Secret, over.Token, "RequestExpired", "ExpiredToken", "ExpiredToken"},
	} {
		for want, q := range map[*string]request{
			&c.ec2: {service: "ec2", body: form("2016-11-15", "DescribeInstances")},
			&c.sts: {service: "sts", body: form(stsVersion, "GetCallerIdentity")},
			&c.r53: {service: "route53", method: http.MethodGet, path: r53Path + "hostedzone"},
		} {
			q.keyID, q.secret = c.key, c.secret
			if c.token != "" {
				q.header = map[string]string{"X-Amz-Security-Token": c.token}
			}
			if got := s.send(q); got.code() != *want || (*want == "") != (got.status == 200) {
				t.Errorf("%s with %s: %d %s", q.service, c.what, got.status, got.body)
			}
		}
	}
}

func TestARoleIsAssumedWithATokenOfTheIdentityProviderThatTheAccountTrusts(t *testing.T) {
	s := newSite(t)
	s.role("workload", trustWorkload, "")
	token := func(subject string, in time.Duration) string {
		return s.w.Credentials.WebIdentityToken(subject, time.Now().Add(in))
	}
	for _, c := range []struct{ role, token, code string }{
		{"workload", token("system:serviceaccount:ops:rollcall", time.Hour), ""},
		{"workload", token("system:serviceaccount:ops:other", time.Hour), "AccessDenied"},
		{"nobody", token("system:serviceaccount:ops:rollcall", time.Hour), "AccessDenied"},
		{"rollcall-node", token("system:serviceaccount:ops:rollcall", time.Hour), "AccessDenied"},
		{"workload", token("system:serviceaccount:ops:rollcall", -time.Second), "ExpiredTokenException"},
		{"workload", token("system:serviceaccount:ops:rollcall", time.Hour) + "x", "InvalidIdentityToken"},
		{"workload", "rubbish", "InvalidIdentityToken"},
		{"workload", "", "ValidationError"},
	} {
		res, err := http.PostForm(s.url, url.Values{ // it is not signed
			"Action": {"AssumeRoleWithWebIdentity"}, "Version": {stsVersion}, "RoleArn": {"arn:aws:iam::123456789012:role/" + c.role}, "RoleSessionName": {"tester"}, "WebIdentityToken": {c.token},
		})
		if err != nil {
			t.Fatal(err)
		}
		text := new(strings.Builder)
		_ = res.Write(text)
		_ = res.Body.Close()
		a := answer{status: res.StatusCode, body: text.String()}
		if a.code() != c.code || (c.code == "") != (a.status == 200) {
			t.Errorf("%s, want %q: %d %s", c.role, c.code, a.status, a.body)
			continue
		}
		if c.code == "" {
			who := s.send(request{
				service: "sts", body: form(stsVersion, "GetCallerIdentity"), keyID: a.element("AccessKeyId"), secret: a.element("SecretAccessKey"),
				header: map[string]string{"X-Amz-Security-Token": a.element("SessionToken")},
			})
			if who.element("Arn") != "arn:aws:sts::123456789012:assumed-role/workload/tester" {
				t.Error(who.body)
			}
		}
	}
}

func TestAnMFACodeIsTakenInItsTimeAndOnce(t *testing.T) {
	s := newSite(t)
	s.role("guarded", trustWithMFA, "")
	assume := func(params ...string) answer {
		return s.sts("AssumeRole", append([]string{"RoleArn", "arn:aws:iam::123456789012:role/guarded", "RoleSessionName", "tester"}, params...)...)
	}
	serial := s.w.Credentials.MFASerial()
	code := func(away time.Duration) string { return s.w.Credentials.MFACode(time.Now().Add(away)) }
	if a := assume(); a.code() != "AccessDenied" || !strings.Contains(a.message(), "not authorized to perform: sts:AssumeRole") {
		t.Errorf("without a code: %s", a.body)
	}
	if a := assume("SerialNumber", "arn:aws:iam::123456789012:mfa/other", "TokenCode", code(0)); a.code() != "AccessDenied" || !strings.Contains(a.message(), "verify your MFA serial number") {
		t.Errorf("of another device: %s", a.body)
	}
	for what, c := range map[string]string{"an old one": code(-time.Hour), "a wrong one": "x"} {
		if a := assume("SerialNumber", serial, "TokenCode", c); a.code() != "AccessDenied" || !strings.Contains(a.message(), "invalid MFA one time pass code") {
			t.Errorf("%s: %s", what, a.body)
		}
	}
	now := code(0)
	if a := assume("SerialNumber", serial, "TokenCode", now); a.status != 200 {
		t.Errorf("the right one: %s", a.body)
	}
	if a := assume("SerialNumber", serial, "TokenCode", now); a.code() != "AccessDenied" {
		t.Errorf("again: %s", a.body)
	}
}
