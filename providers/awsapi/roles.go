package awsapi

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/smithy-go"

	"rollcall/providers"
	"rollcall/providers/helper"
)

// roleDuration is how long a role is assumed for if its profile has no duration_seconds: what every role allows, and the longest
// for a role that was assumed with another one. It is also the time between two questions for an MFA code.
const roleDuration = time.Hour

// codeTries is how often a person is asked for an MFA code that AWS accepts.
const codeTries = 3

// mfaRefused is in the text of STS about a code that it does not take.
const mfaRefused = "MultiFactorAuthentication failed"

// role returns the login of a role that is assumed with the credentials of base.
func (s *steps) role(p *config.SharedConfig, base login) login {
	r := &assumedRole{profile: p, base: base, ask: s.ask, client: s.sts(base)}
	return login{
		CredentialsProvider: aws.NewCredentialsCache(r, func(o *aws.CredentialsCacheOptions) { o.ExpiryWindow = expiryWindow }),
		from:                "profile " + Clean(p.Profile) + ", role " + Clean(p.RoleARN) + " with " + base.from,
		renew:               base.renew,
	}
}

// assumedRole provides the credentials of a role.
type assumedRole struct {
	profile *config.SharedConfig
	base    login
	ask     providers.Asker
	client  stscreds.AssumeRoleAPIClient
}

// Retrieve implements aws.CredentialsProvider.
func (r *assumedRole) Retrieve(ctx context.Context) (aws.Credentials, error) {
	if _, err := r.base.Retrieve(ctx); err != nil {
		return aws.Credentials{}, err // before a person is asked for a code in vain
	}
	note := ""
	for try := 1; ; try++ {
		code, err := r.code(ctx, note)
		if err != nil {
			return aws.Credentials{}, err
		}
		c, err := r.assume(ctx, code)
		if err == nil {
			return c, nil
		}
		api, _ := errors.AsType[smithy.APIError](err)
		if code == "" || api == nil || !strings.Contains(api.ErrorMessage(), mfaRefused) || try == codeTries {
			return c, authError(r.explain(err, api))
		}
		note = "that code was not accepted"
	}
}

// assume asks for the role once.
func (r *assumedRole) assume(ctx context.Context, code string) (aws.Credentials, error) {
	limited, cancel := context.WithTimeout(ctx, credentialsPatience)
	defer cancel()
	return stscreds.NewAssumeRoleProvider(r.client, r.profile.RoleARN, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = cmp.Or(r.profile.RoleSessionName, fmt.Sprintf("rollcall-%d", time.Now().UnixNano()))
		o.Duration = cmp.Or(aws.ToDuration(r.profile.RoleDurationSeconds), roleDuration)
		if r.profile.ExternalID != "" {
			o.ExternalID = aws.String(r.profile.ExternalID)
		}
		if code != "" {
			o.SerialNumber, o.TokenProvider = aws.String(r.profile.MFASerial), func() (string, error) { return code, nil }
		}
	}).Retrieve(limited)
}

// code asks a person for the code of the profile's MFA device. It returns "" if the profile has none.
func (r *assumedRole) code(ctx context.Context, note string) (string, error) {
	if r.profile.MFASerial == "" {
		return "", nil
	}
	name, serial := Clean(r.profile.Profile), Clean(r.profile.MFASerial)
	code, err := "", providers.ErrUnattended
	if r.ask != nil {
		code, err = r.ask(ctx, providers.Question{Text: "MFA code of " + serial + " for profile " + name, Note: note})
	}
	switch {
	case errors.Is(err, providers.ErrUnattended):
		err = authError(fmt.Errorf("profile %s needs a code of the MFA device %s, and there is no terminal to ask at: run this in a terminal, or export the keys of a session "+
			"with aws configure export-credentials --profile %s --format env", name, serial, providers.ShellQuote(name)))
	case err == nil && !isCode(code):
		err = authError(fmt.Errorf("what was typed as MFA code of %s for profile %s is not a code of six digits", serial, name))
	case err != nil && ctx.Err() == nil:
		err = authError(fmt.Errorf("no MFA code of %s for profile %s: %w", serial, name, err))
	}
	return code, err
}

// isCode reports whether s has the form of an MFA code.
func isCode(s string) bool {
	return len(s) == 6 && !strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
}

