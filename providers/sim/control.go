package sim

import (
	"encoding/json"
	"net/http"
)

func (s *Sim) control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /sources", func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(s.world.Sources()) })
	return mux
}
