// Package discovery is what the discovery of authorization servers and of OpenID Providers
// have in common: the places where an issuer's metadata may be, a fetch that asks them in
// turn and knows when a copy is still good, and what every such document must pass.
package discovery

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"vouchsafe/httpclient"
	"vouchsafe/internal/refusal"
	"vouchsafe/internal/strictjson"
	"vouchsafe/internal/verdict"
	"vouchsafe/jose"
)

// What the documents are called.
const (
	Server = "/.well-known/oauth-authorization-server" // RFC 8414, Section 3
	OpenID = "/.well-known/openid-configuration"       // OpenID Connect Discovery 1.0, Section 4
)

// Inserted returns where a document is that stands before the issuer's path, RFC 8414,
// Section 3.
func Inserted(issuer *url.URL, document string) string {
	return issuer.Scheme + "://" + issuer.Host + document + path(issuer)
}

// Appended returns where a document is that stands behind the issuer's path, OpenID Connect
// Discovery 1.0, Section 4.1.
func Appended(issuer *url.URL, document string) string {
	return issuer.Scheme + "://" + issuer.Host + path(issuer) + document
}

func path(issuer *url.URL) string { return strings.TrimSuffix(issuer.EscapedPath(), "/") }

// maxLength bounds a document.
const maxLength = 1 << 20

// A Copy is a document as it was read, and what tells whether it is still good.
type Copy[T any] struct {
	Value T

	place      string
	validators http.Header
}

// Fetch returns the document at the first of places, distinct ones, that does not lack it,
// as read reads it; or held, which may be nil, if that is still good. If all lack it, the
// error is of the first.
func Fetch[T any](
	ctx context.Context, client *http.Client, places []string, held *Copy[T],
	read func(*httpclient.Response) (T, error),
) (*Copy[T], error) {
	var missing error
	for _, place := range places {
		found, err := fetch(ctx, client, place, held, read)
		if err == nil || !isMissing(err) {
			return found, err
		}
		missing = cmp.Or(missing, err)
	}
	return nil, missing
}

// fetch is Fetch for one place.
func fetch[T any](
	ctx context.Context, client *http.Client, place string, held *Copy[T],
	read func(*httpclient.Response) (T, error),
) (*Copy[T], error) {
	var validators http.Header
	if held != nil && held.place == place {
		validators = held.validators
	}
	resp, err := httpclient.GetWith(ctx, client, place, maxLength, validators)
	if err != nil {
		return nil, err
	}
	if resp.Status == http.StatusNotModified {
		return held, nil
	}
	value, err := read(resp)
	if err != nil {
		return nil, err
	}
	return &Copy[T]{value, place, resp.Validators()}, nil
}

// isMissing reports whether err says that there is nothing where it was looked for, but
// perhaps the page that a server has for every path, or the way to log in.
func isMissing(err error) bool {
	if errors.Is(err, &jose.CheckError{Check: "content_type"}) {
		return true
	}
	e, ok := errors.AsType[*httpclient.StatusError](err)
	return ok && (e.Status/100 == 4 && e.Status != http.StatusTooManyRequests || e.Status/100 == 3)
}

// Read reads metadata into v: strict JSON that is declared as such.
func Read(l *verdict.List, resp *httpclient.Response, v any, clause string) {
	l.Check(httpclient.HasMediaType(resp.Header, "application/json"),
		"content_type", "must be application/json", clause)
	if l.Err() != nil {
		return
	}
	err := strictjson.Unmarshal(string(resp.Body), v)
	l.Result("metadata", clause,
		refusal.Because(err, "metadata", "must be one strict JSON object", clause))
}

// An Endpoint is one of a server's URLs, under its name in metadata.
type Endpoint struct{ Name, URL string }

// Endpoints returns those that metadata, a struct, has: the members whose names end in
// _endpoint or _uri.
func Endpoints(metadata any) []Endpoint {
	return appendEndpoints(nil, reflect.ValueOf(metadata))
}

func appendEndpoints(list []Endpoint, v reflect.Value) []Endpoint {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name := f.Tag.Get("json")
		isURL := strings.HasSuffix(name, "_endpoint") || strings.HasSuffix(name, "_uri")
		if f.Anonymous {
			list = appendEndpoints(list, v.Field(i))
		} else if url := v.Field(i); isURL && url.String() != "" {
			list = append(list, Endpoint{name, url.String()})
		}
	}
	return list
}

// Clone returns metadata, a struct, whose lists are its own.
func Clone[T any](metadata T) T {
	cloneLists(reflect.ValueOf(&metadata).Elem())
	return metadata
}

func cloneLists(v reflect.Value) {
	for i := range v.NumField() {
		switch f := v.Field(i); f.Kind() {
		case reflect.Struct:
			cloneLists(f)
		case reflect.Slice:
			if !f.IsNil() {
				f.Set(reflect.AppendSlice(reflect.MakeSlice(f.Type(), 0, f.Len()), f))
			}
		}
	}
}

// CheckEndpoints refuses endpoints that secrets must not be sent to. What an issuer says
// that is https sends nobody to http on the machine that asks.
func CheckEndpoints(
	l *verdict.List, client *http.Client, issuer string, endpoints []Endpoint, clause string,
) {
	for _, e := range endpoints {
		u, err := httpclient.CheckURL(client, e.URL)
		err = refusal.Because(err, e.Name, "must be https, or http on loopback or one of the "+
			"client's InsecureHTTPHosts", clause)
		if err == nil && u.Scheme != "https" && isHTTPS(issuer) {
			err = checkError(e.Name, "must be https as the issuer is", clause)
		}
		l.Result(e.Name, clause, err)
	}
}

func isHTTPS(raw string) bool {
	u, err := url.Parse(raw)
	return err == nil && u.Scheme == "https"
}

// CheckIssuer parses an issuer identifier, which is a URL that can be asked and has no query.
func CheckIssuer(client *http.Client, issuer, clause string) (*url.URL, error) {
	u, err := httpclient.CheckURL(client, issuer)
	if err != nil {
		return nil, refusal.Because(err, "issuer", "must be a URL that can be asked", clause)
	}
	if strings.Contains(issuer, "?") {
		return nil, checkError("issuer", "must have no query", clause)
	}
	return u, nil
}

// CheckRedirect parses a URI that the browser is to come back to, and where nobody else can
// read what comes (RFC 9700, Section 2.1). A scheme of a native application's own is a domain
// name's reverse, which has a dot (RFC 8252, Section 7.1).
func CheckRedirect(check, raw, clause string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil || !u.IsAbs() || strings.Contains(raw, "#") || u.User != nil {
		return nil, checkError(check,
			"must be absolute, without a fragment or user information", clause)
	}
	if !strings.Contains(u.Scheme, ".") {
		if err := httpclient.CheckParsedURL(nil, u); err != nil {
			return nil, refusal.Because(err, check,
				"must be https, http on loopback, or of a scheme with a dot", clause)
		}
	}
	return u, nil
}

func checkError(check, need, clause string) error {
	return &jose.CheckError{Check: check, Need: need, Clause: clause}
}

// Algorithms returns those that a server may sign with for a client: the one that it is
// registered with, or those of package jose that the metadata advertises and that are of a
// key pair, RS256 if it advertises none.
func Algorithms(registered string, advertised []string) []string {
	if registered != "" {
		return []string{registered}
	}
	if len(advertised) == 0 {
		return []string{"RS256"}
	}
	return slices.DeleteFunc(jose.SignatureAlgorithms(), func(ours string) bool {
		return strings.HasPrefix(ours, "HS") || !slices.Contains(advertised, ours)
	})
}
