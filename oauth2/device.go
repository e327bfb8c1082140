package oauth2

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"slices"
	"time"

	"vouchsafe/httpclient"
	"vouchsafe/internal/refusal"
	"vouchsafe/internal/verdict"
	"vouchsafe/internal/wait"
)

// A DeviceAuthorization is a login on another device about to begin, RFC 8628, Section
// 3.2. Show the user UserCode and VerificationURI, and then wait for the token with
// [Client.DeviceToken].
type DeviceAuthorization struct {
	// UserCode is what the user enters at VerificationURI: https, or http on loopback.
	UserCode        string
	VerificationURI string

	// VerificationURIComplete has the code in it, for a QR code; empty if there is none.
	// UserCode must be shown beside it (RFC 8628, Section 3.3.1).
	VerificationURIComplete string

	// ExpiresAt is when the codes end.
	ExpiresAt time.Time

	// Interval is the least time between two questions for the token.
	Interval time.Duration

	digest string
	device func() string // hidden from fmt as in Token
	scopes []string
}

const (
	deviceClause = "RFC 8628, Section 3.2"

	deviceInterval = 5 * time.Second // if the server names none, and what slow_down adds
	maxInterval    = time.Hour
)

// DeviceAuthorization asks for the codes of a login on another device, RFC 8628, Section
// 3.1.
func (c *Client) DeviceAuthorization(
	ctx context.Context, o TokenOptions,
) (*DeviceAuthorization, error) {
	s := step{
		endpoint: "device_authorization_endpoint",
		url:      c.config.Server.DeviceAuthorizationEndpoint,
		clause:   "RFC 8628, Section 3.1",
		auth:     c.config.Auth,
		request:  c.config.Hooks.DeviceAuthorizationRequest,
		response: c.config.Hooks.DeviceAuthorizationResponse,
		close:    true,
	}
	form, err := c.form(nil, o)
	if err != nil {
		return nil, err
	}
	a, err := c.exchange(ctx, s, form)
	if err != nil {
		return nil, err
	}
	return c.readDevice(ctx, a, o.Scopes)
}

// readDevice reads a device authorization response, RFC 8628, Section 3.2.
func (c *Client) readDevice(
	ctx context.Context, a answer, asked []string,
) (*DeviceAuthorization, error) {
	l := checks(ctx)
	m := a.accepted(l, deviceClause, false)
	d := &DeviceAuthorization{digest: c.digest, scopes: slices.Clone(asked)}
	var code string
	text(l, m, "device_code", deviceClause, &code, true)
	text(l, m, "user_code", deviceClause, &d.UserCode, true)
	text(l, m, "verification_uri", deviceClause, &d.VerificationURI, true)
	text(l, m, "verification_uri_complete", deviceClause, &d.VerificationURIComplete, false)
	c.checkShown(l, "verification_uri", d.VerificationURI)
	c.checkShown(l, "verification_uri_complete",
		cmp.Or(d.VerificationURIComplete, d.VerificationURI))
	life, ok := seconds(m.Get("expires_in"))
	l.Check(ok && life > 0, "expires_in", "must be a number of seconds", deviceClause)
	interval, ok := seconds(m.Get("interval"))
	l.Check(ok || absent(m.Get("interval")), "interval", "must be a number of seconds",
		deviceClause)
	if err := l.Err(); err != nil {
		return nil, err
	}
	d.ExpiresAt = a.now.Add(time.Duration(min(life, century)) * time.Second)
	d.Interval = deviceInterval
	if ok {
		d.Interval = min(time.Duration(min(max(interval, 1), century))*time.Second, maxInterval)
	}
	d.device = hide(code)
	return d, nil
}

// checkShown refuses a URL that the user must not be sent to.
func (c *Client) checkShown(l *verdict.List, check, raw string) {
	// Not CheckURL: it may have a fragment. A nil URL is one that does not parse.
	u, _ := url.Parse(raw)
	err := httpclient.CheckParsedURL(c.config.HTTP, u)
	l.Result(check, deviceClause,
		refusal.Because(err, check, "must be https, or http on loopback", deviceClause))
}

// DeviceToken waits until the user has let the client in, and returns the token, RFC
// 8628, Section 3.4. It asks every d.Interval, and more slowly once the server says so,
// does not answer or drops the connection; it ends when ctx does, when the codes expire,
// and at any other error: an [*Error] with code access_denied if the user refused, with
// code expired_token, or a [*jose.CheckError] named expires_in, if nobody came in time.
func (c *Client) DeviceToken(ctx context.Context, d *DeviceAuthorization) (*Token, error) {
	if d == nil || d.device == nil || d.digest != c.digest {
		return nil, checkError("device_code", "must be of a request by this client to this server",
			"RFC 8628, Section 3.4")
	}
	interval := max(d.Interval, time.Second)
	for pause := interval; ; {
		if !c.config.Now().Add(pause).Before(d.ExpiresAt) {
			return nil, checkError("expires_in", "must not have passed", "RFC 8628, Section 3.2")
		}
		if err := wait.For(ctx, pause); err != nil {
			return nil, err
		}
		tok, err := c.pollDevice(ctx, d)
		if err == nil {
			return tok, nil
		}
		_, refused := errors.AsType[*Error](err)
		if !refused && ctx.Err() != nil { // a deadline looks like a timeout of the server's
			return nil, err
		}
		if interval, pause, err = slower(interval, err); err != nil {
			return nil, err
		}
	}
}

// pollDevice asks once for the token.
func (c *Client) pollDevice(ctx context.Context, d *DeviceAuthorization) (*Token, error) {
	s := c.tokenStep()
	// A server that ends idle connections after just that interval would lose the next.
	s.close = true
	a, err := c.exchange(ctx, s, url.Values{
		"grant_type":  {"urn:ietf:params:oauth:grant-type:device_code"},
		"device_code": {d.device()},
	})
	if err != nil {
		return nil, err
	}
	return c.readToken(ctx, a, d.scopes)
}

// slower returns the interval after an answer that is no token, RFC 8628, Section 3.5,
// and how long to wait now; or the error, if asking again is no use.
func slower(interval time.Duration, err error) (next, pause time.Duration, _ error) {
	refusal, refused := errors.AsType[*Error](err)
	switch {
	case !refused && lost(err):
		interval *= 2
	case !refused:
		return 0, 0, err
	case refusal.Code == "authorization_pending":
	case refusal.Code == "slow_down":
		interval += deviceInterval
	case refusal.Code == "" && busy(refusal.Status):
		interval *= 2
	default:
		return 0, 0, err
	}
	interval = min(interval, maxInterval)
	if refused {
		return interval, max(interval, refusal.RetryAfter), nil
	}
	return interval, interval, nil
}
