package theme_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"rollcall/ui/theme"
)

func TestEveryGlyphTakesOneCellAndHasAnASCIIForm(t *testing.T) {
	for _, ascii := range []bool{false, true} {
		g := theme.New(theme.Options{ASCII: ascii}).Glyphs
		one := func(name, glyph string) {
			if n := ansi.StringWidth(glyph); n != 1 {
				t.Errorf("%s %q is %d wide", name, glyph, n)
			}
			if ascii && glyph[0] > 0x7e {
				t.Errorf("%s %q is not ASCII", name, glyph)
			}
		}
		check := func(v reflect.Value) {
			for i := range v.NumField() {
				switch f, name := v.Field(i), v.Type().Field(i).Name; f.Kind() {
				case reflect.String:
					for _, glyph := range f.String() { // of Levels each
						one(name, string(glyph))
					}
				case reflect.Array:
					for n := range f.Len() {
						one(name, f.Index(n).String())
					}
				}
			}
		}
		check(reflect.ValueOf(g))
		check(reflect.ValueOf(g.Box))
	}
}

func TestNoColorUsesNoColours(t *testing.T) {
	th := theme.New(theme.Options{NoColor: true})
	for r := theme.Plain; r <= theme.BadgeDanger; r++ {
		for g := theme.Normal; g <= theme.Linked; g++ {
			if s := th.SGR(r, g); strings.Contains(s, "38;") || strings.Contains(s, "48;") {
				t.Errorf("role %d on ground %d: %q", r, g, s)
			}
		}
	}
	if th.SGR(theme.Plain, theme.Cursor) == th.SGR(theme.Plain, theme.Normal) {
		t.Error("the cursor cannot be seen")
	}
}

func TestTheEnvironmentChoosesColoursAndCharacters(t *testing.T) {
	for _, c := range []struct {
		env  map[string]string
		want theme.Options
	}{
		{map[string]string{"LANG": "de_DE.UTF-8", "TERM": "xterm"}, theme.Options{}},
		{map[string]string{"LANG": "C.utf8"}, theme.Options{}},
		{map[string]string{"LANG": "de_DE.UTF-8", "LC_ALL": "C"}, theme.Options{ASCII: true}},
		{map[string]string{"LANG": "de_DE.ISO-8859-1"}, theme.Options{ASCII: true}},
		{map[string]string{"LANG": "C.UTF-8", "ROLLCALL_ASCII": "1"}, theme.Options{ASCII: true}},
		{map[string]string{"LANG": "C", "ROLLCALL_ASCII": "0"}, theme.Options{}},
		{map[string]string{"NO_COLOR": "1", "LANG": "C.UTF-8"}, theme.Options{NoColor: true}},
		{map[string]string{"NO_COLOR": "", "LANG": "C.UTF-8"}, theme.Options{}},
		{map[string]string{}, theme.Options{}},
		{map[string]string{"COLORFGBG": "0;15"}, theme.Options{Light: true}},
		{map[string]string{"COLORFGBG": "0;7"}, theme.Options{Light: true}},
		{map[string]string{"COLORFGBG": "0;default;15"}, theme.Options{Light: true}},
		{map[string]string{"COLORFGBG": "15;0"}, theme.Options{}},
		{map[string]string{"COLORFGBG": "7;8"}, theme.Options{}},
		{map[string]string{"COLORFGBG": "15;default"}, theme.Options{}},
		{map[string]string{"COLORFGBG": "15"}, theme.Options{}},
		{map[string]string{"COLORFGBG": "0;231"}, theme.Options{}},
		{map[string]string{"TERM": "linux"}, theme.Options{ASCII: true}},
		{map[string]string{"TERM": "dumb"}, theme.Options{ASCII: true, NoColor: true}},
	} {
		if got := theme.Environment(func(k string) string { return c.env[k] }); got != c.want {
			t.Errorf("%v gives %+v, want %+v", c.env, got, c.want)
		}
	}
}
