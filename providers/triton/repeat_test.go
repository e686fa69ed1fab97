package triton

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"testing"

	"rollcall/providers"
)

// tries answers the tries of a change by number, from 1. What returns false leaves the answer to the fake.
func tries(f *fake, answer func(w http.ResponseWriter, try int) bool) {
	n := 0
	f.before = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPost && r.Method != http.MethodDelete {
			return false
		}
		f.mu.Lock()
		n++
		try := n
		f.mu.Unlock()
		return answer(w, try)
	}
}

func powerActions(c *Cloud) map[string]func(context.Context, string) error {
	return map[string]func(context.Context, string) error{"start": c.Start, "stop": c.Stop, "terminate": c.Terminate}
}

func TestAPowerActionWhoseReplyWasLostIsUncertainWhateverRefusesTheNextTry(t *testing.T) {
	for name, refusal := range map[string]struct {
		status int
		code   string
	}{
		"throttled": {420, "RequestThrottled"}, "a 429": {429, ""}, "a 401": {401, "InvalidCredentials"}, "a 403": {403, "NotAuthorized"},
		"a 503": {503, ""}, "a conflict": {409, "InvalidState"}, "invalid in this state": {409, "InvalidArgument"}, "a page of a proxy": {404, ""},
	} {
		for _, action := range []string{"start", "stop", "terminate"} {
			for _, lost := range []bool{true, false} {
				f := newFake(t, 1)
				f.machines[0]["state"] = "failed"
				tries(f, func(w http.ResponseWriter, try int) bool {
					if try == 1 && lost {
						panic(http.ErrAbortHandler)
					}
					f.fail(w, refusal.status, refusal.code, "no")
					return true
				})
				uncertain := lost || name == "a 503" || name == "a page of a proxy"
				if err := powerActions(f.cloud())[action](t.Context(), uuid(0)); err == nil || (providers.KindOf(err) == providers.KindUncertain) != uncertain {
					t.Errorf("%s, lost %v, then %s: %v", action, lost, name, err)
				}
			}
		}
	}
}

func TestAPowerActionThatIsRefusedBecauseItIsBeingCarriedOutIsDone(t *testing.T) {
	for action, state := range map[string]string{"start": "provisioning", "stop": "stopping", "terminate": "deleted"} {
		f := newFake(t, 1)
		tries(f, func(w http.ResponseWriter, try int) bool {
			if try == 1 {
				f.mu.Lock()
				f.machines[0]["state"] = state
				f.deleted[uuid(0)] = action == "terminate"
				f.mu.Unlock()
				panic(http.ErrAbortHandler)
			}
			f.fail(w, http.StatusConflict, "InvalidState", "no")
			return true
		})
		if err := powerActions(f.cloud())[action](t.Context(), uuid(0)); err != nil {
			t.Errorf("%s: %v", action, err)
		}
	}
}

func TestAPowerActionThatDoesNotFindAMachineWhichIsThereIsUncertain(t *testing.T) {
	for _, action := range []string{"start", "stop", "terminate"} {
		f := newFake(t, 1)
		f.machines[0]["state"] = "failed"
		tries(f, func(w http.ResponseWriter, _ int) bool {
			f.fail(w, http.StatusNotFound, "ResourceNotFound", "VM not found")
			return true
		})
		if err := powerActions(f.cloud())[action](t.Context(), uuid(0)); providers.KindOf(err) != providers.KindUncertain {
			t.Errorf("%s: %v", action, err)
		}
	}
}

func TestALaunchIsNotPostedIfItMayBeOnAnotherPageOfACloudThatIgnoresTheFilter(t *testing.T) {
	for _, page := range []int{0, 5} { // the page size of the request, and a smaller one of the server
		f := newFake(t, 2*pageSize)
		if page > 0 {
			f.machines, f.maxLimit = f.machines[:2*page], page
		}
		listWith(f, func(w http.ResponseWriter, r *http.Request) bool {
			f.mu.Lock()
			defer f.mu.Unlock()
			q := r.URL.Query()
			q.Del("tag." + providers.TagLaunch)
			r.URL.RawQuery = q.Encode()
			f.list(w, r)
			return true
		})
		c := f.cloud()
		if _, err := c.Launch(t.Context(), request1()); providers.KindOf(err) != providers.KindIncomplete || f.called("POST") != 0 {
			t.Errorf("%v after %d posts", err, f.called("POST"))
		}
		if _, err := c.FindLaunch(t.Context(), "l", 0); providers.KindOf(err) != providers.KindIncomplete {
			t.Errorf("%v", err)
		}
	}
}

// repeated reads an object again and again, n times.
func repeated(object []byte, n int) io.Reader {
	parts := []io.Reader{bytes.NewReader([]byte("["))}
	for i := range n {
		if i > 0 {
			parts = append(parts, bytes.NewReader([]byte(",")))
		}
		parts = append(parts, bytes.NewReader(object))
	}
	return io.MultiReader(append(parts, bytes.NewReader([]byte("]")))...)
}

func TestAListMayBeLargerThanTheLargestAnswerAndAnObjectOfItMayNot(t *testing.T) {
	object := func(size int) []byte {
		return append(append([]byte(`{"a":"`), bytes.Repeat([]byte("x"), size)...), `"}`...)
	}
	n := 0
	x := &exchange{status: http.StatusOK, object: func([]byte) error { n++; return nil }}
	if err := x.readBody(repeated(object(1<<20), 70)); err != nil || x.invalid != nil || n != 70 {
		t.Errorf("%d objects: %v, %v", n, err, x.invalid)
	}
	if err := x.readBody(repeated(object(maxBody), 1)); err == nil {
		t.Error("an object of more than the limit was read")
	}
}
