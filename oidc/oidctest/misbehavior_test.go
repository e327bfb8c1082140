package oidctest_test

import (
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"vouchsafe/oidc/oidctest"
)

var (
	misbehaviorName   = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)
	misbehaviorClause = regexp.MustCompile(
		`^(RFC [0-9]+|OpenID Connect [A-Z][A-Za-z -]+ 1\.0|JARM|OAuth 2\.0 [A-Z][A-Za-z ]+|` +
			`Financial-grade API 1\.0 - Part 2), (Section [0-9.]+|Appendix [A-Z])$`)
)

func TestMisbehaviors(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range oidctest.Misbehaviors() {
		if !misbehaviorName.MatchString(m.Name) || seen[m.Name] {
			t.Errorf("name %s", m.Name)
		}
		seen[m.Name] = true
		if m.Does == "" || strings.Contains(m.Does, "  ") || strings.HasSuffix(m.Does, ".") {
			t.Errorf("%s: does %q", m.Name, m.Does)
		}
		if !misbehaviorClause.MatchString(m.Clause) {
			t.Errorf("%s: clause %q", m.Name, m.Clause)
		}
		if m.Optional && m.Harmless {
			t.Errorf("%s: must and need not be gone through with", m.Name)
		}
	}
	if first := oidctest.Misbehaviors()[0]; first.Name != "conforms" || !first.Harmless {
		t.Errorf("the first is %s", first.Name)
	}
}

// What a clause says that a client may check, or must ignore, is no reason to refuse.
func TestOptional(t *testing.T) {
	open := strings.Fields(`id_token_issued_to_another id_token_of_last_week id_token_of_next_week
		id_token_with_wrong_at_hash_by_code id_token_with_wrong_s_hash id_token_of_unknown_key
		id_token_of_another_type logout_token_sent_twice front_channel_logout_of_another_issuer
		response_with_access_token_unasked response_with_code_unasked keys_of_other_ids
		token_response_of_another_media_type token_response_with_scope_as_number`)
	for _, m := range oidctest.Misbehaviors() {
		if i := slices.Index(open, m.Name); i >= 0 {
			open = slices.Delete(open, i, i+1)
			if !m.Optional {
				t.Errorf("%s is not optional", m.Name)
			}
		}
	}
	if len(open) > 0 {
		t.Errorf("there are no %v", open)
	}
}

func TestMisbehaveUnknown(t *testing.T) {
	p, err := oidctest.New(oidctest.Options{
		BaseURL: "https://issuer.example", Misbehave: "as_nobody_does"})
	if p != nil || err == nil || !strings.Contains(err.Error(), "Options.Misbehave") {
		t.Errorf("provider %v, %v", p, err)
	}
}

// What a test edits itself is edited before, and stays.
func TestMisbehaveBesideEdits(t *testing.T) {
	w := start(t, oidctest.Options{
		Misbehave:   "id_token_of_another_issuer",
		EditIDToken: func(claims map[string]any) { claims["own"], claims["iss"] = "edit", "lost" },
	})
	claims := w.payload(w.grant("openid").IDToken, "RS256", "")
	if claims["own"] != "edit" || claims["iss"] != "https://stranger.example" {
		t.Errorf("claims are %v", claims)
	}
	if issuer := w.metadata()["issuer"]; issuer != w.Issuer() {
		t.Errorf("the metadata is of %v", issuer)
	}
}

// A provider that misbehaves is safe for concurrent use, as every one is.
func TestMisbehaveInParallel(t *testing.T) {
	w := start(t, oidctest.Options{Misbehave: "id_token_of_another_user_than_hinted"})
	var all sync.WaitGroup
	for range 32 {
		all.Go(func() { w.grant("openid") })
	}
	all.Wait()
}
