package main

import (
	"context"
	"net/http"

	"github.com/dghubble/oauth1"
)

var dghubble = oauth1Library{
	name: "dghubble",
	transport: func(
		method string, c *credentials, base http.RoundTripper,
	) (http.RoundTripper, error) {
		config := oauth1.NewConfig(c.id, c.secret)
		switch method {
		case hmacSHA256:
			config.Signer = &oauth1.HMAC256Signer{ConsumerSecret: c.secret}
		case rsaSHA1:
			config.Signer = &oauth1.RSASigner{PrivateKey: c.rsa}
		}
		client := &http.Client{Transport: base}
		ctx := context.WithValue(context.Background(), oauth1.HTTPClient, client)
		return config.Client(ctx, oauth1.NewToken(c.token, c.tokenSecret)).Transport, nil
	},
}
