package userdata

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"regexp"
	"slices"
	"strings"

	"rollcall/providers/textfile"
)

// ownPart stands in the list of parts for the template's own text.
const ownPart = "this"

// part is one part of user data that cloud-init reads as a MIME archive (cloud-init, "User data formats", MIME multi-part
// archive). Own is true for the template's own text, which is rendered for each launch.
type part struct {
	name string // of its file, relative to the template's folder
	kind string // content type
	text []byte
	own  bool
}

var jinjaHeader = regexp.MustCompile(`(?i)^##\s*template:\s*jinja\s*$`)

// kindOf returns the content type that cloud-init uses for a text that begins so.
func kindOf(text []byte) (string, error) {
	first, _, _ := bytes.Cut(text, []byte("\n"))
	line := strings.TrimRight(string(first), " \t\r")
	switch {
	case jinjaHeader.MatchString(line):
		return "text/jinja2", nil
	case line == "#cloud-config":
		return "text/cloud-config", nil
	case line == "#cloud-boothook":
		return "text/cloud-boothook", nil
	case strings.HasPrefix(line, "#!"):
		return "text/x-shellscript", nil
	}
	return "", errors.New("it begins with none of #!, #cloud-config, #cloud-boothook and ## template: jinja")
}

// loadParts reads the files that a template lists as its parts.
func (t *Template) loadParts(fsys fs.FS, names []string) error {
	if len(names) == 0 {
		return nil
	}
	if n := len(slices.DeleteFunc(slices.Clone(names), func(n string) bool { return n != ownPart })); n != 1 {
		return fmt.Errorf("parts: %q stands for the template's own text, once, and it is there %d times", ownPart, n)
	}
	for _, name := range names {
		if name == ownPart {
			t.parts = append(t.parts, part{name: t.Name, own: true})
			continue
		}
		if !fs.ValidPath(name) || !strings.Contains(name, "/") {
			return fmt.Errorf("parts: %q: write the path of a file in a folder beside the templates, such as parts/base.yaml", name)
		}
		text, err := readTemplate(fsys, name)
		if err != nil {
			return fmt.Errorf("parts: %w", err)
		}
		p := part{name: name, text: bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))}
		if p.kind, err = kindOf(p.text); err != nil {
			return fmt.Errorf("parts: %s: %w", name, err)
		}
		t.parts = append(t.parts, p)
	}
	return nil
}

// archive returns the parts as one MIME archive with the template's own text in its place, and the number of lines above
// that text in the readable form.
func (t *Template) archive(own []byte) (text []byte, above int, err error) {
	sum := sha256.New()
	parts := slices.Clone(t.parts)
	for i := range parts {
		if p := &parts[i]; p.own {
			if p.kind, err = kindOf(own); err != nil {
				return nil, 0, err
			}
			p.text = own
		}
		_, _ = sum.Write(parts[i].text) // it never fails
	}
	if err := mergeable(parts); err != nil {
		return nil, 0, err
	}
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	if err := w.SetBoundary("rollcall-" + hex.EncodeToString(sum.Sum(nil)[:12])); err != nil {
		return nil, 0, err
	}
	fmt.Fprintf(&b, "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=%q\n\n", w.Boundary())
	passed := false
	for i, p := range parts {
		if passed = passed || p.own; !passed {
			above += bytes.Count(p.text, []byte("\n"))
			if !bytes.HasSuffix(p.text, []byte("\n")) {
				above++
			}
			above++ // its heading
		}
		head := textproto.MIMEHeader{}
		head.Set("Content-Type", p.kind+`; charset="utf-8"`)
		head.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": fmt.Sprintf("%02d-%s", i+1, strings.ReplaceAll(p.name, "/", "-"))})) // scripts run in the order of their names
		encoded := bytes.ContainsFunc(p.text, func(r rune) bool { return r > 0x7e })
		if encoded { // Python's email package reads other letters only so; base64 would leave gzip little to do
			head.Set("Content-Transfer-Encoding", "quoted-printable")
		}
		to, err := w.CreatePart(head)
		if err != nil {
			return nil, 0, err
		}
		if err := writePart(to, p.text, encoded); err != nil {
			return nil, 0, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, 0, err
	}
	above++ // its own heading
	return bytes.ReplaceAll(b.Bytes(), []byte("\r\n"), []byte("\n")), above, nil
}

// mergeable checks that no two cloud-configs have the same key: cloud-init would keep that of one, and leave out what
// the other says, such as the commands that install the agent (cloud-init, "Merging user data sections").
func mergeable(parts []part) error {
	has := map[string]string{} // part by key
	for _, p := range parts {
		if p.kind != "text/cloud-config" {
			continue
		}
		var doc map[string]any
		if unmarshal(p.text, &doc) != nil {
			continue // lint says so
		}
		if doc["merge_how"] != nil || doc["merge_type"] != nil {
			continue
		}
		for _, key := range slices.Sorted(maps.Keys(doc)) {
			if other := has[key]; other != "" {
				return fmt.Errorf("%s and %s both have %s, and cloud-init takes one of them: put it into one part, or say how with merge_how", other, p.name, key)
			}
			has[key] = p.name
		}
	}
	return nil
}

// writePart writes the text of a part, as quoted-printable if it is encoded.
func writePart(to io.Writer, text []byte, encoded bool) error {
	if !encoded {
		_, err := to.Write(text)
		return err
	}
	q := quotedprintable.NewWriter(to)
	_, err := q.Write(text)
	return errors.Join(err, q.Close())
}

// partsOf returns the parts of a MIME archive; nil for any other text.
func partsOf(text []byte) []part {
	m, err := mail.ReadMessage(bytes.NewReader(text))
	if err != nil {
		return nil
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || !strings.HasPrefix(kind, "multipart/") {
		return nil
	}
	var out []part
	r := multipart.NewReader(m.Body, params["boundary"])
	for len(out) < maxParts {
		p, err := r.NextPart() // which decodes quoted-printable
		if err != nil {
			return out
		}
		kind, _, _ := mime.ParseMediaType(p.Header.Get("Content-Type"))
		var body io.Reader = p
		if strings.EqualFold(p.Header.Get("Content-Transfer-Encoding"), "base64") {
			body = base64.NewDecoder(base64.StdEncoding, p)
		}
		text, err := textfile.ReadAll(body, maxUnpacked)
		if err != nil {
			return out
		}
		out = append(out, part{name: p.FileName(), kind: kind, text: text})
	}
	return out
}

// maxParts limits the parts that are read.
const maxParts = 100

// Readable returns user data as a person reads it: unpacked from base64 and gzip, and of a MIME archive the text of each
// part under a line with its name and content type.
func Readable(userData []byte) []byte {
	for range 3 { // no more than base64 around gzip around text
		plain, ok := unpack(userData)
		if !ok {
			break
		}
		userData = plain
	}
	parts := partsOf(userData)
	if parts == nil {
		return userData
	}
	var b bytes.Buffer
	for i, p := range parts {
		fmt.Fprintf(&b, "# --- part %d of %d: %s (%s) ---\n", i+1, len(parts), p.name, p.kind)
		b.Write(p.text)
		if !bytes.HasSuffix(p.text, []byte("\n")) {
			b.WriteByte('\n')
		}
	}
	return b.Bytes()
}
