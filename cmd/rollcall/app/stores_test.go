package app

import (
	"testing"

	"rollcall/cmd/rollcall/config"
)

func TestSpellingsOfAnEndpointHaveOneFolder(t *testing.T) {
	t.Parallel()
	of := func(endpoint string) string {
		return StoreFolder(&config.Config{Team: config.Team{Bucket: "ops", Endpoint: endpoint}}, "state")
	}
	for _, e := range []string{"https://MinIO.example.com", "https://minio.example.com:443", "https://minio.example.com/"} {
		if of(e) != of("https://minio.example.com") {
			t.Errorf("%s has a folder of its own", e)
		}
	}
	for _, e := range []string{"", "http://minio.example.com", "https://minio.example.com:9000", "https://minio.example.com/s3"} {
		if of(e) == of("https://minio.example.com") {
			t.Errorf("%s has the folder of another server", e)
		}
	}
}
