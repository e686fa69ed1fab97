package common

import "slices"

// Prompt names a line in which an operator types.
type Prompt string

// The prompts whose lines are kept for later runs.
const (
	PromptCommands Prompt = "commands"
	PromptFilters  Prompt = "filters"
)

// PromptColumns returns where the choice of a list's columns is kept: their titles, separated by commas, or ColumnsOfItsOwn.
func PromptColumns(list string) Prompt { return Prompt("columns of the " + list) }

// ColumnsOfItsOwn is the choice of the columns that a list shows without one.
const ColumnsOfItsOwn = "default"

// historyLength is how many lines are kept for each prompt.
const historyLength = 200

// History holds the lines that were typed at a prompt, newest first, each once.
type History []string

// With returns a history with a line as its newest. It does not modify h.
func (h History) With(line string) History {
	out := append(History{line}, slices.DeleteFunc(slices.Clone(h), func(l string) bool { return l == line })...)
	return out[:min(len(out), historyLength)]
}

// Recall is a place in a history, which keys move through. The zero value has no lines.
type Recall struct {
	lines History
	at    int    // the next older line; 0 is before the newest
	typed string // before the first line was recalled
}

// NewRecall returns a place before the newest line.
func NewRecall(h History) Recall { return Recall{lines: h} }

// Recalling reports whether a line of the history is shown.
func (r *Recall) Recalling() bool { return r.at > 0 }

// Older returns the line before the one that is shown. It reports whether there is one. now is the text of the prompt.
func (r *Recall) Older(now string) (line string, ok bool) {
	if r.at == 0 {
		r.typed = now
	}
	if r.at == len(r.lines) {
		return "", false
	}
	r.at++
	return r.lines[r.at-1], true
}

// Newer returns the line after the one that is shown, and at last what was typed before. It reports whether there is
// one.
func (r *Recall) Newer() (line string, ok bool) {
	switch r.at {
	case 0:
		return "", false
	case 1:
		r.at = 0
		return r.typed, true
	}
	r.at--
	return r.lines[r.at-1], true
}
