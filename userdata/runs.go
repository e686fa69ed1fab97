package userdata

import "bytes"

// Encoded parts of a text are found by hand, because regular expressions take twenty times as long and a launch waits
// for it. A test compares both.

// span is a part of a text.
type span struct{ from, to int }

// bytesOf returns a set of bytes as a table.
func bytesOf(set string) (in [256]bool) {
	for _, c := range []byte(set) {
		in[c] = true
	}
	return in
}

var (
	isBase64    = bytesOf(base64Letters)
	isHex       = bytesOf("0123456789abcdefABCDEF")
	isHexNoise  = bytesOf(" \t:,;\r\n\"'\\")
	isQuoteEnd  = bytesOf(`"'\,+`) // at the end of a line of an encoded part
	isLineBegin = bytesOf(" \t#\"'+")
	isBlank     = bytesOf(" \t")
	isSpace     = bytesOf(" \t\r\n")
	isJoint     = bytesOf(`+.,\`)
)

// past returns the first index from n on whose byte is not in the set.
func past(text []byte, n int, set *[256]bool) int {
	for n < len(text) && set[text[n]] {
		n++
	}
	return n
}

// oneRuns returns the runs of base64 letters in one line: [A-Za-z0-9+/_-]{8,}.
func oneRuns(text []byte) []span {
	var out []span
	for n := 0; n < len(text); n++ {
		from := n
		if n = past(text, n, &isBase64); n-from >= shortestRun {
			out = append(out, span{from, n})
		}
	}
	return out
}

// encodedRuns returns base64 or base32 in one or several lines, as base64 and YAML write it, even if quoted line by
// line:
//
//	[A-Za-z0-9+/_-]{4,}=*(?:["'\\,+]*[ \t]*\r?\n[ \t#"'+]*[A-Za-z0-9+/_-]{4,}=*)*
func encodedRuns(text []byte) []span {
	var out []span
	for n := 0; n < len(text); n++ {
		from := n
		if n = past(text, n, &isBase64); n-from < shortestLine {
			continue
		}
		for next := n; next > 0; next = lineOfRun(text, n) {
			for n = next; n < len(text) && text[n] == '='; {
				n++
			}
		}
		out = append(out, span{from, n})
		n-- // this position is looked at again
	}
	return out
}

const shortestLine = 4 // letters of an encoded part in several lines

// lineOfRun returns the end of the letters of the line that continues the encoded part before n; 0 if there is none.
func lineOfRun(text []byte, n int) int {
	n = past(text, past(text, n, &isQuoteEnd), &isBlank)
	if n < len(text) && text[n] == '\r' {
		n++
	}
	if n >= len(text) || text[n] != '\n' {
		return 0
	}
	begin := n + 1
	for at := past(text, begin, &isLineBegin); at >= begin; at-- { // a plus is a letter too
		if end := past(text, at, &isBase64); end-at >= shortestLine {
			return end
		}
	}
	return 0
}

// hexRuns returns six bytes or more in hex: (?i)(?:(?:0x|\\x|%)?[0-9a-f]{2}[ \t:,;\r\n"'\\]*){6,}.
func hexRuns(text []byte) []span {
	var out []span
	for n := 0; n < len(text); n++ {
		if end := hexRunAt(text, n); end > 0 {
			out = append(out, span{n, end})
			n = end - 1
		}
	}
	return out
}

// hexRunAt returns the end of the run at a position; 0 if there is none.
func hexRunAt(text []byte, at int) int {
	const fewest = 6
	at = hexByte(text, at)
	for count := 1; at > 0; count++ {
		end := past(text, at, &isHexNoise)
		next := hexByte(text, end)
		if next == 0 && count < fewest && end > at && text[end-1] == '\\' {
			next = hexByte(text, end-1) // the backslash belongs to an x
		}
		if next == 0 && count >= fewest {
			return end
		}
		at = next
	}
	return 0
}

// hexByte returns the end of the hex byte at a position; 0 if there is none.
func hexByte(text []byte, n int) int {
	switch {
	case n >= len(text):
		return 0
	case text[n] == '%':
		n++
	case n+1 < len(text) && (text[n] == '0' || text[n] == '\\') && text[n+1]|0x20 == 'x':
		n += 2
	}
	if n+1 < len(text) && isHex[text[n]] && isHex[text[n+1]] {
		return n + 2
	}
	return 0
}

// withoutConcatenation returns a text with its quoted pieces joined: without ["'][ \t\r\n]*[+.,\\]*[ \t\r\n]*["']. It
// returns nil if there is nothing to join.
func withoutConcatenation(text []byte) []byte {
	out := []byte{}
	kept := 0
	for n := 0; n < len(text); n++ {
		if text[n] != '"' && text[n] != '\'' {
			continue
		}
		end := past(text, past(text, past(text, n+1, &isSpace), &isJoint), &isSpace)
		if end < len(text) && (text[end] == '"' || text[end] == '\'') {
			out = append(out, text[kept:n]...)
			n, kept = end, end+1
		}
	}
	if kept == 0 {
		return nil
	}
	return append(out, text[kept:]...)
}

// withoutContinuation returns a text with continued lines joined. It returns nil if there are none.
func withoutContinuation(text []byte) []byte {
	if !bytes.Contains(text, []byte("\\\n")) && !bytes.Contains(text, []byte("\\\r\n")) {
		return nil
	}
	return continuation.ReplaceAll(text, nil)
}

// mayEscape reports whether an escape can begin at a position, judging by two bytes.
func mayEscape(text []byte, n int) bool {
	if n+1 >= len(text) {
		return false
	}
	next := text[n+1]
	switch text[n] {
	case '%', '=':
		return isHex[next]
	case '&':
		return next == '#'
	case '\\':
		return next >= '0' && next <= '7' || bytes.IndexByte([]byte("xXuU/nNrRtT"), next) >= 0
	}
	return false
}
