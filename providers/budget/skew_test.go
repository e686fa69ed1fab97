package budget

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"rollcall/providers/providertest"
)

func TestHowFarAClockIsAheadIsReadFromTheDateOfAnswers(t *testing.T) {
	at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name string
		head map[string]string
		took time.Duration
		want time.Duration
	}{
		{"an hour ahead", map[string]string{"Date": at.Add(time.Hour).Format(http.TimeFormat)}, 0, time.Hour},
		{"a day behind", map[string]string{"Date": at.Add(-24 * time.Hour).Format(http.TimeFormat)}, 0, -24 * time.Hour},
		{"what the whole seconds of a date explain", map[string]string{"Date": at.Format(http.TimeFormat)}, 0, 0},
		{"what the way explains", map[string]string{"Date": at.Add(20 * time.Second).Format(http.TimeFormat)}, 50 * time.Second, 0},
		{"no date", map[string]string{"Date": ""}, 0, 0},
		{"no date that can be read", map[string]string{"Date": "yesterday"}, 0, 0},
		{"out of a cache", map[string]string{"Date": at.Add(-time.Hour).Format(http.TimeFormat), "Age": "3600"}, 0, 0},
		{"out of Cloudflare's cache", map[string]string{"Date": at.Add(-time.Hour).Format(http.TimeFormat), "Cf-Cache-Status": "HIT"}, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			clk := providertest.NewClock(at)
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header()["Date"] = nil
				for k, v := range c.head {
					if v != "" {
						w.Header().Set(k, v)
					}
				}
				clk.Advance(c.took)
			}))
			defer srv.Close()
			a := New("a", 0, 1, WithClock(clk.Clock))
			ctx, skew := WithSkew(t.Context())
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, srv.URL, nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := a.Transport(nil).RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if got := skew.Ahead(); (got - c.want).Abs() > time.Second {
				t.Errorf("%s ahead, want %s", got, c.want)
			}
		})
	}
}
