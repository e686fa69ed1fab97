package tritonfront

import "testing"

func TestAMachineWithDeletionProtectionIsDeletedOnlyOnceItIsTakenOff(t *testing.T) {
	s := rsaSite(t)
	list, _ := s.w.Instances(cloud, nil, 0, 1)
	path := "/ops/machines/" + list[0].ID
	protected := func() bool {
		t.Helper()
		var m struct {
			Is *bool `json:"deletion_protection"`
		}
		if s.do("GET", path, nil, &m); m.Is == nil {
			t.Fatal("the machine does not say whether it is protected")
		}
		return *m.Is
	}
	act := func(action string) {
		t.Helper()
		if res := s.do("POST", path, map[string]string{"action": action}, nil); res.StatusCode != 202 {
			t.Fatalf("%s: %s", action, res.Status)
		}
	}
	if protected() {
		t.Fatal("protected from the beginning")
	}
	act("enable_deletion_protection")
	if !protected() {
		t.Error("the protection does not show")
	}
	s.refused("DELETE", path, nil, 409, "CannotDestroyMachineError")
	if i, err := s.w.Instance(cloud, list[0].ID); err != nil || over(&i) {
		t.Errorf("afterwards %+v, %v", i, err)
	}
	act("stop") // only the deletion is protected
	act("disable_deletion_protection")
	if res := s.do("DELETE", path, nil, nil); res.StatusCode != 204 {
		t.Errorf("unprotected: %s", res.Status)
	}
}

func TestAMachineCanBeMadeWithDeletionProtection(t *testing.T) {
	s := rsaSite(t)
	var m struct {
		ID string `json:"id"`
		Is bool   `json:"deletion_protection"`
	}
	image, size := s.w.Images(cloud)[0].ID, s.w.Sizes(cloud)[0].Name
	res := s.do("POST", "/ops/machines", map[string]any{"name": "kept", "image": image, "package": size, "deletion_protection": true}, &m)
	if res.StatusCode != 201 || !m.Is {
		t.Fatalf("%s %+v", res.Status, m)
	}
	s.refused("DELETE", "/ops/machines/"+m.ID, nil, 409, "CannotDestroyMachineError")
}
