package textfile

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
)

func TestADeepTextIsRefusedWithItsPlaceAndNotParsed(t *testing.T) {
	const many = 200_000
	long := func(s string) string { return strings.Repeat(s, many) }
	stairs := func() string {
		var b strings.Builder
		for i := range 200 {
			b.WriteString(strings.Repeat(" ", i) + "a:\n")
		}
		return b.String()
	}
	for _, c := range []struct {
		name, text string
		check      func([]byte) error
		want       string
	}{
		{"JSON", long("["), CheckJSON, "line 1, column 101: it is nested more than 100 levels deep"},
		{"JSON objects over lines", long("{\"ä\":\n"), CheckJSON, "line 101, column 1: it is nested more than 100 levels deep"},
		{"JSON, brackets in a string are none", `"` + long("[") + `\"` + long("[") + `"`, CheckJSON, ""},
		{"JSON, closed again", "[" + long("[],") + "1]", CheckJSON, ""},
		{"YAML lists", long("["), CheckYAML, "line 1, column 100: it is nested more than 100 levels deep"},
		{"YAML maps", "a: " + long("{a: "), CheckYAML, "line 1, column 398: it is nested more than 100 levels deep"},
		{"YAML maps over lines", long("{a:\n"), CheckYAML, "line 99, column 3: it is nested more than 100 levels deep"},
		{"YAML dashes", long("- "), CheckYAML, "line 1, column 199: it is nested more than 100 levels deep"},
		{"YAML keys", long("a: "), CheckYAML, "line 1, column 299: it is nested more than 100 levels deep"},
		{"YAML anchors", long("&a "), CheckYAML, "line 1, column 298: it is nested more than 100 levels deep"},
		{"YAML stairs", stairs(), CheckYAML, "line 100, column 101: it is nested more than 100 levels deep"},
		{"YAML, closed again", "a: [" + strings.Repeat("[],", 5000) + "1]", CheckYAML, ""},
		{"YAML, a long list", strings.Repeat("- {a: [b, c]}\n", 5000), CheckYAML, ""},
		{"YAML, lines that go in and out", strings.Repeat("a:\n  b:\n    - c\n", 5000), CheckYAML, ""},
		{"YAML, quoted", `a: "` + long("[") + `"`, CheckYAML, ""},
		{"YAML, a block", "a: |\n  " + long("[") + "\nb: 1\n", CheckYAML, ""},
		{"YAML, comments", strings.Repeat("# [[[[[[\n", 5000) + "a: 1\n", CheckYAML, ""},
	} {
		begin := time.Now()
		got := ""
		if err := c.check([]byte(c.text)); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		if took := time.Since(begin); took > 30*time.Second {
			t.Errorf("%s: it took %s", c.name, took)
		}
	}
}

func TestNoMoreIsReadThanIsAllowed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, []byte("a\n"+strings.Repeat("ä", 2000)), 0o600); err != nil {
		t.Fatal(err)
	}
	if b, err := Read(path, 4002); err != nil || len(b) != 4002 {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	want := Error{Line: 2, Column: 501, Why: "it is longer than 1002 bytes"}
	var got *Error
	if _, err := Read(path, 1002); !errors.As(err, &got) || *got != want {
		t.Errorf("%v, want %v", err, &want)
	}
	zero, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = zero.Close() }()
	if _, err := ReadAll(endless{}, 1<<20); err == nil || !strings.Contains(err.Error(), "longer than 1 MiB") {
		t.Error(err)
	}
}

// endless is a text without an end.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func TestAJSONTextThatIsNestedTooDeeplyIsRefusedAtItsPlace(t *testing.T) {
	if err := CheckJSON([]byte(`{"a": [1, "]\"["]}`)); err != nil {
		t.Error(err)
	}
	err := CheckJSON([]byte(strings.Repeat("[", 500)))
	if _, ok := errors.AsType[*Error](err); !ok || err.Error() != "line 1, column 101: it is nested more than 100 levels deep" {
		t.Error(err)
	}
}

// What passes the check, the parser takes in a time and a memory that are bounded by the length.
func FuzzYAMLThatIsNotTooDeepIsParsed(f *testing.F) {
	for _, s := range []string{"", "a: [b, {c: d}]\n", "- - a\n- &x b\n- *x\n", "a: |\n  b\n  c\n", "? a\n: b\n", "!!str a", "'a", "\"\\", "{a: ", "\ufeffa: b", "---\n...\n---\n", "a:\tb", "%YAML 1.2\n---\na", "<<: *a"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > 4096 || CheckYAML(text) != nil {
			return
		}
		begin := time.Now()
		var v any
		_ = yaml.Unmarshal(text, &v)
		if took := time.Since(begin); took > 5*time.Second {
			t.Errorf("%d bytes took %s", len(text), took)
		}
	})
}
