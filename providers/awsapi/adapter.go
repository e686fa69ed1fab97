package awsapi

import "rollcall/providers"

// ProfileKey is the config key for the profile of an entry's credentials.
var ProfileKey = providers.Key{Name: "profile", Kind: providers.KeyText, Help: "profile of the AWS config files; empty for AWS_PROFILE or the default chain"}

// Hints and Secrets of the declarations of EC2 and Route 53.
var (
	Hints   = []string{"AWS_PROFILE", "AWS_ACCESS_KEY_ID"}
	Secrets = []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}
)

// ProfileOf returns the profile that AWS_PROFILE names, or "" if the environment leads to other credentials, such as keys of
// its own, which go first.
func ProfileOf(env providers.Environment) string {
	if env.Getenv("AWS_ACCESS_KEY_ID") != "" {
		return ""
	}
	return firstSet(env, "AWS_PROFILE", "AWS_DEFAULT_PROFILE")
}

// CredentialSource returns where credentials would be looked for, in words, for an account that cannot be opened; Session.From says
// where they were found.
func CredentialSource(env providers.Environment, profile string) string {
	ofEnv := firstSet(env, "AWS_PROFILE", "AWS_DEFAULT_PROFILE")
	switch {
	case profile != "":
		return "profile " + profile
	case env.Getenv("AWS_ACCESS_KEY_ID") != "":
		return "AWS_ACCESS_KEY_ID"
	case ofEnv != "":
		return "profile " + ofEnv + " of AWS_PROFILE"
	}
	return "the default chain of AWS"
}
