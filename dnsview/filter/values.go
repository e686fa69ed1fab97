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

// impossible returns the first of the wanted values that no row has, with the nearest that some row has. Values of
// fields that can have any value are always possible.
func (t *term) impossible() (value, nearest string, found bool) {
	field := t.field
	if field == "class" {
		field = "finding"
	}
	if known, closed := values[field]; closed {
		value, found = t.unfit(known)
		return value, Nearest(value, known), found
	}
	return "", "", false
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

// Nearest returns the candidate with the fewest changed letters from a word; of several the first.
func Nearest(word string, candidates []string) string {
	best, least := "", 0
	for _, c := range candidates {
		if d := distance(strings.ToLower(word), strings.ToLower(c)); best == "" || d < least {
			best, least = c, d
		}
	}
	return best
}

// distance returns the number of letters to insert, remove or replace that turn a into b.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	row := make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i := range x {
		last := row[0]
		row[0] = i + 1
		for j := range y {
			cost := last
			if x[i] != y[j] {
				cost++
			}
			last = row[j+1]
			row[j+1] = min(cost, last+1, row[j]+1)
		}
	}
	return row[len(y)]
}
