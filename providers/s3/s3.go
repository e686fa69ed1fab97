package s3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"rollcall/providers"
	"rollcall/providers/awsapi"
	"rollcall/providers/budget"
)

// Config selects the bucket.
type Config struct {
	Bucket, Prefix string // Prefix has no slash at its ends, and may be empty
	Region         string // empty for AWS_REGION or the profile's, else us-east-1
	Profile        string // profile in the shared AWS config; empty for AWS_PROFILE or the default chain
	Endpoint       string // of a compatible server, which is asked in path style; empty for the environment's, else Amazon's
	Timeout        time.Duration
	HTTPClient     *http.Client // its Transport is used; nil for the SDK's own
	Budget         *budget.Account
	Clock          providers.Clock
	Env            providers.Environment
	Ask            providers.Asker // asks for MFA codes; nil if there is no person to ask
	Shared         *sync.Map       // as in adapter.Opening; nil for none
}

// Store is a prefix of a bucket. It is safe for concurrent use.
type Store struct {
	name, bucket, prefix string

	s  *awsapi.Session
	s3 *awss3.Client
}

var _ providers.Store = (*Store)(nil)

// timeout limits how long nothing comes in one try of one call.
const timeout = 10 * time.Second

// New returns the store. It reads only local files and the environment. A missing credential is KindAuth.
func New(cfg Config) (*Store, error) {
	st := &Store{name: "s3://" + cfg.Bucket, bucket: cfg.Bucket}
	if cfg.Prefix != "" {
		st.name += "/" + cfg.Prefix
		st.prefix = cfg.Prefix + "/"
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = timeout
	}
	var err error
	st.s, err = awsapi.Open(awsapi.Options{
		Source: "team store " + st.name, Region: cfg.Region, DefaultRegion: "us-east-1", Profile: cfg.Profile, Service: awss3.ServiceID, Endpoint: cfg.Endpoint, Timeout: cfg.Timeout,
		HTTPClient: cfg.HTTPClient, Budget: cfg.Budget, Clock: cfg.Clock, Env: cfg.Env, Objects: true, Ask: cfg.Ask, Shared: cfg.Shared,
	})
	if err != nil {
		return nil, err
	}
	st.s3 = awss3.NewFromConfig(st.s.Config, func(o *awss3.Options) {
		o.BaseEndpoint = st.s.Endpoint(awss3.ServiceID)
		o.UsePathStyle = o.BaseEndpoint != nil
		// Servers that do not know Amazon's newer checksums refuse a request that has one.
		o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
		o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
	})
	return st, nil
}

// Name implements providers.Store.
func (st *Store) Name() string { return st.name }

// Get implements providers.Store.
func (st *Store) Get(ctx context.Context, key string) (providers.Object, error) {
	return st.get(ctx, key, nil)
}

// GetChanged implements providers.Store.
func (st *Store) GetChanged(ctx context.Context, key, version string) (providers.Object, error) {
	return st.get(ctx, key, &version)
}

// get reads an object that does not have a version, which may be nil.
func (st *Store) get(ctx context.Context, key string, known *string) (providers.Object, error) {
	var o providers.Object
	err := st.s.Read(budget.WithOwnLimit(ctx), "read "+key, st.onceMore(func(ctx context.Context) error {
		out, err := st.s3.GetObject(ctx, &awss3.GetObjectInput{Bucket: &st.bucket, Key: aws.String(st.prefix + key), IfNoneMatch: known})
		if answer, ok := errors.AsType[*awshttp.ResponseError](err); ok && known != nil && answer.HTTPStatusCode() == http.StatusNotModified {
			o = providers.Object{Key: key, Version: *known}
			return nil
		}
		if err != nil {
			return err
		}
		defer func() { _ = out.Body.Close() }() // it is in memory
		data, err := io.ReadAll(io.LimitReader(out.Body, providers.MaxObject+1))
		if len(data) > providers.MaxObject {
			return &providers.Error{Kind: providers.KindIncomplete, Err: fmt.Errorf("it has more than %d bytes, and that is the most", providers.MaxObject)}
		}
		o = providers.Object{Key: key, Data: data, Version: aws.ToString(out.ETag), Modified: aws.ToTime(out.LastModified)}
		o.Asked, _ = middleware.GetServerTime(out.ResultMetadata)
		return err
	}))
	if err == nil && o.Version == "" {
		return o, &providers.Error{Kind: providers.KindIncomplete, Source: st.s.Source(), Op: "read " + key, Err: errors.New("the answer has no ETag")}
	}
	return o, err
}

