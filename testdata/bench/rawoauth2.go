package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

// rawOAuth2 is net/http and encoding/json alone, with no check.
var rawOAuth2 = oauth2Library{
	name: raw,
	asker: func(grant string, r *registration, c *http.Client) (asker, error) {
		form := r.form(grant, strings.Repeat("v", 43)).Encode()
		return func() (issued, error) { return rawToken(c, r, form) }, nil
	},
	transport: func(_ *registration, base http.RoundTripper) (http.RoundTripper, error) {
		return base, nil
	},
	source: rawSource,
	keys:   rawKeys,
}

// rawSource is a token behind an atomic pointer, and the look at the clock that tells
// whether it is good.
func rawSource(r *registration, c *http.Client) (asker, error) {
	var held atomic.Pointer[issued]
	form := r.form(clientCredentials, "").Encode()
	return func() (issued, error) {
		if t := held.Load(); t != nil && time.Now().Before(t.expires) {
			return *t, nil
		}
		t, err := rawToken(c, r, form)
		held.Store(&t)
		return t, err
	}, nil
}

// form has the parameters of a token request, RFC 6749, Sections 4.1.3, 4.4.2 and 6.
func (r *registration) form(grant, verifier string) url.Values {
	form := url.Values{"grant_type": {grant}}
	switch grant {
	case clientCredentials:
		form.Set("scope", strings.Join(r.scopes, " "))
	case authorizationCode:
		form.Set("code", r.code)
		form.Set("redirect_uri", redirectURI)
		form.Set("code_verifier", verifier)
	default:
		form.Set("refresh_token", r.refresh)
	}
	return form
}

// rawToken sends a form that is encoded already.
func rawToken(c *http.Client, r *registration, form string) (issued, error) {
	req, err := http.NewRequest(http.MethodPost, tokenURL, strings.NewReader(form))
	if err != nil {
		return issued{}, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(url.QueryEscape(r.id), url.QueryEscape(r.secret))
	resp, err := c.Do(req)
	if err != nil {
		return issued{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return issued{}, err
	}
	var t struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
		Expires int    `json:"expires_in"`
	}
	err = json.Unmarshal(body, &t)
	return issued{t.Access, t.Refresh, time.Now().Add(time.Duration(t.Expires) * time.Second)}, err
}

type fetchedKeys struct {
	at   time.Time
	byID map[string]publicKey
}

// rawKeys is a map behind an atomic pointer, and the look at the clock that tells
// whether it is fresh.
func rawKeys(c *http.Client) (func() (string, error), error) {
	resp, err := c.Get(keySetURL)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var set struct {
		Keys []publicKey `json:"keys"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&set); err != nil {
		return nil, err
	}
	f := &fetchedKeys{time.Now(), map[string]publicKey{}}
	for _, key := range set.Keys {
		f.byID[key.ID] = key
	}
	var held atomic.Pointer[fetchedKeys]
	held.Store(f)
	return func() (string, error) {
		f := held.Load()
		return f.byID[keyID].ID, check(time.Since(f.at) < time.Hour)
	}, nil
}
