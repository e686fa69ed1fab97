package journal

import (
	"bytes"
	"encoding/json"
)

// A later release on this machine may have written keys to an outbox that this one does not know. They are sent with what
// this release changes, so that the signature fits and nothing is lost. A batch of a later format is left to that release.

// keepText keeps the text of a batch from a line of an outbox if it has more than this release knows. Without it a signature
// would not fit, and is removed.
func (c *batch) keepText(line []byte) {
	var raw struct {
		Batch json.RawMessage `json:"batch"`
	}
	err := json.Unmarshal(line, &raw)
	was, wasErr := signedText(raw.Batch)
	is, isErr := textToSign(c)
	switch {
	case err != nil || wasErr != nil || isErr != nil:
		c.Signature = nil
	case !bytes.Equal(was, is):
		c.text = raw.Batch
	}
}

// encoded returns a batch in JSON, with the keys of a later release that it has.
func (c *batch) encoded() (json.RawMessage, error) {
	own, err := json.Marshal(c)
	if err != nil || c.text == nil {
		return own, err
	}
	later, err := anyOf(c.text)
	if err != nil {
		return nil, err
	}
	known, err := anyOf(own)
	if err != nil {
		return nil, err
	}
	return json.Marshal(withKeys(known, later))
}

func anyOf(text []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	err = d.Decode(&v)
	return v, err
}

// withKeys returns v with the keys of objects that only later has at the same place. Lists of other lengths have no same
// places.
func withKeys(v, later any) any {
	switch v := v.(type) {
	case map[string]any:
		more, _ := later.(map[string]any)
		for k, x := range more {
			if own, known := v[k]; known {
				x = withKeys(own, x)
			}
			v[k] = x
		}
	case []any:
		if more, ok := later.([]any); ok && len(more) == len(v) {
			for i := range v {
				v[i] = withKeys(v[i], more[i])
			}
		}
	}
	return v
}
