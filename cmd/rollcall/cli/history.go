package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"unicode/utf8"

	"rollcall/providers/textfile"
	"rollcall/ui/common"
)

// What operators type at the console's prompts is kept in the state folder, for the next run on this machine.

const (
	historyName     = "history.json"
	largestHistory  = 1 << 20
	longestRemember = 1000 // characters; a longer line is not typed twice
)

// secretName matches lines that may hold a secret: they are not kept.
var secretName = regexp.MustCompile(`(?i)passw|secret|token|credential|(api|access|private)[-_.]?key`)

// History returns what was typed in earlier runs.
func (b *backend) History() (map[common.Prompt]common.History, error) {
	out := map[common.Prompt]common.History{}
	text, err := textfile.Read(b.historyPath(), largestHistory)
	if errors.Is(err, fs.ErrNotExist) {
		return out, nil
	} else if err != nil {
		return nil, fmt.Errorf("read the history: %w", err)
	}
	if err := json.Unmarshal(text, &out); err != nil {
		return nil, fmt.Errorf("%s: %w; remove it to begin anew", b.historyPath(), err)
	}
	return out, nil
}

// Remember puts a line in front of those that are kept. Of two consoles that do so at one moment, one may lose its line.
func (b *backend) Remember(at common.Prompt, line string) error {
	if b.s.State == "" || secretName.MatchString(line) || utf8.RuneCountInString(line) > longestRemember {
		return nil
	}
	b.remembering.Lock()
	defer b.remembering.Unlock()
	all, err := b.History()
	if err != nil {
		return err
	}
	all[at] = all[at].With(line)
	text, err := json.MarshalIndent(all, "", " ")
	if err != nil {
		return fmt.Errorf("write the history: %w", err)
	}
	if err := os.MkdirAll(b.s.State, 0o700); err != nil {
		return fmt.Errorf("make the state folder: %w", err)
	}
	return textfile.Write(b.historyPath(), func(f *os.File) error {
		_, err := f.Write(append(text, '\n'))
		return err
	})
}

func (b *backend) historyPath() string { return filepath.Join(b.s.State, historyName) }
