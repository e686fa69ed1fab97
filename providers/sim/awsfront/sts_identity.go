package awsfront

import (
	"net/http"
	"strings"
	"time"

	"rollcall/providers/sim/world"
)

// webIdentityAction is a call that is not signed: its token says who calls.
const webIdentityAction = "AssumeRoleWithWebIdentity"

// assumeRoleWithWebIdentity answers with credentials of a role, if its trust policy allows who has the token.
func (f *front) assumeRoleWithWebIdentity(c *call, x *xmlWriter) *apiError {
	q, e := f.roleRequest(c)
	if e != nil {
		return e
	}
	id, ok := f.w.Credentials.WebIdentity(c.form.Get("WebIdentityToken"))
	now := f.clock(c)
	switch {
	case c.form.Get("WebIdentityToken") == "":
		return bad("ValidationError", "1 validation error detected: Value null at 'webIdentityToken' failed to satisfy constraint: Member must not be null")
	case !ok:
		return bad("InvalidIdentityToken", "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements")
	case now.Unix() >= id.Expires:
		return bad("ExpiredTokenException", "Token expired: current date/time %d must be before the expiration date/time %d", now.Unix(), id.Expires)
	}
	issuer := strings.TrimPrefix(world.WebIdentityIssuer, "https://")
	provider := "arn:aws:iam::" + q.account + ":oidc-provider/" + issuer
	context := map[string][]string{issuer + ":sub": {id.Subject}, issuer + ":aud": {id.Audience}}
	r, ok := f.iam.role(q.role)
	if !ok || q.account != f.w.Credentials.AWSAccount || !trusts(r.trust, "Federated", []string{provider}, &ask{action: "sts:" + webIdentityAction, resource: "*", context: context}) {
		return &apiError{http.StatusForbidden, "AccessDenied", "Not authorized to perform sts:" + webIdentityAction}
	}
	f.writeSession(x, r, &q, false)
	x.el("SubjectFromWebIdentityToken", id.Subject)
	x.el("Audience", id.Audience)
	x.el("Provider", provider)
	return nil
}

// mfa reports whether a call has a valid code of the account's MFA device. A code is taken within one period of its time, and once.
func (f *front) mfa(c *call) (bool, *apiError) {
	serial, code := c.form.Get("SerialNumber"), c.form.Get("TokenCode")
	switch {
	case serial == "" && code == "":
		return false, nil
	case code == "":
		return false, &apiError{http.StatusForbidden, "AccessDenied", "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code."}
	case serial != f.w.Credentials.MFASerial():
		return false, &apiError{http.StatusForbidden, "AccessDenied", "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user."}
	}
	for _, away := range []time.Duration{0, -world.MFAPeriod, world.MFAPeriod} {
		at := f.clock(c).Add(away)
		if code != f.w.Credentials.MFACode(at) {
			continue
		}
		if _, used := f.codes.LoadOrStore(at.Unix()/int64(world.MFAPeriod/time.Second), true); !used {
			return true, nil
		}
	}
	return false, &apiError{http.StatusForbidden, "AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code. "}
}
