package cli

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
)

// checkedOnce is a shellcheck that stores what the program says of each text: worlds launch the same boot scripts over
// and over, and one look takes as long as all else of a launch.
const checkedOnce = `#!/bin/sh
said=${0%/*}/said
text=$(mktemp "$said/XXXXXX")
{ echo "$*"; cat; } >"$text"
key=$(sha256sum <"$text")
key=$said/${key%% *}
if [ ! -e "$key" ]; then
  tail -n +2 "$text" | "$SHELLCHECK" "$@" >"$text.out"
  code=$?
  { echo $code; cat "$text.out"; } >"$text.new" && mv "$text.new" "$key"
fi
tail -n +2 "$key"
exit "$(head -n 1 "$key")"
`

// checkOnce puts such a shellcheck in front of PATH, until end is called. Where there is none it does nothing.
func checkOnce() (end func(), err error) {
	real, err := exec.LookPath("shellcheck")
	if err != nil {
		return func() {}, nil
	}
	dir, err := os.MkdirTemp("", "rollcall-shellcheck-")
	if err != nil {
		return nil, err
	}
	return func() { _ = os.RemoveAll(dir) }, errors.Join(
		os.Mkdir(filepath.Join(dir, "said"), 0o700),
		os.WriteFile(filepath.Join(dir, "shellcheck"), []byte(checkedOnce), 0o700), //nolint:gosec // a program is executable
		os.Setenv("SHELLCHECK", real),
		os.Setenv("PATH", dir+string(filepath.ListSeparator)+os.Getenv("PATH")),
	)
}
