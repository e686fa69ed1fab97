package itemcache

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

func TestTheObjectsOfAnArrayAreFoundAsTheDecoderFindsThem(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		object := rapid.Custom(func(t *rapid.T) map[string]any {
			return map[string]any{
				rapid.String().Draw(t, "key"): rapid.String().Draw(t, "text"), "list": rapid.SliceOf(rapid.SampledFrom([]string{`}`, `{"`, `\`, `]`})).Draw(t, "list"),
				"inner": map[string]any{rapid.String().Draw(t, "inner key"): rapid.Int().Draw(t, "number")},
			}
		})
		list := rapid.SliceOf(object).Draw(t, "objects")
		body, err := json.Marshal(list)
		if err != nil {
			t.Fatal(err)
		}
		if rapid.Bool().Draw(t, "indented") {
			var b bytes.Buffer
			if err := json.Indent(&b, body, " ", "\t"); err != nil {
				t.Fatal(err)
			}
			body = b.Bytes()
		}
		var want []json.RawMessage
		if err := json.Unmarshal(body, &want); err != nil {
			t.Fatal(err)
		}
		got, ok := SplitJSON(body)
		if list == nil {
			if ok {
				t.Fatal("null was taken for a list")
			}
			return
		}
		if !ok || !slices.EqualFunc(got, want, func(a []byte, b json.RawMessage) bool { return bytes.Equal(a, b) }) {
			t.Fatalf("%s: %v %q, want %q", body, ok, got, want)
		}
		got = nil
		broken := errors.New("broken")
		from := io.MultiReader(bytes.NewReader(body), iotest.ErrReader(io.EOF))
		if rapid.Bool().Draw(t, "broken") {
			from = io.MultiReader(bytes.NewReader(body), iotest.ErrReader(broken))
		}
		invalid, err := ReadJSON(iotest.OneByteReader(from), func(o []byte) error {
			got = append(got, bytes.Clone(o))
			return nil
		})
		if invalid != nil || err != nil && !errors.Is(err, broken) || !slices.EqualFunc(got, want, func(a []byte, b json.RawMessage) bool { return bytes.Equal(a, b) }) {
			t.Fatalf("%s arrived as %q, %v, %v", body, got, invalid, err)
		}
	})
}

func TestWhatIsNoArrayOfObjectsIsLeftToTheDecoder(t *testing.T) {
	for _, body := range []string{``, `null`, `{}`, `[1]`, `[{}`, `[{},]`, `[,{}]`, `[{}{}]`, `[{} {}]`, `[{}] x`, `[{"a":"}]`, `[null]`, `[{}]]`, `"[{}]"`} {
		if items, ok := SplitJSON([]byte(body)); ok {
			t.Errorf("%s: %q", body, items)
		}
		if invalid, err := ReadJSON(strings.NewReader(body), func([]byte) error { return nil }); !errors.Is(invalid, ErrNoList) || err != nil {
			t.Errorf("%s arrived as a list: %v, %v", body, invalid, err)
		}
	}
}

func TestABodyThatBreaksOffOrHoldsAnObjectThatIsRefusedIsNotTheEndOfAList(t *testing.T) {
	broken, refused := errors.New("broken"), errors.New("refused")
	large := `{"a":"` + strings.Repeat("x", 3*streamed) + `"}`
	for _, body := range []string{``, `[`, `[{}`, `[{},`, `[{"a`, `[` + large + `,` + large + `]`} {
		n := 0
		invalid, err := ReadJSON(io.MultiReader(strings.NewReader(body), iotest.ErrReader(broken)), func(o []byte) error { n += len(o); return nil })
		if invalid != nil || !errors.Is(err, broken) || strings.Contains(body, large) && n != 2*len(large) {
			t.Errorf("%.10s: %v, %v, objects of %d bytes", body, invalid, err, n)
		}
	}
	invalid, err := ReadJSON(strings.NewReader(`[{},{"b":1}]`), func(o []byte) error {
		if len(o) > 2 {
			return refused
		}
		return nil
	})
	if !errors.Is(invalid, refused) || err != nil {
		t.Errorf("%v, %v", invalid, err)
	}
}

func TestTheItemsOfAnXMLListAreFoundAsTheDecoderFindsThem(t *testing.T) {
	type item struct {
		Name string   `xml:"name"`
		Set  []string `xml:"set>item"`
		Flag struct{} `xml:"flag"`
	}
	type answer struct {
		XMLName xml.Name `xml:"Answer"`
		Request string   `xml:"request"`
		Items   []item   `xml:"itemSet>item"`
		Token   string   `xml:"token"`
	}
	rapid.Check(t, func(t *rapid.T) {
		a := answer{Request: "r", Token: rapid.String().Draw(t, "token"), Items: []item{}}
		for range rapid.IntRange(1, 5).Draw(t, "items") {
			a.Items = append(a.Items, item{Name: rapid.String().Draw(t, "name"), Set: rapid.SliceOf(rapid.String()).Draw(t, "set")})
		}
		indent := rapid.SampledFrom([]string{"", "  "}).Draw(t, "indent")
		body, err := xml.MarshalIndent(a, "", indent)
		if err != nil {
			t.Fatal(err)
		}
		spans, ok := SplitXML(body, "itemSet")
		if !ok || len(spans) != len(a.Items) {
			t.Fatalf("%s: %v %v", body, spans, ok)
		}
		for n, s := range spans {
			var got, want item
			one, err := xml.MarshalIndent(a.Items[n], "", indent)
			if err != nil || xml.Unmarshal(one, &want) != nil || xml.Unmarshal(body[s.From:s.To], &got) != nil {
				t.Fatalf("%s", body[s.From:s.To])
			}
			if got.Name != want.Name || !slices.Equal(got.Set, want.Set) {
				t.Fatalf("%q, want %q", got, want)
			}
		}
	})
}

func TestXMLThatAWSDoesNotWriteIsLeftToTheDecoder(t *testing.T) {
	for _, body := range []string{
		``, `<a></a>`, `<s><item/>`, `<s>text<item/></s>`, `<s><item a="1"/></s>`, `<s><!-- --><item/></s>`, `<s><item><![CDATA[</item>]]></item></s>`, `<s><?x?></s>`, `<s></t>`, `<s><item></s>`, `<s/>`,
	} {
		if items, ok := SplitXML([]byte(body), "s"); ok {
			t.Errorf("%s: %v", body, items)
		}
	}
	if items, ok := SplitXML([]byte("<r><s>\n<item/> <item>x</item>\n</s></r>"), "s"); !ok || len(items) != 2 {
		t.Errorf("%v %v", items, ok)
	}
}

func TestOnlyItemsOfTheLastReadThatWasKeptAreKnown(t *testing.T) {
	var c Cache[int]
	a, b := SumOf([]byte("a")), SumOf([]byte("b"))
	r := c.Begin("account")
	r.Put(a, 1)
	r.Put(b, 2)
	if _, ok := c.Begin("account").Get(a); ok {
		t.Error("an item of a read that goes on is known")
	}
	r.Keep()
	r = c.Begin("account")
	if v, ok := r.Get(a); !ok || v != 1 {
		t.Error("an item of the last read is not known")
	}
	r.Keep() // b was not listed any more
	if _, ok := c.Begin("account").Get(b); ok || len(c.items.sums) != 1 {
		t.Error("an item that is gone is kept")
	}
	if _, ok := c.Begin("another").Get(a); ok {
		t.Error("an item of another account is known")
	}
}

func TestATableHoldsWhatAMapHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type of = table[int]
		table, want := newTable[int](rapid.IntRange(0, 10).Draw(t, "room")), map[Sum]int{}
		if rapid.Bool().Draw(t, "zero") {
			table = *new(of)
		}
		sums := rapid.Custom(func(t *rapid.T) Sum {
			return Sum{uint64(rapid.IntRange(0, 40).Draw(t, "a")), uint64(rapid.IntRange(0, 1).Draw(t, "b"))}
		})
		for n, s := range rapid.SliceOf(sums).Draw(t, "put") {
			table.put(s, n)
			want[s] = n
		}
		table.replace(func(n int) int { return n + 1 })
		for _, s := range append(rapid.SliceOf(sums).Draw(t, "others"), table.sums...) {
			n, ok := table.get(s)
			if have, has := want[s]; ok != has || ok && n != have+1 {
				t.Fatalf("%v is %d, %v, want %d, %v", s, n, ok, have+1, has)
			}
		}
		if len(table.sums) != len(want) || len(table.items) != len(want) {
			t.Fatalf("%d items, want %d", len(table.items), len(want))
		}
	})
}
