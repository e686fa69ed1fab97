package journal

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"rollcall/providers"
)

// whole returns the text of a journal that the package has written.
func whole(f *testing.F) []byte {
	path := filepath.Join(f.TempDir(), "journal.jsonl")
	j, err := Open(path, providers.Clock{}, nil)
	if err != nil {
		f.Fatal(err)
	}
	es, err := j.Begin(entry(1), entry(2))
	if err == nil {
		err = j.End(Outcome{ID: es[0].ID, State: Done}, Outcome{ID: es[1].ID, State: Failed, Error: "no"})
	}
	if err == nil {
		err = j.Close()
	}
	if err != nil {
		f.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	return text
}

// sealed returns a line whose hash is right, whatever its body says.
func sealed(b *replay, raw []byte) []byte {
	raw, err := json.Marshal(json.RawMessage(raw)) // as it stands in the line
	if err != nil {
		return nil // the body is no JSON
	}
	l := line{Seq: b.seq + 1, Prev: b.head, Hash: hashOf(b.seq+1, b.head, raw), Body: raw}
	text, err := json.Marshal(l)
	if err != nil {
		return nil
	}
	return append(text, '\n')
}

func FuzzAJournalIsReadWhateverItsLinesSay(f *testing.F) {
	text := whole(f)
	f.Add(text, []byte(`{"entry":{"id":"9","kind":"launch","state":"done","undoes":"9"}}`))
	f.Add(text[:len(text)-3], []byte(`{"outcome":{"id":"77","state":"done"}}`))
	f.Add(bytes.Replace(text, []byte("entry"), []byte("Entry"), 1), []byte(`{"entry":{"id":"1","undoes":"2","state":"done","kind":"power","action":"stop","instance":{}}}`))
	f.Add([]byte("{}\n[\n\x00\n"), []byte(`null`))
	f.Fuzz(func(t *testing.T, text, body []byte) {
		var b replay
		bad := b.readLines(text)
		if !bytes.HasSuffix(text, bad) || b.size != int64(len(text)-len(bad)) {
			t.Fatalf("of %d bytes %d were taken in, and %d are left", len(text), b.size, len(bad))
		}
		if raw := sealed(&b, body); raw != nil && b.head != "?" {
			// What another rollcall has written, with a true hash, is taken in or reported, and nothing else is lost.
			before := len(b.entries)
			if left := b.readLines(raw); len(left) != 0 || len(b.entries) < before {
				t.Errorf("a whole line was left: %q", left)
			}
		}
		h := NewHistory(b.entries)
		for _, next := range []func() (Step, bool){h.NextUndo, h.NextRedo} {
			if s, ok := next(); ok {
				for _, e := range s.Entries {
					if e.State != Done || e.Kind != "change" && e.Kind != "power" {
						t.Errorf("%+v would be taken back", e)
					}
				}
			}
		}
		for _, e := range b.entries {
			h.UndoneBy(e.ID)
			h.InEffect(e.ID)
		}
	})
}
