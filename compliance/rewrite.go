package compliance

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"

	"vouchsafe/httpclient"
	"vouchsafe/internal/strictjson"
)

// asJSON has a response that is a JSON object declare so.
func asJSON(_ context.Context, resp *httpclient.Response) error {
	if strings.HasPrefix(strings.TrimSpace(string(resp.Body)), "{") {
		resp.Header.Set("Content-Type", "application/json")
	}
	return nil
}

// standardBase64Keys writes the numbers of keys as RFC 7518, Section 6 has them.
func standardBase64Keys(_ context.Context, resp *httpclient.Response) error {
	var set struct {
		Keys []map[string]json.RawMessage `json:"keys"`
	}
	if strictjson.Unmarshal(string(resp.Body), &set) != nil {
		return nil // for the reader to refuse
	}
	for _, key := range set.Keys {
		for _, name := range []string{"n", "e"} {
			var text string
			if json.Unmarshal(key[name], &text) != nil {
				continue
			}
			text = strings.NewReplacer("+", "-", "/", "_", "=", "").Replace(text)
			if number, err := base64.RawURLEncoding.DecodeString(text); err == nil {
				number = bytes.TrimLeft(number, "\x00")
				key[name] = quoted(base64.RawURLEncoding.EncodeToString(number))
			}
		}
	}
	var err error
	resp.Body, err = json.Marshal(set)
	return err
}
