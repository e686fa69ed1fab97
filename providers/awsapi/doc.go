// Package awsapi is what the adapters of Amazon's services share: how
// credentials, region and endpoint are found, an HTTP client that is sure of
// what it sent and of what it read, and the classification of errors. It knows
// no service.
package awsapi
