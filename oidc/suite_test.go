package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"vouchsafe/httpclient"
	"vouchsafe/jose"
	"vouchsafe/oauth2"
	"vouchsafe/oidc/oidctest"
)

// An attempted is one attempt of the suite by a client of this package.
type attempted struct {
	*oidctest.Attempt
	client *Client
}

var errOtherIssuer = errors.New("the issuer found is not the one allowed")

// attempt does all that the suite has to do.
func attempt(ctx context.Context, a *oidctest.Attempt) error {
	issuer := a.Issuer
	if a.Task == oidctest.WebFinger {
		found, err := DiscoverIssuer(ctx, a.HTTP, a.Identifier)
		if err != nil {
			return err
		}
		if issuer = found; found != a.Issuer {
			return errOtherIssuer
		}
	}
	config, err := configOf(ctx, issuer, a)
	if err != nil {
		return err
	}
	client, err := New(config)
	if err != nil {
		return err
	}
	w, o := attempted{a, client}, AuthorizationOptions{}
	if a.Task == oidctest.ThirdParty {
		asked, err := ReadThirdPartyLogin(a.Initiation.WithContext(ctx), ThirdPartyOptions{
			Issuers: []string{a.Issuer}, BaseURL: "https://client.example"})
		if err != nil {
			return err
		}
		o.LoginHint = asked.LoginHint
	}
	login, err := w.logIn(ctx, o)
	if err != nil {
		return err
	}
	who := login.IDToken.Identity()
	switch a.Task {
	case oidctest.Twice:
		o.IDTokenHint = login.Token.IDToken()
		login, err = w.logIn(ctx, o)
	case oidctest.Refresh:
		login, err = client.Refresh(ctx, login.Token)
	case oidctest.ClaimSources:
		return w.claims(ctx, login)
	case oidctest.Logout:
		return w.logOut(ctx, login)
	case oidctest.BackChannelLogout, oidctest.FrontChannelLogout:
		return w.hearLogout(ctx, login)
	}
	if err != nil || a.ResponseType == "id_token" {
		return err
	}
	_, err = client.UserInfoOf(ctx, login.Token, who) // a refresh need not bring an ID Token
	return err
}

// configOf is what the client is configured with, or has registered.
func configOf(ctx context.Context, issuer string, a *oidctest.Attempt) (Config, error) {
	if a.Task != oidctest.Registration {
		return configured(issuer, a)
	}
	found, err := oauth2.Discover(ctx, a.HTTP, issuer)
	if err != nil {
		return Config{}, err
	}
	r, err := Register(ctx, Provider{AuthorizationServer: found}, ClientMetadata{
		ClientMetadata: oauth2.ClientMetadata{
			RedirectURIs:            []string{a.RedirectURI},
			ResponseTypes:           []string{a.ResponseType},
			GrantTypes:              []string{"authorization_code", "implicit"},
			TokenEndpointAuthMethod: "client_secret_basic",
		},
		IDTokenSignedResponseAlg: "RS256",
	}, oauth2.RegistrationOptions{HTTP: a.HTTP})
	if err != nil {
		return Config{}, err
	}
	c, err := ConfigOf(r, RegistrationKeys{})
	c.HTTP = a.HTTP
	return c, err
}

func configured(issuer string, a *oidctest.Attempt) (Config, error) {
	idToken, err := registration(a.Client.IDTokenAlgorithm, a.Client.IDTokenEncryption)
	if err != nil {
		return Config{}, err
	}
	userInfo, err := registration(a.Client.UserInfoAlgorithm, a.Client.UserInfoEncryption)
	if err != nil {
		return Config{}, err
	}
	c := Config{
		Issuer:   issuer,
		ID:       a.Client.ID,
		Auth:     oauth2.ClientSecret(a.Client.Secret),
		IDToken:  idToken,
		UserInfo: userInfo,
		HTTP:     a.HTTP,
		ClaimsProviders: []ClaimsProvider{{
			Issuer:    a.ClaimsProvider.Issuer,
			Keys:      a.ClaimsProvider.Keys,
			Endpoints: []string{a.ClaimsProvider.Endpoint},
		}},
	}
	if a.Client.Keys != nil {
		c.RequestObject = oauth2.RequestObject{Key: a.Client.Keys.All()[0], Algorithm: "RS256"}
	}
	return c, nil
}

