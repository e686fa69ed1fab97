package sim

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"rollcall/providers"
	"rollcall/providers/sim/world"
)

// maxControl is the largest request to the control port.
const maxControl = 1 << 16

// Source is a simulated cloud or zone, as the control port lists it.
type Source struct {
	Name     string             `json:"name"`
	Kind     string             `json:"kind"` // cloud or zone
	Provider providers.Provider `json:"provider"`
	Fault    world.FaultKind    `json:"fault"`
}

// Sources returns the clouds and zones with their faults.
func (s *Sim) Sources() []Source {
	var out []Source
	for _, c := range s.world.Clouds() {
		out = append(out, Source{Name: c.Name, Kind: "cloud", Provider: c.Provider, Fault: s.world.FaultOf(c.Name)})
	}
	for _, z := range s.world.Zones("") {
		out = append(out, Source{Name: z.Name, Kind: "zone", Provider: z.Provider, Fault: s.world.FaultOf(z.Name)})
	}
	return out
}

// control serves the address in ROLLCALL_SIM: it sets faults and switches instances. It listens on loopback only, and
// rejects requests with an Origin, which come from pages in a browser.
//
//	GET  /sources            all clouds and zones, each with its fault
//	GET  /faults             what can be switched on, and what is on
//	POST /fault              {"source": NAME or "all", "kind": KIND}
//	POST /power              {"cloud": NAME, "id": ID, "action": start, stop, reboot, terminate or plug}
func (s *Sim) control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /sources", func(w http.ResponseWriter, _ *http.Request) { answer(w, s.Sources()) })
	mux.HandleFunc("GET /faults", func(w http.ResponseWriter, _ *http.Request) {
		on := map[string]world.FaultKind{}
		for _, src := range s.Sources() {
			if src.Fault != world.NoFault {
				on[src.Name] = src.Fault
			}
		}
		answer(w, map[string]any{"kinds": world.FaultKinds(), "on": on})
	})
	mux.HandleFunc("POST /fault", s.fault)
	mux.HandleFunc("POST /power", s.power)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Origin") != "" {
			http.Error(w, "the control port takes no requests from web pages", http.StatusForbidden)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

func (s *Sim) fault(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Source string          `json:"source"`
		Kind   world.FaultKind `json:"kind"`
	}
	if !read(w, r, &in) {
		return
	}
	if err := s.world.SetFault(in.Source, in.Kind); err != nil {
		refuse(w, err)
		return
	}
	answer(w, s.Sources())
}

func (s *Sim) power(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Cloud  string      `json:"cloud"`
		ID     string      `json:"id"`
		Action world.Power `json:"action"`
	}
	if !read(w, r, &in) {
		return
	}
	switch in.Action {
	case world.Start, world.Stop, world.Reboot, world.Terminate, world.PowerLoss:
	default:
		refuse(w, fmt.Errorf("there is no action %q; there are start, stop, reboot, terminate and plug", in.Action))
		return
	}
	known := false
	for _, c := range s.world.Clouds() {
		known = known || c.Name == in.Cloud
	}
	if !known { // the world does not check the names of its clouds
		refuse(w, fmt.Errorf("there is no cloud %q", in.Cloud))
		return
	}
	before, after, err := s.world.Do(in.Cloud, in.ID, in.Action)
	if err != nil {
		refuse(w, fmt.Errorf("%s %s in %s: %w", in.Action, in.ID, in.Cloud, err))
		return
	}
	answer(w, map[string]any{"id": in.ID, "name": after.Name, "before": before.State, "after": after.State})
}

func read(w http.ResponseWriter, r *http.Request, into any) bool {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxControl))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		refuse(w, errors.New("the body is not the JSON object that is wanted here"))
		return false
	}
	return true
}

// refuse answers 400 with one line.
func refuse(w http.ResponseWriter, err error) {
	http.Error(w, strings.Join(strings.Fields(err.Error()), " "), http.StatusBadRequest)
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // the client may have left
}
