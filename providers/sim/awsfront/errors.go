package awsfront

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// apiError is an error in an API's terms.
type apiError struct {
	status  int
	code    string
	message string
}

// bad returns a client error with HTTP status 400.
func bad(code, format string, a ...any) *apiError {
	return &apiError{http.StatusBadRequest, code, fmt.Sprintf(format, a...)}
}

func missingParameter(name string) *apiError {
	return bad("MissingParameter", "The request must contain the parameter %s", name)
}

// fail answers with an error in the call's protocol.
func (c *call) fail(w http.ResponseWriter, e *apiError) {
	x := &xmlWriter{}
	side := "Sender"
	if e.status >= 500 {
		side = "Receiver"
	}
	switch c.proto {
	case protoEC2:
		x.in("Response", func() {
			x.in("Errors", func() {
				x.group("Error", "Code", e.code, "Message", e.message)
			})
			x.el("RequestID", c.id)
		})
	case protoJSON:
		sendJSON(w, c, e.status, map[string]string{"__type": e.code, "message": e.message})
		return
	default:
		x.open("ErrorResponse", namespaceOf(c.service))
		x.group("Error", "Type", side, "Code", e.code, "Message", e.message)
		x.el("RequestId", c.id)
		x.close("ErrorResponse")
	}
	c.send(w, e.status, x.b.Bytes())
}

// send answers with an XML body.
func (c *call) send(w http.ResponseWriter, status int, body []byte) {
	h := w.Header()
	h.Set("Content-Type", "text/xml;charset=UTF-8")
	if c.proto == protoREST {
		h.Set("Content-Type", "text/xml")
	}
	h.Set("X-Amzn-Requestid", c.id)
	w.WriteHeader(status)
	_, _ = w.Write([]byte(xmlHead)) // the client may have left
	_, _ = w.Write(body)
}

func sendJSON(w http.ResponseWriter, c *call, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // maps and structs of strings and numbers only
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.Header().Set("X-Amzn-Requestid", c.id)
	w.WriteHeader(status)
	_, _ = w.Write(b)
}

// authError returns the API's error for an invalid signature.
func authError(c *call, p authProblem) *apiError {
	if c.proto == protoEC2 {
		return ec2AuthError(p)
	}
	e := &apiError{status: http.StatusForbidden}
	json := "" // code of the JSON API
	skew, signed := fmt.Sprint(int(maxSkew/time.Minute))+" min.", c.r.Header.Get("X-Amz-Date")
	switch p {
	case missing:
		e.code, json, e.message = "MissingAuthenticationToken", "MissingAuthenticationTokenException", "Missing Authentication Token"
		if c.proto == protoQuery {
			e.message = "Request is missing Authentication Token"
		}
	case incomplete:
		e.status, e.code, json = http.StatusBadRequest, "IncompleteSignature", "IncompleteSignatureException"
		e.message = "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
	case unknownKey:
		e.code, json, e.message = "InvalidClientTokenId", "UnrecognizedClientException", "The security token included in the request is invalid."
	case spent:
		e.code, json, e.message = "ExpiredToken", "ExpiredTokenException", "The security token included in the request is expired"
	default:
		e.code, json = "SignatureDoesNotMatch", "InvalidSignatureException"
		e.message = map[authProblem]string{
			badSignature: "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
			expired:      "Signature expired: " + signed + " is not within " + skew + " of the time of the server",
			notYet:       "Signature not yet current: " + signed + " is later than the time of the server + " + skew,
		}[p]
	}
	if c.proto == protoJSON {
		e.status, e.code = http.StatusBadRequest, json
	}
	return e
}

func ec2AuthError(p authProblem) *apiError {
	switch p {
	case missing:
		return &apiError{http.StatusForbidden, "MissingAuthenticationToken", "The request must contain either a valid (registered) AWS access key ID or X.509 certificate"}
	case incomplete:
		return bad("IncompleteSignature", "The request signature does not conform to AWS standards")
	case expired, notYet, spent:
		return bad("RequestExpired", "Request has expired.")
	}
	return &apiError{http.StatusUnauthorized, "AuthFailure", "AWS was not able to validate the provided access credentials"}
}

// throttled returns each API's own throttling error. None says when to retry.
func throttled(c *call) *apiError {
	return map[protocol]*apiError{
		protoEC2:   {http.StatusServiceUnavailable, "RequestLimitExceeded", "Request limit exceeded."},
		protoJSON:  bad("ThrottlingException", "Rate exceeded"),
		protoQuery: bad("Throttling", "Rate exceeded"),
		protoREST:  bad("Throttling", "Rate exceeded"),
	}[c.proto]
}

func serverError(c *call) *apiError {
	return map[protocol]*apiError{
		protoEC2:   {http.StatusInternalServerError, "InternalError", "An internal error has occurred"},
		protoJSON:  {http.StatusInternalServerError, "InternalServerError", "An error occurred on the server side."},
		protoQuery: {http.StatusInternalServerError, "InternalFailure", "The request processing has failed because of an unknown error, exception or failure."},
		protoREST:  {http.StatusServiceUnavailable, "ServiceUnavailable", "Service is unavailable"},
	}[c.proto]
}