// registration is how a client gets what is signed, and encrypted.
func registration(algorithm string, to oidctest.Recipient) (oauth2.SignedResponse, error) {
	s := oauth2.SignedResponse{SigningAlgorithm: algorithm}
	if to.Key == nil {
		return s, nil
	}
	var err error
	s.Decrypter, err = jose.NewDecrypter(jose.DecrypterConfig{
		Keys:        jose.NewSet(to.Key),
		Algorithms:  []string{to.Algorithm},
		Encryptions: []string{"A128CBC-HS256"},
	})
	return s, err
}

func (w attempted) logIn(ctx context.Context, o AuthorizationOptions) (*Login, error) {
	o.RedirectURI, o.ResponseType, o.ResponseMode = w.RedirectURI, w.ResponseType, w.ResponseMode
	o.ACRValues = strings.Fields(w.Params.Get("acr_values"))
	if w.Params.Has("claims") {
		o.Claims = &ClaimsRequest{}
		if err := json.Unmarshal([]byte(w.Params.Get("claims")), &struct {
			IDToken *map[string]ClaimRequest `json:"id_token"`
		}{&o.Claims.IDToken}); err != nil {
			return nil, err
		}
	}
	if w.Params.Has("max_age") {
		seconds, err := strconv.Atoi(w.Params.Get("max_age"))
		if err != nil {
			return nil, err
		}
		age := time.Duration(seconds) * time.Second
		o.MaxAge = &age
	}
	req, err := w.client.Authorize(ctx, o)
	if err != nil {
		return nil, err
	}
	came, err := w.Browse(req.URL)
	if err != nil {
		return nil, err
	}
	params, err := oauth2.ReadCallback(came)
	if err != nil {
		return nil, err
	}
	if _, err := w.client.CallbackState(ctx, params); err != nil {
		return nil, err // who has many transactions finds this one by its state
	}
	return w.client.Callback(ctx, params, req.Transaction)
}

func (w attempted) claims(ctx context.Context, login *Login) error {
	user, err := w.client.UserInfo(ctx, login)
	if err != nil {
		return err
	}
	for _, source := range user.Sources() {
		if _, err := w.client.ClaimsFrom(ctx, source); err != nil {
			return err
		}
	}
	return nil
}

func (w attempted) logOut(ctx context.Context, login *Login) error {
	req, err := w.client.Logout(ctx, LogoutOptions{
		RedirectURI: w.Client.PostLogoutRedirectURIs[0], IDTokenHint: login.Token.IDToken()})
	if err != nil {
		return err
	}
	came, err := w.Browse(req.URL)
	if err != nil {
		return err
	}
	params, err := oauth2.ReadCallback(came)
	if err != nil {
		return err
	}
	return w.client.LogoutCallback(ctx, params, req.Transaction)
}

// hearLogout has the session end at the word of the provider, or the browser.
func (w attempted) hearLogout(ctx context.Context, login *Login) error {
	heard := errors.New("nobody logged out")
	logOut := func(_ context.Context, who Identity, sid string) error {
		if who.Issuer == w.Issuer && (sid == login.IDToken.SessionID || sid == "" &&
			who == login.IDToken.Identity()) {
			heard = nil
		}
		return nil
	}
	refused := func(_ *http.Request, because error) { heard = because }
	w.Site.Handle("/backchannel", w.client.BackChannelLogout(logOut, refused))
	w.Site.Handle("/frontchannel", w.client.FrontChannelLogout(logOut, refused))
	if err := w.EndSession(ctx); err != nil {
		return err
	}
	return heard
}

// A record is what became of the attempts of a suite.
type record struct {
	mu       sync.Mutex
	outcomes map[string][]string        // distinct ones, by the name of the misbehavior
	failed   map[jose.CheckError]string // checks without their clause, by which misbehavior
}

