package watcher

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"rollcall/cmd/rollcall/words"
	"rollcall/providers/budget"
)

// The formats of a webhook's body.
const (
	FormatJSON         = "json"         // HookPost
	FormatSlack        = "slack"        // a message of Slack's incoming webhooks, which Mattermost takes too
	FormatAlertmanager = "alertmanager" // the alerts of Alertmanager's API v2
)

// WebhookFormats are all formats, the default first.
var WebhookFormats = []string{FormatJSON, FormatSlack, FormatAlertmanager}

// SignatureHeader has the signature of a webhook's body: "t=UNIX,v1=HEX", where HEX is the HMAC-SHA256 of "UNIX.BODY" with
// the secret that both sides know.
const SignatureHeader = "Rollcall-Signature"

// maxReply is the largest part of an answer in bytes that is read, so that the connection is used again.
const maxReply = 64 << 10

// HookPost is the body of a webhook in the format json: what one scan has found new and resolved.
type HookPost struct {
	Time   time.Time   `json:"time"`
	Fleet  string      `json:"fleet"`
	Text   string      `json:"text"`
	Events []HookEvent `json:"events"`
}

// newWebhook returns a receiver that gets each batch by one POST over a transport, nil for the default. Messages show only the host of its URL. The error of a
// delivery is permanent if another try is of no use, and laterError if the answer says when to try again.
func newWebhook(f *Options, over http.RoundTripper, now func() time.Time) *hook {
	client := &http.Client{Transport: over, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	name := "webhook"
	if u, err := url.Parse(f.Webhook); err == nil {
		name += " " + words.Clean(u.Host)
	}
	return &hook{name: name, always: f.WebhookFormat == FormatAlertmanager, deliver: func(ctx context.Context, b *batch) error {
		body, err := json.Marshal(bodyOf(f.WebhookFormat, b, now()))
		if err != nil {
			return permanent{err}
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, f.Webhook, bytes.NewReader(body))
		if err != nil {
			return permanent{errors.New("its URL cannot be used")}
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("User-Agent", "rollcall")
		if f.WebhookSecret != "" {
			req.Header.Set(SignatureHeader, sign(f.WebhookSecret, now(), body))
		}
		resp, err := client.Do(req)
		if err != nil {
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return fmt.Errorf("it did not answer within %s", hookTimeout)
			}
			if u, ok := errors.AsType[*url.Error](err); ok {
				err = u.Err // without the URL
			}
			return err
		}
		defer resp.Body.Close() //nolint:errcheck // the body is not needed
		_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxReply))
		switch s := resp.StatusCode; {
		case s < 300:
			return nil
		case s < 500 && s != http.StatusTooManyRequests && s != http.StatusRequestTimeout:
			return permanent{errors.New("HTTP " + resp.Status)}
		}
		return laterError{errors.New("HTTP " + resp.Status), budget.RetryAfter(resp.Header, now())}
	}}
}

// sign returns the value of SignatureHeader.
func sign(secret string, at time.Time, body []byte) string {
	unix := strconv.FormatInt(at.Unix(), 10)
	h := hmac.New(sha256.New, []byte(secret))
	_, _ = h.Write(append([]byte(unix+"."), body...)) // it never fails
	return "t=" + unix + ",v1=" + hex.EncodeToString(h.Sum(nil))
}

// bodyOf returns the body of a batch in a format, for a try now.
func bodyOf(format string, b *batch, now time.Time) any {
	switch format {
	case FormatSlack:
		return slackMessage(b)
	case FormatAlertmanager:
		return alerts(b, now)
	}
	return HookPost{Time: b.at.UTC(), Fleet: b.fleet, Text: b.summary(), Events: b.events}
}

// summary returns the numbers of new and resolved findings, and whether the watch has stopped removing entries.
func (b *batch) summary() string {
	counts := map[string]int{}
	for i := range b.events {
		counts[b.events[i].Event]++
	}
	var parts []string
	for _, event := range []string{EventNew, EventResolved} {
		if counts[event] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[event], event))
		}
	}
	if counts[EventStopped] > 0 {
		parts = append(parts, "entries are not removed any more")
	}
	return strings.Join(parts, ", ")
}

// slackLines is how many events a message lists: a longer one is cut by Slack.
const slackLines = 20

// slackMessage returns a message of incoming webhooks (Slack, "Sending messages using incoming webhooks").
func slackMessage(b *batch) any {
	escape := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace
	lines := []string{"*rollcall " + escape(b.fleet) + "*: " + b.summary()}
	for i := range b.events {
		if i == slackLines {
			lines = append(lines, fmt.Sprintf("and %d more", len(b.events)-i))
			break
		}
		lines = append(lines, "• "+escape(b.events[i].Text))
	}
	return struct {
		Text string `json:"text"`
	}{strings.Join(lines, "\n")}
}

// alert is one alert of Alertmanager (API v2, postableAlert).
type alert struct {
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	StartsAt    time.Time         `json:"startsAt"`
	EndsAt      time.Time         `json:"endsAt"`
}

// alerts returns what stands and what has been resolved. Alertmanager drops an alert that is not sent again: each one ends
// after three further batches have failed to come.
func alerts(b *batch, now time.Time) []alert {
	out := []alert{}
	for _, list := range [][]HookEvent{b.events, b.standing} {
		for i := range list {
			e := &list[i]
			ends := now.Add(3 * b.next.Sub(b.at))
			if e.Event == EventResolved {
				ends = e.Time
			}
			labels := map[string]string{
				"alertname": "Rollcall_" + e.Finding.Class, "severity": e.Finding.Severity, "class": e.Finding.Class, "fleet": e.Fleet,
				"zone": e.Finding.Zone, "name": e.Finding.Name, "service": e.Finding.Service, "subject": e.Finding.Subject(),
			}
			if i := e.Finding.Instance; i != nil {
				labels["instance_id"], labels["cloud"] = i.ID, i.Cloud
			}
			for k, v := range labels { // an empty label is no label
				if strings.TrimSpace(v) == "" {
					delete(labels, k)
				}
			}
			out = append(out, alert{Labels: labels, Annotations: map[string]string{"summary": e.Text}, StartsAt: e.Since, EndsAt: ends.UTC()})
		}
	}
	return out
}
