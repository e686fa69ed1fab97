// Package awsapi is the common part of the adapters of Amazon's services: it finds credentials, region and endpoint,
// has an HTTP client that checks what was sent and received, and classifies errors. It knows no particular service.
package awsapi
