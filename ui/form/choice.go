package form

import (
	"cmp"
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"rollcall/ui/common"
	"rollcall/ui/theme"
)

// option is one option of a choice.
type option struct{ value, label string }

// choice is a field with a fixed set of options. Typing searches them, left and right move through the matches.
type choice struct {
	options []option
	at      int
	query   string
}

// pick selects the option with this value, if there is one.
func (c *choice) pick(value string) {
	for i, o := range c.options {
		if o.value == value {
			c.at = i
			return
		}
	}
}

func (c *choice) value() string {
	if c.at < len(c.options) {
		return c.options[c.at].value
	}
	return ""
}

// text returns the label of the selected option, clean.
func (c *choice) text() string {
	if c.at < len(c.options) {
		return common.Clean(c.options[c.at].label)
	}
	return ""
}

// key moves or searches. It reports whether the value may have changed.
func (c *choice) key(k tea.KeyPressMsg) (handled, changed bool) {
	before := c.at
	switch k.String() {
	case "left":
		c.moveBy(-1)
	case "right":
		c.moveBy(1)
	case "backspace":
		if c.query != "" {
			r := []rune(c.query)
			c.query = string(r[:len(r)-1])
			c.selectMatch()
		}
	default:
		if k.Text == "" || k.Mod&^tea.ModShift != 0 {
			return false, false
		}
		q := c.query + common.Clean(k.Text)
		old := c.query
		c.query = q
		if !c.selectMatch() {
			c.query = old
		}
	}
	return true, before != c.at
}

// selectMatch selects the first option that matches the query.
func (c *choice) selectMatch() bool {
	if c.matches(c.at) {
		return true
	}
	for i := range c.options {
		if c.matches(i) {
			c.at = i
			return true
		}
	}
	return false
}

func (c *choice) matches(i int) bool {
	return i < len(c.options) && strings.Contains(strings.ToLower(c.options[i].label+" "+c.options[i].value), strings.ToLower(c.query))
}

func (c *choice) moveBy(by int) {
	for i, n := c.at+by, 0; n < len(c.options); i, n = i+by, n+1 {
		i = (i + len(c.options)) % len(c.options)
		if c.matches(i) {
			c.at = i
			return
		}
	}
}

func (c *choice) view(t *theme.Theme, n int, focused bool) string {
	label := cmp.Or(c.text(), t.Paint(theme.Faint, "(none)"))
	if !focused {
		return common.Fit(label, n, t.Ellipsis)
	}
	tail := ""
	if len(c.options) > 1 {
		tail = fmt.Sprintf("  %d/%d", c.at+1, len(c.options))
	}
	if c.query != "" {
		tail += "  /" + c.query
	}
	return common.Fit(betweenArrows(t, t.Paint(theme.Strong, label))+t.Paint(theme.Dim, tail), n, t.Ellipsis)
}

// betweenArrows draws the value of a focused field that left and right change.
func betweenArrows(t *theme.Theme, value string) string {
	left, right := "‹ ", " ›"
	if t.ASCII {
		left, right = "< ", " >"
	}
	return t.Paint(theme.Accent, left) + value + t.Paint(theme.Accent, right)
}

// counter is a small number.
type counter struct{ n, most int }

func (c *counter) key(k tea.KeyPressMsg) (handled, changed bool) {
	before := c.n
	switch s := k.String(); s {
	case "left", "-":
		c.n--
	case "right", "+", "=":
		c.n++
	case "backspace":
		c.n /= 10
	default:
		if len(s) != 1 || s[0] < '0' || s[0] > '9' {
			return false, false
		}
		c.n = c.n*10 + int(s[0]-'0')
	}
	c.n = max(min(c.n, c.most), 0)
	return true, c.n != before
}

func (c *counter) view(t *theme.Theme, n int, focused bool) string {
	text := fmt.Sprint(c.n)
	role := theme.Strong
	if c.n == 0 {
		role = theme.Faint
	}
	if !focused {
		return common.Fit(t.Paint(role, text), n, "")
	}
	return common.Fit(betweenArrows(t, t.Paint(role, text)), n, "")
}
