package awsapi

import (
	"regexp"
	"strings"

	"rollcall/providers"
)

// codeKinds maps the services' error codes. Sources: "Error codes for the Amazon EC2 API" (common, per-action and
// server errors), the error types of the Route 53 API reference, "Common errors" of STS and IAM, "Error responses" of the S3
// API reference, and the SDK's list of throttling codes.
var codeKinds = map[string]providers.Kind{
	"RequestLimitExceeded":                   providers.KindThrottled,
	"Throttling":                             providers.KindThrottled,
	"ThrottlingException":                    providers.KindThrottled,
	"ThrottledException":                     providers.KindThrottled,
	"RequestThrottled":                       providers.KindThrottled,
	"RequestThrottledException":              providers.KindThrottled,
	"TooManyRequestsException":               providers.KindThrottled,
	"EC2ThrottledException":                  providers.KindThrottled,
	"SlowDown":                               providers.KindThrottled,
	"BandwidthLimitExceeded":                 providers.KindThrottled,
	"ProvisionedThroughputExceededException": providers.KindThrottled,

	"AuthFailure":                 providers.KindAuth,
	"UnauthorizedOperation":       providers.KindAuth,
	"AccessDenied":                providers.KindAuth,
	"AccessDeniedException":       providers.KindAuth,
	"ExpiredToken":                providers.KindAuth,
	"ExpiredTokenException":       providers.KindAuth,
	"RequestExpired":              providers.KindAuth,
	"InvalidClientTokenId":        providers.KindAuth,
	"InvalidAccessKeyId":          providers.KindAuth,
	"UnrecognizedClientException": providers.KindAuth,
	"SignatureDoesNotMatch":       providers.KindAuth,
	"InvalidSignatureException":   providers.KindAuth,
	"IncompleteSignature":         providers.KindAuth,
	"MissingAuthenticationToken":  providers.KindAuth,
	"RequestTimeTooSkewed":        providers.KindAuth,
	"NotAuthorizedException":      providers.KindAuth,
	"NotAuthorized":               providers.KindAuth,
	"OptInRequired":               providers.KindAuth,
	"PendingVerification":         providers.KindAuth,
	"Blocked":                     providers.KindAuth,
	"RegionDisabledException":     providers.KindAuth,

	"NoSuchKey":           providers.KindNotFound,
	"NoSuchHostedZone":    providers.KindNotFound,
	"NoSuchChange":        providers.KindNotFound,
	"NoSuchHealthCheck":   providers.KindNotFound,
	"NoSuchDelegationSet": providers.KindNotFound,
	"NoSuchEntity":        providers.KindNotFound,
	"HostedZoneNotFound":  providers.KindNotFound,
	"ParameterNotFound":   providers.KindNotFound,

	"PreconditionFailed":           providers.KindConflict,
	"ConditionalRequestConflict":   providers.KindConflict,
	"IncorrectInstanceState":       providers.KindConflict,
	"IncorrectState":               providers.KindConflict,
	"InvalidState":                 providers.KindConflict,
	"IdempotentParameterMismatch":  providers.KindConflict,
	"IdempotentInstanceTerminated": providers.KindConflict,
	"OperationNotPermitted":        providers.KindConflict,
	"PriorRequestNotComplete":      providers.KindConflict,
	"ConcurrentModification":       providers.KindConflict,
	"DependencyViolation":          providers.KindConflict,
	"ResourceCountExceeded":        providers.KindLimit,

	"InsufficientInstanceCapacity":         providers.KindLimit,
	"InsufficientReservedInstanceCapacity": providers.KindLimit,
	"InsufficientHostCapacity":             providers.KindLimit,
	"InsufficientCapacity":                 providers.KindLimit,
	"InsufficientCapacityOnHost":           providers.KindLimit,
	"InsufficientAddressCapacity":          providers.KindLimit,
	"InsufficientFreeAddressesInSubnet":    providers.KindLimit,
	"InsufficientVolumeCapacity":           providers.KindLimit,
	"InstanceLimitExceeded":                providers.KindLimit,
	"VcpuLimitExceeded":                    providers.KindLimit,
	"LimitsExceeded":                       providers.KindLimit,
	"MaxSpotInstanceCountExceeded":         providers.KindLimit,

	"InvalidNextToken":       providers.KindIncomplete,
	"InvalidPaginationToken": providers.KindIncomplete,

	"NotImplemented":               providers.KindInvalid,
	"NoSuchBucket":                 providers.KindInvalid,
	"InvalidBucketName":            providers.KindInvalid,
	"PermanentRedirect":            providers.KindInvalid,
	"AuthorizationHeaderMalformed": providers.KindInvalid,
	"InvalidChangeBatch":           providers.KindInvalid,
	"InvalidInput":                 providers.KindInvalid,
	"InvalidArgument":              providers.KindInvalid,
	"InvalidDomainName":            providers.KindInvalid,
	"InvalidAction":                providers.KindInvalid,
	"InvalidCharacter":             providers.KindInvalid,
	"InvalidQueryParameter":        providers.KindInvalid,
	"InvalidInterface.IpAddress":   providers.KindInvalid,
	"MalformedQueryString":         providers.KindInvalid,
	"MalformedPolicyDocument":      providers.KindInvalid,
	"MissingAction":                providers.KindInvalid,
	"MissingParameter":             providers.KindInvalid,
	"UnknownParameter":             providers.KindInvalid,
	"UnknownVolumeType":            providers.KindInvalid,
	"UnsupportedProtocol":          providers.KindInvalid,
	"UnsupportedOperation":         providers.KindInvalid,
	"Unsupported":                  providers.KindInvalid,
	"ValidationError":              providers.KindInvalid,
	"ValidationException":          providers.KindInvalid,
	"VPCIdNotSpecified":            providers.KindInvalid,
	"InvalidUserData.Malformed":    providers.KindInvalid,
	"InvalidBlockDeviceMapping":    providers.KindInvalid,
	"InvalidHostConfiguration":     providers.KindInvalid,
	"NonEBSInstance":               providers.KindInvalid,
	"TagPolicyViolation":           providers.KindInvalid,
	"InvalidInstanceType":          providers.KindInvalid,
	"InvalidAMIID.Unavailable":     providers.KindInvalid,
	"InvalidID":                    providers.KindInvalid,
	"DryRunOperation":              providers.KindInvalid,
	"VPCResourceNotSpecified":      providers.KindInvalid,
	"InvalidVpcEndpoint.NotFound":  providers.KindNotFound,
	"InternalError":                providers.KindUnreachable,
	"InternalFailure":              providers.KindUnreachable,
	"InternalServiceError":         providers.KindUnreachable,
	"ServiceUnavailable":           providers.KindUnreachable,
	"ServiceUnavailableException":  providers.KindUnreachable,
	"Unavailable":                  providers.KindUnreachable,
	"RequestTimeout":               providers.KindUnreachable,
}

