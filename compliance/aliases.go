package compliance

// aliases are names that goth has for rows of the table. What goth has stored as a user's
// identifier need not be the subject here: that of azureadv2 and microsoftonline is Microsoft
// Graph's id, that of azuread and onedrive is a name or an address, and that of shopify a shop.
var aliases = map[string]string{
	"azuread":         "microsoft",
	"azureadv2":       "microsoft",
	"gplus":           "google",
	"microsoftonline": "microsoft",
	"onedrive":        "microsoft-consumers",
	"twitterv2":       "twitter",
}
