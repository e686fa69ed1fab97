package awsapi

import "rollcall/providers"

// ProfileKey is the config key for the profile of an entry's credentials.
var ProfileKey = providers.Key{Name: "profile", Kind: providers.KeyText, Help: "profile of the AWS config files; empty for AWS_PROFILE or the default chain"}

// Hints and Secrets of the declarations of EC2 and Route 53.
var (
	Hints   = []string{"AWS_PROFILE", "AWS_ACCESS_KEY_ID"}
	Secrets = []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}
)

// CredentialSource returns where credentials are looked for first, in words: the profile, else what the environment
// names.
func CredentialSource(env providers.Environment, profile string) string {
	switch ofEnv := env.Getenv("AWS_PROFILE"); {
	case profile != "":
		return "profile " + profile
	case env.Getenv("AWS_ACCESS_KEY_ID") != "":
		return "AWS_ACCESS_KEY_ID"
	case ofEnv != "":
		return "profile " + ofEnv + " of AWS_PROFILE"
	}
	return "the default chain of AWS"
}