// attempt attempts as all do, and records what comes of it.
func (r *record) attempt(ctx context.Context, a *oidctest.Attempt) error {
	err := attempt(jose.WithTrace(ctx, func(check, _ string, err error) {
		if err != nil {
			r.note(a.Misbehavior, jose.CheckError{Check: check})
		}
	}), a)
	eachCheck(err, func(e jose.CheckError) { r.note(a.Misbehavior, e) })
	r.mu.Lock()
	defer r.mu.Unlock()
	if got := suiteOutcome(err); !slices.Contains(r.outcomes[a.Misbehavior], got) {
		r.outcomes[a.Misbehavior] = append(r.outcomes[a.Misbehavior], got)
	}
	return err
}

func (r *record) note(misbehavior string, e jose.CheckError) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e.Clause = ""
	r.failed[e] = misbehavior
}

// eachCheck calls f with each check in an error.
func eachCheck(err error, f func(jose.CheckError)) {
	if e, ok := err.(*jose.CheckError); ok {
		f(*e)
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		eachCheck(e.Unwrap(), f)
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			eachCheck(inner, f)
		}
	}
}

// suiteOutcome names an error, and of a signed response what was wrong inside.
func suiteOutcome(err error) string {
	if status, ok := errors.AsType[*httpclient.StatusError](err); ok {
		return fmt.Sprintf("status %d", status.Status)
	}
	if errors.Is(err, jose.ErrDecryption) {
		return "decryption"
	}
	var checks []string
	eachCheck(err, func(e jose.CheckError) { checks = append(checks, e.Check) })
	if len(checks) > 1 {
		return "check " + strings.Join(checks, ", ")
	}
	return refusedBy(err)
}

// A site is where a check is made: its name and what must be, empty where the source has no
// literal. What the source puts together is cut at the first part that is no literal.
type site struct {
	check, need string
	whole       bool // need is all that must be
	place       string
}

// sites are those of files, which are told apart by what they call.
func sites(t *testing.T, files ...string) []site {
	t.Helper()
	var list []site
	fset := gotoken.NewFileSet()
	for _, name := range files {
		file, err := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			first, ok := map[string]int{"checkError": 0, "Check": 1, "Result": 0,
				"Because": 1}[called(call)]
			if !ok || len(call.Args) < first+2 {
				return true
			}
			s := site{place: fset.Position(n.Pos()).String()}
			s.check, _ = literal(call.Args[first])
			if called(call) != "Result" {
				s.need, s.whole = literal(call.Args[first+1])
			}
			if s.check+s.need == "" && called(call) != "Result" {
				t.Errorf("%s: cannot tell which check this is", s.place)
			}
			if s.check+s.need != "" {
				list = append(list, s)
			}
			return true
		})
	}
	return list
}

// called is the name of what is called.
func called(call *ast.CallExpr) string {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}

// literal is the text that an expression begins with, and whether that is all of it.
func literal(e ast.Expr) (text string, whole bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, err == nil
	case *ast.BinaryExpr:
		left, whole := literal(e.X)
		if !whole {
			return left, false
		}
		right, whole := literal(e.Y)
		return left + right, whole
	}
	return "", false
}

// The suite is passed, each thing that is wrong is refused for what is wrong with it, and every
// check of what a provider sends is provoked by one of them.
func TestSuite(t *testing.T) {
	r := &record{outcomes: map[string][]string{}, failed: map[jose.CheckError]string{}}
	oidctest.Suite(t, r.attempt)
	t.Run("reasons", r.testReasons)
	t.Run("checks", r.testChecks)
}

func (r *record) testReasons(t *testing.T) {
	want := map[string]string{}
	for reason, names := range refusedFor {
		for name := range strings.FieldsSeq(names) {
			if want[name] != "" {
				t.Errorf("%s has two reasons", name)
			}
			want[name] = reason
		}
	}
	for _, m := range oidctest.Misbehaviors() {
		reason := want[m.Name]
		if reason == "" && (m.Harmless || m.Optional) {
			reason = "accepted"
		}
		if got := strings.Join(r.outcomes[m.Name], " or "); got != reason {
			t.Errorf("%s: %s, want %s", m.Name, got, reason)
		}
		delete(want, m.Name)
	}
	for name := range want {
		t.Errorf("there is no %s", name)
	}
}

