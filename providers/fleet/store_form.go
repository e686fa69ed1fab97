package fleet

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"

	"rollcall/providers/textfile"
)

// The file begins with formName, the number of the format and a line feed. CRC-32C and length of what follows stand
// next, eight bytes each. Then come the number of texts, the length of each, all texts, and the coder's data.
const (
	formName   = "rollcall snapshot "
	form       = formName + "3\n"
	formFormer = formName + "4\n" // with Former of zones; only then, since older versions read the other one too
	frame      = len(form) + 16
	oldEnding  = ".json" // of the file of older versions, which was JSON
)

func checksum(data []byte) uint64 {
	return uint64(crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli))) // the table is made once
}

// encode returns the content of the file.
func encode(s *stored) []byte {
	rows := &coder{writing: true, numbers: map[string]uint64{}}
	rows.former = slices.ContainsFunc(s.Zones, func(z storedZone) bool { return len(z.Former) > 0 })
	rows.snapshot(s)
	size := 0
	for _, t := range rows.texts {
		size += len(t)
	}
	out := make([]byte, frame, frame+size+4*len(rows.texts)+len(rows.data))
	out = binary.AppendUvarint(out, uint64(len(rows.texts)))
	for _, t := range rows.texts {
		out = binary.AppendUvarint(out, uint64(len(t)))
	}
	for _, t := range rows.texts {
		out = append(out, t...)
	}
	out = append(out, rows.data...)
	if rows.former {
		return sealed(formFormer, out)
	}
	return sealed(form, out)
}

// sealed writes the first bytes of the file, for which out has room.
func sealed(form string, out []byte) []byte {
	copy(out, form)
	binary.BigEndian.PutUint64(out[len(form):], checksum(out[frame:]))
	binary.BigEndian.PutUint64(out[len(form)+8:], uint64(len(out)-frame))
	return out
}

// decode returns what encode or an older version has written.
func decode(data []byte) (*stored, error) {
	switch name, _, _ := bytes.Cut(data[:min(len(data), frame)], []byte("\n")); {
	case bytes.HasPrefix(data, []byte("{")):
		return decodeJSON(data)
	case !bytes.HasPrefix(data, []byte(formName)):
		return nil, errors.New("it is no snapshot of rollcall's")
	case !bytes.HasPrefix(data, []byte(form)) && !bytes.HasPrefix(data, []byte(formFormer)):
		return nil, fmt.Errorf("it is a %q, which this rollcall does not know", name)
	case len(data) < frame, uint64(len(data)-frame) != binary.BigEndian.Uint64(data[len(form)+8:]):
		return nil, errors.New("it is cut off, or something is behind its end")
	case checksum(data[frame:]) != binary.BigEndian.Uint64(data[len(form):]):
		return nil, errors.New("it is damaged: its checksum is another")
	}
	c := &coder{data: data[frame:], former: bytes.HasPrefix(data, []byte(formFormer))}
	lengths := make([]int, c.count(0))
	size := 0
	for i := range lengths {
		lengths[i] = c.count(0)
		size += lengths[i]
	}
	var s stored
	if size <= len(c.data) {
		all := string(c.data[:size])
		c.data = c.data[size:]
		c.texts = make([]string, len(lengths))
		for i, n := range lengths {
			c.texts[i], all = all[:n], all[n:]
		}
		c.snapshot(&s)
		if c.readRows() {
			return &s, nil
		}
	}
	return nil, errors.New("it is damaged: its checksum is right, and its rows cannot be read")
}

// decodeJSON returns the snapshot of an older version.
func decodeJSON(data []byte) (*stored, error) {
	if err := textfile.CheckJSON(data); err != nil {
		return nil, err
	}
	var s stored
	if err := json.Unmarshal(data, &s); err != nil {
		return nil, err
	}
	if s.Format != 1 {
		return nil, fmt.Errorf("format %d, this rollcall knows format 1 of JSON", s.Format)
	}
	return &s, nil
}
