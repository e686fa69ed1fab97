package output

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"pgregory.net/rapid"
)

// oddTexts are what one parser of YAML or another takes for something else than a text.
var oddTexts = []string{
	"?", "-", ":", "=", "<<", "~", "!", "&a", "*a", "|", ">", "%", "@", "`", "'", `"`, "#", "{", "}", "[", "]", ",", "a: b", "a #b", "a:", "- a", "? a", "\t", "a\tb", " a", "a ", "a\nb", "\n", "a\r\nb", "",
	"yes", "No", "ON", "off", "y", "N", "true", "FALSE", "null", "Null", ".inf", "-.INF", ".nan", "NaN", "12:30:45", "1:20", "1_000", "0o7", "0x1F", "017", "0b11", "1e3", "1E5", ".5", "5.", "+1", "-0", "1,000",
	"2026-11-20", "2026-11-20T12:00:00Z", "2026-11-20 12:00:00", "---", "...", "--- a", "%YAML 1.2", "!!int 3", "192.0.2.1", "2001:db8::1", "1.2", "é", "Ⱥ", "\u0085", "\u00a0", "\u2028", "\ufeff", "\x7f", "\u009b31m", "\U0001f600", "\x1b[31m", "\x00", "\ufffe",
	strings.Repeat("long ", 60) + "x: y", strings.Repeat("x", 300), "www.example.com", "deleted: its owner is gone", "it's", "a (b), c; d",
}

func anyData(depth int) *rapid.Generator[any] {
	text := rapid.OneOf(rapid.SampledFrom(oddTexts), rapid.String(), rapid.StringMatching(`[ -~\t]{0,12}`))
	leaf := rapid.OneOf(
		rapid.Map(text, func(s string) any { return s }),
		rapid.Map(rapid.Int64Range(-1<<50, 1<<50), func(n int64) any { return float64(n) }),
		rapid.Map(rapid.Float64Range(-1e30, 1e30), func(n float64) any { return n }),
		rapid.SampledFrom([]any{nil, true, false, 1e21, 1e-9, 0.5, 1e300, math.Pow(2, 64), -math.Pow(2, 63), math.Pow(2, 62)}),
	)
	if depth == 0 {
		return leaf
	}
	inner := rapid.Deferred(func() *rapid.Generator[any] { return anyData(depth - 1) })
	return rapid.OneOf(leaf,
		rapid.Map(rapid.SliceOfN(inner, 0, 4), func(l []any) any { return append([]any{}, l...) }),
		rapid.Map(rapid.MapOfN(text, inner, 0, 4), func(m map[string]any) any { return m }))
}

// written returns a value as -o yaml writes it, and as JSON has it.
func written(t interface{ Fatal(...any) }, v any) (text string, want any) {
	var y, j bytes.Buffer
	if err := Data(&y, YAML, v); err != nil {
		t.Fatal(err)
	}
	if err := Data(&j, JSON, v); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(j.Bytes(), &want); err != nil {
		t.Fatal(err)
	}
	return y.String(), want
}

// same compares data by its JSON: a parser of YAML knows whole numbers.
func same(a, b any) bool {
	norm := func(v any) (out any) {
		text, err := json.Marshal(v)
		if err == nil {
			err = json.Unmarshal(text, &out)
		}
		if err != nil {
			return err
		}
		return out
	}
	return reflect.DeepEqual(norm(a), norm(b))
}

func TestYAMLIsReadBackAsTheSameDataByAnotherParserInGo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text, want := written(t, anyData(3).Draw(t, "data"))
		var got any
		if err := yaml.Unmarshal([]byte(text), &got); err != nil {
			t.Fatalf("%v:\n%s", err, text)
		}
		if !same(got, want) {
			t.Fatalf("%#v came back as %#v:\n%s", want, got, text)
		}
	})
}

func TestACellThatASpreadsheetWouldCalculateIsText(t *testing.T) {
	for in, want := range map[string]string{
		"=1+1": "'=1+1", "+SUM(A1)": "'+SUM(A1)", "-2+3": "'-2+3", "@x": "'@x", "\tx": "'\tx", "\rx": "'\rx", " =x": "' =x", "＝1": "'＝1", "-": "'-", "=": "'=",
		"-5": "-5", "+1": "+1", "-0.5": "-0.5", "-1e9": "-1e9", "-1x": "'-1x", "": "", "a=b": "a=b", "192.0.2.1": "192.0.2.1", "'=x": "'=x", "-inf": "'-inf",
	} {
		if got := noFormula(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestYAMLIsReadBackAsTheSameDataByPython(t *testing.T) {
	if err := exec.Command("python3", "-c", "import yaml").Run(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("python3-yaml is not installed")
		}
		t.Skip("python3-yaml is not installed")
	}
	var texts []string
	var wants []any
	text, want := written(t, oddTexts)
	texts, wants = append(texts, text), append(wants, want)
	keys := map[string]string{}
	for _, s := range oddTexts {
		keys[s] = s
	}
	text, want = written(t, keys)
	texts, wants = append(texts, text), append(wants, want)
	gen := anyData(3)
	for i := range 500 {
		text, want := written(t, gen.Example(i))
		texts, wants = append(texts, text), append(wants, want)
	}
	in, err := json.Marshal(texts)
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command("python3", "-c", "import sys, json, yaml\nprint(json.dumps([yaml.safe_load(s) for s in json.load(sys.stdin)]))")
	c.Stdin = bytes.NewReader(in)
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, stderr.String())
	}
	var got []any
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	for i := range wants {
		if !same(got[i], wants[i]) {
			t.Errorf("%#v came back as %#v:\n%s", wants[i], got[i], texts[i])
		}
	}
}
