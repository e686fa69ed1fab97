package providers

import "hash/maphash"

// Repeats keeps one copy of texts that come again and again in a list, such as types, images and the names of tags. It
// forgets texts that come rarely. The zero value is usable, and nil keeps nothing. It is not safe for concurrent use.
type Repeats struct{ last [512]string }

var repeatsSeed = maphash.MakeSeed()

// Of returns s, or the copy of it that came before.
func (r *Repeats) Of(s string) string {
	if r == nil || s == "" {
		return s
	}
	kept := &r.last[maphash.String(repeatsSeed, s)%uint64(len(r.last))]
	if *kept != s {
		*kept = s
	}
	return *kept
}
