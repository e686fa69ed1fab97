// Package s3 keeps the objects of a team in a bucket of Amazon S3, or of a server that is compatible with it: R2,
// MinIO, Ceph. No other package uses the S3 SDK.
package s3
