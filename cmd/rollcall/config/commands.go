package config

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
)

// Command is one entry below commands: a program that the console runs for a row.
type Command struct {
	Pos       Pos
	Name      string
	Key       string   // or empty
	Run       []string // the program and its arguments, of which some are placeholders
	Dangerous bool
}

// longestCommandName is the longest name of a command, in characters.
const longestCommandName = 40

// command reads one entry below commands. checkKeys checks its key.
func (r *reader) command(n ast.Node) Command {
	c := Command{Pos: r.pos(n)}
	r.mapping(n, "a command", fields{
		"name":      r.toString(&c.Name, "the name of a command"),
		"key":       r.toString(&c.Key, "the key of a command"),
		"run":       r.toStrings(&c.Run, "run"),
		"dangerous": r.toBool(&c.Dangerous, "dangerous"),
	})
	switch {
	case strings.TrimSpace(c.Name) == "":
		r.failAt(c.Pos, "give it a name, which runs it behind a colon", "a command has no name")
	case utf8.RuneCountInString(c.Name) > longestCommandName || strings.ContainsFunc(c.Name, func(x rune) bool { return x < ' ' || x == 0x7f }):
		r.failAt(c.Pos, "write up to 40 characters", "the name %q of a command is too long, or has control characters", c.Name)
	case len(c.Run) == 0 || c.Run[0] == "":
		r.failAt(c.Pos, "write run: [program, argument, ...]", "the command %s runs nothing", c.Name)
	}
	return c
}

// checkCommands checks the names and placeholders of all commands.
func (r *reader) checkCommands(c *Config, rules Rules) {
	placeholders := rules.Placeholders
	if len(placeholders) == 0 {
		return
	}
	var names []string
	for i := range c.Commands {
		x := &c.Commands[i]
		if slices.Contains(names, strings.ToLower(x.Name)) {
			r.failAt(x.Pos, "give one of them another name", "two commands are called %s", x.Name)
		}
		names = append(names, strings.ToLower(x.Name))
		if name := strings.ToLower(x.Name); rules.Keys.Actions[name] != nil || slices.Contains(rules.Screens, name) {
			r.failAt(x.Pos, "give it another name", "the command %s is called as one of the console's own", x.Name)
		}
		for n, arg := range x.Run {
			inside := slices.ContainsFunc(placeholders, func(p string) bool { return strings.Contains(arg, p) })
			switch {
			case n == 0 && strings.HasPrefix(arg, "{"), n == 0 && inside:
				r.failAt(x.Pos, "write the program itself", "the command %s would run what a cloud or zone says: %s", x.Name, arg)
			case slices.Contains(placeholders, arg):
			case inside:
				r.failAt(x.Pos, "make the placeholder an argument of its own", "the command %s has a placeholder inside %q", x.Name, arg)
			case strings.HasPrefix(arg, "{") && strings.HasSuffix(arg, "}"):
				r.failAt(x.Pos, didYouMean(arg, placeholders, "known are "+strings.Join(placeholders, ", ")), "the command %s has an unknown placeholder %s", x.Name, arg)
			}
		}
	}
}