func (r *record) testChecks(t *testing.T) {
	all := sites(t, checkingFiles(t)...)
	excused := map[string]bool{}
	for _, group := range callersOwn {
		for beginning := range strings.SplitSeq(strings.TrimSpace(group.checks), "\n") {
			beginning = strings.TrimSpace(beginning)
			found := false
			for _, s := range all {
				if strings.HasPrefix(s.check+": "+s.need, beginning) {
					found, excused[s.place] = true, true
				}
			}
			if !found {
				t.Errorf("no check is %q", beginning)
			}
		}
	}
	for _, s := range all {
		switch by := r.provokedBy(s); {
		case by == "" && !excused[s.place]:
			t.Errorf("%s: nothing provokes %s: %s", s.place, s.check, s.need)
		case by != "" && excused[s.place]:
			t.Errorf("%s: %s: %s is provoked, by %s", s.place, s.check, s.need, by)
		}
	}
}

// provokedBy returns a misbehavior that made a check fail.
func (r *record) provokedBy(s site) string {
	for e, by := range r.failed {
		met := e.Need == s.need || !s.whole && strings.HasPrefix(e.Need, s.need)
		if met && (s.check == "" || s.check == e.Check) {
			return by
		}
	}
	return ""
}

// checkingFiles are those of this package, and those of oauth2 that read what a provider sends
// at a login.
func checkingFiles(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	isTest := func(name string) bool { return strings.HasSuffix(name, "_test.go") }
	files = slices.DeleteFunc(files, isTest)
	for _, name := range []string{"authorizationresponse", "callback", "jarm", "tokenresponse"} {
		files = append(files, "../oauth2/"+name+".go")
	}
	return files
}

