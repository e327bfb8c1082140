package compliance

import (
	"context"
	"net/http"
	"net/url"
	"reflect"
	"strings"

	"vouchsafe/oauth2"
)

// A Dialect is what a provider does otherwise than the specifications say, as data. The zero
// value is a provider that conforms. What it does not cover is for hooks.
type Dialect struct {
	// ParameterNames are the provider's own names for parameters of authorization and token
	// requests: {"client_id": "client_key"}. A parameter whose name is empty is not sent.
	ParameterNames map[string]string

	// CodeParameter is the callback's own name for the code.
	CodeParameter string

	// Headers are headers of the requests for tokens, to get and to refresh them, and of all
	// that have the user's token: {"Notion-Version": "2022-06-28"}. {client_id} stands for
	// the client's ID. One with {access_token} goes with calls of the API alone, and so does
	// Authorization, which it replaces, or if it is empty removes.
	Headers map[string]string

	// TokenResponse is how token responses are read.
	TokenResponse Response

	// SecretIssuer and SecretAudience make the client secret a JSON Web Token, signed with
	// Config.PrivateKey for each request: they are its iss and aud, and its sub is the
	// client's ID. SecretKeyID is its kid; if empty, the key must have an ID. Apple calls the
	// issuer team.
	SecretIssuer   string
	SecretAudience string
	SecretKeyID    string

	// CallbackParameters are parameters of the callback to keep in Login.Callback. Where the
	// ID Token alone says who the user is, UserInfoNames may point to them below /callback, and
	// into them if they are JSON. Nobody has signed them.
	CallbackParameters []string

	// UntypedUserInfo takes UserInfo that is JSON, and a list of addresses that is, whatever
	// media type they declare.
	UntypedUserInfo bool

	// StandardBase64Keys takes keys whose numbers are in base64 instead of base64url, with
	// padding or with octets of zero before them, against RFC 7518, Section 6.
	StandardBase64Keys bool
}

// Hooks returns what makes a client speak d. clientID is its ID; form says whether token
// responses may be forms.
func (d Dialect) Hooks(clientID string, form bool) oauth2.Hooks {
	d = mapped(reflect.ValueOf(d), strings.Clone).Interface().(Dialect) // the caller keeps his
	var h oauth2.Hooks
	if len(d.ParameterNames) > 0 {
		h.AuthorizationRequest = []oauth2.AuthorizationHook{d.renameInURL}
		h.AccessTokenRequest = append(h.AccessTokenRequest, d.renameInForm)
		h.RefreshTokenRequest = append(h.RefreshTokenRequest, d.renameInForm)
	}
	if d.CodeParameter != "" {
		h.AuthorizationResponse = []oauth2.CallbackHook{d.renameCode}
	}
	if len(d.Headers) > 0 {
		headers := d.tokenHeaders(clientID)
		h.AccessTokenRequest = append(h.AccessTokenRequest, headers)
		h.RefreshTokenRequest = append(h.RefreshTokenRequest, headers)
		h.ProtectedRequest = []oauth2.RequestHook{d.apiHeaders(clientID)}
	}
	if !reflect.ValueOf(d.TokenResponse).IsZero() {
		read := []oauth2.ResponseHook{d.TokenResponse.hook(form)}
		h.AccessTokenResponse, h.RefreshTokenResponse = read, read
	}
	if d.StandardBase64Keys {
		h.KeySetResponse = []oauth2.ResponseHook{standardBase64Keys}
	}
	if d.UntypedUserInfo {
		h.UserInfoResponse = []oauth2.ResponseHook{asJSON}
	}
	return h
}

// renameInURL renames the parameters of an authorization request, in their order.
func (d Dialect) renameInURL(_ context.Context, u *url.URL) error {
	var pairs []string
	for pair := range strings.SplitSeq(u.RawQuery, "&") {
		name, value, _ := strings.Cut(pair, "=")
		own, renamed := d.ParameterNames[name]
		switch {
		case !renamed:
			pairs = append(pairs, pair)
		case own != "":
			pairs = append(pairs, url.QueryEscape(own)+"="+value)
		}
	}
	u.RawQuery = strings.Join(pairs, "&")
	return nil
}

func (d Dialect) renameInForm(_ context.Context, req *http.Request) error {
	form := url.Values{}
	for name, values := range req.PostForm {
		if own, renamed := d.ParameterNames[name]; renamed {
			name = own
		}
		if name != "" {
			form[name] = values
		}
	}
	req.PostForm = form
	return nil
}

// renameCode gives the code of a callback its name. What the provider calls code is not it.
func (d Dialect) renameCode(_ context.Context, params url.Values) error {
	delete(params, "code")
	if code, ok := params[d.CodeParameter]; ok {
		params["code"] = code
	}
	return nil
}

const accessToken = "{access_token}"

func (d Dialect) tokenHeaders(clientID string) oauth2.RequestHook {
	return func(_ context.Context, req *http.Request) error {
		for name, value := range d.Headers {
			ofAPI := http.CanonicalHeaderKey(name) == "Authorization"
			if !ofAPI && !strings.Contains(value, accessToken) {
				req.Header.Set(name, strings.ReplaceAll(value, "{client_id}", clientID))
			}
		}
		return nil
	}
}

func (d Dialect) apiHeaders(clientID string) oauth2.RequestHook {
	return func(_ context.Context, req *http.Request) error {
		_, token, _ := strings.Cut(req.Header.Get("Authorization"), " ")
		fill := strings.NewReplacer("{client_id}", clientID, accessToken, token)
		for name, value := range d.Headers {
			if value == "" {
				req.Header.Del(name)
				continue
			}
			req.Header.Set(name, fill.Replace(value))
		}
		return nil
	}
}
