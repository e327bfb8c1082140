package oidc

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"vouchsafe/httpclient"
	"vouchsafe/internal/discovery"
	"vouchsafe/internal/refusal"
	"vouchsafe/internal/strictjson"
	"vouchsafe/internal/verdict"
)

const (
	issuerRelation = "http://openid.net/specs/connect/1.0/issuer"

	maxIdentifier = 2048
	maxDescriptor = 64 << 10
)

// DiscoverIssuer asks the host of what a user typed for the issuer that the user logs in at,
// OpenID Connect Discovery 1.0, Section 2 and RFC 7033. identifier is an address like
// joe@example.com, an acct or https URI, or a host with or without a port and a path; white
// space around it and a fragment are removed. Others, XRIs and telephone numbers among them,
// are refused.
//
// client sends the one request, which is always https and whose redirects are not followed;
// if it is nil, one of [httpclient.New] does. A stranger chooses the host: use a client with
// [httpclient.Options].PublicOnly, or the request may go to a host of the application's own
// network.
//
// The issuer is what that host says it is, the first that it links to and that can be one.
// It says nothing about who the user is, nor that the issuer can be trusted: compare it
// with those that the application allows before a [Client] of it is made. The error is,
// wrapped, a [*jose.CheckError], an [*httpclient.StatusError], with status 404 if the host
// knows no such user, or that of the exchange.
func DiscoverIssuer(
	ctx context.Context, client *http.Client, identifier string,
) (string, error) {
	issuer, err := discoverIssuer(ctx, client, identifier)
	if err != nil {
		return "", fmt.Errorf("oidc: WebFinger: %w", err)
	}
	return issuer, nil
}

func discoverIssuer(
	ctx context.Context, client *http.Client, identifier string,
) (string, error) {
	resource, host, err := normalize(identifier)
	if err != nil {
		return "", err
	}
	query := url.Values{"resource": {resource}, "rel": {issuerRelation}}
	place := "https://" + host + "/.well-known/webfinger?" + query.Encode()
	resp, err := httpclient.GetWith(ctx, client, place, maxDescriptor,
		http.Header{"Accept": {"application/jrd+json, application/json"}})
	if err != nil {
		return "", err
	}
	return readDescriptor(ctx, client, resp)
}

// normalize returns the WebFinger resource and host of what a user typed.
func normalize(identifier string) (resource, host string, err error) {
	id, _, _ := strings.Cut(strings.TrimSpace(identifier), "#")
	if id == "" || len(id) > maxIdentifier || strings.ContainsAny(id[:1], "=@+$!") ||
		strings.Trim(id, uriCharacters) != "" {
		return "", "", errIdentifier()
	}
	resource = withScheme(id)
	host, ok := hostOf(resource)
	if !ok || httpclient.CheckParsedURL(nil, &url.URL{Scheme: "https", Host: host}) != nil {
		return "", "", errIdentifier()
	}
	return resource, host, nil
}

// uriCharacters are those of RFC 3986, Section 2, without the number sign.
const uriCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789" +
	"-._~:/?[]@!$&'()*+,;=%"

func errIdentifier() error {
	return checkError("identifier", "must be an address, an acct or https URI, or a host in ASCII",
		"OpenID Connect Discovery 1.0, Section 2.1.2")
}

// withScheme puts the scheme before an identifier that has none.
func withScheme(id string) string {
	if hasScheme(id, "https://") || hasScheme(id, "acct:") {
		return id
	}
	end := strings.IndexAny(id+"/", "/?")
	authority, rest := id[:end], id[end:]
	at := strings.LastIndex(authority, "@")
	if at > 0 {
		user, host := authority[:at], authority[at:]
		authority = strings.ReplaceAll(user, "@", "%40") + host
		if rest == "" && !strings.Contains(host, ":") {
			return "acct:" + authority
		}
	}
	if rest == "" {
		rest = "/" // RFC 3986, Section 6.2.3, and the example of Section 2.2.3
	}
	return "https://" + authority + rest
}

func hasScheme(id, scheme string) bool {
	return len(id) > len(scheme) && strings.EqualFold(id[:len(scheme)], scheme)
}

// hostOf returns the host, and port, of a resource; RFC 7565, Section 7 says what an acct
// URI is.
func hostOf(resource string) (string, bool) {
	if hasScheme(resource, "acct:") {
		account := resource[len("acct:"):]
		if strings.ContainsAny(account, "/?") || strings.Index(account, "@") < 1 ||
			strings.Count(account, "@") > 1 {
			return "", false
		}
		resource = "https://" + account
	}
	u, err := url.Parse(resource)
	if err != nil {
		return "", false
	}
	_, password := u.User.Password()
	return u.Host, !password && !strings.HasSuffix(u.Host, ":")
}

// readDescriptor returns the issuer of a JSON Resource Descriptor, RFC 7033, Section 4.4.
func readDescriptor(
	ctx context.Context, client *http.Client, resp *httpclient.Response,
) (string, error) {
	var descriptor struct {
		Links []struct {
			Rel  string `json:"rel"`
			Href string `json:"href"`
		} `json:"links"`
	}
	l := verdict.New(ctx, checkError)
	l.Check(httpclient.HasMediaType(resp.Header, "application/jrd+json") ||
		httpclient.HasMediaType(resp.Header, "application/json"),
		"content_type", "must be application/jrd+json", "RFC 7033, Section 4.2")
	err := strictjson.Unmarshal(string(resp.Body), &descriptor)
	l.Result("jrd", "RFC 7033, Section 4.4",
		refusal.Because(err, "jrd", "must be one strict JSON object", "RFC 7033, Section 4.4"))
	issuer := ""
	for _, link := range descriptor.Links {
		if issuer == "" && link.Rel == issuerRelation && canIssue(client, link.Href) {
			issuer = link.Href
		}
	}
	l.Check(issuer != "", "issuer", "must be a link to an https URL without a query",
		"OpenID Connect Discovery 1.0, Section 2")
	return issuer, l.Err()
}

func canIssue(client *http.Client, issuer string) bool {
	u, err := discovery.CheckIssuer(client, issuer, metadataClause)
	return err == nil && u.Scheme == "https"
}
