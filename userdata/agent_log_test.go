package userdata

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rollcall/providers"
)

func TestTheAgentsLogIsItsOwnersAndHoldsNoTokenThatAServerEchoes(t *testing.T) {
	s := startSim(t)
	for n, at := range []providers.Provider{providers.EC2, providers.Triton} {
		r := newRig(t, s, at, providers.Cloudflare, 40+n)
		token := s.Endpoints().CloudflareToken
		if at == providers.EC2 {
			r.putToken()
		}
		forms := []string{token, url.QueryEscape(token), strings.ToUpper(token), base64.StdEncoding.EncodeToString([]byte(token)), base64.StdEncoding.EncodeToString([]byte("Bearer " + token)), hex.EncodeToString([]byte(token)), token[:len(token)/2]}
		turn := 0
		r.between("cloudflare", func(w http.ResponseWriter, _ *http.Request) bool {
			w.WriteHeader(http.StatusForbidden)
			_, _ = fmt.Fprintf(w, `{"success":false,"errors":[{"code":9109,"message":"the token %s is not valid"}]}`, forms[turn%len(forms)])
			return true
		})
		log := filepath.Join(r.dir, "log")
		if err := os.WriteFile(log, nil, 0o644); err != nil { //nolint:gosec // as an older agent has left it
			t.Fatal(err)
		}
		for turn = range forms {
			_, said := r.run("register")
			if !strings.Contains(said, "is not valid") {
				t.Fatalf("%s: the answer is not told, so that nothing is shown here: %s", at, said)
			}
			for _, text := range []string{said, r.log()} {
				for from := len("Bearer ") + 3; from+12 <= len(forms[turn]); from++ { // what stands before the token is no part of it
					if strings.Contains(text, forms[turn][from:from+12]) {
						t.Fatalf("%s, form %d: a part of the token stands in %s", at, turn, text)
					}
				}
			}
		}
		if i, err := os.Stat(log); err != nil || i.Mode().Perm() != 0o600 {
			t.Errorf("%s: the log has mode %v, %v", at, i.Mode(), err)
		}
	}
}