// refusedFor says what refuses each misbehavior that is refused, for all response types alike.
// What is harmless and not here is accepted.
var refusedFor = map[string]string{
	"JSON": `
		keys_not_json keys_in_a_bare_list`,
	"check access_token": `
		token_response_without_access_token token_response_with_access_token_as_number
		refresh_brings_no_access_token`,
	"check acr": `
		id_token_with_another_acr id_token_without_acr id_token_with_another_essential_acr`,
	"check alg": `
		id_token_with_alg_none id_token_with_another_alg id_token_with_public_key_as_secret
		id_token_encrypted_with_rsa1_5 signed_userinfo_with_alg_none
		signed_userinfo_with_another_alg signed_userinfo_with_public_key_as_secret
		logout_token_with_alg_none logout_token_with_another_alg
		logout_token_with_public_key_as_secret`,
	"check at_hash": `
		id_token_with_wrong_at_hash id_token_with_wrong_at_hash_by_code id_token_without_at_hash`,
	"check aud": `
		id_token_for_another_client id_token_without_aud id_token_for_a_stranger_too
		signed_userinfo_for_another_client refresh_brings_id_token_for_another_client
		refresh_brings_id_token_for_a_stranger_too claims_for_another_client
		logout_token_for_another_client logout_token_without_aud logout_token_for_a_stranger_too`,
	"check auth_time": `
		id_token_without_auth_time id_token_of_an_old_login id_token_without_essential_auth_time
		refresh_brings_id_token_of_another_login`,
	"check authorization_endpoint": `
		metadata_without_authorization_endpoint metadata_with_http_authorization_endpoint`,
	"check authorization_signing_alg_values_supported": `
		signed_response_by_no_known_algorithm`,
	"check azp": `
		id_token_issued_to_another refresh_brings_id_token_issued_to_nobody_before`,
	"check body": `
		token_response_not_json token_response_with_token_type_twice userinfo_with_sub_twice
		userinfo_not_json userinfo_very_deep registration_not_json
		registration_with_client_id_twice`,
	"check c_hash": `
		id_token_with_wrong_c_hash id_token_without_c_hash`,
	"check claims": `
		id_token_with_exp_as_text id_token_with_claim_twice id_token_that_is_a_list
		id_token_with_claims_of_no_json signed_userinfo_with_claim_twice
		signed_userinfo_that_is_a_list signed_userinfo_with_claims_of_no_json
		logout_token_with_claim_twice logout_token_that_is_a_list
		logout_token_with_claims_of_no_json`,
	"check client_id": `
		registration_without_client_id registration_with_client_id_as_number`,
	"check client_id_issued_at": `
		registration_with_issued_at_as_text`,
	"check client_secret": `
		registration_with_secret_as_number`,
	"check client_secret_expires_at": `
		registration_without_end_of_secret`,
	"check code": `
		response_without_code signed_response_without_code`,
	"check code_challenge_methods_supported": `
		metadata_with_plain_pkce_alone`,
	"check compact": `
		id_token_unsigned id_token_without_signature id_token_in_two_parts id_token_not_encrypted
		userinfo_unsigned_as_token signed_userinfo_in_json_serialization signed_userinfo_unsigned
		signed_userinfo_without_signature signed_userinfo_in_two_parts
		refresh_brings_id_token_unsigned claims_unsigned logout_token_unsigned
		logout_token_without_signature logout_token_in_two_parts`,
	"check content_type": `
		metadata_page metadata_of_another_media_type token_response_page
		token_response_of_another_media_type userinfo_page userinfo_of_another_media_type
		signed_userinfo_not_signed_at_all webfinger_of_another_media_type
		claims_of_another_media_type registration_page registration_of_another_media_type`,
	"check crit": `
		id_token_with_unknown_crit signed_userinfo_with_unknown_crit
		logout_token_with_unknown_crit`,
	"check cty": `
		encrypted_userinfo_without_signature`,
	"check end_session_endpoint": `
		logout_at_endpoint_with_client_id`,
	"check endpoint": `
		claims_elsewhere`,
	"check events": `
		refresh_brings_id_token_that_is_a_logout_token logout_token_without_events
		logout_token_of_another_event`,
	"check exp": `
		id_token_expired id_token_without_exp signed_userinfo_expired
		refresh_brings_id_token_expired claims_expired logout_token_expired
		logout_token_without_exp`,
	"check header": `
		id_token_with_header_twice signed_userinfo_with_header_twice
		logout_token_with_header_twice`,
	"check iat": `
		id_token_without_iat id_token_of_last_week id_token_of_next_week
		signed_userinfo_of_next_week refresh_brings_id_token_of_before_the_login
		claims_of_next_week logout_token_without_iat logout_token_of_next_week`,
	"check id_token": `
		id_token_with_claims_of_wrong_types id_token_missing
		token_response_with_id_token_as_number`,
	"check id_token_signed_response_alg": `
		registration_with_another_alg`,
	"check id_token_signing_alg_values_supported": `
		metadata_with_no_algorithm_but_none`,
	"check iss": `
		response_of_another_issuer response_without_iss id_token_of_another_issuer
		id_token_without_iss signed_userinfo_of_another_issuer
		encrypted_userinfo_of_another_issuer_outside refresh_brings_id_token_of_another_issuer
		claims_of_another_issuer claims_without_iss third_party_at_another_issuer
		third_party_at_no_issuer front_channel_logout_of_another_issuer
		front_channel_logout_without_iss logout_token_of_another_issuer logout_token_without_iss`,
	"check issued_token_type": `
		token_response_with_issued_token_type_as_number`,
	"check issuer": `
		metadata_of_another_issuer metadata_with_a_slash_more metadata_without_issuer
		webfinger_without_links webfinger_with_another_relation webfinger_of_issuer_without_tls
		webfinger_of_issuer_with_query`,
	"check jrd": `
		webfinger_not_json webfinger_with_links_twice`,
	"check jti": `
		logout_token_without_jti logout_token_sent_twice`,
	"check jwks": `
		registration_with_keys_twice`,
	"check jwks_uri": `
		metadata_without_jwks_uri metadata_with_http_jwks_uri`,
	"check key": `
		keys_none keys_for_encryption keys_for_another_algorithm keys_of_other_ids keys_too_weak
		id_token_of_unknown_key signed_userinfo_of_unknown_key logout_token_of_unknown_key`,
	"check keys": `
		keys_a_thousand`,
	"check logout_request": `
		logout_token_sent_by_get`,
	"check logout_token": `
		logout_token_with_sid_as_number logout_token_missing logout_token_beside_another`,
	"check metadata": `
		metadata_with_issuer_as_list metadata_not_json metadata_with_issuer_twice
		registration_with_redirect_uris_as_text`,
	"check nbf": `
		id_token_not_yet_good signed_userinfo_not_yet_good claims_not_yet_good`,
	"check nonce": `
		id_token_with_another_nonce id_token_without_nonce
		refresh_brings_id_token_with_another_nonce logout_token_with_nonce`,
	"check parameters": `
		response_with_two_states response_with_two_codes response_with_bad_escape
		response_by_form_post_of_a_megabyte third_party_with_two_hints logout_with_two_states
		front_channel_logout_with_two_sids`,
	"check redirect_uris": `
		registration_of_another_redirect_uri`,
	"check refresh_token": `
		token_response_with_refresh_token_as_number`,
	"check registration_access_token": `
		registration_with_token_as_number`,
	"check registration_client_uri": `
		registration_with_token_and_no_uri registration_managed_elsewhere`,
	"check response": `
		response_signed_unasked signed_response_with_state_as_list signed_response_that_is_none
		signed_response_with_code_beside_it signed_response_with_state_beside_it
		signed_response_missing`,
	"check response, alg": `
		signed_response_with_alg_none signed_response_with_another_alg
		signed_response_with_public_key_as_secret`,
	"check response, aud": `
		signed_response_for_another_client signed_response_without_aud`,
	"check response, claims": `
		signed_response_with_claim_twice signed_response_that_is_a_list
		signed_response_with_claims_of_no_json`,
	"check response, compact": `
		signed_response_unsigned signed_response_without_signature signed_response_in_two_parts`,
	"check response, crit": `
		signed_response_with_unknown_crit`,
	"check response, exp": `
		signed_response_expired signed_response_without_exp`,
	"check response, header": `
		signed_response_with_header_twice`,
	"check response, iss": `
		signed_response_of_another_issuer signed_response_without_iss`,
	"check response, key": `
		signed_response_of_unknown_key`,
	"check response, typ": `
		signed_response_of_another_type`,
	"check response_type": `
		response_with_access_token_unasked response_without_access_token response_without_id_token
		response_with_code_unasked`,
	"check s_hash": `
		id_token_with_wrong_s_hash`,
	"check scope": `
		token_response_with_scope_as_number`,
	"check sid": `
		front_channel_logout_without_sid logout_token_with_empty_sid`,
	"check size": `
		id_token_of_half_a_megabyte`,
	"check state": `
		response_with_another_state response_without_state signed_response_with_another_state
		signed_response_without_state logout_with_another_state logout_without_state`,
	"check sub": `
		id_token_without_sub id_token_with_empty_sub id_token_with_long_sub
		id_token_with_sub_beyond_ascii id_token_of_another_user_than_asked
		id_token_of_another_user_than_hinted id_token_of_another_user userinfo_of_another_user
		userinfo_without_sub userinfo_with_sub_as_number signed_userinfo_of_another_user
		refresh_brings_id_token_of_another_user logout_token_without_sub_and_sid
		logout_token_with_long_sub`,
	"check target_link_uri": `
		third_party_to_another_site`,
	"check token_endpoint": `
		metadata_without_token_endpoint metadata_with_http_token_endpoint`,
	"check token_endpoint_auth_method": `
		registration_with_another_method`,
	"check token_type": `
		response_without_token_type response_of_another_token_type
		token_response_without_token_type token_response_of_another_token_type`,
	"check typ": `
		id_token_of_another_type signed_userinfo_of_another_type claims_of_another_type
		logout_token_of_another_type`,
	"check userinfo_endpoint": `
		metadata_without_userinfo_endpoint metadata_with_http_userinfo_endpoint`,
	"decryption": `
		id_token_badly_encrypted encrypted_userinfo_that_does_not_decrypt`,
	"insecure URL": `
		logout_without_endpoint registration_managed_without_tls`,
	"redirect": `
		token_response_redirect userinfo_redirect`,
	"server  400": `
		userinfo_for_tokens_in_a_form`,
	"server  401": `
		userinfo_refused`,
	"server access_denied 0": `
		response_with_error response_by_form_post_with_error response_with_error_and_code
		signed_response_with_error`,
	"server invalid_client_metadata 400": `
		registration_refused`,
	"server invalid_grant 200": `
		token_response_error_with_status_200`,
	"server invalid_grant 400": `
		token_response_error refresh_brings_refusal`,
	"signature": `
		signed_response_with_bad_signature signed_response_of_another_key
		signed_response_with_its_own_key id_token_with_bad_signature id_token_of_another_key
		id_token_with_its_own_key id_token_with_bad_es256 id_token_with_bad_hs256
		signed_userinfo_with_bad_signature signed_userinfo_of_another_key
		signed_userinfo_with_its_own_key refresh_brings_id_token_with_bad_signature
		claims_with_bad_signature claims_of_another_key logout_token_with_bad_signature
		logout_token_of_another_key logout_token_with_its_own_key`,
	"status 404": `
		metadata_missing keys_missing webfinger_not_found`,
	"the issuer found is not the one allowed": `
		webfinger_of_another_issuer`,
	"too large": `
		metadata_endless keys_endless token_response_endless token_response_compressed_without_end
		userinfo_endless webfinger_endless claims_endless registration_endless`,
}

