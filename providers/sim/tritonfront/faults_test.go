package tritonfront

import (
	_ "crypto/sha256"
	"strconv"
	"testing"
	"time"

	"rollcall/providers"
	"rollcall/providers/sim/world"
)

func TestFaultsAreAnsweredAsCloudAPIWould(t *testing.T) {
	s := rsaSite(t)
	fault := func(k world.FaultKind) {
		t.Helper()
		if err := s.w.SetFault(cloud, k); err != nil {
			t.Fatal(err)
		}
	}
	var all, page []machine
	s.do("GET", "/my/machines", nil, &all)

	fault(world.Throttle)
	var e refusal
	if res := s.do("GET", "/my/machines", nil, &e); res.StatusCode != 420 || e.Code != "RequestThrottled" || res.Header.Get("Retry-After") == "" {
		t.Errorf("throttled: %s %+v", res.Status, e)
	}
	fault(world.ServerError)
	s.refused("GET", "/my/machines", nil, 500, "InternalError")
	fault(world.AuthError)
	s.refused("GET", "/my/machines", nil, 401, "InvalidCredentials")

	fault(world.ShortPage)
	if s.do("GET", "/my/machines", nil, &page); len(page) != len(all)/2 {
		t.Errorf("a short page of %d, out of %d", len(page), len(all))
	}
	if res := s.do("HEAD", "/my/machines", nil, nil); res.Header.Get("X-Resource-Count") != strconv.Itoa(len(all)) {
		t.Errorf("HEAD under a short page: %s", res.Header.Get("X-Resource-Count"))
	}
	fault(world.EmptyPage)
	if res := s.do("GET", "/my/machines", nil, &page); res.StatusCode != 200 || len(page) != 0 {
		t.Errorf("an empty page: %s, %d rows", res.Status, len(page))
	}
	if res := s.do("GET", "/my/machines/"+all[0].ID, nil, nil); res.StatusCode != 200 {
		t.Errorf("by id under an empty page: %s", res.Status)
	}
	fault(world.PageLoop)
	var first, second []machine
	s.do("GET", "/my/machines?limit=5&offset=0", nil, &first)
	s.do("GET", "/my/machines?limit=5&offset=5", nil, &second)
	if first[0].ID != second[0].ID {
		t.Error("the second page is another one")
	}
	fault(world.WrongKey)
	var acct struct{ ID string }
	if s.do("GET", "/my", nil, &acct); acct.ID == s.w.Credentials.TritonAccountID {
		t.Error("the account is the same")
	}
	if s.do("GET", "/my/machines", nil, &page); len(page) != 0 {
		t.Errorf("another account has %d machines", len(page))
	}
	s.refused("GET", "/my/machines/"+all[0].ID, nil, 404, "ResourceNotFound")

	fault(world.LostReply)
	if _, err := s.try("POST", "/my/machines/"+all[0].ID+"?action=stop", nil, nil); err == nil {
		t.Error("the reply was not lost")
	}
	if i, _ := s.w.Instance(cloud, all[0].ID); i.State != providers.StateStopping {
		t.Errorf("the write with the lost reply was not carried out: %s", i.State)
	}
	fault(world.Stale)
	s.do("DELETE", "/my/machines/"+all[1].ID, nil, nil)
	if s.do("GET", "/my/machines", nil, &page); len(page) != len(all) {
		t.Errorf("a stale list has %d rows, want %d", len(page), len(all))
	}
	s.clock.Advance(time.Minute)
	if s.do("GET", "/my/machines", nil, &page); len(page) != len(all)-1 {
		t.Errorf("a minute later the list has %d rows, want %d", len(page), len(all)-1)
	}
}

func TestAMachineThatIsTooNewIsNotFoundUnderStaleReads(t *testing.T) {
	s := rsaSite(t)
	if err := s.w.SetFault(cloud, world.Stale); err != nil {
		t.Fatal(err)
	}
	var made machine
	s.do("POST", "/my/machines", map[string]any{"image": world.DebianImage, "package": "g4-highcpu-1G"}, &made)
	s.refused("GET", "/my/machines/"+made.ID, nil, 404, "ResourceNotFound")
	s.clock.Advance(time.Minute)
	if res := s.do("GET", "/my/machines/"+made.ID, nil, nil); res.StatusCode != 200 {
		t.Errorf("a minute later: %s", res.Status)
	}
}

func TestTheKeyIsTakenOutOfTheAccountWhenTheSecondPageIsAskedFor(t *testing.T) {
	s := rsaSite(t)
	if err := s.w.SetFault(cloud, world.Expired); err != nil {
		t.Fatal(err)
	}
	if res := s.do("GET", "/my/machines?limit=5&offset=0", nil, nil); res.StatusCode != 200 {
		t.Errorf("the first page: %s", res.Status)
	}
	s.refused("GET", "/my/machines?limit=5&offset=5", nil, 401, "InvalidCredentials")
	s.refused("GET", "/my", nil, 401, "InvalidCredentials")
}

func TestAClockThatIsAheadRefusesADateAsTooOld(t *testing.T) {
	s := rsaSite(t)
	if err := s.w.SetFault(cloud, world.ClockSkew); err != nil {
		t.Fatal(err)
	}
	s.refused("GET", "/my/machines", nil, 400, "InvalidHeader")
}
