package awsfront

import (
	"encoding/json"
	"slices"
	"strings"
)

// The policy language by "Policy evaluation logic" and "IAM JSON policy elements" of the IAM User Guide: a request is
// allowed if a statement allows it and none denies it. Unsupported elements (a condition operator, a policy variable)
// never match, so they allow nothing.

// ask is one permission that a request needs.
type ask struct {
	action   string // e.g. ssm:GetParameter
	resource string // ARN, or * for an action without a resource
	// context holds the request's condition keys, in lower case, with their values. A key without a value is absent.
	context map[string][]string
}

// policyDocument is a policy. Members that may be a string or a list become lists.
type policyDocument struct{ Statement statements }

type statements []statement

type statement struct {
	Effect                string
	Principal             principals
	Action, NotAction     stringList
	Resource, NotResource stringList
	Condition             map[string]map[string]stringList
}

// stringList is a string, or a list of strings.
type stringList []string

func (l *stringList) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*l = stringList{one}
		return nil
	}
	var flag bool
	if json.Unmarshal(b, &flag) == nil {
		*l = stringList{map[bool]string{true: "true", false: "false"}[flag]}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(l))
}

// principals are the principals of a trust policy: * for all, or lists by kind.
type principals map[string]stringList

func (p *principals) UnmarshalJSON(b []byte) error {
	var all string
	if json.Unmarshal(b, &all) == nil {
		*p = principals{"AWS": {all}}
		return nil
	}
	return json.Unmarshal(b, (*map[string]stringList)(p))
}

func (s *statements) UnmarshalJSON(b []byte) error {
	var one statement
	if json.Unmarshal(b, &one) == nil {
		*s = statements{one}
		return nil
	}
	return json.Unmarshal(b, (*[]statement)(s))
}

// verdict is the result of evaluating policies.
type verdict int

const (
	notAllowed verdict = iota // no statement allows it
	allowed
	denied // a statement denies it
)

// evaluate returns the verdict of policies on one request. An unreadable document allows nothing.
func evaluate(policies []string, q *ask) verdict {
	v := notAllowed
	for _, text := range policies {
		var doc policyDocument
		if json.Unmarshal([]byte(text), &doc) != nil {
			continue
		}
		for i := range doc.Statement {
			s := &doc.Statement[i]
			if !s.matches(q) {
				continue
			}
			if s.Effect == "Deny" {
				return denied
			}
			if s.Effect == "Allow" {
				v = allowed
			}
		}
	}
	return v
}

func (s *statement) matches(q *ask) bool {
	action := func(p string) bool { return like(strings.ToLower(p), strings.ToLower(q.action)) }
	resource := func(p string) bool { return like(p, q.resource) }
	switch {
	case len(s.Action) > 0 && !slices.ContainsFunc(s.Action, action),
		len(s.NotAction) > 0 && slices.ContainsFunc(s.NotAction, action),
		len(s.Action)+len(s.NotAction) == 0,
		len(s.Resource) > 0 && !slices.ContainsFunc(s.Resource, resource),
		len(s.NotResource) > 0 && slices.ContainsFunc(s.NotResource, resource):
		return false
	}
	for operator, keys := range s.Condition {
		for key, values := range keys {
			if !holds(operator, values, q.context[strings.ToLower(key)]) {
				return false
			}
		}
	}
	return true
}

// holds reports whether a condition is true for a key's values in the request ("IAM JSON policy elements: Condition
// operators", and "Multivalued context keys" for the two qualifiers).
func holds(operator string, wanted, given []string) bool {
	// For existence checks and for the two qualifiers, an empty value counts as none.
	given = slices.DeleteFunc(slices.Clone(given), func(v string) bool { return v == "" })
	qualifier, name, ok := strings.Cut(operator, ":")
	if !ok {
		qualifier, name = "", operator
	}
	if name == "Null" {
		return len(wanted) > 0 && slices.Contains(wanted, map[bool]string{true: "true", false: "false"}[len(given) == 0])
	}
	name, ifExists := strings.CutSuffix(name, "IfExists")
	if ifExists && len(given) == 0 {
		return true
	}
	compare, negative := comparison(name)
	if compare == nil {
		return false
	}
	one := func(v string) bool {
		return slices.ContainsFunc(wanted, func(w string) bool { return compare(w, v) }) != negative
	}
	switch qualifier {
	case "ForAllValues": // also true without values
		return !slices.ContainsFunc(given, func(v string) bool { return !one(v) })
	case "ForAnyValue":
		return slices.ContainsFunc(given, one)
	case "":
		if len(given) == 0 {
			return negative
		}
		return len(given) == 1 && one(given[0])
	}
	return false
}

// comparison returns an operator's comparison of a policy's value with one of the request; nil if it is unknown.
func comparison(name string) (compare func(want, got string) bool, negative bool) {
	equal := func(w, g string) bool { return w == g }
	switch name {
	case "StringEquals":
		return equal, false
	case "StringNotEquals":
		return equal, true
	case "StringEqualsIgnoreCase":
		return strings.EqualFold, false
	case "StringNotEqualsIgnoreCase":
		return strings.EqualFold, true
	case "StringLike", "ArnLike", "ArnEquals":
		return like, false
	case "StringNotLike", "ArnNotLike", "ArnNotEquals":
		return like, true
	case "Bool":
		return strings.EqualFold, false
	}
	return nil, false
}

// like reports whether text matches a pattern with * for any characters and ? for one.
func like(pattern, text string) bool {
	p, t, star, mark := 0, 0, -1, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[t]):
			p++
			t++
		case star >= 0:
			mark++
			p, t = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
