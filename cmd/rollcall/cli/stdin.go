package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"rollcall/cmd/rollcall/exit"
)

// maxStdin is the largest size in bytes of a list of identities on stdin.
const maxStdin = 16 << 20

// withStdin returns arguments with those of stdin in the place of "-": one a line, as -o name prints them, or each before a
// NUL. No argument may come from a terminal.
func (a *commands) withStdin(args []string, null bool) ([]string, error) {
	at := slices.Index(args, "-")
	if at < 0 {
		if null {
			return nil, exit.Usagef("-0 is about arguments on stdin: write - for them")
		}
		return args, nil
	}
	if a.Interactive() {
		return nil, exit.Usagef("- reads arguments from stdin, which is this terminal")
	}
	text, err := io.ReadAll(io.LimitReader(a.In, maxStdin+1))
	if err != nil {
		return nil, fmt.Errorf("read the arguments on stdin: %w", err)
	}
	if len(text) > maxStdin {
		return nil, exit.Usagef("there are more than %d bytes on stdin", maxStdin)
	}
	end := "\n"
	if null {
		end = "\x00"
	}
	var given []string
	for word := range strings.SplitSeq(string(text), end) {
		if word = strings.TrimSuffix(word, "\r"); strings.TrimSpace(word) != "" {
			given = append(given, word)
		}
	}
	if len(given) == 0 {
		return nil, exit.Usagef("there are no arguments on stdin")
	}
	return slices.Concat(args[:at], given, args[at+1:]), nil
}
