//go:build !linux

package userdata_test

import (
	"testing"

	"rollcall/providers/sim/boot"
)

func TestBootIsPossibleHere(t *testing.T) { t.Skip(boot.Check()) }
