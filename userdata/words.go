package userdata

import (
	"cmp"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode"
)

// wordIndex finds the words of a set in a text in one pass. It is safe for concurrent use.
type wordIndex struct {
	begins [1 << 16]bool         // by the first two bytes of a word
	words  map[[2]byte][]ownWord // by the same
}

type ownWord struct {
	text  string
	owner int // index of the word's owner
}

// newWordIndex returns an index of the words of each owner. Words have at least two bytes.
func newWordIndex(owners [][]string) *wordIndex {
	x := &wordIndex{words: map[[2]byte][]ownWord{}}
	for owner, words := range owners {
		for _, w := range words {
			at := [2]byte{w[0], w[1]}
			x.begins[pair(w[0], w[1])] = true
			x.words[at] = append(x.words[at], ownWord{w, owner})
		}
	}
	return x
}

func pair(a, b byte) int { return int(a)<<8 | int(b) }

// owners returns the sorted owners of the words that a text has, each once.
func (x *wordIndex) owners(text string) []int {
	var out []int
	for n := 0; n+1 < len(text); n++ {
		if !x.begins[pair(text[n], text[n+1])] {
			continue
		}
		for _, w := range x.words[[2]byte{text[n], text[n+1]}] {
			if strings.HasPrefix(text[n:], w.text) {
				out = append(out, w.owner)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// lowered returns a text in the case of wordsOf. A case-insensitive expression also matches the long s as an s.
func lowered(text string) string {
	return strings.ReplaceAll(strings.ToLower(text), "ſ", "s")
}

// maxWords limits the words of one expression.
const maxWords = 200

// wordsOf returns lower-case words of which every match of an expression has at least one; nil if there is no such set
// of words of two letters or more.
func wordsOf(shape string) []string {
	re, err := syntax.Parse(shape, syntax.Perl)
	if err != nil {
		return nil // its compilation reports it
	}
	words := neededBy(re).need
	if slices.ContainsFunc(words, func(w string) bool { return len(w) < 2 }) {
		return nil
	}
	return words
}

// needed is what every match of an expression contains, in lower case.
type needed struct {
	exact []string // all possible matches; nil if unknown
	need  []string // every match has one of them; nil if unknown
}

func neededBy(re *syntax.Regexp) needed {
	of := func(words ...string) needed {
		slices.Sort(words)
		words = slices.Compact(words)
		if len(words) == 0 || len(words) > maxWords {
			return needed{}
		}
		return needed{exact: words, need: words}
	}
	switch re.Op {
	case syntax.OpEmptyMatch, syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText, syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return of("")
	case syntax.OpLiteral:
		return of(lowered(string(re.Rune)))
	case syntax.OpCharClass:
		var one []string
		for n := 0; n+1 < len(re.Rune); n += 2 {
			if re.Rune[n+1]-re.Rune[n] > unicode.MaxASCII {
				return needed{}
			}
			for r := re.Rune[n]; r <= re.Rune[n+1]; r++ {
				one = append(one, lowered(string(r)))
			}
		}
		if len(one) > 20 {
			return needed{}
		}
		return of(one...)
	case syntax.OpCapture:
		return neededBy(re.Sub[0])
	case syntax.OpPlus:
		return needed{need: neededBy(re.Sub[0]).need}
	case syntax.OpRepeat:
		if re.Min > 0 {
			return needed{need: neededBy(re.Sub[0]).need}
		}
	case syntax.OpQuest:
		if sub := neededBy(re.Sub[0]); sub.exact != nil {
			return of(append(slices.Clone(sub.exact), "")...)
		}
	case syntax.OpConcat:
		return neededByAll(re.Sub, of)
	case syntax.OpAlternate:
		return neededByOne(re.Sub, of)
	}
	return needed{}
}

// neededByAll returns what matches of a concatenation contain.
func neededByAll(parts []*syntax.Regexp, of func(...string) needed) needed {
	whole, best, before := true, []string(nil), []string{""}
	for _, p := range parts {
		sub := neededBy(p)
		if n := len(before) * len(sub.exact); n > 0 && n <= maxWords {
			var both []string
			for _, a := range before {
				for _, b := range sub.exact {
					both = append(both, a+b)
				}
			}
			before = both
			continue
		}
		whole = false
		best = mostSelective(best, before, sub.need)
		before = []string{""}
		if sub.exact != nil {
			before = sub.exact
		}
	}
	if whole {
		return of(before...)
	}
	return needed{need: mostSelective(best, before)}
}

// neededByOne returns what matches of an alternation contain.
func neededByOne(parts []*syntax.Regexp, of func(...string) needed) needed {
	exact, need := []string{}, []string{}
	for _, p := range parts {
		sub := neededBy(p)
		if sub.need == nil {
			return needed{}
		}
		need = append(need, sub.need...)
		if sub.exact == nil {
			exact = nil
		} else if exact != nil {
			exact = append(exact, sub.exact...)
		}
	}
	if exact != nil {
		return of(exact...)
	}
	return needed{need: of(need...).need}
}

// mostSelective returns the set whose shortest word is longest, the smaller one of equals.
func mostSelective(sets ...[]string) []string {
	shortest := func(words []string) int {
		if len(words) == 0 {
			return -1
		}
		return len(slices.MinFunc(words, func(a, b string) int { return len(a) - len(b) }))
	}
	return slices.MaxFunc(sets, func(a, b []string) int {
		return cmp.Or(shortest(a)-shortest(b), len(b)-len(a))
	})
}

// letterRuns are the lengths of the longest runs of letters and digits, and of characters of tokens.
type letterRuns struct{ letters, token int }

var (
	isLetterOrDigit = bytesOf("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
	isTokenLetter   = bytesOf(base64Letters + ".=~")
)

// runsOf returns the longest runs of a text that was lowered.
func runsOf(text string) letterRuns {
	return letterRuns{longestRun(text, &isLetterOrDigit), longestRun(text, &isTokenLetter)}
}

func longestRun(text string, set *[256]bool) (longest int) {
	from := 0
	for n := 0; n <= len(text); n++ {
		if n < len(text) && set[text[n]] {
			continue
		}
		longest, from = max(longest, n-from), n+1
	}
	return longest
}

// has reports whether runs are at least as long as others.
func (r letterRuns) has(others letterRuns) bool {
	return r.letters >= others.letters && r.token >= others.token
}

// runsNeeded returns runs that every match of an expression has in a lowered text.
func runsNeeded(shape string) letterRuns {
	re, err := syntax.Parse(shape, syntax.Perl)
	if err != nil {
		return letterRuns{} // its compilation reports it
	}
	return letterRuns{runNeeded(re, &isLetterOrDigit), runNeeded(re, &isTokenLetter)}
}

func runNeeded(re *syntax.Regexp, set *[256]bool) int {
	switch re.Op {
	case syntax.OpLiteral:
		return longestRun(lowered(string(re.Rune)), set)
	case syntax.OpCharClass:
		for n := 0; n+1 < len(re.Rune); n += 2 {
			for r := re.Rune[n]; r <= re.Rune[n+1]; r++ {
				if one := lowered(string(r)); len(one) != 1 || !set[one[0]] {
					return 0
				}
			}
		}
		return 1
	case syntax.OpCapture, syntax.OpPlus:
		return runNeeded(re.Sub[0], set)
	case syntax.OpRepeat:
		sub := re.Sub[0]
		if one := sub.Op == syntax.OpCharClass || sub.Op == syntax.OpLiteral && len(sub.Rune) == 1; one || re.Min == 0 {
			return runNeeded(sub, set) * re.Min
		}
		return runNeeded(sub, set)
	case syntax.OpConcat, syntax.OpAlternate:
		runs := make([]int, 0, len(re.Sub))
		for _, sub := range re.Sub {
			runs = append(runs, runNeeded(sub, set))
		}
		if re.Op == syntax.OpConcat {
			return slices.Max(runs)
		}
		return slices.Min(runs)
	}
	return 0
}
