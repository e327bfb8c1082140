package oidc

import (
	"reflect"

	"vouchsafe/internal/discovery"
	"vouchsafe/oauth2"
)

// A Provider is OpenID Provider metadata, OpenID Connect Discovery 1.0, Section 3.
type Provider struct {
	oauth2.AuthorizationServer

	UserInfoEndpoint                  string   `json:"userinfo_endpoint"`
	EndSessionEndpoint                string   `json:"end_session_endpoint"` // RP-Initiated Logout 1.0, Section 2.1
	IDTokenSigningAlgValuesSupported  []string `json:"id_token_signing_alg_values_supported"`
	UserInfoSigningAlgValuesSupported []string `json:"userinfo_signing_alg_values_supported"`
	PromptValuesSupported             []string `json:"prompt_values_supported"` // Prompt Create 1.0, Section 4.2
}

// merge returns p with the fields that over sets in place of p's.
func (p Provider) merge(over Provider) Provider {
	to, from := reflect.ValueOf(&p).Elem(), reflect.ValueOf(over)
	for _, f := range reflect.VisibleFields(to.Type()) {
		if set := from.FieldByIndex(f.Index); !f.Anonymous && !set.IsZero() {
			to.FieldByIndex(f.Index).Set(set)
		}
	}
	return p
}

// algorithms returns those that the provider may sign with: the one registered, or those
// of ours that it advertises under name (OpenID Connect Core 1.0, Section 3.1.3.7, rule 7).
func algorithms(name, registered string, advertised []string) ([]string, error) {
	accepted := discovery.Algorithms(registered, advertised)
	if len(accepted) == 0 {
		return nil, checkError(name, "must have an algorithm of this module", metadataClause)
	}
	return accepted, nil
}

// clone returns metadata whose lists are its own.
func (p Provider) clone() Provider { return discovery.Clone(p) }