// PutIfAbsent implements providers.Store.
func (st *Store) PutIfAbsent(ctx context.Context, key string, data []byte) (string, error) {
	return st.put(ctx, "create "+key, awss3.PutObjectInput{Key: aws.String(st.prefix + key), IfNoneMatch: aws.String("*")}, data)
}

// PutIfMatch implements providers.Store.
func (st *Store) PutIfMatch(ctx context.Context, key string, data []byte, version string) (string, error) {
	return st.put(ctx, "replace "+key, awss3.PutObjectInput{Key: aws.String(st.prefix + key), IfMatch: &version}, data)
}

// put repeats a write only if the last try was not carried out.
func (st *Store) put(ctx context.Context, op string, in awss3.PutObjectInput, data []byte) (version string, err error) {
	in.Bucket = &st.bucket
	in.ContentType = aws.String("application/json")
	call := st.onceMore(func(ctx context.Context) error {
		in.Body = bytes.NewReader(data)
		out, err := st.s3.PutObject(ctx, &in)
		if err == nil {
			version = aws.ToString(out.ETag)
		}
		return err
	})
	err = st.s.Budget().Retry(budget.WithOwnLimit(ctx), func(ctx context.Context) error { return st.s.Write(ctx, op, call) })
	return version, err
}

// onceMore returns a call that is made again if the server says that the clocks differ: the client has learned by how
// much from the answer.
func (st *Store) onceMore(call func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		err := call(ctx)
		if err != nil && strings.Contains(err.Error(), "RequestTimeTooSkewed") {
			err = call(ctx)
		}
		return err
	}
}

// ListAfter implements providers.Store.
func (st *Store) ListAfter(ctx context.Context, prefix, after string, most int) ([]string, error) {
	list, err := st.list(ctx, prefix, after, most)
	var keys []string
	for i := range list {
		keys = append(keys, list[i].Key)
	}
	return keys, err
}

// ListObjects implements providers.Store.
func (st *Store) ListObjects(ctx context.Context, prefix string, most int) ([]providers.Object, error) {
	return st.list(ctx, prefix, "", most)
}

// list returns objects without their data.
func (st *Store) list(ctx context.Context, prefix, after string, most int) ([]providers.Object, error) {
	in := awss3.ListObjectsV2Input{Bucket: &st.bucket, Prefix: aws.String(st.prefix + prefix), MaxKeys: aws.Int32(int32(min(most, 1000)))}
	if after != "" {
		in.StartAfter = aws.String(st.prefix + after)
	}
	var list []providers.Object
	for len(list) < most {
		var out *awss3.ListObjectsV2Output
		err := st.s.Read(ctx, "list "+prefix, st.onceMore(func(ctx context.Context) (err error) {
			out, err = st.s3.ListObjectsV2(ctx, &in)
			return err
		}))
		if err != nil {
			return nil, err
		}
		asked, _ := middleware.GetServerTime(out.ResultMetadata)
		for i := range out.Contents {
			o := &out.Contents[i]
			list = append(list, providers.Object{
				Key: strings.TrimPrefix(aws.ToString(o.Key), st.prefix), Version: aws.ToString(o.ETag), Modified: aws.ToTime(o.LastModified), Asked: asked,
			})
		}
		switch n := len(out.Contents); {
		case !aws.ToBool(out.IsTruncated):
			return list[:min(most, len(list))], nil
		case n > 0:
			in.StartAfter, in.ContinuationToken = out.Contents[n-1].Key, nil // a token would begin where the first page did
		case aws.ToString(out.NextContinuationToken) != aws.ToString(in.ContinuationToken):
			in.ContinuationToken = out.NextContinuationToken // some servers pass over deleted keys with empty pages
		default:
			return nil, providers.Errorf(providers.KindIncomplete, "list "+prefix, "the server says that there are more objects, and gives none")
		}
	}
	return list[:min(most, len(list))], nil
}

// Delete implements providers.Store.
func (st *Store) Delete(ctx context.Context, key string) error {
	return st.s.Repeat(ctx, "delete "+key, st.onceMore(func(ctx context.Context) error {
		_, err := st.s3.DeleteObject(ctx, &awss3.DeleteObjectInput{Bucket: &st.bucket, Key: aws.String(st.prefix + key)})
		return err
	}))
}