// explain returns why a role could not be assumed, and what to do.
func (r *assumedRole) explain(err error, api smithy.APIError) error {
	what := fmt.Sprintf("role %s of profile %s could not be assumed with %s", Clean(r.profile.RoleARN), Clean(r.profile.Profile), r.base.from)
	if api == nil {
		return fmt.Errorf("%s: %s", what, Clean(err.Error()))
	}
	k, _ := kindOfCode(api.ErrorCode())
	remedy := r.base.renew
	switch {
	case strings.Contains(api.ErrorMessage(), mfaRefused):
		remedy = "wait for the next code of " + Clean(r.profile.MFASerial)
	case api.ErrorCode() == "AccessDenied":
		remedy = "see that the role's trust policy names who asks, and that who asks may call sts:AssumeRole"
	case k != providers.KindAuth:
		remedy = "correct role_arn and the settings beside it in the profile"
	}
	return fmt.Errorf("%s: %s (%s); %s", what, strings.TrimSuffix(apiText(api), "."), Clean(api.ErrorCode()), remedy)
}

// webIdentity returns the login of a role that is assumed with a token in a file, such as that of a Kubernetes service account. of
// says what names the file.
func (s *steps) webIdentity(of, file, role, session string) (login, error) {
	if role == "" {
		return login{}, setUpError(s.source, of+" names a token, but there is no role for it: set AWS_ROLE_ARN, or role_arn in the profile")
	}
	provider := stscreds.NewWebIdentityRoleProvider(s.sts(nil), role, stscreds.IdentityTokenFile(file), func(o *stscreds.WebIdentityRoleOptions) {
		o.RoleSessionName = cmp.Or(session, fmt.Sprintf("rollcall-%d", time.Now().UnixNano()))
	})
	renew := "see that " + Clean(file) + " holds a token that is not over"
	return s.step(login{provider, of + ", role " + Clean(role) + " with the token in " + Clean(file), renew}, func(err error) error {
		text := Clean(err.Error())
		if api, ok := errors.AsType[smithy.APIError](err); ok {
			text = apiText(api) + " (" + Clean(api.ErrorCode()) + ")"
		}
		return fmt.Errorf("role %s could not be assumed with the token in %s: %s; see that the file holds a token that is not over, and that the role trusts who made it", Clean(role), Clean(file), text)
	}), nil
}

// process returns the login of a profile's helper.
func (s *steps) process(p *config.SharedConfig) login {
	of := "profile " + Clean(p.Profile)
	fetch := func(ctx context.Context) (aws.Credentials, error) {
		out, err := helper.Run(ctx, s.env, p.CredentialProcess)
		if err != nil {
			return aws.Credentials{}, authError(fmt.Errorf("credential_process of %s: %w; run it by hand to see why", of, err))
		}
		var o processOutput
		wrong := ""
		switch err := json.Unmarshal(out, &o); {
		case err != nil:
			wrong = fmt.Sprintf("printed %d bytes that are not the JSON of a credential_process", len(out)) // never the bytes: they may hold a secret
		case o.Version != 1:
			wrong = fmt.Sprintf("printed Version %d instead of 1", o.Version)
		case o.AccessKeyID == "" || o.SecretAccessKey == "":
			wrong = "printed no AccessKeyId, or no SecretAccessKey"
		case o.Expiration != nil && !o.Expiration.After(time.Now()):
			wrong = "printed credentials that were over at " + o.Expiration.UTC().Format(time.RFC3339)
		}
		if wrong != "" {
			return aws.Credentials{}, authError(fmt.Errorf("credential_process of %s %s; run it by hand to see what it prints", of, wrong))
		}
		c := aws.Credentials{AccessKeyID: o.AccessKeyID, SecretAccessKey: o.SecretAccessKey, SessionToken: o.SessionToken, AccountID: o.AccountID, Source: "credential_process"}
		if o.Expiration != nil {
			c.CanExpire, c.Expires = true, *o.Expiration
		}
		return c, nil
	}
	return login{aws.NewCredentialsCache(aws.CredentialsProviderFunc(fetch)), of + ", credential_process", "see what the credential_process of " + of + " prints"}
}

// processOutput is what a credential_process prints ("Process credential provider" in the AWS SDKs and Tools Reference Guide).
type processOutput struct {
	Version         int
	AccessKeyID     string `json:"AccessKeyId"`
	SecretAccessKey string
	SessionToken    string
	Expiration      *time.Time
	AccountID       string `json:"AccountId"`
}
