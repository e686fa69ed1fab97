package launch

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"rollcall/providers"
)

// fakeJournal keeps entries in memory, and refuses them once it is full.
type fakeJournal struct {
	mu    sync.Mutex
	room  int
	begun []string
	ended map[string]Outcome
	fails bool // End fails
	cloud *fakeLauncher
	t     *testing.T
}

func (j *fakeJournal) Begin(_ context.Context, n Node, req providers.LaunchRequest) (string, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.begun) >= j.room {
		return "", errors.New("no space left on device")
	}
	j.cloud.mu.Lock()
	defer j.cloud.mu.Unlock()
	if j.cloud.made[fmt.Sprintf("%s/%d", req.LaunchID, req.Index)] != nil {
		j.t.Error("written down after it was made")
	}
	j.begun = append(j.begun, n.Name)
	return n.Name, nil
}

func (j *fakeJournal) End(entry string, o Outcome) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.fails {
		return errors.New("no space left on device")
	}
	j.ended[entry] = o
	return nil
}

func TestNothingIsAskedOfACloudThatIsNotWrittenDownFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for room := range 4 {
			a := newFakeLauncher()
			j := &fakeJournal{t: t, room: room, cloud: a, ended: map[string]Outcome{}}
			r := Run(context.Background(), spec(3), cloudsOf(a), Options{Journal: j}, nil)
			if len(a.made) != room || a.calls != room || len(j.ended) != room || r.OK() != (room == 3) {
				t.Fatalf("room for %d: %d were asked for, %+v", room, a.calls, r)
			}
			for _, n := range r.Nodes {
				if o, ok := j.ended[n.Name]; ok && (o.Err != nil || o.Instance.ID != n.Instance.ID) || !ok && (n.Stage != StageFailed || !strings.Contains(n.Message, "no space left")) {
					t.Errorf("%+v: %+v", n, j.ended[n.Name])
				}
			}
		}
	})
}

func TestTheJournalIsToldOfARefusalAndOfALostAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for kind, lost := range map[providers.Kind]bool{providers.KindInvalid: false, providers.KindThrottled: false, providers.KindUncertain: true, providers.KindUnreachable: true} {
			a := newFakeLauncher()
			a.fails = func(int, providers.LaunchRequest) error { return providers.Errorf(kind, "launch", "no") }
			j := &fakeJournal{t: t, room: 9, cloud: a, ended: map[string]Outcome{}}
			r := Run(context.Background(), spec(1), cloudsOf(a), Options{Journal: j}, nil)
			if o := j.ended[r.Nodes[0].Name]; o.Err == nil || o.Lost != lost || len(j.begun) != 1 {
				t.Errorf("%s: %+v", kind, o)
			}
		}
	})
}

func TestANodeWhoseOutcomeCannotBeWrittenDownSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newFakeLauncher()
		j := &fakeJournal{t: t, room: 9, cloud: a, fails: true}
		r := Run(context.Background(), spec(1), cloudsOf(a), Options{Journal: j, AcceptedOnly: true}, nil)
		if !r.Accepted() || !strings.Contains(r.Nodes[0].Message, "no space left on device") {
			t.Errorf("%+v", r)
		}
	})
}

func TestWhatAnEarlierTryGotIsFollowedAndNotAskedForAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newFakeLauncher()
		first := Run(context.Background(), spec(2), cloudsOf(a), Options{AcceptedOnly: true}, nil)
		ids := map[int]string{0: first.Nodes[0].Instance.ID}
		calls := a.calls
		r := Run(context.Background(), spec(2), cloudsOf(a), Options{Earlier: func(n Node) string { return ids[n.Index] }}, nil)
		if !r.OK() || a.calls != calls+1 || len(a.made) != 2 {
			t.Errorf("%d calls more, %d nodes: %+v", a.calls-calls, len(a.made), r)
		}
	})
}
