package oidctest

import "net/http"

// routeLogout adds the endpoints of logout to mux.
func (p *Provider) routeLogout(mux *http.ServeMux, prefix string) {}

// logoutMetadata adds what the metadata says of logout.
func (p *Provider) logoutMetadata(metadata map[string]any) {}
