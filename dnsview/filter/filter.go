// Package filter is the filter language of rollcall, in the console and on the command line:
//
//	state:running cloud:aws tag.env=prod -name~canary age>7d finding:dead
//
// Terms are separated by white space, and a row must match all. A leading minus or exclamation mark negates a term. ":"
// means that a field begins with the value, or with one of several separated by commas; "=" means equal. "~" means
// contains or, if the value has any of ^$*+?()[]{}|\ in it, matches a regular expression; without a field it is about
// everything that a row shows. ">" and "<" compare ages and TTLs. A value may be quoted, and so may the name of a tag,
// which also may have colons and equal signs in it. A bare word matches what a row shows, or fuzzily its name. Case
// does not matter, and an internationalized name is found in both of its spellings.
package filter

import (
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"rollcall/dnsview/index"
)

// Filter is a parsed filter. The zero value matches everything.
type Filter struct {
	text  string
	terms []term
}

// term is one condition.
type term struct {
	negate   bool
	field    string // empty for a bare word, and with ~ for all values
	tag      string // name of the tag, for field tag
	op       byte   // one of : = ~ > <; 0 for a bare word
	value    string // in lower case
	original string // as it was written
	any      []string
	re       *regexp.Regexp
	age      time.Duration
	number   uint64
	either   []term // of a tag whose name may end at several places: one of them must hold
}

// isWord reports whether the term is a bare word.
func (t *term) isWord() bool { return t.field == "" && t.op == 0 }

// String returns the text that the filter was parsed from.
func (f Filter) String() string { return f.text }

// Empty reports whether the filter matches everything.
func (f Filter) Empty() bool { return len(f.terms) == 0 }

// Row is what can be filtered.
type Row interface {
	// FilterValues calls yield with the values of a field until yield returns false. A row without the field has no
	// values. The empty field stands for all values that a bare word is searched in. tag is the name of the tag if
	// field is tag.
	FilterValues(field, tag string, yield func(string) bool)
	// FilterName returns the name that a bare word can match fuzzily.
	FilterName() string
	// FilterAge returns the age of the row, and whether it is known.
	FilterAge() (time.Duration, bool)
	// FilterTTL returns the TTL of the record in seconds, and whether there is one.
	FilterTTL() (uint64, bool)
}

// Match reports whether a row passes.
func (f Filter) Match(r Row) bool {
	for i := range f.terms {
		if f.terms[i].matches(r) == f.terms[i].negate {
			return false
		}
	}
	return true
}

func (t *term) matches(r Row) bool {
	switch {
	case t.isWord():
		return t.matchesWord(r)
	case t.either != nil:
		return slices.ContainsFunc(t.either, func(o term) bool { return o.matches(r) })
	case t.field == "" && t.test(r.FilterName()):
		return true
	case t.op == '>' || t.op == '<':
		return t.compare(r)
	}
	found := false
	r.FilterValues(t.field, t.tag, func(s string) bool {
		found = t.test(s)
		return !found
	})
	return found
}

func (t *term) compare(r Row) bool {
	if t.field == "age" {
		a, ok := r.FilterAge()
		return ok && (t.op == '>' && a > t.age || t.op == '<' && a < t.age)
	}
	n, ok := r.FilterTTL()
	return ok && (t.op == '>' && n > t.number || t.op == '<' && n < t.number)
}

// test reports whether a value passes, as it is or as it is shown.
func (t *term) test(s string) bool {
	return t.testOne(s) || encoded(s) && t.testOne(index.Readable(s))
}

// encoded reports whether a value may have a name in it that is shown in Unicode.
func encoded(s string) bool { return strings.Contains(s, "xn--") }

func (t *term) testOne(s string) bool {
	switch t.op {
	case ':':
		return slices.ContainsFunc(t.any, func(p string) bool { return hasPrefixFold(s, p) })
	case '=':
		return strings.EqualFold(s, t.original)
	}
	if t.re != nil {
		return t.re.MatchString(s)
	}
	return containsFold(s, t.value)
}

// matchesWord matches a word anywhere in the row, or with its letters in order in the name.
func (t *term) matchesWord(r Row) bool {
	if fuzzy(r.FilterName(), t.value) {
		return true
	}
	found := false
	r.FilterValues("", "", func(s string) bool {
		found = containsFold(s, t.value) || encoded(s) && containsFold(index.Readable(s), t.value)
		return !found
	})
	return found
}

// fuzzy reports whether s has the letters of word in their order.
func fuzzy(s, word string) bool {
	if !ascii(word) || !ascii(s) {
		s = strings.ToLower(s)
	}
	n := 0
	for i := 0; i < len(s) && n < len(word); i++ {
		if lower(s[i]) == word[n] {
			n++
		}
	}
	return n == len(word)
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// hasPrefixFold and containsFold compare regardless of case, without an allocation if both texts are ASCII. The second
// argument must be in lower case.
func hasPrefixFold(s, prefix string) bool {
	if !ascii(prefix) || !ascii(s) {
		return strings.HasPrefix(strings.ToLower(s), prefix)
	}
	return hasASCIIPrefix(s, prefix)
}

func hasASCIIPrefix(s, prefix string) bool {
	if len(s) < len(prefix) {
		return false
	}
	for i := range len(prefix) {
		if lower(s[i]) != prefix[i] {
			return false
		}
	}
	return true
}

func containsFold(s, sub string) bool {
	if sub == "" {
		return true
	}
	if !ascii(sub) || !ascii(s) {
		return strings.Contains(strings.ToLower(s), sub)
	}
	for i := 0; i+len(sub) <= len(s); i++ {
		if lower(s[i]) == sub[0] && hasASCIIPrefix(s[i:], sub) {
			return true
		}
	}
	return false
}