// callersOwn are the checks that no provider provokes, each as its name and what must be, as
// far as the source has that in one piece.
var callersOwn = []struct{ why, checks string }{
	{"what the client is configured with", `
		client_id: must be configured
		client_authentication: must be configured
		leeway: must be at most 5 minutes
		replay_store: must have room
		userinfo_signed_response_alg:
		authorization_signed_response_alg: must be a signature algorithm
		: must be one of this module
		client_secret: must be as long as the hash
		claims_providers:
		oauth2:
		issuer: must be configured
		issuer: must be that of Provider
		issuer: must have no query
		jwks_uri: must be configured, or Keys
		userinfo_fix:`},
	{"which tenants, or audiences, it is told to trust: other checks come first without", `
		tenants:
		key: must be one that signs for the issuer
		tenant: must be the one in iss
		iss: must be that of the hint
		iss: must be that of the login
		aud: must be that of the login`},
	{"what is to be registered", `
		key: must be given to sign request objects
		: must have a Decrypter
		default_max_age:
		initiate_login_uri:
		application_type:
		redirect_uris:
		grant_types:
		: must be registered where pairwise
		: must be one of package jose
		post_logout_redirect_uris:
		backchannel_logout_uri:
		frontchannel_logout_uri:
		: must be https`},
	{"what is asked for", `
		post_logout_redirect_uri:
		: must not have state in its query
		max_age:
		prompt:
		acr_values: must have none that is empty
		id_token_hint:
		params: must not have
		claims: must have names
		claims: must have values
		claims: must ask for
		nonce: must be given
		identifier: must be an address
		response_type: must be code, or package oidc used
		redirect_uri: must be a URL`},
	{"what the caller kept, or does twice", `
		transaction: must be of a
		code: must have been asked for
		code: must be sent once
		code_verifier: must be in the transaction
		id_token: must follow one that can be read
		id_token: must be one that can be read, to be followed
		id_token: must have been verified by this client
		identity: must be of a user of this provider
		source: must be of UserInfo.Sources`},
	{"what comes of no browser", `
		response_mode: must be a GET, or a POST with a form
		logout_request: must be a GET`},
}
