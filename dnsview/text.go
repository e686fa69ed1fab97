package dnsview

import (
	"strconv"
	"time"

	"rollcall/providers"
)

// Clean is providers.Clean: text from outside in a form that can be shown and logged.
func Clean(s string) string { return providers.Clean(s) }

// ago writes a duration for a person: 14 s, 3 min, 5 h, 12 d.
func ago(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return strconv.Itoa(int(max(d, 0)/time.Second)) + " s"
	case d < 2*time.Hour:
		return strconv.Itoa(int(d/time.Minute)) + " min"
	case d < 48*time.Hour:
		return strconv.Itoa(int(d/time.Hour)) + " h"
	default:
		return strconv.Itoa(int(d/(24*time.Hour))) + " d"
	}
}

// shortID writes an instance id for a sentence: EC2 ids and host names whole, the first
// eight digits of a UUID.
func shortID(id string) string {
	if len(id) == 36 && id[8] == '-' {
		return id[:8]
	}
	return Clean(id)
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}
