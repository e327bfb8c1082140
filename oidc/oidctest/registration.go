package oidctest

import "net/http"

// routeRegistration adds the endpoints of dynamic registration to mux.
func (p *Provider) routeRegistration(mux *http.ServeMux, prefix string) {}

// registrationMetadata adds what the metadata says of registration.
func (p *Provider) registrationMetadata(metadata map[string]any) {}
