package app

import (
	"testing"
)

func TestOnlyAnAPIOnThisMachineMakesALaboratory(t *testing.T) {
	for endpoint, want := range map[string]bool{
		"": false, "https://us-east-1.api.example.com": false, "http://127.0.0.1:4000": true, "http://[::1]:4000/x": true,
		"http://localhost:4566": true, "https://api.localhost": true, "https://localhost.example.com": false, "https://10.1.2.3": false, "::": false,
	} {
		if onLoopback(endpoint) != want {
			t.Errorf("%q is a laboratory: %t", endpoint, !want)
		}
	}
}
