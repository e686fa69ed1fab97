package itemcache

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// node is what a test's element may hold.
type node struct {
	Name  string `xml:"name"`
	Other other  `xml:"other"`
	Items []node `xml:"set>item"`
}

type other struct {
	Name string `xml:"name"`
}

func readNode(e *Element) (n node) {
	for name := range e.Children() {
		switch string(name) {
		case "name":
			n.Name = e.Text()
		case "set":
			for range e.Children() {
				n.Items = append(n.Items, readNode(e))
			}
		}
	}
	return n
}

func TestAnElementIsReadAsTheDecoderReadsIt(t *testing.T) {
	text := rapid.OneOf(rapid.StringMatching(`[ -~]{0,8}`), rapid.String())
	var nodes func(depth int) *rapid.Generator[node]
	nodes = func(depth int) *rapid.Generator[node] {
		return rapid.Custom(func(t *rapid.T) (n node) {
			n.Name, n.Other.Name = text.Draw(t, "name"), text.Draw(t, "other")
			if depth > 0 {
				n.Items = rapid.SliceOfN(nodes(depth-1), 0, 3).Draw(t, "items")
			}
			return n
		})
	}
	rapid.Check(t, func(t *rapid.T) {
		body, err := xml.MarshalIndent(nodes(2).Draw(t, "node"), "", rapid.SampledFrom([]string{"", " "}).Draw(t, "indent"))
		if err != nil {
			t.Fatal(err)
		}
		for from, to := range map[string]string{"&#34;": "&quot;", "<name></name>": "<name/>"} {
			if rapid.Bool().Draw(t, from) {
				body = bytes.ReplaceAll(body, []byte(from), []byte(to))
			}
		}
		var want node
		if err := xml.Unmarshal(body, &want); err != nil {
			t.Fatal(err)
		}
		var clear func(n *node)
		plain := true
		clear = func(n *node) {
			n.Other.Name = ""
			plain = plain && strings.Trim(n.Name, printable) == ""
			for i := range n.Items {
				clear(&n.Items[i])
			}
		}
		clear(&want)
		e := NewElement(body)
		got := readNode(e)
		if e.OK() && !reflect.DeepEqual(got, want) {
			t.Fatalf("%s was read as %+v, want %+v", body, got, want)
		}
		if plain && !e.OK() {
			t.Fatalf("%s was refused", body)
		}
	})
}

var printable = func() string {
	var b strings.Builder
	for c := ' '; c <= '~'; c++ {
		b.WriteRune(c)
	}
	return b.String()
}()

func TestAnElementThatOnlyTheDecoderCanReadIsRefused(t *testing.T) {
	for _, body := range []string{
		``, `x<a></a>`, `<a>`, `<a><name>x</name>`, `<a><name>x</b></a>`, `<a><name>x</name></b>`, `<a>text<name>x</name></a>`, `<a><name>x</name>text</a>`,
		`<a><name>x<b/></name></a>`, `<a><name b="1">x</name></a>`, `<a ><name>x</name></a>`, `<a><n:name>x</n:name></a>`, `<a><name>é</name></a>`,
		`<a><name>&eacute;</name></a>`, `<a><name>a&b</name></a>`, `<a><name>a&amp</name></a>`, "<a><name>a\r</name></a>", `<a><other><name></other></a>`, `<a><!-- --><name>x</name></a>`,
	} {
		e := NewElement([]byte(body))
		if n := readNode(e); e.OK() {
			t.Errorf("%s: %+v", body, n)
		}
	}
}

func TestAnObjectIsDecodedAlikeWithoutTheValueOfAMember(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"metadata", `\`, `\\"`, `"metadata":{`, "{", "}"}))
		list := rapid.SliceOf(text)
		value := rapid.OneOf(rapid.Map(text, func(s string) any { return s }), rapid.Map(list, func(l []string) any { return l }),
			rapid.Map(rapid.MapOf(text, list), func(m map[string][]string) any { return m }))
		object := rapid.MapOf(text, value).Draw(t, "object")
		if rapid.Bool().Draw(t, "it has the member") {
			object["metadata"] = value.Draw(t, "metadata")
		}
		body, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		if rapid.Bool().Draw(t, "indented") {
			var b bytes.Buffer
			if err := json.Indent(&b, body, "", " "); err != nil {
				t.Fatal(err)
			}
			body = b.Bytes()
		}
		var got, want map[string]any
		if err := json.Unmarshal(body, &want); err != nil {
			t.Fatal(err)
		}
		if _, ok := want["metadata"].(map[string]any); ok {
			want["metadata"] = map[string]any{}
		}
		left := WithoutObject(bytes.Clone(body), "metadata")
		if err := json.Unmarshal(left, &got); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%s became %s: %v", body, left, err)
		}
	})
}

func TestAnObjectThatIsBrokenStaysAsItIs(t *testing.T) {
	for _, body := range []string{``, `{`, `{"metadata`, `{"metadata"`, `{"metadata":`, `{"metadata":{`, `{"metadata":{"a`, `{"metadata":{}`, `{"a":"metadata"}`, `{"a":"metadata","metadata":[{}]}`} {
		if got := WithoutObject([]byte(body), "metadata"); string(got) != body {
			t.Errorf("%s became %s", body, got)
		}
	}
}
