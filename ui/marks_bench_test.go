package ui_test

import (
	"testing"

	tea "charm.land/bubbletea/v2"
)

// benchmarkMarks presses keys that mark rows of the pane, and draws a frame after each.
func benchmarkMarks(b *testing.B, n int, prepare []tea.KeyPressMsg, keys ...tea.KeyPressMsg) {
	m := benchModel(b, n)
	for _, k := range prepare {
		m.Update(k)
	}
	b.ReportAllocs()
	for b.Loop() {
		for _, k := range keys {
			m.Update(k)
			_ = m.View()
		}
	}
}

func BenchmarkMarkAll1000Rows(b *testing.B)   { benchmarkMarks(b, 1000, nil, key("A")) }
func BenchmarkMarkAll100000Rows(b *testing.B) { benchmarkMarks(b, 100_000, nil, key("A")) }

func BenchmarkMarkAllAnew1000Rows(b *testing.B) { benchmarkMarks(b, 1000, nil, key("A"), key("*")) }

func BenchmarkMarkAllAnew100000Rows(b *testing.B) {
	benchmarkMarks(b, 100_000, nil, key("A"), key("*"))
}

func BenchmarkInvertMarks1000Rows(b *testing.B)   { benchmarkMarks(b, 1000, nil, key("*")) }
func BenchmarkInvertMarks100000Rows(b *testing.B) { benchmarkMarks(b, 100_000, nil, key("*")) }

// A range from the first row to the last, after which its marks are taken away again.
func benchmarkMarkRange(b *testing.B, n int) {
	benchmarkMarks(b, n, []tea.KeyPressMsg{key("g")}, key("space"), key("G"), key("ctrl+space"), key("*"), key("g"))
}

func BenchmarkMarkRange1000Rows(b *testing.B)   { benchmarkMarkRange(b, 1000) }
func BenchmarkMarkRange100000Rows(b *testing.B) { benchmarkMarkRange(b, 100_000) }

// A key press and its frame while all rows are marked.
func BenchmarkKeyPressMarked100000Rows(b *testing.B) {
	m := benchModel(b, 100_000)
	m.Update(key("A"))
	pressDownAndUp(b, m)
}
