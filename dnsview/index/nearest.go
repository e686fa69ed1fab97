package index

import (
	"slices"
	"strings"
)

// Nearest returns the candidate that was most likely meant by a word, of several that are as near the first: at most a third of the
// letters differ, and at least one may. Internationalized names are compared as a person reads them. It returns "" if none is so near.
func Nearest(word string, candidates []string) string {
	const longest = 253 // a name
	if len(word) > longest {
		return ""
	}
	w := []rune(strings.ToLower(Readable(word)))
	best, least := "", 1+max(1, len(w)/3)
	for _, c := range candidates {
		if x := []rune(strings.ToLower(Readable(c))); max(len(x)-len(w), len(w)-len(x)) < least {
			if d := distance(w, x); d < least {
				best, least = c, d
			}
		}
	}
	return best
}

// distance returns the number of letters to insert, remove, replace or swap with their neighbours that turn a into b.
func distance(a, b []rune) int {
	var before []int // the row before the last
	last := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range a {
		row := slices.Repeat([]int{i + 1}, len(b)+1)
		for j := range b {
			cost := last[j]
			if a[i] != b[j] {
				cost++
			}
			row[j+1] = min(cost, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
