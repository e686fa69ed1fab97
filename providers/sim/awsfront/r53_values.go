package awsfront

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"rollcall/providers"
	"rollcall/providers/sim/world"
)

// recordTypes are the types that Route 53 supports.
func recordTypes() []string {
	return []string{"SOA", "A", "TXT", "NS", "CNAME", "MX", "NAPTR", "PTR", "SRV", "SPF", "AAAA", "CAA", "DS", "TLSA", "SSHFP", "SVCB", "HTTPS"}
}

func knownType(t string) bool { return slices.Contains(recordTypes(), t) }

func enumTypes() string { return "[" + strings.Join(recordTypes(), ", ") + "]" }

// checkSet returns what is wrong with a record set itself. The values of a delete are not checked; they are compared
// with those of the zone.
func checkSet(zone string, ch *setChange, s *world.Set) (problems batchErrors) {
	if code, text := nameProblem(ch.Set.Name); code != "" {
		return batchErrors{fmt.Sprintf("FATAL problem: %s (%s) encountered with '%s'", code, text, ch.Set.Name)}
	}
	if !providers.InZone(s.Name, zone) {
		return batchErrors{fmt.Sprintf("RRSet with DNS name %s is not permitted in zone %s", octal(s.Name), octal(zone))}
	}
	if ch.Action == "DELETE" {
		return nil
	}
	if s.Type == "CNAME" && providers.SameName(s.Name, zone) {
		problems = append(problems, fmt.Sprintf("RRSet of type CNAME with DNS name %s is not permitted at apex in zone %s", octal(s.Name), octal(zone)))
	}
	if s.Type == "SOA" && !providers.SameName(s.Name, zone) {
		problems = append(problems, fmt.Sprintf("RRSet of type SOA with DNS name %s is only permitted at apex in zone %s", octal(s.Name), octal(zone)))
	}
	if len(s.Values) > maxValues {
		problems = append(problems, fmt.Sprintf("Cannot have more than %d records in a RRSet.", maxValues))
	}
	if (s.Type == "CNAME" || s.Type == "SOA") && len(s.Values) > 1 {
		problems = append(problems, fmt.Sprintf("RRSet of type %s with DNS name %s must contain exactly one Resource Record", s.Type, octal(s.Name)))
	}
	seen := map[string]bool{}
	for i, v := range ch.Set.Values {
		if code, text := valueProblem(s.Type, v); code != "" {
			problems = append(problems, fmt.Sprintf("Invalid Resource Record: 'FATAL problem: %s (%s) encountered with '%s''", code, text, v))
			continue
		}
		k := fold(s.Type, s.Values[i])
		if seen[k] {
			problems = append(problems, fmt.Sprintf("Duplicate Resource Record: '%s'", v))
		}
		seen[k] = true
	}
	return problems
}

// fold returns the form in which two values are compared.
func fold(typ, v string) string { return providers.FoldValue(typ, v) }

// sameSet reports whether a delete matches the existing set: its values as they stand, in any order, and its TTL.
func sameSet(a, b *world.Set) bool {
	values := func(s *world.Set) []string { return slices.Sorted(slices.Values(s.Values)) }
	if (a.Weight == nil) != (b.Weight == nil) || a.Weight != nil && *a.Weight != *b.Weight {
		return false
	}
	if (a.Alias == nil) != (b.Alias == nil) || a.Alias != nil &&
		(a.Alias.Zone != b.Alias.Zone || a.Alias.EvaluateHealth != b.Alias.EvaluateHealth || !providers.SameName(a.Alias.Name, b.Alias.Name)) {
		return false
	}
	return a.TTL == b.TTL && slices.Equal(values(a), values(b)) && maps.Equal(a.Extra, b.Extra)
}

// valueProblem returns what is wrong with a value ("Supported DNS record types" in the Route 53 Developer Guide); both
// results are empty for a valid one.
func valueProblem(typ, v string) (code, text string) {
	f := strings.Fields(v)
	switch typ {
	case "A":
		if a, err := netip.ParseAddr(v); err != nil || !a.Is4() {
			return "ARRDATAIllegalIPv4Address", "Value is not a valid IPv4 address"
		}
	case "AAAA":
		if a, err := netip.ParseAddr(v); err != nil || !a.Is6() || a.Zone() != "" {
			return "AAAARRDATAIllegalIPv6Address", "Value is not a valid IPv6 address"
		}
	case "CNAME", "NS", "PTR":
		if len(f) != 1 || f[0] != v {
			return "RRDATANotSingleField", "Value contains spaces"
		}
		return nameProblem(v)
	case "TXT", "SPF":
		return textProblem(v)
	case "SRV":
		if len(f) != 4 {
			return "SRVRRDATANotFourFields", "Value does not have four fields: priority, weight, port and target"
		}
		for _, n := range f[:3] {
			if _, err := strconv.ParseUint(n, 10, 16); err != nil {
				return "SRVRRDATAIllegalNumber", "Priority, weight and port must be numbers between 0 and 65535"
			}
		}
		return nameProblem(f[3])
	case "MX":
		if len(f) != 2 {
			return "MXRRDATANotTwoFields", "Value does not have two fields: priority and mail server"
		}
		if _, err := strconv.ParseUint(f[0], 10, 16); err != nil {
			return "MXRRDATAIllegalPriority", "Priority must be a number between 0 and 65535"
		}
		return nameProblem(f[1])
	case "SOA":
		if len(f) != 7 {
			return "SOARRDATANotSevenFields", "Value does not have seven fields"
		}
	case "CAA":
		if len(f) < 3 || !strings.HasPrefix(f[2], `"`) {
			return "CAARRDATAIllegalFormat", "Value must be a flag, a tag and a quoted value"
		}
	default:
		if len(f) == 0 {
			return "RRDATAEmpty", "Value is empty"
		}
	}
	return "", ""
}

// textProblem checks quoted strings of at most 255 characters each.
func textProblem(v string) (code, text string) {
	if !strings.HasPrefix(v, `"`) || !strings.HasSuffix(v, `"`) || len(v) < 2 {
		return "InvalidCharacterString", "Value should be enclosed in quotation marks"
	}
	if len(v) > 4000 {
		return "CharacterStringTooLong", "Value is too long"
	}
	rest := v
	for rest != "" {
		if rest[0] != '"' {
			return "InvalidCharacterString", "Value should be enclosed in quotation marks"
		}
		n, i := 0, 1
		for i < len(rest) && rest[i] != '"' {
			switch {
			case rest[i] == '\\' && i+3 < len(rest) && octalDigits(rest[i+1:i+4]):
				i += 4
			case rest[i] == '\\':
				i += 2
			default:
				i++
			}
			n++
		}
		if i >= len(rest) {
			return "InvalidCharacterString", "Value should be enclosed in quotation marks"
		}
		if n > 255 {
			return "CharacterStringTooLong", "Value is too long"
		}
		rest = strings.TrimLeft(rest[i+1:], " \t")
	}
	return "", ""
}
