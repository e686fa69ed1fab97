package filter

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"rollcall/dnsview/index"
)

// field is a field that terms can be about.
type field struct {
	name, help string
	ordered    bool
}

// fields are the names of the fields. Those marked with true can be compared with > and <.
var fields = []field{
	{"age", "time since the launch, the registration or the last change: age>7d", true},
	{"cloud", "name of the cloud", false},
	{"class", "class of a finding; the same as finding", false},
	{"finding", "class of a finding about the row: finding:dead", false},
	{"fleet", "fleet in the owner marker", false},
	{"id", "instance id, number of a journal entry, or account and key of a source", false},
	{"image", "image id", false},
	{"ip", "an address, public or private, or the value of an address record", false},
	{"name", "name of the instance, record, service or source", false},
	{"node", "name or id of the instance that a record belongs to", false},
	{"owner", "instance id in the owner marker; owner= for none", false},
	{"provider", "ec2, triton, cloudflare, route53 or rfc2136", false},
	{"proxied", "yes or no", false},
	{"region", "region or data centre", false},
	{"run", "run of a journal entry", false},
	{"service", "name of the service", false},
	{"severity", "info, low, medium, high or critical", false},
	{"snoozed", "whether a finding is snoozed: yes or no", false},
	{"state", "state of the instance, of a journal entry or of a source: state:failed", false},
	{"tag", "a tag of the instance: tag.env=prod", false},
	{"ttl", "TTL of the record in seconds: ttl>300", true},
	{"type", "type of the record, instance type, or kind of a service or source", false},
	{"value", "value of the record", false},
	{"verb", "what a journal entry is part of: verb:quiesce", false},
	{"who", "who made a change of the journal", false},
	{"wire", "what the name servers make of a record: wire:split, wire:propagating, wire:in", false},
	{"zone", "name of the zone", false},
}

// Field describes a field.
type Field struct{ Name, Help string }

// Fields returns the fields for help and completion.
func Fields() []Field {
	out := make([]Field, 0, len(fields))
	for _, f := range fields {
		out = append(out, Field{f.name, f.help})
	}
	return out
}

// Error is a filter that cannot be parsed.
type Error struct {
	Pos int // byte position in it, from 0
	Why string
}

// Error returns one line with the position, counted from 1.
func (e *Error) Error() string {
	return fmt.Sprintf("filter, at character %d: %s", e.Pos+1, e.Why)
}

// Parse parses a filter. The error is an *Error.
func Parse(text string) (Filter, error) {
	f, _, err := parse(text)
	if err != nil {
		return Filter{}, err
	}
	return f, nil
}

// ParseTyped parses a filter that is being typed, and returns what of it is complete: a last term that is half typed, such
// as "age>" or the beginning of the name of a field, is left out. The error, an *Error, is that of Parse.
func ParseTyped(text string) (Filter, error) {
	f, from, err := parse(text)
	if err == nil && len(f.terms) > 0 {
		if last := &f.terms[len(f.terms)-1]; last.isWord() && text[from:] != "" && beginsField(strings.TrimLeft(text[from:], "-!")) {
			f.terms, f.text = f.terms[:len(f.terms)-1], strings.TrimRight(text[:from], " \t")
		}
	}
	if err != nil {
		f.text = strings.TrimRight(text[:from], " \t")
	}
	return f, err
}

// beginsField reports whether a text is the beginning of the name of a field, or all of it.
func beginsField(text string) bool {
	text = strings.ToLower(text)
	return slices.ContainsFunc(fields, func(f field) bool { return strings.HasPrefix(f.name, text) }) || strings.HasPrefix(text, "tag.")
}

// parse parses a filter. It also returns where the last term begins. With an error it returns the terms before it.
func parse(text string) (f Filter, from int, err error) {
	f = Filter{text: text}
	p := parser{text: text}
	for {
		p.space()
		if p.at >= len(text) {
			return f, from, nil
		}
		from = p.at
		t, err := p.term()
		if err != nil {
			return f, from, err
		}
		f.terms = append(f.terms, t)
	}
}

type parser struct {
	text string
	at   int
}

func (p *parser) fail(pos int, format string, args ...any) error {
	return &Error{Pos: pos, Why: fmt.Sprintf(format, args...)}
}

