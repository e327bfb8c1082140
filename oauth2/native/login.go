package native

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"vouchsafe/oauth2"
)

// Options are what a [Login] asks for and how it goes about it. Tell is required.
type Options struct {
	// Scopes are the scopes asked for, RFC 6749, Section 3.3.
	Scopes []string

	// Resources are where the token is for, RFC 8707, Section 2.
	Resources []string

	// Params are further parameters, each with one or more values: of the authorization
	// request, or of the device authorization request if that is made.
	Params url.Values

	// Path is the path of the redirect URI, as [Listen] has it: "/callback" if empty. It
	// should be of this server alone (RFC 8252, Section 8.10).
	Path string

	// Device uses the device grant, RFC 8628, even where there is a browser.
	Device bool

	// Tell tells the user what to do. It may ask first, "Press Enter to open the
	// browser", and its error ends the login. Required: the package prints nothing.
	Tell func(context.Context, Instruction) error

	// Open opens a URL in a browser on this machine, for which any reason not to is an
	// error. If nil, [Open]. One that does nothing leaves it to the user, who has been
	// told the URL.
	Open func(ctx context.Context, rawURL string) error
}

// An Instruction is what a user must know to log in: one of the two is set.
type Instruction struct {
	// URL is about to be opened in a browser on this machine. Show it, for if none comes
	// up, or the wrong one.
	URL string

	// Device has a URL to open on any device and the code to enter there. A QR code of
	// VerificationURIComplete may stand beside them (RFC 8628, Section 3.3.1).
	Device *oauth2.DeviceAuthorization
}

var errTell = errors.New("native: Options.Tell is required")

// Login logs the user of a program in by the browser, RFC 8252, and returns the token. If
// no browser can be opened, over SSH for example, it uses the device grant, RFC 8628, if
// the server has that: the user may then be told twice, of the URL and of the code.
//
// The error is that of Callback or DeviceToken of [oauth2.Client], thus an [*oauth2.Error]
// with code access_denied if the user refused; [ErrNoBrowser], or that of Open, if there is
// no way to log in; that of Tell; or the cause of ctx's end. Give ctx a deadline: a user who
// closes the browser does not come back.
func Login(ctx context.Context, c *oauth2.Client, o Options) (*oauth2.Token, error) {
	if o.Tell == nil {
		return nil, errTell
	}
	if o.Device {
		return deviceLogin(ctx, c, o)
	}
	tok, err := browserLogin(ctx, c, o)
	unopened, ok := errors.AsType[*unopenedError](err)
	switch {
	case !ok:
		return tok, err
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case c.Server().DeviceAuthorizationEndpoint == "":
		return nil, fmt.Errorf("%w, and the server has no device_authorization_endpoint",
			unopened.cause)
	}
	return deviceLogin(ctx, c, o)
}

// An unopenedError is that of a login that did not get as far as the browser.
type unopenedError struct{ cause error }

func (e *unopenedError) Error() string { return e.cause.Error() }

// browserLogin logs in by the browser on this machine.
func browserLogin(ctx context.Context, c *oauth2.Client, o Options) (*oauth2.Token, error) {
	open := o.Open
	if open == nil {
		open = Open
		if _, err := thisSystem().opener(""); err != nil {
			return nil, &unopenedError{err}
		}
	}
	r, err := Listen(o.Path)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	req, err := c.Authorize(ctx, oauth2.AuthorizationOptions{
		RedirectURI: r.RedirectURI(),
		Scopes:      o.Scopes,
		Resources:   o.Resources,
		Params:      o.Params,
	})
	if err != nil {
		return nil, err
	}
	if err := o.Tell(ctx, Instruction{URL: req.URL}); err != nil {
		return nil, err
	}
	if err := open(ctx, req.URL); err != nil {
		return nil, &unopenedError{err}
	}
	params, err := r.Callback(ctx, req.Transaction.State())
	if err != nil {
		return nil, err
	}
	return c.Callback(ctx, params, req.Transaction)
}

// deviceLogin logs in by a browser on another device.
func deviceLogin(ctx context.Context, c *oauth2.Client, o Options) (*oauth2.Token, error) {
	d, err := c.DeviceAuthorization(ctx, oauth2.TokenOptions{
		Scopes:    o.Scopes,
		Resources: o.Resources,
		Params:    o.Params,
	})
	if err != nil {
		return nil, err
	}
	if err := o.Tell(ctx, Instruction{Device: d}); err != nil {
		return nil, err
	}
	return c.DeviceToken(ctx, d)
}
