// Package awsapi is the common part of the adapters of Amazon's services: it finds credentials, region and endpoints in
// an environment and its AWS config files (settings, login), has an HTTP client that checks what was sent and received,
// classifies errors, and asks STS whose the credentials are. It knows no other service.
package awsapi
