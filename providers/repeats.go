package providers

import (
	"hash/maphash"
	"slices"
)

// Repeats keeps one copy of texts and tags that come again and again in a list, such as types, images and the tags of a
// service's nodes. It forgets what comes rarely. The zero value is usable, and nil keeps nothing. It is not safe for concurrent use.
type Repeats struct {
	last [512]string
	tags [64]Tags
}

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

// Tags returns tags, or the equal ones that came before. They must not be modified any more.
func (r *Repeats) Tags(tags Tags) Tags {
	if r == nil || len(tags) == 0 {
		return tags
	}
	sum := maphash.Comparable(repeatsSeed, tags[0])
	for _, t := range tags[1:] {
		sum = 3*sum + maphash.Comparable(repeatsSeed, t)
	}
	kept := &r.tags[sum%uint64(len(r.tags))]
	if !slices.Equal(*kept, tags) {
		*kept = tags
	}
	return *kept
}
