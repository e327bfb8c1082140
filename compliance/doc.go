// Package compliance knows what real providers look like and what they do
// differently: a table of providers, as data. Package registry uses a row when a
// Config names it. What is said there goes before the row, but what a row has switched on
// stays so:
//
//	reg.Register("github", registry.Config{Provider: "github"})
//	reg.Register("sso", registry.Config{Provider: "keycloak", ProviderParams: map[string]string{
//		"host": "sso.example.com", "realm": "staff"}})
//
// goth's names are found, those of rows that are called otherwise too: azuread, azureadv2 and
// microsoftonline are microsoft, which takes every tenant where entra takes one; gplus is google,
// onedrive is microsoft-consumers, and twitterv2 is twitter. What goth has stored as a UserID
// need not be the subject here: that of azureadv2 and microsoftonline is Microsoft Graph's id,
// that of azuread and onedrive is a name or an address, and that of shopify a shop. Of the
// samples that Authlib's documentation has, Slack is slack-app (slack is its OpenID Connect), and
// Stack Overflow is stackexchange.
//
// apple has a Config.PrivateKey in place of a secret, and its ID among the parameters. A provider
// of OpenID Connect that conforms needs no row, only its Config.Issuer: so a Keycloak whose realms
// are below /auth, for example.
//
// What a provider does otherwise than the specifications say is in three fields, whose
// vocabulary serves as well for a provider that is not in the table: [oidc.Quirks] and
// [Dialect], which are data, and [oauth2.Hooks], which are functions. They rewrite requests and
// responses; what checks them stays as it is. A row that waives a check says from where it is
// known that the provider does not pass it.
//
// Rows are facts that providers publish, and a provider may change them. A row is proven by
// fixtures in testdata/providers, replayed by the tests, as far as its shapes are known better
// than from memory.
//
// What is left to the caller: an ID and a secret from the provider, and the
// scopes that the application needs.
//
// # The table
//
// Identity is where the subject is: in the ID Token, in UserInfo, or beside the token; a dash is
// none that never changes. Refresh is what becomes of a refresh token, PKCE whether the provider
// looks at the challenge, which it gets anyway, and logout whether it has RP-initiated logout; a
// question mark is what is not known. Proven are, by a fixture, Login, Identity, Error and
// Refresh; a dot is unproven, a dash not to be had. Waived are the checks that the provider does
// not pass: [Provider].Waived says how that is known.
//
//	name                 protocol identity refresh PKCE     logout proven waived
//	adobe                oidc     ID Token ?       yes      ?      ....
//	airtable             oauth2   UserInfo rotated required ?      LIER
//	amazon               oauth2   UserInfo kept    yes      ?      LIER
//	apple                oidc     ID Token kept    yes      ?      LIER   boolean
//	asana                oauth2   UserInfo kept    yes      ?      LIER
//	atlassian            oauth2   UserInfo rotated yes      ?      LIER   token_type
//	auth0                oidc     ID Token ?       yes      yes    LIER
//	authentik            oidc     ID Token ?       yes      ?      ....
//	azure-ad-b2c         oidc     ID Token ?       yes      yes    ....
//	baidu                oauth2   UserInfo rotated no       ?      LIER   token_type, header
//	basecamp             oauth2   UserInfo rotated no       ?      LI.R   token_type
//	battlenet            oidc     ID Token none    no       yes    LIE-   base64url
//	bitbucket            oauth2   UserInfo rotated no       ?      LIER
//	bitly                oauth2   -        none    ?        ?      L-.-   token_type
//	box                  oauth2   UserInfo rotated no       ?      LIER
//	bungie               oauth2   UserInfo rotated no       ?      LIER
//	calendly             oauth2   UserInfo rotated yes      ?      LIER
//	chatwork             oauth2   UserInfo ?       yes      ?      LIER
//	classlink            oauth2   UserInfo none    ?        ?      LI.-
//	clickup              oauth2   UserInfo none    ?        ?      LI.-   token_type
//	cloudfoundry         oidc     ID Token ?       ?        ?      ....
//	cognito              oidc     ID Token kept    yes      ?      LIER   boolean
//	coinbase             oauth2   UserInfo rotated yes      ?      LIER
//	dailymotion          oauth2   UserInfo ?       no       ?      LI.R   token_type
//	deezer               oauth2   UserInfo none    no       ?      LIE-   token_type, content_type,
//	                                                                      header, POST
//	digitalocean         oauth2   UserInfo rotated no       ?      LI.R
//	dingtalk             oauth2   UserInfo ?       no       ?      LIER   token_type
//	discogs              oauth1   UserInfo -       -        ?      LI.-
//	discord              oauth2   UserInfo rotated yes      ?      LIER
//	disqus               oauth2   UserInfo ?       no       ?      LI..   header
//	docusign             oauth2   UserInfo ?       yes      ?      LIE.
//	dropbox              oauth2   UserInfo kept    yes      ?      LIER
//	ebay                 oauth2   UserInfo kept    no       ?      LIER   token_type
//	entra                oidc     ID Token rotated yes      yes    LIER
//	epicgames            oauth2   UserInfo ?       no       ?      LI..
//	etsy                 oauth2   UserInfo rotated required ?      LIER
//	eventbrite           oauth2   UserInfo none    no       ?      LI.-
//	eveonline            oauth2   token    rotated yes      ?      LIER
//	evernote             oauth1   token    -       -        ?      LIE-   secret
//	exactonline          oauth2   UserInfo rotated no       ?      LIER
//	facebook             oauth2   UserInfo none    yes      ?      LIE-   content_type
//	fedora               oidc     ID Token ?       no       ?      ....
//	feishu               oauth2   UserInfo rotated yes      ?      LIER
//	fence                oidc     ID Token ?       no       ?      ....
//	figma                oidc     ID Token kept    no       ?      LIER
//	fitbit               oauth2   UserInfo rotated yes      ?      LIER
//	flickr               oauth1   token    -       -        ?      LI.-
//	foursquare           oauth2   UserInfo ?       no       ?      LIE.   token_type, header
//	garmin               oauth1   UserInfo -       -        ?      LI.-   1.0a
//	garmin-oauth2        oauth2   UserInfo ?       required ?      LI.R
//	gitea                oauth2   UserInfo rotated yes      ?      LIER
//	github               oauth2   UserInfo rotated yes      ?      LIER
//	github-enterprise    oauth2   UserInfo rotated ?        ?      LIER
//	gitlab               oidc     ID Token rotated yes      ?      LIER
//	globus               oidc     ID Token ?       yes      ?      LIE.
//	google               oidc     ID Token kept    yes      ?      LIER
//	heroku               oauth2   UserInfo ?       ?        ?      LIE.
//	huawei               oidc     ID Token kept    no       ?      LIER
//	hubspot              oauth2   UserInfo kept    no       ?      LIER   header
//	huggingface          oidc     ID Token rotated yes      ?      LIE.
//	imgur                oauth2   UserInfo ?       no       ?      LIER
//	influxcloud          oauth2   UserInfo none    ?        ?      .I.-   header
//	instagram            oauth2   UserInfo none    no       ?      LIE-   token_type
//	intercom             oauth2   UserInfo none    ?        ?      LI.-
//	intuit               oidc     ID Token rotated no       ?      LIER   nonce
//	kakao                oidc     ID Token kept    yes      ?      LIER
//	keycloak             oidc     ID Token rotated yes      yes    LIER
//	kick                 oauth2   UserInfo rotated required ?      LIER
//	klarna               oidc     ID Token ?       yes      yes    ....
//	lark                 oauth2   UserInfo rotated yes      ?      LIER
//	lego                 oidc     ID Token ?       yes      yes    ....
//	lichess              oauth2   UserInfo none    required ?      LIE-
//	lifescience          oidc     ID Token ?       yes      yes    ....
//	line                 oidc     ID Token kept    yes      ?      LIER
//	linear               oauth2   UserInfo rotated yes      ?      LIER
//	linkedin             oidc     ID Token ?       no       ?      LIE.   nonce, boolean
//	logingov             oidc     ID Token none    yes      yes    LIE-
//	logto                oidc     ID Token ?       yes      ?      ....
//	mailchimp            oauth2   UserInfo none    no       ?      LI.-   token_type
//	mailru               oauth2   UserInfo kept    yes      ?      LIER   token_type, header
//	mastodon             oauth2   UserInfo none    yes      ?      LIE-
//	meetup               oauth2   UserInfo ?       no       ?      LIE.
//	microsoft            oidc     ID Token rotated yes      yes    LIER   tenant
//	microsoft-consumers  oidc     ID Token rotated yes      yes    LIER
//	miro                 oauth2   UserInfo rotated ?        ?      LI.R
//	mojeid               oidc     ID Token ?       ?        ?      ....
//	monday               oauth2   UserInfo none    ?        ?      LI.-
//	musicbrainz          oauth2   UserInfo ?       yes      ?      LIER
//	naver                oauth2   UserInfo kept    no       ?      LIER   content_type
//	nextcloud            oauth2   UserInfo rotated no       ?      LIER
//	notion               oauth2   token    rotated no       ?      LIER
//	okta                 oidc     ID Token kept    yes      yes    ....
//	okta-server          oidc     ID Token kept    yes      yes    LIER
//	onelogin             oidc     ID Token ?       ?        ?      ....
//	openstreetmap        oauth2   UserInfo none    yes      ?      LIE-
//	orcid                oidc     ID Token ?       no       ?      LIE.
//	ory                  oidc     ID Token ?       yes      ?      ....
//	osu                  oauth2   UserInfo rotated no       ?      LIER
//	oura                 oauth2   UserInfo rotated ?        ?      LIER
//	patreon              oauth2   UserInfo rotated no       ?      LIER   content_type
//	paypal               oauth2   UserInfo kept    no       ?      LIER
//	pinterest            oauth2   UserInfo ?       no       ?      LIER
//	pipedrive            oauth2   UserInfo rotated no       ?      LIER
//	plurk                oauth1   UserInfo -       -        ?      ...-
//	qiita                oauth2   UserInfo none    no       ?      LIE-   token_type
//	qq                   oauth2   UserInfo rotated no       ?      LIER   token_type, content_type,
//	                                                                      header, POST
//	ravelry              oauth1   UserInfo -       -        ?      ...-
//	reddit               oauth2   UserInfo kept    no       ?      LIER
//	roblox               oidc     ID Token rotated yes      ?      LIER
//	salesforce           oidc     ID Token kept    yes      ?      LIE.
//	seatalk              oauth2   UserInfo ?       ?        ?      ....   header
//	seznam               oauth2   UserInfo ?       no       ?      LI..
//	shopify              oauth2   token    rotated no       ?      LIER   token_type
//	slack                oidc     ID Token ?       yes      ?      LIE.
//	slack-app            oauth2   UserInfo rotated no       ?      LIER   token_type
//	smugmug              oauth1   -        -       -        ?      .-.-
//	snapchat             oauth2   UserInfo ?       yes      ?      LI..
//	soundcloud           oauth2   UserInfo rotated required ?      LIER   token_type
//	spotify              oauth2   UserInfo kept    yes      ?      LIER
//	stackexchange        oauth2   UserInfo none    no       ?      LIE-   token_type, content_type,
//	                                                                      header
//	strava               oauth2   token    rotated no       ?      LIER
//	stripe               oauth2   token    kept    no       ?      LIER
//	superoffice          oauth2   -        ?       no       ?      .-..
//	telegram             oidc     ID Token ?       yes      ?      LI..
//	threads              oauth2   UserInfo none    no       ?      LIE-   token_type
//	tiktok               oauth2   UserInfo rotated yes      ?      LIER
//	todoist              oauth2   UserInfo ?       no       ?      LIE.
//	trakt                oauth2   UserInfo rotated no       ?      LIER
//	trello               oauth1   UserInfo -       -        ?      LI.-
//	tripit               oauth1   UserInfo -       -        ?      LI.-
//	trovo                oauth2   UserInfo ?       no       ?      LI.R   token_type
//	tumblr               oauth2   -        ?       no       ?      L-..
//	tumblr-oauth1        oauth1   -        -       -        ?      L-.-
//	twitch               oidc     ID Token ?       no       ?      LIER
//	twitter              oauth1   UserInfo -       -        ?      LI.-
//	typeform             oauth2   UserInfo rotated no       ?      LI..
//	typetalk             oauth2   UserInfo ?       ?        ?      LIER
//	uber                 oauth2   UserInfo ?       ?        ?      LIER
//	untappd              oauth2   UserInfo ?       no       ?      LI..   token_type, header,
//	                                                                      POST
//	verimi               oidc     ID Token ?       yes      yes    ....
//	vimeo                oauth2   token    ?       no       ?      LIE.   content_type
//	vipps                oidc     ID Token ?       yes      ?      ....
//	vk                   oauth2   UserInfo ?       required ?      LIE.
//	wahoo                oauth2   UserInfo rotated yes      ?      LI.R
//	wakatime             oauth2   UserInfo ?       ?        ?      .I..
//	webex                oidc     ID Token ?       yes      ?      LI..   boolean
//	webflow              oauth2   UserInfo none    ?        ?      .IE-
//	wechat               oauth2   UserInfo kept    no       ?      LIER   token_type, content_type,
//	                                                                      header, POST
//	weibo                oauth2   UserInfo none    no       ?      LIE-   token_type, content_type,
//	                                                                      header
//	whoop                oauth2   UserInfo rotated ?        ?      LIER
//	wikimedia            oauth2   UserInfo rotated yes      ?      LIER   content_type
//	withings             oauth2   token    rotated no       ?      LIER
//	wordpress            oauth2   UserInfo ?       no       ?      LI..
//	x                    oauth2   UserInfo rotated required ?      LIER
//	xero                 oidc     ID Token rotated yes      yes    LIER
//	yahoo                oidc     ID Token kept    yes      ?      LIER
//	yammer               oauth2   UserInfo none    no       ?      LIE-   token_type
//	yandex               oauth2   UserInfo rotated yes      ?      LIER
//	zitadel              oidc     ID Token ?       yes      ?      ....
//	zoho                 oauth2   UserInfo kept    yes      ?      LIER
//	zoom                 oauth2   UserInfo rotated yes      ?      LIER   boolean
//	zotero               oauth1   token    -       -        ?      LI.-
//
// # Parameters
//
// These rows have parameters, which registry.Config.ProviderParams fills in; those with an equals
// sign have this value if nothing else is said. A value is one client's: where users say theirs,
// such as a shop or an instance, registry.Options.Resolve has a client for each.
//
//	apple                key (F6G7H8J9K0),
//	                     team (A1B2C3D4E5)
//	auth0                tenant (example.eu.auth0.com)
//	authentik            application (my-app),
//	                     host (authentik.example.com)
//	azure-ad-b2c         name (contoso),
//	                     policy (B2C_1_signin),
//	                     tenant (00000000-0000-0000-0000-000000000017)
//	battlenet            region=us
//	bungie               api_key (0123456789abcdef0123456789abcdef)
//	cloudfoundry         host (uaa.example.com)
//	cognito              pool (eu-central-1_AbCdEfGhI),
//	                     region (eu-central-1)
//	docusign             host=account.docusign.com
//	ebay                 runame (Example_Ltd-ExampleA-Produc-abcdefgh)
//	entra                tenant (17000000-0000-4000-8000-000000000017)
//	exactonline          country (nl)
//	facebook             version=v21.0
//	fence                host (nci-crdc.datacommons.io)
//	gitea                host=gitea.com
//	github-enterprise    host (github.example.com)
//	gitlab               host=gitlab.com
//	instagram            version=v21.0
//	keycloak             host (sso.example.com),
//	                     realm (my-realm)
//	logingov             host=secure.login.gov
//	logto                host (example.logto.app)
//	mastodon             instance (social.example)
//	nextcloud            host (cloud.example.com)
//	okta                 host (example.okta.com)
//	okta-server          host (example.okta.com),
//	                     server=default
//	onelogin             subdomain (example)
//	orcid                host=orcid.org
//	ory                  host (example.projects.oryapis.com)
//	salesforce           host=login.salesforce.com
//	shopify              shop (example-shop)
//	stackexchange        key (inventedStackKey(()
//	superoffice          environment=online
//	vipps                host=api.vipps.no
//	webex                issuer (idbroker-b-us.webex.com)
//	zitadel              host (example.zitadel.cloud)
//	zoho                 region=com
package compliance
