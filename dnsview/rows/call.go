package rows

import (
	"cmp"
	"strconv"
	"time"

	"rollcall/providers"
)

// Call is the row of a call to an API.
type Call struct {
	Number    uint64 // identity of the row, in the order in which calls ended
	Time      time.Time
	Account   string        // clean, like all texts
	Operation string        // what was asked; without queries, headers and bodies
	Result    string        // status code and "throttled", or "no answer"
	Failed    bool          // no whole answer, or a status from 400 on
	Took      time.Duration // until the end of the answer
	Waited    time.Duration // for the budget, before it was sent
	Bytes     int64         // of the answer's body
	Error     string        // why there is no whole answer, or empty

	now time.Time
}

// Calls returns calls, newest first, as of now.
func Calls(oldestFirst []Call, now time.Time) []*Call {
	out := make([]*Call, 0, len(oldestFirst))
	for i := len(oldestFirst) - 1; i >= 0; i-- {
		c := oldestFirst[i]
		c.now = now
		out = append(out, &c)
	}
	return out
}

// Key returns the identity of the row.
func (c *Call) Key() uint64 { return c.Number }

// CallScreen returns the columns of the console.
func CallScreen() []Column[*Call] {
	return []Column[*Call]{
		{
			Title: "WHEN", Min: 8, Max: 8, Priority: 1, Text: func(c *Call) string { return c.Time.Local().Format(time.TimeOnly) },
			Compare: func(a, b *Call) int { return cmp.Compare(a.Number, b.Number) },
		},
		{
			Title: "ACCOUNT", Min: 8, Max: 16, Text: func(c *Call) string { return c.Account },
			Compare: func(a, b *Call) int { return cmp.Compare(a.Account, b.Account) },
		},
		{
			Title: "CALL", Min: 16, Max: 200, Fill: true, Middle: true, Text: func(c *Call) string { return c.Operation },
			Compare: func(a, b *Call) int { return cmp.Compare(a.Operation, b.Operation) },
		},
		{
			Title: "RESULT", Min: 11, Max: 16, Text: func(c *Call) string { return c.Result },
			Compare: func(a, b *Call) int { return cmp.Compare(a.Result, b.Result) },
		},
		{
			Title: "TOOK", Min: 7, Max: 7, Right: true, Text: func(c *Call) string { return milliseconds(c.Took) },
			Compare: func(a, b *Call) int { return cmp.Compare(b.Took, a.Took) },
		},
		{
			Title: "WAITED", Min: 7, Max: 7, Priority: 3, Right: true, Text: func(c *Call) string { return milliseconds(c.Waited) },
			Compare: func(a, b *Call) int { return cmp.Compare(b.Waited, a.Waited) },
		},
		{
			Title: "BYTES", Min: 7, Max: 10, Priority: 2, Right: true, Text: func(c *Call) string { return strconv.FormatInt(c.Bytes, 10) },
			Compare: func(a, b *Call) int { return cmp.Compare(b.Bytes, a.Bytes) },
		},
	}
}

// milliseconds returns a duration as a table shows it: 41ms, 3.2s, 2m10s.
func milliseconds(d time.Duration) string {
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}

// FilterName returns the text that a bare word is fuzzily matched with.
func (c *Call) FilterName() string { return c.Operation }

// FilterAge returns the age of the call.
func (c *Call) FilterAge() (time.Duration, bool) { return c.now.Sub(c.Time), true }

// FilterTTL returns no TTL.
func (c *Call) FilterTTL() (uint64, bool) { return 0, false }

// FilterValues yields the values of a field.
func (c *Call) FilterValues(field, _ string, yield func(string) bool) {
	switch field {
	case "":
		_ = yield(c.Account) && yield(c.Operation) && yield(c.Result) && yield(c.Error)
	case "name":
		yield(c.Operation)
	case "cloud", "zone":
		yield(c.Account)
	}
}

// CleanCall returns a call with clean texts.
func CleanCall(c Call) Call {
	c.Account, c.Operation, c.Result, c.Error = providers.Clean(c.Account), providers.Clean(c.Operation), providers.Clean(c.Result), providers.Clean(c.Error)
	return c
}
