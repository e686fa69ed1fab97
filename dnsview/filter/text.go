package filter

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"

	"rollcall/dnsview/index"
)

// separator stands between the values of a text; no word has it.
const separator = "\x00"

// AppendText appends to b what bare words are searched in: the name of a row and its values, in lower case. It can be
// made once for many filters; see MatchText.
func AppendText(b []byte, r Row) []byte {
	from := len(b)
	add := func(s string) { b = append(b, strings.ReplaceAll(s, separator, "\x01")...) }
	add(r.FilterName())
	r.FilterValues("", "", func(s string) bool {
		b = append(b, separator...)
		add(s)
		if encoded(s) {
			b = append(b, separator...)
			add(index.Readable(s))
		}
		return true
	})
	text := b[from:]
	for i, c := range text {
		if c >= utf8.RuneSelf {
			return append(b[:from], bytes.ToLower(text)...)
		}
		text[i] = lower(c)
	}
	return b
}

// HasWords reports whether the filter has a bare word.
func (f Filter) HasWords() bool {
	return slices.ContainsFunc(f.terms, func(t term) bool { return t.isWord() })
}

// Uses reports whether the filter has a condition on a field.
func (f Filter) Uses(field string) bool {
	return slices.ContainsFunc(f.terms, func(t term) bool { return t.field == field })
}

// Only returns the filter with the terms about these fields alone.
func (f Filter) Only(fields ...string) Filter {
	f.terms = slices.DeleteFunc(slices.Clone(f.terms), func(t term) bool { return !slices.Contains(fields, t.field) })
	return f
}

// MatchText is Match of a row with the text that AppendText makes of it.
func (f Filter) MatchText(r Row, text string) bool {
	for i := range f.terms {
		t := &f.terms[i]
		found := false
		if t.isWord() {
			found = strings.Contains(text, t.value) || inOrder(text, t.value) // a name that contains the word has its letters in order
		} else {
			found = t.matches(r)
		}
		if found == t.negate {
			return false
		}
	}
	return true
}

// inOrder reports whether the name that a text begins with has the letters of word in their order.
func inOrder(text, word string) bool {
	name, _, _ := strings.Cut(text, separator)
	for i := range len(word) {
		at := strings.IndexByte(name, word[i])
		if at < 0 {
			return false
		}
		name = name[at+1:]
	}
	return true
}

// Narrows reports whether it is certain that each row that passes f passes old too. It is when terms are added, or when
// letters are added to the last one.
func (f Filter) Narrows(old Filter) bool {
	if len(f.terms) < len(old.terms) {
		return false
	}
	for i := range old.terms {
		a, b := &old.terms[i], &f.terms[i]
		if a.equal(b) {
			continue
		}
		if i < len(old.terms)-1 || a.negate || b.negate || a.either != nil || b.either != nil || a.field != b.field || a.tag != b.tag || a.op != b.op || a.re != nil || b.re != nil {
			return false
		}
		switch {
		case a.isWord():
			return strings.HasPrefix(b.value, a.value)
		case a.op == ':':
			return len(a.any) == 1 && len(b.any) == 1 && strings.HasPrefix(b.any[0], a.any[0])
		case a.op == '~':
			return strings.Contains(b.value, a.value)
		}
		return false
	}
	return true
}

// equal reports whether two terms are the same but for a regular expression, which never is.
func (t *term) equal(o *term) bool {
	return t.negate == o.negate && t.field == o.field && t.tag == o.tag && t.op == o.op && t.original == o.original && t.value == o.value &&
		len(t.either) == len(o.either) && t.re == nil && o.re == nil && t.age == o.age && t.number == o.number && slices.Equal(t.any, o.any)
}
