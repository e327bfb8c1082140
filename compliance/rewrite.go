package compliance

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"

	"vouchsafe/httpclient"
	"vouchsafe/internal/strictjson"
	"vouchsafe/oauth2"
)

// edited returns a hook that edits the members of a response. One that is no strict JSON object
// stays as it is, for the reader to refuse.
func edited(
	edit func(m strictjson.Object, members map[string]json.RawMessage),
) oauth2.ResponseHook {
	return func(_ context.Context, resp *httpclient.Response) error {
		m, err := strictjson.Parse(string(resp.Body))
		if err != nil {
			return nil
		}
		members := membersOf(m)
		edit(m, members)
		resp.Body, err = json.Marshal(members)
		return err
	}
}

func membersOf(m strictjson.Object) map[string]json.RawMessage {
	members := map[string]json.RawMessage{}
	for name, value := range m.All() {
		members[name] = value.Raw()
	}
	return members
}

// asJSON has a response that is a JSON object declare so.
func asJSON(_ context.Context, resp *httpclient.Response) error {
	if strings.HasPrefix(strings.TrimSpace(string(resp.Body)), "{") {
		resp.Header.Set("Content-Type", "application/json")
	}
	return nil
}

// standardBase64Keys writes the numbers of keys as RFC 7518, Section 6 has them.
func standardBase64Keys(_ context.Context, resp *httpclient.Response) error {
	set, err := strictjson.Parse(string(resp.Body), "keys")
	list, ok := set.Get("keys").Array()
	if err != nil || !ok {
		return nil // for the reader to refuse
	}
	keys := make([]json.RawMessage, len(list))
	for i, v := range list {
		keys[i] = urlBase64Key(v)
	}
	resp.Body, err = json.Marshal(map[string]any{"keys": keys})
	return err
}

// urlBase64Key returns a key with its numbers in base64url, as it is if it is no object.
func urlBase64Key(v strictjson.Value) json.RawMessage {
	key, err := strictjson.Parse(string(v))
	if err != nil {
		return v.Raw()
	}
	members := membersOf(key)
	for _, name := range []string{"n", "e"} {
		if text, ok := key.Get(name).String(); ok {
			members[name] = quoted(urlBase64(text))
		}
	}
	text, _ := json.Marshal(members)
	return text
}

// urlBase64 returns a number in base64url, text as it is if that is no number.
func urlBase64(text string) string {
	digits := strings.NewReplacer("+", "-", "/", "_", "=", "").Replace(text)
	number, err := base64.RawURLEncoding.DecodeString(digits)
	if err != nil {
		return text
	}
	return base64.RawURLEncoding.EncodeToString(bytes.TrimLeft(number, "\x00"))
}
