package journal

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rollcall/providers/providertest"
)

func TestADamagedCopyIsReadAgainFromAWholeStore(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func([]byte) []byte{
		"an entry is changed": func(b []byte) []byte { return bytes.Replace(b, []byte("192.0.2.2"), []byte("192.0.2.9"), 1) },
		"a line is not text of JSON": func(b []byte) []byte {
			return bytes.Replace(b, []byte(`{"number":2`), []byte("\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"), 1)
		},
		"a line is missing": func(b []byte) []byte {
			l := bytes.SplitAfter(b, []byte("\n"))
			return bytes.Join([][]byte{l[0], l[2], l[3]}, nil)
		},
		"two lines have changed places": func(b []byte) []byte {
			l := bytes.SplitAfter(b, []byte("\n"))
			return bytes.Join([][]byte{l[0], l[2], l[1], l[3]}, nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _ := written(t, 1, 2, 3, 4)
			m := newMember(t, s)
			want := all(t, m.Journal)
			m.crash()
			was, err := os.ReadFile(m.path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(m.path, damage(was), 0o600); err != nil {
				t.Fatal(err)
			}
			s.Fail(func(providertest.StoreCall) providertest.StoreFault {
				return providertest.StoreFault{Before: providertest.Away()}
			})
			m.open(t, s)
			_ = all(t, m.Journal)
			if ps := m.Problems(); len(ps) == 0 || !strings.Contains(ps[len(ps)-1].Why, m.path) || len(m.Notices()) > 0 {
				t.Errorf("while the store is away: %+v", ps)
			}
			s.Fail(nil)
			m.clock.Advance(compareEvery)
			if got := all(t, m.Journal); len(got) != len(want) || got[1].Change.Before.Value != "192.0.2.2" {
				t.Errorf("entries: %+v", got)
			}
			aside, _ := filepath.Glob(m.path + ".damaged-*")
			if len(aside) != 1 {
				t.Fatalf("set aside: %v", aside)
			}
			if n := m.Notices(); len(n) != 1 || !strings.Contains(n[0], aside[0]) || !strings.Contains(n[0], m.path) || strings.Contains(n[0], "\n") {
				t.Errorf("notices: %q", n)
			}
			if ps := m.Problems(); len(ps) > 0 {
				t.Errorf("problems: %+v", ps)
			}
			begin(t, m.Journal, 5)
			m.crash()
			m.open(t, s)
			if got := all(t, m.Journal); len(got) != 5 || len(m.Notices()) > 0 || len(m.Problems()) > 0 {
				t.Errorf("the next one: %+v, %+v", got, m.Problems())
			}
			verified(t, s)
		})
	}
}

func TestADamagedStoreIsReportedAndItsCopyNotSetAside(t *testing.T) {
	t.Parallel()
	s, objects := written(t, 1, 2, 3)
	s.Replace(objectKey(2), bytes.Replace(objects[objectKey(2)], []byte("192.0.2.2"), []byte("192.0.2.9"), 1))
	m := newMember(t, s)
	for range 2 {
		_ = all(t, m.Journal)
		if ps := m.Problems(); len(ps) != 1 || !strings.Contains(ps[0].Why, "object 2 of the team's journal is not what was written") {
			t.Errorf("problems: %+v", ps)
		}
		if aside, _ := filepath.Glob(m.path + ".damaged-*"); len(aside) > 0 || len(m.Notices()) > 0 {
			t.Errorf("set aside: %v", aside)
		}
		m.crash()
		m.open(t, s)
	}
}

func TestADamagedCopyOfAnotherJournalIsNotReplaced(t *testing.T) {
	t.Parallel()
	s, _ := written(t, 1, 2, 3)
	m := newMember(t, s)
	_ = all(t, m.Journal)
	m.crash()
	was, err := os.ReadFile(m.path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(m.path, bytes.Replace(was, []byte("192.0.2.3"), []byte("192.0.2.9"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	_, others := written(t, 11, 12, 13, 14)
	for key, data := range others {
		s.Replace(key, data)
	}
	m.open(t, s)
	if _, err := m.Begin(entry(8)); err == nil || !strings.Contains(err.Error(), "another journal") {
		t.Errorf("%v", err)
	}
	if aside, _ := filepath.Glob(m.path + ".damaged-*"); len(aside) > 0 {
		t.Errorf("set aside: %v", aside)
	}
}
