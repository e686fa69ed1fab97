package index

import (
	"strconv"
	"strings"
	"time"

	"rollcall/providers"
)

// Label writes an instance for a sentence: name, id and cloud.
func Label(i *providers.Instance) string {
	p := LabelParts(i)
	return strings.Join(p[:], "")
}

// LabelParts returns the parts of Label, for those who join many texts.
func LabelParts(i *providers.Instance) [6]string {
	if i.Name == "" || i.Name == i.ID {
		return [...]string{3: ShortID(i.ID), 4: " in ", 5: Clean(i.Cloud)}
	}
	return [...]string{Clean(i.Name), " (", ShortID(i.ID), ")", " in ", Clean(i.Cloud)}
}

// AddressLabel names an address of an account, for a sentence.
func AddressLabel(a *providers.Address) string {
	s := string(a.Kind) + " " + Clean(a.ID) + " in " + Clean(a.Cloud)
	if a.Note != "" {
		s += ", " + Clean(a.Note)
	}
	return s
}

// Clean is providers.Clean: text from outside in a form that can be shown and logged.
func Clean(s string) string { return providers.Clean(s) }

// From when on a duration is written in minutes, and in hours.
const (
	minutesAfter = 2 * time.Minute
	hoursAfter   = 2 * time.Hour
)

// Ago writes a duration for a person: 14 s, 3 min, 5 h, 12 d.
func Ago(d time.Duration) string {
	n, unit := LargestUnit(d, minutesAfter, hoursAfter)
	if unit == "m" {
		unit = "min"
	}
	return strconv.Itoa(n) + " " + unit
}

// LargestUnit returns a duration in whole seconds, minutes from so many on, hours from so many on, or days from 48 hours
// on, with the unit: s, m, h or d. A negative one counts as none.
func LargestUnit(d, minutes, hours time.Duration) (n int, unit string) {
	switch {
	case d < minutes:
		return int(max(d, 0) / time.Second), "s"
	case d < hours:
		return int(d / time.Minute), "m"
	case d < 48*time.Hour:
		return int(d / time.Hour), "h"
	}
	return int(d / (24 * time.Hour)), "d"
}

// ShortID writes an instance id for a sentence: EC2 ids and host names whole, the first
// eight digits of a UUID.
func ShortID(id string) string {
	if len(id) == 36 && id[8] == '-' {
		return id[:8]
	}
	return Clean(id)
}

// Plural returns a count with its noun.
func Plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}
