package awsfront

import (
	"encoding/base64"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// list returns the values of NAME.1, NAME.2, … in numeric order.
func list(form url.Values, name string) []string {
	byNumber := map[int]string{}
	for k, v := range form {
		rest, ok := strings.CutPrefix(k, name+".")
		if n, err := strconv.Atoi(rest); ok && err == nil && len(v) > 0 {
			byNumber[n] = v[0]
		}
	}
	out := make([]string, 0, len(byNumber))
	for _, n := range slices.Sorted(maps.Keys(byNumber)) {
		out = append(out, byNumber[n])
	}
	return out
}

// groups returns, for NAME.1.X, NAME.2.Y, …, the forms {X: …}, {Y: …} in numeric order.
func groups(form url.Values, name string) []url.Values {
	byNumber := map[int]url.Values{}
	for k, v := range form {
		rest, ok := strings.CutPrefix(k, name+".")
		if !ok {
			continue
		}
		num, field, _ := strings.Cut(rest, ".")
		n, err := strconv.Atoi(num)
		if err != nil || field == "" {
			continue
		}
		if byNumber[n] == nil {
			byNumber[n] = url.Values{}
		}
		byNumber[n][field] = v
	}
	out := make([]url.Values, 0, len(byNumber))
	for _, n := range slices.Sorted(maps.Keys(byNumber)) {
		out = append(out, byNumber[n])
	}
	return out
}

// filter is one Filter.N of a describe call.
type filter struct {
	name   string
	values []string
}

func filters(form url.Values) []filter {
	var out []filter
	for _, g := range groups(form, "Filter") {
		out = append(out, filter{g.Get("Name"), list(g, "Value")})
	}
	return out
}

// matches reports whether one of a row's values matches one of the filter's patterns.
func (f filter) matches(have ...string) bool {
	for _, p := range f.values {
		for _, h := range have {
			if p == h || glob(p, h) {
				return true
			}
		}
	}
	return false
}

// glob matches * and ?, which a backslash escapes, like EC2's filters.
func glob(pattern, s string) bool {
	for pattern != "" {
		switch pattern[0] {
		case '*':
			for i := range len(s) + 1 {
				if glob(pattern[1:], s[i:]) {
					return true
				}
			}
			return false
		case '?':
			if s == "" {
				return false
			}
		case '\\':
			if len(pattern) > 1 {
				pattern = pattern[1:]
			}
			fallthrough
		default:
			if s == "" || s[0] != pattern[0] {
				return false
			}
		}
		pattern, s = pattern[1:], s[1:]
	}
	return s == ""
}

// fields returns the values of a row by filter name. Filters on tags use the tags instead.
type fields map[string]func() []string

func one(s string) func() []string { return func() []string { return []string{s} } }

// onTags reports whether a filter is on tags.
func onTags(f filter) bool {
	return strings.HasPrefix(f.name, "tag:") || f.name == "tag-key" || f.name == "tag-value"
}

// matchesTags is matches for a filter on tags.
func (f filter) matchesTags(tags map[string]string) bool {
	if key, ok := strings.CutPrefix(f.name, "tag:"); ok {
		v, has := tags[key]
		return has && f.matches(v)
	}
	for k, v := range tags {
		if f.name == "tag-key" && f.matches(k) || f.name == "tag-value" && f.matches(v) {
			return true
		}
	}
	return false
}

func unknownFilter(f filter) *apiError {
	return bad("InvalidParameterValue", "The filter '%s' is invalid", f.name)
}

// keep reports whether a row matches all filters. An unknown filter is an error.
func keep(fs []filter, row fields, tags map[string]string) (bool, *apiError) {
	for _, f := range fs {
		if onTags(f) {
			if !f.matchesTags(tags) {
				return false, nil
			}
			continue
		}
		get, ok := row[f.name]
		if !ok {
			return false, unknownFilter(f)
		}
		if !f.matches(get()...) {
			return false, nil
		}
	}
	return true, nil
}

// known returns the error of the first filter that is not one on tags or on these fields.
func known(fs []filter, row fields) *apiError {
	for _, f := range fs {
		if row[f.name] == nil && !onTags(f) {
			return unknownFilter(f)
		}
	}
	return nil
}

// paging is MaxResults and NextToken of a describe call.
type paging struct {
	cursor int // end position of the last page
	limit  int
	token  string
}

// pageOf parses the paging of a call with low to high rows per page, and def by default.
func pageOf(form url.Values, low, high, def int) (paging, *apiError) {
	p := paging{limit: def, token: form.Get("NextToken")}
	if s := form.Get("MaxResults"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < low || n > high {
			return p, bad("InvalidParameterValue", "Value ( %s ) for parameter maxResults is invalid. Expecting a value between %d and %d.", s, low, high)
		}
		p.limit = n
	}
	if p.token != "" {
		b, err := base64.RawURLEncoding.DecodeString(p.token)
		n, err2 := strconv.Atoi(strings.TrimPrefix(string(b), tokenPrefix))
		if err != nil || err2 != nil || !strings.HasPrefix(string(b), tokenPrefix) {
			return p, bad("InvalidNextToken", "The specified nextToken is invalid")
		}
		p.cursor = n
	}
	return p, nil
}

const tokenPrefix = "rollcall-page-after:"

// tokenAfter returns the token of the page after a position.
func tokenAfter(cursor int) string {
	return base64.RawURLEncoding.EncodeToString([]byte(tokenPrefix + strconv.Itoa(cursor)))
}
