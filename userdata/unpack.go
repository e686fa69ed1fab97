package userdata

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"io"
)

// unpack removes one layer: gzip, or base64.
func unpack(data []byte) ([]byte, bool) {
	if bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			return nil, false
		}
		out, err := io.ReadAll(io.LimitReader(z, maxUnpacked))
		return out, err == nil
	}
	if len(data) > maxUnpacked || bytes.HasPrefix(data, []byte("#")) {
		return nil, false
	}
	out, err := base64.StdEncoding.DecodeString(string(bytes.Join(bytes.Fields(data), nil)))
	return out, err == nil && len(out) > 0
}
