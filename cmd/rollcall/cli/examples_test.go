package cli

import (
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"rollcall/cmd/rollcall/app"
)

func TestEveryCommandHasExamplesThatItUnderstands(t *testing.T) {
	root := (&commands{Program: &app.Program{}}).rootCommand()
	paths := map[string]bool{}
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		_, path, _ := strings.Cut(c.CommandPath(), " ")
		paths[path] = true
		if c.Example == "" && !c.Hidden {
			t.Errorf("%s has no example", c.CommandPath())
		}
		joined := strings.NewReplacer("\\\n", "", "|\n", "|").Replace(c.Example)
		for line := range strings.Lines(joined) {
			line, _, _ = strings.Cut(line, " #")
			for _, words := range commandsOf(line) {
				if words[0] == "rollcall" {
					understands(t, words[1:])
				}
			}
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(root)
	for path := range examples {
		if !paths[path] {
			t.Errorf("there are examples of %s, which is no command", path)
		}
	}
}

// commandsOf returns the words of the commands of a line of shell, without redirections and what is set for one command.
func commandsOf(line string) (commands [][]string) {
	for _, part := range split(line, '|') {
		words := split(strings.TrimSpace(part), ' ')
		for strings.Contains(words[0], "=") {
			words = words[1:]
		}
		if i := slices.IndexFunc(words, func(w string) bool { return strings.ContainsAny(w[:1], "<>") }); i >= 0 {
			words = words[:i]
		}
		for i := range words {
			words[i] = strings.Trim(words[i], `"'`)
		}
		commands = append(commands, words)
	}
	return commands
}

// split splits a line at what stands outside quotes, without empty parts.
func split(line string, at rune) []string {
	quote := rune(0)
	return strings.FieldsFunc(strings.TrimSpace(line), func(r rune) bool {
		switch {
		case quote == 0 && (r == '"' || r == '\''):
			quote = r
		case r == quote:
			quote = 0
		}
		return r == at && quote == 0
	})
}

// understands reports a command, a flag or a number of arguments that is wrong.
func understands(t *testing.T, words []string) {
	t.Helper()
	root := (&commands{Program: &app.Program{}}).rootCommand()
	root.SetOut(io.Discard)
	c, rest, err := root.Find(words)
	if err == nil {
		err = c.ParseFlags(rest)
	}
	if err == nil {
		err = c.ValidateArgs(c.Flags().Args())
	}
	if err != nil {
		t.Errorf("rollcall %s: %v", strings.Join(words, " "), err)
	}
}
