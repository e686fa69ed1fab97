package watcher

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"rollcall/dnsview/rows"
)

var at = time.Date(2026, 11, 28, 3, 0, 0, 0, time.UTC)

// aBatch has so many new findings, a resolved one, and one that stands.
func aBatch(n int) *batch {
	e := func(event, value string) HookEvent {
		f := rows.FindingObject{Class: "dead", Severity: "high", Zone: "example.com", Name: "www.example.com A", Reason: "its node <" + value + "> & more is gone"}
		f.Record = &rows.RecordRef{Zone: "example.com", Name: "www.example.com", Type: "A", Value: value}
		return HookEvent{Event: event, Time: at, Since: at.Add(-time.Hour), Fleet: "f1", Text: "dead (high): " + f.Reason, Finding: f}
	}
	b := &batch{fleet: "f1", at: at, next: at.Add(time.Minute), standing: []HookEvent{e(EventNew, "192.0.2.99")}}
	for i := range n {
		b.events = append(b.events, e(EventNew, fmt.Sprintf("192.0.2.%d", i)))
	}
	b.events = append(b.events, e(EventResolved, "192.0.2.200"))
	return b
}

// posted sends a batch to a webhook and returns what that got.
func posted(t *testing.T, o Options, b *batch) (body []byte, head http.Header) {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ = io.ReadAll(r.Body)
		head = r.Header
	}))
	defer srv.Close()
	o.Webhook = srv.URL
	if err := newWebhook(&o, nil, func() time.Time { return at }).deliver(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	return body, head
}

func TestAWebhookGetsAScanInOneSignedPost(t *testing.T) {
	body, head := posted(t, Options{WebhookSecret: "hush"}, aBatch(2))
	var got HookPost
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Events) != 3 || got.Text != "2 new, 1 resolved" || got.Fleet != "f1" || !got.Time.Equal(at) || got.Events[2].Event != EventResolved {
		t.Errorf("%+v", got)
	}
	h := hmac.New(sha256.New, []byte("hush"))
	fmt.Fprintf(h, "%d.%s", at.Unix(), body)
	if want := fmt.Sprintf("t=%d,v1=%s", at.Unix(), hex.EncodeToString(h.Sum(nil))); head.Get(SignatureHeader) != want {
		t.Errorf("signed %q, want %q", head.Get(SignatureHeader), want)
	}
	if _, head := posted(t, Options{}, aBatch(1)); head.Get(SignatureHeader) != "" {
		t.Error("it is signed without a secret")
	}
}

func TestABatchThatSaysOnlyThatEntriesAreNotRemovedAnyMoreHasAText(t *testing.T) {
	b := &batch{fleet: "f1", at: at, events: []HookEvent{{Event: EventStopped, Text: "rollcall watch has stopped removing entries: too many"}}}
	for format, want := range map[string]string{
		FormatJSON:  "entries are not removed any more",
		FormatSlack: "*rollcall f1*: entries are not removed any more\n• rollcall watch has stopped removing entries: too many",
	} {
		body, _ := posted(t, Options{WebhookFormat: format}, b)
		var got struct {
			Text string `json:"text"`
		}
		if err := json.Unmarshal(body, &got); err != nil || got.Text != want {
			t.Errorf("%s: %q, %v", format, got.Text, err)
		}
	}
}

func TestASlackMessageIsEscapedAndListsTwenty(t *testing.T) {
	body, _ := posted(t, Options{WebhookFormat: FormatSlack}, aBatch(30))
	var got map[string]string
	if err := json.Unmarshal(body, &got); err != nil || len(got) != 1 {
		t.Fatalf("%v: %s", err, body)
	}
	lines := strings.Split(got["text"], "\n")
	if len(lines) != 22 || lines[0] != "*rollcall f1*: 30 new, 1 resolved" || lines[21] != "and 11 more" || lines[1] != "• dead (high): its node &lt;192.0.2.0&gt; &amp; more is gone" {
		t.Errorf("%q", lines)
	}
}

func TestAlertmanagerGetsWhatStandsAgainAndTheEndOfWhatIsResolved(t *testing.T) {
	body, _ := posted(t, Options{WebhookFormat: FormatAlertmanager}, aBatch(1))
	var got []alert
	if err := json.Unmarshal(body, &got); err != nil || len(got) != 3 {
		t.Fatalf("%v: %s", err, body)
	}
	for i, ends := range []time.Time{at.Add(3 * time.Minute), at, at.Add(3 * time.Minute)} {
		a := got[i]
		if !a.EndsAt.Equal(ends) || !a.StartsAt.Equal(at.Add(-time.Hour)) || a.Labels["alertname"] != "Rollcall_dead" || a.Labels["zone"] != "example.com" || a.Annotations["summary"] == "" {
			t.Errorf("alert %d: %+v, want its end at %s", i, a, ends)
		}
		for k, v := range a.Labels {
			if v == "" {
				t.Errorf("alert %d has the empty label %s", i, k)
			}
		}
	}
	if got[0].Labels["subject"] == got[2].Labels["subject"] {
		t.Errorf("two findings are one alert: %v", got[0].Labels)
	}
}

func TestAReceiverIsNotTriedBeforeItsRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var times []time.Duration
		began := time.Now()
		r := newWebhook(&Options{Webhook: "http://hooks.example.com/"}, roundTripper(func() *http.Response {
			times = append(times, time.Since(began))
			res := &http.Response{StatusCode: http.StatusTooManyRequests, Status: "429 Too Many Requests", Header: http.Header{}, Body: http.NoBody}
			if res.Header.Set("Retry-After", []string{"90", "3600", ""}[min(len(times)-1, 2)]); len(times) > 2 {
				res.StatusCode = http.StatusOK
			}
			return res
		}), time.Now)
		h := &hooks{say: t.Logf, counts: counterFamily("x", "x", "hook", "result"), missed: counterFamily("y", "y", "hook")}
		h.deliver(t.Context(), r, aBatch(1))
		if len(times) != 3 || times[1] != 90*time.Second || times[2] != 90*time.Second+maxRetryAfter || r.down {
			t.Errorf("tried at %v", times)
		}
	})
}

// roundTripper answers requests in memory.
type roundTripper func() *http.Response

func (f roundTripper) RoundTrip(*http.Request) (*http.Response, error) { return f(), nil }
