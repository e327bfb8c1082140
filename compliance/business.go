package compliance

var businessProviders = map[string]Provider{}
