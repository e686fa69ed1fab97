package config

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCommandsOfTheConfigAreReadWrittenAndReadBack(t *testing.T) {
	text := "commands:\n  - {name: logs, key: ctrl+l, run: [ssh, \"{address}\", journalctl, -n, \"100\"]}\n  - {name: Reset it, run: [/bin/reset, \"{id}\"], dangerous: true}\n"
	c, err := Parse("c.yaml", []byte(text), rules)
	if err != nil {
		t.Fatal(err)
	}
	want := []Command{
		{Pos: Pos{"c.yaml", 2, 5}, Name: "logs", Key: "ctrl+l", Run: []string{"ssh", "{address}", "journalctl", "-n", "100"}},
		{Pos: Pos{"c.yaml", 3, 5}, Name: "Reset it", Run: []string{"/bin/reset", "{id}"}, Dangerous: true},
	}
	if d := cmp.Diff(want, c.Commands); d != "" {
		t.Fatal(d)
	}
	var out bytes.Buffer
	if err := Write(&out, c); err != nil {
		t.Fatal(err)
	}
	again, err := Parse("c.yaml", out.Bytes(), rules)
	if err != nil {
		t.Fatalf("%v in\n%s", err, &out)
	}
	for i := range again.Commands {
		again.Commands[i].Pos = want[i].Pos
	}
	if d := cmp.Diff(want, again.Commands); d != "" {
		t.Errorf("%s in\n%s", d, &out)
	}
}

func TestACommandThatCannotBeIsOneLine(t *testing.T) {
	for entry, says := range map[string]string{
		`{run: [ssh]}`:                                             "has no name",
		`{name: x}`:                                                "runs nothing",
		`{name: Quit, run: [ssh]}`:                                 "one of the console's own",
		`{name: fleet, run: [ssh]}`:                                "one of the console's own",
		`{name: x, run: []}`:                                       "runs nothing",
		`{name: x, run: ["{id}"]}`:                                 "write the program itself",
		`{name: x, run: ["/bin/{id}"]}`:                            "write the program itself",
		`{name: x, run: [ssh, "root@{address}"]}`:                  "placeholder inside",
		`{name: x, run: [ssh, "{ip}"]}`:                            "did you mean",
		`{name: x, run: [ssh], key: d}`:                            "is bound to deregister",
		`{name: x, run: [ssh], key: ctrl+c}`:                       "always quits",
		`{name: x, run: [ssh], loud: true}`:                        "unknown key",
		`{name: x, run: [ssh]}, {name: X, run: [ls]}`:              "two commands are called",
		`{name: x, run: [a], key: k}, {name: y, run: [b], key: k}`: "is bound to x",
	} {
		_, err := Parse("c.yaml", []byte("commands: ["+entry+"]\n"), rules)
		if err == nil || !strings.Contains(err.Error(), says) || !strings.HasPrefix(err.Error(), "c.yaml:1:") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %q", entry, err, says)
		}
	}
}
