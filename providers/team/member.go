package team

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"rollcall/providers"
)

// Member is a rollcall of the team that runs: a console, or a command that waits.
type Member struct {
	Format int       `json:"format"`
	Who    string    `json:"who"` // user@host
	Since  time.Time `json:"since"`
	Writer string    `json:"writer,omitempty"` // its name in the entries of the journal, once it has written one
	Work   []Work    `json:"work,omitempty"`

	ID string `json:"-"` // of its object
	// Heard is when a member was last heard of that has missed two renewals; zero for others.
	Heard time.Time `json:"-"`
}

// Work is what a member changes now.
type Work struct {
	What      string                  `json:"what"` // such as draining
	Text      string                  `json:"text"` // of what
	Since     time.Time               `json:"since"`
	Until     time.Time               `json:"until,omitzero"` // when the present wait ends; zero if there is none
	Instances []providers.InstanceRef `json:"instances,omitempty"`
}

const (
	membersPrefix = "members/"
	// renewEvery is how often a member renews its object.
	renewEvery = 30 * time.Second
	// soonAgain is how long after the first read the second one is.
	soonAgain = 5 * time.Second
	// busyEvery is how often a member reads who is here while another one changes something.
	busyEvery = 10 * time.Second
	// goneAfter is how long a member may be silent.
	goneAfter = 90 * time.Second
	// removedAfter is after how long the object of a silent member is removed by another one.
	removedAfter = time.Hour
	// largestMember is the largest object of a member that is parsed, in bytes.
	largestMember = 64 << 10
	// maxInstances is the largest number of instances of one Work that is written.
	maxInstances = 100
	maxMembers   = 1000
)

// Name returns the user without the host.
func (m *Member) Name() string {
	name, _, _ := strings.Cut(m.Who, "@")
	return name
}

// Host returns the host.
func (m *Member) Host() string {
	_, host, _ := strings.Cut(m.Who, "@")
	return host
}

// shifted returns the member with its times moved by d, and not too many instances.
func (m Member) shifted(d time.Duration) Member {
	m.Since = m.Since.Add(d).UTC()
	if !m.Heard.IsZero() {
		m.Heard = m.Heard.Add(d).UTC()
	}
	work := m.Work
	m.Work = make([]Work, len(work))
	for i, w := range work {
		w.Since = w.Since.Add(d).UTC()
		if !w.Until.IsZero() {
			w.Until = w.Until.Add(d).UTC()
		}
		w.Instances = w.Instances[:min(len(w.Instances), maxInstances)]
		m.Work[i] = w
	}
	return m
}

// parseMember returns the member of an object. One of a later format is shown as far as it is understood.
func parseMember(o *providers.Object) (Member, error) {
	m := Member{}
	switch err := json.Unmarshal(o.Data, &m); {
	case len(o.Data) > largestMember:
		return m, fmt.Errorf("%s has %d bytes", o.Key, len(o.Data))
	case err != nil:
		return m, err
	case m.Who == "":
		return m, fmt.Errorf("%s has no name", o.Key)
	}
	m.ID = strings.TrimPrefix(o.Key, membersPrefix)
	return m, nil
}
