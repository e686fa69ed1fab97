package s3

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"rollcall/providers/awsapi"
)

// Bucket is what a server says of a bucket. A server of another make says less, and so does one to a member without the permission.
type Bucket struct {
	Account string // of the credentials; empty if it is not known
	From    string // where the credentials come from
	// Versioning is Enabled, Suspended, or Off; empty if it is not known.
	Versioning string
	// Lifecycle is whether the rules could be read, and Expires the names of those that remove objects below the prefix.
	Lifecycle bool
	Expires   []string
}

// Bucket returns what the server says of the bucket and of its rules for objects below a prefix of the store. It writes
// nothing, and what cannot be asked is left out.
func (st *Store) Bucket(ctx context.Context, prefix string) Bucket {
	b := Bucket{From: st.s.From()}
	if st.s.Endpoint(awss3.ServiceID) == nil { // another server has no STS
		b.Account, _ = st.s.AccountID(ctx)
	}
	if v, err := awsapi.Call(ctx, st.s.Read, "read its versioning", st.s3.GetBucketVersioning, &awss3.GetBucketVersioningInput{Bucket: &st.bucket}); err == nil {
		b.Versioning = string(v.Status)
		if v.Status == "" {
			b.Versioning = "Off"
		}
	}
	l, err := awsapi.Call(ctx, st.s.Read, "read its lifecycle", st.s3.GetBucketLifecycleConfiguration, &awss3.GetBucketLifecycleConfigurationInput{Bucket: &st.bucket})
	if err != nil {
		b.Lifecycle = strings.Contains(err.Error(), "NoSuchLifecycleConfiguration")
		return b
	}
	b.Lifecycle = true
	for i := range l.Rules {
		if r := &l.Rules[i]; r.Status == types.ExpirationStatusEnabled && r.Expiration != nil && strings.HasPrefix(st.prefix+prefix, prefixOf(r)) {
			b.Expires = append(b.Expires, aws.ToString(r.ID))
		}
	}
	return b
}

// prefixOf returns the prefix of the objects that a rule is about; a rule for tags or sizes counts as one for all of its
// prefix.
func prefixOf(r *types.LifecycleRule) string {
	switch f := r.Filter; {
	case f == nil:
		return aws.ToString(r.Prefix) //nolint:staticcheck // older rules have it
	case f.And != nil:
		return aws.ToString(f.And.Prefix)
	default:
		return aws.ToString(f.Prefix)
	}
}
