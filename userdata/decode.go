package userdata

import (
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"compress/zlib"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A reading is one way to read a text or a part of it: unchanged, unescaped, decoded or unpacked.
type reading struct {
	text      []byte
	line      int  // line of the text, from 1, where the part starts
	lines     bool // the line breaks are the text's own
	decoded   bool // the text contains it only in encoded form
	rewritten bool // it comes from another spelling of the whole text, so its line is unknown
}

// Limits of what is decoded of one text, so that decoding any text is fast.
const (
	deepest     = 6
	maxReadings = 20_000
	maxDecoded  = 16 << 20
	shortestRun = 8 // characters in an encoded part
)

// readings returns a text in every form that a shell, cloud-init or a common decoder could read it as, unchanged first.
func readings(text []byte) []reading {
	d := &decoder{seen: map[string]bool{}}
	d.add(reading{text: text, line: 1, lines: true}, 0)
	return d.out
}

type decoder struct {
	out  []reading
	seen map[string]bool
	size int
}

func (d *decoder) add(r reading, depth int) {
	if len(r.text) == 0 || len(d.out) >= maxReadings || d.size+len(r.text) > maxDecoded || d.seen[string(r.text)] {
		return
	}
	d.seen[string(r.text)] = true
	d.size += len(r.text)
	d.out = append(d.out, r)
	if depth >= deepest {
		return
	}
	at := func(offset int) int {
		if !r.lines {
			return r.line
		}
		return r.line + bytes.Count(r.text[:offset], []byte("\n"))
	}
	if plain, ok := unpacked(r.text); ok {
		d.add(reading{text: plain, line: r.line, decoded: true, rewritten: r.rewritten}, depth+1)
		return
	}
	// Bytes that are not text are only worth another look if they were packed.
	if r.decoded && !isMostlyText(r.text) {
		return
	}
	for _, split := range []func([]byte) []byte{withoutContinuation, withoutConcatenation} {
		if joined := split(r.text); joined != nil {
			d.add(reading{text: joined, line: r.line, decoded: true, rewritten: r.lines || r.rewritten}, depth+1)
		}
	}
	if bare := unescape(r.text); bare != nil {
		d.add(reading{text: bare, line: r.line, decoded: true, rewritten: r.lines || r.rewritten}, depth+1)
	}
	for _, magic := range []string{"\x1f\x8b", "BZh"} {
		if n := bytes.Index(r.text, []byte(magic)); n >= 0 {
			if plain, ok := unpacked(r.text[n:]); ok {
				d.add(reading{text: plain, line: at(n), decoded: true, rewritten: r.rewritten}, depth+1)
			}
		}
	}
	for _, runs := range []func([]byte) []span{oneRuns, encodedRuns} {
		for _, m := range runs(r.text) {
			part := r.text[m.from:m.to]
			for _, plain := range decodings(withoutSeparators(part)) {
				d.add(reading{text: plain, line: at(m.from + longestLineOf(part)), decoded: true, rewritten: r.rewritten}, depth+1)
			}
		}
	}
	for _, m := range hexRuns(r.text) {
		run := hexNoise.ReplaceAll(r.text[m.from:m.to], nil)
		for from := range 2 {
			if part := run[min(from, len(run)):]; len(part) >= shortestRun {
				plain := make([]byte, len(part)/2)
				if _, err := hex.Decode(plain, part[:len(part)/2*2]); err == nil {
					d.add(reading{text: plain, line: at(m.from), decoded: true, rewritten: r.rewritten}, depth+1)
				}
			}
		}
	}
}

var (
	continuation = regexp.MustCompile(`\\\r?\n[ \t]*`)
	hexNoise     = regexp.MustCompile(`(?i)0x|[^0-9a-f]`)
	escapes      = regexp.MustCompile(`(?i)^(?:%[0-9a-f]{2}|\\x[0-9a-f]{2}|\\u00[0-9a-f]{2}|\\u\{[0-9a-f]{1,6}\}|\\[0-7]{3}|&#x[0-9a-f]{2};|&#[0-9]{2,3};|=[0-9a-f]{2}\b|\\[/nrt])`)
)

// longestLineOf returns the start of the longest line of a run, since words of earlier lines may have been taken for a
// part of it.
func longestLineOf(run []byte) (at int) {
	longest, offset := 0, 0
	for line := range bytes.Lines(run) {
		if len(line) > longest {
			longest, at = len(line), offset
		}
		offset += len(line)
	}
	return at
}

// withoutSeparators returns a run without the characters between its lines.
func withoutSeparators(run []byte) []byte {
	out := make([]byte, 0, len(run))
	for _, c := range run {
		if isBase64[c] {
			out = append(out, c)
		}
	}
	return out
}

const base64Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-"

// decodings returns what a run of letters may decode to. The start of an encoded part within the run is unknown, so
// decoding is tried from each of the first letters.
func decodings(run []byte) [][]byte {
	if len(run) < shortestRun {
		return nil
	}
	var out [][]byte
	std := standardLetters.Replace(string(run))
	for from := range 4 {
		part := std[min(from, len(std)):]
		part = part[:len(part)/4*4+tail(len(part))]
		if plain, err := base64.RawStdEncoding.DecodeString(part); err == nil {
			out = append(out, plain)
		}
	}
	if upper := strings.ToUpper(string(run)); base32Run.MatchString(upper) {
		for from := range 8 {
			part := upper[min(from, len(upper)):]
			if plain, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(part[:len(part)/8*8]); err == nil && len(plain) > 0 {
				out = append(out, plain)
			}
		}
	}
	return out
}

// standardLetters replaces the letters of URL-safe base64 by those of standard base64.
var standardLetters = strings.NewReplacer("-", "+", "_", "/")

var base32Run = regexp.MustCompile(`^[A-Z2-7]+$`)

// tail returns how many letters of an incomplete group of base64 can be decoded: none, two or three.
func tail(n int) int {
	if n%4 == 1 {
		return 0
	}
	return n % 4
}

// unpacked decompresses gzip, zlib or bzip2. It returns the beginning of a truncated one.
func unpacked(data []byte) ([]byte, bool) {
	var from io.Reader
	switch {
	case bytes.HasPrefix(data, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			return nil, false
		}
		from = z
	case len(data) > 6 && data[0] == 0x78 && (int(data[0])<<8|int(data[1]))%31 == 0:
		z, err := zlib.NewReader(bytes.NewReader(data))
		if err != nil {
			return nil, false
		}
		from = z
	case bytes.HasPrefix(data, []byte("BZh")):
		from = bzip2.NewReader(bytes.NewReader(data))
	default:
		return nil, false
	}
	out, _ := io.ReadAll(io.LimitReader(from, maxUnpacked)) // damaged data is read as far as possible
	return out, len(out) > 0
}

// unescape replaces the escapes of URLs, JSON, shells, HTML and mail; nil if there are none.
func unescape(text []byte) []byte {
	var out []byte
	kept := 0
	for n := 0; n < len(text); n++ {
		if !mayEscape(text, n) {
			continue
		}
		m := escapes.Find(text[n:min(n+longestEscape, len(text))])
		if m == nil {
			continue
		}
		if plain, ok := escaped(m); ok {
			out = append(append(out, text[kept:n]...), plain...)
			kept = n + len(m)
		}
		n += len(m) - 1
	}
	if kept == 0 {
		return nil
	}
	return append(out, text[kept:]...)
}

// longestEscape is the length of the longest escape, with the byte after it.
const longestEscape = 12

// escaped returns what an escape stands for; ok is false if it is invalid.
func escaped(m []byte) (plain []byte, ok bool) {
	s := strings.ToLower(string(m))
	switch s {
	case `\/`:
		return []byte("/"), true
	case `\n`, `\r`, `\t`:
		return []byte("\n"), true
	}
	base, digits := 16, strings.Trim(s, `%\xu{}&#;=`)
	switch {
	case strings.HasPrefix(s, `&#x`), strings.HasPrefix(s, `\u`), s[0] == '%', s[0] == '=', strings.HasPrefix(s, `\x`):
	case strings.HasPrefix(s, "&#"):
		base = 10
	default:
		base = 8
	}
	n, err := strconv.ParseUint(digits, base, 21)
	if err != nil || n > utf8.MaxRune {
		return nil, false
	}
	if n < 0x80 {
		return []byte{byte(n)}, true
	}
	return utf8.AppendRune(nil, rune(n)), true
}

// isMostlyText reports whether bytes can be text that a person wrote, or UTF-16 of it.
func isMostlyText(b []byte) bool {
	odd := 0
	for _, c := range b {
		if (c < 0x20 && c != '\n' && c != '\t' && c != '\r' && c != 0) || c > 0x7e {
			odd++
		}
	}
	return odd*10 <= len(b)
}
