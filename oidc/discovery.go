package oidc

// An EndpointMove is an endpoint that new metadata has on another host.
type EndpointMove struct {
	Name     string // in the metadata: "token_endpoint"
	From, To string // the URLs
}
