package providers

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"
)

// Provider names one API that rollcall speaks.
type Provider string

// The four providers, spelled as they are in the config file and in output.
const (
	EC2        Provider = "ec2"
	Triton     Provider = "triton"
	Cloudflare Provider = "cloudflare"
	Route53    Provider = "route53"
)

// Propagation returns how long a change usually takes at most until every name server of a
// DNS provider has it. The Route 53 API Reference says 60 seconds (ChangeResourceRecordSets),
// and Cloudflare's staff say the same of Cloudflare.
func (p Provider) Propagation() time.Duration { return time.Minute }

// CloudKey is the name of a cloud that does not depend on any config: ten
// lower-case hex digits. Two configs may give one cloud two names; its key is
// the same in both.
type CloudKey string

// NewCloudKey derives the key from what the cloud itself says it is: the
// provider, the account id and the region or data centre.
func NewCloudKey(p Provider, account, place string) CloudKey {
	sum := sha256.Sum256([]byte(strings.Join([]string{string(p), account, strings.ToLower(place)}, "\x00")))
	return CloudKey(hex.EncodeToString(sum[:5]))
}

// Cloud is one compute account in one place.
type Cloud struct {
	Name     string   // short name from the config
	Provider Provider // ec2 or triton
	Region   string   // EC2 region or Triton data centre
	Account  string   // account id as the cloud states it, empty until asked
	Key      CloudKey // empty until the cloud was asked who it is
}
