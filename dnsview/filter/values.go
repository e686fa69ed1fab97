package filter

import (
	"slices"
	"strings"

	"rollcall/dnsview/index"
)

// values holds, for fields that have only certain values, all that any kind of row has.
var values = map[string][]string{
	"state": {
		"pending", "running", "stopping", "stopped", "terminating", "terminated", "gone", "failed", "offline", "unknown", // instances
		"by hand", "quiesced", "dead", "missing", "half", "starting", "not in DNS", "foreign", "unmarked", "other fleet", "ambiguous", // nodes
		"begun", "done", "refused", // entries of the journal
		"complete", "partial", "stale", "unread", // sources, and what is wrong with them
		"unresolvable", "lame", "reading", "throttled", "unreachable", "short answer", "no answer", "not found", "misconfigured", "unreadable",
	},
	"finding": {
		"dead", "dangling", "reused", "stopped", "moved", "missing", "half", "foreign", "other-fleet", "ambiguous", "unmarked", "in-flight", "quiesced",
		"unknown", "orphan-marker", "duplicate", "ttl", "proxied", "weight", "private", "srv-no-address", "srv-alias", "ptr-no-srv", "srv-no-ptr",
		"srv-no-txt", "type-not-listed", "wire", "split", "cached", "lame", "occluded", "unresolvable", "unhealthy", "thin", "evacuated", "one-cloud", "over-limit",
	},
	"severity": {"info", "low", "medium", "high", "critical"},
	"provider": {"ec2", "triton", "cloudflare", "route53", "rfc2136", "zonefile"},
	"proxied":  {"yes", "no", "true", "false"},
	"snoozed":  {"yes", "no"},
	"wire": {
		"in sync", "cached", "negative-cached", "propagating", "differs", "split", "broken", "unreachable", "lame", "unchecked", "waiting", "resolves",
	},
}

// impossible returns the first of the wanted values that no row has, with those that rows have. Values of fields that can have
// any value are always possible.
func (t *term) impossible() (value string, known []string, found bool) {
	field := t.field
	if field == "class" {
		field = "finding"
	}
	known, closed := values[field]
	if closed {
		value, found = t.unfit(known)
	}
	return value, known, found
}

// Unfit returns the first value that the filter wants of a field and that fits none of the known ones, and whether
// there is one. What a negated term does not want always fits.
func (f Filter) Unfit(field string, known []string) (value string, found bool) {
	for i := range f.terms {
		if t := &f.terms[i]; t.field == field && !t.negate {
			if value, found = t.unfit(known); found {
				return value, true
			}
		}
	}
	return "", false
}

// unfit returns the first value that the term wants and that fits none of the known ones, and whether there is one.
func (t *term) unfit(known []string) (value string, found bool) {
	if t.re != nil {
		return "", false
	}
	fits, wanted := strings.HasPrefix, t.any
	if t.op == '=' { // what is half typed is not wrong yet
		wanted = []string{t.value}
	}
	if t.op == '~' {
		fits, wanted = strings.Contains, []string{t.value}
	}
	for _, w := range wanted {
		if !slices.ContainsFunc(known, func(k string) bool { return fits(strings.ToLower(k), w) || encoded(k) && fits(index.Readable(k), w) }) {
			return w, true
		}
	}
	return "", false
}