// kindOfCode returns the kind of an API error code. ok is false for a code that is unknown and matches no pattern.
func kindOfCode(code string) (providers.Kind, bool) {
	code = strings.TrimPrefix(strings.TrimPrefix(code, "Client."), "Server.")
	if k, ok := codeKinds[code]; ok {
		return k, true
	}
	switch {
	case strings.HasSuffix(code, ".NotFound"):
		return providers.KindNotFound, true
	case strings.HasSuffix(code, ".Malformed"), strings.HasPrefix(code, "InvalidParameter"):
		return providers.KindInvalid, true
	case strings.HasSuffix(code, "LimitExceeded"), strings.HasPrefix(code, "TooMany"), strings.HasSuffix(code, "LimitExceededException"):
		return providers.KindLimit, true
	case strings.HasSuffix(code, ".Duplicate"), strings.HasSuffix(code, ".InUse"), strings.HasSuffix(code, ".AlreadyAssociated"), strings.HasSuffix(code, "AlreadyExists"):
		return providers.KindConflict, true
	}
	return "", false
}

// errorCode matches the code in an error's body: XML of EC2, Route 53, STS and IAM, JSON of the parameter store.
var errorCode = regexp.MustCompile(`<Code>\s*([^<]*?)\s*</Code>|"__type"\s*:\s*"(?:[^"#]*#)?([^"]*)"`)

// isThrottled reports whether an error's body is a service's throttling answer.
func isThrottled(body []byte) bool {
	m := errorCode.FindSubmatch(body)
	if m == nil {
		return false
	}
	k, _ := kindOfCode(string(m[1]) + string(m[2]))
	return k == providers.KindThrottled
}