func (p *parser) space() {
	for p.at < len(p.text) && isSpace(p.text[p.at]) {
		p.at++
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' }

// operators are the characters between a field and its value.
const operators = ":=~<>"

func isOperator(c byte) bool { return strings.IndexByte(operators, c) >= 0 }

func (p *parser) term() (term, error) {
	t := term{}
	start := p.at
	if p.text[p.at] == '-' || p.text[p.at] == '!' {
		t.negate = true
		p.at++
	}
	word := p.at
	for p.at < len(p.text) && !isSpace(p.text[p.at]) && !isOperator(p.text[p.at]) && p.text[p.at] != '"' {
		p.at++
	}
	name := p.text[word:p.at]
	switch {
	case tagged(name):
		return p.tagTerm(t, word)
	case p.at < len(p.text) && p.text[p.at] == '~' && name == "":
		t.op = '~'
		p.at++
		at := p.at
		v, err := p.value()
		if err != nil {
			return t, err
		}
		return t, p.finish(&t, v, at)
	case p.at >= len(p.text) || !isOperator(p.text[p.at]) || !fieldName(name):
		return p.word(t, start, word)
	}
	t.op = p.text[p.at]
	p.at++
	t.field = strings.ToLower(name)
	if t.field == "tag" {
		return t, p.fail(word, "tag wants the name of a tag: tag.env=prod")
	}
	at := p.at
	v, err := p.value()
	if err != nil {
		return t, err
	}
	return t, p.finish(&t, v, at)
}

// word parses a bare word, which may hold a colon as an IPv6 address does.
func (p *parser) word(t term, start, word int) (term, error) {
	p.at = word
	v, err := p.value()
	switch {
	case err != nil:
		return t, err
	case v == "":
		return t, p.fail(start, "a minus or an exclamation mark with nothing behind it")
	case p.text[word] != '"':
		i := strings.IndexAny(v, "=~<>")
		if i <= 0 {
			i = strings.IndexByte(v, ':')
			if i > 0 && hexWord(v[:i]) {
				i = -1
			}
		}
		if i > 0 && plainWord(v[:i]) {
			return t, p.fail(word, "there is no field %q%s; fields are %s", v[:i], nearest(v[:i], fieldNames(), ", ", ""), strings.Join(fieldNames(), ", "))
		}
	}
	t.value, t.original = strings.ToLower(v), v
	return t, nil
}

// tagTerm parses a term about a tag. The name of the tag may be quoted. Without quotes it may hold operators, as
// aws:autoscaling:groupName does: then the term holds if it does so for any place at which the name can end.
func (p *parser) tagTerm(t term, word int) (term, error) {
	t.field = "tag"
	p.at = word + len("tag.")
	if p.at < len(p.text) && p.text[p.at] == '"' {
		name, err := p.quoted()
		if err != nil {
			return t, err
		}
		if p.at >= len(p.text) || !strings.ContainsRune(":=~", rune(p.text[p.at])) || name == "" {
			return t, p.fail(p.at, `after the name of the tag comes : = or ~ and a value: tag."user:Owner"=me`)
		}
		t.tag, t.op = name, p.text[p.at]
		p.at++
		at := p.at
		v, err := p.value()
		if err != nil {
			return t, err
		}
		return t, p.finish(&t, v, at)
	}
	from, failed := p.at, error(nil)
	for ; p.at < len(p.text) && !isSpace(p.text[p.at]); p.at++ {
		if !isOperator(p.text[p.at]) || p.at == from {
			continue
		}
		one := term{negate: t.negate, field: "tag", tag: p.text[from:p.at], op: p.text[p.at]}
		rest := parser{text: p.text, at: p.at + 1}
		quoted := rest.at < len(p.text) && p.text[rest.at] == '"'
		v, err := rest.value()
		if err == nil {
			err = rest.finish(&one, v, p.at+1)
		}
		switch {
		case quoted && err != nil:
			return t, err
		case quoted: // the value: what comes before is the name
			p.at = rest.at
			return one, nil
		case err == nil:
			t.either = append(t.either, one)
		case failed == nil:
			failed = err
		}
		if one.op == '~' {
			p.at = rest.at
			break
		}
	}
	switch {
	case len(t.either) > 1:
		t.original = p.text[word:p.at]
		return t, nil
	case len(t.either) == 1:
		return t.either[0], nil
	case failed != nil:
		return t, failed
	}
	return t, p.fail(word, "tag. wants the name of a tag behind the dot, and a value: tag.env=prod")
}

// finish sets the value of a term, parsed as its operator needs it.
func (p *parser) finish(t *term, v string, at int) error {
	t.value, t.original = strings.ToLower(v), v
	ordered := false
	for _, f := range fields {
		ordered = ordered || f.name == t.field && f.ordered
	}
	switch t.op {
	case '>', '<':
		if !ordered {
			return p.fail(at-1, "%q compares ages and TTLs only; use : = or ~ with %s", string(t.op), t.field)
		}
		if t.field == "age" {
			d, err := Duration(t.value)
			if err != nil {
				return p.fail(at, "%q is not a duration; write 90s, 15m, 6h, 7d or 2w", v)
			}
			t.age = d
			return nil
		}
		n, err := strconv.ParseUint(t.value, 10, 32)
		if err != nil {
			d, err := Duration(t.value)
			if err != nil {
				return p.fail(at, "%q is not a number of seconds", v)
			}
			n = uint64(d / time.Second)
		}
		t.number = n
	case '~':
		if v == "" {
			return p.fail(at, "~ wants something to look for")
		}
		if strings.ContainsAny(v, `^$*+?()[]{}|\`) {
			re, err := regexp.Compile("(?i)" + v)
			if err != nil {
				return p.fail(at, "the regular expression is not one: %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
			}
			t.re = re
		}
	case ':':
		if t.field == "age" {
			return p.fail(at-1, "age is compared with > or <: age>7d")
		}
		t.any = strings.Split(t.value, ",")
		if slices.Contains(t.any, "") {
			return p.fail(at, "%s: wants a value", t.field)
		}
	case '=':
		if t.field == "age" {
			return p.fail(at-1, "age is compared with > or <: age>7d")
		}
	}
	if v, known, found := t.impossible(); found {
		return p.fail(at, "nothing ever has the %s %q; %s", t.field, v, nearest(v, known, "", "it is one of "+strings.Join(known, ", ")))
	}
	return nil
}

// nearest returns which candidate a word was meant to be, or otherwise.
func nearest(word string, candidates []string, lead, otherwise string) string {
	if best := index.Nearest(word, candidates); best != "" {
		return lead + "the nearest is " + best
	}
	return otherwise
}

// value reads a quoted string, or all up to the next white space.
func (p *parser) value() (string, error) {
	if p.at < len(p.text) && p.text[p.at] == '"' {
		v, err := p.quoted()
		if err == nil && p.at < len(p.text) && !isSpace(p.text[p.at]) {
			return "", p.fail(p.at, "a space is missing behind the quote")
		}
		return v, err
	}
	start := p.at
	for p.at < len(p.text) && !isSpace(p.text[p.at]) {
		p.at++
	}
	return p.text[start:p.at], nil
}

// quoted reads a quoted string. A backslash takes a quote or a backslash as it is.
func (p *parser) quoted() (string, error) {
	start := p.at
	var b strings.Builder
	for p.at++; p.at < len(p.text); p.at++ {
		switch c := p.text[p.at]; {
		case c == '\\' && p.at+1 < len(p.text) && (p.text[p.at+1] == '"' || p.text[p.at+1] == '\\'):
			p.at++
			b.WriteByte(p.text[p.at])
		case c == '"':
			p.at++
			return b.String(), nil
		default:
			b.WriteByte(c)
		}
	}
	return "", p.fail(start, "the quote that opens here is never closed")
}

// tagged reports whether a field names a tag. It compares the name itself, because its lower case may have another
// length.
func tagged(name string) bool {
	return len(name) >= len("tag.") && strings.EqualFold(name[:len("tag.")], "tag.")
}

func fieldName(s string) bool {
	if tagged(s) {
		return true
	}
	s = strings.ToLower(s)
	for _, f := range fields {
		if f.name == s {
			return true
		}
	}
	return false
}

func plainWord(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r < 'a' || r > 'z' })
}

func hexWord(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > 'f' })
}

func fieldNames() []string {
	out := make([]string, len(fields))
	for i, f := range fields {
		out[i] = f.name
	}
	return out
}

// Duration parses a duration as time.ParseDuration does, or in days (d) or weeks (w). It returns an error for a negative one.
func Duration(s string) (time.Duration, error) {
	unit := time.Duration(0)
	switch {
	case strings.HasSuffix(s, "d"):
		unit = 24 * time.Hour
	case strings.HasSuffix(s, "w"):
		unit = 7 * 24 * time.Hour
	default:
		d, err := time.ParseDuration(s)
		if err != nil || d < 0 {
			return 0, fmt.Errorf("duration %q", s)
		}
		return d, nil
	}
	n, err := strconv.ParseUint(s[:len(s)-1], 10, 16)
	if err != nil {
		return 0, err
	}
	return time.Duration(n) * unit, nil
}
