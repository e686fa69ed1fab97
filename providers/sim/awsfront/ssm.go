package awsfront

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"sync"

	"rollcall/providers/sim/world"
)

// parameterStore is the parameter store of Systems Manager, by region and name.
type parameterStore struct {
	mu     sync.Mutex
	values map[[2]string]parameter
}

type parameter struct {
	ARN              string
	DataType         string
	LastModifiedDate float64
	Name             string
	Type             string
	Value            string
	Version          int
}

// parameterRequest is the union of the parameter store's requests.
type parameterRequest struct {
	Name           string
	Names          []string
	Value          string
	Type           string
	WithDecryption bool
	Overwrite      bool
}

// serveSSM answers calls to the parameter store (JSON 1.1).
func (f *front) serveSSM(w http.ResponseWriter, c *call) {
	var in parameterRequest
	if err := json.Unmarshal(c.body, &in); err != nil {
		c.fail(w, bad("SerializationException", "The request is not valid JSON"))
		return
	}
	s := f.ssm
	s.mu.Lock()
	defer s.mu.Unlock()
	find := func(name string) (parameter, bool) {
		p, ok := s.values[[2]string{c.scope.region, name}]
		if p.Type == "SecureString" && !in.WithDecryption {
			p.Value = "AQICAH" + base64.StdEncoding.EncodeToString([]byte(derived("", p.Value))) // never the secret itself
		}
		return p, ok && c.fault != world.WrongKey
	}
	switch c.action() {
	case "GetParameter":
		p, ok := find(in.Name)
		if !ok {
			c.fail(w, bad("ParameterNotFound", ""))
			return
		}
		sendJSON(w, c, http.StatusOK, map[string]parameter{"Parameter": p})
	case "GetParameters":
		found, invalid := []parameter{}, []string{}
		for _, n := range in.Names {
			if p, ok := find(n); ok {
				found = append(found, p)
			} else {
				invalid = append(invalid, n)
			}
		}
		sendJSON(w, c, http.StatusOK, map[string]any{"Parameters": found, "InvalidParameters": invalid})
	case "PutParameter":
		p, e := f.putParameter(c, in)
		if e != nil {
			c.fail(w, e)
			return
		}
		sendJSON(w, c, http.StatusOK, map[string]any{"Version": p.Version, "Tier": "Standard"})
	case "DeleteParameter":
		if _, ok := find(in.Name); !ok {
			c.fail(w, bad("ParameterNotFound", ""))
			return
		}
		delete(s.values, [2]string{c.scope.region, in.Name})
		sendJSON(w, c, http.StatusOK, map[string]any{})
	default:
		c.fail(w, bad("UnknownOperationException", "There is no operation %s", c.action()))
	}
}

// putParameter stores a value. The caller holds the lock.
func (f *front) putParameter(c *call, in parameterRequest) (parameter, *apiError) {
	key := [2]string{c.scope.region, in.Name}
	old, there := f.ssm.values[key]
	switch {
	case c.fault == world.WrongKey:
		return old, bad("AccessDeniedException", "User: arn:aws:iam::%s:user/ops is not authorized to perform: ssm:PutParameter", otherAccount)
	case in.Name == "" || in.Value == "":
		return old, bad("ValidationException", "1 validation error detected: Value at 'name' or 'value' failed to satisfy constraint: Member must not be null")
	case there && !in.Overwrite:
		return old, bad("ParameterAlreadyExists", "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.")
	case in.Type == "" && !there:
		return old, bad("ValidationException", "A parameter type is required when you create a parameter.")
	case in.Type == "":
		in.Type = old.Type
	}
	p := parameter{
		Name: in.Name, Type: in.Type, Value: in.Value, Version: old.Version + 1, DataType: "text",
		LastModifiedDate: float64(f.w.Now().UnixMilli()) / 1000,
		ARN:              parameterARN(c.scope.region, f.account(c), in.Name),
	}
	f.ssm.values[key] = p
	return p, nil
}

func parameterARN(region, account, name string) string {
	return "arn:aws:ssm:" + region + ":" + account + ":parameter/" + strings.TrimPrefix(name, "/")
}
