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

// Propagation is the time after which a change has usually reached every name server of a DNS provider: 60 seconds
// by the Route 53 API Reference (ChangeResourceRecordSets), and the same by Cloudflare's staff.
const Propagation = time.Minute

// CloudKey identifies a cloud independently of any config: ten lower-case hex digits. Two configs may name one cloud
// differently; its key is the same in both.
type CloudKey string

// NewCloudKey derives the key from what the cloud reports: provider, account id, and region or data centre.
func NewCloudKey(p Provider, account, place string) CloudKey {
	sum := sha256.Sum256([]byte(strings.Join([]string{string(p), account, strings.ToLower(place)}, "\x00")))
	return CloudKey(hex.EncodeToString(sum[:5]))
}

// Cloud is one compute account in one region or data centre.
type Cloud struct {
	Name     string   // short name from the config
	Provider Provider // ec2 or triton
	Traits   Traits   `json:"-"` // of the provider
	Region   string   // EC2 region or Triton data centre
	Account  string   // account id as the cloud reports it, empty until asked
	Key      CloudKey // empty until the cloud has identified itself
}
