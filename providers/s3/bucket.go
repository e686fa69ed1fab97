package s3

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"rollcall/providers"
	"rollcall/providers/awsapi"
)

// Bucket is what a server says of a bucket. A server of another make says less, and so does one to a member without the permission.
type Bucket struct {
	Account string // of the credentials; empty if it is not known
	From    string // where the credentials come from
	// Versioning is Enabled, Suspended, or Off; empty if it is not known, and then VersioningErr says why.
	Versioning    string
	VersioningErr error
	// Expires and Archives are the names of the rules that remove objects below the prefix, or move them to where they cannot
	// be read at once. LifecycleErr is why the rules could not be read.
	Expires, Archives []string
	LifecycleErr      error
}

// Bucket returns what the server says of the bucket and of its rules for objects below a prefix of the store. It writes
// nothing.
func (st *Store) Bucket(ctx context.Context, prefix string) Bucket {
	b := Bucket{From: st.s.From()}
	if st.s.Endpoint(awss3.ServiceID) == nil { // another server has no STS
		b.Account, _ = st.s.AccountID(ctx)
	}
	v, err := awsapi.Call(ctx, st.s.Read, "read its versioning", st.s3.GetBucketVersioning, &awss3.GetBucketVersioningInput{Bucket: &st.bucket})
	if err == nil {
		b.Versioning = cmp.Or(string(v.Status), "Off")
	}
	b.VersioningErr = err
	l, err := awsapi.Call(ctx, st.s.Read, "read its lifecycle", st.s3.GetBucketLifecycleConfiguration, &awss3.GetBucketLifecycleConfigurationInput{Bucket: &st.bucket})
	if err != nil {
		if e, ok := errors.AsType[*providers.Error](err); !ok || e.Code != "NoSuchLifecycleConfiguration" {
			b.LifecycleErr = err
		}
		return b
	}
	for i := range l.Rules {
		r := &l.Rules[i]
		of := prefixOf(r)
		if r.Status != types.ExpirationStatusEnabled || !strings.HasPrefix(st.prefix+prefix, of) && !strings.HasPrefix(of, st.prefix+prefix) {
			continue
		}
		if e := r.Expiration; e != nil && (e.Days != nil || e.Date != nil) { // others remove the markers of what was removed
			b.Expires = append(b.Expires, aws.ToString(r.ID))
		}
		if slices.ContainsFunc(r.Transitions, func(t types.Transition) bool {
			return t.StorageClass == types.TransitionStorageClassGlacier || t.StorageClass == types.TransitionStorageClassDeepArchive
		}) {
			b.Archives = append(b.Archives, aws.ToString(r.ID))
		}
	}
	return b
}

// IsNotImplemented reports whether an error says that a server does not have an operation of S3.
func IsNotImplemented(err error) bool {
	e, ok := errors.AsType[*providers.Error](err)
	return ok && (e.Code == "NotImplemented" || e.Code == "MethodNotAllowed")
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
